import assert from 'node:assert/strict'
import { test } from 'node:test'
import { producedBatch, produceResponse } from './testing/produce-responses.ts'
import { SenderFixture, type SenderSetup } from './testing/sender-fixture.ts'

function idempotent(setup: SenderSetup = {}): SenderFixture {
  return new SenderFixture(setup).initProducerId()
}

/** The broker knows the producer id already, so that several requests may be in flight: sequence 0 and offset 0 are taken. */
function established(setup: SenderSetup = {}): SenderFixture {
  const fixture = idempotent(setup)
  fixture.appendAndSend()
  fixture.respond({ baseOffset: 0 })
  return fixture
}

const manager = (fixture: SenderFixture) => fixture.transactionManager!

test('idempotence - SE-9 producer id and epoch come from a broker and go into every batch', () => {
  const fixture = idempotent()
  assert.deepEqual([manager(fixture).producerId, manager(fixture).producerEpoch], [343434, 0])
  fixture.appendAndSend()
  const { header } = fixture.sent()
  assert.deepEqual([header.producerId, header.producerEpoch, header.baseSequence], [343434, 0, 0])
})

test('idempotence - nothing is sent before there is a producer id', () => {
  const fixture = new SenderFixture()
  fixture.appendAndSend()
  fixture.runOnce()
  assert.deepEqual(
    fixture.client.requests.map(({ api }) => api.name),
    ['InitProducerId'],
  )
  fixture.request('InitProducerId').respond({ errorCode: 0, producerId: 1, producerEpoch: 0 })
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 1)
})

test('idempotence - SE-12 a refused producer id fails what waits, and is asked for again', () => {
  const fixture = new SenderFixture()
  const refused = fixture.appendAndSend()
  fixture.request('InitProducerId').respond({ errorCode: 31, producerId: -1, producerEpoch: -1 })
  assert.equal(refused.error?.code, 'CLUSTER_AUTHORIZATION_FAILED')
  const fine = fixture.append()
  fixture.advance(50)
  fixture.runOnce()
  fixture.request('InitProducerId').respond({ errorCode: 0, producerId: 1, producerEpoch: 0 })
  fixture.runOnce()
  fixture.respond()
  assert.equal(fine.error, null)
})

test('idempotence - SE-54 a retriable error is tried again after exactly the backoff', () => {
  const fixture = new SenderFixture()
  for (let attempt = 0; attempt < 4; attempt++) {
    fixture.runOnce()
    fixture.request('InitProducerId').respond({ errorCode: 14, producerId: -1, producerEpoch: -1 })
    fixture.advance(49)
    fixture.runOnce()
    assert.equal(fixture.client.requests.length, 0)
    fixture.advance(1)
  }
  fixture.initProducerId()
  assert.equal(manager(fixture).hasProducerId, true)
})

test('idempotence - a lost connection while asking for a producer id is no failure', () => {
  const fixture = new SenderFixture()
  const outcome = fixture.appendAndSend()
  fixture.request('InitProducerId').fail('NETWORK')
  fixture.advance(50)
  fixture.initProducerId()
  fixture.runOnce()
  fixture.respond()
  assert.equal(outcome.error, null)
})

test('idempotence - SE-14 several requests are in flight with sequences that follow on one another', () => {
  const fixture = established()
  const first = fixture.appendAndSend()
  assert.equal(fixture.nextSequence(), 2)
  const second = fixture.appendAndSend()
  assert.equal(fixture.nextSequence(), 3)
  assert.deepEqual([fixture.sent(0).header.baseSequence, fixture.sent(1).header.baseSequence], [1, 2])
  fixture.respond({ baseOffset: 1 })
  assert.equal(fixture.lastAcked(), 1)
  fixture.respond({ baseOffset: 2 })
  assert.equal(fixture.lastAcked(), 2)
  assert.deepEqual([first.metadata?.offset, second.metadata?.offset], [1, 2])
})

test('idempotence - the first batch under a producer id goes alone, since the broker would take any sequence as the first', () => {
  const fixture = idempotent()
  fixture.appendAndSend()
  fixture.appendAndSend()
  assert.equal(fixture.produceRequests.length, 1)
  fixture.respond()
  fixture.runOnce()
  assert.equal(fixture.sent().header.baseSequence, 1)
})

test('idempotence - while one batch is tried again, at most four newer ones are written, so that the broker still knows it', () => {
  const fixture = established({ deliveryTimeoutMs: 1e9 })
  fixture.appendAndSend({ value: 'unlucky' })
  for (let newer = 0; newer < 10; newer++) {
    fixture.append({ value: `${newer}` })
    fixture.advance(50)
    fixture.runOnce()
    fixture.runOnce()
    for (const request of fixture.produceRequests) {
      if (producedBatch(request).values[0] === 'unlucky') request.fail('NETWORK')
      else request.respond(produceResponse(request))
    }
  }
  fixture.advance(50)
  fixture.runOnce()
  assert.equal(fixture.sent().values[0], 'unlucky')
  assert.equal(fixture.nextSequence() - fixture.sent().header.baseSequence, 5)
  fixture.respond()
  fixture.runOnce()
  assert.equal(fixture.sent().header.recordsCount, 6)
})

test('idempotence - five requests at most are in flight', () => {
  const fixture = established()
  for (let i = 0; i < 8; i++) fixture.appendAndSend()
  assert.equal(fixture.produceRequests.length, 5)
})

test('idempotence - a failed batch goes again before those behind it, one at a time, in order', () => {
  const fixture = established()
  const outcomes = [0, 1, 2].map((i) => fixture.appendAndSend({ value: `${i}` }))
  for (let i = 0; i < 3; i++) fixture.respond({ error: i === 0 ? 'NOT_ENOUGH_REPLICAS' : 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
  fixture.append({ value: 'later' })
  for (let i = 0; i < 3; i++) {
    fixture.advance(100)
    fixture.runOnce()
    assert.equal(fixture.produceRequests.length, 1)
    assert.deepEqual(fixture.sent().values, [`${i}`])
    assert.equal(fixture.sent().header.baseSequence, i + 1)
    fixture.respond({ baseOffset: i })
  }
  assert.deepEqual(
    outcomes.map(({ metadata }) => metadata?.offset),
    [0, 1, 2],
  )
  fixture.runOnce()
  assert.deepEqual(fixture.sent().values, ['later'])
  assert.equal(fixture.sent().header.baseSequence, 4)
})

test('idempotence - SE-16 what fails for good leaves no gap: those behind it start again under a new epoch', () => {
  const fixture = established()
  const first = fixture.appendAndSend({ value: 'large' })
  const second = fixture.appendAndSend({ value: 'small' })
  fixture.respond({ error: 'MESSAGE_TOO_LARGE' })
  assert.equal(first.error?.code, 'MESSAGE_TOO_LARGE')
  fixture.runOnce()
  assert.equal(manager(fixture).producerEpoch, 1)
  fixture.respond({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
  fixture.advance(50)
  fixture.runOnce()
  assert.deepEqual([fixture.sent().header.producerEpoch, fixture.sent().header.baseSequence], [1, 0])
  fixture.respond({ baseOffset: 0 })
  assert.equal(second.metadata?.offset, 0)
  assert.equal(fixture.nextSequence(), 1)
})

test('idempotence - SE-18 an epoch bump rewrites the partition that needed it, the others follow when nothing of theirs is in flight', () => {
  const fixture = established()
  fixture.appendAndSend({ partition: 1 })
  fixture.respond()
  fixture.append({ partition: 0 })
  fixture.append({ partition: 1 })
  fixture.runOnce()
  const request = fixture.request()
  const other = fixture.appendAndSend({ partition: 1 })
  const response = (index: number, errorCode: number) => ({
    index,
    errorCode,
    baseOffset: errorCode === 0 ? 0 : -1,
    logAppendTimeMs: -1,
    logStartOffset: 0,
    recordErrors: [],
    errorMessage: null,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
  })
  request.respond({ nodeEndpoints: [], responses: [{ name: 't', topicId: '', partitionResponses: [response(0, 45), response(1, 0)] }] })
  fixture.advance(50)
  fixture.runOnce()
  assert.equal(manager(fixture).producerEpoch, 1)
  const again = fixture.produceRequests.findIndex((_, index) => fixture.sent(index).partition === 0)
  assert.deepEqual([fixture.sent(again).header.producerEpoch, fixture.sent(again).header.baseSequence], [1, 0])
  const old = fixture.produceRequests.findIndex((_, index) => fixture.sent(index).partition === 1)
  assert.deepEqual([fixture.sent(old).header.producerEpoch, fixture.sent(old).header.baseSequence], [0, 2])
  const waiting = fixture.append({ partition: 1 })
  fixture.runOnce()
  assert.equal(fixture.produceRequests.length, 2)
  fixture.respond({ baseOffset: 1 }, old)
  assert.equal(other.metadata?.offset, 1)
  fixture.runOnce()
  const fresh = fixture.produceRequests.findIndex((_, index) => fixture.sent(index).partition === 1)
  assert.deepEqual([fixture.sent(fresh).header.producerEpoch, fixture.sent(fresh).header.baseSequence], [1, 0])
  fixture.respond({ baseOffset: 2 }, fresh)
  assert.equal(waiting.metadata?.offset, 2)
})

test('idempotence - SE-22 a batch that was never sent expires without leaving a doubt', () => {
  const fixture = idempotent()
  fixture.client.unready.set(0, 1e6)
  const outcome = fixture.appendAndSend()
  fixture.advance(1500)
  fixture.runOnce()
  assert.equal(outcome.error?.code, 'TIMEOUT')
  assert.equal(fixture.hasUnresolved(), false)
})

test('idempotence - SE-23 after an expired retry nothing new goes out until the doubt is settled; success of the next settles it', () => {
  const fixture = established()
  const first = fixture.appendAndSend()
  fixture.advance(1000)
  const second = fixture.appendAndSend()
  fixture.request().fail('NETWORK')
  fixture.advance(600)
  fixture.append()
  fixture.runOnce()
  assert.equal(first.error?.code, 'TIMEOUT')
  assert.equal(fixture.hasUnresolved(), true)
  assert.equal(fixture.produceRequests.length, 1)
  fixture.respond({ baseOffset: 1 })
  assert.equal(second.metadata?.offset, 1)
  fixture.runOnce()
  assert.equal(fixture.hasUnresolved(), false)
  assert.equal(manager(fixture).producerEpoch, 0)
  assert.equal(fixture.sent().header.baseSequence, 3)
})

test('idempotence - SE-24 failure of the next proves the gap: new epoch, in order', () => {
  const fixture = established()
  const first = fixture.appendAndSend()
  fixture.advance(1000)
  const second = fixture.appendAndSend()
  fixture.request().fail('NETWORK')
  fixture.advance(600)
  fixture.append()
  fixture.runOnce()
  assert.equal(first.error?.code, 'TIMEOUT')
  fixture.respond({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
  fixture.runOnce()
  assert.equal(manager(fixture).producerEpoch, 1)
  assert.equal(fixture.hasUnresolved(), false)
  assert.equal(fixture.nextSequence(), 1)
  fixture.advance(50)
  fixture.runOnce()
  assert.deepEqual([fixture.sent().header.producerEpoch, fixture.sent().header.baseSequence], [1, 0])
  fixture.respond({ baseOffset: 0 })
  assert.equal(second.metadata?.offset, 0)
})

test('idempotence - SE-25 when all that was sent expired, the next epoch clears the doubt', () => {
  const fixture = idempotent()
  const outcome = fixture.appendAndSend()
  fixture.request().fail('NETWORK')
  fixture.advance(1500)
  fixture.runOnce()
  assert.equal(outcome.error?.code, 'TIMEOUT')
  fixture.runOnce()
  assert.equal(fixture.hasUnresolved(), false)
  assert.equal(manager(fixture).producerEpoch, 1)
  fixture.appendAndSend()
  assert.deepEqual([fixture.sent().header.producerEpoch, fixture.sent().header.baseSequence], [1, 0])
})

test('idempotence - SE-30 a duplicate is a success whose offset nobody knows', () => {
  const fixture = established()
  const first = fixture.appendAndSend()
  const second = fixture.appendAndSend()
  fixture.respond({ baseOffset: 1000 }, 1)
  assert.deepEqual(
    [second.metadata?.offset, fixture.lastAcked(), manager(fixture).lastAckedOffset(fixture.topicPartition())],
    [1000, 2, 1000],
  )
  fixture.respond({ error: 'DUPLICATE_SEQUENCE_NUMBER' })
  assert.deepEqual([first.error, first.metadata?.offset], [null, -1])
  assert.deepEqual([fixture.lastAcked(), manager(fixture).lastAckedOffset(fixture.topicPartition())], [2, 1000])
})

test('idempotence - SE-32 an unknown producer id after the log was cut starts a new epoch', () => {
  const fixture = idempotent()
  fixture.appendAndSend()
  fixture.respond({ baseOffset: 1000 })
  const second = fixture.append()
  fixture.append()
  fixture.runOnce()
  fixture.respond({ error: 'UNKNOWN_PRODUCER_ID', logStartOffset: 1010 })
  fixture.advance(50)
  fixture.runOnce()
  assert.deepEqual([fixture.sent().header.producerEpoch, fixture.sent().header.baseSequence], [1, 0])
  fixture.respond({ baseOffset: 1011 })
  assert.equal(second.metadata?.offset, 1011)
  assert.equal(manager(fixture).lastAckedOffset(fixture.topicPartition()), 1012)
})

test('idempotence - SE-33 without a log start offset it is asked again as it was', () => {
  const fixture = idempotent()
  fixture.appendAndSend()
  fixture.respond({ baseOffset: 1000 })
  const second = fixture.appendAndSend()
  fixture.respond({ error: 'UNKNOWN_PRODUCER_ID', logStartOffset: -1 })
  fixture.advance(50)
  fixture.runOnce()
  assert.deepEqual([fixture.sent().header.producerEpoch, fixture.sent().header.baseSequence], [0, 1])
  fixture.respond({ baseOffset: 1001 })
  assert.equal(second.metadata?.offset, 1001)
})

test('idempotence - SE-34 batches behind one with an unknown producer id follow it in order', () => {
  const fixture = idempotent()
  fixture.appendAndSend()
  fixture.respond({ baseOffset: 1000 })
  const second = fixture.appendAndSend()
  const third = fixture.appendAndSend()
  fixture.respond({ error: 'UNKNOWN_PRODUCER_ID', logStartOffset: 1010 })
  fixture.runOnce()
  fixture.respond({ error: 'UNKNOWN_PRODUCER_ID', logStartOffset: 1010 })
  for (const offset of [1011, 1012]) {
    fixture.advance(50)
    fixture.runOnce()
    assert.equal(fixture.produceRequests.length, 1)
    assert.deepEqual([fixture.sent().header.producerEpoch, fixture.sent().header.baseSequence], [1, offset - 1011])
    fixture.respond({ baseOffset: offset })
  }
  assert.deepEqual([second.metadata?.offset, third.metadata?.offset], [1011, 1012])
})

test('idempotence - SE-35 an unknown producer id is healed by a new epoch, not told to the application', () => {
  const fixture = idempotent()
  fixture.appendAndSend()
  fixture.respond({ baseOffset: 1000 })
  const second = fixture.appendAndSend()
  fixture.respond({ error: 'UNKNOWN_PRODUCER_ID', logStartOffset: 10 })
  fixture.runOnce()
  assert.equal(second.times, 0)
  assert.equal(manager(fixture).producerEpoch, 1)
})

test('idempotence - SE-42 a sequence out of order at the head is healed by a new epoch', () => {
  const fixture = idempotent()
  const outcome = fixture.appendAndSend()
  fixture.respond({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
  fixture.runOnce()
  assert.equal(manager(fixture).producerEpoch, 1)
  assert.equal(outcome.times, 0)
  fixture.advance(50)
  fixture.runOnce()
  assert.deepEqual([fixture.sent().header.producerEpoch, fixture.sent().header.baseSequence], [1, 0])
})

test('idempotence - after the last epoch a new producer id is asked for, and what is in flight goes out under it', () => {
  const fixture = new SenderFixture().initProducerId(1, 32767)
  const outcome = fixture.appendAndSend()
  fixture.respond({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
  fixture.runOnce()
  fixture.request('InitProducerId').respond({ errorCode: 0, producerId: 2, producerEpoch: 0 })
  fixture.advance(50)
  fixture.runOnce()
  const { header } = fixture.sent()
  assert.deepEqual([header.producerId, header.producerEpoch, header.baseSequence], [2, 0, 0])
  fixture.respond({ baseOffset: 3 })
  assert.equal(outcome.metadata?.offset, 3)
})

test('idempotence - SE-43 the parts of a split batch keep its sequences and use up no retry', () => {
  const fixture = idempotent({ retries: 1 })
  const outcomes = [fixture.append(), fixture.append()]
  fixture.runOnce()
  fixture.respond({ error: 'MESSAGE_TOO_LARGE' })
  assert.equal(fixture.nextSequence(), 2)
  for (const sequence of [0, 1]) {
    fixture.runOnce()
    assert.equal(fixture.produceRequests.length, 1)
    assert.equal(fixture.sent().header.baseSequence, sequence)
    fixture.respond({ baseOffset: sequence })
    assert.equal(outcomes[sequence]!.metadata?.offset, sequence)
    assert.equal(outcomes[1]!.times, sequence)
  }
  assert.equal(fixture.accumulator.hasIncomplete, false)
  assert.equal(fixture.pool.availableMemory, fixture.pool.totalMemory)
})

test('idempotence - SE-36 a producer that may not write to the cluster fails now and later', () => {
  const fixture = idempotent()
  const first = fixture.appendAndSend()
  fixture.respond({ error: 'CLUSTER_AUTHORIZATION_FAILED' })
  assert.equal(first.error?.code, 'CLUSTER_AUTHORIZATION_FAILED')
  const second = fixture.appendAndSend()
  assert.equal(second.error?.code, 'CLUSTER_AUTHORIZATION_FAILED')
})

test('idempotence - SE-39 a broker that does not speak the version fails what was sent and what follows', () => {
  const fixture = idempotent()
  const first = fixture.appendAndSend()
  fixture.request().fail('UNSUPPORTED_VERSION')
  assert.equal(first.error?.code, 'UNSUPPORTED_VERSION')
  assert.equal(fixture.appendAndSend().error?.code, 'UNSUPPORTED_VERSION')
})

test('idempotence - SE-40 TM-6 sequences count records', () => {
  const fixture = idempotent()
  fixture.append()
  fixture.append()
  fixture.appendAndSend()
  assert.deepEqual([fixture.sent().header.baseSequence, fixture.nextSequence()], [0, 3])
  fixture.respond()
  assert.deepEqual([fixture.lastAcked(), fixture.nextSequence()], [2, 3])
})
