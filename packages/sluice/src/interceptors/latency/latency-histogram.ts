/** What is told of a number of latencies, in milliseconds; null where there are none. Percentiles are within 2.2 %, whole milliseconds below 22 exact. */
export interface LatencySummary {
  readonly count: number
  /** Of these, how many were below zero: the clocks differ by more than the record took. */
  readonly negative: number
  readonly averageMs: number | null
  readonly minMs: number | null
  readonly maxMs: number | null
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
}

/** Buckets between a value and its double: OpenTelemetry's exponential histogram of scale 4. */
const PER_DOUBLING = 16
/** 2^32 ms, 49 days; what took longer counts in the last bucket. */
const LAST = 32 * PER_DOUBLING + 1
const SMALL = 1024

/** Bucket n holds values from 2^((n-2)/16) (exclusive) to 2^((n-1)/16) milliseconds. */
function bucketOf(ms: number): number {
  return Math.min(LAST, Math.ceil(Math.log2(ms) * PER_DOUBLING) + 1)
}

const smallBuckets = Uint16Array.from({ length: SMALL }, (_, ms) => (ms === 0 ? 0 : bucketOf(ms)))

/** Latencies in whole milliseconds, also negative ones; made to be added up. */
export class LatencyHistogram {
  count = 0
  sum = 0
  min: number = Number.POSITIVE_INFINITY
  max: number = Number.NEGATIVE_INFINITY
  /** From the most negative to the largest; zero is in the middle. */
  readonly #buckets = new Float64Array(2 * LAST + 1)

  record(latency: number): void {
    const ms = Math.round(latency)
    this.count++
    this.sum += ms
    if (ms < this.min) this.min = ms
    if (ms > this.max) this.max = ms
    const size = Math.abs(ms)
    const bucket = size < SMALL ? smallBuckets[size]! : bucketOf(size)
    this.#buckets[ms < 0 ? LAST - bucket : LAST + bucket]!++
  }

  add(other: LatencyHistogram): void {
    this.count += other.count
    this.sum += other.sum
    this.min = Math.min(this.min, other.min)
    this.max = Math.max(this.max, other.max)
    for (const [bucket, count] of other.#buckets.entries()) this.#buckets[bucket]! += count
  }

  /** Buckets that hold anything more than in `earlier`, and how much; negative values have negative numbers. */
  *bucketsSince(earlier: LatencyHistogram): Iterable<readonly [bucket: number, more: number]> {
    for (const [index, count] of this.#buckets.entries()) {
      const more = count - earlier.#buckets[index]!
      if (more !== 0) yield [index - LAST, more]
    }
  }

  /** Fills in what `bucketsSince` gave elsewhere; a bucket that there is not is left out. */
  addToBucket(bucket: number, count: number): void {
    if (Number.isInteger(bucket) && Math.abs(bucket) <= LAST) this.#buckets[LAST + bucket]! += count
  }

  summary(): LatencySummary {
    const { count, sum, min, max } = this
    if (count === 0) return { count, negative: 0, averageMs: null, minMs: null, maxMs: null, p50Ms: null, p95Ms: null, p99Ms: null }
    let negative = 0
    for (let index = 0; index < LAST; index++) negative += this.#buckets[index]!
    return {
      count,
      negative,
      averageMs: sum / count,
      minMs: min,
      maxMs: max,
      p50Ms: this.percentile(0.5),
      p95Ms: this.percentile(0.95),
      p99Ms: this.percentile(0.99),
    }
  }

  /** The value that so large a share of all does not exceed; NaN when there are none. */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count))
    let seen = 0
    for (const [index, count] of this.#buckets.entries()) {
      seen += count
      if (seen >= rank && count > 0) return Math.min(this.max, Math.max(this.min, middleOf(index - LAST)))
    }
    return Number.NaN
  }
}

function middleOf(bucket: number): number {
  if (bucket === 0) return 0
  const middle = Math.round(2 ** ((Math.abs(bucket) - 1.5) / PER_DOUBLING))
  return bucket < 0 ? -middle : middle
}
