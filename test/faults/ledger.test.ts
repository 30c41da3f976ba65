import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ledger } from './ledger.ts'
import { faultSchedule } from './schedule.ts'

function sentAndAcknowledged(count: number): Ledger {
  const ledger = new Ledger(1)
  for (let n = 0; n < count; n++) ledger.settle(0, ledger.next(0), false)
  return ledger
}

test('fault ledger - a log that holds what was acknowledged, in order, is clean', () => {
  const ledger = sentAndAcknowledged(3)
  for (let n = 0; n < 3; n++) {
    ledger.deliver(0, n)
    ledger.read(0, n, 0, n)
  }
  const { lost, doubled, outOfOrder, undelivered, sent, settled } = ledger
  assert.deepEqual(
    { lost, doubled, outOfOrder, undelivered, sent, settled },
    { lost: 0, doubled: 0, outOfOrder: 0, undelivered: 0, sent: 3, settled: 3 },
  )
})

test('fault ledger - loss, doubling, disorder, a second acknowledgement and a missing delivery are told apart', () => {
  const ledger = sentAndAcknowledged(4)
  ledger.settle(0, 3, false)
  for (const [offset, number] of [1, 0, 1].entries()) ledger.read(0, number, 0, offset)
  const { lost, doubled, outOfOrder, undelivered, acknowledgedTwice } = ledger
  assert.deepEqual(
    { lost, doubled, outOfOrder, undelivered, acknowledgedTwice },
    { lost: 2, doubled: 1, outOfOrder: 1, undelivered: 3, acknowledgedTwice: 1 },
  )
})

test('fault ledger - the same offset given to the group again is a redelivery, not a double', () => {
  const ledger = sentAndAcknowledged(1)
  ledger.deliver(0, 0)
  ledger.deliver(0, 0)
  ledger.read(0, 0, 0, 0)
  assert.deepEqual([ledger.redelivered, ledger.doubled, ledger.delivered], [1, 0, 1])
})

test('fault schedule - a seed gives the same faults again', () => {
  const take = (seed: number): unknown[] => [...faultSchedule(seed, 3, 6).take(20)]
  assert.deepEqual(take(7), take(7))
  assert.notDeepEqual(take(7), take(8))
})
