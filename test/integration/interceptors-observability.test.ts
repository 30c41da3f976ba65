import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { Registry } from 'prom-client'
import {
  type ConsumerInterceptor,
  type ConsumerRecord,
  drop,
  KafkaConsumer,
  KafkaProducer,
  type ProducerInterceptor,
  type RunOptions,
  stringDeserializer,
  stringSerializer,
} from 'sluice'
import { audit, checksum, counter, logger, metrics, tracing } from 'sluice/interceptors'
import { CollectingLogger } from 'sluice/testing'
import { eventually } from '../support/eventually.ts'
import { type TestCluster, testCluster } from '../support/test-cluster.ts'

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})

const noNoise: ProducerInterceptor = {
  name: 'no-noise',
  onSend: (record) => (record.value === 'noise' ? drop('noise') : record),
}

interface Clients {
  readonly cluster: TestCluster
  readonly log: CollectingLogger
  producer(interceptors: readonly ProducerInterceptor[], options?: object): KafkaProducer<string, string>
  consumer(interceptors: readonly ConsumerInterceptor[], options?: object): KafkaConsumer<string, string>
}

async function withClients(use: (clients: Clients) => Promise<void>): Promise<void> {
  await using cluster = await testCluster()
  const log = new CollectingLogger()
  const { bootstrapServers } = cluster
  const common = { bootstrapServers, logger: log }
  await using closing = new AsyncDisposableStack()
  await use({
    cluster,
    log,
    producer: (interceptors, options = {}) =>
      closing.use(
        new KafkaProducer({ ...common, keySerializer: stringSerializer, valueSerializer: stringSerializer, ...options }, interceptors),
      ),
    consumer: (interceptors, options = {}) =>
      closing.use(
        new KafkaConsumer(
          {
            ...common,
            groupId: cluster.unique('billing'),
            autoOffsetReset: 'earliest',
            keyDeserializer: stringDeserializer,
            valueDeserializer: stringDeserializer,
            ...options,
          },
          interceptors,
        ),
      ),
  })
}

/** Runs until so many records were handled, and commits them. */
async function runUntil(
  consumer: KafkaConsumer<string, string>,
  topic: string,
  count: number,
  handle: (record: ConsumerRecord<string, string>) => unknown = () => {},
): Promise<void> {
  consumer.subscribe([topic])
  const stop = new AbortController()
  let handled = 0
  const options: RunOptions<string, string> = {
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]),
    async eachRecord(record) {
      await handle(record)
      if (++handled === count) stop.abort()
    },
  }
  await consumer.run(options)
  assert.equal(handled, count)
  await consumer.commit()
}

test('observability - counter, logger and metrics agree on what became of every record', async () => {
  await withClients(async ({ cluster, producer, consumer, log }) => {
    const topic = await cluster.createTopic(3)
    const counts = counter()
    const registry = new Registry()
    const observers = [counts, metrics({ registry }), logger({ sampleRate: 1, maxPerSecond: Number.POSITIVE_INFINITY })]
    const sender = producer([...observers, noNoise])
    const values = Array.from({ length: 60 }, (_, n) => (n % 6 === 0 ? 'noise' : `secret ${n}`))
    await Promise.all(values.map((value, n) => sender.send({ topic, key: `key-${n}`, value })))
    await assert.rejects(sender.send({ topic, value: 'x'.repeat(2_000_000) }), { code: 'RECORD_TOO_LARGE' })
    await runUntil(consumer(observers), topic, 50)

    const { sent, acknowledged, failed, dropped, consumed, consumedBytes, handled, committed, acknowledgedBytes } =
      counts.snapshot().topics[topic]!
    assert.deepEqual(
      { sent, acknowledged, failed, dropped, consumed, handled, committed },
      { sent: 61, acknowledged: 50, failed: 1, dropped: 10, consumed: 50, handled: 50, committed: 50 },
    )
    assert.equal(consumedBytes, acknowledgedBytes)

    const scraped = await registry.metrics()
    const value = (name: string): number => Number(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'm').exec(scraped)?.[1])
    assert.equal(value('sluice_producer_started_messages_total'), 61)
    assert.equal(value('messaging_client_sent_messages_total'), 50)
    assert.equal(value('sluice_producer_dropped_messages_total'), 10)
    assert.equal(value('messaging_client_consumed_messages_total'), 50)
    assert.equal(value('sluice_consumer_end_to_end_duration_seconds_count'), 50)
    assert.equal(value('messaging_process_duration_seconds_count'), 50)

    const events = Object.groupBy(log.lines, ({ fields }) => String(fields?.event))
    assert.equal(events.acknowledged?.length, 50)
    assert.equal(events.failed?.length, 1)
    assert.equal(events.handled?.length, 50)
    assert.ok((events.committed?.length ?? 0) > 0)
    assert.equal(/secret|key-\d|xxxx/.test(log.text()), false)
  })
})

test('observability - a trace goes from the send through the topic into the handler and what it sends on', async () => {
  await withClients(async ({ cluster, producer, consumer }) => {
    const exporter = new InMemorySpanExporter()
    const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
    const otel = { tracerProvider, propagator: new W3CTraceContextPropagator() }
    const [orders, bills] = [await cluster.createTopic(2), await cluster.createTopic(1)]
    const sender = producer([tracing(otel)])
    await Promise.all([0, 1, 2].map((n) => sender.send({ topic: orders, key: `k${n}`, value: 'v' })))
    // What is sent on brings the old context along in its headers.
    await runUntil(consumer([tracing(otel)]), orders, 3, ({ key, headers }) => sender.send({ topic: bills, key, value: 'bill', headers }))

    const spans = exporter.getFinishedSpans()
    const named = (name: string) => spans.filter((span) => span.name === name)
    const ids = (of: ReturnType<typeof named>) => of.map((span) => span.spanContext().spanId).sort()
    const parents = (of: ReturnType<typeof named>) => of.map((span) => span.parentSpanContext?.spanId).sort()
    const [sends, handlers, sendsOn] = [named(`send ${orders}`), named(`process ${orders}`), named(`send ${bills}`)]
    assert.equal(sends.length, 3)
    assert.deepEqual(parents(handlers), ids(sends))
    assert.deepEqual(parents(sendsOn), ids(handlers))
    assert.equal(new Set([...sends, ...handlers, ...sendsOn].map((span) => span.spanContext().traceId)).size, 3)
    const links = named(`poll ${orders}`).flatMap((span) => span.links.map((link) => link.context.spanId))
    assert.deepEqual(links.sort(), ids(sends))
    for (const stored of await cluster.records(bills)) assert.equal(stored.headers.filter(({ key }) => key === 'traceparent').length, 1)
  })
})

test('observability - poll and for await leak no context from record to record, and runInContext gives each its own', async () => {
  await withClients(async ({ cluster, producer, consumer }) => {
    const exporter = new InMemorySpanExporter()
    const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
    const otel = { tracerProvider, propagator: new W3CTraceContextPropagator() }
    const topic = await cluster.createTopic(1)
    const sender = producer([tracing(otel)])
    for (let n = 0; n < 5; n++) await sender.send({ topic, value: String(n) })
    const reading = tracing(otel)
    const reader = consumer([reading])
    reader.subscribe([topic])
    const seen: (string | undefined)[] = []
    for await (const record of reader) {
      assert.equal(trace.getActiveSpan(), undefined)
      await reading.runInContext(record, async () => {
        await new Promise(setImmediate)
        seen.push(trace.getActiveSpan()?.spanContext().traceId)
      })
      assert.equal(trace.getActiveSpan(), undefined)
      if (seen.length === 5) break
    }
    const sent = exporter.getFinishedSpans().filter(({ name }) => name === `send ${topic}`)
    assert.deepEqual(
      seen,
      sent.map((span) => span.spanContext().traceId),
    )
  })
})

test('observability - the checksum on the way is that of the acknowledgement, and what changes a record is found', async () => {
  await withClients(async ({ cluster, producer, consumer }) => {
    const [topic, letterTopic] = [await cluster.createTopic(1), await cluster.createTopic(1)]
    const sums = checksum({ onMismatch: 'deadLetter', onMissing: 'drop' })
    const spoil: ProducerInterceptor = {
      name: 'spoil',
      onSerialized: (record) => (String(record.value) === 'spoilt' ? { ...record, value: Buffer.from('spoiled') } : record),
    }
    const sender = producer([sums, spoil], { recordAudit: true })
    const good = await sender.send({ topic, key: 'k', value: 'good' })
    await sender.send({ topic, key: 'k', value: 'spoilt' })
    await producer([]).send({ topic, value: 'without' })
    await sender.send({ topic, value: 'last' })
    const [stored] = await cluster.records(topic)
    assert.equal(String(stored?.headers.find(({ key }) => key === 'checksum-crc32c')?.value), String(good.checksum))

    const seen: (string | null)[] = []
    await runUntil(consumer([sums], { deadLetterTopic: letterTopic }), topic, 2, ({ value }) => seen.push(value))
    assert.deepEqual(seen, ['good', 'last'])
    assert.deepEqual(sums.counts(), { written: 3, verified: 2, mismatched: 1, missing: 1 })
    const letters = await cluster.records(letterTopic)
    assert.equal(letters.length, 1)
    assert.equal(String(letters[0]?.value), 'spoiled')
  })
})

test('observability - the audit goes to a topic of its own by a producer of its own, for sends, handlers and commits', async () => {
  await withClients(async ({ cluster, producer, consumer }) => {
    const [topic, trail] = [await cluster.createTopic(1), await cluster.createTopic(1, {}, '_sluice_audit')]
    const common = { sink: { topic: trail }, who: 'shop', checksums: true, hashChain: true } as const
    const sender = producer([audit(common), noNoise])
    for (const value of ['a', 'noise', 'b']) await sender.send({ topic, value })
    await runUntil(consumer([audit(common)]), topic, 2)
    const committing = audit({ ...common, consumed: 'commit' })
    await runUntil(consumer([committing]), topic, 2)
    await eventually(async () => (await cluster.records(trail)).length, 7)
    const entries = (await cluster.records(trail)).map(({ value }) => JSON.parse(String(value)))
    const told = entries.map(({ what, outcome, who, offset }) => `${what} ${outcome} ${who} ${offset}`)
    assert.deepEqual(told.sort(), [
      'commit done shop 0',
      'commit done shop 1',
      'handle done shop 0',
      'handle done shop 1',
      'send done shop 0',
      'send done shop 1',
      'send dropped shop -1',
    ])
    const sums = (what: string) => entries.filter((entry) => entry.what === what && entry.offset >= 0).map(({ checksum: sum }) => sum)
    for (const what of ['commit', 'handle']) assert.deepEqual(sums(what).sort(), sums('send').sort())
    assert.ok(sums('send').every((sum) => typeof sum === 'number'))
  })
})

test('observability - an audit whose broker is away loses entries and holds up nothing; a required one lets nothing pass', async () => {
  await withClients(async ({ cluster, producer }) => {
    const topic = await cluster.createTopic(1)
    const nowhere = { bootstrapServers: `localhost:${await freePort()}` }
    const setting = { sink: { options: nowhere }, writeTimeoutMs: 200, closeTimeoutMs: 100 } as const
    const lossy = audit(setting)
    const open = producer([lossy])
    await Promise.all(Array.from({ length: 100 }, () => open.send({ topic, value: 'v' })))
    await lossy.flush()
    assert.deepEqual(lossy.counts(), { written: 0, lost: 100, failedWrites: lossy.counts().failedWrites, waiting: 0 })

    const required = audit({ ...setting, required: true })
    const closed = producer([required])
    await closed.send({ topic, value: 'v' })
    await eventually(() => required.counts().failedWrites > 0, true)
    await assert.rejects(closed.send({ topic, value: 'v' }), { code: 'REJECTED' })
    assert.equal((await cluster.records(topic)).length, 101)
  })
})

test('observability - the audit of a file is all there once the clients are closed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'audit.jsonl')
  await withClients(async ({ cluster, producer, consumer }) => {
    const topic = await cluster.createTopic(1)
    const trail = audit({ sink: { file }, required: true })
    const sender = producer([trail])
    await Promise.all(Array.from({ length: 300 }, () => sender.send({ topic, value: 'v' })))
    await runUntil(consumer([trail]), topic, 300)
  })
  const entries = (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const offsets = (what: string) =>
    entries
      .filter((entry) => entry.what === what)
      .map(({ offset }) => offset)
      .sort((a, b) => a - b)
  const all = Array.from({ length: 300 }, (_, offset) => offset)
  assert.deepEqual(offsets('send'), all)
  assert.deepEqual(offsets('handle'), all)
})

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
