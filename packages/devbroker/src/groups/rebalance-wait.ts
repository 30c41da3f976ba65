import type { Clock, Timer } from '../clock.ts'

/**
 * What a rebalance waits for, and for how long: first for members to join, then for them to ask for their assignment.
 * At most one of the waits is on; starting one ends the other. Each callback runs at most once.
 */
export class RebalanceWait {
  readonly #clock: Clock
  readonly #initialDelayMs: number
  readonly #pendingSyncs = new Set<string>()
  #timer: Timer | undefined
  #gathering = false
  #memberAdded = false

  constructor(clock: Clock, initialDelayMs: number) {
    this.#clock = clock
    this.#initialDelayMs = initialDelayMs
  }

  /** The first rebalance of an empty group is on: it ends with time, not with everyone being there, since nobody knows who will come. */
  get isGathering(): boolean {
    return this.#gathering
  }

  forJoins(timeoutMs: number, onTimeUp: () => void): void {
    this.#start(timeoutMs, onTimeUp)
  }

  /** Waits for the initial delay, and again that long while members come, `maxMs` at most. Without a delay there is no wait. */
  forFirstJoins(maxMs: number, onTimeUp: () => void): void {
    const delayMs = Math.min(this.#initialDelayMs, maxMs)
    if (delayMs <= 0) {
      this.end()
      onTimeUp()
      return
    }
    this.#start(delayMs, () => (this.#memberAdded ? this.forFirstJoins(maxMs - delayMs, onTimeUp) : onTimeUp()))
    this.#gathering = true
    this.#memberAdded = false
  }

  memberAdded(): void {
    this.#memberAdded = true
  }

  /** `onTimeUp` gets the members that have not asked by then. */
  forSyncs(memberIds: Iterable<string>, timeoutMs: number, onTimeUp: (missing: readonly string[]) => void): void {
    this.#start(timeoutMs, () => onTimeUp([...this.#pendingSyncs]))
    for (const memberId of memberIds) this.#pendingSyncs.add(memberId)
  }

  /** A member has asked for its assignment, or is gone; the wait ends with the last one. */
  synced(memberId: string): void {
    if (this.#pendingSyncs.delete(memberId) && this.#pendingSyncs.size === 0) this.end()
  }

  renamed(memberId: string, newMemberId: string): void {
    if (this.#pendingSyncs.delete(memberId)) this.#pendingSyncs.add(newMemberId)
  }

  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#gathering = false
    this.#pendingSyncs.clear()
  }

  #start(timeoutMs: number, onTimeUp: () => void): void {
    this.end()
    this.#timer = this.#clock.setTimer(onTimeUp, timeoutMs, false)
  }
}
