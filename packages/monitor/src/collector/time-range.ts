import { type OffsetRanges, WINDOW_MS } from 'sluice/monitor-report'
import { noOffsets, unionAll } from './offset-ranges.ts'
import type { KeptCell, PartitionState } from './partition-state.ts'

/** From and to, milliseconds since 1970. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** Cells of the windows that are in a range, if only in part; without one, of all. Records of odd timestamps are in any range. */
export function* cellsIn(partition: PartitionState, range: TimeRange | undefined): Generator<KeptCell> {
  for (const [window, cells] of partition.windows) if (isIn(window, range)) yield* cells.values()
}

/** Offsets that were acknowledged, or given out to anybody, with a timestamp of the range; undefined for no limit. */
export function offsetsIn(partition: PartitionState, range: TimeRange | undefined): OffsetRanges | undefined {
  if (range === undefined) return undefined
  const told: OffsetRanges[] = []
  for (const kept of cellsIn(partition, range)) told.push(kept.told, ...Object.values(kept.cell.filtered ?? {}))
  return unionAll(told)
}

export function ackedIn(partition: PartitionState, range: TimeRange | undefined): OffsetRanges {
  if (range === undefined) return partition.acked.toRanges()
  const acked: OffsetRanges[] = []
  for (const { session, told } of cellsIn(partition, range)) if (session.client.role === 'producer') acked.push(told)
  return acked.length === 0 ? noOffsets : unionAll(acked)
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
  return range === undefined || window < 0 || (window + WINDOW_MS > range.from && window < range.to)
}
