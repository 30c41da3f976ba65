import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { AlwaysOffSampler, AlwaysOnSampler, type Sampler, TracerProvider } from '@opentelemetry/sdk-trace'
import { Registry } from 'prom-client'
import {
  type ConsumerInterceptor,
  type ConsumerRecord,
  ConsumerRecords,
  type ProducerInterceptor,
  RecordHeaders,
  silentLogger,
} from 'sluice'
import { audit, checksum, counter, logger, metrics, tracing } from 'sluice/interceptors'
import { systemClock } from '../../packages/sluice/src/clock.ts'
import { ProducerInterceptors } from '../../packages/sluice/src/interceptor/producer-interceptors.ts'
import type { SendContext } from '../../packages/sluice/src/interceptor/send-context.ts'
import type { ProducerRecord } from '../../packages/sluice/src/record/producer-record.ts'
import type { MicroBody, MicroCase } from '../micro-case.ts'

const GROUP = 'interceptors-observability'
/** Records that wait for their acknowledgement. */
const UNDER_WAY = 1024
const POLL = 500

const about = { clientId: 'bench', options: {}, logger: silentLogger, clock: systemClock } as const
const value = Buffer.alloc(100, 'a')
const metadata = { topic: 'orders', partition: 0, offset: 0, timestamp: 0, serializedKeySize: -1, serializedValueSize: 100 }

/** A record through the hooks of a producer, its acknowledgement included. */
async function sending(interceptor: ProducerInterceptor): Promise<MicroBody> {
  const interceptors = new ProducerInterceptors([interceptor], { ...about, groupId: undefined, side: 'producer' })
  await interceptors.configuring
  const underWay: (SendContext | null)[] = new Array(UNDER_WAY).fill(null)
  return {
    record(n) {
      const { chain } = interceptors
      const record: ProducerRecord = {
        topic: 'orders',
        partition: undefined,
        key: null,
        value,
        timestamp: undefined,
        headers: new RecordHeaders(),
      }
      const sent = chain.begin('orders')!
      chain.run('onSend', record, sent)
      const outcome = chain.run('onSerialized', record, sent)
      const due = underWay[n % UNDER_WAY]!
      underWay[n % UNDER_WAY] = sent
      if (due !== null) due.chain.acknowledge(due, metadata, null)
      return outcome
    },
    close: () => interceptors.close(),
  }
}

/** The same with a turn of the event loop now and then, for what works behind the scenes. */
async function sendingInTurns(interceptor: ProducerInterceptor): Promise<MicroBody> {
  const { record, close } = await sending(interceptor)
  return {
    async recordAsync(n) {
      record!(n)
      if (n % POLL === 0) await new Promise(setImmediate)
    },
    close,
  }
}

/** A record of a poll of 500, without its handler. */
async function consuming(interceptor: ConsumerInterceptor): Promise<MicroBody> {
  await interceptor.configure?.({ ...about, groupId: 'bench', side: 'consumer' })
  const states = { getState: () => undefined, setState() {}, signal: new AbortController().signal }
  let offset = 0
  const poll = (): ConsumerRecords => {
    const records: ConsumerRecord[] = []
    for (let index = 0; index < POLL; index++) {
      records.push({
        topic: 'orders',
        partition: 0,
        offset: offset++,
        timestamp: 1_700_000_000_000,
        timestampType: 'CreateTime',
        key: null,
        value,
        headers: new RecordHeaders(),
        serializedKeySize: -1,
        serializedValueSize: 100,
        leaderEpoch: 0,
      })
    }
    return new ConsumerRecords([{ topic: 'orders', partition: 0, records }])
  }
  return { record: (n) => (n % POLL === 0 ? interceptor.onConsume?.(poll(), states) : undefined) }
}

function traced(sampler?: Sampler): ProducerInterceptor {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const tracerProvider = sampler && new TracerProvider({ sampler })
  return tracing({ ...(tracerProvider && { tracerProvider }), propagator: new W3CTraceContextPropagator() })
}

/** Under an active span that is not sampled. */
async function tracedUnderUnsampled(): Promise<MicroBody> {
  const body = await sending(traced(new AlwaysOnSampler()))
  const parent = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0 }
  const active = trace.setSpanContext(context.active(), parent)
  return { ...body, record: (n) => context.with(active, body.record!, undefined, n) }
}

class NoReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

const passThrough = (): ProducerInterceptor & ConsumerInterceptor => ({
  name: 'pass-through',
  onSend: (record) => record,
  onAcknowledgement() {},
  onConsume: (records) => records,
})

const otelMeter = () => new MeterProvider({ readers: [new NoReader()] }).getMeter('bench')

/** What the observers cost a record; the difference to `send` or `poll` is the interceptor's own part. */
export const cases: readonly MicroCase[] = [
  { name: `${GROUP}/send`, about: 'a producer with one interceptor that does nothing', setUp: () => sending(passThrough()) },
  { name: `${GROUP}/counter-send`, about: 'counter on a producer', setUp: () => sending(counter()) },
  { name: `${GROUP}/logger-send`, about: 'logger, every hundredth record', setUp: () => sending(logger()) },
  { name: `${GROUP}/metrics-prom-send`, about: 'metrics for prom-client', setUp: () => sending(metrics({ registry: new Registry() })) },
  {
    name: `${GROUP}/metrics-otel-send`,
    about: 'metrics for the SDK of OpenTelemetry',
    setUp: () => sending(metrics({ meter: otelMeter() })),
  },
  { name: `${GROUP}/tracing-off-send`, about: 'tracing without a TracerProvider', setUp: () => sending(traced()) },
  { name: `${GROUP}/tracing-parent-unsampled-send`, about: 'tracing under a span that is not sampled', setUp: tracedUnderUnsampled },
  { name: `${GROUP}/tracing-unsampled-send`, about: 'tracing, the sampler says no', setUp: () => sending(traced(new AlwaysOffSampler())) },
  { name: `${GROUP}/tracing-sampled-send`, about: 'tracing, a span for every record', setUp: () => sending(traced(new AlwaysOnSampler())) },
  {
    name: `${GROUP}/send-awaited`,
    about: 'as send, with a turn of the event loop for every 500 records',
    setUp: () => sendingInTurns(passThrough()),
  },
  {
    name: `${GROUP}/audit-send-awaited`,
    about: 'audit, each entry made into JSON as for a file',
    setUp: () => sendingInTurns(audit({ sink: (entries) => void entries.map((entry) => JSON.stringify(entry)) })),
  },
  { name: `${GROUP}/checksum-send`, about: 'checksum of 100 bytes, written', setUp: () => sending(checksum()) },
  { name: `${GROUP}/poll`, about: 'a poll of 500 through an interceptor that does nothing', setUp: () => consuming(passThrough()) },
  { name: `${GROUP}/counter-poll`, about: 'counter on a consumer', setUp: () => consuming(counter()) },
  { name: `${GROUP}/metrics-prom-poll`, about: 'metrics for prom-client', setUp: () => consuming(metrics({ registry: new Registry() })) },
  {
    name: `${GROUP}/metrics-otel-poll`,
    about: 'metrics for the SDK of OpenTelemetry',
    setUp: () => consuming(metrics({ meter: otelMeter() })),
  },
]
