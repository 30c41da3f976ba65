import type { HistogramState } from './report.ts'

/** Base 2^(1/16): a value is off by 2.2 % at most. OpenTelemetry's scale 4, Prometheus' schema 4. */
const SCALE = 4
const PER_OCTAVE = 2 ** SCALE
/** Upper bounds of the buckets of one octave, as mantissas from 1 (exclusive) to 2. */
const BOUNDS = Float64Array.from({ length: PER_OCTAVE }, (_, index) => 2 ** ((index + 1) / PER_OCTAVE))
const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)

/** Bucket of a positive value: i for values in (base^i, base^(i+1)]. */
export function bucketOf(value: number): number {
  float[0] = value
  const exponent = ((words[1]! >>> 20) & 0x7ff) - 1023
  // What has no mantissa of its own is too small to tell apart.
  if (exponent < -1022) return -1022 * PER_OCTAVE
  const mantissa = words[1]! & 0xfffff
  if (mantissa === 0 && words[0] === 0) return exponent * PER_OCTAVE - 1
  const scaled = 1 + (mantissa + words[0]! / 2 ** 32) / 2 ** 20
  let index = (mantissa >>> (20 - SCALE)) as number
  // A straight line through the octave is at most two buckets too low or high.
  while (index > 0 && scaled <= BOUNDS[index - 1]!) index--
  while (scaled > BOUNDS[index]!) index++
  return exponent * PER_OCTAVE + index
}

/** Highest value of a bucket. */
export function upperBound(bucket: number, scale: number = SCALE): number {
  return 2 ** ((bucket + 1) / 2 ** scale)
}

/** Counts in the buckets that are used; grows at both ends. */
class Buckets {
  offset = 0
  counts: number[] = []

  add(bucket: number, count: number): void {
    if (this.counts.length === 0) this.offset = bucket
    while (bucket < this.offset) {
      this.counts.unshift(0)
      this.offset--
    }
    while (bucket >= this.offset + this.counts.length) this.counts.push(0)
    this.counts[bucket - this.offset]! += count
  }
}

/** Durations with their signs, in exponential buckets; merging loses nothing. */
export class ExponentialHistogram {
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  #zeros = 0
  readonly #positive = new Buckets()
  readonly #negative = new Buckets()

  get count(): number {
    return this.#count
  }

  record(value: number, count = 1): void {
    this.#count += count
    this.#sum += value * count
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
    if (value > 0) this.#positive.add(bucketOf(value), count)
    else if (value < 0) this.#negative.add(bucketOf(-value), count)
    else this.#zeros += count
  }

  toState(): HistogramState {
    const { offset, counts: buckets } = this.#positive
    const negative =
      this.#negative.counts.length === 0 ? {} : { negativeOffset: this.#negative.offset, negativeBuckets: this.#negative.counts.slice() }
    const [sum, min, max] = this.#count === 0 ? [0, 0, 0] : [this.#sum, this.#min, this.#max]
    return { scale: SCALE, count: this.#count, sum, min, max, zeros: this.#zeros, offset, buckets: buckets.slice(), ...negative }
  }
}
