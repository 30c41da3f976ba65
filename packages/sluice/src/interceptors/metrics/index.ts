import type { Meter } from '@opentelemetry/api'
import {
  type Clock,
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  configError,
  type InterceptorContext,
  interceptorOptions,
  KafkaError,
  type ProducerInterceptor,
  type RecordContext,
} from 'sluice'
import type { Labels, MetricsBackend } from './metric-table.ts'
import { otelBackend } from './otel-backend.ts'
import { type PromRegistry, promBackend } from './prom-backend.ts'
import { ConsumeSeries, SendSeries, SeriesTable } from './series.ts'

export type MetricsLabel = 'topic' | 'partition' | 'clientId' | 'groupId'

export interface MetricsOptions extends CommonInterceptorOptions {
  /** A Registry of prom-client. @default prom-client's own `register`, without `meter` */
  readonly registry?: PromRegistry
  /** A Meter of OpenTelemetry. @default none */
  readonly meter?: { createHistogram(...args: any[]): object; createObservableCounter(...args: any[]): object }
  /** Without `registry` and `meter`: prom-client's `register`, or the MeterProvider that the application has registered before. @default prom-client */
  readonly backend?: 'prom-client' | 'opentelemetry'
  /** What records are told apart by. @default topic, groupId */
  readonly labels?: readonly MetricsLabel[]
  /** Upper bounds of the histograms' buckets, in seconds. @default those of the semantic conventions: 0.005 to 10 */
  readonly buckets?: readonly number[]
  /** How many combinations of topic and partition are told apart on each side; the rest together has the topic `other`. @default 1000 */
  readonly maxSeries?: number
}

interface Sending {
  readonly topic: string
  readonly beganAt: number
}

interface Side<S> {
  readonly table: SeriesTable<S>
  readonly clock: Clock
}

const LABELS: readonly MetricsLabel[] = ['topic', 'partition', 'clientId', 'groupId']
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/**
 * Counts and times what becomes of records, for Prometheus (prom-client) or OpenTelemetry, under the names of the semantic
 * conventions for messaging. Several interceptors may share a registry or a meter.
 */
export function metrics(options?: MetricsOptions): ProducerInterceptor & ConsumerInterceptor {
  const own = interceptorOptions('metrics', options, {
    registry: {
      default: undefined,
      check: (given) => checkMethods(given, 'a Registry of prom-client', ['registerMetric', 'getSingleMetric']),
    },
    meter: { default: undefined, check: (given) => checkMethods(given, 'a Meter', ['createHistogram', 'createObservableCounter']) },
    backend: { default: 'prom-client' as const, check: checkBackend },
    labels: { default: ['topic', 'groupId'] as readonly MetricsLabel[], check: checkLabels },
    buckets: { default: BUCKETS, check: checkBuckets },
    maxSeries: { default: 1000, check: checkMaxSeries },
  })
  if (options?.registry !== undefined && options.meter !== undefined) throw configError('metrics: give a registry or a meter, not both')
  let sending: Side<SendSeries> | undefined
  let consuming: Side<ConsumeSeries> | undefined

  function begin(backend: MetricsBackend, { side = 'producer', clock, clientId, groupId, logger }: InterceptorContext): void {
    if (backend.buckets.join() !== own.buckets.join()) {
      throw configError('metrics: another interceptor has put other buckets into the same registry or meter')
    }
    const labelsOf = (topic: string, partition: string): Labels => ({
      ...(own.labels.includes('topic') ? { 'messaging.destination.name': topic } : {}),
      ...(partition === '' ? {} : { 'messaging.destination.partition.id': partition }),
      ...(own.labels.includes('clientId') ? { 'messaging.client.id': clientId } : {}),
      ...(own.labels.includes('groupId') && groupId !== undefined ? { 'messaging.consumer.group.name': groupId } : {}),
    })
    const table = <S>(make: (labels: Labels) => S): SeriesTable<S> =>
      new SeriesTable({
        maxSeries: own.maxSeries,
        byPartition: own.labels.includes('partition'),
        make: (topic, partition) => make(labelsOf(topic, partition)),
        onFull: () =>
          logger.warn('metrics: more topics and partitions than maxSeries; the rest is measured as "other"', { maxSeries: own.maxSeries }),
      })
    if (side === 'producer') sending = { clock, table: table((labels) => new SendSeries(backend, labels)) }
    else consuming = { clock, table: table((labels) => new ConsumeSeries(backend, labels)) }
  }

  return {
    ...commonOptions('metrics', options),

    configure(context) {
      const { buckets } = own
      if (options?.registry !== undefined) return begin(promBackend(options.registry, buckets), context)
      if (options?.meter !== undefined) return begin(otelBackend(options.meter as Meter, buckets), context)
      if (own.backend === 'prom-client') return globalRegistry().then((registry) => begin(promBackend(registry, buckets), context))
      return globalMeter(context).then((meter) => begin(otelBackend(meter, buckets), context))
    },

    onSend(record, context: RecordContext<Sending>) {
      if (sending === undefined) return record
      // Its partition is not chosen yet.
      sending.table.get(record.topic, -1).started.value++
      context.state = { topic: record.topic, beganAt: sending.clock.monotonic() }
      return record
    },

    onAcknowledgement(metadata, error, _headers, { state }: RecordContext<Sending>) {
      if (sending === undefined) return
      const { table, clock } = sending
      const topic = state?.topic ?? metadata.topic
      if (state === undefined) table.get(topic, -1).started.value++
      const series = table.get(topic, metadata.partition)
      const seconds = state === undefined ? undefined : (clock.monotonic() - state.beganAt) / 1000
      if (error !== null) series.failed(error, seconds)
      else if (metadata.dropped !== undefined) series.dropped(metadata.dropped)
      else if (metadata.deadLettered !== undefined) series.deadLettered()
      else series.acknowledged(seconds)
    },

    onConsume(records) {
      if (consuming === undefined) return records
      const now = consuming.clock.now()
      for (const { topic, partition, records: ofPartition } of records.byPartition()) {
        const { consumed, endToEnd } = consuming.table.get(topic, partition)
        consumed.value += ofPartition.length
        // A clock that is behind the producer's would give times before zero.
        for (const { timestamp } of ofPartition) if (timestamp >= 0) endToEnd.record(Math.max(0, now - timestamp) / 1000)
      }
      return records
    },

    handle({ topic, partition }, next) {
      return timed(topic, partition, next)
    },

    handleBatch({ topic, partition }, next) {
      return timed(topic, partition, next)
    },
  }

  async function timed(topic: string, partition: number, next: () => Promise<void>): Promise<void> {
    if (consuming === undefined) return next()
    const { table, clock } = consuming
    const beganAt = clock.monotonic()
    try {
      await next()
    } catch (error) {
      table
        .get(topic, partition)
        .failed(error)
        .record((clock.monotonic() - beganAt) / 1000)
      throw error
    }
    table.get(topic, partition).processed.record((clock.monotonic() - beganAt) / 1000)
  }
}

async function globalRegistry(): Promise<PromRegistry> {
  try {
    const { register } = await import('prom-client')
    return register
  } catch (cause) {
    throw new KafkaError('CONFIG', 'metrics needs the package prom-client, or a meter: npm install prom-client', { cause })
  }
}

async function globalMeter({ logger }: InterceptorContext): Promise<Meter> {
  const api = await import('@opentelemetry/api').catch((cause) => {
    throw new KafkaError('CONFIG', 'metrics needs the package @opentelemetry/api: npm install @opentelemetry/api', { cause })
  })
  const meter = api.metrics.getMeter('sluice')
  if (meter === api.createNoopMeter()) {
    logger.warn(
      'metrics: no MeterProvider of OpenTelemetry is registered; what is measured goes nowhere. Register it before the client is made',
    )
  }
  return meter
}

function checkMethods(given: unknown, what: string, methods: readonly string[]): string | null {
  if (given === undefined) return null
  const has = (method: string): boolean => typeof (given as Record<string, unknown> | null)?.[method] === 'function'
  return methods.every(has) ? null : `must be ${what}, with ${methods.join(' and ')}`
}

function checkBackend(given: unknown): string | null {
  return given === 'prom-client' || given === 'opentelemetry' ? null : 'must be "prom-client" or "opentelemetry"'
}

function checkLabels(given: unknown): string | null {
  return Array.isArray(given) && given.every((label) => LABELS.includes(label)) ? null : `must be a list of ${LABELS.join(', ')}`
}

function checkBuckets(given: unknown): string | null {
  const rises = Array.isArray(given) && given.length > 0 && given.every((bound, index) => bound > (given[index - 1] ?? 0))
  return rises ? null : 'must be a list of seconds above 0, each above the one before'
}

function checkMaxSeries(given: unknown): string | null {
  return Number.isInteger(given) && (given as number) > 0 ? null : 'must be a whole number from 1'
}
