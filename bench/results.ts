/** What one client did in one case; medians have the same shape. Which figures there are depends on the case. */
export interface Result {
  readonly case: string
  readonly client: string
  /** What was measured of ours, where two revisions are compared. */
  readonly revision?: string
  readonly recordsPerSec?: number
  readonly mbPerSec?: number
  readonly cpuSec?: number
  readonly rssMb?: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  readonly growthMb?: number
  readonly ms?: number
  readonly nsPerRecord?: number
  /** Share of the throughput that is left. */
  readonly throughputKept?: number
}

/** What a case can be about, and whether more of it is better. The first that a result has counts. */
const figures = [
  { name: 'p99Ms', moreIsBetter: false },
  { name: 'ms', moreIsBetter: false },
  { name: 'nsPerRecord', moreIsBetter: false },
  { name: 'throughputKept', moreIsBetter: true },
  { name: 'recordsPerSec', moreIsBetter: true },
] as const

/** How many times as fast `result` is as `other`: by records per second, or by the time that the case is about. */
export function speedRatio(result: Result, other: Result): number {
  const { name, moreIsBetter } = figures.find((figure) => result[figure.name] !== undefined)!
  const [mine, theirs] = [result[name]!, other[name]!]
  return moreIsBetter ? mine / theirs : theirs / mine
}

/** The median of each figure, each by itself. */
export function medianOf(results: readonly Result[]): Result {
  const entries = Object.entries(results[0]!).map(([name, value]) => {
    if (typeof value !== 'number') return [name, value]
    return [name, middleOf(results.map((result) => result[name as keyof Result] as number))]
  })
  return Object.fromEntries(entries) as Result
}

/** The median; of an even number of values the higher of the two. */
export function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
