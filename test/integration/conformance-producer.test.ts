// What the Java client promises of its producer, as far as it shows from outside: the same cases on the development broker
// and on a real Kafka (npm run test:kafka). Each has the id of its row in test/conformance/catalogue.ts.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { compressionTypes } from '@sluice/protocol'
import { createPartitionsApi } from '@sluice/protocol/messages/create-partitions'
import {
  type KafkaError,
  KafkaProducer,
  type ProducerInterceptor,
  type ProducerOptions,
  type ProducerRecordInit,
  type RecordMetadata,
  silentLogger,
  stringSerializer,
} from 'sluice'
import { ClusterProxy } from '../support/cluster-proxy.ts'
import { eventually } from '../support/eventually.ts'
import { limitProducer } from '../support/quotas.ts'
import { needs, type StoredRecord, type TestCluster, testCluster } from '../support/test-cluster.ts'

const HOUR_MS = 3_600_000
const DEADLINE_MS = 15_000

type Options = Partial<ProducerOptions<string, string>>
type Producer = KafkaProducer<string, string>

interface SetUp {
  readonly nodes?: 1 | 3
  readonly partitions?: number
  readonly configs?: Readonly<Record<string, string | number>>
}

async function setUp(t: TestContext, { nodes, partitions = 1, configs }: SetUp = {}) {
  const cluster = await testCluster({ nodes })
  const topic = await cluster.createTopic(partitions, configs)
  const disposals: (() => Promise<unknown>)[] = []
  t.after(async () => {
    for (const dispose of disposals.reverse()) await dispose()
    await cluster[Symbol.asyncDispose]()
  })
  function producer(options: Options = {}, interceptors: ProducerInterceptor<string, string>[] = []): Producer {
    const { bootstrapServers } = cluster
    const texts = { keySerializer: stringSerializer, valueSerializer: stringSerializer }
    const made = new KafkaProducer<string, string>({ bootstrapServers, logger: silentLogger, ...texts, ...options }, interceptors)
    disposals.push(() => made.close({ timeoutMs: 0 }))
    return made
  }
  async function proxied(): Promise<ClusterProxy> {
    const proxy = await ClusterProxy.start(cluster)
    disposals.push(() => proxy[Symbol.asyncDispose]())
    return proxy
  }
  /** In reverse order, and before the cluster goes. */
  const atEnd = (dispose: () => Promise<unknown>): void => void disposals.push(dispose)
  return { cluster, topic, producer, proxied, atEnd }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`)
const valuesOf = (records: readonly StoredRecord[]): string[] => records.map(({ value }) => `${value}`)

/** Each batch of a partition once, in order. */
function batchesOf(records: readonly StoredRecord[]): StoredRecord['batch'][] {
  const batches = new Map(records.map(({ batch }) => [batch.baseOffset, batch]))
  return [...batches.values()]
}

/** Sends that are answered together: all are in one batch, as far as they fit. */
async function sendTogether(producer: Producer, records: readonly ProducerRecordInit<string, string>[]) {
  const sends = records.map((record) => producer.send(record))
  const settled = Promise.allSettled(sends)
  await producer.flush({ timeoutMs: DEADLINE_MS })
  return settled
}

/** What became of each: its offset, or the code of its error. */
const outcomesOf = (settled: readonly PromiseSettledResult<RecordMetadata>[]): (number | string)[] =>
  settled.map((each) => (each.status === 'fulfilled' ? each.value.offset : (each.reason as KafkaError).code))

test('producer on a broker - the offset that comes back is where the record is, with partition, time and sizes (SE-1, RM-2)', async (t) => {
  const { cluster, topic, producer } = await setUp(t, { partitions: 2 })
  const timestamp = Date.now() - 5000
  const p = producer({ lingerMs: 60_000 })
  const sends = numbers(10).map((value) => p.send({ topic, partition: 1, key: 'kä', value, timestamp }))
  await p.flush({ timeoutMs: DEADLINE_MS })
  const stored = await cluster.records(topic)
  const seen = (await Promise.all(sends)).map(({ partition, offset, ...rest }) => ({
    partition,
    offset,
    time: rest.timestamp,
    key: rest.serializedKeySize,
    value: rest.serializedValueSize,
  }))
  assert.deepEqual(
    seen,
    stored.map(({ partition, offset, timestamp: time, key, value }) => ({
      partition,
      offset,
      time,
      key: key!.length,
      value: value!.length,
    })),
  )
  assert.equal(batchesOf(stored).length, 1)
})

test('producer on a broker - the broker’s time comes back where the topic says so (RM-2)', async (t) => {
  const { cluster, topic, producer } = await setUp(t, { configs: { 'message.timestamp.type': 'LogAppendTime' } })
  const { timestamp } = await producer().send({ topic, value: 'v', timestamp: 1 })
  assert.deepEqual([(await cluster.records(topic))[0]!.timestamp, Math.abs(timestamp - Date.now()) < 60_000], [timestamp, true])
})

test('producer on a broker - acks 0: no offset, and yet time and sizes (RM-1)', async (t) => {
  const { cluster, topic, producer } = await setUp(t)
  const { offset, timestamp, serializedValueSize } = await producer({ acks: 0 }).send({ topic, value: 'value', timestamp: 1234 })
  assert.deepEqual([offset, timestamp, serializedValueSize], [-1, 1234, 5])
  await eventually(() => cluster.endOffsets(topic), [1])
})

test('producer on a broker - without serializers bytes arrive as they are (KP-14)', async (t) => {
  const { cluster, topic, producer } = await setUp(t)
  const p = producer({ keySerializer: undefined, valueSerializer: undefined }) as unknown as KafkaProducer
  await p.send({ topic, key: Buffer.from([0, 255]), value: Buffer.alloc(0) })
  await assert.rejects(p.send({ topic, value: 'text' as never }), { code: 'SERIALIZATION' })
  const stored = await cluster.records(topic)
  assert.deepEqual(
    stored.map(({ key, value }) => [key, value]),
    [[Buffer.from([0, 255]), Buffer.alloc(0)]],
  )
})

test('producer on a broker - a key goes to the partition that Java chooses (PT-5)', async (t) => {
  const { cluster, topic, producer } = await setUp(t, { partitions: 6 })
  // The hashes are those of Kafka's own test of murmur2.
  const hashes: Record<string, number> = { '21': -973932308, foobar: -790332482, 'a-little-bit-long-string': -985981536, abc: 479470107 }
  const p = producer()
  await Promise.all(Object.keys(hashes).map((key) => p.send({ topic, key, value: 'v' })))
  const chosen = (await cluster.records(topic)).map(({ key, partition }) => [`${key}`, partition])
  assert.deepEqual(
    Object.fromEntries(chosen),
    Object.fromEntries(Object.entries(hashes).map(([key, hash]) => [key, (hash & 0x7fffffff) % 6])),
  )
})

test('producer on a broker - keyless records stay with a partition until a batch is full (PT-1, RA-33)', async (t) => {
  const { topic, producer } = await setUp(t, { partitions: 6 })
  const p = producer({ batchSize: 10_000, partitionerAdaptivePartitioningEnable: false })
  const chosen: number[] = []
  for (const value of numbers(60)) chosen.push((await p.send({ topic, value: value.padStart(1000) })).partition)
  const changes = chosen.filter((partition, i) => i > 0 && partition !== chosen[i - 1]).length
  // 60 KB in batches of 10 KB: at most six changes, and no partition is left for a record or two.
  assert.ok(changes >= 1 && changes <= 6, `${chosen}`)
})

test('producer on a broker - batches have the producer id that the broker gave, and sequences that count records (SE-9, SE-40)', async (t) => {
  const { cluster, topic, producer } = await setUp(t)
  const p = producer({ lingerMs: 60_000 })
  for (const count of [3, 1, 5])
    await sendTogether(
      p,
      numbers(count).map((value) => ({ topic, value })),
    )
  const batches = batchesOf(await cluster.records(topic))
  assert.ok(
    batches.every(({ producerId, producerEpoch }) => producerId >= 0 && producerId === batches[0]!.producerId && producerEpoch === 0),
  )
  assert.deepEqual(
    batches.map(({ baseSequence }) => baseSequence),
    [0, 3, 4],
  )
})

for (const acks of [1, 0] as const) {
  test(`producer on a broker - acks ${acks}: without idempotence batches have no producer id (KP-25, SE-13)`, async (t) => {
    const { cluster, topic, producer } = await setUp(t)
    const p = producer({ acks })
    await p.send({ topic, value: 'v' })
    await p.close()
    await eventually(() => cluster.endOffsets(topic), [1])
    const [{ producerId, producerEpoch, baseSequence }] = batchesOf(await cluster.records(topic)) as [StoredRecord['batch']]
    assert.deepEqual([producerId, producerEpoch, baseSequence], [-1, -1, -1])
  })
}

test('producer on a broker - answers that are lost cost nothing: every record once, in order, with requests in flight (SE-14)', async (t) => {
  const { cluster, topic, producer, proxied } = await setUp(t)
  const proxy = await proxied()
  const p = producer({ bootstrapServers: proxy.bootstrapServers, lingerMs: 0, batchSize: 200, reconnectBackoffMs: 10 })
  await p.send({ topic, value: 'first' })
  const sends: Promise<RecordMetadata>[] = []
  for (const value of numbers(600)) {
    if (Number(value) % 150 === 75) proxy.loseAnswer('Produce')
    sends.push(p.send({ topic, value }))
    if (Number(value) % 10 === 0) await new Promise(setImmediate)
  }
  const metadatas = await Promise.all(sends)
  const stored = await cluster.records(topic)
  assert.deepEqual(valuesOf(stored), ['first', ...numbers(600)])
  const known = metadatas.map(({ offset }) => offset)
  assert.deepEqual(
    known,
    known.map((offset, i) => (offset === -1 ? -1 : i + 1)),
  )
  assert.ok(batchesOf(stored).length < proxy.count('Produce'), 'nothing was sent twice')
})

test('producer on a broker - a record larger than a batch gets one of its own, between its neighbours (RA-5)', async (t) => {
  const { cluster, topic, producer } = await setUp(t)
  const values = [100, 5000, 100, 100].map((length, i) => `${i}`.padStart(length, '.'))
  const p = producer({ lingerMs: 60_000, batchSize: 500 })
  await sendTogether(
    p,
    values.map((value) => ({ topic, value })),
  )
  const stored = await cluster.records(topic)
  assert.deepEqual(valuesOf(stored), values)
  assert.deepEqual(
    batchesOf(stored).map(({ recordsCount }) => recordsCount),
    [1, 1, 2],
  )
})

test('producer on a broker - what is known of a topic is not asked for again (KP-29)', async (t) => {
  const { topic, producer, proxied } = await setUp(t, { partitions: 3 })
  const proxy = await proxied()
  const p = producer({ bootstrapServers: proxy.bootstrapServers })
  await p.send({ topic, value: 'first' })
  const asked = proxy.count('Metadata')
  for (const value of numbers(20)) await p.send({ topic, value, partition: Number(value) % 3 })
  assert.equal(proxy.count('Metadata'), asked)
})

test('producer on a broker - what interceptors make of a record is stored, the last good one where one throws, and acknowledged (PI-1, PI-3, DX-11, KP-7, KC-14)', async (t) => {
  const { cluster, topic, producer } = await setUp(t)
  const other = await cluster.createTopic(1)
  const told: unknown[] = []
  const p = producer({}, [
    { name: 'value', onSend: (record) => ({ ...record, value: `${record.value}!` }) },
    {
      name: 'broken',
      onSend() {
        throw new Error('as planned')
      },
    },
    {
      name: 'topic',
      onSend(record) {
        record.headers.add('from', record.topic)
        return { ...record, topic: other }
      },
      onClusterUpdate: ({ clusterId }) => void told.push(clusterId),
      onAcknowledgement(metadata, error, headers) {
        assert.throws(() => headers.add('late', 'x'), { code: 'ILLEGAL_STATE' })
        told.push([metadata.topic, metadata.offset, error, headers.getString('from')])
      },
    },
  ])
  assert.equal((await p.send({ topic, value: 'v' })).topic, other)
  const { clusterId } = await cluster.admin.describeCluster()
  assert.deepEqual(told, [clusterId, [other, 0, null, topic]])
  const stored = await cluster.records(other)
  assert.deepEqual(
    stored.map(({ value, headers }) => [`${value}`, headers.map(({ key, value }) => `${key}=${value}`)]),
    [['v!', [`from=${topic}`]]],
  )
  assert.deepEqual(await cluster.endOffsets(topic), [0])
})

test('producer on a broker - a record that the client’s limit refuses fails alone (KP-4)', async (t) => {
  const { cluster, topic, producer } = await setUp(t)
  const p = producer({ maxRequestSize: 1000, batchSize: 500 })
  const settled = await sendTogether(p, [
    { topic, value: '0' },
    { topic, value: 'x'.repeat(2000) },
    { topic, value: '1' },
  ])
  assert.deepEqual(outcomesOf(settled), [0, 'RECORD_TOO_LARGE', 1])
  assert.deepEqual(valuesOf(await cluster.records(topic)), ['0', '1'])
})

for (const compressionType of compressionTypes) {
  test(`producer on a broker - ${compressionType}: a batch too large for the topic is split; order, headers, codec and sequences stay (SE-43, RA-24, PB-4, PB-5)`, async (t) => {
    const { cluster, topic, producer } = await setUp(t, { configs: { 'max.message.bytes': 3000 } })
    const p = producer({ lingerMs: 60_000, batchSize: 100_000, compressionType, retries: 1 })
    // Hex that does not compress to less than half.
    let state = 1
    const noise = (): string =>
      Array.from({ length: 50 }, () => (state = Math.imul(state, 48271) >>> 0).toString(16).padStart(8, '0')).join('')
    const records = numbers(40).map((i) => ({ topic, value: `${i} ${noise()}`, headers: { index: i } }))
    assert.deepEqual(outcomesOf(await sendTogether(p, records)), numbers(40).map(Number))
    const stored = await cluster.records(topic)
    assert.deepEqual(
      stored.map(({ value, headers }) => [`${value}`, `${headers[0]?.value}`]),
      records.map(({ value, headers }) => [value, headers.index]),
    )
    const batches = batchesOf(stored)
    assert.ok(
      batches.length > 1 && batches.every((batch) => batch.compression === compressionType && batch.baseSequence === batch.baseOffset),
    )
    assert.ok(p.metrics()['batch-split-total'] > 0)
  })
}

test('producer on a broker - one record with a time too far ahead: it is named, the others of its batch say why (SE-46)', async (t) => {
  const { cluster, topic, producer } = await setUp(t)
  const p = producer({ lingerMs: 60_000 })
  const late = Date.now() + 2 * HOUR_MS
  const settled = await sendTogether(p, [
    { topic, value: '0' },
    { topic, value: '1', timestamp: late },
    { topic, value: '2' },
  ])
  assert.deepEqual(outcomesOf(settled), ['BATCH_REJECTED', 'INVALID_TIMESTAMP', 'BATCH_REJECTED'])
  // Nothing is out of step after that.
  assert.deepEqual(outcomesOf(await sendTogether(p, [{ topic, value: '3' }])), [0])
  assert.deepEqual(valuesOf(await cluster.records(topic)), ['3'])
})

test('producer on a broker - records without key in a compacted topic: each is named, those with a key say why (SE-46)', async (t) => {
  const { cluster, topic, producer } = await setUp(t, { configs: { 'cleanup.policy': 'compact' } })
  const p = producer({ lingerMs: 60_000 })
  const one = await sendTogether(p, [
    { topic, key: 'k', value: '0' },
    { topic, value: '1' },
  ])
  assert.deepEqual(outcomesOf(one), ['BATCH_REJECTED', 'INVALID_RECORD'])
  const two = await sendTogether(p, [
    { topic, value: '0' },
    { topic, key: 'k', value: '1' },
    { topic, value: '2' },
  ])
  assert.deepEqual(outcomesOf(two), ['INVALID_RECORD', 'BATCH_REJECTED', 'INVALID_RECORD'])
  assert.deepEqual(outcomesOf(await sendTogether(p, [{ topic, key: 'k', value: '3' }])), [0])
  assert.deepEqual(valuesOf(await cluster.records(topic)), ['3'])
})

test('producer on a broker - flush completes what came before it, a callback may call it, and close completes the rest (KP-20, KP-8, SE-28)', async (t) => {
  const { cluster, topic, producer } = await setUp(t, { partitions: 3 })
  const p = producer({ lingerMs: 60_000 })
  let acknowledged = 0
  let flushed: Promise<void> | undefined
  for (const value of numbers(300)) {
    p.send({ topic, value, partition: Number(value) % 3 }, (_metadata, error) => {
      assert.equal(error, null)
      acknowledged++
      flushed ??= p.flush({ timeoutMs: DEADLINE_MS })
    })
  }
  await p.flush({ timeoutMs: DEADLINE_MS })
  assert.equal(acknowledged, 300)
  await flushed
  const last = p.send({ topic, value: 'last', partition: 0 })
  await p.close()
  assert.equal((await last).offset, 100)
  assert.deepEqual(await cluster.endOffsets(topic), [101, 100, 100])
})

test('producer on a broker - a forced close fails what is pending (SE-28, KP-19)', async (t) => {
  const { topic, producer, proxied } = await setUp(t)
  const proxy = await proxied()
  const p = producer({ bootstrapServers: proxy.bootstrapServers, lingerMs: 0 })
  await p.send({ topic, value: 'first' })
  proxy.pause()
  const settled = Promise.allSettled(numbers(5).map((value) => p.send({ topic, value })))
  await p.close({ timeoutMs: 0 })
  assert.deepEqual(outcomesOf(await settled), Array(5).fill('CLOSED'))
})

test('producer on a broker - a broker that is suspended: sends fail after deliveryTimeoutMs, and a new epoch clears the doubt (PB-6, RA-20, SE-25)', async (t) => {
  const { cluster, topic, producer, proxied } = await setUp(t)
  const proxy = await proxied()
  const p = producer({ bootstrapServers: proxy.bootstrapServers, lingerMs: 0, requestTimeoutMs: 1200, deliveryTimeoutMs: 2000 })
  await p.send({ topic, value: 'first' })
  proxy.pause()
  const startedAt = performance.now()
  await assert.rejects(p.send({ topic, value: 'in doubt' }), { code: 'TIMEOUT', message: /deliveryTimeoutMs/ })
  assert.ok(performance.now() - startedAt >= 1990)
  proxy.resume()
  const { offset } = await retried(() => p.send({ topic, value: 'after' }))
  const stored = await cluster.records(topic)
  // The broker may have taken the request that the client had given up; never twice.
  assert.deepEqual(
    valuesOf(stored).filter((value) => value !== 'in doubt'),
    ['first', 'after'],
  )
  assert.ok(stored.length <= 3)
  const { batch } = stored.find((record) => record.offset === offset)!
  assert.deepEqual([batch.producerEpoch, batch.baseSequence, batch.producerId], [1, 0, stored[0]!.batch.producerId])
})

/** For sends that may meet a connection which is still lost. */
async function retried<T>(act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if ((error as KafkaError).code !== 'TIMEOUT' || performance.now() > deadline) throw error
    }
  }
}

test('producer on a broker - metadata that does not come fails the send after maxBlockMs (KP-31)', async (t) => {
  const { topic, producer, proxied } = await setUp(t)
  const proxy = await proxied()
  proxy.pause()
  const p = producer({ bootstrapServers: proxy.bootstrapServers, maxBlockMs: 200 })
  await assert.rejects(p.send({ topic, value: 'v' }), { code: 'TIMEOUT', message: /maxBlockMs/ })
})

test('producer on a broker - a partition that is added is waited for, one that is not fails after maxBlockMs (KP-32, KP-33)', async (t) => {
  const { cluster, topic, producer } = await setUp(t)
  const p = producer({ maxBlockMs: 10_000 })
  await p.send({ topic, value: 'v' })
  const waiting = p.send({ topic, partition: 1, value: 'early' })
  await addPartition(cluster, topic, 2)
  assert.deepEqual([(await waiting).partition, (await waiting).offset], [1, 0])
  const impatient = producer({ maxBlockMs: 200 })
  await assert.rejects(impatient.send({ topic, partition: 2, value: 'v' }), { code: 'TIMEOUT' })
})

async function addPartition(cluster: TestCluster, topic: string, count: number): Promise<void> {
  const node = await cluster.connection.leader(topic, 0)
  const topics = [{ name: topic, count, assignments: null }]
  const { results } = await cluster.connection.client.request(node, createPartitionsApi, {
    topics,
    timeoutMs: DEADLINE_MS,
    validateOnly: false,
  })
  assert.equal(results[0]!.errorCode, 0)
}

test(
  'producer on a broker - after a leader moved the next send goes where the answer says, without asking for metadata (SE-66)',
  needs({ nodes: 3 }),
  async (t) => {
    const { cluster, topic, producer, proxied } = await setUp(t, { nodes: 3 })
    const proxy = await proxied()
    const p = producer({ bootstrapServers: proxy.bootstrapServers })
    await p.send({ topic, value: '0' })
    const { leader: before } = await cluster.partition(topic, 0)
    await cluster.moveLeader(topic, 0)
    const { leader: after } = await cluster.partition(topic, 0)
    const from = proxy.requests.length
    assert.equal((await p.send({ topic, value: '1' })).offset, 1)
    const produced = proxy.requests.slice(from).filter(({ api }) => api === 'Produce')
    assert.deepEqual(
      produced.map(({ node }) => node),
      [before, after],
    )
    assert.deepEqual(valuesOf(await cluster.records(topic)), ['0', '1'])
  },
)

test('producer on a broker - with one request in flight order survives a leader that moves (SE-5)', needs({ nodes: 3 }), async (t) => {
  const { cluster, topic, producer } = await setUp(t, { nodes: 3 })
  const p = producer({
    acks: 'all',
    enableIdempotence: false,
    maxInFlightRequestsPerConnection: 1,
    lingerMs: 0,
    batchSize: 200,
    retryBackoffMs: 10,
  })
  let isMoving = true
  const moved = (async () => {
    for (let round = 0; round < 3; round++) await cluster.moveLeader(topic, 0)
    isMoving = false
  })()
  const sends: Promise<RecordMetadata>[] = []
  while (isMoving) {
    sends.push(p.send({ topic, value: `${sends.length}` }))
    if (sends.length % 10 === 0) await new Promise(setImmediate)
  }
  await Promise.all([...sends, moved])
  // Without idempotence a batch whose answer got lost in the move is there twice.
  const firsts = new Set(valuesOf(await cluster.records(topic)))
  assert.deepEqual([...firsts], numbers(sends.length))
})

test('producer on a broker - a client above its quota is throttled, loses nothing, and sees it in its metrics (SE-3, NC-26)', async (t) => {
  const { cluster, topic, producer, atEnd } = await setUp(t)
  const clientId = cluster.unique('limited')
  atEnd(await limitProducer(cluster, clientId))
  const p = producer({ clientId, lingerMs: 0 })
  const deadline = performance.now() + DEADLINE_MS
  let sent = 0
  while (!(p.metrics()['produce-throttle-time-max'] > 0)) {
    assert.ok(performance.now() < deadline, `${sent} records were not throttled`)
    await p.send({ topic, value: 'x'.repeat(20_000) })
    sent++
  }
  const throttleMs = p.metrics()['produce-throttle-time-max']
  const startedAt = performance.now()
  await p.send({ topic, value: 'after' })
  assert.ok(performance.now() - startedAt >= Math.min(throttleMs, 200) - 20, `throttled for ${throttleMs} ms`)
  assert.equal((await cluster.endOffsets(topic))[0], sent + 1)
})

interface Failure {
  readonly name: string
  readonly code: string
  readonly record?: Partial<ProducerRecordInit<string, string>>
  readonly configs?: SetUp['configs']
  readonly options?: Options
  /** The partition that interceptors are told. */
  readonly partition?: number
  readonly suspended?: boolean
}

const failures: readonly Failure[] = [
  { name: 'a record above maxRequestSize (KP-4, PI-8)', code: 'RECORD_TOO_LARGE', record: { partition: 0, value: 'x'.repeat(2_000_000) } },
  {
    name: 'a record above the topic’s limit (PI-7, PI-10)',
    code: 'MESSAGE_TOO_LARGE',
    configs: { 'max.message.bytes': 1000 },
    record: { value: 'x'.repeat(2000) },
  },
  { name: 'a time too far ahead (PI-7)', code: 'INVALID_TIMESTAMP', record: { timestamp: Date.now() + 24 * HOUR_MS } },
  { name: 'no key for a compacted topic (PI-7)', code: 'INVALID_RECORD', configs: { 'cleanup.policy': 'compact' } },
  {
    name: 'a partition that there is not (KP-33, PI-8)',
    code: 'TIMEOUT',
    options: { maxBlockMs: 200 },
    record: { partition: 7 },
    partition: 7,
  },
  {
    name: 'a topic name that brokers refuse (KP-36, KP-5, PI-9)',
    code: 'INVALID_TOPIC_EXCEPTION',
    record: { topic: 'no topic!' },
    partition: -1,
  },
  {
    name: 'a broker that is suspended (PI-10)',
    code: 'TIMEOUT',
    options: { requestTimeoutMs: 1200, deliveryTimeoutMs: 2000 },
    suspended: true,
  },
]

for (const { name, code, record, configs, options, partition = 0, suspended = false } of failures) {
  test(`producer on a broker - ${name}: interceptors, then the callback hear of it once, then the promise (PI-5, DX-4)`, async (t) => {
    const { topic, producer, proxied } = await setUp(t, { configs })
    const heard: (readonly [who: string, code: string | undefined, topic: string, partition: number, offset: number])[] = []
    const listener = (who: string): ProducerInterceptor<string, string> => ({
      name: who,
      onAcknowledgement: (metadata, error) => void heard.push([who, error?.code, metadata.topic, metadata.partition, metadata.offset]),
    })
    const proxy = suspended ? await proxied() : undefined
    const p = producer({ lingerMs: 0, ...(proxy === undefined ? {} : { bootstrapServers: proxy.bootstrapServers }), ...options }, [
      listener('first'),
      listener('second'),
    ])
    await p.partitionsFor(topic)
    if (suspended) {
      await p.send({ topic, value: 'v' })
      heard.length = 0
      proxy!.pause()
    }
    const given = { topic, value: 'v', ...record }
    const outcome = await new Promise<string | undefined>((resolve) => {
      p.send(given, (metadata, error) => {
        heard.push(['callback', error?.code, metadata.topic, metadata.partition, metadata.offset])
        resolve(error?.code)
      })
    })
    assert.equal(outcome, code)
    assert.deepEqual(
      heard,
      ['first', 'second', 'callback'].map((who) => [who, code, given.topic, partition, -1]),
    )
    if (!suspended) await assert.rejects(p.send(given), { code })
  })
}
