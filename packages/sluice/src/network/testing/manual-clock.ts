import type { Clock, Timer } from '../../clock.ts'

/** Time that stands still until `advance`; timers fire in order of their time. */
export class ManualClock implements Clock {
  #now = 1_000_000
  readonly #timers = new Map<object, { readonly at: number; readonly callback: () => void }>()

  now(): number {
    return 1_700_000_000_000 + this.#now
  }

  monotonic(): number {
    return this.#now
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const key = {}
    this.#timers.set(key, { at: this.#now + Math.max(0, delayMs), callback })
    return { cancel: () => this.#timers.delete(key) }
  }

  get timers(): number {
    return this.#timers.size
  }

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
