import type { Clock, Timer } from '../clock.ts'

const EPOCH_OFFSET_MS = 1_700_000_000_000

/**
 * Time that stands still until `advance`. Timers fire in the order of their time, those of one time in the order in which
 * they were set; a timer that another one sets within the same stretch fires too.
 */
export class ManualClock implements Clock {
  #now = 1_000_000
  readonly #timers = new Map<object, { readonly at: number; readonly callback: () => void }>()

  /** Milliseconds since 1970: some time in November 2023 at first. */
  now(): number {
    return EPOCH_OFFSET_MS + this.#now
  }

  monotonic(): number {
    return this.#now
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const key = {}
    this.#timers.set(key, { at: this.#now + Math.max(0, delayMs), callback })
    return { cancel: () => this.#timers.delete(key) }
  }

  /** How many timers are set and not fired or cancelled. */
  get timers(): number {
    return this.#timers.size
  }

  /** Lets so many milliseconds pass. What a timer throws, this throws, with the time at that timer. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      let next: object | null = null
      let nextAt = Number.POSITIVE_INFINITY
      for (const [key, timer] of this.#timers) {
        if (timer.at < nextAt) {
          next = key
          nextAt = timer.at
        }
      }
      if (next === null || nextAt > end) break
      const { callback } = this.#timers.get(next)!
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, nextAt)
      callback()
    }
    this.#now = end
  }
}
