import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { KafkaAdmin } from '../../packages/sluice/src/admin/admin.ts'
import { KafkaConsumer } from '../../packages/sluice/src/consumer/consumer.ts'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import { eventually } from '../support/eventually.ts'
import { testCluster } from '../support/test-cluster.ts'
import { RecordFeed } from './record-feed.ts'

async function setUp(t: TestContext, nodes: 1 | 3 = 1) {
  const cluster = await testCluster({ nodes })
  const { bootstrapServers } = cluster
  const admin = new KafkaAdmin({ bootstrapServers, logger: silentLogger, defaultApiTimeoutMs: 10_000 })
  t.after(async () => {
    await admin.close()
    await cluster[Symbol.asyncDispose]()
  })
  return { cluster, bootstrapServers, admin }
}

test('admin - topics are created, listed, described and deleted', async (t) => {
  const { admin, cluster } = await setUp(t, 3)
  const topic = cluster.unique('orders')
  const audit = cluster.unique('audit')
  const listed = async () => (await admin.listTopics()).filter((name) => name === topic || name === audit)
  await admin.createTopics([
    { topic, partitions: 3, replicationFactor: Math.min(2, cluster.nodes), configs: { 'retention.ms': 60_000 } },
    { topic: audit },
  ])
  await eventually(listed, [audit, topic])
  await cluster.untilKnown(topic, 3)
  const [orders] = await admin.describeTopics([topic])
  assert.deepEqual(
    orders!.partitions.map(({ partition, replicas }) => [partition, replicas.length]),
    [0, 1, 2].map((partition) => [partition, Math.min(2, cluster.nodes)]),
  )
  const [configs] = await admin.describeConfigs([{ type: 'topic', name: topic }])
  const retention = configs!.entries.find(({ name }) => name === 'retention.ms')
  assert.deepEqual([retention!.value, retention!.isDefault], ['60000', false])
  await admin.deleteTopics([audit])
  await eventually(listed, [topic])
})

test('admin - what cannot be done is an error with the topic and the name that Kafka gives it', async (t) => {
  const { admin, cluster } = await setUp(t)
  const topic = await cluster.createTopic(1)
  const missing = cluster.unique('missing')
  await assert.rejects(admin.createTopics([{ topic }]), { code: 'TOPIC_ALREADY_EXISTS', topic })
  await assert.rejects(admin.createTopics([{ topic: missing, replicationFactor: 9 }]), { code: 'INVALID_REPLICATION_FACTOR' })
  await assert.rejects(admin.deleteTopics([missing]), { code: 'UNKNOWN_TOPIC_OR_PARTITION', topic: missing })
  await assert.rejects(admin.describeTopics([missing]), { code: 'UNKNOWN_TOPIC_OR_PARTITION', topic: missing })
  await assert.rejects(admin.listOffsets([{ topic, partition: 5, at: 'latest' }]), { code: 'UNKNOWN_TOPIC_OR_PARTITION' })
})

test('admin - the cluster is described', async (t) => {
  const { admin, cluster } = await setUp(t, 3)
  const { clusterId, controllerId, nodes } = await admin.describeCluster()
  if (cluster.kind === 'devbroker') assert.equal(clusterId, 'sluice-dev')
  else assert.match(clusterId!, /^[\w-]{22}$/)
  assert.equal(new Set(nodes.map(({ id }) => id)).size, cluster.nodes)
  assert.ok(nodes.some(({ id }) => id === controllerId))
})

test('admin - offsets of partitions, and what groups have, committed and are', async (t) => {
  const { admin, bootstrapServers, cluster } = await setUp(t)
  const topic = await cluster.createTopic(2)
  const groupId = cluster.unique('billing')
  const listedGroups = async () => (await admin.listGroups()).filter((group) => group.groupId === groupId)
  await using feed = new RecordFeed(bootstrapServers)
  await feed.write(topic, 0, [{ value: 'a', timestamp: 1000 }])
  await feed.write(topic, 0, [{ value: 'b', timestamp: 2000 }])
  const listed = await admin.listOffsets([
    { topic, partition: 0, at: 'latest' },
    { topic, partition: 1, at: 'earliest' },
    { topic, partition: 1, at: 1500 },
  ])
  assert.deepEqual(listed.map(({ partition, offset }) => [partition, offset]).sort(), [
    [0, 2],
    [1, 0],
  ])
  const consumer = new KafkaConsumer({ bootstrapServers, groupId, clientId: 'one', logger: silentLogger })
  consumer.subscribe([topic])
  while (consumer.assignment().length < 2) await consumer.poll({ timeoutMs: 50 })
  await consumer.commit([{ topic, partition: 0, offset: 1 }])
  await eventually(listedGroups, [{ groupId, protocolType: 'consumer', state: 'Stable' }])
  const [described] = await admin.describeGroups([groupId])
  assert.equal(described!.protocol, 'range')
  assert.deepEqual(
    described!.members.map(({ clientId, partitions }) => [clientId, partitions.length]),
    [['one', 2]],
  )
  assert.deepEqual(
    (await admin.fetchOffsets(groupId)).map(({ partition, offset }) => [partition, offset]),
    [[0, 1]],
  )
  await assert.rejects(admin.deleteGroups([groupId]), { code: 'NON_EMPTY_GROUP' })
  await consumer.close()
  await admin.deleteGroups([groupId])
  await eventually(listedGroups, [])
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

test('admin - a misspelt name and a point in time that is none are refused before anything is sent', async () => {
  await using admin = new KafkaAdmin({ bootstrapServers: '127.0.0.1:1', logger: silentLogger })
  await assert.rejects(admin.createTopics([{ topic: 'a', partition: 3 } as never]), /"partition"; did you mean "partitions"\?/)
  await assert.rejects(admin.listTopics({ timeoutMs: Number.NaN }), { code: 'INVALID_ARGUMENT' })
  for (const at of ['earlyest', -5, Number.NaN, undefined] as never[]) {
    await assert.rejects(admin.listOffsets([{ topic: 'a', partition: 0, at }]), { code: 'INVALID_ARGUMENT' })
  }
})
