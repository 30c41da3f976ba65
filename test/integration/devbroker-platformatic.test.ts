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

type StringStream = MessagesStream<string, string, string, string>

function settings(broker: DevBroker) {
  return { clientId: 'test', bootstrapBrokers: broker.bootstrapServers.split(','), retries: 5, retryDelay: 50 }
}

function producerOf(broker: DevBroker, options: { idempotent?: boolean } = {}) {
  return new Producer({ ...settings(broker), serializers: stringSerializers, autocreateTopics: true, ...options })
}

function consumerOf(broker: DevBroker, groupId: string) {
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
  await using broker = await DevBroker.start({ topics: { orders: 3 } })
  const producer = producerOf(broker)
  const message = (value: string) => ({
    topic: 'orders',
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
  const stored = await broker.records('orders')
  assert.deepEqual(
    stored.map(({ value }) => value?.toString()),
    expected,
  )

  const consumer = consumerOf(broker, 'g')
  const stream = await consumer.consume({ topics: ['orders'], mode: 'earliest', autocommit: false })
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
  await using broker = await DevBroker.start({ topics: { orders: 1 } })
  const producer = producerOf(broker, { idempotent: true })
  for (let i = 0; i < 10; i++) await producer.send({ acks: -1, messages: [{ topic: 'orders', value: String(i) }] })
  await producer.close()
  const records = await broker.records('orders')
  assert.deepEqual(
    records.map(({ value }) => value?.toString()),
    Array.from({ length: 10 }, (_, i) => String(i)),
  )
})

test('devbroker with @platformatic/kafka - a group goes on where it committed', async () => {
  await using broker = await DevBroker.start({ topics: { orders: 1 } })
  const producer = producerOf(broker)
  await producer.send({ acks: -1, messages: ['one', 'two'].map((value) => ({ topic: 'orders', value })) })
  const first = consumerOf(broker, 'g')
  const [one] = await take(await first.consume({ topics: ['orders'], mode: 'committed', fallbackMode: 'earliest', autocommit: false }), 1)
  await one?.commit()
  await first.close(true)
  const second = consumerOf(broker, 'g')
  const [two] = await take(await second.consume({ topics: ['orders'], mode: 'committed', autocommit: false }), 1)
  assert.equal(two?.value, 'two')
  await second.close(true)
  await producer.close()
})

test('devbroker with @platformatic/kafka - two members share the partitions', async () => {
  await using broker = await DevBroker.start({ nodes: 3, topics: { orders: 4 } })
  const consumers = [consumerOf(broker, 'shared'), consumerOf(broker, 'shared')]
  const shares = new Map<Consumer<string, string, string, string>, number>()
  const settled = Promise.withResolvers<void>()
  const streams: StringStream[] = []
  for (const consumer of consumers) {
    consumer.on('consumer:group:join', ({ assignments }) => {
      shares.set(consumer, assignments?.flatMap(({ partitions }) => partitions).length ?? 0)
      if ([...shares.values()].join() === '2,2') settled.resolve()
    })
    streams.push(await consumer.consume({ topics: ['orders'], mode: 'earliest' }))
  }
  await settled.promise
  const producer = producerOf(broker)
  const messages = [0, 1, 2, 3].map((partition) => ({ topic: 'orders', partition, value: String(partition) }))
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
  await using broker = await DevBroker.start({ nodes: 3 })
  const admin = new Admin(settings(broker))
  const [created] = await admin.createTopics({
    topics: ['made'],
    partitions: 2,
    replicas: 2,
    configs: [{ name: 'retention.ms', value: '60000' }],
  })
  assert.deepEqual([created?.name, created?.partitions, created?.replicas, created?.configuration['retention.ms']], ['made', 2, 2, '60000'])
  await assert.rejects(admin.createTopics({ topics: ['too-much'], replicas: 4 }))
  await admin.createPartitions({ topics: [{ name: 'made', count: 3, assignments: [{ brokerIds: [3, 1] }] }] })
  assert.deepEqual(await admin.listTopics(), ['made'])
  const [described] = await admin.describeConfigs({
    resources: [{ resourceType: 2, resourceName: 'made' }],
    includeSynonyms: true,
    includeDocumentation: true,
  })
  assert.equal(described?.configs.find(({ name }) => name === 'retention.ms')?.value, '60000')
  await admin.incrementalAlterConfigs({
    resources: [{ resourceType: 2, resourceName: 'made', configs: [{ name: 'retention.ms', configOperation: 1 }] }],
  })
  const producer = producerOf(broker)
  for (const timestamp of [1000n, 2000n])
    await producer.send({ acks: -1, messages: [{ topic: 'made', partition: 0, value: 'x', timestamp }] })
  await producer.close()
  const find = async (timestamp: bigint) => {
    const [topic] = await admin.listOffsets({ topics: [{ name: 'made', partitions: [{ partitionIndex: 0, timestamp }] }] })
    return topic?.partitions[0]?.offset
  }
  assert.deepEqual(await Promise.all([-2n, -1n, -3n, 1500n, 5000n].map(find)), [0n, 2n, 1n, 1n, -1n])
  const consumer = consumerOf(broker, 'g')
  const stream = await consumer.consume({ topics: ['made'], mode: 'earliest' })
  await take(stream, 2)
  assert.deepEqual([...(await admin.listGroups()).keys()], ['g'])
  assert.equal((await admin.describeGroups({ groups: ['g'] })).get('g')?.state.toUpperCase(), 'STABLE')
  await consumer.close(true)
  await admin.deleteGroups({ groups: ['g'] })
  await admin.deleteTopics({ topics: ['made'] })
  assert.deepEqual(await admin.listTopics(), [])
  await admin.close()
})

test('devbroker with @platformatic/kafka - a producer follows a leader that moves and a node that goes down', async () => {
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
})

test('devbroker with @platformatic/kafka - SASL lets in who knows the password', async () => {
  const users = { alice: 'alice-secret' }
  await using broker = await DevBroker.start({ topics: ['orders'], sasl: { users }, log: { debug() {}, info() {}, warn() {}, error() {} } })
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
    const connect = (password: string) => new Admin({ ...settings(broker), retries: 0, sasl: { mechanism, username: 'alice', password } })
    const good = connect(users.alice)
    assert.deepEqual(await good.listTopics(), ['orders'])
    await good.close()
    const bad = connect('wrong')
    await assert.rejects(bad.listTopics())
    await bad.close()
  }
})
