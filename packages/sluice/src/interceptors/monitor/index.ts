import {
  type CommonInterceptorOptions,
  type ConsumerInterceptor,
  commonOptions,
  configError,
  type InterceptorContext,
  interceptorOptions,
  type ProducerInterceptor,
} from 'sluice'
import { ConsumerTap } from './consumer-tap.ts'
import { ProducerTap } from './producer-tap.ts'
import type { MonitorReport } from './report/report.ts'
import { type MonitorTopicOptions, TopicTransport } from './topic-transport.ts'
import { FunctionTransport, HttpTransport, type MonitorTransport } from './transport.ts'

export type { MonitorTopicOptions } from './topic-transport.ts'

export interface MonitorOptions extends CommonInterceptorOptions {
  /**
   * Where reports go: to a topic, to a collector's address (`http://...`), or to a function.
   * @default the topic _sluice.monitor on the client's own cluster
   */
  readonly to?: 'topic' | MonitorTopicOptions | `http://${string}` | `https://${string}` | ((report: MonitorReport) => unknown)
  /** The collector's token, for an address. @default none */
  readonly token?: string | null
  /** Name of the application, as the page shows it. @default none */
  readonly app?: string | null
  /** How often a report is sent, give or take a fifth, in milliseconds. @default 5000 */
  readonly intervalMs?: number
  /** At most so many topic-partition-windows are kept; then the oldest go, and the reports say so. @default 2000 */
  readonly maxCells?: number
  /** Numbers every record in a header, which also finds losses before the log and duplicates in it (about 30 bytes per record). @default false */
  readonly sequence?: boolean
  /** The last report may take so long when the client closes, in milliseconds. @default 3000 */
  readonly closeTimeoutMs?: number
}

/**
 * Counts what goes through a client, to the offset, and reports it to a collector (`npx sluice monitor`), which tells which
 * records were lost, doubled or late. On a consumer it belongs at the end of the list, so that it knows what the others took
 * out; on a producer too. Reports never slow, block or fail the application.
 *
 * One for each client: an interceptor that is given to two clients of the same kind is refused.
 */
export function monitor(options?: MonitorOptions): ProducerInterceptor & ConsumerInterceptor {
  const wholeMs = (value: unknown): string | null =>
    typeof value === 'number' && value >= 10 ? null : `must be a number of milliseconds from 10, not ${String(value)}`
  const text = (value: unknown): string | null =>
    value === null || (typeof value === 'string' && value !== '') ? null : `must be a non-empty string, not ${typeof value}`
  const { to, token, app, intervalMs, maxCells, sequence, closeTimeoutMs } = interceptorOptions('monitor', options, {
    to: { default: 'topic', check: checkTo },
    token: { default: null, check: text },
    app: { default: null, check: text },
    intervalMs: { default: 5000, check: wholeMs },
    maxCells: {
      default: 2000,
      check: (value) =>
        Number.isInteger(value) && (value as number) >= 10 ? null : `must be a whole number from 10, not ${String(value)}`,
    },
    sequence: { default: false },
    closeTimeoutMs: { default: 3000, check: wholeMs },
  })
  let producer: ProducerTap | undefined
  let consumer: ConsumerTap | undefined
  const transports = new Set<MonitorTransport>()

  function transportFor(context: InterceptorContext): MonitorTransport {
    const transport =
      typeof to === 'function'
        ? new FunctionTransport(to, context)
        : typeof to === 'string' && to !== 'topic'
          ? new HttpTransport(to, token ?? undefined, context)
          : new TopicTransport(to === 'topic' ? {} : (to as MonitorTopicOptions), context)
    transports.add(transport)
    return transport
  }

  const settings = { app: app ?? undefined, intervalMs, maxCells }
  return {
    ...commonOptions('monitor', options),
    configure(context) {
      const isConsumer = context.side === 'consumer'
      if ((isConsumer ? consumer : producer) !== undefined) {
        throw configError('monitor: one interceptor for each client; call monitor() once for each of them')
      }
      if (isConsumer) consumer = new ConsumerTap(context, settings, transportFor(context), sequence)
      else producer = new ProducerTap(context, settings, transportFor(context), sequence)
    },
    onSend(record, context) {
      return producer === undefined ? record : producer.onSend(record, context)
    },
    onAcknowledgement(metadata, error, _headers, context) {
      producer?.onAcknowledgement(metadata, error, context)
    },
    onConsume(records, context) {
      consumer?.onConsume(records, context)
      return records
    },
    async handle(record, next) {
      if (consumer === undefined) return next()
      const began = consumer.handlerBegins(record)
      try {
        await next()
      } finally {
        consumer.handlerEnds(record, began)
      }
    },
    async handleBatch(batch, next) {
      if (consumer === undefined) return next()
      const began = consumer.batchBegins(batch)
      try {
        await next()
      } finally {
        consumer.batchEnds(batch, began)
      }
    },
    onCommit(offsets) {
      consumer?.onCommit(offsets)
    },
    async close() {
      const taps = [producer, consumer]
      producer = undefined
      consumer = undefined
      await Promise.all(taps.map((tap) => tap?.session.close(closeTimeoutMs)))
      await Promise.all([...transports].map((transport) => transport.close()))
      transports.clear()
    },
  }
}

function checkTo(value: unknown): string | null {
  if (value === 'topic' || typeof value === 'function' || (typeof value === 'object' && value !== null)) return null
  if (typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return null
  return 'must be "topic", { topic }, an address that begins with http:// or https://, or a function'
}
