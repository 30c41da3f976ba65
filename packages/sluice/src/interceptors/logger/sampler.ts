/** Sums of fractions such as 0.1 end a little below 1. */
const ONE = 1 - 1e-9

/** Takes one in so many, and no more than so many a second: by counting, not by chance, so that the same run logs the same. */
export class Sampler {
  /** Not taken since `skippedSince` was asked last. */
  #skipped = 0
  #due: number
  #taken = 0
  #second = Number.NEGATIVE_INFINITY
  readonly #rate: number
  readonly #perSecond: number
  readonly #monotonic: () => number

  constructor(rate: number, perSecond: number, monotonic: () => number) {
    this.#rate = rate
    // So that the very first is taken.
    this.#due = 1 - rate
    this.#perSecond = perSecond
    this.#monotonic = monotonic
  }

  take(): boolean {
    this.#due += this.#rate
    if (this.#rate === 0 || this.#due < ONE || !this.#hasRoom()) {
      this.#skipped++
      return false
    }
    return true
  }

  /** How many were left out before the one that is logged now. */
  skippedSince(): number {
    const skipped = this.#skipped
    this.#skipped = 0
    return skipped
  }

  #hasRoom(): boolean {
    this.#due -= 1
    if (this.#perSecond === Number.POSITIVE_INFINITY) return true
    const now = this.#monotonic()
    if (now - this.#second >= 1000) {
      this.#second = now
      this.#taken = 0
    }
    return this.#taken++ < this.#perSecond
  }
}
