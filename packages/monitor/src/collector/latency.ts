import type { HistogramState } from 'sluice/monitor-report'
import type { LatencySummary } from '../api-types.ts'
import { mergeAll, quantile, shifted } from './histogram.ts'
import { difference } from './offset-ranges.ts'
import type { KeptCell, PartitionState } from './partition-state.ts'
import type { SessionState } from './session-state.ts'
import { ackedOf } from './time-range.ts'

/** Of a machine's own clock: its timestamps are whole milliseconds. */
const SAME_CLOCK_MS = 1

interface Correction {
  readonly by: number
  readonly errorMs: number
}

/** Latencies of cells of one window and partition, moved by what the clocks of both ends differ. */
export interface CorrectedLatency {
  readonly histogram: HistogramState
  readonly errorMs: number
}

/**
 * From the timestamp that producers gave to the fetch. Which record is whose is not known, only who wrote in the window: with
 * several clocks the middle of them is taken, and the bound is as wide as they are apart. Records of nobody who tells may be
 * of anybody who ever wrote to the partition.
 */
export function correctedLatency(
  partition: PartitionState,
  cells: readonly KeptCell[],
  group: string,
  unknownClockMs: number,
): CorrectedLatency | undefined {
  const acked = ackedOf(cells)
  const producers = cells
    .filter(({ session, cell }) => session.client.role === 'producer' && cell.records > 0)
    .map(({ session }) => session)
  const anybody = [...partition.ackedBy.values()].map(({ session }) => session)
  const byShift = new Map<number, HistogramState>()
  let errorMs = 0
  for (const { session, cell, told } of cells) {
    if (cell.transit === undefined || cell.transit.count === 0 || session.group !== group) continue
    const isWhole = difference(told, acked).length === 0
    const correction = correctionOf(session, isWhole ? producers : anybody, unknownClockMs)
    errorMs = Math.max(errorMs, correction.errorMs)
    byShift.set(correction.by, mergeAll([byShift.get(correction.by), cell.transit])!)
  }
  const histogram = mergeAll([...byShift].map(([by, one]) => shifted(one, by)))
  return histogram === undefined ? undefined : { histogram, errorMs }
}

export function mergeLatencies(latencies: readonly (CorrectedLatency | undefined)[]): CorrectedLatency | undefined {
  const histogram = mergeAll(latencies.map((latency) => latency?.histogram))
  if (histogram === undefined) return undefined
  return { histogram, errorMs: Math.max(...latencies.map((latency) => latency?.errorMs ?? 0)) }
}

export function summaryOf(latency: CorrectedLatency | undefined): LatencySummary | null {
  if (latency === undefined) return null
  const { histogram, errorMs } = latency
  const at = (q: number): number => round(quantile(histogram, q))
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: round(histogram.max), errorMs: round(errorMs) }
}

/** How far clocks are off that nothing is known of: as far as the worst of those that are known. */
export function unknownClockOf(sessions: Iterable<SessionState>): number {
  let worst = 0
  for (const { clock } of sessions) if (clock !== null) worst = Math.max(worst, Math.abs(clock.aheadMs) + clock.errorMs)
  return worst
}

function correctionOf(consumer: SessionState, producers: readonly SessionState[], unknownClockMs: number): Correction {
  const all = producers.map((producer) => correctionBetween(consumer, producer, unknownClockMs))
  if (all.length === 0) return correctionBetween(consumer, undefined, unknownClockMs)
  const low = Math.min(...all.map(({ by, errorMs }) => by - errorMs))
  const high = Math.max(...all.map(({ by, errorMs }) => by + errorMs))
  const same = all.every(({ by }) => by === all[0]!.by)
  // Whole steps, so that most histograms move by the same.
  const by = Math.round(same ? all[0]!.by : (low + high) / 2)
  return { by, errorMs: Math.max(by - low, high - by) }
}

function correctionBetween(consumer: SessionState, producer: SessionState | undefined, unknownClockMs: number): Correction {
  if (producer !== undefined && producer.client.host === consumer.client.host) return { by: 0, errorMs: SAME_CLOCK_MS }
  const [from, to] = [producer?.clock ?? null, consumer.clock]
  if (to === null) return { by: 0, errorMs: unknownClockMs }
  if (from === null) return { by: -to.aheadMs, errorMs: to.errorMs + unknownClockMs }
  return { by: from.aheadMs - to.aheadMs, errorMs: from.errorMs + to.errorMs }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
