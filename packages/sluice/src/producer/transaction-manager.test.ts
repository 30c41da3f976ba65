import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBefore, NO_SEQUENCE, nextSequence } from './producer-batch.ts'

test('sequences - TM-6 begin again at 0 after 2^31-1', () => {
  assert.equal(nextSequence(0, 3), 3)
  assert.equal(nextSequence(2 ** 31 - 1, 100), 99)
  assert.equal(nextSequence(99, 2 ** 31 - 1), 98)
})

test('sequences - order holds also where they begin again', () => {
  assert.equal(isBefore(3, 5), true)
  assert.equal(isBefore(5, 3), false)
  assert.equal(isBefore(5, 5), false)
  assert.equal(isBefore(2 ** 31 - 2, 4), true)
  assert.equal(isBefore(4, 2 ** 31 - 2), false)
  assert.equal(isBefore(NO_SEQUENCE, 0), true)
  assert.equal(isBefore(0, NO_SEQUENCE), false)
})
