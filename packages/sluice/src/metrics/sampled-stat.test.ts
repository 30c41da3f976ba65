import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SampledStat } from './sampled-stat.ts'

test('sampled stat - nothing recorded: no rate, no average, no maximum', () => {
  const stat = new SampledStat(0)
  assert.equal(stat.countRate(10), 0)
  assert.equal(stat.sumRate(10), 0)
  assert.equal(stat.average(10), Number.NaN)
  assert.equal(stat.max(10), Number.NaN)
  assert.deepEqual([stat.totalCount, stat.totalSum], [0, 0])
})

test('sampled stat - an early rate is taken over a whole window at least', () => {
  const stat = new SampledStat(1000)
  stat.record(60, 1000)
  assert.equal(stat.sumRate(1000), 2)
  assert.equal(stat.sumRate(16_000), 60 / 45)
})

test('sampled stat - rates look back over this window and the one before', () => {
  const stat = new SampledStat(0)
  stat.record(10, 0)
  stat.record(30, 29_999)
  stat.record(20, 40_000)
  assert.equal(stat.sumRate(50_000), 60 / 50)
  assert.equal(stat.countRate(50_000), 3 / 50)
  assert.equal(stat.average(50_000), 20)
  assert.equal(stat.max(50_000), 30)
})

test('sampled stat - what is older than both windows no longer counts, except in the totals', () => {
  const stat = new SampledStat(0)
  stat.record(100, 0)
  stat.record(20, 40_000)
  assert.equal(stat.max(59_999), 100)
  assert.equal(stat.max(60_000), 20)
  assert.equal(stat.sumRate(70_000), 20 / 30)
  assert.equal(stat.average(100_000), Number.NaN)
  assert.equal(stat.sumRate(100_000), 0)
  assert.deepEqual([stat.totalCount, stat.totalSum], [2, 120])
})

test('sampled stat - a value may stand for several', () => {
  const stat = new SampledStat(0)
  stat.record(300, 0, 3)
  stat.record(100, 0, 1)
  assert.equal(stat.average(0), 100)
  assert.equal(stat.totalCount, 4)
})
