import { hash } from 'node:crypto'
import type { RedisClient } from '../redis/redis-client.ts'
import type { Claim, ClaimStore, ClaimTimes } from './claim-store.ts'

/** What is asked for a key: to hold it, to hold it for good (both only if it is free or the owner's), to confirm or to release it. */
type Operation = '?' | '+' | 'confirm' | 'release'

interface Order {
  readonly operation: Operation
  readonly key: string
  readonly owner: string
  readonly ttlMs: number
  /** `unknown` when Redis did not answer. */
  readonly settle: (claim: Claim) => void
}

/** 132 bits of SHA-256: short, and no id can be read in Redis. */
const HASH_LENGTH = 22
const MAX_ORDERS = 500

/** A key holds `?` or `+` and its owner: claimed, or done. */
const CARRY_OUT = `
local answers = {}
for i = 1, #KEYS do
  local operation, owner, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local held = redis.call('GET', KEYS[i])
  answers[i] = 'granted'
  if operation == 'confirm' then redis.call('SET', KEYS[i], '+' .. owner, 'PX', ttl)
  elseif operation == 'release' then
    if held == '?' .. owner or held == '+' .. owner then redis.call('DEL', KEYS[i]) end
  elseif held and string.sub(held, 1, 1) == '+' then answers[i] = 'done'
  elseif held and held ~= '?' .. owner then answers[i] = 'held'
  else redis.call('SET', KEYS[i], operation .. owner, 'PX', ttl) end
end
return answers`

/** Ids that processes share. What is asked in one tick goes in one command; in a Redis Cluster, whose keys lie apart, in one for each key. */
export class RedisClaims implements ClaimStore {
  readonly #redis: RedisClient
  readonly #prefix: string
  readonly #times: ClaimTimes
  readonly #atOnce: number
  #orders: Order[] = []

  constructor(redis: RedisClient, prefix: string, times: ClaimTimes, isCluster: boolean) {
    this.#redis = redis
    this.#prefix = prefix
    this.#times = times
    this.#atOnce = isCluster ? 1 : MAX_ORDERS
  }

  claim(id: string, owner: string, isFinal: boolean): Promise<Claim> {
    return isFinal ? this.#order('+', id, owner, this.#times.ttlMs) : this.#order('?', id, owner, this.#times.claimTtlMs)
  }

  async confirm(id: string, owner: string): Promise<void> {
    await this.#order('confirm', id, owner, this.#times.ttlMs)
  }

  async release(id: string, owner: string): Promise<void> {
    await this.#order('release', id, owner, this.#times.claimTtlMs)
  }

  #order(operation: Operation, id: string, owner: string, ttlMs: number): Promise<Claim> {
    const key = this.#prefix + hash('sha256', id, 'base64url').slice(0, HASH_LENGTH)
    return new Promise((settle) => {
      this.#orders.push({ operation, key, owner, ttlMs, settle })
      if (this.#orders.length === 1) queueMicrotask(() => this.#send())
    })
  }

  #send(): void {
    const orders = this.#orders
    this.#orders = []
    for (let at = 0; at < orders.length; at += this.#atOnce) void this.#carryOut(orders.slice(at, at + this.#atOnce))
  }

  async #carryOut(orders: readonly Order[]): Promise<void> {
    const keys = orders.map(({ key }) => key)
    const args = orders.flatMap(({ operation, owner, ttlMs }) => [operation, owner, ttlMs])
    let answers: unknown
    try {
      answers = await this.#redis.call('EVAL', CARRY_OUT, keys.length, ...keys, ...args)
    } catch {
      // Told by the client.
    }
    // What stands in between may answer anything: whoever waits must be told something.
    const list: readonly unknown[] = Array.isArray(answers) ? answers : []
    for (const [index, { settle }] of orders.entries()) settle(claimOf(list[index]))
  }
}

/** Clients may give text as bytes. */
function claimOf(answer: unknown): Claim {
  const text = answer instanceof Uint8Array ? Buffer.from(answer).toString('latin1') : answer
  return text === 'granted' || text === 'held' || text === 'done' ? text : 'unknown'
}
