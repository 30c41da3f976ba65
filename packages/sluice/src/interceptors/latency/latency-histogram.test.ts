import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LatencyHistogram } from './latency-histogram.ts'

const histogramOf = (values: readonly number[]): LatencyHistogram => {
  const histogram = new LatencyHistogram()
  for (const value of values) histogram.record(value)
  return histogram
}

const latencies = fc.array(fc.oneof(fc.integer({ min: -50, max: 2000 }), fc.integer({ min: -5e6, max: 4e9 })), {
  minLength: 1,
  maxLength: 200,
})

test('latency histogram - each percentile is within 2.2 % of the exact one, the sign included, and count, sum, min and max are exact', () => {
  fc.assert(
    fc.property(latencies, fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1), (values, share) => {
      const histogram = histogramOf(values)
      const sorted = values.toSorted((a, b) => a - b)
      const exact = sorted[Math.max(1, Math.ceil(share * values.length)) - 1]!
      const told = histogram.percentile(share)
      assert.ok(Math.abs(told - exact) <= Math.abs(exact) * 0.022 + 0.5, `${told} for ${exact}`)
      assert.equal(Math.sign(told), Math.sign(exact))
      const { count, averageMs, minMs, maxMs, negative } = histogram.summary()
      assert.deepEqual([count, minMs, maxMs], [values.length, sorted[0], sorted.at(-1)])
      assert.equal(averageMs, values.reduce((sum, value) => sum + value, 0) / values.length)
      assert.equal(negative, values.filter((value) => value < 0).length)
    }),
  )
})

test('latency histogram - whole milliseconds below 22 are told exactly', () => {
  for (let ms = -21; ms < 22; ms++) assert.equal(histogramOf([ms - 1, ms, ms + 1]).percentile(0.5), ms)
})

test('latency histogram - adding histograms is as recording everything in one, whatever the split', () => {
  fc.assert(
    fc.property(latencies, latencies, (some, others) => {
      const sum = histogramOf(some)
      sum.add(histogramOf(others))
      assert.deepEqual(sum.summary(), histogramOf([...some, ...others]).summary())
    }),
  )
})

test('latency histogram - the buckets since an earlier copy give back what was recorded since', () => {
  fc.assert(
    fc.property(latencies, latencies, (before, since) => {
      const earlier = histogramOf(before)
      const again = histogramOf(before)
      for (const [bucket, more] of histogramOf([...before, ...since]).bucketsSince(earlier)) again.addToBucket(bucket, more)
      const whole = histogramOf([...before, ...since])
      again.count = whole.count
      again.min = whole.min
      again.max = whole.max
      for (const share of [0.01, 0.5, 0.99]) assert.equal(again.percentile(share), whole.percentile(share))
    }),
  )
})

test('latency histogram - without records there is nothing to tell', () => {
  const { count, averageMs, p99Ms } = new LatencyHistogram().summary()
  assert.deepEqual([count, averageMs, p99Ms], [0, null, null])
})
