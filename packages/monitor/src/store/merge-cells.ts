import { type HistogramState, type MonitorCell, OffsetRangeSet, type OffsetRanges } from 'sluice/monitor-report'

/** One cell for several of the same session and partition, in the window given: counts added, offsets united. */
export function mergeCells(cells: readonly MonitorCell[], window: number): MonitorCell {
  const first = cells[0]!
  const sum = (of: (cell: MonitorCell) => number): number => cells.reduce((total, cell) => total + of(cell), 0)
  const merged: Record<string, unknown> = {
    topic: first.topic,
    partition: first.partition,
    window,
    version: sum(({ version }) => version),
    records: sum(({ records }) => records),
    bytes: sum(({ bytes }) => bytes),
  }
  if (cells.some(({ approximate }) => approximate)) merged.approximate = true
  for (const name of ['acked', 'aborted', 'overwritten', 'seen', 'redelivered', 'replayed', 'sequences'] as const) {
    const given = cells.flatMap((cell) => (cell[name] === undefined ? [] : [cell[name]]))
    if (given.length > 0) merged[name] = unite(given)
  }
  for (const name of ['filtered', 'readSequences'] as const) {
    const given = byName(cells, (cell) => cell[name])
    if (given.size > 0) merged[name] = Object.fromEntries([...given].map(([key, ranges]) => [key, unite(ranges)]))
  }
  for (const name of ['failed', 'dropped'] as const) {
    const given = byName(cells, (cell) => cell[name])
    if (given.size > 0) merged[name] = Object.fromEntries([...given].map(([key, counts]) => [key, counts.reduce((a, b) => a + b, 0)]))
  }
  for (const name of ['produce', 'transit', 'queue', 'process', 'commit'] as const) {
    const given = cells.flatMap((cell) => (cell[name] === undefined ? [] : [cell[name]]))
    if (given.length > 0) merged[name] = given.reduce(mergeHistograms)
  }
  return merged as unknown as MonitorCell
}

/** Adds two histograms; the coarser scale is that of the result, and nothing else is lost. */
export function mergeHistograms(a: HistogramState, b: HistogramState): HistogramState {
  if (a.count === 0) return b
  if (b.count === 0) return a
  const scale = Math.min(a.scale, b.scale)
  const positive = addBuckets(toScale(a.offset, a.buckets, a.scale - scale), toScale(b.offset, b.buckets, b.scale - scale))
  const negative = addBuckets(
    toScale(a.negativeOffset ?? 0, a.negativeBuckets ?? [], a.scale - scale),
    toScale(b.negativeOffset ?? 0, b.negativeBuckets ?? [], b.scale - scale),
  )
  return {
    scale,
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    zeros: a.zeros + b.zeros,
    offset: positive.offset,
    buckets: positive.buckets,
    ...(negative.buckets.length === 0 ? {} : { negativeOffset: negative.offset, negativeBuckets: negative.buckets }),
  }
}

interface Buckets {
  readonly offset: number
  readonly buckets: readonly number[]
}

/** Two buckets of a scale are one of the scale below. */
function toScale(offset: number, buckets: readonly number[], steps: number): Buckets {
  if (steps === 0 || buckets.length === 0) return { offset, buckets }
  const divisor = 2 ** steps
  const lowest = Math.floor(offset / divisor)
  const coarser: number[] = []
  for (const [index, count] of buckets.entries()) {
    const at = Math.floor((offset + index) / divisor) - lowest
    coarser[at] = (coarser[at] ?? 0) + count
  }
  return { offset: lowest, buckets: coarser }
}

function addBuckets(a: Buckets, b: Buckets): Buckets {
  if (a.buckets.length === 0) return b
  if (b.buckets.length === 0) return a
  const offset = Math.min(a.offset, b.offset)
  const end = Math.max(a.offset + a.buckets.length, b.offset + b.buckets.length)
  const buckets = new Array<number>(end - offset).fill(0)
  for (const { offset: from, buckets: counts } of [a, b]) {
    for (let index = 0; index < counts.length; index++) buckets[from - offset + index]! += counts[index]!
  }
  return { offset, buckets }
}

function unite(all: readonly OffsetRanges[]): OffsetRanges {
  const set = new OffsetRangeSet()
  for (const ranges of all) for (let index = 0; index < ranges.length; index += 2) set.add(ranges[index]!, ranges[index + 1]!)
  return set.toRanges()
}

function byName<T>(cells: readonly MonitorCell[], of: (cell: MonitorCell) => Readonly<Record<string, T>> | undefined): Map<string, T[]> {
  const all = new Map<string, T[]>()
  for (const cell of cells) {
    for (const [name, value] of Object.entries(of(cell) ?? {})) {
      const list = all.get(name)
      if (list === undefined) all.set(name, [value])
      else list.push(value)
    }
  }
  return all
}
