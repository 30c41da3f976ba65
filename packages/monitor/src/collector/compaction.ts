import { type HistogramState, type OffsetRanges, WINDOW_MS } from 'sluice/monitor-report'
import { type GroupPartition, type Settled, settledOf } from './group-partition.ts'
import { mergeAll } from './histogram.ts'
import type { Judgement } from './judgement.ts'
import { type CorrectedLatency, correctedLatency, mergeLatencies, unknownClockOf } from './latency.ts'
import type { MonitorState } from './monitor-state.ts'
import { countOf, difference, endOf, intersection, unionAll, within } from './offset-ranges.ts'
import type { KeptCell, PartitionState } from './partition-state.ts'
import { ackedOf, filteredOf, seenOf } from './time-range.ts'

/** What is left of windows that are over and judged: numbers, no offsets. */
export interface WindowSummary {
  readonly window: number
  produced: number
  readonly groups: Map<string, GroupSummary>
}

export interface GroupSummary {
  readonly counts: Record<SummaryCount, number>
  latency: CorrectedLatency | undefined
  process: HistogramState | undefined
}

/** What is counted beside what was expected and consumed. */
export const countedKinds = ['missing', 'expired', 'unverified', 'redelivered', 'replayed', 'unattributed', 'overwritten'] as const
export type SummaryCount = (typeof countedKinds)[number] | 'expected' | 'consumed' | 'filtered'
const summaryCounts: readonly SummaryCount[] = ['expected', 'consumed', 'filtered', ...countedKinds]

export interface CompactionOptions {
  /** Windows are kept to the offset for so long, if the groups have passed them. @default 2 hours */
  readonly exactMs?: number
  /** And for so long at most. @default 24 hours */
  readonly mostMs?: number
  /** Summaries of a minute become ones of a quarter of an hour after so long. @default 24 hours */
  readonly minutesMs?: number
  /** Summaries and found ranges are forgotten after so long. @default 7 days */
  readonly keepMs?: number
}

const MINUTE_MS = 60_000
const QUARTER_MS = 900_000
const HOUR_MS = 3_600_000
/** Found ranges of a group's partition; of more the oldest go. */
const MAX_SETTLED = 10_000

/** Makes what is old smaller, so that memory does not grow with time. Exact ranges that were found stay. */
export function compact(state: MonitorState, now: number, options: CompactionOptions = {}): void {
  const { exactMs = 2 * HOUR_MS, mostMs = 24 * HOUR_MS, minutesMs = 24 * HOUR_MS, keepMs = 7 * 24 * HOUR_MS } = options
  for (const topic of state.topics()) {
    for (const partition of state.partitionsOf(topic)) {
      summarize(state, partition, now, { exactBefore: now - exactMs, mostBefore: now - mostMs })
      mergeSummaries(partition, now - minutesMs, now - keepMs)
      partition.log.forget(now - mostMs)
      for (const group of partition.groups.values()) {
        const kept = group.settled.filter(({ foundAt }) => foundAt >= now - keepMs).slice(-MAX_SETTLED)
        if (kept.length < group.settled.length) group.settle(kept)
      }
    }
  }
  state.forgetSessions(now - keepMs)
}

function summarize(
  state: MonitorState,
  partition: PartitionState,
  now: number,
  { exactBefore, mostBefore }: { readonly exactBefore: number; readonly mostBefore: number },
): void {
  const groups = [...partition.groups.values()].filter(({ isMonitored }) => isMonitored)
  const passed = Math.min(...groups.map((group) => group.furthestCommitted))
  const old = [...partition.windows].filter(([window, cells]) => {
    if (window < 0 || window + WINDOW_MS > exactBefore) return false
    return window + WINDOW_MS <= mostBefore || [...cells.values()].every(({ told }) => endOf(told) <= passed)
  })
  if (old.length === 0) return
  const judgements = groups.map((group) => ({ group, judgement: state.judgement(partition, group, now) }))
  const unknownClockMs = unknownClockOf(state.sessions.values())
  for (const [window, cells] of old) {
    addSummary(partition, window - (window % MINUTE_MS), [...cells.values()], judgements, unknownClockMs)
    partition.windows.delete(window)
    partition.summarizedUntil = Math.max(partition.summarizedUntil, window + WINDOW_MS)
  }
  let floor = passed === Number.POSITIVE_INFINITY ? endOf(partition.acked.toRanges()) : passed
  for (const cells of partition.windows.values()) {
    for (const { told } of cells.values()) if (told.length > 0) floor = Math.min(floor, told[0]!)
  }
  if (floor <= partition.floor) return
  for (const { group, judgement } of judgements) group.forgetBelow(floor, settledBelow(group, judgement, floor, now), judgement.start)
  partition.forgetBelow(floor)
}

type Judged = readonly { readonly group: GroupPartition; readonly judgement: Judgement }[]

function addSummary(
  partition: PartitionState,
  minute: number,
  cells: readonly KeptCell[],
  judgements: Judged,
  unknownClockMs: number,
): void {
  const summary = partition.summaryOf(minute)
  const acked = ackedOf(cells)
  summary.produced += countOf(acked)
  for (const { group, judgement } of judgements) {
    const of = groupSummaryOf(summary, group.group)
    const filtered = unionAll([...judgement.filtered.values()])
    const isOwn = (kept: KeptCell): boolean => kept.session.group === group.group
    of.counts.expected += countOf(intersection(difference(judgement.owed, filtered), acked))
    const seen = seenOf(cells, group.group)
    const leftOut = filteredOf(cells, group.group)
    const all = unionAll([acked, seen, leftOut])
    of.counts.consumed += countOf(seen)
    of.counts.filtered += countOf(leftOut)
    for (const kind of countedKinds) {
      of.counts[kind] += countOf(intersection(judgement[kind], all))
    }
    of.latency = mergeLatencies([of.latency, correctedLatency(partition, cells, group.group, unknownClockMs)])
    of.process = mergeAll([of.process, ...cells.filter(isOwn).map(({ cell }) => cell.process)])
  }
}

export function groupSummaryOf(summary: WindowSummary, group: string): GroupSummary {
  let found = summary.groups.get(group)
  if (found === undefined) {
    const counts = Object.fromEntries(summaryCounts.map((name) => [name, 0])) as Record<SummaryCount, number>
    summary.groups.set(group, (found = { counts, latency: undefined, process: undefined }))
  }
  return found
}

/** What was found below an offset, which is forgotten otherwise. */
function settledBelow(group: GroupPartition, judgement: Judgement, floor: number, now: number): Settled[] {
  const settled: Settled[] = [...group.settled]
  const add = (kind: Settled['kind'], offsets: OffsetRanges, foundAt: number, by?: string): void => {
    const left = within(difference(offsets, settledOf(group.settled, kind, by)), 0, floor)
    for (let index = 0; index < left.length; index += 2) {
      settled.push({ kind, first: left[index]!, count: left[index + 1]!, foundAt, ...(by === undefined ? {} : { by }) })
    }
  }
  for (const { kind, first, count, foundAt } of judgement.found) add(kind, [first, count], foundAt)
  for (const kind of ['redelivered', 'replayed', 'unattributed', 'overwritten'] as const) add(kind, judgement[kind], now)
  for (const [by, offsets] of judgement.filtered) add('filtered', offsets, now, by)
  return settled
}

function mergeSummaries(partition: PartitionState, minutesBefore: number, keepFrom: number): void {
  for (const summary of [...partition.summaries.values()]) {
    const quarter = summary.window - (summary.window % QUARTER_MS)
    if (quarter + QUARTER_MS <= keepFrom) partition.summaries.delete(summary.window)
    else if (quarter !== summary.window && quarter + QUARTER_MS <= minutesBefore) {
      partition.summaries.delete(summary.window)
      const into = partition.summaryOf(quarter)
      into.produced += summary.produced
      for (const [name, { counts, latency, process }] of summary.groups) {
        const group = groupSummaryOf(into, name)
        for (const count of summaryCounts) group.counts[count] += counts[count]
        group.latency = mergeLatencies([group.latency, latency])
        group.process = mergeAll([group.process, process])
      }
    }
  }
}
