import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  type ConsumerRecord,
  commonOptions,
  configError,
  interceptorOptions,
  nonEmptyString,
  type ProducerInterceptor,
} from 'sluice'
import { kindOf, oneOf, wholeNumberFrom } from '../option-checks.ts'
import { openRedis, type RedisClient, type RedisConnection, redisRow } from '../redis/redis-client.ts'
import { settledOr } from '../redis/within.ts'
import type { LatencySummary } from './latency-histogram.ts'
import { defaultKeys, type LatencyKeys, RedisTotals, type Stage, type StoredLatency } from './redis-totals.ts'
import { SentHeader } from './sent-header.ts'
import { TopicLatencies } from './topic-latencies.ts'

export type { RedisClient } from '../redis/redis-client.ts'
export type { LatencySummary } from './latency-histogram.ts'
export type { LatencyKeys, StoredLatency } from './redis-totals.ts'

export interface LatencyOptions extends CommonInterceptorOptions {
  /**
   * Where a record's latency begins: at its timestamp, or at the time in a header that this interceptor writes in `onSend`
   * (a record that has the header already keeps it). @default timestamp
   */
  readonly from?: 'timestamp' | 'header'
  /** The header's name. @default sluice-sent-at */
  readonly header?: string
  /** Topics that are told one by one; the rest together is told as `other`. @default 100 */
  readonly maxTopics?: number
  /** Also adds what is measured to sums in Redis: a `redis://` URL, or an ioredis client, which stays yours to close. @default none */
  readonly redis?: string | RedisClient
  /** The names of the keys in Redis that shall differ from the defaults. @default {} */
  readonly keys?: Partial<LatencyKeys>
  /** Whose latencies go into the keys of the course example: those of `poll`, or those of handlers in `run`. @default consumed */
  readonly average?: Stage
  /** Milliseconds between two writes to Redis. @default 5000 */
  readonly flushMs?: number
  /** How long Redis may take to answer, in milliseconds. @default 2000 */
  readonly redisTimeoutMs?: number
  /** How long `close` waits for the last write, in milliseconds. @default 3000 */
  readonly closeTimeoutMs?: number
}

/** What clocks may differ by, in milliseconds: a day, for those in a wrong zone. */
const CLOCK_ERROR_MS = 86_400_000

/** What was measured since the interceptor was made, in this process. */
export interface LatencySnapshot extends LatencyOfTopic {
  readonly topics: Readonly<Record<string, LatencyOfTopic>>
}

export interface LatencyOfTopic {
  /** Records that brokers have acknowledged. */
  readonly sent: number
  /** Sends that failed. */
  readonly failed: number
  /** From the beginning to where `poll` gives the record out. */
  readonly consumed: LatencySummary
  /** From the beginning to where the handler of `run` has ended well. */
  readonly handled: LatencySummary
  /** Consumed records without a time to measure from. */
  readonly unmeasured: number
}

export interface LatencyInterceptor extends ProducerInterceptor, ConsumerInterceptor {
  /** What this process measured by now: a copy. */
  snapshot(): LatencySnapshot
  /** What all processes wrote into Redis. Rejects with ILLEGAL_STATE without Redis or outside the life of a client, and with what Redis says. */
  stored(): Promise<StoredLatency>
}

/**
 * Measures how long records take from their producer to the application and through its handler. Keeps histograms in memory,
 * and on wish sums in Redis. One object may serve a producer and consumers of one group.
 */
export function latency(options?: LatencyOptions): LatencyInterceptor {
  const own = interceptorOptions('latency', options, {
    from: { default: 'timestamp', check: oneOf('timestamp', 'header') },
    header: { default: 'sluice-sent-at', check: nonEmptyString },
    maxTopics: { default: 100, check: wholeNumberFrom(1) },
    redis: redisRow,
    keys: { default: {}, check: keyNames },
    average: { default: 'consumed', check: oneOf('consumed', 'handled') },
    flushMs: { default: 5000, check: wholeNumberFrom(1) },
    redisTimeoutMs: { default: 2000, check: wholeNumberFrom(1) },
    closeTimeoutMs: { default: 3000, check: wholeNumberFrom(1) },
  })
  const sentHeader = own.from === 'header' ? new SentHeader(own.header) : null
  const topics = new Map<string, TopicLatencies>()
  let other: TopicLatencies | undefined
  let lastTopic: string | undefined
  let last: TopicLatencies
  let now: () => number = Date.now
  let group: string | undefined
  let clients = 0
  const writer = new RedisTotals({
    keys: { ...defaultKeys, ...own.keys },
    average: own.average,
    timeoutMs: own.redisTimeoutMs,
    current: total,
  })
  let endWriting = async (): Promise<void> => {}

  function latenciesOf(topic: string): TopicLatencies {
    if (topic === lastTopic) return last
    let latencies = topics.get(topic)
    if (latencies === undefined) {
      if (topics.size >= own.maxTopics) return (other ??= new TopicLatencies())
      topics.set(topic, (latencies = new TopicLatencies()))
    }
    lastTopic = topic
    last = latencies
    return latencies
  }

  function total(): TopicLatencies {
    const sum = new TopicLatencies()
    for (const latencies of topics.values()) sum.add(latencies)
    if (other !== undefined) sum.add(other)
    return sum
  }

  /** NaN when nobody knows. Others write the times: one far ahead would spoil every average, and the sums in Redis for ever. */
  function beginOf(record: ConsumerRecord, at: number): number {
    const begin = sentHeader !== null ? sentHeader.read(record.headers) : record.timestamp
    return begin > 0 && begin <= at + CLOCK_ERROR_MS ? begin : Number.NaN
  }

  function measureHandled(records: readonly ConsumerRecord[]): void {
    const ended = now()
    for (const record of records) {
      const begin = beginOf(record, ended)
      if (!Number.isNaN(begin)) latenciesOf(record.topic).handled.record(ended - begin)
    }
  }

  return {
    ...commonOptions('latency', options),

    snapshot() {
      const all = [...topics]
      if (other !== undefined) all.push(['other', other])
      return { ...told(total()), topics: Object.fromEntries(all.map(([topic, latencies]) => [topic, told(latencies)])) }
    },

    stored() {
      return writer.read()
    },

    configure(context) {
      const { clock, logger, groupId } = context
      if (groupId !== undefined && group !== undefined && groupId !== group) {
        throw configError(`latency: one interceptor measures for one group, not for "${group}" and "${groupId}"; make one for each`)
      }
      group = groupId ?? group
      clients++
      if (clients > 1) return
      now = () => clock.now()
      if (own.redis === undefined) return
      const begin = (connection: RedisConnection): void => {
        writer.begin({ connection, clock, logger, group: () => group })
        let timer = clock.setTimer(again, own.flushMs, false)
        function again(): void {
          void writer.write()
          timer = clock.setTimer(again, own.flushMs, false)
        }
        endWriting = async () => {
          timer.cancel()
          const isWritten = await settledOr(false, writer.writeAll(), own.closeTimeoutMs, clock)
          if (!isWritten) logger.warn('latency: closed before Redis took the last sums, which are missing there')
          writer.end()
          connection.close()
        }
      }
      const opening = openRedis(own.redis, 'latency', own.redisTimeoutMs)
      if (!(opening instanceof Promise)) return begin(opening)
      return opening.then(begin)
    },

    onSend(record) {
      sentHeader?.write(record.headers, now())
      return record
    },

    onAcknowledgement(metadata, error) {
      if (metadata.dropped !== undefined || metadata.deadLettered !== undefined) return
      const latencies = latenciesOf(metadata.topic)
      if (error !== null) latencies.failed++
      else latencies.sent += metadata.emitted?.length ?? 1
    },

    onConsume(records) {
      const at = now()
      for (const { topic, records: ofPartition } of records.byPartition()) {
        const latencies = latenciesOf(topic)
        const { consumed } = latencies
        for (const record of ofPartition) {
          const begin = beginOf(record, at)
          if (Number.isNaN(begin)) latencies.unmeasured++
          else consumed.record(at - begin)
        }
      }
      return records
    },

    async handle(record, next) {
      await next()
      measureHandled([record])
    },

    async handleBatch({ records }, next) {
      await next()
      measureHandled(records)
    },

    async close() {
      if (clients === 0) return
      clients--
      if (clients > 0) return
      const end = endWriting
      endWriting = async () => {}
      await end()
    },
  }
}

function told({ sent, failed, unmeasured, consumed, handled }: TopicLatencies): LatencyOfTopic {
  return { sent, failed, consumed: consumed.summary(), handled: handled.summary(), unmeasured }
}

function keyNames(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `must be an object of key names, not ${kindOf(value)}`
  for (const [name, key] of Object.entries(value)) {
    if (!Object.hasOwn(defaultKeys, name)) return `has no "${name}"; the keys are ${Object.keys(defaultKeys).join(', ')}`
    if (typeof key !== 'string' || key === '') return `must be an object of key names: "${name}" must be a non-empty string`
  }
  return null
}
