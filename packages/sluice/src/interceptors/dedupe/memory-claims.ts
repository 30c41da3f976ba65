import type { Claim, ClaimStore, ClaimTimes } from './claim-store.ts'

interface Held {
  readonly id: string
  owner: string
  isDone: boolean
  expiresAt: number
  /** Its neighbours in the order in which they were asked for. */
  older: Held | null
  newer: Held | null
}

/**
 * Ids in this process. When it is full, the one that was not asked for the longest goes. The order is a list of its own, as
 * finding the first entry of a Map takes ever longer when first entries are deleted.
 */
export class MemoryClaims implements ClaimStore {
  readonly #times: ClaimTimes
  readonly #maxIds: number
  readonly #now: () => number
  readonly #held = new Map<string, Held>()
  #oldest: Held | null = null
  #newest: Held | null = null

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
        this.#unlink(held)
        this.#link(held)
        return 'done'
      }
      if (held.owner !== owner) return 'held'
    }
    this.#put(held, id, owner, isFinal, now)
    return 'granted'
  }

  confirm(id: string, owner: string): void {
    const now = this.#now()
    const held = this.#held.get(id)
    if (held === undefined || held.owner === owner || held.expiresAt <= now) this.#put(held, id, owner, true, now)
  }

  release(id: string, owner: string): void {
    const held = this.#held.get(id)
    if (held?.owner === owner) this.#forget(held)
  }

  #put(held: Held | undefined, id: string, owner: string, isDone: boolean, now: number): void {
    const expiresAt = now + (isDone ? this.#times.ttlMs : this.#times.claimTtlMs)
    if (held !== undefined) {
      held.owner = owner
      held.isDone = isDone
      held.expiresAt = expiresAt
      this.#unlink(held)
      this.#link(held)
      return
    }
    while (this.#oldest !== null && (this.#held.size >= this.#maxIds || this.#oldest.expiresAt <= now)) this.#forget(this.#oldest)
    const added: Held = { id, owner, isDone, expiresAt, older: null, newer: null }
    this.#held.set(id, added)
    this.#link(added)
  }

  #forget(held: Held): void {
    this.#held.delete(held.id)
    this.#unlink(held)
  }

  #link(held: Held): void {
    held.older = this.#newest
    held.newer = null
    if (this.#newest === null) this.#oldest = held
    else this.#newest.newer = held
    this.#newest = held
  }

  #unlink({ older, newer }: Held): void {
    if (older === null) this.#oldest = newer
    else older.newer = newer
    if (newer === null) this.#newest = older
    else newer.older = older
  }
}
