import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { DevBroker, type DevBrokerOptions } from '@sluice/devbroker'
import { KafkaAdmin } from '../../packages/sluice/src/admin/admin.ts'
import { KafkaConsumer } from '../../packages/sluice/src/consumer/consumer.ts'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import { RecordFeed } from './record-feed.ts'

async function setUp(t: TestContext, options: DevBrokerOptions = {}) {
  const broker = await DevBroker.start({ nodes: 3, ...options })
  const { bootstrapServers } = broker
  const admin = new KafkaAdmin({ bootstrapServers, logger: silentLogger, defaultApiTimeoutMs: 5000 })
  t.after(async () => {
    await admin.close()
    await broker.close()
  })
  return { broker, bootstrapServers, admin }
}

test('admin - topics are created, listed, described and deleted', async (t) => {
  const { admin } = await setUp(t)
  await admin.createTopics([
    { topic: 'orders', partitions: 3, replicationFactor: 2, configs: { 'retention.ms': 60_000 } },
    { topic: 'audit' },
  ])
  assert.deepEqual(await admin.listTopics(), ['audit', 'orders'])
  const [orders] = await admin.describeTopics(['orders'])
  assert.deepEqual(
    orders!.partitions.map(({ partition, replicas }) => [partition, replicas.length]),
    [
      [0, 2],
      [1, 2],
      [2, 2],
    ],
  )
  const [configs] = await admin.describeConfigs([{ type: 'topic', name: 'orders' }])
  const retention = configs!.entries.find(({ name }) => name === 'retention.ms')
  assert.deepEqual([retention!.value, retention!.isDefault], ['60000', false])
  await admin.deleteTopics(['audit'])
  assert.deepEqual(await admin.listTopics(), ['orders'])
})

test('admin - what cannot be done is an error with the topic and the name that Kafka gives it', async (t) => {
  const { admin } = await setUp(t, { topics: { orders: 1 } })
  await assert.rejects(admin.createTopics([{ topic: 'orders' }]), { code: 'TOPIC_ALREADY_EXISTS', topic: 'orders' })
  await assert.rejects(admin.createTopics([{ topic: 'x', replicationFactor: 9 }]), { code: 'INVALID_REPLICATION_FACTOR' })
  await assert.rejects(admin.describeTopics(['missing']), { code: 'UNKNOWN_TOPIC_OR_PARTITION', topic: 'missing' })
  await assert.rejects(admin.listOffsets([{ topic: 'orders', partition: 5, at: 'latest' }]), { code: 'UNKNOWN_TOPIC_OR_PARTITION' })
})

test('admin - the cluster is described', async (t) => {
  const { admin, broker } = await setUp(t)
  const { clusterId, controllerId, nodes } = await admin.describeCluster()
  assert.equal(clusterId, broker.clusterId)
  assert.deepEqual(nodes.map(({ id }) => id).sort(), [1, 2, 3])
  assert.ok(nodes.some(({ id }) => id === controllerId))
})

test('admin - offsets of partitions, and what groups have, committed and are', async (t) => {
  const { admin, bootstrapServers } = await setUp(t, { topics: { orders: 2 } })
  await using feed = new RecordFeed(bootstrapServers)
  await feed.write('orders', 0, [{ value: 'a', timestamp: 1000 }])
  await feed.write('orders', 0, [{ value: 'b', timestamp: 2000 }])
  const listed = await admin.listOffsets([
    { topic: 'orders', partition: 0, at: 'latest' },
    { topic: 'orders', partition: 1, at: 'earliest' },
    { topic: 'orders', partition: 1, at: 1500 },
  ])
  assert.deepEqual(listed.map(({ partition, offset }) => [partition, offset]).sort(), [
    [0, 2],
    [1, 0],
  ])
  const consumer = new KafkaConsumer({ bootstrapServers, groupId: 'billing', clientId: 'one', logger: silentLogger })
  consumer.subscribe(['orders'])
  while (consumer.assignment().length < 2) await consumer.poll({ timeoutMs: 50 })
  await consumer.commit([{ topic: 'orders', partition: 0, offset: 1 }])
  assert.deepEqual(await admin.listGroups(), [{ groupId: 'billing', protocolType: 'consumer', state: 'Stable' }])
  const [described] = await admin.describeGroups(['billing'])
  assert.equal(described!.protocol, 'range')
  assert.deepEqual(
    described!.members.map(({ clientId, partitions }) => [clientId, partitions.length]),
    [['one', 2]],
  )
  assert.deepEqual(
    (await admin.fetchOffsets('billing')).map(({ partition, offset }) => [partition, offset]),
    [[0, 1]],
  )
  await assert.rejects(admin.deleteGroups(['billing']), { code: 'NON_EMPTY_GROUP' })
  await consumer.close()
  await admin.deleteGroups(['billing'])
  assert.deepEqual(await admin.listGroups(), [])
})

test('admin - a cluster out of reach is a timeout, and an abort or close ends the wait', async () => {
  const options = { bootstrapServers: '127.0.0.1:1', logger: silentLogger }
  await using admin = new KafkaAdmin(options)
  await assert.rejects(admin.listTopics({ timeoutMs: 200 }), { code: 'TIMEOUT' })
  const stop = new AbortController()
  const listing = admin.listTopics({ signal: stop.signal })
  stop.abort()
  await assert.rejects(listing, { code: 'ABORTED' })
  const closing = new KafkaAdmin(options)
  const waiting = closing.listTopics()
  await Promise.all([assert.rejects(waiting, { code: 'CLOSED' }), closing.close()])
})
