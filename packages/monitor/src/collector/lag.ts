import { WINDOW_MS } from 'sluice/monitor-report'
import { CommitSteps } from './commit-steps.ts'
import type { GroupPartition } from './group-partition.ts'
import { countOf, endOf, within } from './offset-ranges.ts'
import type { PartitionState } from './partition-state.ts'

export interface Lag {
  readonly records: number
  /** Age of the oldest of them, milliseconds. */
  readonly ms: number
}

interface Written {
  readonly window: number
  /** From the first to behind the last offset that was acknowledged in the window. */
  readonly first: number
  readonly end: number
}

/** How far a group was behind, at any time that is still known. */
export class LagHistory {
  readonly #partition: PartitionState
  readonly #written: readonly Written[]
  readonly #committed = new CommitSteps()
  readonly #start: number | undefined

  constructor(partition: PartitionState, group: GroupPartition, start: number | undefined) {
    this.#partition = partition
    this.#start = start
    this.#committed.addAll(group.fetched)
    for (const { steps } of group.holds.values()) this.#committed.addAll(steps)
    const written: Written[] = []
    for (const [window, cells] of partition.windows) {
      if (window < 0) continue
      let [first, end] = [Number.POSITIVE_INFINITY, 0]
      for (const { session, told } of cells.values()) {
        if (session.client.role !== 'producer' || told.length === 0) continue
        first = Math.min(first, told[0]!)
        end = Math.max(end, endOf(told))
      }
      if (end > 0) written.push({ window, first, end })
    }
    this.#written = written.sort((a, b) => a.window - b.window)
  }

  /** Null before anything was known of the group. */
  at(time: number): Lag | null {
    if (this.#start === undefined) return null
    const reached = Math.max(this.#start, this.#committed.reachedBy(time), this.#partition.log.start)
    let end = 0
    for (const written of this.#written) if (written.window + WINDOW_MS <= time) end = Math.max(end, written.end)
    if (end <= reached) return { records: 0, ms: 0 }
    const records = countOf(within(this.#partition.acked.toRanges(), reached, end))
    return { records, ms: records === 0 ? 0 : Math.max(0, time - this.timeOf(reached, time)) }
  }

  /** When a record was written, within its window as if all of it were written evenly. */
  timeOf(offset: number, now: number): number {
    const found = this.#written.find(({ end }) => end > offset)
    if (found === undefined) return now
    const share = Math.max(0, offset - found.first) / (found.end - found.first)
    return found.window + share * Math.min(WINDOW_MS, Math.max(0, now - found.window))
  }
}

/** Whether lag grew or shrank by more than a tenth, over values that are evenly apart: the median of all slopes. */
export function trendOf(lags: readonly (number | null)[]): 'growing' | 'shrinking' | 'steady' {
  const known = lags.flatMap((lag, index) => (lag === null ? [] : [{ lag, index }]))
  if (known.length < 3) return 'steady'
  const slopes: number[] = []
  for (let to = 1; to < known.length; to++) {
    for (let from = 0; from < to; from++) slopes.push((known[to]!.lag - known[from]!.lag) / (known[to]!.index - known[from]!.index))
  }
  slopes.sort((a, b) => a - b)
  const change = slopes[slopes.length >>> 1]! * known.length
  const mean = known.reduce((sum, { lag }) => sum + lag, 0) / known.length
  if (Math.abs(change) <= Math.max(1, mean / 10)) return 'steady'
  return change > 0 ? 'growing' : 'shrinking'
}
