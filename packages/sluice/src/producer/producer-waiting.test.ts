import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError } from '../errors.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { ProducerFixture, recorder, turns } from './testing/producer-fixture.ts'

test('producer - a send for a topic that is not known yet waits, those behind it too, and others pass', async () => {
  const fixture = new ProducerFixture()
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
  const { producer, clock } = new ProducerFixture({ maxBlockMs: 60_000 }, [acks])
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
  const fixture = new ProducerFixture({ maxBlockMs: 1000 })
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
  const fixture = new ProducerFixture()
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
  const fixture = new ProducerFixture()
  const rejected = assert.rejects(fixture.producer.send({ topic: 'secret', value: 'v' }), { code: 'TOPIC_AUTHORIZATION_FAILED' })
  await turns()
  fixture.client.updateMetadata({ secret: { leaders: [], errorCode: 29 } })
  await rejected
  await fixture.producer.close()
})

test('producer - an AbortSignal ends the wait of a send, also of one that is not the first, and the rest go on in order', async () => {
  const fixture = new ProducerFixture()
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
  const fixture = new ProducerFixture({ bufferMemory: 1000, batchSize: 200, maxRequestSize: 1000 })
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
  const fixture = new ProducerFixture({ bufferMemory: 200, batchSize: 200, maxRequestSize: 1000, maxBlockMs: 10 }, [acks])
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
  const fixture: ProducerFixture = new ProducerFixture({
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
  const fixture = new ProducerFixture({ lingerMs: 1_000_000, deliveryTimeoutMs: 2_000_000 })
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
  const { producer } = new ProducerFixture()
  await new Promise<void>((resolve, reject) => {
    producer.send({ topic: 't', value: 'v' }, () => {
      producer.flush().then(resolve, reject)
    })
  })
  await producer.close()
})

test('producer - flush gives up after timeoutMs or by its signal; the records stay on their way', async () => {
  const fixture = new ProducerFixture()
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
  const fixture = new ProducerFixture({ lingerMs: 1_000_000, deliveryTimeoutMs: 2_000_000 }, [acks])
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
  const fixture = new ProducerFixture({}, [acks])
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
  const fixture = new ProducerFixture()
  fixture.hold = true
  const rejected = assert.rejects(fixture.producer.send({ topic: 't', value: 'v' }), { code: 'CLOSED' })
  await assert.rejects(fixture.producer.close({ timeoutMs: -100 }), { code: 'INVALID_ARGUMENT' })
  await fixture.producer.close({ timeoutMs: 0 })
  await rejected
})

test('producer - await using closes it', async () => {
  const acks = recorder()
  {
    await using producer = new ProducerFixture({}, [acks]).producer
    void producer
  }
  assert.equal(acks.closed, 1)
})

test('producer - partitionsFor gives the partitions of a topic, and TIMEOUT for one that is not there', async () => {
  const { producer, clock } = new ProducerFixture({ maxBlockMs: 50 })
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
