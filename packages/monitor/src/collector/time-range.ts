import { type OffsetRanges, WINDOW_MS } from 'sluice/monitor-report'
import type { WindowSummary } from './compaction.ts'
import { countOf, unionAll } from './offset-ranges.ts'
import type { KeptCell, PartitionState } from './partition-state.ts'

/** From and to, milliseconds since 1970. */
export interface TimeRange {
  readonly from: number
  readonly to: number
  /** Without records whose timestamps say nothing of when they were written; those are in any other range. */
  readonly isTimed?: true
}

/** Cells of the windows that are in a range, if only in part; without one, of all. Records of odd timestamps are in any range. */
export function* cellsIn(partition: PartitionState, range: TimeRange | undefined): Generator<KeptCell> {
  for (const [window, cells] of partition.windows) if (isIn(window, range)) yield* cells.values()
}

/** Offsets that were acknowledged with a timestamp of the range, in windows that are kept. */
export function ackedIn(partition: PartitionState, range: TimeRange | undefined): OffsetRanges {
  return ackedOf(cellsIn(partition, range))
}

/** Records that were acknowledged: an offset that was given twice is two of them. */
export function producedIn(partition: PartitionState, range: TimeRange | undefined): number {
  let count = 0
  for (const [window, cells] of partition.windows) if (isIn(window, range)) count += countOf(ackedOf(cells.values()))
  return count
}

/** Offsets that a group got with a timestamp of the range, in windows that are kept. */
export function seenIn(partition: PartitionState, group: string, range: TimeRange | undefined): OffsetRanges {
  return seenOf(cellsIn(partition, range), group)
}

export function ackedOf(cells: Iterable<KeptCell>): OffsetRanges {
  return unionAll([...cells].filter(({ session }) => session.client.role === 'producer').map(({ told }) => told))
}

export function seenOf(cells: Iterable<KeptCell>, group: string): OffsetRanges {
  return unionAll([...cells].filter(({ session }) => session.group === group).map(({ told }) => told))
}

export function filteredOf(cells: Iterable<KeptCell>, group: string): OffsetRanges {
  return unionAll([...cells].flatMap(({ session, cell }) => (session.group === group ? Object.values(cell.filtered ?? {}) : [])))
}

/** Begin of the window that an offset was acknowledged or given out in; undefined when that is not known. */
export function windowOf(partition: PartitionState, contains: (ranges: OffsetRanges) => boolean): number | undefined {
  let found: number | undefined
  for (const [window, cells] of partition.windows) {
    if (window < 0 || (found !== undefined && window >= found)) continue
    for (const { told } of cells.values()) if (contains(told)) found = window
  }
  return found
}

function isIn(window: number, range: TimeRange | undefined): boolean {
  return range === undefined || (window < 0 && range.isTimed === undefined) || (window + WINDOW_MS > range.from && window < range.to)
}

/** Summaries whose windows began in a range; without one, all. */
export function* summariesIn(partition: PartitionState, range: TimeRange | undefined): Generator<WindowSummary> {
  for (const summary of partition.summaries.values()) {
    if (range === undefined || (summary.window >= range.from && summary.window < range.to)) yield summary
  }
}
