import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError, KafkaError } from '../errors.ts'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import { drop, reject } from '../interceptor/verdict.ts'
import { silentLogger } from '../logger.ts'
import { ManualClock } from '../network/testing/manual-clock.ts'
import type { ProducerOptions } from '../options/producer-options.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { type Serializer, stringSerializer } from '../record/serdes.ts'
import { MockClient, type MockRequest } from '../testing/mock-client.ts'
import { KafkaProducer } from './producer.ts'
import { producerParts } from './producer-parts.ts'
import { producedBatches, produceResponse } from './testing/produce-responses.ts'

type Options = Partial<ProducerOptions<string, string>>

/** A producer of strings on a mock network with topic "t" of three partitions; requests are answered by themselves unless `hold`. */
class Fixture {
  readonly clock = new ManualClock()
  readonly client: MockClient
  readonly producer: KafkaProducer<string, string>
  /** Values by partition, as they were sent. */
  readonly sent: string[][] = [[], [], []]
  hold = false
  leaders = [0, 0, 0]

  constructor(options: Options = {}, interceptors: readonly ProducerInterceptor<string, string>[] = [], topics: readonly string[] = ['t']) {
    this.client = new MockClient({ clock: this.clock, answer: (request) => this.#answer(request) })
    this.know(...topics)
    this.producer = new KafkaProducer<string, string>(
      {
        bootstrapServers: 'localhost:9092',
        keySerializer: stringSerializer,
        valueSerializer: stringSerializer,
        lingerMs: 0,
        logger: silentLogger,
        ...options,
        [producerParts]: { client: this.client, clock: this.clock, random: () => 0.5 },
      } as ProducerOptions<string, string>,
      interceptors,
    )
  }

  know(...topics: readonly string[]): void {
    this.client.updateMetadata(Object.fromEntries(topics.map((topic) => [topic, { leaders: this.leaders }])))
  }

  answerAll(): void {
    this.hold = false
    for (const request of [...this.client.requests]) request.respond(this.#answer(request)!)
  }

  #answer(request: MockRequest): object | undefined {
    if (request.api.name === 'InitProducerId') return { errorCode: 0, producerId: 1, producerEpoch: 0 }
    if (this.hold) return undefined
    return produceResponse(request, ({ partition, values }) => {
      const baseOffset = this.sent[partition]!.length
      this.sent[partition]!.push(...(values as string[]))
      return { baseOffset }
    })
  }
}

/** Lets the sender take its turns. */
async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** Notes every acknowledgement. */
function recorder(
  name = 'recorder',
): ProducerInterceptor<string, string> & {
  sends: number
  readonly acks: { metadata: RecordMetadata; error: KafkaError | null; headers: number }[]
  closed: number
} {
  return {
    name,
    sends: 0,
    acks: [],
    closed: 0,
    onSend(record) {
      this.sends++
      return record
    },
    onAcknowledgement(metadata, error, headers) {
      this.acks.push({ metadata, error, headers: headers.size })
    },
    close() {
      this.closed++
    },
  }
}

test('producer - a record is sent and its metadata comes back', async () => {
  const { producer, sent } = new Fixture()
  const metadata = await producer.send({ topic: 't', partition: 1, key: 'kk', value: 'value', timestamp: 5 })
  assert.deepEqual(metadata, { topic: 't', partition: 1, offset: 0, timestamp: 5, serializedKeySize: 2, serializedValueSize: 5 })
  assert.deepEqual(sent[1], ['value'])
  await producer.close()
})

test('producer - with a callback no promise is made and the callback is called once, after send has returned', async () => {
  const { producer } = new Fixture()
  const calls: [number, KafkaError | null][] = []
  const returned: unknown = producer.send({ topic: 't', partition: 0, value: 'v' }, (metadata, error) =>
    calls.push([metadata.offset, error]),
  )
  assert.equal(returned, undefined)
  assert.equal(calls.length, 0)
  await producer.flush()
  assert.deepEqual(calls, [[0, null]])
  await producer.close()
})

test('producer - the same key always goes to the same partition, and to the one that Java chooses', async () => {
  const { producer } = new Fixture()
  const metadatas = await Promise.all(Array.from({ length: 5 }, (_, i) => producer.send({ topic: 't', key: 'foobar', value: `${i}` })))
  assert.ok(metadatas.every(({ partition }) => partition === (-790332482 & 0x7fffffff) % 3))
  await producer.close()
})

test('producer - records without a timestamp get the time of send', async () => {
  const { producer, clock } = new Fixture()
  clock.advance(1000)
  const { timestamp } = await producer.send({ topic: 't', value: 'v' })
  assert.equal(timestamp, clock.now())
  await turns()
  clock.advance(50)
  assert.equal((await producer.send({ topic: 't', value: 'v' })).timestamp, clock.now())
  await producer.close()
})

test('producer - values larger than the scratch buffer and values of any bytes arrive whole', async () => {
  const { producer, sent } = new Fixture({ maxRequestSize: 1 << 22 })
  const values = ['', 'ä€😀'.repeat(10), 'x'.repeat(5000), 'y'.repeat(300_000), 'small']
  await Promise.all(values.map((value) => producer.send({ topic: 't', partition: 0, key: 'key', value })))
  assert.deepEqual(sent[0], values)
  await producer.close()
})

test('producer - null key and null value have size -1', async () => {
  const { producer } = new Fixture()
  const metadata = await producer.send({ topic: 't', partition: 0, key: null, value: null })
  assert.deepEqual([metadata.serializedKeySize, metadata.serializedValueSize], [-1, -1])
  await producer.close()
})

test('producer - bytes need no serializer, and may be changed when send has returned', async () => {
  const clock = new ManualClock()
  const sent: (string | null)[] = []
  const client = new MockClient({
    clock,
    answer: (request) => {
      if (request.api.name === 'InitProducerId') return { errorCode: 0, producerId: 1, producerEpoch: 0 }
      sent.push(...producedBatches(request).flatMap(({ values }) => values))
      return produceResponse(request)
    },
  })
  client.updateMetadata({ t: { leaders: [0] } })
  const options: ProducerOptions<Buffer, Buffer> = { bootstrapServers: 'localhost:1', lingerMs: 0 }
  const producer: KafkaProducer = new KafkaProducer(Object.assign(options, { [producerParts]: { client, clock } }))
  const value = Buffer.from('before')
  const promise = producer.send({ topic: 't', value })
  value.write('after!')
  await promise
  assert.deepEqual(sent, ['before'])
  await producer.close()
})

test('producer - DX-4 DX-5 interceptors in list order, then the callback, record by record; then the promises', async () => {
  const order: string[] = []
  const named = (name: string): ProducerInterceptor<string, string> => ({
    name,
    onAcknowledgement: (metadata) => {
      order.push(`${name} ${metadata.offset}`)
    },
  })
  const { producer } = new Fixture({}, [named('first'), named('second')])
  const promise = producer.send({ topic: 't', partition: 0, value: 'a' }).then(() => order.push('promise 0'))
  producer.send({ topic: 't', partition: 0, value: 'b' }, () => order.push('callback 1'))
  producer.send({ topic: 't', partition: 0, value: 'c' }, () => order.push('callback 2'))
  await promise
  assert.deepEqual(order, ['first 0', 'second 0', 'first 1', 'second 1', 'callback 1', 'first 2', 'second 2', 'callback 2', 'promise 0'])
  await producer.close()
})

test('producer - KP-6 headers are read only once the record is on its way, and the acknowledgement has them', async () => {
  const acks = recorder()
  const keeper: { headers?: Iterable<unknown> & { add(key: string, value: string): unknown } } = {}
  const keep: ProducerInterceptor<string, string> = {
    name: 'keep',
    onSend(record) {
      keeper.headers = record.headers
      record.headers.add('added', 'by interceptor')
      return record
    },
  }
  const { producer } = new Fixture({}, [keep, acks])
  await producer.send({ topic: 't', value: 'v', headers: { own: 'header' } })
  assert.equal(acks.acks[0]!.headers, 2)
  assert.throws(() => keeper.headers!.add('late', 'x'), { code: 'ILLEGAL_STATE' })
  await producer.close()
})

test('producer - KP-6 serializers get topic, data and headers, and may add headers', async () => {
  const seen: unknown[] = []
  const serializer: Serializer<string> = {
    serialize(topic, data, headers) {
      seen.push([topic, data, headers.getString('own')])
      headers.add('schema', '7')
      return Buffer.from(data)
    },
  }
  const acks = recorder()
  const { producer } = new Fixture({ keySerializer: serializer, valueSerializer: serializer }, [acks])
  await producer.send({ topic: 't', key: 'k', value: 'v', headers: { own: 'h' } })
  assert.deepEqual(seen, [
    ['t', 'k', 'h'],
    ['t', 'v', 'h'],
  ])
  assert.equal(acks.acks[0]!.headers, 3)
  await producer.close()
})

// Every failure: the promise rejects, the callback is called, the interceptor hears of it once, nothing is thrown.
interface Failure {
  readonly name: string
  readonly options?: Options
  readonly record?: Record<string, unknown>
  readonly code: string
  readonly partition?: number
  readonly prepare?: (fixture: Fixture) => void | Promise<void>
}

const failing: Serializer<string> = {
  serialize() {
    throw new Error('cannot')
  },
}

const failures: readonly Failure[] = [
  {
    name: 'KP-4 DX-7 a keyed record that is too large',
    options: { maxRequestSize: 100 },
    record: { key: 'k', value: 'x'.repeat(200) },
    code: 'RECORD_TOO_LARGE',
  },
  {
    name: 'a record larger than bufferMemory',
    options: { bufferMemory: 100 },
    record: { value: 'x'.repeat(200) },
    code: 'RECORD_TOO_LARGE',
  },
  {
    name: 'DX-6 a serializer that throws',
    options: { valueSerializer: failing },
    record: { partition: 2 },
    code: 'SERIALIZATION',
    partition: 2,
  },
  { name: 'a serializer that returns no bytes', options: { valueSerializer: { serialize: () => 5 as never } }, code: 'SERIALIZATION' },
  {
    name: 'KP-10 a partitioner that returns a negative number',
    options: { partitioner: { partition: () => -1 } },
    code: 'INVALID_ARGUMENT',
  },
  {
    name: 'a partitioner that throws',
    options: {
      partitioner: {
        partition: () => {
          throw new KafkaError('CUSTOM', 'no')
        },
      },
    },
    code: 'CUSTOM',
  },
  {
    name: 'KP-5 KP-36 a topic whose name is not allowed',
    record: { topic: 'topic abc' },
    code: 'INVALID_TOPIC_EXCEPTION',
    prepare: ({ client }) => client.updateMetadata({ 'topic abc': { leaders: [], errorCode: 17 } }),
  },
  { name: 'DX-3 a producer that is closed', code: 'ILLEGAL_STATE', prepare: ({ producer }) => producer.close() },
]

for (const { name, options, record, code, partition = -1, prepare } of failures) {
  test(`producer - ${name}: fails the send, and everybody hears of it once`, async () => {
    const acks = recorder()
    const fixture = new Fixture(options, [acks])
    await prepare?.(fixture)
    const order: string[] = []
    const full = { topic: 't', value: 'v', ...record } as { topic: string; value: string }
    await assert.rejects(fixture.producer.send(full), { name: 'KafkaError', code })
    const called: { metadata: RecordMetadata; error: KafkaError | null }[] = []
    fixture.producer.send(full, (metadata, error) => {
      order.push(`callback after ${acks.acks.length} acknowledgements`)
      called.push({ metadata, error })
    })
    assert.equal(called.length, 0)
    await turns()
    assert.deepEqual(order, ['callback after 2 acknowledgements'])
    assert.equal(acks.sends, 2)
    assert.equal(acks.acks.length, 2)
    for (const { metadata, error } of [...acks.acks, ...called]) {
      assert.equal(error?.code, code)
      assert.deepEqual(metadata, {
        topic: full.topic,
        partition,
        offset: -1,
        timestamp: -1,
        serializedKeySize: -1,
        serializedValueSize: -1,
      })
    }
    await fixture.producer.close()
  })
}

test('producer - KP-9 RM-6 what is no record at all fails its send without bothering interceptors', async () => {
  const acks = recorder()
  const { producer } = new Fixture({}, [acks])
  for (const bad of [
    null,
    'text',
    { value: 'v' },
    { topic: '', value: 'v' },
    { topic: 't', partition: -1 },
    { topic: 't', timestamp: -1 },
    { topic: 't', valeu: 'v' },
  ]) {
    await assert.rejects(producer.send(bad as never), { code: 'INVALID_ARGUMENT' })
  }
  assert.equal(acks.acks.length, 0)
  await producer.close()
})

test('producer - a dropped record resolves with the reason, a rejected one rejects with its error', async () => {
  const acks = recorder()
  const verdicts: ProducerInterceptor<string, string> = {
    name: 'verdicts',
    onSend: (record) => (record.value === 'drop' ? drop('not wanted') : record.value === 'reject' ? reject(new Error('refused')) : record),
  }
  const { producer, sent } = new Fixture({}, [verdicts, acks])
  const dropped = await producer.send({ topic: 't', value: 'drop' })
  assert.deepEqual([dropped.dropped, dropped.offset, dropped.partition], ['not wanted', -1, -1])
  await assert.rejects(producer.send({ topic: 't', value: 'reject' }), { message: 'refused' })
  await producer.send({ topic: 't', partition: 0, value: 'pass' })
  assert.deepEqual(
    acks.acks.map(({ metadata, error }) => [metadata.dropped, error?.code ?? null]),
    [
      ['not wanted', null],
      [undefined, 'REJECTED'],
      [undefined, null],
    ],
  )
  assert.deepEqual(sent, [['pass'], [], []])
  await producer.close()
})

test('producer - an interceptor with onError "fail" that throws fails the send', async () => {
  const protecting: ProducerInterceptor<string, string> = {
    name: 'protecting',
    onError: 'fail',
    onSend() {
      throw new Error('no key')
    },
  }
  const { producer, sent } = new Fixture({}, [protecting])
  await assert.rejects(producer.send({ topic: 't', value: 'secret' }), { code: 'INTERCEPTOR' })
  assert.deepEqual(sent, [[], [], []])
  await producer.close()
})

test('producer - DX-11 a topic that an interceptor changed is the one for metadata, serializer and acknowledgement', async () => {
  const topics: string[] = []
  const serializer: Serializer<string> = {
    serialize(topic, data) {
      topics.push(topic)
      return Buffer.from(data)
    },
  }
  const reroute: ProducerInterceptor<string, string> = { name: 'reroute', onSend: (record) => ({ ...record, topic: 'other' }) }
  const { producer } = new Fixture({ valueSerializer: serializer }, [reroute], ['other'])
  const metadata = await producer.send({ topic: 't', value: 'v' })
  assert.equal(metadata.topic, 'other')
  assert.deepEqual(topics, ['other'])
  await producer.close()
})

test('producer - a send for a topic that is not known yet waits, those behind it too, and others pass', async () => {
  const fixture = new Fixture()
  const { producer } = fixture
  const order: string[] = []
  const waiting = Array.from({ length: 50 }, (_, i) => producer.send({ topic: 'new', partition: 0, value: `n${i}` }))
  producer.send({ topic: 't', partition: 1, value: 'passes' }, () => order.push('t'))
  await turns()
  assert.deepEqual(order, ['t'])
  fixture.know('t', 'new')
  waiting.push(producer.send({ topic: 'new', partition: 0, value: 'n50' }))
  const metadatas = await Promise.all(waiting)
  assert.deepEqual(
    metadatas.map(({ offset }) => offset),
    Array.from({ length: 51 }, (_, i) => i),
  )
  assert.deepEqual(
    fixture.sent[0],
    Array.from({ length: 51 }, (_, i) => `n${i}`),
  )
  await producer.close()
})

test('producer - KP-31 a topic that does not appear within maxBlockMs fails with TIMEOUT', async () => {
  const acks = recorder()
  const { producer, clock } = new Fixture({ maxBlockMs: 60_000 }, [acks])
  const promise = producer.send({ topic: 'missing', value: 'v' })
  const rejected = assert.rejects(promise, {
    code: 'TIMEOUT',
    retriable: true,
    message: /topic "missing" .*maxBlockMs \(max\.block\.ms\) 60000/,
  })
  await turns()
  clock.advance(59_999)
  await turns()
  assert.equal(acks.acks.length, 0)
  clock.advance(1)
  await rejected
  assert.equal(acks.acks.length, 1)
  await producer.close()
})

test('producer - KP-32 KP-33 a partition beyond the known ones is waited for', async () => {
  const fixture = new Fixture({ maxBlockMs: 1000 })
  const { producer, clock } = fixture
  const waiting = producer.send({ topic: 't', partition: 3, value: 'v' })
  const rejected = assert.rejects(producer.send({ topic: 't', partition: 9, value: 'v' }), {
    code: 'TIMEOUT',
    message: /partition 9 of topic "t".* 4$/,
  })
  await turns()
  fixture.leaders = [0, 0, 0, 0]
  fixture.sent.push([])
  fixture.know('t')
  assert.equal((await waiting).partition, 3)
  clock.advance(1000)
  await rejected
  await producer.close()
})

test('producer - KP-29 metadata that comes empty several times is asked for again', async () => {
  const fixture = new Fixture()
  const promise = fixture.producer.send({ topic: 'slow', partition: 0, value: 'v' })
  for (let i = 0; i < 4; i++) {
    await turns()
    assert.equal(fixture.client.metadata.updateRequested, true)
    fixture.client.updateMetadata({ slow: { leaders: [], errorCode: 3 } })
  }
  await turns()
  fixture.know('slow')
  assert.equal((await promise).topic, 'slow')
  await fixture.producer.close()
})

test('producer - a topic that may not be written fails when the brokers say so, not after maxBlockMs', async () => {
  const fixture = new Fixture()
  const rejected = assert.rejects(fixture.producer.send({ topic: 'secret', value: 'v' }), { code: 'TOPIC_AUTHORIZATION_FAILED' })
  await turns()
  fixture.client.updateMetadata({ secret: { leaders: [], errorCode: 29 } })
  await rejected
  await fixture.producer.close()
})

test('producer - an AbortSignal ends the wait of a send, also of one that is not the first, and the rest go on in order', async () => {
  const fixture = new Fixture()
  const { producer } = fixture
  const abort = new AbortController()
  const first = producer.send({ topic: 'new', partition: 0, value: 'a' })
  const second = assert.rejects(producer.send({ topic: 'new', partition: 0, value: 'b' }, { signal: abort.signal }), { code: 'ABORTED' })
  const third = producer.send({ topic: 'new', partition: 0, value: 'c' })
  await turns()
  abort.abort()
  await second
  fixture.know('new')
  await Promise.all([first, third])
  assert.deepEqual(fixture.sent[0], ['a', 'c'])
  await assert.rejects(producer.send({ topic: 'never', value: 'd' }, { signal: abort.signal }), { code: 'ABORTED' })
  await producer.close()
})

test('producer - sends beyond bufferMemory wait for it, in order, and none is lost', async () => {
  const fixture = new Fixture({ bufferMemory: 1000, batchSize: 200, maxRequestSize: 1000 })
  fixture.hold = true
  const promises = Array.from({ length: 200 }, (_, i) =>
    fixture.producer.send({ topic: 't', partition: 0, value: `${i}`.padStart(50, '.') }),
  )
  await turns()
  assert.ok(fixture.client.requests.length > 0)
  fixture.answerAll()
  const metadatas = await Promise.all(promises)
  assert.deepEqual(
    metadatas.map(({ offset }) => offset),
    Array.from({ length: 200 }, (_, i) => i),
  )
  assert.deepEqual(
    fixture.sent[0]!.map((value) => Number(value.replaceAll('.', ''))),
    Array.from({ length: 200 }, (_, i) => i),
  )
  await fixture.producer.close()
})

test('producer - BP-7 DX-7 no memory within maxBlockMs is BUFFER_EXHAUSTED, and the metadata has the real partition', async () => {
  const acks = recorder()
  const fixture = new Fixture({ bufferMemory: 200, batchSize: 200, maxRequestSize: 1000, maxBlockMs: 10 }, [acks])
  fixture.hold = true
  const first = fixture.producer.send({ topic: 't', partition: 0, value: 'x'.repeat(100) })
  await turns()
  const rejected = assert.rejects(fixture.producer.send({ topic: 't', key: 'foobar', value: 'x' }), { code: 'BUFFER_EXHAUSTED' })
  await turns()
  fixture.clock.advance(10)
  await rejected
  assert.equal(acks.acks[0]!.metadata.partition, (-790332482 & 0x7fffffff) % 3)
  fixture.answerAll()
  await first
  await fixture.producer.close()
})

test('producer - a serializer that sends is no danger to the record being serialized', async () => {
  let inner: Promise<RecordMetadata> | undefined
  const fixture: Fixture = new Fixture({
    valueSerializer: {
      serialize: (_topic, data) => Buffer.from(data),
      serializeInto(_topic, data, _headers, target, offset) {
        inner ??= fixture.producer.send({ topic: 't', partition: 1, value: 'inner' })
        return target.write(data, offset)
      },
    },
  })
  await fixture.producer.send({ topic: 't', partition: 0, key: 'outer key', value: 'outer' })
  await inner
  assert.deepEqual(fixture.sent, [['outer'], ['inner'], []])
  await fixture.producer.close()
})

test('producer - KP-20 flush sends without linger and resolves when all that was sent before is complete', async () => {
  const fixture = new Fixture({ lingerMs: 1_000_000, deliveryTimeoutMs: 2_000_000 })
  let done = 0
  for (let i = 0; i < 50; i++) fixture.producer.send({ topic: i % 2 ? 't' : 'new', value: `${i}` }, () => done++)
  await turns()
  assert.equal(done, 0)
  const flushed = fixture.producer.flush()
  await turns()
  fixture.know('t', 'new')
  await flushed
  assert.equal(done, 50)
  await fixture.producer.close()
})

test('producer - KP-8 flush may be called in a callback', async () => {
  const { producer } = new Fixture()
  await new Promise<void>((resolve, reject) => {
    producer.send({ topic: 't', value: 'v' }, () => {
      producer.flush().then(resolve, reject)
    })
  })
  await producer.close()
})

test('producer - flush gives up after timeoutMs or by its signal; the records stay on their way', async () => {
  const fixture = new Fixture()
  fixture.hold = true
  const promise = fixture.producer.send({ topic: 't', value: 'v' })
  await turns()
  const timedOut = assert.rejects(fixture.producer.flush({ timeoutMs: 100 }), { code: 'TIMEOUT' })
  fixture.clock.advance(100)
  await timedOut
  await assert.rejects(fixture.producer.flush({ signal: AbortSignal.abort() }), { code: 'ABORTED' })
  fixture.answerAll()
  assert.equal((await promise).offset, 0)
  await fixture.producer.close()
})

test('producer - close sends what is there, also what still waits for metadata, and closes interceptors once', async () => {
  const acks = recorder()
  const fixture = new Fixture({ lingerMs: 1_000_000, deliveryTimeoutMs: 2_000_000 }, [acks])
  const known = fixture.producer.send({ topic: 't', value: 'v' })
  const unknown = fixture.producer.send({ topic: 'new', value: 'v' })
  const closed = fixture.producer.close()
  await turns()
  assert.equal(acks.closed, 0)
  fixture.know('t', 'new')
  await closed
  assert.equal((await known).topic, 't')
  assert.equal((await unknown).topic, 'new')
  assert.equal(fixture.client.isClosed, true)
  await fixture.producer.close()
  assert.equal(acks.closed, 1)
  assert.equal(acks.acks.length, 2)
})

test('producer - close gives up after timeoutMs: what is not acknowledged fails, each send once', async () => {
  const acks = recorder()
  const fixture = new Fixture({}, [acks])
  fixture.hold = true
  const sends = [fixture.producer.send({ topic: 't', value: 'on its way' }), fixture.producer.send({ topic: 'new', value: 'waiting' })]
  await turns()
  const results = Promise.allSettled(sends)
  const closed = fixture.producer.close({ timeoutMs: 100 })
  await turns()
  fixture.clock.advance(100)
  await closed
  for (const result of await results) {
    assert.equal(result.status, 'rejected')
    assert.ok(isKafkaError((result as PromiseRejectedResult).reason))
    assert.equal((result as PromiseRejectedResult).reason.code, 'CLOSED')
  }
  assert.equal(acks.acks.length, 2)
})

test('producer - close with timeoutMs 0 gives up at once, and a negative one is refused', async () => {
  const fixture = new Fixture()
  fixture.hold = true
  const rejected = assert.rejects(fixture.producer.send({ topic: 't', value: 'v' }), { code: 'CLOSED' })
  await assert.rejects(fixture.producer.close({ timeoutMs: -100 }), { code: 'INVALID_ARGUMENT' })
  await fixture.producer.close({ timeoutMs: 0 })
  await rejected
})

test('producer - await using closes it', async () => {
  const acks = recorder()
  {
    await using producer = new Fixture({}, [acks]).producer
    void producer
  }
  assert.equal(acks.closed, 1)
})

test('producer - partitionsFor gives the partitions of a topic, and TIMEOUT for one that is not there', async () => {
  const { producer, clock } = new Fixture({ maxBlockMs: 50 })
  assert.deepEqual(
    (await producer.partitionsFor('t')).map(({ partition }) => partition),
    [0, 1, 2],
  )
  const rejected = assert.rejects(producer.partitionsFor('missing'), { code: 'TIMEOUT' })
  await turns()
  clock.advance(50)
  await rejected
  await assert.rejects(producer.partitionsFor(undefined as never), { code: 'INVALID_ARGUMENT' })
  await producer.close()
})

test('producer - interceptors hear of the cluster, and connect resolves once it is known', async () => {
  const clusters: (string | null)[] = []
  const fixture = new Fixture({}, [{ name: 'cluster', onClusterUpdate: ({ clusterId }) => void clusters.push(clusterId) }])
  assert.deepEqual(clusters, [])
  await fixture.producer.connect()
  fixture.know('t')
  assert.deepEqual(clusters, ['mock-cluster'])
  await fixture.producer.close()
})

test('producer - a callback that throws disturbs nobody', async () => {
  const { producer } = new Fixture()
  producer.send({ topic: 't', partition: 0, value: 'a' }, () => {
    throw new Error('application')
  })
  assert.equal((await producer.send({ topic: 't', partition: 0, value: 'b' })).offset, 1)
  producer.send({ topic: '', value: 'a' }, () => {
    throw new Error('application')
  })
  await turns()
  await producer.close()
})

test('producer - compressed batches arrive whole', async () => {
  for (const compressionType of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const { producer, sent } = new Fixture({ compressionType })
    await Promise.all(Array.from({ length: 300 }, (_, i) => producer.send({ topic: 't', partition: 0, value: `value ${i}` })))
    assert.deepEqual(
      sent[0],
      Array.from({ length: 300 }, (_, i) => `value ${i}`),
    )
    await producer.close()
  }
})

test('producer - options that cannot be right are refused at once', () => {
  assert.throws(() => new KafkaProducer({ bootstrapServers: '' }), { code: 'CONFIG' })
})
