import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from '../simulator/simulator.ts'
import { seriesAnswer } from './answers/series.ts'
import { streamsAnswer } from './answers/streams.ts'
import { compact } from './compaction.ts'
import { MonitorState } from './monitor-state.ts'
import { countOf, intersection } from './offset-ranges.ts'
import { applyAll, judgementOf, kinds } from './testing.ts'

test('compaction - what was found stays to the offset, counts stay, and cells go', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const simulation = simulate(seed, { hasFacts: false })
    const { events, truth, endsAt } = simulation
    const state = applyAll(new MonitorState(), events)
    const whole = streamsAnswer(state, endsAt)
    const from = events[0]!.at - (events[0]!.at % 60_000)
    const series = truth.map(({ topic, group }) => seriesAnswer(state, endsAt, { topic, group, from, to: endsAt, bin: 60_000 }))
    const before = truth.map((one) => judgementOf(state, one, endsAt))
    compact(state, endsAt, { exactMs: 0, mostMs: 0 })
    for (const { partition } of truth.map((one) => ({ partition: state.partition(one.topic, one.partition) }))) {
      assert.deepEqual(
        [...partition.windows.keys()].filter((window) => window >= 0),
        [],
      )
    }
    for (const [index, one] of truth.entries()) {
      const after = judgementOf(state, one, endsAt)
      for (const kind of kinds) {
        if (kind === 'pending') continue
        assert.deepEqual(after?.[kind], before[index]?.[kind], `seed ${seed} ${one.topic}/${one.partition} ${one.group} ${kind}`)
      }
      assert.deepEqual(after?.filtered, before[index]?.filtered, `seed ${seed} filtered`)
    }
    for (const [index, row] of streamsAnswer(state, endsAt).streams.entries()) {
      const { produced, consumed, missing, lag } = whole.streams[index]!
      assert.deepEqual(
        [row.produced, row.consumed, row.missing, row.lag],
        [produced, consumed, missing, lag],
        `seed ${seed} ${row.topic} ${row.group}`,
      )
    }
    for (const [index, { topic, group }] of truth.entries()) {
      const after = seriesAnswer(state, endsAt, { topic, group, from, to: endsAt, bin: 60_000 })
      const counts = (answer: typeof after) => answer?.bins.map(({ expected, consumed, missing }) => [expected, consumed, missing])
      assert.deepEqual(counts(after), counts(series[index]), `seed ${seed} ${topic} ${group}`)
    }
  }
})

test('compaction - reports that come again after it count for nothing', () => {
  const simulation = simulate(3, { hasFacts: false })
  const state = applyAll(new MonitorState(), simulation.events)
  compact(state, simulation.endsAt, { exactMs: 0, mostMs: 0 })
  const before = streamsAnswer(state, simulation.endsAt).streams
  applyAll(state, simulation.events)
  assert.deepEqual(streamsAnswer(state, simulation.endsAt).streams, before)
})

test('compaction - a group that lags keeps what it has not reached, for as long as is allowed', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { events, truth, endsAt } = simulate(seed)
    const state = applyAll(new MonitorState(), events)
    const before = truth.map((one) => judgementOf(state, one, endsAt)?.pending ?? [])
    compact(state, endsAt, { exactMs: 0 })
    for (const [index, one] of truth.entries()) {
      const pending = judgementOf(state, one, endsAt)?.pending ?? []
      assert.equal(countOf(intersection(pending, before[index]!)), countOf(before[index]!), `seed ${seed}`)
    }
  }
})
