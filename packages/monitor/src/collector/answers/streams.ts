import { type OffsetRanges, WINDOW_MS } from 'sluice/monitor-report'
import type { StreamRow, StreamsAnswer } from '../../api-types.ts'
import { countedKinds } from '../compaction.ts'
import type { GroupPartition } from '../group-partition.ts'
import type { Judgement } from '../judgement.ts'
import { type Lag, LagHistory, trendOf } from '../lag.ts'
import { type CorrectedLatency, correctedLatency, mergeLatencies, summaryOf, unknownClockOf } from '../latency.ts'
import type { MonitorState } from '../monitor-state.ts'
import { countOf, intersection, unionAll } from '../offset-ranges.ts'
import type { KeptCell, PartitionState } from '../partition-state.ts'
import { ackedIn, ackedOf, cellsIn, filteredOf, producedIn, seenIn, seenOf, summariesIn, type TimeRange } from '../time-range.ts'

/** Rates are of the last minute; its end is what has been reported by now. */
const RATE_MS = 60_000
const REPORTED_AFTER_MS = WINDOW_MS
/** Windows of the small chart and of the trend: five minutes. */
const RECENT_WINDOWS = 30

/** One row per topic and group, and one per topic that no group reads; `range` limits what is counted, lag is as of now. */
export function streamsAnswer(state: MonitorState, now: number, range?: TimeRange): StreamsAnswer {
  const streams: StreamRow[] = []
  for (const topic of [...state.topics()].sort()) {
    const partitions = state.partitionsOf(topic)
    const groups = new Set(
      partitions.flatMap((partition) => [...partition.groups.keys()].filter((name) => partition.monitored(name) !== undefined)),
    )
    if (groups.size === 0) {
      if (partitions.some(({ ackedBy }) => ackedBy.size > 0)) streams.push(rowOf(state, topic, null, now, range))
    }
    for (const group of [...groups].sort()) streams.push(rowOf(state, topic, group, now, range))
  }
  return { revision: state.revision, now, streams }
}

export function rowOf(state: MonitorState, topic: string, group: string | null, now: number, range: TimeRange | undefined): StreamRow {
  const partitions = state.partitionsOf(topic).filter(({ partition }) => partition >= 0)
  const rate = lastMinute(now)
  const count = {
    ...{ produced: 0, consumed: 0, missing: 0, redelivered: 0, replayed: 0, expired: 0, filtered: 0, lag: 0, lagMs: 0 },
    ...{ unattributed: 0, unverified: 0, overwritten: 0 },
  }
  const rates = { produced: 0, consumed: 0 }
  const recent = new RecentShares(now)
  const lags: (readonly (Lag | null)[])[] = []
  const latencies: (CorrectedLatency | undefined)[] = []
  const unknownClockMs = unknownClockOf(state.sessions.values())
  for (const partition of partitions) {
    count.produced += producedIn(partition, range)
    for (const { produced } of summariesIn(partition, range)) count.produced += produced
    rates.produced += producedIn(partition, rate)
    const own = group === null ? undefined : partition.monitored(group)
    if (own === undefined) continue
    const judgement = state.judgement(partition, own, now)
    const cells = [...cellsIn(partition, range)]
    const seen = seenOf(cells, own.group)
    const inRange = unionAll([ackedOf(cells), seen, filteredOf(cells, own.group)])
    const size = (offsets: OffsetRanges): number => countOf(range === undefined ? offsets : intersection(offsets, inRange))
    count.consumed += countOf(seen)
    for (const kind of countedKinds) {
      count[kind] += size(judgement[kind])
    }
    for (const { groups } of summariesIn(partition, range)) {
      const summary = groups.get(own.group)
      if (summary === undefined) continue
      count.consumed += summary.counts.consumed
      latencies.push(summary.latency)
      // Without a range, the offsets themselves were counted.
      if (range !== undefined) for (const kind of [...countedKinds, 'filtered'] as const) count[kind] += summary.counts[kind]
    }
    count.filtered += size(unionAll([...judgement.filtered.values()]))
    count.lag += countOf(judgement.pending)
    const history = new LagHistory(partition, own, judgement.start)
    if (judgement.pending.length > 0) count.lagMs = Math.max(count.lagMs, now - history.timeOf(judgement.pending[0]!, now))
    lags.push(recentTimes(now).map((time) => history.at(time)))
    rates.consumed += countOf(seenIn(partition, own.group, rate))
    recent.add(partition, judgement)
    latencies.push(...latenciesOf(partition, own, range, unknownClockMs))
  }
  return {
    topic,
    group,
    ...count,
    lagMs: Math.round(count.lagMs),
    trend: trendOf(sumOf(lags)),
    coverage: count.consumed === 0 ? null : 1 - count.unattributed / count.consumed,
    producedPerSec: perSecond(rates.produced),
    consumedPerSec: perSecond(rates.consumed),
    latency: summaryOf(mergeLatencies(latencies)),
    recent: recent.shares(),
  }
}

function latenciesOf(partition: PartitionState, { group }: GroupPartition, range: TimeRange | undefined, unknownClockMs: number) {
  const windows = new Map<number, KeptCell[]>()
  for (const kept of cellsIn(partition, range)) {
    const cells = windows.get(kept.cell.window)
    if (cells === undefined) windows.set(kept.cell.window, [kept])
    else cells.push(kept)
  }
  // Of records with odd timestamps it is not known how long they took.
  windows.delete(-1)
  return [...windows.values()].map((cells) => correctedLatency(partition, cells, group, unknownClockMs))
}

/** The share of what was owed that the group got, by window. */
class RecentShares {
  readonly #owed = new Map<number, number>()
  readonly #got = new Map<number, number>()
  readonly #last: number

  constructor(now: number) {
    this.#last = now - (now % WINDOW_MS)
  }

  add(partition: PartitionState, { owed, seen, filtered }: Judgement): void {
    const delivered = unionAll([seen, ...filtered.values()])
    for (let window = this.#first; window <= this.#last; window += WINDOW_MS) {
      const due = intersection(owed, ackedIn(partition, { from: window, to: window + WINDOW_MS, isTimed: true }))
      this.#owed.set(window, (this.#owed.get(window) ?? 0) + countOf(due))
      this.#got.set(window, (this.#got.get(window) ?? 0) + countOf(intersection(due, delivered)))
    }
  }

  shares(): (number | null)[] {
    const shares: (number | null)[] = []
    for (let window = this.#first; window <= this.#last; window += WINDOW_MS) {
      const owed = this.#owed.get(window) ?? 0
      shares.push(owed === 0 ? null : this.#got.get(window)! / owed)
    }
    return shares
  }

  get #first(): number {
    return this.#last - (RECENT_WINDOWS - 1) * WINDOW_MS
  }
}

function lastMinute(now: number): TimeRange {
  const to = now - (now % WINDOW_MS) - REPORTED_AFTER_MS
  return { from: to - RATE_MS, to, isTimed: true }
}

function perSecond(count: number): number {
  return Math.round((count / (RATE_MS / 1000)) * 100) / 100
}

/** Ends of the last windows, oldest first. */
export function recentTimes(now: number): number[] {
  const last = now - (now % WINDOW_MS)
  return Array.from({ length: RECENT_WINDOWS }, (_, index) => last - (RECENT_WINDOWS - 1 - index) * WINDOW_MS)
}

function sumOf(lags: readonly (readonly (Lag | null)[])[]): (number | null)[] {
  return Array.from({ length: RECENT_WINDOWS }, (_, index) =>
    lags.reduce<number | null>((sum, of) => (of[index] == null ? sum : (sum ?? 0) + of[index].records), null),
  )
}
