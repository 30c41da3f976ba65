import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNoopMeter, type Meter } from '@opentelemetry/api'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { Counter, Registry } from 'prom-client'
import { KafkaError, type RecordMetadata } from 'sluice'
import {
  consumeContext,
  consumerRecordsOf,
  interceptorContract,
  recordContext,
  recordOf,
  type TestContext,
  testContext,
} from 'sluice/testing'
import { type MetricsOptions, metrics } from './index.ts'

interceptorContract((options?: MetricsOptions) => metrics({ registry: new Registry(), ...options }))

const metadata: RecordMetadata = { topic: 'orders', partition: 2, offset: 40, timestamp: 1, serializedKeySize: -1, serializedValueSize: 3 }

function made(options: MetricsOptions, overrides: Partial<TestContext> = {}) {
  const producer = testContext(overrides)
  const consumer = testContext({ ...overrides, side: 'consumer', groupId: 'billing', clock: producer.clock })
  const interceptor = metrics(options)
  interceptor.configure?.(producer)
  interceptor.configure?.(consumer)
  const send = (tookMs = 0, error: KafkaError | null = null, end: Partial<RecordMetadata> = {}, topic = 'orders'): void => {
    const context = recordContext()
    const record = recordOf({ topic })
    assert.equal(interceptor.onSend?.(record, context), record)
    producer.clock.advance(tookMs)
    interceptor.onAcknowledgement?.({ ...metadata, topic, ...end }, error, record.headers, context)
  }
  return { interceptor, send, clock: producer.clock, logger: producer.logger }
}

/** Everything that can be measured, once. */
async function everything(options: MetricsOptions): Promise<void> {
  const { interceptor, send, clock } = made(options)
  send(20)
  send(3000)
  send(1, new KafkaError('TIMEOUT', 'late'))
  send(0, null, { dropped: 'noise' })
  send(0, null, { topic: 'orders.dlq', deadLettered: 'bad' })
  const timestamp = clock.now()
  clock.advance(400)
  const records = consumerRecordsOf([
    { topic: 'orders', timestamp },
    { topic: 'orders', timestamp: timestamp + 9999 },
  ])
  assert.equal(interceptor.onConsume?.(records, consumeContext()), records)
  const [record] = records
  await interceptor.handle?.(record!, async () => clock.advance(70), recordContext())
  await assert.rejects(async () => interceptor.handle?.(record!, () => Promise.reject(new TypeError('no')), recordContext()), TypeError)
  const batch = { topic: 'orders', partition: 0, records: records.records('orders') }
  await interceptor.handleBatch?.(batch, async () => clock.advance(20_000), consumeContext())
}

async function scrape(registry: Registry): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

const SEND = 'messaging_destination_name="orders",messaging_system="kafka",messaging_operation_name="send"'
const CONSUME = 'messaging_destination_name="orders",messaging_consumer_group_name="billing",messaging_system="kafka"'

test('metrics - a real registry of prom-client is scraped: counters', async () => {
  const registry = new Registry()
  await everything({ registry })
  const values = await scrape(registry)
  assert.equal(values.get(`sluice_producer_started_messages_total{${SEND}}`), 5)
  assert.equal(values.get(`messaging_client_sent_messages_total{${SEND}}`), 2)
  assert.equal(values.get(`messaging_client_sent_messages_total{${SEND},error_type="TIMEOUT"}`), 1)
  assert.equal(values.get(`sluice_producer_dropped_messages_total{${SEND},reason="noise"}`), 1)
  assert.equal(values.get(`sluice_producer_dead_lettered_messages_total{${SEND}}`), 1)
  assert.equal(values.get(`messaging_client_consumed_messages_total{${CONSUME},messaging_operation_name="poll"}`), 2)
  const text = await registry.metrics()
  assert.match(text, /# HELP messaging_client_sent_messages_total Records whose send ended/)
  assert.match(text, /# TYPE messaging_process_duration_seconds histogram/)
})

test('metrics - a real registry of prom-client is scraped: histograms are cumulative, with sum and count', async () => {
  const registry = new Registry()
  await everything({ registry, buckets: [0.01, 0.5, 5] })
  const values = await scrape(registry)
  const of = (name: string, labels: string): (number | undefined)[] => [
    ...['0.01', '0.5', '5', '+Inf'].map((le) => values.get(`${name}_bucket{le="${le}",${labels}}`)),
    values.get(`${name}_count{${labels}}`),
  ]
  const sent = `${SEND},messaging_operation_type="send"`
  assert.deepEqual(of('messaging_client_operation_duration_seconds', sent), [0, 1, 2, 2, 2])
  assert.equal(values.get(`messaging_client_operation_duration_seconds_sum{${sent}}`), 3.02)
  assert.deepEqual(of('messaging_client_operation_duration_seconds', `${sent},error_type="TIMEOUT"`), [1, 1, 1, 1, 1])
  assert.deepEqual(of('sluice_consumer_end_to_end_duration_seconds', `${CONSUME},messaging_operation_name="poll"`), [1, 2, 2, 2, 2])
  const processed = `${CONSUME},messaging_operation_name="process"`
  assert.deepEqual(of('messaging_process_duration_seconds', processed), [0, 1, 1, 2, 2])
  assert.deepEqual(of('messaging_process_duration_seconds', `${processed},error_type="TypeError"`), [1, 1, 1, 1, 1])
})

test('metrics - the OpenTelemetry SDK exports the same, under the names of the conventions', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })] })
  await everything({ meter: provider.getMeter('test'), buckets: [0.01, 0.5, 5] })
  await provider.forceFlush()
  const exported = exporter.getMetrics()[0]!.scopeMetrics[0]!.metrics
  const points = (name: string) => exported.find(({ descriptor }) => descriptor.name === name)!.dataPoints
  const send = { 'messaging.system': 'kafka', 'messaging.operation.name': 'send', 'messaging.destination.name': 'orders' }
  assert.deepEqual(
    points('messaging.client.sent.messages').map(({ attributes, value }) => ({ attributes, value })),
    [
      { attributes: send, value: 2 },
      { attributes: { ...send, 'error.type': 'TIMEOUT' }, value: 1 },
    ],
  )
  const [taken] = points('messaging.client.operation.duration')
  assert.deepEqual(taken!.attributes, { ...send, 'messaging.operation.type': 'send' })
  const { count, sum, buckets } = taken!.value as { count: number; sum: number; buckets: { boundaries: number[]; counts: number[] } }
  assert.deepEqual({ count, sum, buckets }, { count: 2, sum: 3.02, buckets: { boundaries: [0.01, 0.5, 5], counts: [0, 1, 1, 0] } })
  const [processed, failed] = points('messaging.process.duration')
  assert.equal(processed!.attributes['messaging.consumer.group.name'], 'billing')
  assert.equal(failed!.attributes['error.type'], 'TypeError')
  assert.deepEqual(exported.map(({ descriptor }) => descriptor.name).sort(), [
    'messaging.client.consumed.messages',
    'messaging.client.operation.duration',
    'messaging.client.sent.messages',
    'messaging.process.duration',
    'sluice.consumer.end_to_end.duration',
    'sluice.producer.dead_lettered.messages',
    'sluice.producer.dropped.messages',
    'sluice.producer.started.messages',
  ])
  await provider.shutdown()
})

test('metrics - two interceptors with one registry or meter count together, and so does one that comes after another was closed', async () => {
  const registry = new Registry()
  await everything({ registry })
  await everything({ registry, labels: ['topic', 'groupId'] })
  assert.equal((await scrape(registry)).get(`messaging_client_sent_messages_total{${SEND}}`), 4)
  registry.clear()
  await everything({ registry })
  assert.equal((await scrape(registry)).get(`messaging_client_sent_messages_total{${SEND}}`), 6)
  registry.resetMetrics()
  assert.equal((await scrape(registry)).get(`messaging_client_sent_messages_total{${SEND}}`), 0)
})

test('metrics - labels are those asked for', async () => {
  const registry = new Registry()
  const { send } = made({ registry, labels: ['partition', 'clientId'] })
  send()
  const label =
    'messaging_destination_partition_id="2",messaging_client_id="test-client",messaging_system="kafka",messaging_operation_name="send"'
  assert.equal((await scrape(registry)).get(`messaging_client_sent_messages_total{${label}}`), 1)
})

test('metrics - more topics than maxSeries are measured as other, and the log says so once', async () => {
  const registry = new Registry()
  const { send, logger } = made({ registry, maxSeries: 2 })
  for (let n = 0; n < 20; n++) send(0, null, {}, `t${n}`)
  const values = await scrape(registry)
  const sent = [...values].filter(([name]) => name.startsWith('messaging_client_sent_messages_total'))
  assert.deepEqual(
    sent.map(([name, value]) => [/destination_name="(\w+)"/.exec(name)?.[1], value]),
    [
      ['t0', 1],
      ['t1', 1],
      ['other', 18],
    ],
  )
  assert.equal(logger.messages('warn').length, 1)
})

test('metrics - reasons and errors without end are bounded too', async () => {
  const registry = new Registry()
  const { send } = made({ registry })
  for (let n = 0; n < 200; n++) {
    send(0, null, { dropped: `reason ${n}` })
    send(0, new KafkaError(`CODE_${n}`, 'x'))
  }
  const values = await scrape(registry)
  assert.equal(values.get(`sluice_producer_dropped_messages_total{${SEND},reason="other"}`), 150)
  assert.equal(values.get(`messaging_client_sent_messages_total{${SEND},error_type="_OTHER"}`), 150)
})

test('metrics - OpenMetrics, where names of counters lose their _total and lines keep it', async () => {
  const registry = new Registry<'application/openmetrics-text; version=1.0.0; charset=utf-8'>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  for (let n = 1; n <= 2; n++) {
    made({ registry }).send()
    const text = await registry.metrics()
    assert.equal(text.split('# TYPE messaging_client_sent_messages ').length, 2)
    assert.match(text, /# TYPE messaging_client_sent_messages counter/)
    assert.match(text, new RegExp(`^messaging_client_sent_messages_total\\{.*\\} ${n}$`, 'm'))
  }
})

test("metrics - a registry that has another's metric of the name is refused, and so are other buckets", () => {
  const registry = new Registry()
  new Counter({ name: 'messaging_client_sent_messages_total', help: 'x', registers: [registry] })
  assert.throws(() => metrics({ registry }).configure?.(testContext()), /has another metric named messaging_client_sent_messages_total/)
  const shared = new Registry()
  metrics({ registry: shared }).configure?.(testContext())
  assert.throws(() => metrics({ registry: shared, buckets: [1] }).configure?.(testContext()), /other buckets/)
})

test('metrics - without a MeterProvider there is a warning', async () => {
  const context = testContext()
  await metrics({ backend: 'opentelemetry' }).configure?.(context)
  assert.match(context.logger.messages('warn')[0] ?? '', /no MeterProvider/)
  const meter: Meter = createNoopMeter()
  metrics({ meter }).configure?.(testContext())
})

test('metrics - wrong options are refused by name', () => {
  assert.throws(() => metrics({ registry: {} as never }), /registry must be a Registry of prom-client/)
  assert.throws(() => metrics({ labels: ['key'] as never }), /labels must be a list of topic, partition, clientId, groupId/)
  assert.throws(() => metrics({ buckets: [1, 1] }), /each above the one before/)
  assert.throws(() => metrics({ registry: new Registry(), meter: createNoopMeter() }), /a registry or a meter, not both/)
})
