import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ProducerInterceptor } from '../../packages/sluice/src/interceptor/producer-interceptor.ts'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import type { ProducerOptions } from '../../packages/sluice/src/options/producer-options.ts'
import { KafkaProducer } from '../../packages/sluice/src/producer/producer.ts'
import { stringSerializer } from '../../packages/sluice/src/record/serdes.ts'
import { needs, testCluster } from '../support/test-cluster.ts'

interface SetUp {
  readonly nodes?: 1 | 3
  readonly partitions?: number
  readonly configs?: Readonly<Record<string, number>>
}

async function setUp(t: TestContext, { nodes, partitions = 1, configs }: SetUp = {}) {
  const cluster = await testCluster({ nodes })
  const topic = await cluster.createTopic(partitions, configs)
  const producers: KafkaProducer<string, string>[] = []
  t.after(async () => {
    await Promise.all(producers.map((producer) => producer.close({ timeoutMs: 1000 })))
    await cluster[Symbol.asyncDispose]()
  })
  function producer(more: Partial<ProducerOptions<string, string>> = {}, interceptors: ProducerInterceptor<string, string>[] = []) {
    const made = new KafkaProducer<string, string>(
      {
        bootstrapServers: cluster.bootstrapServers,
        keySerializer: stringSerializer,
        valueSerializer: stringSerializer,
        logger: silentLogger,
        retryBackoffMs: 10,
        ...more,
      },
      interceptors,
    )
    producers.push(made)
    return made
  }
  async function values(topic: string, partition: number): Promise<(string | undefined)[]> {
    return (await cluster.records(topic, partition)).map(({ value }) => value?.toString())
  }
  return { cluster, topic, producer, values }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`)

for (const acks of [0, 1, 'all'] as const) {
  test(`producer - acks ${acks}: every record arrives once and in order`, async (t) => {
    const { cluster, topic, producer, values } = await setUp(t)
    const p = producer({ acks })
    const metadatas = await Promise.all(numbers(2000).map((value) => p.send({ topic, value })))
    await p.close()
    // Without acknowledgements `close` has handed everything to the socket, and the broker may still be reading.
    while ((await cluster.endOffsets(topic))[0]! < 2000) await new Promise(setImmediate)
    assert.deepEqual(await values(topic, 0), numbers(2000))
    assert.deepEqual(
      metadatas.map(({ offset }) => offset),
      numbers(2000).map((i) => (acks === 0 ? -1 : Number(i))),
    )
  })
}

for (const compressionType of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  test(`producer - ${compressionType}: keys, values, headers and timestamps arrive as they were given`, async (t) => {
    const { cluster, topic, producer } = await setUp(t)
    const p = producer({ compressionType })
    const records = numbers(500).map((i) => ({
      topic,
      key: Number(i) % 7 === 0 ? null : `key ${i}`,
      value: Number(i) % 11 === 0 ? null : `value ${i} ${'ä'.repeat(Number(i) % 50)}`,
      headers: { index: i },
      timestamp: 1_700_000_000_000 + Number(i),
    }))
    await Promise.all(records.map((record) => p.send(record)))
    const stored = await cluster.records(topic, 0)
    assert.deepEqual(
      stored.map(({ key, value, headers, timestamp }) => [
        key?.toString() ?? null,
        value?.toString() ?? null,
        headers[0]?.value?.toString(),
        timestamp,
      ]),
      records.map(({ key, value, headers, timestamp }) => [key, value, headers.index, timestamp]),
    )
    assert.ok(stored.every(({ compression }) => compression === compressionType))
  })
}

test('producer - three nodes and six partitions: a key keeps its partition and its order, keyless records use all', async (t) => {
  const { cluster, topic, producer } = await setUp(t, { nodes: 3, partitions: 6 })
  const p = producer()
  const counts = new Map<number, number>()
  const sends = numbers(3000).map((i) => p.send({ topic, key: `k${Number(i) % 20}`, value: i }))
  for (const { partition } of await Promise.all(sends)) counts.set(partition, (counts.get(partition) ?? 0) + 1)
  const places = new Map<string, { partition: number; last: number }>()
  for (const { partition, key, value } of await cluster.records(topic)) {
    const place = places.get(`${key}`)
    assert.ok(place === undefined || (place.partition === partition && place.last < Number(value)), `key ${key} is out of place`)
    places.set(`${key}`, { partition, last: Number(value) })
  }
  assert.equal(places.size, 20)
  const before = await cluster.endOffsets(topic)
  // Adaptive choice may well leave out the partition that was slowest a moment ago; the plain one is a fair die.
  const fair = producer({ partitionerAdaptivePartitioningEnable: false })
  await Promise.all(numbers(6000).map(() => fair.send({ topic, value: 'x'.repeat(300) })))
  const after = await cluster.endOffsets(topic)
  assert.equal(after.reduce((a, b) => a + b) - before.reduce((a, b) => a + b), 6000)
  assert.ok(
    after.every((offset, partition) => offset > before[partition]!),
    `${after}`,
  )
})

test(
  'producer - leaders move and connections break while it sends: every record once, in order',
  needs({ devBroker: 'takes a node down' }),
  async (t) => {
    const { cluster, topic, producer, values } = await setUp(t, { nodes: 3, partitions: 3 })
    const p = producer({ lingerMs: 0, batchSize: 500 })
    const sends: Promise<unknown>[] = []
    for (let i = 0; i < 3000; i++) {
      sends.push(p.send({ topic, partition: i % 3, value: `${i}` }))
      const secondIsDown = i >= 1000 && i < 2000
      if (i === 1000) await cluster.devBroker.node(2).down()
      if (i === 2000) await cluster.devBroker.node(2).up()
      const round = Math.floor(i / 100)
      if (i % 100 === 50) cluster.devBroker.partition(topic, round % 3).moveLeader(secondIsDown ? 1 + 2 * (round % 2) : 1 + (round % 3))
      if (i % 20 === 0) await new Promise(setImmediate)
    }
    await Promise.all(sends)
    for (const partition of [0, 1, 2]) {
      assert.deepEqual(
        await values(topic, partition),
        numbers(1000).map((i) => `${Number(i) * 3 + partition}`),
      )
    }
  },
)

test('producer - leaders move while it sends: every record once, in order', needs({ nodes: 3 }), async (t) => {
  const { cluster, topic, producer, values } = await setUp(t, { nodes: 3, partitions: 3 })
  const p = producer({ lingerMs: 0, batchSize: 500 })
  const sends: Promise<unknown>[] = []
  const moved = (async () => {
    for (let round = 0; round < 6; round++) await cluster.moveLeader(topic, round % 3)
  })()
  let isMoving = true
  void moved.finally(() => {
    isMoving = false
  })
  let count = 0
  for (; isMoving; count += 3) {
    for (const partition of [0, 1, 2]) sends.push(p.send({ topic, partition, value: `${count / 3}` }))
    if (count % 30 === 0) await new Promise(setImmediate)
  }
  await Promise.all([...sends, moved])
  for (const partition of [0, 1, 2]) assert.deepEqual(await values(topic, partition), numbers(count / 3))
})

test('producer - a broker that is away for a while loses nothing', needs({ devBroker: 'takes its only node down' }), async (t) => {
  const { cluster, topic, producer, values } = await setUp(t)
  const p = producer({ reconnectBackoffMs: 10, reconnectBackoffMaxMs: 50 })
  await p.send({ topic, value: '0' })
  await cluster.devBroker.node(1).down()
  const sends = numbers(500)
    .slice(1)
    .map((value) => p.send({ topic, value }))
  await new Promise(setImmediate)
  await cluster.devBroker.node(1).up()
  await Promise.all(sends)
  assert.deepEqual(await values(topic, 0), numbers(500))
})

test('producer - flush sends at once what lingers', async (t) => {
  const { topic, producer } = await setUp(t)
  const p = producer({ lingerMs: 60_000 })
  let acknowledged = 0
  for (const value of numbers(10)) p.send({ topic, value }, (_metadata, error) => error === null && acknowledged++)
  await p.flush({ timeoutMs: 10_000 })
  assert.equal(acknowledged, 10)
})

test('producer - close sends what is there, and a topic that is created on first use too', async (t) => {
  const { cluster, topic, producer, values } = await setUp(t)
  const p = producer({ lingerMs: 60_000 })
  const created = cluster.unique('created')
  for (const each of [topic, created]) for (const value of numbers(10)) void p.send({ topic: each, value })
  await p.close()
  assert.deepEqual(await values(topic, 0), numbers(10))
  assert.deepEqual(await values(created, 0), numbers(10))
})

test('producer - a batch above the broker’s limit is sent in parts, one record above it fails', async (t) => {
  const { topic, producer, values } = await setUp(t, { configs: { 'max.message.bytes': 1000 } })
  const p = producer()
  const sends = numbers(100).map((i) => p.send({ topic, value: i.padStart(100, '.') }))
  await assert.rejects(p.send({ topic, value: 'x'.repeat(2000) }), { code: 'MESSAGE_TOO_LARGE' })
  await Promise.all(sends)
  assert.deepEqual(
    await values(topic, 0),
    numbers(100).map((i) => i.padStart(100, '.')),
  )
})

test('producer - interceptors see every record and every acknowledgement exactly once', async (t) => {
  const { cluster, topic, producer } = await setUp(t, { nodes: 3, partitions: 4 })
  const seen = { sends: 0, acknowledgements: 0, failures: 0 }
  const p = producer({}, [
    {
      name: 'counter',
      onSend(record) {
        seen.sends++
        record.headers.add('seen', 'yes')
        return { ...record, value: `${record.value}!` }
      },
      onAcknowledgement(_metadata, error) {
        if (error === null) seen.acknowledgements++
        else seen.failures++
      },
    },
  ])
  await Promise.all(numbers(1000).map((value) => p.send({ topic, value })))
  await assert.rejects(p.send({ topic, value: 'x'.repeat(2_000_000) }), { code: 'RECORD_TOO_LARGE' })
  assert.deepEqual(seen, { sends: 1001, acknowledgements: 1000, failures: 1 })
  const stored = await cluster.records(topic)
  assert.ok(stored.every(({ value, headers }) => `${value}`.endsWith('!') && headers[0]?.key === 'seen'))
})

test('producer - an address where nobody answers: connect fails in its time, and so does a send', async (t) => {
  const { topic, producer } = await setUp(t)
  const p = producer({ bootstrapServers: '127.0.0.1:1', maxBlockMs: 100 })
  await assert.rejects(p.connect({ timeoutMs: 50 }), { code: 'TIMEOUT' })
  await assert.rejects(p.send({ topic, value: 'v' }), { code: 'TIMEOUT' })
})
