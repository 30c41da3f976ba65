import type { Claim, ClaimStore, ClaimTimes } from './claim-store.ts'

interface Held {
  readonly owner: string
  readonly isDone: boolean
  readonly expiresAt: number
}

/** Ids in this process. When it is full, the one that was not asked for the longest goes. */
export class MemoryClaims implements ClaimStore {
  readonly #times: ClaimTimes
  readonly #maxIds: number
  readonly #now: () => number
  /** The one not asked for the longest is the first. */
  readonly #held = new Map<string, Held>()

  /** `now` in milliseconds that never go back. */
  constructor(times: ClaimTimes, maxIds: number, now: () => number) {
    this.#times = times
    this.#maxIds = maxIds
    this.#now = now
  }

  get size(): number {
    return this.#held.size
  }

  claim(id: string, owner: string, isFinal: boolean): Claim {
    const now = this.#now()
    const held = this.#held.get(id)
    if (held !== undefined && held.expiresAt > now) {
      if (held.isDone) {
        this.#held.delete(id)
        this.#held.set(id, held)
        return 'done'
      }
      if (held.owner !== owner) return 'held'
    }
    this.#put(id, owner, isFinal, now)
    return 'granted'
  }

  confirm(id: string, owner: string): void {
    const now = this.#now()
    const held = this.#held.get(id)
    if (held === undefined || held.owner === owner || held.expiresAt <= now) this.#put(id, owner, true, now)
  }

  release(id: string, owner: string): void {
    if (this.#held.get(id)?.owner === owner) this.#held.delete(id)
  }

  #put(id: string, owner: string, isDone: boolean, now: number): void {
    this.#held.delete(id)
    for (const [oldest, { expiresAt }] of this.#held) {
      if (expiresAt > now && this.#held.size < this.#maxIds) break
      this.#held.delete(oldest)
    }
    this.#held.set(id, { owner, isDone, expiresAt: now + (isDone ? this.#times.ttlMs : this.#times.claimTtlMs) })
  }
}
