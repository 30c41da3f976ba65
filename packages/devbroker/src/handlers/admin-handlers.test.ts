import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import { alterConfigsApi } from '@sluice/protocol/messages/alter-configs'
import { createPartitionsApi } from '@sluice/protocol/messages/create-partitions'
import { createTopicsApi } from '@sluice/protocol/messages/create-topics'
import { deleteTopicsApi } from '@sluice/protocol/messages/delete-topics'
import { describeClusterApi } from '@sluice/protocol/messages/describe-cluster'
import { describeConfigsApi } from '@sluice/protocol/messages/describe-configs'
import { incrementalAlterConfigsApi } from '@sluice/protocol/messages/incremental-alter-configs'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { DevBroker } from '../dev-broker.ts'
import type { DevBrokerOptions } from '../options.ts'
import { WireClient } from '../testing/wire-client.ts'

const TOPIC_RESOURCE = 2
const BROKER_RESOURCE = 4

async function start(options: DevBrokerOptions = {}) {
  const broker = await DevBroker.start({ nodes: 3, ...options })
  const { host, port } = broker.nodes[1]!
  const client = await WireClient.connect(host, port)
  return {
    broker,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
      await broker.close()
    },
  }
}

test('metadata - every version names nodes, leaders and replicas, and creates what is asked for', async () => {
  await using cluster = await start({ defaultPartitions: 2 })
  for (let version = 0; version <= 12; version++) {
    const { brokers, topics, controllerId } = await cluster.client.send(metadataApi, version, { topics: [{ name: `v${version}` }] })
    assert.deepEqual(
      brokers.map(({ nodeId }) => nodeId),
      [1, 2, 3],
    )
    assert.equal(controllerId, version === 0 ? -1 : 1)
    assert.deepEqual([topics[0]?.errorCode, topics[0]?.partitions.length], [0, 2])
    for (const { leaderId, replicaNodes, isrNodes } of topics[0]!.partitions) {
      assert.equal(leaderId, replicaNodes[0])
      assert.deepEqual([replicaNodes.length, isrNodes.length], [3, 3])
    }
  }
  assert.equal((await cluster.client.send(metadataApi, 0, { topics: [] })).topics.length, 13)
  assert.equal((await cluster.client.send(metadataApi, 1, { topics: null })).topics.length, 13)
  assert.equal((await cluster.client.send(metadataApi, 1, { topics: [] })).topics.length, 0)
})

test('metadata - leaders are spread over the nodes', async () => {
  await using cluster = await start({ topics: { orders: 6 } })
  const leaders = [0, 1, 2, 3, 4, 5].map((partition) => cluster.broker.partition('orders', partition).leader)
  assert.deepEqual(leaders.sort(), [1, 1, 2, 2, 3, 3])
})

test('metadata - illegal names, unknown ids, and topics that may not be created have errors', async () => {
  await using cluster = await start()
  const errorOf = async (topic: object, allowAutoTopicCreation = true) =>
    (await cluster.client.send(metadataApi, 12, { topics: [topic], allowAutoTopicCreation })).topics[0]?.errorCode
  for (const name of ['', '.', 'a/b', 'ü', 'x'.repeat(250)]) assert.equal(await errorOf({ name }), errorCodes.INVALID_TOPIC_EXCEPTION)
  assert.equal(await errorOf({ name: 'new' }, false), errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(await errorOf({ name: null, topicId: Buffer.alloc(16, 5).toString('base64url') }), errorCodes.UNKNOWN_TOPIC_ID)
  assert.deepEqual(cluster.broker.topics, [])
})

test('metadata - partitions whose nodes are all down have no leader, and get one back', async () => {
  await using cluster = await start({ topics: { orders: { partitions: 3, replicationFactor: 1 } } })
  const lost = [0, 1, 2].find((partition) => cluster.broker.partition('orders', partition).leader === 3)!
  const partition = cluster.broker.partition('orders', lost)
  const describe = async () => {
    const { brokers, topics } = await cluster.client.send(metadataApi, 12, { topics: [{ name: 'orders' }] })
    const { errorCode, leaderId, offlineReplicas } = topics[0]!.partitions[lost]!
    return [brokers.length, errorCode, leaderId, offlineReplicas]
  }
  await cluster.broker.node(3).down()
  assert.deepEqual(await describe(), [2, errorCodes.LEADER_NOT_AVAILABLE, -1, [3]])
  const { port } = cluster.broker.node(3)
  await cluster.broker.node(3).up()
  assert.deepEqual(await describe(), [3, 0, 3, []])
  assert.equal(cluster.broker.node(3).port, port)
  assert.equal(partition.leaderEpoch, 2)
})

test('create topics - every version creates, and what cannot be has its error', async () => {
  await using cluster = await start()
  for (let version = 2; version <= 7; version++) {
    const wanted = { name: `v${version}`, numPartitions: 4, replicationFactor: 2, configs: [{ name: 'retention.ms', value: '5000' }] }
    const [result] = (await cluster.client.send(createTopicsApi, version, { topics: [wanted] })).topics
    assert.equal(result?.errorCode, 0)
    if (version >= 5) assert.equal(result?.configs?.find(({ name }) => name === 'retention.ms')?.value, '5000')
    assert.equal(cluster.broker.endOffsets(`v${version}`).length, 4)
  }
  const results: [string, object, string][] = [
    ['v7', { numPartitions: 1, replicationFactor: 1 }, 'TOPIC_ALREADY_EXISTS'],
    ['a b', { numPartitions: 1, replicationFactor: 1 }, 'INVALID_TOPIC_EXCEPTION'],
    ['none', { numPartitions: 0, replicationFactor: 1 }, 'INVALID_PARTITIONS'],
    ['many', { numPartitions: 1, replicationFactor: 4 }, 'INVALID_REPLICATION_FACTOR'],
    ['config', { numPartitions: 1, replicationFactor: 1, configs: [{ name: 'retention.mss', value: '1' }] }, 'INVALID_CONFIG'],
    ['value', { numPartitions: 1, replicationFactor: 1, configs: [{ name: 'retention.ms', value: 'long' }] }, 'INVALID_CONFIG'],
    [
      'nodes',
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [9] }] },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    [
      'gap',
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    ['both', { numPartitions: 1, replicationFactor: 1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] }, 'INVALID_REQUEST'],
    ['default', { numPartitions: -1, replicationFactor: -1 }, 'NONE'],
    ['assigned', { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [3, 1] }] }, 'NONE'],
  ]
  const { topics } = await cluster.client.send(createTopicsApi, 7, { topics: results.map(([name, rest]) => ({ name, ...rest })) })
  assert.deepEqual(
    topics.map(({ name, errorCode }) => [name, errorCode]),
    results.map(([name, , code]) => [name, errorCodes[code as keyof typeof errorCodes]]),
  )
  assert.deepEqual([cluster.broker.partition('assigned', 0).leader, cluster.broker.partition('assigned', 0).replicas], [3, [3, 1]])
  const twice = { name: 'twice', numPartitions: 1, replicationFactor: 1 }
  const doubled = await cluster.client.send(createTopicsApi, 7, { topics: [twice, twice] })
  assert.deepEqual(
    doubled.topics.map(({ errorCode }) => errorCode),
    [errorCodes.INVALID_REQUEST],
  )
  await cluster.client.send(createTopicsApi, 7, { topics: [{ ...twice, name: 'dry' }], validateOnly: true })
  assert.ok(!cluster.broker.topics.includes('dry') && !cluster.broker.topics.includes('twice'))
})

test('delete topics - by name in every version and by id in the last, and a new one of that name has another id', async () => {
  await using cluster = await start()
  const idOf = async (name: string) => (await cluster.client.send(metadataApi, 12, { topics: [{ name }] })).topics[0]!.topicId
  for (let version = 1; version <= 6; version++) {
    const first = await idOf('t')
    const request = version < 6 ? { topicNames: ['t', 'unknown'] } : { topics: [{ topicId: first }, { name: 'unknown' }] }
    const { responses } = await cluster.client.send(deleteTopicsApi, version, request)
    assert.deepEqual(
      responses.map(({ name, errorCode }) => [name, errorCode]),
      [
        ['t', 0],
        ['unknown', errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
      ],
    )
    assert.notEqual(await idOf('t'), first)
  }
})

test('create partitions - adds some, and refuses fewer, as many, and unknown topics', async () => {
  await using cluster = await start({ topics: { orders: 2 } })
  for (let version = 0; version <= 3; version++) {
    const { results } = await cluster.client.send(createPartitionsApi, version, {
      topics: [
        { name: 'orders', count: 3 + version, assignments: null },
        { name: 'unknown', count: 3, assignments: null },
      ],
    })
    assert.deepEqual(
      results.map(({ errorCode }) => errorCode),
      [0, errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    )
  }
  const { results } = await cluster.client.send(createPartitionsApi, 3, { topics: [{ name: 'orders', count: 6, assignments: null }] })
  assert.equal(results[0]?.errorCode, errorCodes.INVALID_PARTITIONS)
  assert.equal(cluster.broker.endOffsets('orders').length, 6)
})

test('configs - what is set is described with where it comes from, replaced, and changed bit by bit', async () => {
  await using cluster = await start({ topics: { orders: { configs: { 'retention.ms': 1000 } } } })
  const resource = { resourceType: TOPIC_RESOURCE, resourceName: 'orders' }
  const describe = async (name: string, version = 4) => {
    const request = { resources: [{ ...resource, configurationKeys: [name] }], includeSynonyms: true }
    const { value, configSource } = (await cluster.client.send(describeConfigsApi, version, request)).results[0]!.configs[0]!
    return [value, configSource]
  }
  for (let version = 1; version <= 4; version++) assert.deepEqual(await describe('retention.ms', version), ['1000', 1])
  assert.deepEqual(await describe('max.message.bytes'), ['1048588', 5])

  const alter = (configs: { name: string; value: string }[]) =>
    cluster.client.send(alterConfigsApi, 2, { resources: [{ ...resource, configs }] })
  await alter([{ name: 'max.message.bytes', value: '2000' }])
  assert.deepEqual(
    [await describe('retention.ms'), await describe('max.message.bytes')],
    [
      ['-1', 5],
      ['2000', 1],
    ],
  )
  const wrong = await alter([{ name: 'max.message.bytes', value: '-7' }])
  assert.equal(wrong.responses[0]?.errorCode, errorCodes.INVALID_CONFIG)

  const change = (name: string, configOperation: number, value: string | null) =>
    cluster.client.send(incrementalAlterConfigsApi, 1, { resources: [{ ...resource, configs: [{ name, configOperation, value }] }] })
  await change('retention.bytes', 0, '77')
  await change('cleanup.policy', 2, 'compact')
  await change('max.message.bytes', 1, null)
  assert.deepEqual(await describe('retention.bytes'), ['77', 1])
  assert.deepEqual(await describe('cleanup.policy'), ['delete,compact', 1])
  assert.deepEqual(await describe('max.message.bytes'), ['1048588', 5])
  await change('cleanup.policy', 3, 'delete')
  assert.deepEqual(await describe('cleanup.policy'), ['compact', 1])
  assert.equal((await change('retention.ms', 2, '1')).responses[0]?.errorCode, errorCodes.INVALID_CONFIG)

  const resources = [{ resourceType: BROKER_RESOURCE, resourceName: '1', configurationKeys: null }]
  const { results } = await cluster.client.send(describeConfigsApi, 4, { resources })
  assert.equal(results[0]?.configs.find(({ name }) => name === 'num.partitions')?.value, '1')
})

test('describe cluster - names the nodes and the cluster', async () => {
  await using cluster = await start()
  for (const version of [0, 1]) {
    const { clusterId, controllerId, brokers } = await cluster.client.send(describeClusterApi, version, {})
    assert.deepEqual([clusterId, controllerId, brokers.length], ['sluice-dev', 1, 3])
  }
})
