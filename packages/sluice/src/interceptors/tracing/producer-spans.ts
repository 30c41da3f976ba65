import type { Context, Span, SpanKind, SpanOptions, Tracer } from '@opentelemetry/api'
import type { Headers, KafkaError, ProducerRecord, RecordContext, RecordMetadata } from 'sluice'
import { BatchSpan } from './batch-span.ts'
import { capturedHeaders } from './header-carrier.ts'
import { attribute, type OtelApi } from './otel.ts'
import { isSampled, type Propagation } from './propagation.ts'
import { markFailed } from './span-end.ts'
import type { TracerSource } from './tracer-source.ts'

const PRODUCER: SpanKind.PRODUCER = 3
const MAX_CACHED_TOPICS = 1000

/** What a record keeps until its acknowledgement; nothing if its span is not recorded. */
export type SendState = Span | BatchSpan

/** Spans of sends: begun in `onSend`, ended by the acknowledgement. */
export class ProducerSpans {
  clientId = ''
  readonly #api: OtelApi
  readonly #tracers: TracerSource
  readonly #propagation: Propagation
  readonly #isPerBatch: boolean
  readonly #captureHeaders: readonly string[]
  readonly #options = new Map<string, SpanOptions>()
  /** Of this tick, by topic. */
  readonly #batches = new Map<string, BatchSpan>()

  constructor(api: OtelApi, tracers: TracerSource, propagation: Propagation, isPerBatch: boolean, captureHeaders: readonly string[]) {
    this.#api = api
    this.#tracers = tracers
    this.#propagation = propagation
    this.#isPerBatch = isPerBatch
    this.#captureHeaders = captureHeaders
  }

  begin(record: ProducerRecord, context: RecordContext<SendState>): void {
    const active = this.#api.context.active()
    const tracer = this.#tracers.get()
    const parent = tracer === undefined || active === this.#api.ROOT_CONTEXT ? undefined : this.#propagation.spanContextOf(active)
    // What is not sampled further up is not sampled here: it costs no span, and those who read on are told.
    if (tracer === undefined || (parent !== undefined && !isSampled(parent))) {
      this.#propagation.inject(active, record.headers)
      return
    }
    if (this.#isPerBatch) this.#joinBatch(tracer, active, record, context)
    else this.#beginSpan(tracer, active, record, context)
  }

  end(metadata: RecordMetadata, error: KafkaError | null, state: SendState): void {
    if (state instanceof BatchSpan) {
      state.settled(error)
      return
    }
    const { topic, partition, offset, serializedValueSize, dropped, deadLettered } = metadata
    if (partition >= 0) state.setAttribute(attribute.partition, String(partition))
    if (offset >= 0) state.setAttribute(attribute.offset, offset)
    if (serializedValueSize >= 0) state.setAttribute(attribute.bodySize, serializedValueSize)
    if (dropped !== undefined) state.setAttribute(attribute.dropped, dropped)
    if (deadLettered !== undefined) state.setAttribute(attribute.deadLetterTopic, topic)
    if (error !== null) markFailed(state, error)
    state.end()
  }

  #beginSpan(tracer: Tracer, active: Context, { topic, value, headers }: ProducerRecord, context: RecordContext<SendState>): void {
    const span = tracer.startSpan(`send ${topic}`, this.#optionsFor(topic), active)
    if (span.isRecording()) {
      if (value === null) span.setAttribute(attribute.tombstone, true)
      this.#capture(span, headers)
      context.state = span
    }
    this.#propagation.inject(this.#api.trace.setSpan(active, span), headers)
  }

  /** One span for what is sent in one go: to one topic, in one tick, under one active context. */
  #joinBatch(tracer: Tracer, active: Context, { topic, headers }: ProducerRecord, context: RecordContext<SendState>): void {
    let batch = this.#batches.get(topic)
    if (batch === undefined || batch.parent !== active) {
      const span = tracer.startSpan(`send ${topic}`, this.#optionsFor(topic), active)
      batch?.close()
      batch = new BatchSpan(span, active, this.#api.trace.setSpan(active, span))
      if (this.#batches.size === 0) queueMicrotask(() => this.#closeBatches())
      this.#batches.set(topic, batch)
    }
    if (batch.span.isRecording()) {
      batch.joined()
      context.state = batch
    }
    this.#propagation.inject(batch.context, headers)
  }

  #closeBatches(): void {
    const batches = [...this.#batches.values()]
    this.#batches.clear()
    for (const batch of batches) batch.close()
  }

  #capture(span: Span, headers: Headers): void {
    if (this.#captureHeaders.length > 0 && headers.size > 0) span.setAttributes(capturedHeaders(headers, this.#captureHeaders))
  }

  #optionsFor(topic: string): SpanOptions {
    let options = this.#options.get(topic)
    if (options === undefined) {
      options = {
        kind: PRODUCER,
        attributes: {
          [attribute.system]: 'kafka',
          [attribute.operationName]: 'send',
          [attribute.operationType]: 'send',
          [attribute.destination]: topic,
          [attribute.clientId]: this.clientId,
        },
      }
      if (this.#options.size >= MAX_CACHED_TOPICS) this.#options.clear()
      this.#options.set(topic, options)
    }
    return options
  }
}
