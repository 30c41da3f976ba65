import type { Clock, Timer } from '../clock.ts'

/** Member ids given out with MEMBER_ID_REQUIRED whose owners have not joined with them yet. */
export class PendingJoins {
  readonly #clock: Clock
  readonly #timers = new Map<string, Timer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#timers.size
  }

  has(memberId: string): boolean {
    return this.#timers.has(memberId)
  }

  /** `onExpired` runs when the id has not been used within `timeoutMs`; it is no longer pending then. */
  add(memberId: string, timeoutMs: number, onExpired: () => void): void {
    const expire = () => {
      this.#timers.delete(memberId)
      onExpired()
    }
    this.#timers.set(memberId, this.#clock.setTimer(expire, timeoutMs, false))
  }

  /** False when the id was not pending. */
  remove(memberId: string): boolean {
    this.#timers.get(memberId)?.cancel()
    return this.#timers.delete(memberId)
  }

  clear(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}
