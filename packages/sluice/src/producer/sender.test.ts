import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaError } from '../errors.ts'
import { producedBatch, producedBatches } from './testing/produce-responses.ts'
import { SenderFixture } from './testing/sender-fixture.ts'

test('sender - SE-1 a record goes out and its offset comes back', () => {
  const fixture = new SenderFixture({ idempotent: false })
  const outcome = fixture.append({ timestamp: 7 })
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 1)
  assert.equal(fixture.sender.inFlightBatches, 1)
  assert.deepEqual(fixture.sent().values, ['value'])
  fixture.respond({ baseOffset: 0 })
  assert.equal(fixture.sender.inFlightBatches, 0)
  assert.deepEqual([outcome.metadata?.offset, outcome.metadata?.timestamp, outcome.error, outcome.times], [0, 7, null, 1])
  assert.equal(fixture.pool.availableMemory, fixture.pool.totalMemory)
})

test('sender - the request says acks and timeout, and the broker’s append time counts', () => {
  const fixture = new SenderFixture({ idempotent: false, acks: 1 })
  const outcome = fixture.appendAndSend({ timestamp: 7 })
  const { message, options } = fixture.request()
  assert.equal(message.acks, 1)
  assert.equal(message.timeoutMs, 5000)
  assert.equal(message.transactionalId, null)
  assert.equal(options.expectResponse, true)
  fixture.respond({ baseOffset: 3, logAppendTimeMs: 99 })
  assert.equal(outcome.metadata?.timestamp, 99)
})

test('sender - acks 0 counts as sent once the socket took it, without an offset', () => {
  const fixture = new SenderFixture({ idempotent: false, acks: 0 })
  const outcome = fixture.appendAndSend({ timestamp: 7 })
  assert.equal(fixture.request().options.expectResponse, false)
  fixture.request().respond({})
  assert.deepEqual([outcome.metadata?.offset, outcome.metadata?.timestamp, outcome.error], [-1, 7, null])
})

test('sender - batches of several partitions and one leader share a request', () => {
  const fixture = new SenderFixture({ idempotent: false, leaders: [0, 0, 1] })
  const outcomes = [0, 1, 2].map((partition) => fixture.append({ partition }))
  fixture.runOnce()
  assert.deepEqual(
    fixture.produceRequests.map((request) => [request.node.id, producedBatches(request).map(({ partition }) => partition)]),
    [
      [0, [0, 1]],
      [1, [2]],
    ],
  )
  fixture.respond()
  fixture.respond()
  assert.ok(outcomes.every(({ error }) => error === null))
})

test('sender - a retriable error is tried again after the backoff, until the retries are used up', () => {
  const fixture = new SenderFixture({ idempotent: false, retries: 1 })
  const outcome = fixture.appendAndSend()
  fixture.request().fail('NETWORK')
  assert.equal(outcome.times, 0)
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 0)
  fixture.advance(50)
  fixture.runOnce()
  fixture.respond({ baseOffset: 5 })
  assert.equal(outcome.metadata?.offset, 5)

  const second = fixture.appendAndSend()
  for (let attempt = 0; attempt < 2; attempt++) {
    assert.equal(second.times, 0)
    fixture.request().fail('NETWORK')
    fixture.advance(50)
    fixture.runOnce()
  }
  assert.equal(second.error?.code, 'NETWORK')
  assert.equal(second.error?.retriable, true)
  assert.equal(second.error?.topic, 't')
  assert.equal(second.metadata?.partition, 0)
})

test('sender - SE-5 with one request at a time a partition’s next batch waits, also when the leader moves', () => {
  const fixture = new SenderFixture({ idempotent: false, maxInFlightRequestsPerConnection: 1, leaders: [0] })
  fixture.appendAndSend()
  assert.equal(fixture.produceRequests.length, 1)
  fixture.client.updateMetadata({ t: { leaders: [1], leaderEpoch: 1 } })
  const second = fixture.appendAndSend()
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 1)
  fixture.respond()
  fixture.runOnce()
  assert.equal(fixture.produceRequests[0]?.node.id, 1)
  fixture.respond({ baseOffset: 1 })
  assert.equal(second.metadata?.offset, 1)
})

test('sender - SE-6 a callback of an expired record may append again', () => {
  const fixture = new SenderFixture({ idempotent: false })
  fixture.client.unready.set(0, 1e6)
  let expired = 0
  const again: unknown[] = []
  for (let i = 0; i < 10; i++) {
    const outcome = fixture.append()
    Object.defineProperty(outcome, 'error', {
      set: (error: KafkaError) => {
        assert.equal(error.code, 'TIMEOUT')
        expired++
        again.push(fixture.append())
      },
    })
  }
  fixture.advance(10_000)
  fixture.runOnce()
  assert.equal(expired, 10)
  fixture.client.unready.clear()
  fixture.runOnce()
  assert.equal(fixture.sent().header.recordsCount, 10)
})

test('sender - SE-8 a node that takes nothing falls behind in its figures, so that the availability timeout works', () => {
  const fixture = new SenderFixture({ idempotent: false, partitionAvailabilityTimeoutMs: 42, leaders: [0, 1], batchSize: 100 })
  fixture.appendAndSend({ partition: 0, value: 'x'.repeat(100) })
  fixture.appendAndSend({ partition: 1, value: 'x'.repeat(100) })
  fixture.client.unready.set(0, 10)
  for (let i = 0; i < 5; i++) {
    fixture.append({ partition: 0, value: 'x'.repeat(100) })
    fixture.append({ partition: 1, value: 'x'.repeat(100) })
    fixture.advance(20)
    fixture.runOnce()
  }
  fixture.append({ partition: 0, value: 'x'.repeat(100) })
  fixture.runOnce()
  fixture.append({ partition: -1, value: 'x'.repeat(400) })
  for (let i = 0; i < 10; i++) {
    fixture.append({ partition: -1, value: 'x'.repeat(400) })
    assert.equal(fixture.accumulator.chosenPartition, 1)
  }
})

test('sender - an unknown leader makes it ask for metadata, and send when there is one', () => {
  const fixture = new SenderFixture({ idempotent: false, leaders: [-1] })
  const outcome = fixture.appendAndSend()
  assert.equal(fixture.produceRequests.length, 0)
  assert.equal(fixture.client.metadata.updateRequested, true)
  fixture.client.updateMetadata({ t: { leaders: [1], leaderEpoch: 1 } })
  fixture.runOnce()
  fixture.respond()
  assert.equal(outcome.error, null)
})

test('sender - SE-13 without idempotence records carry no producer id, and a fatal error is the record’s', () => {
  const fixture = new SenderFixture({ idempotent: false })
  const outcome = fixture.appendAndSend()
  assert.equal(fixture.sent().header.producerId, -1)
  fixture.respond({ error: 'TOPIC_AUTHORIZATION_FAILED' })
  assert.equal(outcome.error?.code, 'TOPIC_AUTHORIZATION_FAILED')
})

test('sender - SE-45 what expires while its request is on its way is failed once; a late success changes nothing', () => {
  const fixture = new SenderFixture()
  fixture.initProducerId()
  const outcome = fixture.appendAndSend()
  fixture.advance(1500)
  fixture.runOnce()
  assert.equal(outcome.error?.code, 'TIMEOUT')
  assert.equal(fixture.sender.inFlightBatches, 0)
  fixture.respond({ baseOffset: 7 })
  assert.equal(outcome.times, 1)
  assert.equal(outcome.metadata?.offset, -1)
})

test('sender - DX-13 the buffer of an expired batch is not used again before its request is through', () => {
  const fixture = new SenderFixture({ idempotent: false })
  fixture.client.holdBytes = true
  fixture.appendAndSend({ value: 'first' })
  const request = fixture.request()
  const bytes = Buffer.from(request.message.topicData[0].partitionData[0].records)
  fixture.advance(1500)
  fixture.runOnce()
  const before = fixture.pool.availableMemory
  for (let i = 0; i < 20; i++) fixture.append({ partition: 1, value: `other ${i}` })
  assert.deepEqual(request.message.topicData[0].partitionData[0].records, bytes)
  request.fail('TIMEOUT')
  assert.ok(fixture.pool.availableMemory <= before)
  const held = fixture.pool.availableMemory
  request.release()
  assert.equal(fixture.pool.availableMemory, held + 16384)
})

test('sender - SE-48 an expired batch is not sent again', () => {
  const fixture = new SenderFixture({ idempotent: false })
  fixture.appendAndSend()
  fixture.advance(1500)
  fixture.runOnce()
  fixture.respond({ error: 'NOT_LEADER_OR_FOLLOWER' })
  fixture.advance(50)
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 0)
  assert.equal(fixture.accumulator.hasIncomplete, false)
})

test('sender - SE-49 an expired batch is not split', () => {
  const fixture = new SenderFixture({ idempotent: false })
  fixture.append()
  fixture.appendAndSend()
  fixture.advance(1500)
  fixture.runOnce()
  fixture.respond({ error: 'MESSAGE_TOO_LARGE' })
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 0)
  assert.equal(fixture.accumulator.hasUndrained, false)
})

test('sender - SE-47 with one request at a time the next batch goes once the first has expired and was answered', () => {
  const fixture = new SenderFixture({ idempotent: false, maxInFlightRequestsPerConnection: 1, deliveryTimeoutMs: 1500 })
  const first = fixture.appendAndSend()
  fixture.advance(750)
  const second = fixture.appendAndSend()
  assert.equal(fixture.produceRequests.length, 1)
  fixture.advance(750)
  fixture.runOnce()
  assert.equal(first.error?.code, 'TIMEOUT')
  fixture.request().fail('NETWORK')
  fixture.runOnce()
  fixture.respond({ baseOffset: 2 })
  assert.equal(second.metadata?.offset, 2)
})

test('sender - SE-51 batches of several partitions expire', () => {
  const fixture = new SenderFixture()
  fixture.initProducerId()
  const outcomes = [fixture.append({ partition: 0 }), fixture.append({ partition: 1 })]
  fixture.runOnce()
  fixture.advance(1500)
  fixture.runOnce()
  assert.deepEqual(
    outcomes.map(({ error }) => error?.code),
    ['TIMEOUT', 'TIMEOUT'],
  )
})

test('sender - SE-46 records that the broker names get their own errors, the others one that says why', () => {
  const fixture = new SenderFixture({ idempotent: false })
  const outcomes = Array.from({ length: 5 }, () => fixture.append())
  fixture.runOnce()
  fixture.respond({
    error: 'INVALID_RECORD',
    recordErrors: [
      { batchIndex: 0, batchIndexErrorMessage: '0' },
      { batchIndex: 2, batchIndexErrorMessage: '2' },
      { batchIndex: 3, batchIndexErrorMessage: null },
    ],
  })
  assert.deepEqual(
    outcomes.map(({ error }) => error?.code),
    ['INVALID_RECORD', 'BATCH_REJECTED', 'INVALID_RECORD', 'INVALID_RECORD', 'BATCH_REJECTED'],
  )
  assert.deepEqual([outcomes[0]!.error?.message, outcomes[2]!.error?.message], ['0', '2'])
  assert.ok(outcomes[3]!.error!.message.length > 1)
})

test('sender - SE-46 one record error alone has the class of the partition’s error', () => {
  const fixture = new SenderFixture({ idempotent: false })
  const outcomes = [fixture.append(), fixture.append()]
  fixture.runOnce()
  fixture.respond({ error: 'INVALID_TIMESTAMP', recordErrors: [{ batchIndex: 1, batchIndexErrorMessage: 'too old' }] })
  assert.deepEqual(
    outcomes.map(({ error }) => error?.code),
    ['BATCH_REJECTED', 'INVALID_TIMESTAMP'],
  )
  assert.equal(outcomes[1]!.error?.message, 'too old')
})

test('sender - SE-64 a retry waits for its backoff unless the partition has a new leader epoch', () => {
  const fixture = new SenderFixture({ idempotent: false, retryBackoffMs: 100, retryBackoffMaxMs: 100, deliveryTimeoutMs: 10_000 })
  fixture.client.updateMetadata({ t: { leaders: [0], leaderEpoch: 100 } })
  const outcome = fixture.appendAndSend()
  fixture.client.updateMetadata({ t: { leaders: [1], leaderEpoch: 101 } })
  fixture.respond({ error: 'NOT_LEADER_OR_FOLLOWER' })
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 1)
  fixture.respond({ error: 'NOT_LEADER_OR_FOLLOWER' })
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 0)
  fixture.advance(200)
  fixture.runOnce()
  fixture.respond({ baseOffset: 999 })
  assert.equal(outcome.metadata?.offset, 999)
})

test('sender - SE-65 a leader error without a hint asks for metadata', () => {
  const fixture = new SenderFixture({ idempotent: false })
  fixture.appendAndSend()
  fixture.respond({ error: 'NOT_LEADER_OR_FOLLOWER' })
  assert.equal(fixture.client.metadata.updateRequested, true)
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 0)
})

test('sender - SE-66 a leader that the answer names is used at once', () => {
  const fixture = new SenderFixture({ idempotent: false })
  const outcome = fixture.appendAndSend()
  fixture.respond({ error: 'NOT_LEADER_OR_FOLLOWER', currentLeader: { leaderId: 1, leaderEpoch: 1 } })
  fixture.runOnce()
  assert.equal(fixture.request().node.id, 1)
  fixture.respond({ baseOffset: 4 })
  assert.equal(outcome.metadata?.offset, 4)
})

test('sender - SE-38 an error about the message format is the record’s alone', () => {
  const fixture = new SenderFixture()
  fixture.initProducerId()
  const outcome = fixture.appendAndSend()
  fixture.respond({ error: 'UNSUPPORTED_FOR_MESSAGE_FORMAT' })
  assert.equal(outcome.error?.code, 'UNSUPPORTED_FOR_MESSAGE_FORMAT')
  assert.equal(fixture.transactionManager!.fatalError, undefined)
})

test('sender - topics that have an id are told by it, and the answer is understood', () => {
  const fixture = new SenderFixture({ idempotent: false })
  const id = 'aaaaaaaaaaaaaaaaaaaaaQ'
  fixture.client.updateMetadata({ t: { leaders: [0], id } })
  const outcome = fixture.appendAndSend()
  const request = fixture.request()
  assert.equal(request.message.topicData[0].topicId, id)
  assert.equal(request.options.maxVersion, undefined)
  const partitionResponses = [
    {
      index: 0,
      errorCode: 0,
      baseOffset: 8,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      recordErrors: [],
      errorMessage: null,
      currentLeader: { leaderId: -1, leaderEpoch: -1 },
    },
  ]
  request.respond({ nodeEndpoints: [], responses: [{ name: '', topicId: id, partitionResponses }] })
  assert.equal(outcome.metadata?.offset, 8)
})

test('sender - without a topic id only versions that take names are offered', () => {
  const fixture = new SenderFixture({ idempotent: false })
  fixture.appendAndSend()
  assert.equal(fixture.request().options.maxVersion, 12)
})

test('sender - an answer that leaves a partition out is no success', () => {
  const fixture = new SenderFixture({ idempotent: false, retries: 0 })
  const outcome = fixture.appendAndSend()
  fixture.request().respond({ nodeEndpoints: [], responses: [] })
  assert.equal(outcome.error?.code, 'CORRUPT')
})

test('sender - a broker that refuses to authenticate fails what waits for it', () => {
  const fixture = new SenderFixture({ idempotent: false, leaders: [0, 1] })
  fixture.client.authenticationErrors.set(0, new KafkaError('AUTHENTICATION', 'no'))
  const refused = fixture.append({ partition: 0 })
  const fine = fixture.append({ partition: 1 })
  fixture.runOnce()
  assert.equal(refused.error?.code, 'AUTHENTICATION')
  fixture.respond()
  assert.equal(fine.error, null)
})

test('sender - says when the next pass is due: linger, backoff, expiry, or at once', () => {
  const fixture = new SenderFixture({ idempotent: false, lingerMs: 10, deliveryTimeoutMs: 1500 })
  assert.equal(fixture.runOnce(), Number.POSITIVE_INFINITY)
  fixture.append()
  assert.equal(fixture.runOnce(), 10)
  fixture.advance(10)
  assert.equal(fixture.runOnce(), 0)
  assert.equal(fixture.runOnce(), 1490)
  fixture.request().fail('NETWORK')
  assert.equal(fixture.runOnce(), 50)
  fixture.advance(50)
  fixture.client.unready.set(0, 33)
  assert.equal(fixture.runOnce(), 33)
})

test('sender - closing sends what is there without linger and ends when it is complete', async () => {
  const fixture = new SenderFixture({ idempotent: false, lingerMs: 1e6 })
  const outcome = fixture.append()
  let closed = false
  const close = fixture.sender.close().then(() => {
    closed = true
  })
  fixture.runOnce()
  await Promise.resolve()
  assert.equal(closed, false)
  fixture.respond({ baseOffset: 1 })
  fixture.runOnce()
  await close
  assert.equal(outcome.metadata?.offset, 1)
})

test('sender - SE-28 a forced close fails what is not acknowledged, once', async () => {
  const fixture = new SenderFixture({ idempotent: false })
  const sent = fixture.appendAndSend()
  const waiting = fixture.append()
  const close = fixture.sender.close()
  fixture.sender.forceClose(new KafkaError('CLOSED', 'Producer is closed forcefully.'))
  await close
  for (const outcome of [sent, waiting]) assert.equal(outcome.error?.code, 'CLOSED')
  fixture.respond({ baseOffset: 1 })
  assert.equal(sent.times, 1)
  assert.equal(producedBatch.length, 1)
})
