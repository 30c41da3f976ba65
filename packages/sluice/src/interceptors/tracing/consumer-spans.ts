import type { Attributes, Context, Link, Span, SpanContext, SpanKind, SpanOptions, Tracer } from '@opentelemetry/api'
import type { ConsumeContext, ConsumerRecord, ConsumerRecords, PartitionRecords } from 'sluice'
import { capturedHeaders } from './header-carrier.ts'
import { attribute, type OtelApi } from './otel.ts'
import { isSampled, type Propagation } from './propagation.ts'
import { markFailed } from './span-end.ts'
import type { TracerSource } from './tracer-source.ts'

const CLIENT: SpanKind.CLIENT = 2
const CONSUMER: SpanKind.CONSUMER = 4
/** What the SDK keeps of one span's links by default. */
const MAX_LINKS = 128

export interface ConsumerSpanSettings {
  /** Whether a record's process span has the send as its parent, or only a link to it. */
  readonly isParent: boolean
  readonly isPerBatch: boolean
  readonly captureHeaders: readonly string[]
}

/** What a record's handler runs in. `span` is only there if it is recorded. */
interface Processing {
  readonly context: Context
  readonly span: Span | undefined
}

/** Spans of polls and handlers. A record's context is active only while its handler runs, so that it never leaks to the next. */
export class ConsumerSpans {
  clientId = ''
  groupId: string | undefined = undefined
  readonly #api: OtelApi
  readonly #tracers: TracerSource
  readonly #propagation: Propagation
  readonly #settings: ConsumerSpanSettings
  readonly #open = new Set<Span>()

  constructor(api: OtelApi, tracers: TracerSource, propagation: Propagation, settings: ConsumerSpanSettings) {
    this.#api = api
    this.#tracers = tracers
    this.#propagation = propagation
    this.#settings = settings
  }

  /** A span for what a poll returned, with links to the sends. It has no length: when the poll began is not known here. */
  receive(records: ConsumerRecords, states: ConsumeContext<Context>): void {
    if (records.isEmpty) return
    const tracer = this.#tracers.get()
    if (tracer === undefined) return
    const [first, ...others] = records.byPartition()
    const topic = others.every((partition) => partition.topic === first!.topic) ? first!.topic : undefined
    const active = this.#api.context.active()
    const options = { kind: CLIENT, attributes: this.#attributes('poll', 'receive', topic) }
    const span = tracer.startSpan(topic === undefined ? 'poll' : `poll ${topic}`, options, active)
    if (span.isRecording()) {
      span.setAttribute(attribute.batchCount, records.count)
      span.addLinks(this.#linksTo(records))
    }
    span.end()
    if (this.#settings.isParent) return
    const context = this.#api.trace.setSpan(active, span)
    for (const record of records) states.setState(record, context)
  }

  /** `received` is the context of the poll's span, if there is one. */
  process(record: ConsumerRecord, received: Context | undefined, next: () => Promise<void>): Promise<void> {
    const tracer = this.#tracers.get()
    if (tracer === undefined && this.#propagation.isIdle) return next()
    const carried = this.#propagation.extract(record.headers)
    if (tracer === undefined || this.#settings.isPerBatch) return this.#api.context.with(carried, next)
    return this.#runAsync(this.#begin(tracer, record, carried, received), next)
  }

  processBatch({ topic, partition, records }: PartitionRecords, received: Context | undefined, next: () => Promise<void>): Promise<void> {
    const tracer = this.#tracers.get()
    if (tracer === undefined) return next()
    const links = this.#linksTo(records)
    const parent = this.#settings.isParent ? links.find(({ context }) => isSampled(context)) : undefined
    if (this.#settings.isParent && parent === undefined && links.length > 0) return next()
    const root = this.#api.ROOT_CONTEXT
    const base = parent === undefined ? (received ?? root) : this.#api.trace.setSpanContext(root, parent.context)
    const attributes = {
      ...this.#attributes('process', 'process', topic),
      [attribute.partition]: String(partition),
      [attribute.batchCount]: records.length,
    }
    const span = tracer.startSpan(`process ${topic}`, { kind: CONSUMER, attributes, links }, base)
    return this.#runAsync(this.#opened(span, this.#api.trace.setSpan(base, span)), next)
  }

  /** For applications that poll: `run` with the record's context active, in a span of its own; what it returns or throws is passed on. */
  runInContext<T>(record: ConsumerRecord, run: () => T): T {
    const carried = this.#propagation.extract(record.headers)
    const tracer = this.#tracers.get()
    if (tracer === undefined) return this.#api.context.with(carried, run)
    const processing = this.#begin(tracer, record, carried, this.#api.context.active())
    let result: T
    try {
      result = this.#api.context.with(processing.context, run)
    } catch (error) {
      this.#end(processing, error)
      throw error
    }
    if (!isPromise(result)) {
      this.#end(processing)
      return result
    }
    return result.then(
      (value) => {
        this.#end(processing)
        return value
      },
      (error) => {
        this.#end(processing, error)
        throw error
      },
    ) as T
  }

  /** Ends the spans of handlers that never came to an end. */
  close(): void {
    for (const span of this.#open) span.end()
    this.#open.clear()
  }

  #begin(tracer: Tracer, record: ConsumerRecord, carried: Context, received: Context | undefined): Processing {
    const remote = this.#propagation.spanContextOf(carried)
    const { isParent, captureHeaders } = this.#settings
    if (isParent && remote !== undefined && !isSampled(remote)) return { context: carried, span: undefined }
    const { topic, partition, offset, value, serializedValueSize, headers } = record
    const options: SpanOptions = { kind: CONSUMER, attributes: this.#attributes('process', 'process', topic) }
    if (!isParent && remote !== undefined) options.links = [{ context: remote }]
    let base = carried
    if (!isParent) {
      const parent = received === undefined ? undefined : this.#api.trace.getSpan(received)
      base = parent === undefined ? this.#api.trace.deleteSpan(carried) : this.#api.trace.setSpan(carried, parent)
    }
    const span = tracer.startSpan(`process ${topic}`, options, base)
    const context = this.#api.trace.setSpan(base, span)
    if (!span.isRecording()) return { context, span: undefined }
    span.setAttribute(attribute.partition, String(partition))
    span.setAttribute(attribute.offset, offset)
    if (value === null) span.setAttribute(attribute.tombstone, true)
    if (serializedValueSize >= 0) span.setAttribute(attribute.bodySize, serializedValueSize)
    if (captureHeaders.length > 0 && headers.size > 0) span.setAttributes(capturedHeaders(headers, captureHeaders))
    return this.#opened(span, context)
  }

  #opened(span: Span, context: Context): Processing {
    if (!span.isRecording()) return { context, span: undefined }
    this.#open.add(span)
    return { context, span }
  }

  async #runAsync(processing: Processing, next: () => Promise<void>): Promise<void> {
    try {
      await this.#api.context.with(processing.context, next)
    } catch (error) {
      this.#end(processing, error)
      throw error
    }
    this.#end(processing)
  }

  /** Those that `close` has ended stay as they are. */
  #end({ span }: Processing, ...errors: [error?: unknown]): void {
    if (span === undefined || !this.#open.delete(span)) return
    if (errors.length > 0) markFailed(span, errors[0])
    span.end()
  }

  /** To the sends of these records; records of one batch span share one. */
  #linksTo(records: Iterable<ConsumerRecord>): Link[] {
    const links = new Map<string, Link>()
    for (const { headers } of records) {
      const context: SpanContext | undefined = this.#propagation.spanContextOf(this.#propagation.extract(headers))
      if (context !== undefined) links.set(context.spanId, { context })
      if (links.size >= MAX_LINKS) break
    }
    return [...links.values()]
  }

  #attributes(operation: string, type: string, topic: string | undefined): Attributes {
    return {
      [attribute.system]: 'kafka',
      [attribute.operationName]: operation,
      [attribute.operationType]: type,
      [attribute.clientId]: this.clientId,
      ...(topic === undefined ? {} : { [attribute.destination]: topic }),
      ...(this.groupId === undefined ? {} : { [attribute.group]: this.groupId }),
    }
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
