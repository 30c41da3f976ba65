import { randomUUID } from 'node:crypto'
import {
  type CommonInterceptorOptions,
  type ConsumeContext,
  type ConsumerInterceptor,
  type ConsumerRecord,
  type ConsumerRecords,
  commonOptions,
  configError,
  drop,
  type InterceptorContext,
  interceptorOptions,
  KafkaError,
  type ProducerInterceptor,
  type ProducerRecord,
  type RecordContext,
  reject,
  type Verdict,
} from 'sluice'
import { oneOf, wholeNumberFrom } from '../option-checks.ts'
import { GuardedRedis } from '../redis/guarded-redis.ts'
import { isCluster, openRedis, type RedisClient, type RedisConnection, redisRow } from '../redis/redis-client.ts'
import { settledOr } from '../redis/within.ts'
import type { Claim, ClaimStore } from './claim-store.ts'
import { MemoryClaims } from './memory-claims.ts'
import { type IdSource, idReader, idSourceProblem } from './record-id.ts'
import { RedisClaims } from './redis-claims.ts'

export type { IdentifiedRecord, IdSource, RecordId } from './record-id.ts'

export interface DedupeOptions extends CommonInterceptorOptions {
  /** Where the id is: `key`, `header:NAME`, or a function of the record. A record without one always passes. @default header:id */
  readonly id?: IdSource
  /** Ids of different topics are different ids. @default true */
  readonly perTopic?: boolean
  /** How long an id is remembered after success, in milliseconds. @default 3600000 */
  readonly ttlMs?: number
  /** How long an id is held for a record that is under way, in milliseconds: longer than the application ever works on one. @default 300000 */
  readonly claimTtlMs?: number
  /** How many ids are kept in memory at most; the one not asked for the longest goes first. @default 100000 */
  readonly maxIds?: number
  /** Keeps ids in Redis instead, for all processes: a `redis://` URL, or an ioredis client, which stays yours to close. @default none */
  readonly redis?: string | RedisClient
  /** Begins every key in Redis. @default sluice:dedupe: */
  readonly keyPrefix?: string
  /** How long Redis may take to answer, in milliseconds. @default 500 */
  readonly redisTimeoutMs?: number
  /** When Redis fails: `open` lets records pass unchecked, `closed` fails the poll or the send. @default open */
  readonly onStoreError?: 'open' | 'closed'
}

/** What became of records since the interceptor was made. */
export interface DedupeCounts {
  /** Went on, with their id held for them. */
  readonly claimed: number
  /** Were dropped. */
  readonly duplicates: number
  /** Sends refused because the same id was still under way. */
  readonly inFlight: number
  /** Passed without an id. */
  readonly withoutId: number
  /** Passed unchecked, or failed with `onStoreError: 'closed'`, because Redis did. */
  readonly unchecked: number
}

/** An id that is held for a record. */
interface HeldId {
  readonly id: string
  readonly owner: string
  isConfirmed: boolean
}

export interface DedupeInterceptor extends ProducerInterceptor, ConsumerInterceptor {
  /** A copy of the counts as they are now. */
  counts(): DedupeCounts
}

const CLOSE_TIMEOUT_MS = 2000

/**
 * Drops records whose id came before. An id is held when its record is given out, confirmed after success (the handler of
 * `run` has ended, or the offset is committed), and released when the handler fails, so that the record may come again. In a
 * producer it drops sends whose id was acknowledged before.
 */
export function dedupe(options?: DedupeOptions): DedupeInterceptor {
  const own = interceptorOptions('dedupe', options, {
    id: { default: 'header:id', check: idSourceProblem },
    perTopic: { default: true },
    ttlMs: { default: 3_600_000, check: wholeNumberFrom(1) },
    claimTtlMs: { default: 300_000, check: wholeNumberFrom(1) },
    maxIds: { default: 100_000, check: wholeNumberFrom(1) },
    redis: redisRow,
    keyPrefix: { default: 'sluice:dedupe:' },
    redisTimeoutMs: { default: 500, check: wholeNumberFrom(1) },
    onStoreError: { default: 'open', check: oneOf('open', 'closed') },
  })
  const idOf = idReader(own.id)
  const session = randomUUID()
  const counts = { claimed: 0, duplicates: 0, inFlight: 0, withoutId: 0, unchecked: 0 }
  const pending = new Set<Promise<void>>()
  let monotonic = (): number => performance.now()
  const memory = new MemoryClaims(own, own.maxIds, () => monotonic())
  let store: ClaimStore = memory
  let connection: RedisConnection | undefined
  let context: InterceptorContext | undefined
  let group: string | undefined
  let clients = 0
  let sends = 0

  /** Null without an id. What is sent has names of its own, as has each group: everyone gets the record once. */
  function nameOf(reader: string, record: ConsumerRecord | ProducerRecord): string | null {
    const id = idOf(record)
    if (id === null) {
      counts.withoutId++
      return null
    }
    return own.perTopic ? `${reader} ${record.topic} ${id}` : `${reader} ${id}`
  }

  /** Redis may still hold it though its answer was lost, so that an unknown id is confirmed and released as well. */
  function checked(claim: Claim): Claim {
    if (claim === 'granted') counts.claimed++
    if (claim !== 'unknown') return claim
    counts.unchecked++
    if (own.onStoreError === 'open') return claim
    throw new KafkaError('DEDUPE_STORE', 'dedupe: Redis cannot be asked for ids, and onStoreError is "closed"', { retriable: true })
  }

  function judgeSend(record: ProducerRecord, held: HeldId, claim: Claim, state: RecordContext<HeldId>): ProducerRecord | Verdict {
    const { topic } = record
    switch (checked(claim)) {
      case 'done':
        counts.duplicates++
        return drop('duplicate')
      case 'held':
        counts.inFlight++
        return reject(
          new KafkaError(
            'DUPLICATE_IN_FLIGHT',
            `a record with the same id is on its way to topic "${topic}"; what becomes of it is not known yet`,
            {
              retriable: true,
              topic,
            },
          ),
        )
      default:
        state.state = held
        return record
    }
  }

  function judgeConsumed(
    record: ConsumerRecord,
    held: HeldId,
    claim: Claim,
    duplicates: Set<ConsumerRecord>,
    states: ConsumeContext<HeldId>,
  ): void {
    const judged = checked(claim)
    if (judged === 'granted' || judged === 'unknown') states.setState(record, held)
    else {
      counts.duplicates++
      duplicates.add(record)
    }
  }

  function confirm(held: HeldId): void | Promise<void> {
    held.isConfirmed = true
    return store.confirm(held.id, held.owner)
  }

  /** Nobody waits for it, except `close`. */
  function later(done: void | Promise<void>): void {
    if (done === undefined) return
    const settled = done.finally(() => pending.delete(settled))
    pending.add(settled)
  }

  return {
    ...(own.onStoreError === 'closed' ? { onError: 'fail' as const } : {}),
    ...commonOptions('dedupe', options),

    counts: () => ({ ...counts }),

    configure(given) {
      const { groupId, clock, logger } = given
      if (groupId !== undefined && group !== undefined && groupId !== group) {
        throw configError(`dedupe: one interceptor serves one group, not "${group}" and "${groupId}"; make one for each`)
      }
      group = groupId ?? group
      clients++
      if (clients > 1) return
      context = given
      monotonic = () => clock.monotonic()
      if (own.redis === undefined) return
      const { redisTimeoutMs: timeoutMs, keyPrefix } = own
      const begin = (opened: RedisConnection): void => {
        connection = opened
        const redis = new GuardedRedis({ connection: opened, clock, logger, interceptor: 'dedupe', timeoutMs })
        store = new RedisClaims(redis, keyPrefix, own, isCluster(opened.client))
      }
      const opening = openRedis(own.redis, 'dedupe', timeoutMs)
      if (!(opening instanceof Promise)) return begin(opening)
      return opening.then(async (opened) => {
        begin(opened)
        await opened.ready(timeoutMs)
      })
    },

    onSend(record, state) {
      const id = nameOf('producer', record)
      if (id === null) return record
      const held = { id, owner: `${session}/${sends++}`, isConfirmed: false }
      const claim = store.claim(id, held.owner, false)
      if (claim instanceof Promise) return claim.then((settled) => judgeSend(record, held, settled, state))
      return judgeSend(record, held, claim, state)
    },

    onAcknowledgement(metadata, error, _headers, { state }) {
      const held = state as HeldId | undefined
      if (held === undefined) return
      const isSent = error === null && metadata.dropped === undefined && metadata.deadLettered === undefined
      later(isSent ? confirm(held) : store.release(held.id, held.owner))
    },

    onConsume(records, states) {
      const duplicates = new Set<ConsumerRecord>()
      let claims: Promise<void>[] | undefined
      // Without a group nobody tells what is committed.
      const isFinal = group === undefined
      const reader = `group ${encodeURIComponent(group ?? '')}`
      for (const { topic, partition, records: ofPartition } of records.byPartition()) {
        for (const record of ofPartition) {
          const id = nameOf(reader, record)
          if (id === null) continue
          // The place, not the process: a record that comes again, here or elsewhere, gets the id that is held for it.
          const held = { id, owner: `${topic}-${partition}@${record.offset}`, isConfirmed: false }
          const claim = store.claim(id, held.owner, isFinal)
          if (!(claim instanceof Promise)) judgeConsumed(record, held, claim, duplicates, states)
          else (claims ??= []).push(claim.then((settled) => judgeConsumed(record, held, settled, duplicates, states)))
        }
      }
      return claims === undefined ? without(records, duplicates) : Promise.all(claims).then(() => without(records, duplicates))
    },

    async handle(_record, next, { state }) {
      const held = state as HeldId | undefined
      try {
        await next()
      } catch (error) {
        if (held !== undefined) await store.release(held.id, held.owner)
        throw error
      }
      if (held !== undefined) await confirm(held)
    },

    async handleBatch({ records }, next, states) {
      const held = records.map((record): HeldId | undefined => states.getState(record)).filter((one) => one !== undefined)
      try {
        await next()
      } catch (error) {
        await Promise.all(held.map(({ id, owner }) => store.release(id, owner)))
        throw error
      }
      await Promise.all(held.map(confirm))
    },

    onCommit(_offsets, { committed }) {
      for (const { state } of committed) if (!state.isConfirmed) later(confirm(state))
    },

    async close() {
      if (clients === 0) return
      clients--
      if (clients > 0 || context === undefined) return
      const { clock } = context
      await settledOr(
        undefined,
        Promise.all(pending).then(() => undefined),
        CLOSE_TIMEOUT_MS,
        clock,
      )
      connection?.close()
      connection = undefined
    },
  }
}

function without(records: ConsumerRecords, duplicates: ReadonlySet<ConsumerRecord>): ConsumerRecords {
  if (duplicates.size === 0) return records
  return records.map((record) => (duplicates.has(record) ? drop('duplicate') : record))
}
