import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../packages/sluice/src/network/testing/manual-clock.ts'
import { BufferPool } from '../../packages/sluice/src/producer/buffer-pool.ts'
import { SenderFixture } from '../../packages/sluice/src/producer/testing/sender-fixture.ts'

/** The epochs and sequences of the batches in flight to one partition. */
function inFlight(fixture: SenderFixture, partition = 0): [epoch: number, sequence: number][] {
  return fixture.produceRequests
    .map((_, index) => fixture.sent(index))
    .filter((batch) => batch.partition === partition)
    .map(({ header }) => [header.producerEpoch, header.baseSequence])
}

/** As `initProducerId`, with a batch acknowledged in each partition, so that several may be in flight. */
function established(producerEpoch = 0): SenderFixture {
  const fixture = new SenderFixture().initProducerId(343434, producerEpoch)
  for (const partition of [0, 1]) {
    fixture.appendAndSend({ partition })
    fixture.respond({ baseOffset: 0 })
  }
  return fixture
}

test('sender - offsets are the batch’s base offset plus the place in it (RM-2)', () => {
  const fixture = new SenderFixture({ idempotent: false })
  const outcomes = [0, 1, 2, 3].map(() => fixture.append())
  fixture.runOnce()
  fixture.respond({ baseOffset: 15 })
  assert.deepEqual(
    outcomes.map(({ metadata }) => metadata?.offset),
    [15, 16, 17, 18],
  )
})

test('idempotence - unlike Java the second request waits for the first answer, then sequences 1 and 2 are in flight (SE-14)', () => {
  // Java has sequences 0 and 1 in flight at once. A broker that knows nothing of a producer id takes any sequence for its
  // first: if the request with 0 is lost and the one with 1 arrives, 0 is out of order for ever.
  const fixture = new SenderFixture().initProducerId()
  const outcomes = [0, 1, 2].map(() => fixture.appendAndSend())
  assert.deepEqual(inFlight(fixture), [[0, 0]])
  fixture.respond({ baseOffset: 0 })
  assert.equal(fixture.lastAcked(), 0)
  fixture.runOnce()
  // What waited has become one batch.
  assert.deepEqual(inFlight(fixture), [[0, 1]])
  assert.equal(fixture.nextSequence(), 3)
  outcomes.push(fixture.appendAndSend())
  assert.deepEqual(inFlight(fixture), [
    [0, 1],
    [0, 3],
  ])
  fixture.respond({ baseOffset: 1 })
  fixture.respond({ baseOffset: 3 })
  assert.equal(fixture.lastAcked(), 3)
  assert.deepEqual(
    outcomes.map(({ metadata }) => metadata?.offset),
    [0, 1, 2, 3],
  )
})

test('idempotence - unlike Java a final error to a retry bumps no epoch while those behind it are in flight (SE-16)', () => {
  // Nobody knows whether the first attempt was written. Java begins a new epoch at once; a batch behind it whose answer is
  // lost would then be written once under either epoch.
  const fixture = established()
  const first = fixture.appendAndSend()
  const second = fixture.appendAndSend()
  fixture.request().fail('NETWORK')
  fixture.advance(50)
  fixture.runOnce()
  fixture.respond({ error: 'TOPIC_AUTHORIZATION_FAILED' }, 1)
  assert.equal(first.error?.code, 'TOPIC_AUTHORIZATION_FAILED')
  fixture.runOnce()
  assert.equal(fixture.transactionManager!.producerEpoch, 0)
  assert.deepEqual(inFlight(fixture), [[0, 2]])
  // The broker takes sequence 2, so that it has 1 as well: nothing to heal.
  fixture.respond({ baseOffset: 2 })
  fixture.runOnce()
  assert.equal(second.metadata?.offset, 2)
  assert.deepEqual([fixture.transactionManager!.producerEpoch, fixture.hasUnresolved(), fixture.nextSequence()], [0, false, 3])
})

test('idempotence - unlike Java the first attempt that runs out of time leaves a doubt too, settled by the next answer (SE-23)', () => {
  // Java marks only retried batches. A request that was never answered may have been written as well.
  const fixture = established()
  const first = fixture.appendAndSend()
  fixture.advance(1000)
  const second = fixture.appendAndSend()
  fixture.advance(500)
  fixture.runOnce()
  assert.equal(first.error?.code, 'TIMEOUT')
  assert.equal(fixture.hasUnresolved(), true)
  fixture.appendAndSend()
  assert.equal(fixture.produceRequests.length, 2)
  fixture.respond({ baseOffset: 2 }, 1)
  fixture.runOnce()
  assert.equal(second.metadata?.offset, 2)
  assert.equal(fixture.hasUnresolved(), false)
  assert.deepEqual(inFlight(fixture).at(-1), [0, 3])
})

test('idempotence - unlike Java an unknown producer id that is not tried again begins a new epoch, not the same one at 0 (SE-35)', () => {
  const fixture = new SenderFixture({ retries: 0 }).initProducerId()
  fixture.appendAndSend()
  fixture.respond({ baseOffset: 1000 })
  const failed = fixture.appendAndSend()
  fixture.respond({ error: 'UNKNOWN_PRODUCER_ID', logStartOffset: 1010 })
  assert.equal(failed.error?.code, 'UNKNOWN_PRODUCER_ID')
  const next = fixture.appendAndSend()
  assert.deepEqual(inFlight(fixture), [[1, 0]])
  fixture.respond({ baseOffset: 1011 })
  assert.equal(next.metadata?.offset, 1011)
})

test('idempotence - the last batch in flight ran out of time: epoch 5 becomes 6, sequences begin at 0 (TM-31)', () => {
  const fixture = new SenderFixture().initProducerId(343434, 5)
  const outcome = fixture.appendAndSend()
  fixture.advance(1500)
  fixture.runOnce()
  assert.equal(outcome.error?.code, 'TIMEOUT')
  fixture.runOnce()
  assert.deepEqual([fixture.transactionManager!.producerEpoch, fixture.hasUnresolved()], [6, false])
  fixture.appendAndSend()
  assert.deepEqual(inFlight(fixture).at(-1), [6, 0])
})

test('idempotence - one lost, one written, one lost: epoch 1 becomes 2 once nothing is in flight, sequences begin at 0 (TM-33)', () => {
  const fixture = established(1)
  const first = fixture.appendAndSend()
  fixture.advance(500)
  const second = fixture.appendAndSend()
  const third = fixture.appendAndSend()
  fixture.advance(1000)
  fixture.runOnce()
  assert.equal(first.error?.code, 'TIMEOUT')
  fixture.respond({ baseOffset: 7 }, 1)
  assert.equal(second.metadata?.offset, 7)
  fixture.runOnce()
  assert.equal(fixture.transactionManager!.producerEpoch, 1)
  fixture.advance(500)
  fixture.runOnce()
  assert.equal(third.error?.code, 'TIMEOUT')
  fixture.runOnce()
  assert.deepEqual([fixture.transactionManager!.producerEpoch, fixture.hasUnresolved()], [2, false])
  const fresh = fixture.appendAndSend()
  assert.deepEqual(inFlight(fixture).at(-1), [2, 0])
  fixture.respond({ baseOffset: 8 }, 2)
  assert.equal(fresh.metadata?.offset, 8)
})

test('idempotence - through a bump, another partition’s batch keeps epoch and sequence when it is retried, and then begins at 0 (TM-37)', () => {
  const fixture = established()
  const [sick, healthy] = [fixture.append({ partition: 0 }), fixture.append({ partition: 1 })]
  // Partition 1 has a leader of its own, so that each has a request of its own.
  fixture.client.updateMetadata({ t: { leaders: [0, 1] } })
  fixture.runOnce()
  const requestOf = (partition: number) => fixture.produceRequests.findIndex((_, index) => fixture.sent(index).partition === partition)
  fixture.respond({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }, requestOf(0))
  fixture.runOnce()
  assert.equal(fixture.transactionManager!.producerEpoch, 1)
  fixture.respond({ error: 'NOT_ENOUGH_REPLICAS' }, requestOf(1))
  fixture.advance(50)
  fixture.runOnce()
  assert.deepEqual([inFlight(fixture, 0), inFlight(fixture, 1)], [[[1, 0]], [[0, 1]]])
  fixture.respond({ baseOffset: 1 }, requestOf(1))
  fixture.respond({ baseOffset: 1 }, requestOf(0))
  assert.deepEqual([sick.metadata?.offset, healthy.metadata?.offset], [1, 1])
  fixture.appendAndSend({ partition: 1 })
  assert.deepEqual(inFlight(fixture, 1), [[1, 0]])
})

test('sender - a batch that was split and acknowledged leaves nothing behind that could expire (SE-52)', () => {
  const fixture = new SenderFixture().initProducerId()
  const outcomes = [fixture.append(), fixture.append()]
  fixture.runOnce()
  fixture.respond({ error: 'MESSAGE_TOO_LARGE' })
  for (const offset of [0, 1]) {
    fixture.runOnce()
    fixture.respond({ baseOffset: offset })
  }
  assert.equal(fixture.sender.inFlightBatches, 0)
  assert.equal(fixture.transactionManager!.hasInFlightBatches(fixture.topicPartition()), false)
  fixture.advance(1500)
  fixture.runOnce()
  assert.deepEqual(
    outcomes.map(({ metadata, error, times }) => [metadata?.offset, error, times]),
    [
      [0, null, 1],
      [1, null, 1],
    ],
  )
})

test('buffer pool - a waiter whose buffer cannot be made gives its memory back, and the next one is served (BP-11)', async () => {
  let refuse = false
  const newBuffer = (size: number): Buffer => {
    if (refuse && size === 2) throw new RangeError('Array buffer allocation failed')
    return Buffer.allocUnsafe(size)
  }
  const pool = new BufferPool(2, 1, new ManualClock(), newBuffer)
  const held = await pool.allocate(2, 0)
  const unlucky = assert.rejects(pool.allocate(2, 1000), { code: 'BUFFER_EXHAUSTED' })
  const next = pool.allocate(1, 1000)
  refuse = true
  pool.deallocate(held)
  await unlucky
  assert.equal((await next).length, 1)
  assert.deepEqual([pool.availableMemory, pool.queued], [1, 0])
  pool.deallocate(await next)
  assert.deepEqual([pool.availableMemory, pool.unallocatedMemory], [2, 1])
})
