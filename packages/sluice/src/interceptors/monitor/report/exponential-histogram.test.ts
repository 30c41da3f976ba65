import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bucketOf, ExponentialHistogram, upperBound } from './exponential-histogram.ts'

test('histogram - a value lies in its bucket: above the bound of the one before, not above its own', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1e15, noNaN: true }), (value) => {
      const bucket = bucketOf(value)
      assert.ok(value <= upperBound(bucket) * (1 + 1e-12), `${value} in ${bucket}`)
      assert.ok(value > upperBound(bucket - 1) * (1 - 1e-12), `${value} in ${bucket}`)
    }),
    { numRuns: 2000 },
  )
  for (let exponent = -20; exponent <= 40; exponent++) assert.equal(bucketOf(2 ** exponent), exponent * 16 - 1)
})

test('histogram - counts, extremes and signs are exact', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5000, max: 5000 }), { minLength: 1 }), (values) => {
      const histogram = new ExponentialHistogram()
      for (const value of values) histogram.record(value)
      const { count, sum, min, max, zeros, buckets, negativeBuckets = [] } = histogram.toState()
      assert.deepEqual([count, sum], [values.length, values.reduce((a, b) => a + b, 0)])
      assert.deepEqual([min, max], [Math.min(...values), Math.max(...values)])
      const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)
      assert.deepEqual(
        [total(buckets), zeros, total(negativeBuckets)],
        [values.filter((v) => v > 0).length, values.filter((v) => v === 0).length, values.filter((v) => v < 0).length],
      )
    }),
  )
})
