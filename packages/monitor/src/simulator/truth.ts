import type { OffsetRanges } from 'sluice/monitor-report'
import type { Delivery, SimulatedGroup } from './simulated-group.ts'
import type { SimulatedLog } from './simulated-log.ts'
import type { Acknowledged } from './simulated-producer.ts'
import type { SimulatedSession } from './simulated-session.ts'

/** What truly happened to a group's partition, as far as somebody lived to tell it. */
export interface StreamTruth {
  readonly topic: string
  readonly partition: number
  readonly group: string
  readonly missing: OffsetRanges
  readonly pending: OffsetRanges
  readonly expired: OffsetRanges
  readonly unverified: OffsetRanges
  readonly redelivered: OffsetRanges
  readonly replayed: OffsetRanges
  readonly unattributed: OffsetRanges
  readonly overwritten: OffsetRanges
  readonly filtered: Readonly<Record<string, OffsetRanges>>
  /** When each offset was first given out or filtered, told of or not. */
  readonly givenAt: ReadonlyMap<number, number>
  /** When the group first committed past so much, told of or not: offset and time. */
  readonly committedAt: readonly { readonly offset: number; readonly at: number }[]
  /** Of deliveries that were told, of records with a usable timestamp. */
  readonly latency: { readonly count: number; readonly meanMs: number; readonly onlyMonitored: boolean }
}

export interface TruthParts {
  readonly group: SimulatedGroup
  readonly log: SimulatedLog
  readonly acknowledged: readonly Acknowledged[]
  /** When retention moved the start of the log. */
  readonly starts: readonly { readonly at: number; readonly start: number }[]
}

const HOUR_MS = 3_600_000

interface Event {
  readonly session: SimulatedSession
  readonly event: number
}

function isTold({ session, event }: Event): boolean {
  return event < session.toldEvents
}

export function truthOf({ group, log, acknowledged, starts }: TruthParts): StreamTruth {
  const ledger = group.ledger(log)
  const toldAcks = acknowledged.filter(isTold)
  const acked = new Set(toldAcks.filter(({ isAborted }) => !isAborted).map(({ offset }) => offset))
  const aborted = new Set(toldAcks.filter(({ isAborted }) => isAborted).map(({ offset }) => offset))
  const told = ledger.deliveries.filter(isTold)
  const holds = ledger.holds.filter(isTold)
  const begin = holds[0]?.hold.begin ?? Number.POSITIVE_INFINITY
  const given = offsetsOf(told.filter(({ by }) => by === undefined))
  const handled = offsetsOf(told)
  const commits = ledger.commits.filter(isTold)
  // What the cluster was seen to have is known too.
  const known = Math.max(ledger.mostLooked, ...commits.map(({ offset }) => offset))
  const truth = { missing: [] as number[], expired: [] as number[], pending: [] as number[], unverified: [] as number[] }
  for (const offset of [...acked].sort((a, b) => a - b)) {
    if (offset < begin || aborted.has(offset) || handled.has(offset)) continue
    const goneAt = starts.find(({ start }) => start > offset)?.at ?? Number.POSITIVE_INFINITY
    const passedAt = known > offset ? ledger.mostCommittedAt.find((step) => step.offset > offset)!.at : Number.POSITIVE_INFINITY
    if (goneAt < passedAt) truth.expired.push(offset)
    else if (known <= offset) truth.pending.push(offset)
    else {
      const passed = commits.some((commit) => commit.hold.begin <= offset && offset < commit.offset)
      truth[passed ? 'missing' : 'unverified'].push(offset)
    }
  }
  return {
    topic: log.topic,
    partition: log.partition,
    group: group.name,
    missing: rangesOf(truth.missing),
    expired: rangesOf(truth.expired),
    pending: rangesOf(truth.pending),
    unverified: rangesOf(truth.unverified),
    ...repeatsOf(told),
    unattributed: rangesOf([...given].filter((offset) => !acked.has(offset) && !aborted.has(offset))),
    overwritten: rangesOf(twice(toldAcks).filter((offset) => offset >= begin)),
    filtered: filteredOf(told),
    givenAt: new Map(ledger.deliveries.map(({ offset, at }): [number, number] => [offset, at]).reverse()),
    committedAt: ledger.mostCommittedAt,
    latency: latencyOf(told, log),
  }
}

/** The second time and any later one, if the first ones are known: by what the group had committed by then. */
function repeatsOf(told: readonly Delivery[]): { readonly redelivered: OffsetRanges; readonly replayed: OffsetRanges } {
  const seen = new Set<number>()
  const redelivered: number[] = []
  const replayed: number[] = []
  for (const { offset, committed, by } of told) {
    if (by !== undefined) continue
    if (seen.has(offset)) (offset < committed ? replayed : redelivered).push(offset)
    seen.add(offset)
  }
  return { redelivered: rangesOf(redelivered), replayed: rangesOf(replayed) }
}

function twice(acks: readonly Acknowledged[]): number[] {
  const seen = new Set<number>()
  return acks.flatMap(({ offset, isAborted }) => {
    if (isAborted) return []
    if (seen.has(offset)) return [offset]
    seen.add(offset)
    return []
  })
}

function filteredOf(told: readonly Delivery[]): Record<string, OffsetRanges> {
  const names = new Set(told.flatMap(({ by }) => (by === undefined ? [] : [by])))
  return Object.fromEntries([...names].map((name) => [name, rangesOf(told.filter(({ by }) => by === name).map(({ offset }) => offset))]))
}

function latencyOf(told: readonly Delivery[], log: SimulatedLog): StreamTruth['latency'] {
  const usable = told.filter(({ by, latencyMs }) => by === undefined && Math.abs(latencyMs) < HOUR_MS - 10_000)
  const onlyMonitored = usable.every(({ offset }) => log.at(offset).session !== undefined)
  const sum = usable.reduce((total, { latencyMs }) => total + latencyMs, 0)
  return { count: usable.length, meanMs: usable.length === 0 ? 0 : sum / usable.length, onlyMonitored }
}

function offsetsOf(deliveries: readonly Delivery[]): Set<number> {
  return new Set(deliveries.map(({ offset }) => offset))
}

function rangesOf(offsets: readonly number[]): OffsetRanges {
  const ranges: number[] = []
  for (const offset of [...new Set(offsets)].sort((a, b) => a - b)) {
    const last = ranges.length - 2
    if (last >= 0 && ranges[last]! + ranges[last + 1]! === offset) ranges[last + 1]! += 1
    else ranges.push(offset, 1)
  }
  return ranges
}
