import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ExponentialHistogram } from 'sluice/monitor-report'
import { mergeAll, quantile, shifted } from './histogram.ts'

const values = fc.array(fc.integer({ min: -5000, max: 60_000 }), { minLength: 1, maxLength: 60 })

function histogramOf(list: readonly number[]) {
  const histogram = new ExponentialHistogram()
  for (const value of list) histogram.record(value)
  return histogram.toState()
}

/** A bucket is 4.4 % wide. */
function near(actual: number, expected: number, buckets: number): void {
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * 0.0225 * buckets + 1e-9, `${actual} is not near ${expected}`)
}

test('histogram - quantiles are those of the values, off by half a bucket at most', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, q) => {
      const sorted = list.toSorted((a, b) => a - b)
      near(quantile(histogramOf(list), q), sorted[Math.max(0, Math.ceil(q * list.length) - 1)]!, 1)
    }),
  )
})

test('histogram - merging loses nothing, in any order', () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      const { sum, ...both } = histogramOf([...a, ...b])
      const { sum: mergedSum, ...merged } = mergeAll([histogramOf(a), undefined, histogramOf(b)])!
      assert.deepEqual(merged, both)
      assert.equal(mergedSum, sum)
    }),
  )
})

test('histogram - shifted by a clock difference, quantiles shift with it', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: -3000, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true }), (list, by, q) => {
      const before = histogramOf(list)
      const after = shifted(before, by)
      assert.equal(after.count, before.count)
      assert.equal(after.min, before.min + by)
      assert.equal(after.max, before.max + by)
      const expected = quantile(before, q) + by
      // The middle of the old bucket is somewhere in the new one.
      near(quantile(after, q), expected, 2.1)
    }),
  )
})
