import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import { FakeClock } from '../testing/fake-clock.ts'
import { GroupClient, type GroupClientOptions, protocol, settle, stabilize } from '../testing/group-client.ts'
import { GroupCoordinator } from './group-coordinator.ts'

const { NONE, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, INCONSISTENT_GROUP_PROTOCOL, MEMBER_ID_REQUIRED } = errorCodes

function start(initialRebalanceDelayMs = 0) {
  const clock = new FakeClock()
  const groups = new GroupCoordinator({ clock, initialRebalanceDelayMs, topicPartitions: () => 4 })
  const client = (options?: GroupClientOptions) => new GroupClient(groups, options)
  const state = (groupId = 'g') => groups.describe(groupId)?.state
  return { clock, groups, client, state }
}

/** Whether a promise is still open after everything has happened that can. */
async function waits(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open')
  await settle()
  return (await Promise.race([promise, Promise.resolve(open)])) === open
}

describe('joining', { timeout: 10_000 }, () => {
  it('group - a first member leads generation 1 and gets what it assigned to itself', async () => {
    const { client, state, groups } = start()
    const a = client()
    const joined = await a.enter()
    assert.equal(joined.errorCode, NONE)
    assert.equal(joined.generationId, 1)
    assert.equal(joined.leader, a.memberId)
    assert.equal(joined.protocolName, 'range')
    assert.deepEqual(joined.members, [{ memberId: a.memberId, groupInstanceId: null, metadata: a.protocols[0]!.metadata }])
    assert.equal(state(), 'CompletingRebalance')
    const synced = await a.sync({ [a.memberId]: 'all' })
    assert.equal(synced.assignment.toString(), 'all')
    assert.equal(synced.protocolType, 'consumer')
    assert.equal(state(), 'Stable')
    assert.equal(groups.describe('g')!.members[0]!.memberAssignment.toString(), 'all')
  })

  it('group - a new dynamic member is first given an id, and the id lasts one session timeout', async () => {
    const { clock, client, state } = start()
    const a = client({ clientId: 'app' })
    const first = await a.join()
    assert.equal(first.errorCode, MEMBER_ID_REQUIRED)
    assert.match(first.memberId, /^app-[0-9a-f-]{36}$/)
    assert.equal(state(), 'Empty')
    clock.advance(10_000)
    assert.equal((await a.join()).errorCode, UNKNOWN_MEMBER_ID)
    assert.equal(clock.pending, 0)
  })

  it('group - before version 4 a member joins in one step', async () => {
    const { client } = start()
    const joined = await client({ version: 3 }).join()
    assert.equal(joined.errorCode, NONE)
    assert.equal(joined.generationId, 1)
  })

  it('group - a rebalance waits for an id that was given out, until its session ends', async () => {
    const { clock, client } = start()
    const [a, b, c] = [client(), client(), client()]
    await stabilize(a)
    await c.join()
    const joined = b.enter()
    await settle()
    const rejoined = a.join()
    assert.equal(await waits(joined), true)
    clock.advance(10_000)
    assert.equal((await joined).generationId, 2)
    assert.equal((await rejoined).members.length, 2)
  })

  it('group - everyone waits until all have rejoined; only the leader learns who they are', async () => {
    const { client, state } = start()
    const [a, b] = [client(), client()]
    await stabilize(a)
    const joining = b.enter()
    assert.equal(await waits(joining), true)
    assert.equal(state(), 'PreparingRebalance')
    assert.equal(a.heartbeat(), REBALANCE_IN_PROGRESS)
    const [rejoined, joined] = await Promise.all([a.join(), joining])
    assert.equal(rejoined.generationId, 2)
    assert.equal(joined.generationId, 2)
    assert.deepEqual(rejoined.members.map(({ memberId }) => memberId).sort(), [a.memberId, b.memberId].sort())
    assert.deepEqual(joined.members, [])
    assert.equal(joined.leader, a.memberId)
  })

  it('group - whoever does not rejoin within the longest rebalance timeout is out', async () => {
    const { clock, client, groups } = start()
    const a = client({ sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 30_000 })
    const b = client({ sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 20_000 })
    await stabilize(a)
    const joining = b.enter()
    await settle()
    clock.advance(29_999)
    assert.equal(await waits(joining), true)
    clock.advance(1)
    const joined = await joining
    assert.equal(joined.leader, b.memberId)
    assert.deepEqual(
      groups.describe('g')!.members.map(({ memberId }) => memberId),
      [b.memberId],
    )
    assert.equal(a.heartbeat(), UNKNOWN_MEMBER_ID)
  })

  it('group - the initial delay gathers members into one first generation', async () => {
    const { clock, client } = start(3000)
    const [a, b] = [client(), client()]
    const first = a.enter()
    await settle()
    clock.advance(2999)
    const second = b.enter()
    await settle()
    clock.advance(2999)
    assert.equal(await waits(first), true)
    clock.advance(3002)
    assert.equal((await first).generationId, 1)
    assert.equal((await second).generationId, 1)
    assert.equal((await first).members.length, 2)
  })

  it('group - the initial delay is not prolonged beyond the rebalance timeout', async () => {
    const { clock, client } = start(3000)
    const first = client({ rebalanceTimeoutMs: 5000 }).enter()
    for (let i = 0; i < 4; i++) {
      await settle()
      clock.advance(1000)
      void client({ rebalanceTimeoutMs: 5000 }).enter()
    }
    await settle()
    clock.advance(1000)
    assert.equal((await first).members.length, 5)
  })

  it('group - another protocol type or no common protocol is refused', async () => {
    const { client } = start()
    await stabilize(client())
    assert.equal((await client({ protocolType: 'connect' }).join()).errorCode, INCONSISTENT_GROUP_PROTOCOL)
    assert.equal((await client({ protocols: [protocol('sticky', ['orders'])] }).join()).errorCode, INCONSISTENT_GROUP_PROTOCOL)
    assert.equal((await client({ groupId: 'h', protocols: [] }).join()).errorCode, INCONSISTENT_GROUP_PROTOCOL)
    assert.equal((await client({ groupId: 'h', protocolType: '' }).join()).errorCode, INCONSISTENT_GROUP_PROTOCOL)
  })

  it('group - a refused join leaves no group behind', async () => {
    const { client, groups } = start()
    await client({ protocols: [] }).join()
    assert.deepEqual(groups.list(), [])
  })

  it('group - the protocol that most members prefer among the common ones wins', async () => {
    const { client } = start()
    const some = (...names: string[]) => names.map((name) => protocol(name, ['orders']))
    const a = client({ protocols: some('a-only', 'range', 'sticky') })
    const b = client({ protocols: some('sticky', 'range') })
    const c = client({ protocols: some('sticky', 'range', 'c-only') })
    await a.enter()
    const joined = [b.enter(), c.enter()]
    await settle()
    void a.join()
    for (const each of await Promise.all(joined)) assert.equal(each.protocolName, 'sticky')
  })

  it('group - a lone leader that rejoins gets a new generation, an unchanged follower the same one', async () => {
    const { client, state } = start()
    const [a, b] = [client(), client()]
    await stabilize(a, b)
    const before = b.generationId
    const again = await b.join()
    assert.equal(again.errorCode, NONE)
    assert.equal(again.generationId, before)
    assert.equal(state(), 'Stable')
    const rejoining = a.join()
    assert.equal(await waits(rejoining), true)
    assert.equal(b.heartbeat(), REBALANCE_IN_PROGRESS)
    await b.join()
    assert.equal((await rejoining).generationId, before + 1)
  })

  it('group - a follower whose subscription changed starts a rebalance', async () => {
    const { client, state } = start()
    const [a, b] = [client(), client()]
    await stabilize(a, b)
    b.protocols = [protocol('range', ['orders', 'payments'])]
    const rejoining = b.join()
    assert.equal(await waits(rejoining), true)
    assert.equal(state(), 'PreparingRebalance')
    const leaders = await a.join()
    const told = leaders.members.find(({ memberId }) => memberId === b.memberId)!
    assert.deepEqual(told.metadata, b.protocols[0]!.metadata)
    assert.equal((await rejoining).errorCode, NONE)
  })

  it('group - while the assignment is out a join is answered again, the leader with everyone', async () => {
    const { client } = start()
    const a = client()
    await a.enter()
    const again = await a.join()
    assert.equal(again.generationId, 1)
    assert.equal(again.members.length, 1)
  })

  it('group - a join or sync sent twice ends the first one with REBALANCE_IN_PROGRESS', async () => {
    const { client } = start()
    const [a, b] = [client(), client()]
    await stabilize(a)
    await b.join()
    const first = b.join()
    const second = b.join()
    assert.equal((await first).errorCode, REBALANCE_IN_PROGRESS)
    await a.join()
    assert.equal((await second).errorCode, NONE)
    const firstSync = b.sync()
    const secondSync = b.sync()
    assert.equal((await firstSync).errorCode, REBALANCE_IN_PROGRESS)
    await a.sync({ [b.memberId]: 'x' })
    assert.equal((await secondSync).assignment.toString(), 'x')
  })

  it('group - metadata and assignments are copies of the bytes that came', async () => {
    const { client, groups } = start()
    const a = client()
    await a.enter()
    const assignment = Buffer.from('mine')
    await a.sync({}, { assignments: [{ memberId: a.memberId, assignment }] })
    const metadata = Buffer.from(a.protocols[0]!.metadata)
    assignment.fill(0)
    a.protocols[0]!.metadata.fill(0)
    const [member] = groups.describe('g')!.members
    assert.equal(member!.memberAssignment.toString(), 'mine')
    assert.deepEqual(member!.memberMetadata, metadata)
  })
})

describe('syncing', { timeout: 10_000 }, () => {
  it('group - a follower that syncs first waits for the leader', async () => {
    const { client, state } = start()
    const [a, b] = [client(), client()]
    await stabilize(a)
    const joining = b.enter()
    await settle()
    await a.join()
    await joining
    const synced = b.sync()
    assert.equal(await waits(synced), true)
    const own = await a.sync({ [a.memberId]: 'a', [b.memberId]: 'b', stranger: 'c' })
    assert.equal(own.assignment.toString(), 'a')
    assert.equal((await synced).assignment.toString(), 'b')
    assert.equal(state(), 'Stable')
  })

  it('group - a member that the leader left out gets an empty assignment', async () => {
    const { client } = start()
    const a = client()
    await a.enter()
    const synced = await a.sync({})
    assert.equal(synced.errorCode, NONE)
    assert.equal(synced.assignment.length, 0)
  })

  it('group - a member that never syncs is out after the rebalance timeout, and the others rebalance', async () => {
    const { clock, client, groups } = start()
    const options = { sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 30_000 }
    const [a, b] = [client(options), client(options)]
    await stabilize(a)
    const joining = b.enter()
    await settle()
    await a.join()
    await joining
    await a.sync({ [a.memberId]: 'a', [b.memberId]: 'b' })
    clock.advance(29_999)
    assert.equal(a.heartbeat(), NONE)
    clock.advance(1)
    assert.equal(a.heartbeat(), REBALANCE_IN_PROGRESS)
    assert.equal(b.heartbeat(), UNKNOWN_MEMBER_ID)
    assert.equal((await a.join()).members.length, 1)
    assert.equal(groups.describe('g')!.members.length, 1)
  })

  it('group - a leader that never syncs lets the waiting followers rejoin', async () => {
    const { clock, client } = start()
    const options = { sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 30_000 }
    const [a, b] = [client(options), client(options)]
    await stabilize(a)
    const joining = b.enter()
    await settle()
    await a.join()
    await joining
    const synced = b.sync()
    await settle()
    clock.advance(30_000)
    assert.equal((await synced).errorCode, REBALANCE_IN_PROGRESS)
    const rejoined = await b.join()
    assert.equal(rejoined.leader, b.memberId)
  })

  it('group - a sync of another generation, member, protocol or phase is refused', async () => {
    const { client } = start()
    const [a, b] = [client(), client()]
    assert.equal((await a.sync()).errorCode, UNKNOWN_MEMBER_ID)
    await a.enter()
    assert.equal((await a.sync({}, { generationId: 0 })).errorCode, ILLEGAL_GENERATION)
    assert.equal((await a.sync({}, { memberId: 'nobody' })).errorCode, UNKNOWN_MEMBER_ID)
    assert.equal((await a.sync({}, { protocolType: 'connect' })).errorCode, INCONSISTENT_GROUP_PROTOCOL)
    assert.equal((await a.sync({}, { protocolName: 'sticky' })).errorCode, INCONSISTENT_GROUP_PROTOCOL)
    assert.equal((await a.sync({}, { protocolType: 'consumer', protocolName: 'range' })).errorCode, NONE)
    void b.enter()
    await settle()
    assert.equal((await a.sync()).errorCode, REBALANCE_IN_PROGRESS)
  })

  it('group - a rebalance during the sync sends the waiting members back to join', async () => {
    const { client } = start()
    const [a, b, c] = [client(), client(), client()]
    await stabilize(a)
    const joining = b.enter()
    await settle()
    await a.join()
    await joining
    const synced = b.sync()
    void c.enter()
    assert.equal((await synced).errorCode, REBALANCE_IN_PROGRESS)
  })
})

describe('sessions', { timeout: 10_000 }, () => {
  it('group - heartbeats keep a member, their end removes it and rebalances the others', async () => {
    const { clock, client, state } = start()
    const [a, b] = [client(), client()]
    await stabilize(a, b)
    for (let i = 0; i < 5; i++) {
      clock.advance(9000)
      assert.equal(a.heartbeat(), NONE)
      assert.equal(b.heartbeat(), NONE)
    }
    clock.advance(9000)
    assert.equal(a.heartbeat(), NONE)
    clock.advance(1000)
    assert.equal(state(), 'PreparingRebalance')
    assert.equal(b.heartbeat(), UNKNOWN_MEMBER_ID)
    assert.equal(a.heartbeat(), REBALANCE_IN_PROGRESS)
  })

  it('group - heartbeats count while the assignment is being made', async () => {
    const { clock, client } = start()
    const a = client()
    await a.enter()
    clock.advance(9000)
    assert.equal(a.heartbeat(), NONE)
    clock.advance(9000)
    assert.equal((await a.sync()).errorCode, NONE)
  })

  it('group - a member whose join or sync waits does not time out, however short its session', async () => {
    const { clock, client } = start()
    const a = client({ sessionTimeoutMs: 100_000 })
    const b = client({ sessionTimeoutMs: 1000 })
    await stabilize(a, b)
    const rejoining = b.join({ protocols: [protocol('range', ['other'])] })
    await settle()
    clock.advance(50_000)
    assert.equal(await waits(rejoining), true)
    await a.join()
    assert.equal((await rejoining).errorCode, NONE)
    const syncing = b.sync()
    await settle()
    clock.advance(50_000)
    assert.equal(await waits(syncing), true)
    await a.sync({})
    assert.equal((await syncing).errorCode, NONE)
  })

  it('group - the session of a member that waited for its assignment starts anew with it', async () => {
    const { clock, client, groups } = start()
    const a = client({ sessionTimeoutMs: 100_000 })
    const b = client({ sessionTimeoutMs: 1000 })
    await stabilize(a)
    const joining = b.enter()
    await settle()
    await a.join()
    await joining
    const syncing = b.sync()
    await settle()
    clock.advance(50_000)
    await a.sync({ [b.memberId]: 'b' })
    assert.equal((await syncing).assignment.toString(), 'b')
    clock.advance(999)
    assert.equal(groups.describe('g')!.members.length, 2)
    clock.advance(1)
    assert.equal(groups.describe('g')!.members.length, 1)
  })

  it('group - a first join whose client went away is dropped after five minutes', async () => {
    const { clock, client, groups } = start()
    const long = { sessionTimeoutMs: 1_800_000, rebalanceTimeoutMs: 1_800_000 }
    const [a, b] = [client(long), client(long)]
    await stabilize(a)
    const joining = b.enter()
    await settle()
    clock.advance(299_999)
    assert.equal(await waits(joining), true)
    clock.advance(1)
    assert.equal((await joining).errorCode, UNKNOWN_MEMBER_ID)
    assert.equal(groups.describe('g')!.members.length, 1)
  })

  it('group - a heartbeat of an old generation or a stranger is refused', async () => {
    const { client } = start()
    const a = client()
    assert.equal(a.heartbeat(), UNKNOWN_MEMBER_ID)
    await stabilize(a)
    a.generationId = 0
    assert.equal(a.heartbeat(), ILLEGAL_GENERATION)
    a.memberId = 'nobody'
    assert.equal(a.heartbeat(), UNKNOWN_MEMBER_ID)
  })

  it('group - a session ended by hand is a member gone', async () => {
    const { client, groups, state } = start()
    const a = client()
    await stabilize(a)
    assert.equal(groups.expire('g', 'nobody'), false)
    assert.equal(groups.expire('g', a.memberId), true)
    assert.equal(state(), 'Empty')
    assert.equal(a.heartbeat(), UNKNOWN_MEMBER_ID)
  })
})

describe('leaving', { timeout: 10_000 }, () => {
  it('group - a member that leaves makes the others rebalance at once; the last one leaves it empty without timers', async () => {
    const { clock, client, state } = start()
    const [a, b] = [client(), client()]
    await stabilize(a, b)
    assert.equal(b.leave(), NONE)
    assert.equal(a.heartbeat(), REBALANCE_IN_PROGRESS)
    assert.equal((await a.join()).generationId, 3)
    assert.equal(a.leave(), NONE)
    assert.equal(a.leave(), UNKNOWN_MEMBER_ID)
    assert.equal(state(), 'Empty')
    assert.equal(clock.pending, 0)
    assert.equal((await client().enter()).generationId, 5)
  })

  it('group - when the leader leaves, another one leads', async () => {
    const { client } = start()
    const [a, b] = [client(), client()]
    await stabilize(a, b)
    a.leave()
    assert.equal((await b.join()).leader, b.memberId)
  })

  it('group - an id that was given out can leave before it joins', async () => {
    const { clock, client } = start()
    const a = client()
    await a.join()
    assert.equal(a.leave(), NONE)
    assert.equal(clock.pending, 0)
    assert.equal((await a.join()).errorCode, UNKNOWN_MEMBER_ID)
  })

  it('group - whoever leaves while its join or sync waits is answered', async () => {
    const { client } = start()
    const [a, b] = [client(), client()]
    await stabilize(a)
    const joining = b.enter()
    await settle()
    assert.equal(b.leave(), NONE)
    assert.equal((await joining).errorCode, UNKNOWN_MEMBER_ID)
    const [c] = [client()]
    const entering = c.enter()
    await settle()
    await a.join()
    await entering
    const synced = c.sync()
    assert.equal(c.leave(), NONE)
    assert.equal((await synced).errorCode, UNKNOWN_MEMBER_ID)
  })
})
