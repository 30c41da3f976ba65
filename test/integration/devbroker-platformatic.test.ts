import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Admin,
  type CompressionAlgorithmValue,
  Consumer,
  type MessagesStream,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { DevBroker } from '@sluice/devbroker'
import { eventually } from '../support/eventually.ts'
import { needs, testCluster } from '../support/test-cluster.ts'

type StringStream = MessagesStream<string, string, string, string>

function settings(broker: { readonly bootstrapServers: string }) {
  return { clientId: 'test', bootstrapBrokers: broker.bootstrapServers.split(','), retries: 5, retryDelay: 50 }
}

function producerOf(broker: { readonly bootstrapServers: string }, options: { idempotent?: boolean } = {}) {
  return new Producer({ ...settings(broker), serializers: stringSerializers, autocreateTopics: true, ...options })
}

function consumerOf(broker: { readonly bootstrapServers: string }, groupId: string) {
  return new Consumer({
    ...settings(broker),
    groupId,
    deserializers: stringDeserializers,
    sessionTimeout: 6_000,
    rebalanceTimeout: 6_000,
    heartbeatInterval: 100,
    maxWaitTime: 200,
  })
}

async function take(stream: StringStream, count: number) {
  const messages = []
  for await (const message of stream) {
    messages.push(message)
    if (messages.length === count) break
  }
  return messages
}

test('devbroker with @platformatic/kafka - records come back as they were sent, with every kind of acks and compression', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(3)
  const groupId = cluster.unique('g')
  const producer = producerOf(cluster)
  const message = (value: string) => ({
    topic,
    key: 'k',
    value,
    headers: { source: 'web' },
    partition: 1,
    timestamp: 1_700_000_000_000n,
  })
  for (const acks of [-1, 1, 0]) await producer.send({ acks, messages: [message(`acks ${acks}`)] })
  const compressions: CompressionAlgorithmValue[] = ['gzip', 'snappy', 'lz4', 'zstd']
  for (const compression of compressions)
    await producer.send({ acks: -1, compression, messages: [message(compression), message(`${compression} 2`)] })
  await producer.close()
  const expected = ['acks -1', 'acks 1', 'acks 0', ...compressions.flatMap((name) => [name, `${name} 2`])]
  const stored = await cluster.records(topic)
  assert.deepEqual(
    stored.map(({ value }) => value?.toString()),
    expected,
  )

  const consumer = consumerOf(cluster, groupId)
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  const messages = await take(stream, expected.length)
  assert.deepEqual(
    messages.map(({ partition, offset, value }) => [partition, offset, value]),
    expected.map((value, offset) => [1, BigInt(offset), value]),
  )
  assert.equal(messages[0]?.headers.get('source'), 'web')
  assert.equal(messages[0]?.timestamp, 1_700_000_000_000n)
  await consumer.close(true)
})

test('devbroker with @platformatic/kafka - an idempotent producer gets its sequence through', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const producer = producerOf(cluster, { idempotent: true })
  for (let i = 0; i < 10; i++) await producer.send({ acks: -1, messages: [{ topic, value: String(i) }] })
  await producer.close()
  const records = await cluster.records(topic)
  assert.deepEqual(
    records.map(({ value }) => value?.toString()),
    Array.from({ length: 10 }, (_, i) => String(i)),
  )
})

test('devbroker with @platformatic/kafka - a group goes on where it committed', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const groupId = cluster.unique('g')
  const producer = producerOf(cluster)
  await producer.send({ acks: -1, messages: ['one', 'two'].map((value) => ({ topic, value })) })
  const first = consumerOf(cluster, groupId)
  const [one] = await take(await first.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest', autocommit: false }), 1)
  await one?.commit()
  await first.close(true)
  const second = consumerOf(cluster, groupId)
  const [two] = await take(await second.consume({ topics: [topic], mode: 'committed', autocommit: false }), 1)
  assert.equal(two?.value, 'two')
  await second.close(true)
  await producer.close()
})

test('devbroker with @platformatic/kafka - two members share the partitions', async () => {
  await using cluster = await testCluster({ nodes: 3 })
  const topic = await cluster.createTopic(4)
  const groupId = cluster.unique('shared')
  const consumers = [consumerOf(cluster, groupId), consumerOf(cluster, groupId)]
  const shares = new Map<Consumer<string, string, string, string>, number>()
  const settled = Promise.withResolvers<void>()
  const streams: StringStream[] = []
  for (const consumer of consumers) {
    consumer.on('consumer:group:join', ({ assignments }) => {
      shares.set(consumer, assignments?.flatMap(({ partitions }) => partitions).length ?? 0)
      if ([...shares.values()].join() === '2,2') settled.resolve()
    })
    streams.push(await consumer.consume({ topics: [topic], mode: 'earliest' }))
  }
  await settled.promise
  const producer = producerOf(cluster)
  const messages = [0, 1, 2, 3].map((partition) => ({ topic, partition, value: String(partition) }))
  await producer.send({ acks: -1, messages })
  const received = await Promise.all(streams.map((stream) => take(stream, 2)))
  assert.deepEqual(
    received
      .flat()
      .map(({ value }) => value)
      .sort(),
    ['0', '1', '2', '3'],
  )
  await producer.close()
  await Promise.all(consumers.map((consumer) => consumer.close(true)))
})

test('devbroker with @platformatic/kafka - the admin client makes, describes, lists and deletes', async () => {
  await using cluster = await testCluster({ nodes: 3 })
  const topic = cluster.unique('made')
  const groupId = cluster.unique('g')
  const ids = (await cluster.admin.describeCluster()).nodes.map(({ id }) => id)
  const replicas = Math.min(2, cluster.nodes)
  const admin = new Admin(settings(cluster))
  const [created] = await admin.createTopics({
    topics: [topic],
    partitions: 2,
    replicas,
    configs: [{ name: 'retention.ms', value: '60000' }],
  })
  assert.deepEqual(
    [created?.name, created?.partitions, created?.replicas, created?.configuration['retention.ms']],
    [topic, 2, replicas, '60000'],
  )
  await assert.rejects(admin.createTopics({ topics: [cluster.unique('too-much')], replicas: 9 }))
  await cluster.untilKnown(topic, 2)
  await admin.createPartitions({ topics: [{ name: topic, count: 3, assignments: [{ brokerIds: ids.slice(0, replicas) }] }] })
  await cluster.untilKnown(topic, 3)
  assert.ok((await admin.listTopics()).includes(topic))
  const [described] = await admin.describeConfigs({
    resources: [{ resourceType: 2, resourceName: topic }],
    includeSynonyms: true,
    includeDocumentation: true,
  })
  assert.equal(described?.configs.find(({ name }) => name === 'retention.ms')?.value, '60000')
  await admin.incrementalAlterConfigs({
    resources: [{ resourceType: 2, resourceName: topic, configs: [{ name: 'retention.ms', configOperation: 1 }] }],
  })
  const producer = producerOf(cluster)
  for (const timestamp of [1000n, 2000n]) await producer.send({ acks: -1, messages: [{ topic, partition: 0, value: 'x', timestamp }] })
  await producer.close()
  const find = async (timestamp: bigint) => {
    const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }] })
    return found?.partitions[0]?.offset
  }
  assert.deepEqual(await Promise.all([-2n, -1n, -3n, 1500n, 5000n].map(find)), [0n, 2n, 1n, 1n, -1n])
  const consumer = consumerOf(cluster, groupId)
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
  await take(stream, 2)
  assert.ok((await admin.listGroups()).has(groupId))
  assert.equal((await admin.describeGroups({ groups: [groupId] })).get(groupId)?.state.toUpperCase(), 'STABLE')
  await consumer.close(true)
  await admin.deleteGroups({ groups: [groupId] })
  await admin.deleteTopics({ topics: [topic] })
  await eventually(async () => (await admin.listTopics()).includes(topic), false)
  await admin.close()
})

test(
  'devbroker with @platformatic/kafka - a producer follows a leader that moves and a node that goes down',
  needs({ devBroker: 'takes a node down' }),
  async () => {
    await using broker = await DevBroker.start({ nodes: 3, topics: { orders: 1 } })
    const producer = producerOf(broker, { idempotent: true })
    const send = (value: string) => producer.send({ acks: -1, messages: [{ topic: 'orders', partition: 0, value }] })
    await send('before')
    const partition = broker.partition('orders', 0)
    partition.moveLeader((partition.leader % 3) + 1)
    await send('moved')
    await broker.node(partition.leader).down()
    await send('down')
    await producer.close()
    const records = await broker.records('orders')
    assert.deepEqual(
      records.map(({ value }) => value?.toString()),
      ['before', 'moved', 'down'],
    )
  },
)

test(
  'devbroker with @platformatic/kafka - SASL lets in who knows the password',
  needs({ devBroker: 'a cluster of its own, with users' }),
  async () => {
    const users = { alice: 'alice-secret' }
    await using broker = await DevBroker.start({
      topics: ['orders'],
      sasl: { users },
      log: { debug() {}, info() {}, warn() {}, error() {} },
    })
    for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
      const connect = (password: string) => new Admin({ ...settings(broker), retries: 0, sasl: { mechanism, username: 'alice', password } })
      const good = connect(users.alice)
      assert.deepEqual(await good.listTopics(), ['orders'])
      await good.close()
      const bad = connect('wrong')
      await assert.rejects(bad.listTopics())
      await bad.close()
    }
  },
)
