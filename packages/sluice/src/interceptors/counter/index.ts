import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  interceptorOptions,
  type ProducerInterceptor,
  type RecordContext,
} from 'sluice'
import { TopicCounter, type TopicCounts, totalOf } from './topic-counts.ts'

export type { TopicCounts } from './topic-counts.ts'

export interface CounterOptions extends CommonInterceptorOptions {
  /** How many topics are counted by themselves; the rest together counts as `other`. @default 1000 */
  readonly maxTopics?: number
  /** Called every `everyMs`, and once more when the last client is closed. What it throws is logged. @default none */
  readonly onSnapshot?: (snapshot: CounterSnapshot) => void
  /** Milliseconds between two calls of `onSnapshot`. @default 60000 */
  readonly everyMs?: number
}

/** All counts since the interceptor was made. */
export interface CounterSnapshot {
  readonly topics: Readonly<Record<string, TopicCounts>>
  readonly total: TopicCounts
}

export interface CounterInterceptor extends ProducerInterceptor, ConsumerInterceptor {
  /** The counts as they are now: a copy. */
  snapshot(): CounterSnapshot
}

/**
 * Counts what becomes of records, by topic: sent, acknowledged, failed, dropped, consumed, handled, committed. One object
 * may serve several clients, whose counts are then one.
 */
export function counter(options?: CounterOptions): CounterInterceptor {
  const { maxTopics, everyMs } = interceptorOptions('counter', options, {
    maxTopics: { default: 1000, check: countFrom(1) },
    onSnapshot: { default: undefined, check: functionOrNone },
    everyMs: { default: 60_000, check: countFrom(1) },
  })
  const onSnapshot = options?.onSnapshot
  const topics = new Map<string, TopicCounter>()
  let other: TopicCounter | undefined
  let lastTopic: string | undefined
  let last: TopicCounter
  let clients = 0
  let isGrouped = false
  let stopTimer = (): void => {}

  function countsOf(topic: string): TopicCounter {
    if (topic === lastTopic) return last
    let counts = topics.get(topic)
    if (counts === undefined) {
      if (topics.size >= maxTopics) return (other ??= new TopicCounter())
      topics.set(topic, (counts = new TopicCounter()))
    }
    lastTopic = topic
    last = counts
    return counts
  }

  function snapshot(): CounterSnapshot {
    const all = [...topics]
    if (other !== undefined) all.push(['other', other])
    return {
      topics: Object.fromEntries(all.map(([topic, counts]) => [topic, counts.counts()])),
      total: totalOf(all.map(([, counts]) => counts)),
    }
  }

  return {
    ...commonOptions('counter', options),
    snapshot,

    configure({ clock, logger, groupId }) {
      clients++
      isGrouped ||= groupId !== undefined
      if (clients > 1 || onSnapshot === undefined) return
      const tell = (): void => {
        try {
          onSnapshot(snapshot())
        } catch (cause) {
          logger.warn('counter: onSnapshot failed', { error: cause instanceof Error ? cause.name : typeof cause })
        }
      }
      let timer = clock.setTimer(again, everyMs, false)
      function again(): void {
        tell()
        timer = clock.setTimer(again, everyMs, false)
      }
      stopTimer = () => {
        timer.cancel()
        tell()
      }
    },

    onSend(record, context: RecordContext<TopicCounter>) {
      const counts = countsOf(record.topic)
      counts.sent++
      context.state = counts
      return record
    },

    onAcknowledgement(metadata, error, _headers, { state }: RecordContext<TopicCounter>) {
      let counts = state
      if (counts === undefined) {
        // Another interceptor ended the record before it came here.
        counts = countsOf(metadata.topic)
        counts.sent++
      }
      if (error !== null) counts.failed++
      else if (metadata.dropped !== undefined) counts.dropped++
      else if (metadata.deadLettered !== undefined) counts.deadLettered++
      else {
        counts.acknowledged++
        counts.acknowledgedBytes += bytesOf(metadata)
      }
    },

    onConsume(records) {
      for (const { topic, partition, records: ofPartition } of records.byPartition()) {
        const counts = countsOf(topic)
        counts.consumed += ofPartition.length
        for (const record of ofPartition) counts.consumedBytes += bytesOf(record)
        if (isGrouped && counts !== other) counts.runs(partition).add(ofPartition)
      }
      return records
    },

    async handle(record, next) {
      const counts = countsOf(record.topic)
      try {
        await next()
        counts.handled++
      } catch (error) {
        counts.handlerFailed++
        throw error
      }
    },

    async handleBatch({ topic, records }, next) {
      const counts = countsOf(topic)
      try {
        await next()
        counts.handled += records.length
      } catch (error) {
        counts.handlerFailed += records.length
        throw error
      }
    },

    onCommit(offsets) {
      for (const { topic, partition, offset } of offsets) {
        const counts = countsOf(topic)
        if (counts !== other) counts.committed += counts.runs(partition).commit(offset)
      }
    },

    close() {
      clients--
      if (clients > 0) return
      stopTimer()
      stopTimer = () => {}
    },
  }
}

function bytesOf({ serializedKeySize, serializedValueSize }: { readonly serializedKeySize: number; readonly serializedValueSize: number }) {
  return Math.max(0, serializedKeySize) + Math.max(0, serializedValueSize)
}

function countFrom(lowest: number): (value: unknown) => string | null {
  return (value) =>
    Number.isInteger(value) && (value as number) >= lowest ? null : `must be a whole number from ${lowest}, not ${given(value)}`
}

function functionOrNone(value: unknown): string | null {
  return value === undefined || typeof value === 'function' ? null : `must be a function, not ${given(value)}`
}

function given(value: unknown): string {
  return typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value
}
