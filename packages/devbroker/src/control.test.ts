import assert from 'node:assert/strict'
import { connect as connectSocket } from 'node:net'
import { test } from 'node:test'
import { encodeBatch, errorCodes } from '@sluice/protocol'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { fetchApi } from '@sluice/protocol/messages/fetch'
import { findCoordinatorApi } from '@sluice/protocol/messages/find-coordinator'
import { heartbeatApi } from '@sluice/protocol/messages/heartbeat'
import { joinGroupApi } from '@sluice/protocol/messages/join-group'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { produceApi } from '@sluice/protocol/messages/produce'
import { type ApiCaps, DevBroker } from './dev-broker.ts'
import { protocol } from './testing/group-client.ts'
import { WireClient } from './testing/wire-client.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

function connect(broker: DevBroker, node = 1): Promise<WireClient> {
  const { host, port } = broker.node(node)
  return WireClient.connect(host, port)
}

test('control - a group that is given another coordinator keeps its members, and the old one sends them away', async () => {
  await using broker = await DevBroker.start({ nodes: 3 })
  const coordinator = broker.coordinator('g')
  const old = coordinator.id
  await using member = await connect(broker, old)
  const joining = { groupId: 'g', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'consumer', memberId: '' }
  const { memberId } = await member.send(joinGroupApi, 3, { ...joining, protocols: [protocol('range', ['orders'])] })
  const next = (old % 3) + 1
  coordinator.moveTo(next)
  assert.deepEqual([coordinator.id, broker.coordinator('g').port], [next, broker.node(next).port])
  const found = await member.send(findCoordinatorApi, 1, { key: 'g' })
  assert.equal(found.nodeId, next)
  const beat = { groupId: 'g', memberId, generationId: 1 }
  assert.equal((await member.send(heartbeatApi, 3, beat)).errorCode, errorCodes.NOT_COORDINATOR)
  await using moved = await connect(broker, next)
  assert.notEqual((await moved.send(heartbeatApi, 3, beat)).errorCode, errorCodes.UNKNOWN_MEMBER_ID)

  await coordinator.down()
  assert.notEqual(coordinator.id, next, 'a coordinator that is down has a successor')
  await broker.node(next).up()
  assert.equal(coordinator.id, next)
  assert.throws(() => coordinator.moveTo(7), { code: 'BROKER_NOT_AVAILABLE' })
})

test('control - a member can be expired', async () => {
  await using broker = await DevBroker.start()
  const group = broker.group('g')
  assert.deepEqual([group.state, group.members], ['Dead', []])
  await using client = await connect(broker)
  const joining = { groupId: 'g', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'consumer', memberId: '' }
  const { memberId } = await client.send(joinGroupApi, 3, { ...joining, protocols: [protocol('range', ['orders'])] })
  assert.deepEqual(group.members, [{ memberId, clientId: 'wire-client', groupInstanceId: null }])
  group.expire(memberId)
  assert.deepEqual([group.state, group.members], ['Empty', []])
  const answer = await client.send(heartbeatApi, 3, { groupId: 'g', memberId, generationId: 1 })
  assert.equal(answer.errorCode, errorCodes.UNKNOWN_MEMBER_ID)
  assert.throws(() => group.expire(memberId), { code: 'UNKNOWN_MEMBER_ID' })
})

test('control - a node that pauses accepting answers the connections it has, and the new ones once it is up again', async () => {
  await using broker = await DevBroker.start({ log })
  await using old = await connect(broker)
  broker.node(1).pauseAccept()
  await using fresh = await connect(broker)
  let answered = false
  const versions = fresh.send(apiVersionsApi, 0, {}).then(() => (answered = true))
  const gone = connectSocket(broker.node(1).port, broker.node(1).host)
  await new Promise((resolve) => gone.once('connect', resolve))
  gone.resetAndDestroy()
  for (let i = 0; i < 5; i++) await old.send(apiVersionsApi, 0, {})
  assert.equal(answered, false)
  await broker.node(1).up()
  await versions
  broker.node(1).pauseAccept()
  await using late = await connect(broker)
  await broker.node(1).down()
  await late.closed()
})

test('control - an old broker announces and takes what it would', async () => {
  await using broker = await DevBroker.start({ topics: { orders: 1 }, log })
  const announced = async () => {
    await using client = await connect(broker)
    const { apiKeys } = await client.send(apiVersionsApi, 2, {})
    return new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]))
  }
  const full = await announced()
  broker.caps({ Fetch: [4, 11], OffsetForLeaderEpoch: null, Produce: [3, 7] })
  const capped = await announced()
  assert.deepEqual([capped.get(1), capped.get(23), capped.get(0)], [[4, 11], undefined, [0, 7]])
  assert.deepEqual(capped.get(3), full.get(3))
  await using taken = await connect(broker)
  assert.equal((await taken.send(fetchApi, 11, { topics: [] })).errorCode, 0)
  taken.sendOnly(fetchApi, 12, { topics: [] })
  await taken.closed()
  broker.caps({})
  assert.deepEqual(await announced(), full)

  const refused = (caps: object, message: RegExp) => assert.throws(() => broker.caps(caps as ApiCaps), { code: 'INVALID_OPTION', message })
  refused({ Fetch: [0, 11] }, /Fetch cannot be served in versions 0 to 11: there are 4 to 17/)
  refused({ Fetch: [4, 99] }, /there are 4 to 17/)
  refused({ Fetsch: [4, 11] }, /did you mean "Fetch"/)
  assert.deepEqual(await announced(), full)
})

test('control - records come into a topic without the wire, to the partition of their key, and end the wait for them', async () => {
  await using broker = await DevBroker.start({ topics: { orders: 3, other: 1 } })
  const places = await broker.produce('orders', [
    { key: 'a', value: '1', headers: { h: 'x' }, timestamp: 5 },
    { key: 'a', value: '2' },
    { value: '3', partition: 2 },
    { value: '4' },
  ])
  assert.equal(places[0]!.partition, places[1]!.partition)
  assert.deepEqual(places[1]!.offset, places[0]!.offset + 1)
  const records = await broker.records('orders')
  assert.deepEqual(new Set(records.map(({ value }) => value?.toString())), new Set(['1', '2', '3', '4']))
  const first = records.find(({ value }) => value?.toString() === '1')!
  assert.deepEqual([first.key?.toString(), first.timestamp, first.headers[0]!.value?.toString()], ['a', 5, 'x'])
  await assert.rejects(broker.produce('nowhere', [{ value: 'x' }]), { code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  await assert.rejects(broker.produce('orders', [{ value: 'x' }, { value: 'y', partition: 3 }]), /record 1: .* no partition 3/)
  await assert.rejects(broker.produce('orders', [{ value: Buffer.alloc(2_000_000) }]), { code: 'MESSAGE_TOO_LARGE' })
  assert.equal((await broker.records('orders')).length, 4, 'a call that fails leaves nothing behind')

  await using client = await connect(broker)
  const topics = [{ topic: 'other', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }]
  const fetched = client.send(fetchApi, 11, { maxWaitMs: 60_000, minBytes: 1, maxBytes: 1000, topics })
  await broker.journal.waitFor({ api: 'Fetch' })
  await broker.produce('other', [{ value: 'x' }])
  assert.ok((await fetched).responses[0]!.partitions[0]!.records!.length > 0)
})

test('control - an old leader sends producers away, and says where to, as soon as the leader has moved', async () => {
  await using broker = await DevBroker.start({ nodes: 2, topics: { orders: { partitions: 1, replicationFactor: 2 } } })
  const partition = broker.partition('orders', 0)
  partition.moveLeader(1)
  await using client = await connect(broker, 1)
  const epoch = partition.leaderEpoch
  partition.moveLeader(2)
  const topicData = [{ name: 'orders', partitionData: [{ index: 0, records: encodeBatch([{ value: 'x' }]) }] }]
  const { responses, nodeEndpoints } = await client.send(produceApi, 10, { acks: -1, topicData })
  const { errorCode, currentLeader } = responses[0]!.partitionResponses[0]!
  assert.deepEqual([errorCode, currentLeader], [errorCodes.NOT_LEADER_OR_FOLLOWER, { leaderId: 2, leaderEpoch: epoch + 1 }])
  assert.deepEqual(
    nodeEndpoints.map(({ nodeId, port }) => [nodeId, port]),
    [[2, broker.node(2).port]],
  )
  const metadata = await client.send(metadataApi, 12, { topics: [{ name: 'orders' }] })
  assert.equal(metadata.topics[0]!.partitions[0]!.leaderId, 2)
})
