import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { encodeBatch, errorCodes } from '@sluice/protocol'
import { alterConfigsApi } from '@sluice/protocol/messages/alter-configs'
import { createPartitionsApi } from '@sluice/protocol/messages/create-partitions'
import { createTopicsApi } from '@sluice/protocol/messages/create-topics'
import { deleteTopicsApi } from '@sluice/protocol/messages/delete-topics'
import { describeConfigsApi } from '@sluice/protocol/messages/describe-configs'
import { describeGroupsApi } from '@sluice/protocol/messages/describe-groups'
import { incrementalAlterConfigsApi } from '@sluice/protocol/messages/incremental-alter-configs'
import { joinGroupApi } from '@sluice/protocol/messages/join-group'
import { listGroupsApi } from '@sluice/protocol/messages/list-groups'
import { listOffsetsApi } from '@sluice/protocol/messages/list-offsets'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { offsetFetchApi } from '@sluice/protocol/messages/offset-fetch'
import { produceApi } from '@sluice/protocol/messages/produce'
import { DevBroker } from '../dev-broker.ts'
import { WireClient } from '../testing/wire-client.ts'

/** Below what closes the connection; what takes time by its square would take minutes. */
const VERY_MANY = 150_000
const MAX_MS = 5000
const LONGEST_NAME = 'x'.repeat(32_767)

const log = { debug() {}, info() {}, warn() {}, error: (message: string) => failures.push(message) }
const failures: string[] = []
let broker: DevBroker
let client: WireClient

before(async () => {
  broker = await DevBroker.start({ topics: { orders: 2, wide: 100 }, log })
  client = await WireClient.connect(broker.nodes[0]!.host, broker.nodes[0]!.port)
})

after(async () => {
  await client[Symbol.asyncDispose]()
  await broker.close()
  assert.deepEqual(failures, [], 'a handler that throws is a fault of the broker')
})

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await answer
  assert.ok(performance.now() - start < MAX_MS)
  return result
}

test('hostile requests - more array elements than any client needs close the connection before memory is taken', async () => {
  const frame = Buffer.alloc(4 + 10 + 4 + 2 * 200_001)
  frame.writeInt32BE(frame.length - 4, 0)
  frame.writeInt16BE(3, 4)
  frame.writeInt16BE(1, 6)
  frame.writeInt16BE(-1, 12)
  frame.writeInt32BE(200_001, 14)
  await using other = await WireClient.connect(broker.nodes[0]!.host, broker.nodes[0]!.port)
  other.sendBytes(frame)
  await other.closed()
})

test('hostile requests - what is asked for very often is described once', async () => {
  const many = <T>(each: T) => Array.from({ length: VERY_MANY }, () => each)
  assert.equal((await inTime(client.send(metadataApi, 12, { topics: many({ name: 'wide' }) }))).topics.length, 1)
  const resources = many({ resourceType: 2, resourceName: 'orders', configurationKeys: null })
  assert.equal((await inTime(client.send(describeConfigsApi, 4, { resources }))).results.length, 1)
  assert.equal((await inTime(client.send(describeGroupsApi, 5, { groups: many('g') }))).groups.length, 1)
  assert.equal((await inTime(client.send(offsetFetchApi, 8, { groups: many({ groupId: 'g', topics: null }) }))).groups.length, 1)
})

test('hostile requests - very many protocols, filters and repeated partitions take no time by their square', async () => {
  const protocols = Array.from({ length: VERY_MANY }, (_, i) => ({ name: `p${i}`, metadata: Buffer.alloc(0) }))
  const join = { groupId: 'many', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 1000, protocolType: 'consumer', protocols }
  assert.equal((await inTime(client.send(joinGroupApi, 3, join))).errorCode, 0)
  const statesFilter = Array.from({ length: VERY_MANY }, (_, i) => `s${i}`)
  assert.deepEqual((await inTime(client.send(listGroupsApi, 4, { statesFilter }))).groups, [])
  const partitions = Array.from({ length: 40_000 }, () => ({ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: 0 }))
  const { topics } = await inTime(client.send(listOffsetsApi, 4, { replicaId: -1, topics: [{ name: 'orders', partitions }] }))
  assert.equal(topics[0]!.partitions[39_999]!.errorCode, errorCodes.INVALID_REQUEST)
})

test('hostile requests - names and values as long as the protocol allows are refused in words that fit into the answer', async () => {
  const topic = { name: LONGEST_NAME, numPartitions: 1, replicationFactor: 1 }
  const twice = await client.send(createTopicsApi, 4, { topics: [topic, topic] })
  assert.equal(twice.topics[0]!.errorCode, errorCodes.INVALID_REQUEST)
  const misconfigured = [
    { ...topic, name: 'a', configs: [{ name: LONGEST_NAME, value: '1' }] },
    { ...topic, name: 'b', configs: [{ name: 'retention.ms', value: LONGEST_NAME }] },
  ]
  const refused = await client.send(createTopicsApi, 4, { topics: misconfigured })
  assert.deepEqual(
    refused.topics.map(({ errorCode }) => errorCode),
    [errorCodes.INVALID_CONFIG, errorCodes.INVALID_CONFIG],
  )
  const added = await client.send(createPartitionsApi, 1, { topics: [{ name: LONGEST_NAME, count: 2, assignments: null }] })
  assert.equal(added.results[0]!.errorCode, errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  const resource = { resourceType: 2, resourceName: LONGEST_NAME }
  const described = await client.send(describeConfigsApi, 3, { resources: [{ ...resource, configurationKeys: null }] })
  assert.equal(described.results[0]!.errorCode, errorCodes.INVALID_TOPIC_EXCEPTION)
  const altered = await client.send(alterConfigsApi, 1, { resources: [{ ...resource, configs: [] }] })
  assert.equal(altered.responses[0]!.errorCode, errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
})

test('hostile requests - a configuration may not be altered twice in one request', async () => {
  const change = { name: 'leader.replication.throttled.replicas', configOperation: 2, value: '1:1' }
  const resources = [{ resourceType: 2, resourceName: 'orders', configs: [change, change] }]
  const { responses } = await client.send(incrementalAlterConfigsApi, 0, { resources })
  assert.equal(responses[0]!.errorCode, errorCodes.INVALID_REQUEST)
})

test('hostile requests - metadata by id alone is answered with an error in the versions that cannot name it', async () => {
  for (const version of [10, 11]) {
    const { topics } = await client.send(metadataApi, version, { topics: [{ name: null, topicId: 'AAECAwQFBgcICQoLDA0ODw' }] })
    assert.deepEqual([topics[0]!.name, topics[0]!.errorCode], ['', errorCodes.INVALID_REQUEST])
  }
})

test('hostile requests - all topics together have so many partitions at most, and room comes back with deletion', async () => {
  const create = async (name: string, numPartitions: number, validateOnly = false) => {
    const topics = [{ name, numPartitions, replicationFactor: 1 }]
    return (await client.send(createTopicsApi, 4, { topics, validateOnly })).topics[0]!.errorCode
  }
  for (let i = 0; i < 9; i++) assert.equal(await create(`huge${i}`, 10_000), 0)
  assert.equal(await create('large', 9_898), 0)
  for (const validateOnly of [true, false]) assert.equal(await create('small', 1, validateOnly), errorCodes.INVALID_PARTITIONS)
  const more = await client.send(createPartitionsApi, 1, { topics: [{ name: 'orders', count: 3, assignments: null }] })
  assert.equal(more.results[0]!.errorCode, errorCodes.INVALID_PARTITIONS)
  const { topics } = await client.send(metadataApi, 12, { topics: [{ name: 'fresh' }], allowAutoTopicCreation: true })
  assert.equal(topics[0]!.errorCode, errorCodes.INVALID_PARTITIONS)
  await client.send(deleteTopicsApi, 5, { topicNames: Array.from({ length: 9 }, (_, i) => `huge${i}`) })
  assert.equal(await create('small', 1), 0)
})

test('hostile requests - validation alone does not build more partitions either', async () => {
  const topics = Array.from({ length: 15_000 }, (_, i) => ({ name: `v${i}`, numPartitions: 10_000, replicationFactor: 1 }))
  const answers = await inTime(client.send(createTopicsApi, 4, { topics, validateOnly: true }))
  assert.equal(answers.topics.at(-1)!.errorCode, errorCodes.INVALID_PARTITIONS)
})

test('hostile requests - a batch whose records claim times beyond what a response can carry has an offset all the same', async () => {
  const timestamps = [1000, Number.MAX_SAFE_INTEGER]
  const records = encodeBatch(timestamps.map((timestamp) => ({ value: 'x', timestamp })))
  records.writeBigInt64BE(BigInt(Number.MAX_SAFE_INTEGER), 27)
  const orders = { partitions: 1, configs: { 'message.timestamp.after.max.ms': '9223372036854775807' } }
  await using unchecked = await DevBroker.start({ topics: { orders }, verifyCrc: false, log })
  await using other = await WireClient.connect(unchecked.nodes[0]!.host, unchecked.nodes[0]!.port)
  const topicData = [{ name: 'orders', partitionData: [{ index: 0, records }] }]
  assert.equal((await other.send(produceApi, 9, { acks: 1, topicData })).responses[0]!.partitionResponses[0]!.errorCode, 0)
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -3 }]
  const { topics } = await other.send(listOffsetsApi, 7, { replicaId: -1, topics: [{ name: 'orders', partitions }] })
  assert.deepEqual([topics[0]!.partitions[0]!.errorCode, topics[0]!.partitions[0]!.offset], [0, 0])
})
