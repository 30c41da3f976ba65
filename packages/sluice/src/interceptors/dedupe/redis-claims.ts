import { hash } from 'node:crypto'
import type { RedisClient } from '../redis/redis-client.ts'
import type { Claim, ClaimStore, ClaimTimes } from './claim-store.ts'

const CLAIMED = '?'
const DONE = '+'
/** 132 bits of SHA-256: short, and no id can be read in Redis. */
const HASH_LENGTH = 22

/** Deletes what is still the owner's, claimed or confirmed. */
const RELEASE = `
local held = redis.call('GET', KEYS[1])
if held == ARGV[1] or held == ARGV[2] then return redis.call('DEL', KEYS[1]) end
return 0`

/** Ids that processes share. One command for a new id (SET NX PX), two for one that is known. */
export class RedisClaims implements ClaimStore {
  readonly #redis: RedisClient
  readonly #prefix: string
  readonly #times: ClaimTimes

  constructor(redis: RedisClient, prefix: string, times: ClaimTimes) {
    this.#redis = redis
    this.#prefix = prefix
    this.#times = times
  }

  async claim(id: string, owner: string, isFinal: boolean): Promise<Claim> {
    const key = this.#keyOf(id)
    const own = (isFinal ? DONE : CLAIMED) + owner
    const ttlMs = isFinal ? this.#times.ttlMs : this.#times.claimTtlMs
    try {
      // What was there may be gone before it is looked at: once more then.
      for (let attempt = 0; attempt < 3; attempt++) {
        if ((await this.#redis.call('SET', key, own, 'PX', ttlMs, 'NX')) !== null) return 'granted'
        const held = await this.#redis.call('GET', key)
        if (held === null) continue
        const text = String(held)
        if (text.startsWith(DONE)) return 'done'
        if (text !== CLAIMED + owner) return 'held'
        await this.#redis.call('SET', key, own, 'PX', ttlMs)
        return 'granted'
      }
    } catch {
      // Told by the client.
    }
    return 'unknown'
  }

  async confirm(id: string, owner: string): Promise<void> {
    await this.#redis.call('SET', this.#keyOf(id), DONE + owner, 'PX', this.#times.ttlMs).catch(() => {})
  }

  async release(id: string, owner: string): Promise<void> {
    await this.#redis.call('EVAL', RELEASE, 1, this.#keyOf(id), CLAIMED + owner, DONE + owner).catch(() => {})
  }

  #keyOf(id: string): string {
    return this.#prefix + hash('sha256', id, 'base64url').slice(0, HASH_LENGTH)
  }
}
