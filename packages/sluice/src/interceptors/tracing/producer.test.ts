import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { KafkaError, type ProducerRecordInit, type RecordMetadata } from 'sluice'
import { interceptorContract, recordContext, recordOf, testContext } from 'sluice/testing'
import { type TracingOptions, tracing } from './index.ts'

interceptorContract(tracing)

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})

const metadata: RecordMetadata = { topic: 'orders', partition: 2, offset: 40, timestamp: 1, serializedKeySize: -1, serializedValueSize: 3 }

async function made(options: TracingOptions = {}, sampler?: Sampler) {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })], ...(sampler && { sampler }) })
  const interceptor = tracing({ tracerProvider: provider, propagator: new W3CTraceContextPropagator(), ...options })
  await interceptor.configure?.(testContext())
  const send = (init: Partial<ProducerRecordInit<any, any>> = {}) => {
    const record = recordOf({ topic: 'orders', value: 'v', ...init })
    const state = recordContext()
    assert.equal(interceptor.onSend?.(record, state), record)
    return {
      record,
      state,
      traceparent: record.headers.getString('traceparent'),
      end: (end: Partial<RecordMetadata> = {}, error: KafkaError | null = null) =>
        interceptor.onAcknowledgement?.({ ...metadata, ...end }, error, record.headers, state),
    }
  }
  const inSpan = <T>(run: (span: Span) => T): T =>
    provider.getTracer('test').startActiveSpan('parent', (span) => {
      try {
        return run(span)
      } finally {
        span.end()
      }
    })
  const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans().filter(({ name }) => name !== 'parent')
  return { provider, interceptor, send, inSpan, spans }
}

test('tracing - a send is a producer span under the active one, ended by the acknowledgement, and its context is in the headers', async () => {
  const { send, inSpan, spans } = await made({ captureHeaders: ['tenant-id', 'none'] })
  const parentOf = (span: Span) => ({ span, sent: send({ headers: { 'tenant-id': 'blue' } }) })
  const { span: parent, sent } = inSpan(parentOf)
  assert.deepEqual(spans(), [])
  sent.end()
  const [span] = spans()
  assert.equal(span!.name, 'send orders')
  assert.equal(span!.kind, SpanKind.PRODUCER)
  assert.equal(span!.parentSpanContext?.spanId, parent.spanContext().spanId)
  assert.equal(span!.status.code, SpanStatusCode.UNSET)
  assert.equal(sent.traceparent, `00-${parent.spanContext().traceId}-${span!.spanContext().spanId}-01`)
  assert.deepEqual(span!.attributes, {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'orders',
    'messaging.client.id': 'test-client',
    'messaging.destination.partition.id': '2',
    'messaging.kafka.offset': 40,
    'messaging.message.body.size': 3,
    'messaging.header.tenant_id': ['blue'],
  })
})

test('tracing - a failed send has the true error; a dropped and a dead-lettered one say so', async () => {
  const { send, spans } = await made()
  send({ value: null }).end({ offset: -1, partition: -1 }, new KafkaError('MESSAGE_TOO_LARGE', 'too large'))
  send().end({ dropped: 'noise' })
  send().end({ topic: 'orders.dlq', deadLettered: 'bad' })
  const [failed, dropped, deadLettered] = spans()
  assert.deepEqual(failed!.status, { code: SpanStatusCode.ERROR, message: 'too large' })
  assert.equal(failed!.attributes['error.type'], 'MESSAGE_TOO_LARGE')
  assert.equal(failed!.attributes['messaging.kafka.message.tombstone'], true)
  assert.equal(failed!.events[0]?.name, 'exception')
  assert.equal(dropped!.attributes['sluice.dropped'], 'noise')
  assert.equal(deadLettered!.attributes['sluice.dead_letter_topic'], 'orders.dlq')
  assert.equal(deadLettered!.attributes['messaging.destination.name'], 'orders')
})

test('tracing - a record that is sent again, or on from where it was read, carries one context: its own', async () => {
  const { send } = await made()
  const old = '00-11111111111111111111111111111111-2222222222222222-01'
  const { record } = send({
    headers: [
      ['traceparent', old],
      ['traceparent', old],
      ['tracestate', 'a=1'],
      ['app', 'shop'],
    ],
  })
  assert.equal(record.headers.getAll('traceparent').length, 1)
  assert.notEqual(record.headers.getString('traceparent'), old)
  assert.equal(record.headers.has('tracestate'), false)
  assert.equal(record.headers.getString('app'), 'shop')
})

test('tracing - what is not sampled makes no span and keeps nothing, and yet its context goes along', async () => {
  const { send, inSpan, spans } = await made({}, new AlwaysOffSampler())
  const root = send()
  assert.match(root.traceparent ?? '', /-00$/)
  assert.equal(root.state.state, undefined)
  const { span, sent } = inSpan((parent) => ({ span: parent, sent: send() }))
  assert.equal(sent.traceparent, `00-${span.spanContext().traceId}-${span.spanContext().spanId}-00`)
  root.end()
  sent.end()
  assert.deepEqual(spans(), [])
})

test('tracing - under an unsampled parent no sampler is asked', async () => {
  let asked = 0
  const root = new AlwaysOffSampler()
  const counting: Sampler = {
    shouldSample() {
      asked++
      return root.shouldSample()
    },
    toString: () => 'counting',
  }
  const { send, inSpan } = await made({}, new ParentBasedSampler({ root: counting }))
  inSpan(() => {
    const before = asked
    for (let n = 0; n < 10; n++) send()
    assert.equal(asked, before)
  })
})

test('tracing - propagateOnly carries the active context along and makes no spans', async () => {
  const { send, inSpan, spans } = await made({ mode: 'propagateOnly' })
  const given = '00-11111111111111111111111111111111-2222222222222222-01'
  const { span, sent } = inSpan((parent) => ({ span: parent, sent: send({ headers: { traceparent: given } }) }))
  assert.equal(sent.traceparent, `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`)
  // Nothing is active: what the application wrote stays.
  const outside = send({ headers: { traceparent: given } })
  assert.equal(outside.traceparent, given)
  sent.end()
  outside.end()
  assert.deepEqual(spans(), [])
})

test('tracing - spanPer batch makes one span for what is sent to a topic in one go', async () => {
  const { send, inSpan, spans } = await made({ spanPer: 'batch' })
  const sends = inSpan(() => [send(), send({ topic: 'other' }), send(), send()])
  const outside = send()
  assert.equal(new Set([sends[0], sends[2], sends[3]].map((sent) => sent!.traceparent)).size, 1)
  assert.notEqual(outside.traceparent, sends[0]!.traceparent)
  await Promise.resolve()
  const later = send()
  assert.notEqual(later.traceparent, outside.traceparent)
  await Promise.resolve()
  sends[0]!.end()
  sends[2]!.end({}, new KafkaError('TIMEOUT', 'late'))
  sends[1]!.end()
  assert.deepEqual(
    spans().map(({ name }) => name),
    ['send other'],
  )
  sends[3]!.end()
  const batch = spans()[1]!
  assert.equal(batch.attributes['messaging.batch.message_count'], 3)
  assert.equal(batch.attributes['error.type'], 'TIMEOUT')
  outside.end()
  later.end()
  assert.equal(spans().length, 4)
})

test('tracing - a batch that is acknowledged before its tick is over counts every record', async () => {
  const { send, spans } = await made({ spanPer: 'batch' })
  send().end({ dropped: 'noise' })
  send().end({ dropped: 'noise' })
  assert.deepEqual(spans(), [])
  await Promise.resolve()
  assert.equal(spans()[0]?.attributes['messaging.batch.message_count'], 2)
})

test('tracing - without a provider nothing is written; one that is registered later is used', async () => {
  const interceptor = tracing({ propagator: new W3CTraceContextPropagator() })
  await interceptor.configure?.(testContext())
  const record = recordOf()
  interceptor.onSend?.(record, recordContext())
  assert.equal(record.headers.size, 0)
  const exporter = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
  try {
    const state = recordContext()
    interceptor.onSend?.(record, state)
    interceptor.onAcknowledgement?.(metadata, null, record.headers, state)
    assert.equal(exporter.getFinishedSpans().length, 1)
    assert.equal(context.active(), ROOT_CONTEXT)
  } finally {
    trace.disable()
  }
})

test('tracing - wrong options are refused by name', () => {
  assert.throws(() => tracing({ mode: 'off' as never }), /mode must be one of full, propagateOnly, not "off"/)
  assert.throws(() => tracing({ captureHeaders: 'x' as never }), /captureHeaders must be a list/)
  assert.throws(() => tracing({ tracerProvider: {} as never }), /tracerProvider must be a TracerProvider, with getTracer/)
})
