import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import { FakeClock } from '../testing/fake-clock.ts'
import { GroupClient, type GroupClientOptions, protocol, settle, stabilize } from '../testing/group-client.ts'
import { GroupCoordinator } from './group-coordinator.ts'

const { NONE, FENCED_INSTANCE_ID, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION } = errorCodes

function start() {
  const clock = new FakeClock()
  const groups = new GroupCoordinator({ clock, topicPartitions: () => 4 })
  const client = (options?: GroupClientOptions) => new GroupClient(groups, options)
  return { clock, groups, client }
}

describe('static membership', { timeout: 10_000 }, () => {
  it('static member - joins in one step, with its instance id in its member id', async () => {
    const { client } = start()
    const joined = await client({ instanceId: 'one' }).join()
    assert.equal(joined.errorCode, NONE)
    assert.match(joined.memberId, /^one-[0-9a-f-]{36}$/)
    assert.equal(joined.members[0]!.groupInstanceId, 'one')
  })

  it('static member - a follower that restarts keeps its place and assignment without a rebalance', async () => {
    const { client, groups } = start()
    const [a, b] = [client({ instanceId: 'a' }), client({ instanceId: 'b' })]
    await stabilize(a, b)
    const restarted = client({ instanceId: 'b' })
    const joined = await restarted.join()
    assert.equal(joined.errorCode, NONE)
    assert.equal(joined.generationId, b.generationId)
    assert.notEqual(restarted.memberId, b.memberId)
    assert.equal(joined.leader, a.memberId)
    assert.equal(joined.skipAssignment, false)
    assert.equal((await restarted.sync()).assignment.toString(), 'part 1')
    assert.equal(a.heartbeat(), NONE)
    assert.equal(groups.describe('g')!.state, 'Stable')
  })

  it('static member - a leader that restarts leads on and is told to skip the assignment (version 9)', async () => {
    const { client } = start()
    const [a, b] = [client({ instanceId: 'a' }), client({ instanceId: 'b' })]
    await stabilize(a, b)
    const restarted = client({ instanceId: 'a' })
    const joined = await restarted.join()
    assert.equal(joined.skipAssignment, true)
    assert.equal(joined.leader, restarted.memberId)
    assert.deepEqual(joined.members.map(({ memberId }) => memberId).sort(), [restarted.memberId, b.memberId].sort())
    assert.equal((await restarted.sync()).assignment.toString(), 'part 0')
    assert.equal(b.heartbeat(), NONE)
  })

  it('static member - before version 9 a restarted leader is not told that it leads', async () => {
    const { client } = start()
    const [a, b] = [client({ instanceId: 'a' }), client({ instanceId: 'b' })]
    await stabilize(a, b)
    const restarted = client({ instanceId: 'a', version: 8 })
    const joined = await restarted.join()
    assert.equal(joined.leader, a.memberId)
    assert.deepEqual(joined.members, [])
    assert.equal(joined.skipAssignment, false)
    assert.equal((await restarted.sync()).assignment.toString(), 'part 0')
  })

  it('static member - whoever still uses the replaced id is fenced, in every request', async () => {
    const { client } = start()
    const [a, b] = [client({ instanceId: 'a' }), client({ instanceId: 'b' })]
    await stabilize(a, b)
    await client({ instanceId: 'b' }).join()
    assert.equal(b.heartbeat(), FENCED_INSTANCE_ID)
    assert.equal((await b.join()).errorCode, FENCED_INSTANCE_ID)
    assert.equal((await b.sync()).errorCode, FENCED_INSTANCE_ID)
    assert.equal(b.commit(1), FENCED_INSTANCE_ID)
    assert.equal(b.leave(), FENCED_INSTANCE_ID)
    assert.equal(a.heartbeat(), NONE)
  })

  it('static member - an instance id that nobody has is unknown', async () => {
    const { client } = start()
    const a = client({ instanceId: 'a' })
    await stabilize(a)
    const stranger = client({ instanceId: 'x' })
    stranger.memberId = a.memberId
    stranger.generationId = a.generationId
    assert.equal(stranger.heartbeat(), UNKNOWN_MEMBER_ID)
    assert.equal((await stranger.join()).errorCode, UNKNOWN_MEMBER_ID)
  })

  it('static member - a waiting join of the replaced id is fenced, and the new one takes part', async () => {
    const { client } = start()
    const [a, b] = [client({ instanceId: 'a' }), client({ instanceId: 'b' })]
    await stabilize(a, b)
    b.protocols = [protocol('range', ['other'])]
    const old = b.join()
    await settle()
    const restarted = client({ instanceId: 'b' })
    const joining = restarted.join()
    assert.equal((await old).errorCode, FENCED_INSTANCE_ID)
    const led = await a.join()
    assert.deepEqual(led.members.map(({ memberId }) => memberId).sort(), [a.memberId, (await joining).memberId].sort())
  })

  it('static member - one that restarts while the leader assigns starts the rebalance again', async () => {
    const { client } = start()
    const [a, b] = [client({ instanceId: 'a' }), client({ instanceId: 'b' })]
    await stabilize(a)
    const joining = b.join()
    await settle()
    await a.join()
    await joining
    const synced = b.sync()
    await settle()
    const restarted = client({ instanceId: 'b' })
    const rejoining = restarted.join()
    assert.equal((await synced).errorCode, FENCED_INSTANCE_ID)
    assert.equal((await a.sync({ [b.memberId]: 'lost' })).errorCode, REBALANCE_IN_PROGRESS)
    assert.equal((await a.join()).generationId, (await rejoining).generationId)
  })

  it('static member - one that comes back with another protocol starts a rebalance if the choice changes', async () => {
    const { client } = start()
    const both = [protocol('range', ['orders']), protocol('sticky', ['orders'])]
    const [a, b] = [client({ instanceId: 'a', protocols: both }), client({ instanceId: 'b', protocols: both })]
    await stabilize(a, b)
    const restarted = client({ instanceId: 'b', protocols: [both[1]!] })
    const joining = restarted.join()
    await settle()
    assert.equal(a.heartbeat(), REBALANCE_IN_PROGRESS)
    await a.join()
    assert.equal((await joining).protocolName, 'sticky')
  })

  it('static member - one that is away stays through a rebalance until its session ends', async () => {
    const { clock, client, groups } = start()
    const a = client({ sessionTimeoutMs: 200_000, rebalanceTimeoutMs: 30_000 })
    const b = client({ instanceId: 'b', sessionTimeoutMs: 50_000, rebalanceTimeoutMs: 30_000 })
    await stabilize(a, b)
    a.protocols = [protocol('range', ['other'])]
    const rejoining = a.join()
    await settle()
    clock.advance(30_000)
    const joined = await rejoining
    assert.equal(joined.generationId, b.generationId + 1)
    assert.equal(groups.describe('g')!.members.length, 2)
    assert.equal(b.heartbeat(), ILLEGAL_GENERATION)
  })

  it('static member - a rebalance that nobody joins goes on until the sessions have ended', async () => {
    const { clock, client, groups } = start()
    const a = client({ sessionTimeoutMs: 20_000, rebalanceTimeoutMs: 5000 })
    const b = client({ instanceId: 'b', sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 0 })
    await stabilize(a, b)
    assert.equal(a.leave(), NONE)
    clock.advance(99_999)
    assert.equal(groups.describe('g')!.state, 'PreparingRebalance')
    clock.advance(1)
    assert.equal(groups.describe('g')!.state, 'Empty')
    assert.equal(clock.pending, 0)
  })

  it('static member - one that restarts before it had its assignment gets it, and the group stays as it is', async () => {
    const { clock, client } = start()
    const options = { sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 30_000 }
    const [a, b] = [client({ instanceId: 'a', ...options }), client({ instanceId: 'b', ...options })]
    await stabilize(a)
    const joining = b.join()
    await settle()
    await a.join()
    await joining
    await a.sync({ [b.memberId]: 'b' })
    const restarted = client({ instanceId: 'b', ...options })
    await restarted.join()
    assert.equal((await restarted.sync()).assignment.toString(), 'b')
    clock.advance(30_000)
    assert.equal(a.heartbeat(), NONE)
    assert.equal(restarted.heartbeat(), NONE)
  })

  it('static member - who comes back late to a rebalance waits one more rebalance timeout for the others', async () => {
    const { clock, client } = start()
    const options = { sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 5000 }
    const [a, b, c] = [client(options), client({ instanceId: 'b', ...options }), client({ instanceId: 'c', ...options })]
    await stabilize(a, b, c)
    a.leave()
    clock.advance(7000)
    const rejoining = b.join()
    await settle()
    clock.advance(3000)
    const joined = await rejoining
    assert.equal(joined.errorCode, NONE)
    assert.equal(joined.leader, b.memberId)
    assert.equal(joined.members.length, 2)
  })

  it('static member - an administrator removes it by its instance id alone', async () => {
    const { client, groups } = start()
    const [a, b] = [client({ instanceId: 'a' }), client({ instanceId: 'b' })]
    await stabilize(a, b)
    const result = groups.leave('g', [
      { memberId: '', groupInstanceId: 'b' },
      { memberId: '', groupInstanceId: 'x' },
      { memberId: '', groupInstanceId: null },
      { memberId: b.memberId, groupInstanceId: 'a' },
    ])
    assert.deepEqual(result, [NONE, UNKNOWN_MEMBER_ID, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID])
    assert.equal(b.heartbeat(), UNKNOWN_MEMBER_ID)
    assert.equal(a.heartbeat(), REBALANCE_IN_PROGRESS)
  })
})
