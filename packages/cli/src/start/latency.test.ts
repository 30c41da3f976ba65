import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LatencyHistogram } from './latency.ts'

test('latency - percentiles are those of the sorted list', () => {
  const histogram = new LatencyHistogram()
  for (let latency = 100; latency >= 1; latency--) histogram.record(latency)
  assert.equal(histogram.percentile(0.5), 50)
  assert.equal(histogram.percentile(0.99), 99)
  assert.equal(histogram.percentile(1), 100)
})

test('latency - without records there is no percentile, and a clock that went back counts as 0', () => {
  const histogram = new LatencyHistogram()
  assert.equal(histogram.percentile(0.5), null)
  histogram.record(-5)
  assert.equal(histogram.percentile(0.5), 0)
  histogram.record(10 ** 9)
  assert.equal(histogram.percentile(1), 60_000)
})
