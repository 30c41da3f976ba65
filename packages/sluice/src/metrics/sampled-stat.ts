/** Java's defaults of `metrics.sample.window.ms` and `metrics.num.samples`: rates look back 30 to 60 seconds. */
export const SAMPLE_WINDOW_MS = 30_000
const SAMPLES = 2

interface Sample {
  startMs: number
  count: number
  sum: number
  max: number
}

/**
 * Rate, average and maximum of the last two windows, and the total since the beginning (Java: SampledStat, Rate, Avg, Max
 * and CumulativeSum in one). Times are monotonic milliseconds of the caller's clock. What was never recorded has no
 * average and no maximum: NaN, as in Java.
 */
export class SampledStat {
  #current: Sample
  #previous: Sample | undefined
  #totalCount = 0
  #totalSum = 0

  constructor(nowMs: number) {
    this.#current = newSample(nowMs)
  }

  /** `value` is the sum of `count` values. */
  record(value: number, nowMs: number, count = 1): void {
    let sample = this.#current
    if (nowMs - sample.startMs >= SAMPLE_WINDOW_MS) {
      this.#previous = sample
      this.#current = sample = newSample(nowMs)
    }
    sample.count += count
    sample.sum += value
    if (value > sample.max) sample.max = value
    this.#totalCount += count
    this.#totalSum += value
  }

  get totalCount(): number {
    return this.#totalCount
  }

  get totalSum(): number {
    return this.#totalSum
  }

  /** Values in a second. */
  countRate(nowMs: number): number {
    return (this.#over(nowMs, 'count') * 1000) / this.#elapsedMs(nowMs)
  }

  /** Sum of the values in a second. */
  sumRate(nowMs: number): number {
    return (this.#over(nowMs, 'sum') * 1000) / this.#elapsedMs(nowMs)
  }

  average(nowMs: number): number {
    return this.#over(nowMs, 'sum') / this.#over(nowMs, 'count')
  }

  max(nowMs: number): number {
    this.#purge(nowMs)
    const max = Math.max(this.#current.max, this.#previous?.max ?? Number.NEGATIVE_INFINITY)
    return max === Number.NEGATIVE_INFINITY ? Number.NaN : max
  }

  #over(nowMs: number, field: 'count' | 'sum'): number {
    this.#purge(nowMs)
    return this.#current[field] + (this.#previous?.[field] ?? 0)
  }

  /** Before the first window is over it counts as if it were, or one early record would be a huge rate. */
  #elapsedMs(nowMs: number): number {
    const elapsedMs = nowMs - (this.#previous ?? this.#current).startMs
    return elapsedMs < SAMPLE_WINDOW_MS ? elapsedMs + SAMPLE_WINDOW_MS : elapsedMs
  }

  #purge(nowMs: number): void {
    const expired = (sample: Sample): boolean => nowMs - sample.startMs >= SAMPLES * SAMPLE_WINDOW_MS
    if (this.#previous !== undefined && expired(this.#previous)) this.#previous = undefined
    if (expired(this.#current)) this.#current = newSample(nowMs)
  }
}

function newSample(startMs: number): Sample {
  return { startMs, count: 0, sum: 0, max: Number.NEGATIVE_INFINITY }
}
