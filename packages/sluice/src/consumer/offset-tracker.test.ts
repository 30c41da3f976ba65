import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { RecordHeaders } from '../record/headers.ts'
import { OffsetTracker } from './offset-tracker.ts'

function record(offset: number): ConsumerRecord {
  return {
    topic: 't',
    partition: 0,
    offset,
    timestamp: 0,
    timestampType: 'CreateTime',
    key: null,
    value: null,
    headers: new RecordHeaders(),
    serializedKeySize: -1,
    serializedValueSize: -1,
    leaderEpoch: 5,
  }
}

test('offset tracker - never commits past a gap, whatever the order in which records are done', () => {
  const runs = fc
    .array(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 8 }), { minLength: 1, maxLength: 5 })
    .chain((polls) => fc.record({ polls: fc.constant(polls), order: fc.infiniteStream(fc.nat()) }))
  fc.assert(
    fc.property(runs, ({ polls, order }) => {
      const tracker = new OffsetTracker(10)
      let offset = 9
      const open: ConsumerRecord[] = []
      for (const gaps of polls) {
        const records = gaps.map((gap) => record((offset += gap)))
        offset += 1
        tracker.add(records, offset + 1)
        open.push(...records)
      }
      while (open.length > 0) {
        const [done] = open.splice(order.next().value % open.length, 1)
        const before = tracker.committable
        tracker.done(done!)
        const firstOpen = Math.min(...open.map((one) => one.offset))
        assert.ok(tracker.committable >= before, 'never goes back')
        assert.ok(tracker.committable <= firstOpen, `committed ${tracker.committable} while ${firstOpen} is not done`)
      }
      assert.equal(tracker.committable, offset + 1)
      assert.equal(tracker.hasPending, false)
    }),
    { numRuns: 300 },
  )
})

test('offset tracker - a poll of which interceptors left nothing counts as done', () => {
  const tracker = new OffsetTracker(0)
  tracker.add([], 10)
  assert.equal(tracker.committable, 10)
  const held = record(10)
  tracker.add([held], 11)
  tracker.add([], 20)
  assert.equal(tracker.committable, 10)
  tracker.done(held)
  assert.equal(tracker.committable, 20)
  assert.equal(tracker.leaderEpoch, 5)
})

test('offset tracker - offsets that an interceptor made up move nothing out of the bounds of the poll', () => {
  const tracker = new OffsetTracker(5)
  const [madeUp, real] = [record(1000), record(6)]
  tracker.add([madeUp, real], 7)
  tracker.done(madeUp)
  assert.equal(tracker.committable, 5)
  tracker.done(real)
  assert.equal(tracker.committable, 7)
})

test('offset tracker - records that interceptors put in another order are committed past only when those before them are done', () => {
  const offsets = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 5, 6], { minLength: 1 })
  fc.assert(
    fc.property(offsets, (given) => {
      const tracker = new OffsetTracker(0)
      const records = given.map(record)
      tracker.add(records, 7)
      for (const [index, one] of records.entries()) {
        tracker.done(one)
        const open = Math.min(...given.slice(index + 1))
        assert.ok(tracker.committable <= open, `committed ${tracker.committable} while ${open} is not done`)
      }
      assert.equal(tracker.committable, 7)
    }),
  )
})
