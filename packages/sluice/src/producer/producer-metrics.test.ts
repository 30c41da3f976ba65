import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import { produceResponse } from './testing/produce-responses.ts'
import { ProducerFixture, turns } from './testing/producer-fixture.ts'

const value = (bytes: number): string => 'v'.repeat(bytes)

test('producer metrics - sends are counted by record, batch and request', async () => {
  const { producer } = new ProducerFixture()
  await Promise.all([0, 0, 0, 1].map((partition) => producer.send({ topic: 't', partition, value: value(100) })))
  const metrics = producer.metrics()
  assert.equal(metrics['record-send-total'], 4)
  assert.equal(metrics['record-send-rate'], 4 / 30)
  assert.equal(metrics['records-per-request-avg'], 4)
  assert.equal(metrics['record-size-avg'], 109)
  assert.equal(metrics['record-size-max'], 109)
  assert.equal(metrics['batch-size-max'], 61 + 3 * 109)
  assert.equal(metrics['batch-size-avg'], 61 + 2 * 109)
  assert.equal(metrics['compression-rate-avg'], 1)
  assert.equal(metrics['record-error-total'], 0)
  await producer.close()
})

test('producer metrics - compression shows in batch size and ratio, not in record size', async () => {
  const { producer } = new ProducerFixture({ compressionType: 'gzip' })
  await producer.send({ topic: 't', partition: 0, value: value(1000) })
  const metrics = producer.metrics()
  assert.equal(metrics['record-size-avg'], 1009)
  assert.ok(metrics['batch-size-avg'] < 200)
  assert.equal(metrics['compression-rate-avg'], metrics['batch-size-avg'] / (61 + 1009))
  await producer.close()
})

test('producer metrics - time in the queue is from the first record to the request', async () => {
  const { producer, clock } = new ProducerFixture({ lingerMs: 20 })
  const sending = producer.send({ topic: 't', partition: 0, value: 'v' })
  await turns()
  clock.advance(20)
  await sending
  assert.equal(producer.metrics()['record-queue-time-avg'], 20)
  assert.equal(producer.metrics()['record-queue-time-max'], 20)
  await producer.close()
})

test('producer metrics - retries, splits and failures are told apart', async () => {
  const fixture = new ProducerFixture({ retryBackoffMs: 10, retryBackoffMaxMs: 10 })
  const { producer, client, clock } = fixture
  const fail = async (code: number): Promise<void> => {
    await turns()
    const request = client.requests.find(({ api }) => api.name === 'Produce')!
    request.respond(produceResponse(request, { errorCode: code }))
    await turns()
  }
  fixture.hold = true
  const first = Promise.all([1, 2].map(() => producer.send({ topic: 't', partition: 0, value: 'v' })))
  await fail(errorCodes.NOT_ENOUGH_REPLICAS)
  assert.deepEqual([producer.metrics()['record-retry-total'], producer.metrics()['record-retry-rate']], [2, 2 / 30])
  clock.advance(20)
  await fail(errorCodes.MESSAGE_TOO_LARGE)
  assert.deepEqual([producer.metrics()['batch-split-total'], producer.metrics()['batch-split-rate']], [1, 1 / (30 + 0.02)])
  fixture.answerAll()
  await first
  assert.equal(producer.metrics()['record-send-total'], 6, 'attempts count')
  assert.equal(producer.metrics()['record-error-total'], 0)
  fixture.hold = true
  const second = assert.rejects(producer.send({ topic: 't', partition: 0, value: 'v' }), { code: 'TOPIC_AUTHORIZATION_FAILED' })
  await fail(errorCodes.TOPIC_AUTHORIZATION_FAILED)
  await second
  assert.equal(producer.metrics()['record-error-total'], 1)
  await producer.close()
})

test('producer metrics - memory: what is free, who waits, how long, and in vain', async () => {
  const fixture = new ProducerFixture({ bufferMemory: 1024, batchSize: 1024, maxBlockMs: 500 })
  const { producer, clock } = fixture
  assert.deepEqual([producer.metrics()['buffer-total-bytes'], producer.metrics()['buffer-available-bytes']], [1024, 1024])
  fixture.hold = true
  const first = producer.send({ topic: 't', partition: 0, value: value(100) })
  await turns()
  const second = assert.rejects(producer.send({ topic: 't', partition: 1, value: value(100) }), { code: 'BUFFER_EXHAUSTED' })
  await turns()
  assert.equal(producer.metrics()['buffer-available-bytes'], 0)
  assert.equal(producer.metrics()['waiting-threads'], 1)
  assert.equal(producer.metrics()['requests-in-flight'], 1)
  clock.advance(500)
  await second
  const metrics = producer.metrics()
  assert.equal(metrics['waiting-threads'], 0)
  assert.equal(metrics['buffer-exhausted-total'], 1)
  assert.equal(metrics['bufferpool-wait-time-ns-total'], 500_000_000)
  assert.ok(Math.abs(metrics['bufferpool-wait-ratio'] - 0.5 / 30.5) < 1e-9, 'half a second of the first 30.5')
  fixture.answerAll()
  await first
  assert.equal(producer.metrics()['buffer-available-bytes'], 1024)
  await producer.close()
})

test('producer metrics - the age of the metadata is in seconds', async () => {
  const { producer, clock } = new ProducerFixture()
  clock.advance(7000)
  assert.equal(producer.metrics()['metadata-age'], 7)
  await producer.close()
})

test('producer metrics - every call gives an object of its own', async () => {
  const { producer } = new ProducerFixture()
  const before = producer.metrics()
  await producer.send({ topic: 't', value: 'v' })
  assert.equal(before['record-send-total'], 0)
  assert.equal(producer.metrics()['record-send-total'], 1)
  await producer.close()
})
