import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { type ConsumeContext, KafkaError } from 'sluice'
import { consumeContext, consumerRecordsOf, recordContext, testContext } from 'sluice/testing'
import { type TracingOptions, tracing } from './index.ts'

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})

const traceId = (n: number): string => String(n).repeat(32)
const spanId = (n: number): string => String(n).repeat(16)
const sentBy = (n: number, flags = '01') => ({ traceparent: `00-${traceId(n)}-${spanId(n)}-${flags}` })

async function made(options: TracingOptions = {}) {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const propagator = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] })
  const interceptor = tracing({ tracerProvider: provider, propagator, ...options })
  await interceptor.configure?.(testContext({ side: 'consumer', groupId: 'billing' }))
  const spans = (name?: string): readonly ReadableSpan[] =>
    exporter.getFinishedSpans().filter((span) => name === undefined || span.name === name)
  const handle = async (record: Parameters<NonNullable<typeof interceptor.handle>>[0], run: () => Promise<void>, states?: ConsumeContext) =>
    interceptor.handle?.(record, run, recordContext(states?.getState(record)))
  return { interceptor, spans, handle }
}

test('tracing - the handler runs in a process span that goes on with the trace of the send', async () => {
  const { handle, spans } = await made({ captureHeaders: ['tenant'] })
  const headers = { ...sentBy(1), baggage: 'user=ada', tenant: 'blue' }
  const [record] = consumerRecordsOf([{ topic: 'orders', partition: 3, offset: 17, value: 'abc', headers }])
  let inside: { readonly spanId: string | undefined; readonly user: string | undefined } | undefined
  await handle(record!, async () => {
    await new Promise(setImmediate)
    inside = {
      spanId: trace.getActiveSpan()?.spanContext().spanId,
      user: propagation.getActiveBaggage()?.getEntry('user')?.value,
    }
  })
  assert.equal(trace.getActiveSpan(), undefined)
  const [span] = spans()
  assert.deepEqual(inside, { spanId: span!.spanContext().spanId, user: 'ada' })
  assert.equal(span!.name, 'process orders')
  assert.equal(span!.kind, SpanKind.CONSUMER)
  assert.equal(span!.spanContext().traceId, traceId(1))
  assert.equal(span!.parentSpanContext?.spanId, spanId(1))
  assert.deepEqual(span!.attributes, {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.client.id': 'test-client',
    'messaging.destination.name': 'orders',
    'messaging.consumer.group.name': 'billing',
    'messaging.destination.partition.id': '3',
    'messaging.kafka.offset': 17,
    'messaging.message.body.size': 3,
    'messaging.header.tenant': ['blue'],
  })
})

test('tracing - a poll has a receive span with a link to each send, none for what was filtered to nothing', async () => {
  const { interceptor, spans } = await made()
  const records = consumerRecordsOf([
    { headers: sentBy(1) },
    { headers: sentBy(1) },
    {},
    { headers: sentBy(2, '00') },
    { topic: 'b', headers: sentBy(3) },
  ])
  assert.equal(interceptor.onConsume?.(records, consumeContext()), records)
  interceptor.onConsume?.(consumerRecordsOf([]), consumeContext())
  interceptor.onConsume?.(consumerRecordsOf([{}]), consumeContext())
  const [poll, second, ...none] = spans()
  assert.equal(none.length, 0)
  assert.equal(poll!.name, 'poll')
  assert.equal(second!.name, 'poll topic')
  assert.equal(poll!.kind, SpanKind.CLIENT)
  assert.equal(poll!.attributes['messaging.batch.message_count'], 5)
  assert.deepEqual(
    poll!.links.map((link) => link.context.spanId),
    [1, 2, 3].map(spanId),
  )
})

test('tracing - with consume links the handler belongs to the poll, and links to the send', async () => {
  const { interceptor, handle, spans } = await made({ consume: 'links' })
  const states = consumeContext()
  const records = consumerRecordsOf([{ headers: sentBy(1) }])
  interceptor.onConsume?.(records, states)
  const [record] = records
  await handle(record!, async () => {}, states)
  const [poll] = spans('poll topic')
  const [span] = spans('process topic')
  assert.equal(span!.parentSpanContext?.spanId, poll!.spanContext().spanId)
  assert.notEqual(span!.spanContext().traceId, traceId(1))
  assert.deepEqual(
    span!.links.map((link) => link.context.traceId),
    [traceId(1)],
  )
})

test('tracing - a handler that fails ends its span with the error, and the error goes on as it is', async () => {
  const { handle, spans } = await made()
  const [record] = consumerRecordsOf([{}])
  const thrown = new KafkaError('NETWORK', 'gone')
  await assert.rejects(
    handle(record!, () => Promise.reject(thrown)),
    (error) => error === thrown,
  )
  await assert.rejects(
    handle(record!, async () => JSON.parse('{"secret": nonsense')),
    SyntaxError,
  )
  const [network, syntax] = spans()
  assert.deepEqual(network!.status, { code: SpanStatusCode.ERROR, message: 'gone' })
  assert.equal(network!.attributes['error.type'], 'NETWORK')
  assert.equal(syntax!.attributes['error.type'], 'SyntaxError')
  assert.equal(JSON.stringify([syntax!.status, syntax!.events]).includes('secret'), false)
})

test('tracing - a record whose send was not sampled makes no span, and its handler knows', async () => {
  const { handle, spans } = await made()
  const [record] = consumerRecordsOf([{ headers: sentBy(1, '00') }])
  await handle(record!, async () => {
    assert.equal(trace.getActiveSpan()?.spanContext().traceId, traceId(1))
    assert.equal(trace.getActiveSpan()?.isRecording(), false)
  })
  assert.deepEqual(spans(), [])
})

test('tracing - contexts of records that are handled at the same time do not mix', async () => {
  const { handle } = await made()
  const records = [...consumerRecordsOf([1, 2, 3].map((n) => ({ headers: sentBy(n) })))]
  const seen = records.map(() => [] as (string | undefined)[])
  await Promise.all(
    records.map((record, index) =>
      handle(record, async () => {
        for (let n = 0; n < 3; n++) {
          await new Promise(setImmediate)
          seen[index]!.push(trace.getActiveSpan()?.spanContext().traceId)
        }
      }),
    ),
  )
  assert.deepEqual(
    seen,
    [1, 2, 3].map((n) => [traceId(n), traceId(n), traceId(n)]),
  )
})

test('tracing - eachBatch has one span with links to all sends, under the first that is sampled', async () => {
  const { interceptor, spans } = await made()
  const run = async (flags: string[]): Promise<void> => {
    const records = consumerRecordsOf(flags.map((flag, index) => ({ headers: sentBy(index + 1, flag) }))).records('topic')
    await interceptor.handleBatch?.({ topic: 'topic', partition: 0, records }, async () => {}, consumeContext())
  }
  await run(['00', '01', '01'])
  await run(['00', '00'])
  const [span, ...others] = spans()
  assert.equal(others.length, 0)
  assert.equal(span!.parentSpanContext?.spanId, spanId(2))
  assert.equal(span!.links.length, 3)
  assert.equal(span!.attributes['messaging.batch.message_count'], 3)
})

test('tracing - spanPer batch and propagateOnly make no span for eachRecord, but its context is active', async () => {
  for (const options of [{ spanPer: 'batch' }, { mode: 'propagateOnly' }] as const) {
    const { handle, spans } = await made(options)
    const [record] = consumerRecordsOf([{ headers: sentBy(1) }])
    await handle(record!, async () => assert.equal(trace.getActiveSpan()?.spanContext().spanId, spanId(1)))
    assert.deepEqual(spans(), [])
  }
})

test('tracing - runInContext gives those who poll a span and a context for each record, and leaks none', async () => {
  const { interceptor, spans } = await made({ receiveSpans: false })
  const [record, other] = consumerRecordsOf([{ headers: sentBy(1) }, { headers: sentBy(2) }])
  assert.equal(
    interceptor.runInContext(record!, () => trace.getActiveSpan()?.spanContext().traceId),
    traceId(1),
  )
  assert.equal(trace.getActiveSpan(), undefined)
  const later = interceptor.runInContext(other!, async () => {
    await new Promise(setImmediate)
    return trace.getActiveSpan()?.spanContext().traceId
  })
  assert.equal(trace.getActiveSpan(), undefined)
  assert.equal(spans().length, 1)
  assert.equal(await later, traceId(2))
  assert.equal(spans().length, 2)
  assert.throws(
    () =>
      interceptor.runInContext(record!, () => {
        throw new TypeError('no')
      }),
    TypeError,
  )
  await assert.rejects(
    interceptor.runInContext(record!, () => Promise.reject(new TypeError('no'))),
    TypeError,
  )
  assert.deepEqual(
    spans()
      .slice(2)
      .map(({ status }) => status.code),
    [SpanStatusCode.ERROR, SpanStatusCode.ERROR],
  )
})

test('tracing - a handler that never ends has its span ended by close, once', async () => {
  const { interceptor, handle, spans } = await made()
  const [record] = consumerRecordsOf([{}])
  const { promise, resolve } = Promise.withResolvers<void>()
  const handled = handle(record!, () => promise)
  assert.deepEqual(spans(), [])
  await interceptor.close?.()
  assert.equal(spans().length, 1)
  resolve()
  await handled
  assert.equal(spans().length, 1)
})

test('tracing - headers that hold no context, or a broken one, start a trace of their own', async () => {
  const { handle, spans } = await made()
  for (const traceparent of ['', 'nonsense', `00-${'0'.repeat(32)}-${spanId(1)}-01`, null]) {
    const [record] = consumerRecordsOf([{ headers: { traceparent } }])
    await handle(record!, async () => {})
  }
  assert.equal(spans().length, 4)
  for (const span of spans()) assert.equal(span.parentSpanContext, undefined)
})
