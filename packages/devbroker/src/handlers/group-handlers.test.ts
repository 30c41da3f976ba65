import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import { deleteGroupsApi } from '@sluice/protocol/messages/delete-groups'
import { describeGroupsApi } from '@sluice/protocol/messages/describe-groups'
import { findCoordinatorApi } from '@sluice/protocol/messages/find-coordinator'
import { heartbeatApi } from '@sluice/protocol/messages/heartbeat'
import { type JoinGroupResponse, joinGroupApi } from '@sluice/protocol/messages/join-group'
import { leaveGroupApi } from '@sluice/protocol/messages/leave-group'
import { listGroupsApi } from '@sluice/protocol/messages/list-groups'
import { offsetCommitApi } from '@sluice/protocol/messages/offset-commit'
import { offsetDeleteApi } from '@sluice/protocol/messages/offset-delete'
import { offsetFetchApi } from '@sluice/protocol/messages/offset-fetch'
import { syncGroupApi } from '@sluice/protocol/messages/sync-group'
import { DevBroker } from '../dev-broker.ts'
import { protocol } from '../testing/group-client.ts'
import { WireClient } from '../testing/wire-client.ts'
import { offsetCommitHandler } from './08-offset-commit.ts'
import { offsetFetchHandler } from './09-offset-fetch.ts'
import { findCoordinatorHandler } from './10-find-coordinator.ts'
import { joinGroupHandler } from './11-join-group.ts'
import { heartbeatHandler } from './12-heartbeat.ts'
import { leaveGroupHandler } from './13-leave-group.ts'
import { syncGroupHandler } from './14-sync-group.ts'
import { describeGroupsHandler } from './15-describe-groups.ts'
import { listGroupsHandler } from './16-list-groups.ts'
import { deleteGroupsHandler } from './42-delete-groups.ts'
import type { ApiHandler } from './handler.ts'

const { NONE, MEMBER_ID_REQUIRED, NOT_COORDINATOR, UNKNOWN_MEMBER_ID } = errorCodes
const SUBSCRIPTION = protocol('range', ['orders'])

let broker: DevBroker
let client: WireClient
let groupNumber = 0

before(async () => {
  broker = await DevBroker.start({ topics: { orders: 2 } })
  client = await connect(0)
})

after(async () => {
  await broker.close()
  await client[Symbol.asyncDispose]()
})

function connect(index: number, to: DevBroker = broker): Promise<WireClient> {
  const [host, port] = to.bootstrapServers.split(',')[index]!.split(':')
  return WireClient.connect(host!, Number(port))
}

function versions({ minVersion, maxVersion }: ApiHandler): number[] {
  return Array.from({ length: maxVersion - minVersion + 1 }, (_, i) => minVersion + i)
}

function newGroup(): string {
  return `group-${groupNumber++}`
}

async function join(groupId: string, version: number, memberId = ''): Promise<JoinGroupResponse> {
  const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 20_000 }
  const request = { groupId, memberId, ...timeouts, protocolType: 'consumer', protocols: [SUBSCRIPTION] }
  const response = await client.send(joinGroupApi, version, request)
  return response.errorCode === MEMBER_ID_REQUIRED ? join(groupId, version, response.memberId) : response
}

/** A stable group of one member. */
async function stable(): Promise<{ groupId: string; memberId: string; generationId: number }> {
  const groupId = newGroup()
  const { memberId, generationId } = await join(groupId, 9)
  await client.send(syncGroupApi, 5, { groupId, memberId, generationId, assignments: [{ memberId, assignment: Buffer.from('all') }] })
  return { groupId, memberId, generationId }
}

async function commit(groupId: string, committedOffset: number): Promise<void> {
  const partitions = [{ partitionIndex: 1, committedOffset, committedLeaderEpoch: 5, committedMetadata: 'note' }]
  const { topics } = await client.send(offsetCommitApi, 9, { groupId, topics: [{ name: 'orders', partitions }] })
  assert.equal(topics[0]!.partitions[0]!.errorCode, NONE)
}

describe('group APIs on the wire', { timeout: 20_000 }, () => {
  for (const version of versions(findCoordinatorHandler)) {
    it(`FindCoordinator v${version} - names the node, for several keys from v4 on`, async () => {
      const [host, port] = broker.bootstrapServers.split(':')
      const found = { errorCode: NONE, nodeId: 1, host, port: Number(port) }
      const keys = version < 4 ? { key: 'g' } : { coordinatorKeys: ['g', 'h'] }
      const response = await client.send(findCoordinatorApi, version, keys)
      const coordinators = version < 4 ? [response] : response.coordinators
      assert.equal(coordinators.length, version < 4 ? 1 : 2)
      for (const { errorCode, nodeId, host: theirHost, port: theirPort } of coordinators) {
        assert.deepEqual({ errorCode, nodeId, host: theirHost, port: theirPort }, found)
      }
      if (version >= 4)
        assert.deepEqual(
          response.coordinators.map(({ key }) => key),
          ['g', 'h'],
        )
      if (version < 1) return
      const refused = await client.send(findCoordinatorApi, version, { ...keys, keyType: 2 })
      const [first] = version < 4 ? [refused] : refused.coordinators
      assert.equal(first!.errorCode, errorCodes.INVALID_REQUEST)
      assert.equal(first!.nodeId, -1)
    })
  }

  for (const version of versions(joinGroupHandler)) {
    it(`JoinGroup v${version} - a member alone leads its first generation${version >= 4 ? ', in two steps' : ''}`, async () => {
      const groupId = newGroup()
      const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 20_000 }
      const request = { groupId, ...timeouts, protocolType: 'consumer', protocols: [SUBSCRIPTION] }
      const first = await client.send(joinGroupApi, version, request)
      assert.equal(first.errorCode, version >= 4 ? MEMBER_ID_REQUIRED : NONE)
      const joined = await join(groupId, version, first.memberId)
      assert.match(joined.memberId, /^wire-client-/)
      assert.equal(joined.leader, joined.memberId)
      assert.equal(joined.generationId, 1)
      assert.equal(joined.protocolName, 'range')
      assert.equal(joined.protocolType, version >= 7 ? 'consumer' : null)
      assert.deepEqual(
        joined.members.map(({ metadata }) => metadata),
        [SUBSCRIPTION.metadata],
      )
      const refused = await client.send(joinGroupApi, version, { ...request, memberId: 'nobody' })
      assert.equal(refused.errorCode, UNKNOWN_MEMBER_ID)
      assert.equal(refused.protocolName, version >= 7 ? null : '')
    })
  }

  it('JoinGroup v5 - an instance id joins in one step and is shown to the leader', async () => {
    const request = {
      groupId: newGroup(),
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [SUBSCRIPTION],
    }
    const joined = await client.send(joinGroupApi, 5, { ...request, groupInstanceId: 'one' })
    assert.equal(joined.errorCode, NONE)
    assert.equal(joined.members[0]!.groupInstanceId, 'one')
  })

  for (const version of versions(syncGroupHandler)) {
    it(`SyncGroup v${version} - the leader's assignment comes back${version >= 5 ? ', for the right protocol only' : ''}`, async () => {
      const groupId = newGroup()
      const { memberId, generationId } = await join(groupId, 9)
      const request = { groupId, memberId, generationId, assignments: [{ memberId, assignment: Buffer.from('all') }] }
      if (version >= 5) {
        const wrong = await client.send(syncGroupApi, version, { ...request, protocolType: 'consumer', protocolName: 'sticky' })
        assert.equal(wrong.errorCode, errorCodes.INCONSISTENT_GROUP_PROTOCOL)
      }
      const synced = await client.send(syncGroupApi, version, request)
      assert.equal(synced.errorCode, NONE)
      assert.equal(synced.assignment.toString(), 'all')
      assert.equal(synced.protocolName, version >= 5 ? 'range' : null)
    })
  }

  for (const version of versions(heartbeatHandler)) {
    it(`Heartbeat v${version} - is taken from a member of this generation`, async () => {
      const { groupId, memberId, generationId } = await stable()
      const beat = async (generation: number) =>
        (await client.send(heartbeatApi, version, { groupId, memberId, generationId: generation })).errorCode
      assert.equal(await beat(generationId), NONE)
      assert.equal(await beat(generationId + 1), errorCodes.ILLEGAL_GENERATION)
    })
  }

  for (const version of versions(leaveGroupHandler)) {
    it(`LeaveGroup v${version} - ${version < 3 ? 'one member, one error' : 'several members, each with its error'}`, async () => {
      const { groupId, memberId } = await stable()
      if (version < 3) {
        assert.equal((await client.send(leaveGroupApi, version, { groupId, memberId })).errorCode, NONE)
        assert.equal((await client.send(leaveGroupApi, version, { groupId, memberId })).errorCode, UNKNOWN_MEMBER_ID)
        return
      }
      const response = await client.send(leaveGroupApi, version, { groupId, members: [{ memberId }, { memberId: 'nobody' }] })
      assert.equal(response.errorCode, NONE)
      assert.deepEqual(
        response.members.map((member) => [member.memberId, member.errorCode]),
        [
          [memberId, NONE],
          ['nobody', UNKNOWN_MEMBER_ID],
        ],
      )
    })
  }

  for (const version of versions(offsetCommitHandler)) {
    it(`OffsetCommit v${version} - a member commits; a stranger is told why not`, async () => {
      const { groupId, memberId, generationId } = await stable()
      const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: null }]
      const request = { groupId, memberId, generationIdOrMemberEpoch: generationId, topics: [{ name: 'orders', partitions }] }
      const { topics } = await client.send(offsetCommitApi, version, request)
      assert.deepEqual(
        topics.map(({ name, partitions: results }) => [name, results]),
        [['orders', [{ partitionIndex: 0, errorCode: NONE }]]],
      )
      const stranger = await client.send(offsetCommitApi, version, { ...request, groupId: newGroup() })
      const expected = version >= 9 ? errorCodes.GROUP_ID_NOT_FOUND : errorCodes.ILLEGAL_GENERATION
      assert.equal(stranger.topics[0]!.partitions[0]!.errorCode, expected)
    })
  }

  for (const version of versions(offsetFetchHandler)) {
    it(`OffsetFetch v${version} - named partitions${version >= 2 ? ', or all' : ''}${version >= 8 ? ', of several groups' : ''}`, async () => {
      const groupId = newGroup()
      await commit(groupId, 42)
      const named = [{ name: 'orders', partitionIndexes: [0, 1] }]
      const fetch = async (topics: typeof named | null) => {
        const request =
          version < 8
            ? { groupId, topics }
            : {
                groups: [
                  { groupId, topics },
                  { groupId: 'nothing', topics: null },
                ],
              }
        const response = await client.send(offsetFetchApi, version, request)
        if (version >= 8) assert.deepEqual(response.groups[1], { groupId: 'nothing', topics: [], errorCode: NONE })
        const result = version < 8 ? response : response.groups[0]!
        assert.equal(result.errorCode, NONE)
        return result.topics.map(({ name, partitions }) => [name, partitions])
      }
      const epoch = version >= 5 ? 5 : -1
      const none = { partitionIndex: 0, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: NONE }
      const one = { partitionIndex: 1, committedOffset: 42, committedLeaderEpoch: epoch, metadata: 'note', errorCode: NONE }
      assert.deepEqual(await fetch(named), [['orders', [none, one]]])
      if (version >= 2) assert.deepEqual(await fetch(null), [['orders', [one]]])
    })
  }

  for (const version of versions(describeGroupsHandler)) {
    it(`DescribeGroups v${version} - a stable group with its members, and a dead one`, async () => {
      const { groupId, memberId } = await stable()
      const options = version >= 3 ? { includeAuthorizedOperations: true } : {}
      const { groups } = await client.send(describeGroupsApi, version, { groups: [groupId, 'nothing'], ...options })
      const [group, dead] = groups
      assert.equal(group!.groupState, 'Stable')
      assert.equal(group!.protocolType, 'consumer')
      assert.equal(group!.protocolData, 'range')
      const [member] = group!.members
      assert.equal(member!.memberId, memberId)
      assert.equal(member!.clientId, 'wire-client')
      assert.match(member!.clientHost, /127\.0\.0\.1/)
      assert.deepEqual(member!.memberMetadata, SUBSCRIPTION.metadata)
      assert.equal(member!.memberAssignment.toString(), 'all')
      assert.equal(group!.authorizedOperations, version >= 3 ? 328 : -2147483648)
      assert.equal(dead!.groupState, 'Dead')
      assert.equal(dead!.errorCode, version >= 6 ? errorCodes.GROUP_ID_NOT_FOUND : NONE)
    })
  }

  for (const version of versions(listGroupsHandler)) {
    it(`ListGroups v${version} - lists groups${version >= 4 ? ' by state' : ''}${version >= 5 ? ' and type' : ''}`, async () => {
      const { groupId } = await stable()
      const empty = newGroup()
      await commit(empty, 1)
      const list = async (filters: object) => {
        const { groups } = await client.send(listGroupsApi, version, filters)
        return groups.filter((group) => group.groupId === groupId || group.groupId === empty)
      }
      const both = await list({})
      assert.deepEqual(
        both.map((group) => [group.groupId, group.protocolType]),
        [
          [groupId, 'consumer'],
          [empty, ''],
        ],
      )
      assert.equal(both[0]!.groupState, version >= 4 ? 'Stable' : '')
      assert.equal(both[0]!.groupType, version >= 5 ? 'classic' : '')
      if (version >= 4)
        assert.deepEqual(
          (await list({ statesFilter: ['EMPTY', 'Dead'] })).map((group) => group.groupId),
          [empty],
        )
      if (version < 5) return
      assert.equal((await list({ typesFilter: ['Classic'] })).length, 2)
      assert.equal((await list({ typesFilter: ['consumer'] })).length, 0)
    })
  }

  for (const version of versions(deleteGroupsHandler)) {
    it(`DeleteGroups v${version} - each group has its own result`, async () => {
      const { groupId } = await stable()
      const empty = newGroup()
      await commit(empty, 1)
      const { results } = await client.send(deleteGroupsApi, version, { groupsNames: [groupId, empty, 'nothing'] })
      assert.deepEqual(
        results.map((result) => result.errorCode),
        [errorCodes.NON_EMPTY_GROUP, NONE, errorCodes.GROUP_ID_NOT_FOUND],
      )
    })
  }

  it('OffsetDelete v0 - each partition has its own result, the group one for all', async () => {
    const groupId = newGroup()
    await commit(groupId, 3)
    const topics = [{ name: 'orders', partitions: [{ partitionIndex: 1 }, { partitionIndex: 9 }] }]
    const deleted = await client.send(offsetDeleteApi, 0, { groupId, topics })
    assert.equal(deleted.errorCode, NONE)
    assert.deepEqual(
      deleted.topics[0]!.partitions.map(({ errorCode }) => errorCode),
      [NONE, errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    )
    assert.equal((await client.send(offsetDeleteApi, 0, { groupId: 'nothing', topics })).errorCode, errorCodes.GROUP_ID_NOT_FOUND)
  })

  it('group APIs - a connection that closes during a join leaves the member in the group', async () => {
    const { groupId, memberId } = await stable()
    const other = await connect(0)
    const request = { groupId, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'consumer', protocols: [SUBSCRIPTION] }
    const { memberId: otherId } = await other.send(joinGroupApi, 9, request)
    const joining = assert.rejects(other.send(joinGroupApi, 9, { ...request, memberId: otherId }), /closed/)
    while ((await client.send(heartbeatApi, 4, { groupId, memberId, generationId: 1 })).errorCode === NONE);
    await other[Symbol.asyncDispose]()
    await joining
    const rejoined = await join(groupId, 9, memberId)
    assert.deepEqual(rejoined.members.map((member) => member.memberId).sort(), [memberId, otherId].sort())
  })

  it('group APIs - every node but the coordinator answers NOT_COORDINATOR', async () => {
    await using cluster = await DevBroker.start({ nodes: 2, topics: { orders: 1 } })
    await using first = await connect(0, cluster)
    await using second = await connect(1, cluster)
    const groupId = 'g'
    const { coordinators } = await first.send(findCoordinatorApi, 4, { coordinatorKeys: [groupId] })
    const [right, wrong] = coordinators[0]!.nodeId === 1 ? [first, second] : [second, first]
    const member = { groupId, memberId: '' }
    const join = { ...member, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'consumer', protocols: [SUBSCRIPTION] }
    const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }]
    const fetched = [{ name: 'orders', partitionIndexes: [0] }]
    const errors = async (to: WireClient) => [
      (await to.send(joinGroupApi, 5, join)).errorCode,
      (await to.send(syncGroupApi, 3, member)).errorCode,
      (await to.send(heartbeatApi, 3, member)).errorCode,
      (await to.send(leaveGroupApi, 2, member)).errorCode,
      (await to.send(offsetCommitApi, 5, { groupId, topics })).topics[0]!.partitions[0]!.errorCode,
      (await to.send(offsetFetchApi, 1, { groupId, topics: fetched })).topics[0]!.partitions[0]!.errorCode,
      (await to.send(offsetFetchApi, 5, { groupId, topics: fetched })).errorCode,
      (await to.send(offsetFetchApi, 8, { groups: [{ groupId, topics: fetched }] })).groups[0]!.errorCode,
      (await to.send(describeGroupsApi, 5, { groups: [groupId] })).groups[0]!.errorCode,
      (await to.send(deleteGroupsApi, 2, { groupsNames: [groupId] })).results[0]!.errorCode,
      (await to.send(offsetDeleteApi, 0, { groupId, topics: [] })).errorCode,
    ]
    assert.deepEqual([...new Set(await errors(wrong))], [NOT_COORDINATOR])
    assert.ok(!(await errors(right)).includes(NOT_COORDINATOR))
    await right.send(offsetCommitApi, 5, { groupId: 'kept', topics })
    await right.send(joinGroupApi, 3, join)
    assert.equal(
      (await right.send(listGroupsApi, 2, {})).groups.some((group) => group.groupId === groupId),
      true,
    )
    assert.equal(
      (await wrong.send(listGroupsApi, 2, {})).groups.some((group) => group.groupId === groupId),
      false,
    )
  })
})
