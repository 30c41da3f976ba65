import { ExponentialHistogram, type HistogramState, upperBound } from 'sluice/monitor-report'
import { mergeHistograms } from '../store/merge-cells.ts'

/** All of them in one; undefined for none. */
export function mergeAll(histograms: readonly (HistogramState | undefined)[]): HistogramState | undefined {
  let merged: HistogramState | undefined
  for (const one of histograms) {
    if (one === undefined || one.count === 0) continue
    merged = merged === undefined ? one : mergeHistograms(merged, one)
  }
  return merged
}

/** The value that the share `q` of all values does not exceed, as exactly as the buckets tell. */
export function quantile(histogram: HistogramState, q: number): number {
  const { scale, count, min, max, zeros, offset, buckets, negativeOffset = 0, negativeBuckets = [] } = histogram
  // The rank of the value looked for, from 1.
  let rank = Math.min(count, Math.max(1, Math.ceil(q * count)))
  const bounded = (value: number): number => Math.min(max, Math.max(min, value))
  for (let index = negativeBuckets.length - 1; index >= 0; index--) {
    rank -= negativeBuckets[index]!
    if (rank <= 0) return bounded(-middleOf(negativeOffset + index, scale))
  }
  rank -= zeros
  if (rank <= 0) return 0
  for (let index = 0; index < buckets.length; index++) {
    rank -= buckets[index]!
    if (rank <= 0) return bounded(middleOf(offset + index, scale))
  }
  return max
}

/** The same values, each greater by `by`: off by half a bucket at most, smallest and largest exactly. */
export function shifted(histogram: HistogramState, by: number): HistogramState {
  if (by === 0 || histogram.count === 0) return histogram
  const { scale, count, sum, min, max, zeros, offset, buckets, negativeOffset = 0, negativeBuckets = [] } = histogram
  const moved = new ExponentialHistogram()
  const add = (value: number, times: number): void => {
    if (times > 0) moved.record(Math.min(max, Math.max(min, value)) + by, times)
  }
  for (let index = 0; index < negativeBuckets.length; index++) add(-middleOf(negativeOffset + index, scale), negativeBuckets[index]!)
  add(0, zeros)
  for (let index = 0; index < buckets.length; index++) add(middleOf(offset + index, scale), buckets[index]!)
  return { ...moved.toState(), sum: sum + by * count, min: min + by, max: max + by }
}

/** In the middle of a bucket on the scale of ratios: off by half a bucket at most. */
function middleOf(bucket: number, scale: number): number {
  return Math.sqrt(upperBound(bucket - 1, scale) * upperBound(bucket, scale))
}
