import type { Clock, Timer } from '../clock.ts'

interface FakeTimer {
  readonly callback: () => void
  readonly at: number
  /** Timers due at the same time fire in the order in which they were set. */
  readonly order: number
}

/** A clock that stands still until a test advances it. */
export class FakeClock implements Clock {
  #time: number
  #order = 0
  readonly #timers = new Set<FakeTimer>()

  constructor(startMs = 1_700_000_000_000) {
    this.#time = startMs
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#time
  }

  monotonic(): number {
    return this.#time
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer: FakeTimer = { callback, at: this.#time + Math.max(0, delayMs), order: this.#order++ }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  /** Moves time on, firing due timers in order; timers that they set fire too when they fall due within `ms`. */
  advance(ms: number): void {
    const end = this.#time + ms
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      this.#timers.delete(next)
      this.#time = next.at
      next.callback()
    }
    this.#time = end
  }

  #nextUntil(end: number): FakeTimer | undefined {
    let first: FakeTimer | undefined
    for (const timer of this.#timers) {
      if (timer.at > end) continue
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }
}
