import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import { FakeClock } from '../testing/fake-clock.ts'
import { GroupClient, type GroupClientOptions, protocol, settle, stabilize } from '../testing/group-client.ts'
import { GroupCoordinator } from './group-coordinator.ts'

const { NONE, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE } = errorCodes

function start() {
  const clock = new FakeClock()
  const topics = new Map([
    ['orders', 4],
    ['payments', 1],
  ])
  const groups = new GroupCoordinator({ clock, topicPartitions: (topic) => topics.get(topic) })
  const client = (options?: GroupClientOptions) => new GroupClient(groups, options)
  const committed = (topic = 'orders', partition = 0, groupId = 'g') =>
    groups.fetchOffsets(groupId, [{ name: topic, partitionIndexes: [partition] }])[0]!.partitions[0]!
  return { clock, topics, groups, client, committed }
}

describe('limits', { timeout: 10_000 }, () => {
  it('coordinator - a group id is required', async () => {
    const { groups, client } = start()
    const nobody = client({ groupId: '' })
    assert.equal((await nobody.join()).errorCode, errorCodes.INVALID_GROUP_ID)
    assert.equal((await nobody.sync()).errorCode, errorCodes.INVALID_GROUP_ID)
    assert.equal(nobody.heartbeat(), errorCodes.INVALID_GROUP_ID)
    assert.equal(nobody.leave(), errorCodes.INVALID_GROUP_ID)
    assert.equal(groups.deleteOffsets('', []), errorCodes.INVALID_GROUP_ID)
    assert.deepEqual(groups.list(), [])
  })

  it('coordinator - session timeouts outside the bounds are refused', async () => {
    const { client } = start()
    for (const sessionTimeoutMs of [-1, 0, 99, 1_800_001]) {
      assert.equal((await client({ sessionTimeoutMs }).join()).errorCode, errorCodes.INVALID_SESSION_TIMEOUT)
    }
    assert.equal((await client({ sessionTimeoutMs: 100 }).enter()).errorCode, NONE)
    const strict = new GroupCoordinator({
      clock: new FakeClock(),
      topicPartitions: () => 1,
      minSessionTimeoutMs: 6000,
      maxSessionTimeoutMs: 7000,
    })
    assert.equal((await new GroupClient(strict, { sessionTimeoutMs: 5999 }).join()).errorCode, errorCodes.INVALID_SESSION_TIMEOUT)
    assert.equal((await new GroupClient(strict, { sessionTimeoutMs: 7001 }).join()).errorCode, errorCodes.INVALID_SESSION_TIMEOUT)
    assert.equal((await new GroupClient(strict, { sessionTimeoutMs: 6000 }).enter()).errorCode, NONE)
  })

  it('coordinator - an id of a group that does not exist is unknown', async () => {
    const { client } = start()
    const ghost = client()
    ghost.memberId = 'ghost'
    assert.equal((await ghost.join()).errorCode, UNKNOWN_MEMBER_ID)
    assert.equal((await ghost.sync()).errorCode, UNKNOWN_MEMBER_ID)
    assert.equal(ghost.leave(), UNKNOWN_MEMBER_ID)
  })
})

describe('offsets', { timeout: 10_000 }, () => {
  it('offsets - a member of a stable group commits and keeps its session by it', async () => {
    const { clock, client, committed } = start()
    const a = client()
    await stabilize(a)
    assert.equal(committed().committedOffset, -1)
    for (let i = 1; i <= 3; i++) {
      clock.advance(9000)
      assert.equal(a.commit(i * 10), NONE)
    }
    assert.deepEqual(committed(), { partitionIndex: 0, errorCode: NONE, committedOffset: 30, committedLeaderEpoch: 3, metadata: 'm' })
    assert.equal(a.heartbeat(), NONE)
  })

  it('offsets - generation and member are checked', async () => {
    const { client, committed } = start()
    const a = client()
    assert.equal(Object.assign(client(), { memberId: 'x', generationId: 1 }).commit(1), ILLEGAL_GENERATION)
    await stabilize(a)
    assert.equal(Object.assign(client(), { memberId: 'x', generationId: 1 }).commit(1), UNKNOWN_MEMBER_ID)
    assert.equal(Object.assign(client(), { memberId: a.memberId, generationId: 0 }).commit(1), ILLEGAL_GENERATION)
    assert.equal(client().commit(1), UNKNOWN_MEMBER_ID)
    assert.equal(committed().committedOffset, -1)
  })

  it('offsets - a commit is taken while members join, not while the assignment is made', async () => {
    const { client } = start()
    const a = client()
    await a.enter()
    assert.equal(a.commit(1), REBALANCE_IN_PROGRESS)
    await a.sync()
    void client().enter()
    await settle()
    assert.equal(a.heartbeat(), REBALANCE_IN_PROGRESS)
    assert.equal(a.commit(2), NONE)
  })

  it('offsets - without members anyone commits, also after members have been there', async () => {
    const { client, committed, groups } = start()
    assert.equal(client().commit(5), NONE)
    assert.equal(groups.describe('g')!.state, 'Empty')
    const a = client()
    await stabilize(a)
    assert.equal(client().commit(6), UNKNOWN_MEMBER_ID)
    a.leave()
    assert.equal(client().commit(7), NONE)
    assert.equal(a.commit(8), UNKNOWN_MEMBER_ID)
    assert.equal(committed().committedOffset, 7)
  })

  it('offsets - unknown partitions and long metadata are refused one by one', () => {
    const { groups } = start()
    const partition = { committedOffset: 1, committedLeaderEpoch: -1, metadata: '' }
    const commit = {
      groupId: 'g',
      memberId: '',
      groupInstanceId: null,
      generationId: -1,
      unknownGroupError: ILLEGAL_GENERATION,
      topics: [
        { name: 'nothing', partitions: [{ partitionIndex: 0, ...partition }] },
        {
          name: 'orders',
          partitions: [
            { partitionIndex: 0, ...partition, metadata: 'é'.repeat(2048) },
            { partitionIndex: 1, ...partition, metadata: `${'é'.repeat(2048)}x` },
            { partitionIndex: 4, ...partition },
            { partitionIndex: -1, ...partition },
          ],
        },
      ],
    }
    const { UNKNOWN_TOPIC_OR_PARTITION, OFFSET_METADATA_TOO_LARGE } = errorCodes
    assert.deepEqual(
      groups.commitOffsets(commit).map(({ partitions }) => partitions.map(({ errorCode }) => errorCode)),
      [[UNKNOWN_TOPIC_OR_PARTITION], [NONE, OFFSET_METADATA_TOO_LARGE, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_OR_PARTITION]],
    )
    const all = groups.fetchOffsets('g', null)
    assert.deepEqual(
      all.map(({ name, partitions }) => [name, partitions.map(({ partitionIndex }) => partitionIndex)]),
      [['orders', [0]]],
    )
  })

  it('offsets - a commit that is refused leaves no group behind', () => {
    const { groups, client } = start()
    assert.equal(client().commit(1, 0, 'nothing'), errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
    assert.deepEqual(groups.list(), [])
  })

  it('offsets - go with their topic', () => {
    const { groups, client, committed } = start()
    client().commit(1)
    client().commit(2, 0, 'payments')
    groups.topicDeleted('orders')
    assert.equal(committed('orders').committedOffset, -1)
    assert.equal(committed('payments').committedOffset, 2)
    assert.deepEqual(
      groups.fetchOffsets('g', null).map(({ name }) => name),
      ['payments'],
    )
  })

  it('offsets - are deleted where the group does not subscribe', async () => {
    const { groups, client, committed } = start()
    client().commit(1)
    client().commit(2, 0, 'payments')
    const a = client()
    await stabilize(a)
    const both = ['orders', 'payments', 'nothing'].map((name) => ({ name, partitionIndexes: [0] }))
    const result = groups.deleteOffsets('g', both)
    assert.ok(typeof result !== 'number')
    assert.deepEqual(
      result.map(({ partitions }) => partitions[0]!.errorCode),
      [errorCodes.GROUP_SUBSCRIBED_TO_TOPIC, NONE, errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    )
    assert.equal(committed('orders').committedOffset, 1)
    assert.equal(committed('payments').committedOffset, -1)
    a.leave()
    groups.deleteOffsets('g', both)
    assert.equal(committed('orders').committedOffset, -1)
    assert.equal(groups.deleteOffsets('h', both), errorCodes.GROUP_ID_NOT_FOUND)
  })

  it('offsets - of a group whose subscription cannot be read, or that is no consumer group, are kept', async () => {
    const { groups, client } = start()
    await stabilize(client({ protocols: [{ name: 'range', metadata: Buffer.from([0, 1, 0xff]) }] }))
    const orders = [{ name: 'orders', partitionIndexes: [0] }]
    const result = groups.deleteOffsets('g', orders)
    assert.ok(typeof result !== 'number')
    assert.equal(result[0]!.partitions[0]!.errorCode, errorCodes.GROUP_SUBSCRIBED_TO_TOPIC)
    await stabilize(client({ groupId: 'h', protocolType: 'connect' }))
    assert.equal(groups.deleteOffsets('h', orders), errorCodes.NON_EMPTY_GROUP)
  })
})

describe('administration', { timeout: 10_000 }, () => {
  it('coordinator - groups are listed and described with what a stable group has settled', async () => {
    const { groups, client } = start()
    const a = client({ clientId: 'app' })
    await a.enter()
    const before = groups.describe('g')!
    assert.equal(before.state, 'CompletingRebalance')
    assert.equal(before.protocolData, '')
    assert.equal(before.members[0]!.memberMetadata.length, 0)
    await a.sync({ [a.memberId]: 'all' })
    client({ groupId: 'h' }).commit(1)
    assert.deepEqual(groups.list(), [
      { groupId: 'g', protocolType: 'consumer', groupState: 'Stable', groupType: 'classic' },
      { groupId: 'h', protocolType: '', groupState: 'Empty', groupType: 'classic' },
    ])
    assert.deepEqual(groups.describe('g'), {
      groupId: 'g',
      state: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [
        {
          memberId: a.memberId,
          groupInstanceId: null,
          clientId: 'app',
          clientHost: '/127.0.0.1',
          memberMetadata: protocol('range', ['orders']).metadata,
          memberAssignment: Buffer.from('all'),
        },
      ],
    })
    assert.equal(groups.describe('nothing'), undefined)
  })

  it('coordinator - only a group without members is deleted, with its offsets and the ids given out', async () => {
    const { clock, groups, client, committed } = start()
    const a = client()
    await stabilize(a)
    a.commit(1)
    assert.equal(groups.delete('g'), errorCodes.NON_EMPTY_GROUP)
    a.leave()
    const late = client()
    await late.join()
    assert.equal(groups.delete('g'), NONE)
    assert.equal(groups.delete('g'), errorCodes.GROUP_ID_NOT_FOUND)
    assert.equal(committed().committedOffset, -1)
    assert.equal((await late.join()).errorCode, UNKNOWN_MEMBER_ID)
    assert.equal(clock.pending, 0)
  })
})

describe('coordinators that go', { timeout: 10_000 }, () => {
  it('coordinator - closing answers everything that waits and leaves no timer', async () => {
    const { clock, groups, client } = start()
    const [a, b, c, d] = [client(), client(), client({ groupId: 'h' }), client({ groupId: 'h' })]
    await stabilize(a)
    const joining = b.enter()
    await stabilize(c)
    const entering = d.enter()
    await settle()
    await c.join()
    await entering
    const syncing = d.sync()
    await client({ groupId: 'i' }).join()
    await settle()
    groups.close()
    assert.equal((await joining).errorCode, COORDINATOR_NOT_AVAILABLE)
    assert.equal((await syncing).errorCode, COORDINATOR_NOT_AVAILABLE)
    assert.equal(clock.pending, 0)
    assert.equal((await a.join()).errorCode, COORDINATOR_NOT_AVAILABLE)
    assert.equal(a.heartbeat(), COORDINATOR_NOT_AVAILABLE)
    assert.equal(a.commit(1), COORDINATOR_NOT_AVAILABLE)
    assert.equal(groups.delete('g'), COORDINATOR_NOT_AVAILABLE)
  })

  it('coordinator - a group that moves answers what waits, and its members go on where they were', async () => {
    const { groups, client } = start()
    const [a, b, c] = [client(), client(), client()]
    await stabilize(a, b)
    a.commit(4)
    groups.coordinatorMoved((groupId) => groupId !== 'g')
    assert.equal(a.heartbeat(), NONE)
    groups.coordinatorMoved((groupId) => groupId === 'g')
    assert.equal(a.heartbeat(), NONE)
    assert.equal(b.heartbeat(), NONE)

    const joining = c.enter()
    await settle()
    const rejoining = a.join()
    await settle()
    groups.coordinatorMoved()
    assert.equal((await joining).errorCode, NOT_COORDINATOR)
    assert.equal((await rejoining).errorCode, NOT_COORDINATOR)
    assert.deepEqual(
      groups
        .describe('g')!
        .members.map(({ memberId }) => memberId)
        .sort(),
      [a.memberId, b.memberId].sort(),
    )
    const [first, second] = await Promise.all([a.join(), b.join()])
    assert.equal(first.errorCode, NONE)
    assert.equal(second.errorCode, NONE)
    assert.equal(groups.fetchOffsets('g', null)[0]!.partitions[0]!.committedOffset, 4)
  })

  it('coordinator - a group that moves while a follower waits for its assignment hands it out there', async () => {
    const { groups, client } = start()
    const [a, b] = [client(), client()]
    await stabilize(a)
    const joining = b.enter()
    await settle()
    await a.join()
    await joining
    const syncing = b.sync()
    await settle()
    groups.coordinatorMoved()
    assert.equal((await syncing).errorCode, NOT_COORDINATOR)
    const again = b.sync()
    await a.sync({ [b.memberId]: 'b' })
    assert.equal((await again).assignment.toString(), 'b')
  })

  it('coordinator - a group whose only member was joining is empty after a move', async () => {
    const clock = new FakeClock()
    const groups = new GroupCoordinator({ clock, topicPartitions: () => 1, initialRebalanceDelayMs: 3000 })
    const joining = new GroupClient(groups, { version: 3 }).join()
    groups.coordinatorMoved()
    assert.equal((await joining).errorCode, NOT_COORDINATOR)
    clock.advance(3000)
    assert.equal(groups.describe('g')!.state, 'Empty')
    assert.equal(clock.pending, 0)
  })
})
