// What is derived from a row of the collector's answer.
import type { GapKind, GapRange, StreamRow } from '../api-types.ts'

/** Worst first, as ranges are listed. `pending` is lag, told as such. */
export const kindOrder: readonly GapKind[] = [
  'missing',
  'expired',
  'overwritten',
  'unverified',
  'redelivered',
  'replayed',
  'filtered',
  'unattributed',
  'pending',
]

/** Records are gone for the application. */
export function isLoss(kind: GapKind): boolean {
  return kind === 'missing' || kind === 'expired' || kind === 'overwritten'
}

export function lostRecords({ missing, expired, overwritten }: StreamRow): number {
  return missing + expired + overwritten
}

/** Of the records that the group has passed: what was given to the application. Null before there are any. */
export function deliveredShare(row: StreamRow): number | null {
  const judged = row.consumed + lostRecords(row)
  return row.group === null || judged === 0 ? null : row.consumed / judged
}

/** Tells streams apart; neither part can hold a line break. */
export function streamKey({ topic, group }: Pick<StreamRow, 'topic' | 'group'>): string {
  return `${topic}\n${group ?? ''}`
}

/** Until nothing is left at the present rates, in milliseconds; Infinity when it never will be. */
export function drainMs({ lag, producedPerSec, consumedPerSec }: StreamRow): number {
  if (lag === 0) return 0
  const perSecond = consumedPerSec - producedPerSec
  return perSecond <= 0 ? Number.POSITIVE_INFINITY : (lag / perSecond) * 1000
}

export const sortOrders = ['worst', 'lag', 'latency', 'rate', 'name'] as const
export type SortOrder = (typeof sortOrders)[number]

const measures: Readonly<Record<Exclude<SortOrder, 'name'>, readonly ((row: StreamRow) => number)[]>> = {
  worst: [lostRecords, ({ redelivered, replayed }) => redelivered + replayed, ({ lagMs }) => lagMs],
  lag: [({ lagMs }) => lagMs, ({ lag }) => lag],
  latency: [({ latency }) => latency?.p99 ?? -1],
  rate: [({ producedPerSec }) => producedPerSec, ({ consumedPerSec }) => consumedPerSec],
}

/** Greatest first by the measure, then by name: rows that are alike keep their places. */
export function sortStreams(rows: readonly StreamRow[], order: SortOrder, reversed = false): StreamRow[] {
  const by = order === 'name' ? [] : measures[order]
  const sorted = [...rows].sort((a, b) => {
    for (const measure of by) if (measure(a) !== measure(b)) return measure(b) - measure(a)
    return compareNames(a.topic, b.topic) || compareNames(a.group ?? '', b.group ?? '')
  })
  return reversed ? sorted.reverse() : sorted
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** By partition, then worst first, then by offset. */
export function sortRanges(ranges: readonly GapRange[]): GapRange[] {
  const rank = (kind: GapKind): number => kindOrder.indexOf(kind)
  return [...ranges].sort((a, b) => a.partition - b.partition || rank(a.kind) - rank(b.kind) || a.first - b.first)
}

export interface StreamFilter {
  /** Names, in which `*` stands for any characters; none for all. */
  readonly topics: readonly string[]
  readonly groups: readonly string[]
}

export function matchesFilter({ topics, groups }: StreamFilter, { topic, group }: StreamRow): boolean {
  return matchesAny(topics, topic) && (groups.length === 0 || (group !== null && matchesAny(groups, group)))
}

function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matchesPattern(pattern, name))
}

/** In time proportional to the name for each star: no regular expression is made of what was typed. */
function matchesPattern(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return name === pattern
  const last = rest.pop()!
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > name.length - last.length) return false
    at = found + part.length
  }
  return true
}
