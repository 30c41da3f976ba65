import type { Context } from '@opentelemetry/api'
import {
  type CommonInterceptorOptions,
  type ConsumeContext,
  type ConsumerInterceptor,
  type ConsumerRecord,
  commonOptions,
  type InterceptorOptionRow,
  interceptorOptions,
  type ProducerInterceptor,
  type RecordContext,
} from 'sluice'
import { ConsumerSpans } from './consumer-spans.ts'
import { loadOtel } from './otel.ts'
import { ProducerSpans, type SendState } from './producer-spans.ts'
import { Propagation } from './propagation.ts'
import { TracerSource } from './tracer-source.ts'

export interface TracingOptions extends CommonInterceptorOptions {
  /** `full` makes spans; `propagateOnly` only carries the active context along. @default full */
  readonly mode?: 'full' | 'propagateOnly'
  /** `message`: a span for each send and each `eachRecord`. `batch`: one for all sends to a topic in one tick, and none for `eachRecord`. @default message */
  readonly spanPer?: 'message' | 'batch'
  /** `parent`: the handler's span goes on with the trace of the send. `links`: it belongs to the poll, and links to the send. @default parent */
  readonly consume?: 'parent' | 'links'
  /** A span for each poll that returned records. @default true */
  readonly receiveSpans?: boolean
  /** Headers whose values become the attributes `messaging.header.NAME`. @default [] */
  readonly captureHeaders?: readonly string[]
  /** A TracerProvider of OpenTelemetry. @default the one that the application registers, before or after */
  readonly tracerProvider?: { getTracer(name: string): object }
  /** A TextMapPropagator of OpenTelemetry. @default the one that the application registers, before or after */
  readonly propagator?: { inject(...args: any[]): void; extract(...args: any[]): object; fields(): string[] }
}

export interface TracingInterceptor extends ProducerInterceptor, ConsumerInterceptor {
  /**
   * For records from `poll` and `for await`, whose handling no hook can see: calls `run` with the record's context active,
   * in a process span that ends when it returns or its promise settles. Gives back what `run` gives.
   */
  runInContext<T>(record: ConsumerRecord, run: () => T): T
}

/** What there is once OpenTelemetry is loaded. */
interface Parts {
  readonly producer: ProducerSpans
  readonly consumer: ConsumerSpans
}

/**
 * Spans of OpenTelemetry for sends, polls and handlers, and its context from one to the other in the headers (W3C or what
 * the application has registered). Needs `@opentelemetry/api`; costs next to nothing while no provider is registered.
 */
export function tracing(options?: TracingOptions): TracingInterceptor {
  const { mode, spanPer, consume, receiveSpans, captureHeaders } = interceptorOptions('tracing', options, {
    mode: oneOf<'full' | 'propagateOnly'>(['full', 'propagateOnly']),
    spanPer: oneOf<'message' | 'batch'>(['message', 'batch']),
    consume: oneOf<'parent' | 'links'>(['parent', 'links']),
    receiveSpans: { default: true },
    captureHeaders: { default: [] as readonly string[], check: checkNames },
    tracerProvider: { default: undefined, check: (given) => checkMethods(given, 'a TracerProvider', ['getTracer']) },
    propagator: { default: undefined, check: (given) => checkMethods(given, 'a TextMapPropagator', ['inject', 'extract', 'fields']) },
  })
  const isFull = mode === 'full'
  let loaded: Promise<Parts> | undefined
  let parts: Parts | undefined
  let clients = 0

  async function load(): Promise<Parts> {
    const api = await loadOtel()
    const noTracer = { get: () => undefined } as unknown as TracerSource
    const tracers = isFull ? new TracerSource(api, options?.tracerProvider) : noTracer
    const propagation = new Propagation(api, options?.propagator)
    const isPerBatch = spanPer === 'batch'
    return {
      producer: new ProducerSpans(api, tracers, propagation, isPerBatch, captureHeaders),
      consumer: new ConsumerSpans(api, tracers, propagation, { isParent: consume === 'parent', isPerBatch, captureHeaders }),
    }
  }

  return {
    ...commonOptions('tracing', options),

    async configure({ side = 'producer', clientId, groupId }) {
      clients++
      loaded ??= load()
      parts = await loaded
      parts[side].clientId = clientId
      if (side === 'consumer') parts.consumer.groupId = groupId
    },

    onSend(record, context: RecordContext<SendState>) {
      parts?.producer.begin(record, context)
      return record
    },

    onAcknowledgement(metadata, error, _headers, { state }: RecordContext<SendState>) {
      if (state !== undefined) parts?.producer.end(metadata, error, state)
    },

    onConsume(records, context: ConsumeContext<Context>) {
      if (receiveSpans) parts?.consumer.receive(records, context)
      return records
    },

    handle(record, next, { state }: RecordContext<Context>) {
      return parts === undefined ? next() : parts.consumer.process(record, state, next)
    },

    handleBatch(batch, next, context: ConsumeContext<Context>) {
      const [first] = batch.records
      if (parts === undefined || first === undefined) return next()
      return parts.consumer.processBatch(batch, context.getState(first), next)
    },

    runInContext: (record, run) => (parts === undefined ? run() : parts.consumer.runInContext(record, run)),

    close() {
      clients--
      if (clients === 0) parts?.consumer.close()
    },
  }
}

/** The first is the default. */
function oneOf<T extends string>(values: readonly [T, ...T[]]): InterceptorOptionRow<T> {
  return {
    default: values[0],
    check: (given) =>
      values.includes(given as T)
        ? null
        : `must be one of ${values.join(', ')}, not ${typeof given === 'string' ? `"${given}"` : typeof given}`,
  }
}

function checkNames(given: unknown): string | null {
  return Array.isArray(given) && given.every((name) => typeof name === 'string') ? null : "must be a list of headers' names"
}

function checkMethods(given: unknown, what: string, methods: readonly string[]): string | null {
  if (given === undefined) return null
  const has = (method: string): boolean => typeof (given as Record<string, unknown> | null)?.[method] === 'function'
  return methods.every(has) ? null : `must be ${what}, with ${methods.join(', ')}`
}
