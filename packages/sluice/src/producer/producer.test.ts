import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaError } from '../errors.ts'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import { clientParts } from '../network/client-parts.ts'
import { ManualClock } from '../network/testing/manual-clock.ts'
import { MockClient } from '../network/testing/mock-client.ts'
import type { ProducerOptions } from '../options/producer-options.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { Serializer } from '../record/serdes.ts'
import { drop, reject } from '../record/verdict.ts'
import { KafkaProducer } from './producer.ts'
import { producedBatches, produceResponse } from './testing/produce-responses.ts'
import { ProducerFixture, type ProducerTestOptions, recorder, turns } from './testing/producer-fixture.ts'

test('producer - a record is sent and its metadata comes back', async () => {
  const { producer, sent } = new ProducerFixture()
  const metadata = await producer.send({ topic: 't', partition: 1, key: 'kk', value: 'value', timestamp: 5 })
  assert.deepEqual(metadata, { topic: 't', partition: 1, offset: 0, timestamp: 5, serializedKeySize: 2, serializedValueSize: 5 })
  assert.deepEqual(sent[1], ['value'])
  await producer.close()
})

test('producer - with a callback no promise is made and the callback is called once, after send has returned', async () => {
  const { producer } = new ProducerFixture()
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
  const { producer } = new ProducerFixture()
  const metadatas = await Promise.all(Array.from({ length: 5 }, (_, i) => producer.send({ topic: 't', key: 'foobar', value: `${i}` })))
  assert.ok(metadatas.every(({ partition }) => partition === (-790332482 & 0x7fffffff) % 3))
  await producer.close()
})

test('producer - records without a timestamp get the time of send', async () => {
  const { producer, clock } = new ProducerFixture()
  clock.advance(1000)
  const { timestamp } = await producer.send({ topic: 't', value: 'v' })
  assert.equal(timestamp, clock.now())
  await turns()
  clock.advance(50)
  assert.equal((await producer.send({ topic: 't', value: 'v' })).timestamp, clock.now())
  await producer.close()
})

test('producer - values larger than the scratch buffer and values of any bytes arrive whole', async () => {
  const { producer, sent } = new ProducerFixture({ maxRequestSize: 1 << 24 })
  const values = ['', 'ä€😀'.repeat(10), 'x'.repeat(5000), 'y'.repeat(300_000), 'z'.repeat(3_000_000), 'small']
  await Promise.all(values.map((value) => producer.send({ topic: 't', partition: 0, key: 'key', value })))
  assert.deepEqual(sent[0], values)
  await producer.close()
})

test('producer - null key and null value have size -1', async () => {
  const { producer } = new ProducerFixture()
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
  const producer: KafkaProducer = new KafkaProducer(Object.assign(options, { [clientParts]: { client, clock } }))
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
  const { producer } = new ProducerFixture({}, [named('first'), named('second')])
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
  const { producer } = new ProducerFixture({}, [keep, acks])
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
  const { producer } = new ProducerFixture({ keySerializer: serializer, valueSerializer: serializer }, [acks])
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
  readonly options?: ProducerTestOptions
  readonly record?: Record<string, unknown>
  readonly code: string
  readonly partition?: number
  readonly prepare?: (fixture: ProducerFixture) => void | Promise<void>
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
    const fixture = new ProducerFixture(options, [acks])
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
  const { producer } = new ProducerFixture({}, [acks])
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
  const { producer, sent } = new ProducerFixture({}, [verdicts, acks])
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
  const { producer, sent } = new ProducerFixture({}, [protecting])
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
  const { producer } = new ProducerFixture({ valueSerializer: serializer }, [reroute], ['other'])
  const metadata = await producer.send({ topic: 't', value: 'v' })
  assert.equal(metadata.topic, 'other')
  assert.deepEqual(topics, ['other'])
  await producer.close()
})

test('producer - interceptors hear of the cluster, and connect resolves once it is known', async () => {
  const clusters: (string | null)[] = []
  const fixture = new ProducerFixture({}, [{ name: 'cluster', onClusterUpdate: ({ clusterId }) => void clusters.push(clusterId) }])
  assert.deepEqual(clusters, [])
  await fixture.producer.connect()
  fixture.know('t')
  assert.deepEqual(clusters, ['mock-cluster'])
  await fixture.producer.close()
})

test('producer - a callback that throws disturbs nobody', async () => {
  const { producer } = new ProducerFixture()
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
    const { producer, sent } = new ProducerFixture({ compressionType })
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
