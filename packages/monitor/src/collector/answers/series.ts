import { WINDOW_MS } from 'sluice/monitor-report'
import type { SeriesAnswer, SeriesBin } from '../../api-types.ts'
import { mergeAll } from '../histogram.ts'
import { LagHistory } from '../lag.ts'
import { type CorrectedLatency, correctedLatency, mergeLatencies, summaryOf, unknownClockOf } from '../latency.ts'
import type { MonitorState } from '../monitor-state.ts'
import { countOf, difference, intersection, unionAll } from '../offset-ranges.ts'
import { ackedIn, cellsIn, seenIn, summariesIn, type TimeRange } from '../time-range.ts'

export interface SeriesQuestion extends TimeRange {
  readonly topic: string
  readonly group: string
  /** Milliseconds, a multiple of the window; undefined: as suits the range. */
  readonly bin?: number | undefined
}

/** Bins that are offered by themselves: as few as show at least so many points. */
const bins = [WINDOW_MS, 60_000, 900_000, 3_600_000] as const
const MAX_BINS = 400

/** Bins of a stream, oldest first; undefined for one that nothing is known of. */
export function seriesAnswer(state: MonitorState, now: number, question: SeriesQuestion): SeriesAnswer | undefined {
  const { topic, group, from, to } = question
  const bin = question.bin ?? bins.find((length) => (to - from) / length <= MAX_BINS) ?? bins[bins.length - 1]!
  const partitions = state.partitionsOf(topic).flatMap((partition) => {
    const own = partition.monitored(group)
    if (own === undefined) return []
    const judgement = state.judgement(partition, own, now)
    return [{ partition, judgement, history: new LagHistory(partition, own, judgement.start) }]
  })
  if (partitions.length === 0) return undefined
  const unknownClockMs = unknownClockOf(state.sessions.values())
  const deaths = [...state.sessions.values()].filter((session) => session.stateAt(now) === 'dead').map(({ lastReportAt }) => lastReportAt)
  const answers: SeriesBin[] = []
  for (let time = from - (from % bin); time < to && time <= now; time += bin) {
    const range = { from: time, to: time + bin, isTimed: true } as const
    const counts = { expected: 0, consumed: 0, missing: 0, pending: 0, redelivered: 0 }
    const latencies: (CorrectedLatency | undefined)[] = []
    const processes = []
    let lag: number | null = null
    let lagMs: number | null = null
    for (const { partition, judgement, history } of partitions) {
      const acked = ackedIn(partition, range)
      const seen = seenIn(partition, group, range)
      const due = difference(judgement.owed, unionAll([...judgement.filtered.values()]))
      counts.expected += countOf(intersection(due, acked))
      counts.consumed += countOf(seen)
      for (const kind of ['missing', 'pending'] as const) counts[kind] += countOf(intersection(judgement[kind], acked))
      counts.redelivered += countOf(intersection(judgement.redelivered, seen))
      for (let window = time; window < time + bin; window += WINDOW_MS) {
        const cells = [...(partition.windows.get(window)?.values() ?? [])]
        if (cells.length > 0) latencies.push(correctedLatency(partition, cells, group, unknownClockMs))
      }
      for (const { session, cell } of cellsIn(partition, range)) if (session.group === group) processes.push(cell.process)
      for (const { groups } of summariesIn(partition, range)) {
        const summary = groups.get(group)
        if (summary === undefined) continue
        for (const kind of ['expected', 'consumed', 'missing', 'redelivered'] as const) counts[kind] += summary.counts[kind]
        latencies.push(summary.latency)
        processes.push(summary.process)
      }
      const behind = history.at(Math.min(now, time + bin))
      if (behind === null) continue
      lag = (lag ?? 0) + behind.records
      lagMs = Math.max(lagMs ?? 0, Math.round(behind.ms))
    }
    const process = mergeAll(processes)
    answers.push({
      time,
      ...counts,
      latency: summaryOf(mergeLatencies(latencies)),
      process: summaryOf(process === undefined ? undefined : { histogram: process, errorMs: 0 }),
      partial: deaths.some((death) => death >= time - WINDOW_MS && death < time + bin),
      lag,
      lagMs,
    })
  }
  return { revision: state.revision, bin, bins: answers }
}
