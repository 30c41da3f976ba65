import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DevBroker, type DevBrokerOptions } from '@sluice/devbroker'
import { CompressionTypes, type Consumer, type EachMessagePayload, Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { eventually } from '../support/eventually.ts'
import { needs, testCluster } from '../support/test-cluster.ts'

function connect(broker: { readonly bootstrapServers: string }, config: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    clientId: 'test',
    brokers: broker.bootstrapServers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20 },
    ...config,
  })
}

function start(options: DevBrokerOptions = {}): Promise<DevBroker> {
  return DevBroker.start({ topics: { orders: 3 }, ...options })
}

/** Runs the consumer until `count` different records have come; a group that moves may see some again. */
async function consume(consumer: Consumer, count: number, stopAfter = true): Promise<EachMessagePayload[]> {
  const payloads: EachMessagePayload[] = []
  const seen = new Set<string>()
  const done = Promise.withResolvers<void>()
  await consumer.run({
    eachMessage: async (payload) => {
      const place = `${payload.partition} ${payload.message.offset}`
      if (!seen.has(place)) payloads.push(payload)
      seen.add(place)
      if (seen.size === count) done.resolve()
    },
  })
  await done.promise
  if (stopAfter) await consumer.disconnect()
  return payloads
}

test('devbroker with kafkajs - records come back as they were sent, with every kind of acks and with gzip', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(3)
  const kafka = connect(cluster)
  const producer = kafka.producer()
  await producer.connect()
  const message = (value: string) => ({ key: 'k', value, headers: { source: 'web' }, partition: 1, timestamp: '1700000000000' })
  for (const acks of [-1, 1, 0]) await producer.send({ topic, acks, messages: [message(`acks ${acks}`)] })
  const [metadata] = await producer.send({
    topic,
    compression: CompressionTypes.GZIP,
    messages: [message('gzip 1'), message('gzip 2')],
  })
  assert.equal(metadata?.baseOffset, '3')
  await producer.send({ topic, messages: [{ value: null, partition: 1, timestamp: '1700000000001' }] })
  await producer.disconnect()

  const expected = ['acks -1', 'acks 1', 'acks 0', 'gzip 1', 'gzip 2', undefined]
  const stored = await cluster.records(topic)
  assert.deepEqual(
    stored.map(({ value }) => value?.toString()),
    expected,
  )
  assert.deepEqual(await cluster.endOffsets(topic), [0, 6, 0])

  const consumer = kafka.consumer({ groupId: cluster.unique('g') })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const payloads = await consume(consumer, 6)
  assert.deepEqual(
    payloads.map(({ partition, message }) => [partition, message.offset, message.value?.toString()]),
    expected.map((value, offset) => [1, String(offset), value]),
  )
  assert.equal(payloads[0]?.message.headers?.source?.toString(), 'web')
  assert.equal(payloads[0]?.message.timestamp, '1700000000000')
})

test('devbroker with kafkajs - an idempotent producer gets its sequence through', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(3)
  const producer = connect(cluster).producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (let i = 0; i < 10; i++) await producer.send({ topic, messages: [{ value: String(i), partition: 0 }] })
  await producer.disconnect()
  const records = await cluster.records(topic, 0)
  assert.deepEqual(
    records.map(({ value }) => value?.toString()),
    Array.from({ length: 10 }, (_, i) => String(i)),
  )
})

test('devbroker with kafkajs - a group goes on where it committed, and a fetch does not wait when records come', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(3)
  const groupId = cluster.unique('g')
  const kafka = connect(cluster)
  const producer = kafka.producer()
  await producer.connect()
  const send = (value: string) => producer.send({ topic, messages: [{ value, partition: 0 }] })
  await send('one')
  const first = kafka.consumer({ groupId })
  await first.connect()
  await first.subscribe({ topics: [topic], fromBeginning: true })
  assert.equal((await consume(first, 1))[0]?.message.value?.toString(), 'one')

  const second = kafka.consumer({ groupId, maxWaitTimeInMs: 30_000 })
  await second.connect()
  await second.subscribe({ topics: [topic], fromBeginning: true })
  const fetching = new Promise<void>((resolve) => second.on('consumer.fetch_start', () => resolve()))
  const received = consume(second, 1, false)
  await fetching
  const sentAt = performance.now()
  await send('two')
  assert.equal((await received)[0]?.message.value?.toString(), 'two')
  assert.ok(performance.now() - sentAt < 5_000, 'the fetch that waits for up to 30 s was cut short')
  // kafkajs waits for its fetch before it disconnects.
  const closing = second.disconnect()
  await send('three')
  await closing
  await producer.disconnect()
})

test('devbroker with kafkajs - three members share the partitions, and a leaver hands its own back', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(6)
  const groupId = cluster.unique('shared')
  const kafka = connect(cluster)
  const shares = new Map<string, number[]>()
  const settled = Promise.withResolvers<void>()
  let wanted = 3
  let reached = settled
  const join = async (name: string): Promise<Consumer> => {
    const consumer = kafka.consumer({ groupId, heartbeatInterval: 100, sessionTimeout: 6_000, maxWaitTimeInMs: 50 })
    consumer.on('consumer.group_join', ({ payload }) => {
      shares.set(name, payload.memberAssignment[topic] ?? [])
      const partitions = [...shares.values()].flat().sort()
      const complete =
        shares.size === wanted && partitions.join() === '0,1,2,3,4,5' && [...shares.values()].every((share) => share.length > 0)
      if (complete) reached.resolve()
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    await consumer.run({ eachMessage: async () => {} })
    return consumer
  }
  const consumers = [await join('a'), await join('b'), await join('c')]
  await settled.promise
  assert.deepEqual(
    [...shares.values()].map((share) => share.length),
    [2, 2, 2],
  )

  reached = Promise.withResolvers<void>()
  wanted = 2
  shares.delete('c')
  await consumers.pop()!.disconnect()
  await reached.promise
  assert.deepEqual(
    [...shares.values()].map((share) => share.length),
    [3, 3],
  )
  await Promise.all(consumers.map((consumer) => consumer.disconnect()))
})

test('devbroker with kafkajs - the admin client makes, describes, finds by time, empties and deletes', async () => {
  await using cluster = await testCluster({ nodes: 3 })
  const topic = cluster.unique('made')
  const replicas = Math.min(2, cluster.nodes)
  const kafka = connect(cluster)
  const admin = kafka.admin()
  await admin.connect()
  const created = await admin.createTopics({
    topics: [{ topic, numPartitions: 2, replicationFactor: replicas, configEntries: [{ name: 'retention.ms', value: '60000' }] }],
  })
  assert.equal(created, true)
  await assert.rejects(admin.createTopics({ topics: [{ topic: cluster.unique('too-much'), replicationFactor: 9 }] }), {
    name: 'KafkaJSAggregateError',
  })
  await cluster.untilKnown(topic, 2)
  assert.ok((await admin.listTopics()).includes(topic))
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  assert.deepEqual(
    topics[0]?.partitions.map(({ replicas, isr }) => [replicas.length, isr.length]),
    [
      [replicas, replicas],
      [replicas, replicas],
    ],
  )
  const described = await admin.describeCluster()
  assert.equal(described.brokers.length, cluster.nodes)
  if (cluster.kind === 'devbroker') assert.equal(described.clusterId, 'sluice-dev')
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] })
  assert.equal(resources[0]?.configEntries.find(({ configName }) => configName === 'retention.ms')?.configValue, '60000')
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: 2, name: topic, configEntries: [{ name: 'max.message.bytes', value: '2000' }] }],
  })
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
  await cluster.untilKnown(topic, 4)

  const producer = kafka.producer()
  await producer.connect()
  for (const timestamp of [1000, 2000, 3000]) {
    await producer.send({ topic, messages: [{ value: String(timestamp), timestamp: String(timestamp), partition: 3 }] })
  }
  await assert.rejects(producer.send({ topic, messages: [{ value: 'x'.repeat(3000), partition: 3 }] }), {
    type: 'MESSAGE_TOO_LARGE',
  })
  await producer.disconnect()
  const byTime = await admin.fetchTopicOffsetsByTimestamp(topic, 1500)
  assert.equal(byTime.find(({ partition }) => partition === 3)?.offset, '1')
  const offsets = await admin.fetchTopicOffsets(topic)
  assert.deepEqual(offsets.map(({ partition, low, high }) => [partition, low, high]).sort(), [
    [0, '0', '0'],
    [1, '0', '0'],
    [2, '0', '0'],
    [3, '0', '3'],
  ])
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 3, offset: '2' }] })
  assert.equal((await cluster.startOffsets(topic))[3], 2)

  await admin.deleteTopics({ topics: [topic] })
  await eventually(async () => (await admin.listTopics()).includes(topic), false)
  await admin.disconnect()
})

test(
  'devbroker with kafkajs - a producer and a consumer follow leaders that move and nodes that go down',
  needs({ devBroker: 'takes a node down' }),
  async () => {
    await using broker = await start({ nodes: 3, topics: { orders: 3 } })
    const kafka = connect(broker, { retry: { initialRetryTime: 20, retries: 20 } })
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const consumer = kafka.consumer({
      groupId: 'g',
      sessionTimeout: 1_500,
      rebalanceTimeout: 3_000,
      heartbeatInterval: 100,
      maxWaitTimeInMs: 50,
    })
    await consumer.connect()
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
    const received = consume(consumer, 9)
    // One partition per call: kafkajs 2.2.4 resolves a call without having sent the records of a partition whose leader moves
    // to a node that has answered its part of that call already.
    const sendToAll = async (round: string): Promise<void> => {
      for (const partition of [0, 1, 2]) await producer.send({ topic: 'orders', messages: [{ partition, value: `${round}-${partition}` }] })
    }
    await sendToAll('before')

    const partition = broker.partition('orders', 0)
    const [from, epoch] = [partition.leader, partition.leaderEpoch]
    partition.moveLeader((from % 3) + 1)
    assert.deepEqual([partition.leader, partition.leaderEpoch], [(from % 3) + 1, epoch + 1])
    await sendToAll('moved')

    await broker.node(partition.leader).down()
    await sendToAll('down')
    const values = (await received).map(({ message }) => message.value!.toString())
    assert.equal(new Set(values).size, 9)
    await producer.disconnect()
    assert.deepEqual(broker.endOffsets('orders'), [3, 3, 3])
  },
)

test(
  'devbroker with kafkajs - SASL lets in who knows the password, by every mechanism, and nobody else',
  needs({ devBroker: 'a cluster of its own, with users' }),
  async () => {
    await using broker = await start({ sasl: { users: { alice: 'alice-secret' } }, log: silent })
    const token = ['{"alg":"none"}', JSON.stringify({ sub: 'alice', exp: Math.floor(Date.now() / 1000) + 600 })]
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.')
    const good: KafkaConfig['sasl'][] = [
      { mechanism: 'plain', username: 'alice', password: 'alice-secret' },
      { mechanism: 'scram-sha-256', username: 'alice', password: 'alice-secret' },
      { mechanism: 'scram-sha-512', username: 'alice', password: 'alice-secret' },
      { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: `${token}.` }) },
    ]
    for (const sasl of good) {
      const admin = connect(broker, { sasl }).admin()
      await admin.connect()
      assert.deepEqual(await admin.listTopics(), ['orders'])
      await admin.disconnect()
    }
    const bad: KafkaConfig['sasl'][] = [
      { mechanism: 'plain', username: 'alice', password: 'wrong' },
      { mechanism: 'scram-sha-256', username: 'alice', password: 'wrong' },
      { mechanism: 'scram-sha-512', username: 'nobody', password: 'alice-secret' },
    ]
    for (const sasl of bad) {
      const admin = connect(broker, { sasl, retry: { retries: 0 } }).admin()
      await assert.rejects(admin.connect(), { name: 'KafkaJSSASLAuthenticationError' })
      await admin.disconnect()
    }
    // kafkajs takes the challenge that says why for success, and finds out with its first request; without SASL it is the same.
    const nonsense: KafkaConfig['sasl'] = { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: 'nonsense' }) }
    for (const sasl of [nonsense, undefined]) {
      const admin = connect(broker, { sasl, retry: { retries: 0 } }).admin()
      await assert.rejects(admin.connect().then(() => admin.listTopics()))
      await admin.disconnect()
    }
  },
)

test(
  'devbroker with kafkajs - topics are made on first use, unless that is switched off',
  needs({ devBroker: 'a broker of its own, with other options' }),
  async () => {
    await using open = await start({ topics: [], defaultPartitions: 2 })
    const producer = connect(open).producer()
    await producer.connect()
    await producer.send({ topic: 'new', messages: [{ value: 'x' }] })
    await producer.disconnect()
    assert.equal(open.endOffsets('new').length, 2)

    await using closed = await start({ topics: [], autoCreateTopics: false })
    const refused = connect(closed, { retry: { retries: 0 } }).producer()
    await refused.connect()
    await assert.rejects(refused.send({ topic: 'new', messages: [{ value: 'x' }] }), /does not host this topic-partition/)
    await refused.disconnect()
    assert.deepEqual(closed.topics, [])
  },
)

const silent = { debug() {}, info() {}, warn() {}, error() {} }
