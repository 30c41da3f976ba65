const MULTIPLIER = 2
const JITTER = 0.2

/** Delays that double from `initialMs` to `maxMs`, each ±20 % so that clients do not come back together (KIP-580). */
export class ExponentialBackoff {
  readonly #initialMs: number
  readonly #maxMs: number
  readonly #random: () => number

  constructor(initialMs: number, maxMs: number, random: () => number = Math.random) {
    this.#initialMs = Math.min(initialMs, maxMs)
    this.#maxMs = maxMs
    this.#random = random
  }

  /** The delay after `attempts` earlier ones; 0 is the first. */
  delayMs(attempts: number): number {
    const exponent = Math.min(attempts, 62)
    const spread = 1 - JITTER + 2 * JITTER * this.#random()
    return Math.min(Math.floor(this.#initialMs * MULTIPLIER ** exponent * spread), this.#maxMs)
  }
}
