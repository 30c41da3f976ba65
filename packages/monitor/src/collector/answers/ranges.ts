import type { OffsetRanges } from 'sluice/monitor-report'
import type { GapKind, GapRange, RangesAnswer } from '../../api-types.ts'
import type { FoundKind, Judgement } from '../judgement.ts'
import type { MonitorState } from '../monitor-state.ts'
import { contains } from '../offset-ranges.ts'
import type { PartitionState } from '../partition-state.ts'
import { windowOf } from '../time-range.ts'

const found = ['missing', 'expired', 'unverified'] as const
const others = ['pending', 'redelivered', 'replayed', 'unattributed', 'overwritten'] as const

/** Exactly which offsets; undefined for a stream that nothing is known of. */
export function rangesAnswer(state: MonitorState, now: number, topic: string, group: string, kind?: GapKind): RangesAnswer | undefined {
  const ranges: GapRange[] = []
  let isKnown = false
  for (const partition of state.partitionsOf(topic)) {
    const own = partition.monitored(group)
    if (own === undefined) continue
    isKnown = true
    ranges.push(...rangesOf(partition, state.judgement(partition, own, now), kind))
  }
  return isKnown ? { revision: state.revision, ranges } : undefined
}

export function rangesOf(partition: PartitionState, judgement: Judgement, kind: GapKind | undefined): GapRange[] {
  const ranges: GapRange[] = []
  const add = (of: GapKind, offsets: OffsetRanges, more: Pick<GapRange, 'by' | 'foundAt'> = {}): void => {
    if (kind !== undefined && kind !== of) return
    for (let index = 0; index < offsets.length; index += 2) {
      const [first, count] = [offsets[index]!, offsets[index + 1]!]
      const window = windowOf(partition, (told) => contains(told, first))
      const begin = window === undefined ? {} : { window }
      ranges.push({ kind: of, partition: partition.partition, first, last: first + count - 1, count, ...begin, ...more })
    }
  }
  for (const of of found) {
    for (const { first, count, foundAt } of joined(judgement, of)) add(of, [first, count], { foundAt })
  }
  for (const of of others) add(of, judgement[of])
  for (const [by, offsets] of judgement.filtered) add('filtered', offsets, { by })
  return ranges
}

/** What was found in several steps and lies side by side is one range, found when the first of it was. */
function joined({ found: all }: Judgement, kind: FoundKind): { first: number; count: number; foundAt: number }[] {
  const ranges: { first: number; count: number; foundAt: number }[] = []
  for (const { first, count, foundAt } of all.filter((one) => one.kind === kind).sort((a, b) => a.first - b.first)) {
    const last = ranges.at(-1)
    if (last === undefined || last.first + last.count < first) ranges.push({ first, count, foundAt })
    else {
      last.count += count
      last.foundAt = Math.min(last.foundAt, foundAt)
    }
  }
  return ranges
}
