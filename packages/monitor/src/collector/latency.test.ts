import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from '../simulator/simulator.ts'
import { type CorrectedLatency, correctedLatency, mergeLatencies, unknownClockOf } from './latency.ts'
import { MonitorState } from './monitor-state.ts'
import { applyAll } from './testing.ts'

test('latency - corrected for clocks that are seconds apart, the mean is the true one within the bound', () => {
  let checked = 0
  let skewed = 0
  for (let seed = 1; seed <= 120; seed++) {
    const { events, truth } = simulate(seed)
    const state = applyAll(new MonitorState(), events)
    const unknownClockMs = unknownClockOf(state.sessions.values())
    for (const one of truth) {
      if (!one.latency.onlyMonitored || one.latency.count === 0) continue
      const partition = state.partition(one.topic, one.partition)
      const latencies: (CorrectedLatency | undefined)[] = []
      const raw = { sum: 0, count: 0 }
      for (const [window, cells] of partition.windows) {
        if (window < 0) continue
        latencies.push(correctedLatency(partition, [...cells.values()], one.group, unknownClockMs))
        for (const { session, cell } of cells.values()) {
          if (session.group !== one.group) continue
          raw.sum += cell.transit?.sum ?? 0
          raw.count += cell.transit?.count ?? 0
        }
      }
      const latency = mergeLatencies(latencies)
      // The dead may not have told all: then the means are of different records.
      if (latency === undefined || latency.histogram.count !== one.latency.count) continue
      const mean = latency.histogram.sum / latency.histogram.count
      assert.ok(
        Math.abs(mean - one.latency.meanMs) <= latency.errorMs + 1,
        `seed ${seed} ${one.topic}/${one.partition} ${one.group}: ${mean} ±${latency.errorMs}, truly ${one.latency.meanMs}`,
      )
      checked++
      if (Math.abs(raw.sum / raw.count - one.latency.meanMs) > 500) skewed++
    }
  }
  assert.ok(checked > 100, `only ${checked} streams`)
  assert.ok(skewed > 20, `only ${skewed} of them with clocks that were far off`)
})
