import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  type ConsumerRecord,
  type ConsumerRecords,
  commonOptions,
  configError,
  type Headers,
  type InterceptorContext,
  interceptorOptions,
  type ProducerInterceptor,
  reject,
  type Verdict,
} from 'sluice'
import { kindOf, oneOf, wholeNumberFrom } from '../option-checks.ts'
import { openRedis, type RedisClient, type RedisConnection, redisRow } from '../redis/redis-client.ts'
import { loadLibrary } from './limiter-library.ts'
import { redisLimiter } from './redis-limiter.ts'
import type { SharedLimiter } from './shared-limiter.ts'
import { RateLimitedError, TokenBucket } from './token-bucket.ts'

export type { SharedLimiter } from './shared-limiter.ts'
export type { RateLimitedError } from './token-bucket.ts'

export interface RateLimitOptions extends CommonInterceptorOptions {
  /** How many records or bytes may pass in `durationMs`. @default 1000, or what the `limiter` has */
  readonly points?: number
  /** The window, in milliseconds; whole seconds with Redis. @default 1000, or what the `limiter` has */
  readonly durationMs?: number
  /** What a point is. Bytes are those of key and value after the serializers. @default records */
  readonly unit?: 'records' | 'bytes'
  /** Who shares a limit: all records of the client, those of a topic, or those for which a function gives the same name. @default client */
  readonly per?: 'client' | 'topic' | ((record: LimitedRecord) => string)
  /** How many topics or names have a limit at the same time; when there are more, those that nobody waits for are forgotten. @default 100000 */
  readonly maxNames?: number
  /** `wait` until it may pass, in order; or `reject` with the code RATE_LIMITED. @default wait */
  readonly mode?: 'wait' | 'reject'
  /** Where a consumer is held up: `poll` before it gives records out, or `handler` before each handler of `run`. @default poll */
  readonly pace?: 'poll' | 'handler'
  /** Shares the limit with other processes: a limiter of rate-limiter-flexible. @default one in memory */
  readonly limiter?: SharedLimiter
  /** Shares it through Redis: a `redis://` URL, or an ioredis client, which stays yours to close. @default none */
  readonly redis?: string | RedisClient
  /** Begins the keys in Redis. @default sluice:rate */
  readonly keyPrefix?: string
  /** How long Redis may take to answer, in milliseconds. @default 500 */
  readonly redisTimeoutMs?: number
  /**
   * How many points are taken from the limiter at once, so that most records need not ask. What a process does not use of them in
   * the window is lost to the others. @default all of them in memory, else a tenth
   */
  readonly lease?: number
}

/** What `per` may look at, on both sides and in both stages. */
export interface LimitedRecord {
  readonly topic: string
  readonly headers: Headers
}

const DEFAULT_POINTS = 1000
const DEFAULT_DURATION_MS = 1000
/** What the client waits for a hook at most, unless it is told otherwise. */
const HOOK_TIMEOUT_MS = 30_000
const MAX_POLL_RECORDS = 500

/** Holds records to so many, or so many bytes, in a time: by waiting or by refusing. */
export function rateLimit(options?: RateLimitOptions): ProducerInterceptor & ConsumerInterceptor {
  const own = interceptorOptions('rateLimit', options, {
    points: { default: undefined, check: orNone(wholeNumberFrom(1)) },
    durationMs: { default: undefined, check: orNone(wholeNumberFrom(1)) },
    unit: { default: 'records', check: oneOf('records', 'bytes') },
    per: { default: 'client', check: (value) => (typeof value === 'function' ? null : oneOf('client', 'topic')(value)) },
    maxNames: { default: 100_000, check: wholeNumberFrom(1) },
    mode: { default: 'wait', check: oneOf('wait', 'reject') },
    pace: { default: 'poll', check: oneOf('poll', 'handler') },
    limiter: { default: undefined, check: limiterProblem },
    redis: redisRow,
    keyPrefix: { default: 'sluice:rate' },
    redisTimeoutMs: { default: 500, check: wholeNumberFrom(1) },
    lease: { default: undefined, check: orNone(wholeNumberFrom(1)) },
  })
  const { unit, per, mode, limiter: given } = own
  if (given !== undefined && own.redis !== undefined) throw configError('rateLimit: give either redis or limiter')
  const points = own.points ?? given?.points ?? DEFAULT_POINTS
  const durationMs = own.durationMs ?? (given?.duration === undefined ? DEFAULT_DURATION_MS : given.duration * 1000)
  if (own.redis !== undefined && durationMs % 1000 !== 0)
    throw configError(`rateLimit: durationMs must be whole seconds with Redis, not ${durationMs}`)
  const lease = Math.min(points, own.lease ?? (given === undefined && own.redis === undefined ? points : Math.ceil(points / 10)))
  const limit = `${points} ${unit} per ${durationMs} ms`
  const buckets = new Map<string, TokenBucket>()
  let lastKey: string | undefined
  let last: TokenBucket
  let limiter: SharedLimiter | undefined = given
  let connection: RedisConnection | undefined
  let context: InterceptorContext | undefined
  let clients = 0

  function bucketOf(record: LimitedRecord): TokenBucket {
    const key = per === 'client' ? context!.clientId : per === 'topic' ? record.topic : per(record)
    if (key === lastKey) return last
    let bucket = buckets.get(key)
    if (bucket === undefined) {
      if (buckets.size >= own.maxNames) makeRoom()
      bucket = new TokenBucket({ limiter: limiter!, key, points, lease, windowMs: durationMs, limit, clock: context!.clock })
      buckets.set(key, bucket)
    }
    lastKey = key
    last = bucket
    return bucket
  }

  /** Those with nothing in hand go first; others only if there are too many of them, and what they have in hand is lost. */
  function makeRoom(): void {
    forget((bucket) => bucket.isEmpty)
    if (buckets.size > own.maxNames / 2) forget((bucket) => !bucket.isBusy)
  }

  function forget(isDue: (bucket: TokenBucket) => boolean): void {
    for (const [key, bucket] of buckets) {
      if (!isDue(bucket)) continue
      bucket.close()
      buckets.delete(key)
    }
  }

  /** The record as it came if it may pass at once, which costs no promise. */
  function pass<R extends LimitedRecord>(
    record: R,
    needed: number,
    signals: { readonly signal: AbortSignal },
  ): R | Verdict | Promise<R | Verdict> {
    const bucket = bucketOf(record)
    if (bucket.takeNow(needed)) return record
    if (needed > points || (mode === 'reject' && bucket.emptyForMs() > 0)) return reject(bucket.refusal(needed, record.topic))
    return take(bucket, needed, record.topic, signals.signal).then((refusal) => (refusal === null ? record : reject(refusal)))
  }

  /** Null when the points are taken. Rejects when the limiter fails or the wait is given up. */
  async function take(bucket: TokenBucket, needed: number, topic: string, signal: AbortSignal): Promise<RateLimitedError | null> {
    try {
      await bucket.take(needed, mode === 'wait', signal)
      return null
    } catch (error) {
      if (error instanceof RateLimitedError) return bucket.refusal(needed, topic)
      throw error
    }
  }

  const neededFor = (record: ConsumerRecord): number =>
    unit === 'records' ? 1 : bytesOf(record.serializedKeySize, record.serializedValueSize)

  function admit(records: ConsumerRecords, signals: { readonly signal: AbortSignal }): ConsumerRecords | Promise<ConsumerRecords> {
    const partitions = records.byPartition()
    for (let partition = 0; partition < partitions.length; partition++) {
      const { records: ofPartition } = partitions[partition]!
      for (let index = 0; index < ofPartition.length; index++) {
        const record = ofPartition[index]!
        if (!bucketOf(record).takeNow(neededFor(record))) return admitFrom(records, partition, index, signals.signal)
      }
    }
    return records
  }

  /** As `admit`, from a record on that cannot pass at once. */
  async function admitFrom(records: ConsumerRecords, partition: number, index: number, signal: AbortSignal): Promise<ConsumerRecords> {
    const refused = new Map<ConsumerRecord, Verdict>()
    for (const { records: ofPartition } of records.byPartition().slice(partition)) {
      for (const record of ofPartition.slice(index)) {
        const passed = await pass(record, neededFor(record), { signal })
        if (!('verdict' in passed)) continue
        // Those behind it in its partition come again with it.
        refused.set(record, passed)
        break
      }
      index = 0
    }
    return refused.size === 0 ? records : records.map((record) => refused.get(record) ?? record)
  }

  const onProduce: Pick<ProducerInterceptor, 'onSend' | 'onSerialized'> =
    unit === 'records'
      ? { onSend: (record, context) => pass(record, 1, context) }
      : { onSerialized: (record, context) => pass(record, bytesOf(record.key?.length ?? 0, record.value?.length ?? 0), context) }
  const onConsume: Pick<ConsumerInterceptor, 'onConsume' | 'handle' | 'handleBatch'> =
    own.pace === 'poll'
      ? { onConsume: admit }
      : {
          async handle(record, next, context) {
            const passed = await pass(record, neededFor(record), context)
            if ('verdict' in passed) return passed
            return next()
          },
          async handleBatch({ records }, next, { signal }) {
            for (const record of records) {
              const passed = await pass(record, neededFor(record), { signal })
              if ('verdict' in passed && passed.verdict === 'reject') throw passed.error
            }
            return next()
          },
        }

  function checkPoll({ side, options: client }: InterceptorContext): void {
    if (side !== 'consumer' || mode !== 'wait' || own.pace !== 'poll' || unit !== 'records') return
    const maxPollRecords = typeof client.maxPollRecords === 'number' ? client.maxPollRecords : MAX_POLL_RECORDS
    const timeoutMs = options?.timeoutMs ?? HOOK_TIMEOUT_MS
    const longestMs = Math.floor((maxPollRecords - 1) / points) * durationMs
    if (longestMs < timeoutMs) return
    throw configError(
      `rateLimit: ${maxPollRecords} records (maxPollRecords) take up to ${longestMs} ms with ${limit}, longer than timeoutMs ${timeoutMs}; lower maxPollRecords, raise timeoutMs, or set pace: "handler"`,
    )
  }

  return {
    onError: 'fail',
    ...onProduce,
    ...onConsume,
    ...commonOptions('rate-limit', options),

    configure(given) {
      checkPoll(given)
      clients++
      if (clients > 1) return
      context = given
      if (own.limiter !== undefined) return
      return open(given)
    },

    close() {
      if (clients === 0) return
      clients--
      if (clients > 0) return
      for (const bucket of buckets.values()) bucket.close()
      buckets.clear()
      lastKey = undefined
      connection?.close()
      connection = undefined
    },
  }

  async function open({ clock, logger }: InterceptorContext): Promise<void> {
    const library = await loadLibrary()
    if (own.redis === undefined) {
      limiter = new library.RateLimiterMemory({ points, duration: durationMs / 1000 })
      return
    }
    const { keyPrefix, redisTimeoutMs: timeoutMs } = own
    const opened = openRedis(own.redis, 'rateLimit', timeoutMs)
    connection = opened instanceof Promise ? await opened : opened
    await connection.ready(timeoutMs)
    limiter = redisLimiter({ library, connection, points, durationMs, keyPrefix, timeoutMs, clock, logger })
  }
}

/** An empty record counts too. */
function bytesOf(keySize: number, valueSize: number): number {
  return Math.max(1, Math.max(0, keySize) + Math.max(0, valueSize))
}

function orNone(check: (value: unknown) => string | null): (value: unknown) => string | null {
  return (value) => (value === undefined ? null : check(value))
}

function limiterProblem(value: unknown): string | null {
  if (value === undefined) return null
  if (typeof (value as Partial<SharedLimiter> | null)?.consume === 'function') return null
  return `must be a limiter of rate-limiter-flexible, not ${kindOf(value)}`
}
