import assert from 'node:assert/strict'
import { it } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import fc from 'fast-check'
import { FakeClock } from '../testing/fake-clock.ts'
import { GroupClient, type GroupClientOptions, protocol, settle } from '../testing/group-client.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import type { JoinResult } from './group-types.ts'

const { NONE, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS } = errorCodes

const PARTITIONS = 7
const RUNS = 800
const KINDS = ['act', 'actAll', 'join', 'sync', 'heartbeat', 'leave', 'restart', 'change', 'expire', 'move', 'wait'] as const

interface Step {
  readonly kind: (typeof KINDS)[number]
  readonly who: number
  readonly ms: number
}

interface Setup {
  readonly initialRebalanceDelayMs: number
  readonly members: readonly GroupClientOptions[]
}

const step: fc.Arbitrary<Step> = fc.record({
  // Mostly what proper clients do, or nothing would ever settle.
  kind: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<Step['kind'][]>('act', 'actAll', 'actAll', 'wait') },
    { weight: 1, arbitrary: fc.constantFrom(...KINDS) },
  ),
  who: fc.nat({ max: 4 }),
  ms: fc.constantFrom(1, 10, 50, 200, 400, 2000, 5000, 20_000),
})

const setup: fc.Arbitrary<Setup> = fc.record({
  initialRebalanceDelayMs: fc.constantFrom(0, 0, 300),
  members: fc
    .array(
      fc.record({
        version: fc.constantFrom(3, 8, 9),
        sessionTimeoutMs: fc.constantFrom(100, 3000, 15_000, 15_000),
        rebalanceTimeoutMs: fc.constantFrom(0, 1000, 10_000, 10_000),
        isStatic: fc.boolean(),
      }),
      { minLength: 5, maxLength: 5 },
    )
    .map((members) => members.map(({ isStatic, ...options }, i) => (isStatic ? { ...options, instanceId: `static-${i}` } : options))),
})

/** What a run has shown, so that a property that holds only because nothing happens is noticed. */
interface Seen {
  sharedGenerations: number
  staticReturns: number
}

/** Drives real clients against one group and checks, with every answer, what must always hold. */
class Model {
  readonly clock = new FakeClock()
  readonly groups: GroupCoordinator
  readonly #clients: GroupClient[]
  readonly #assigned = new Map<GroupClient, Record<string, string>>()
  readonly #synced = new Set<GroupClient>()
  readonly #open = new Set<symbol>()
  readonly #failures: unknown[] = []
  readonly #generations = new Map<number, { leader: string; protocolName: string | null; owners: Map<string, string> }>()
  readonly #seen: Seen
  #lastGeneration = 0

  constructor({ initialRebalanceDelayMs, members }: Setup, seen: Seen) {
    this.#seen = seen
    this.groups = new GroupCoordinator({ clock: this.clock, initialRebalanceDelayMs, topicPartitions: () => PARTITIONS })
    this.#clients = members.map((options) => new GroupClient(this.groups, options))
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const { kind, who, ms } of steps) {
      const client = this.#clients[who]!
      if (kind === 'act') this.#act(client)
      else if (kind === 'actAll') for (const each of this.#clients) this.#act(each)
      else if (kind === 'join') this.#join(client)
      else if (kind === 'sync') this.#sync(client)
      else if (kind === 'heartbeat') this.#heartbeat(client)
      else if (kind === 'leave') client.leave()
      else if (kind === 'restart') client.memberId = ''
      else if (kind === 'change') client.protocols = [protocol('range', [`topic-${ms}`])]
      else if (kind === 'expire') this.groups.expire('g', client.memberId)
      else if (kind === 'move') this.groups.coordinatorMoved()
      else this.clock.advance(ms)
      await this.#check()
    }
    // Everyone falls silent: sessions, first joins and ids given out all end within this time.
    this.clock.advance(10 * 60 * 1000)
    await this.#check()
    assert.equal(this.#open.size, 0, 'a request was never answered')
    assert.equal(this.clock.pending, 0, 'a timer is left')
    assert.equal(this.groups.describe('g')?.members.length ?? 0, 0, 'a member is left')
  }

  /** What a proper client does next. */
  #act(client: GroupClient): void {
    const error = client.memberId === '' ? UNKNOWN_MEMBER_ID : this.#heartbeat(client)
    if (error === UNKNOWN_MEMBER_ID) {
      if (client.generationId >= 0) client.memberId = ''
      this.#join(client)
    } else if (error === REBALANCE_IN_PROGRESS || error === ILLEGAL_GENERATION) {
      this.#join(client)
    } else if (error === NONE && !this.#synced.has(client)) {
      this.#sync(client)
    }
  }

  #heartbeat(client: GroupClient): number {
    const error = client.heartbeat()
    if (error !== NONE) return error
    const isMember = this.groups.describe('g')!.members.some(({ memberId }) => memberId === client.memberId)
    assert.ok(isMember, 'a heartbeat of a stranger was accepted')
    assert.equal(client.generationId, this.#lastGeneration, 'a heartbeat of an old generation was accepted')
    return error
  }

  #join(client: GroupClient): void {
    this.#track(client.join(), (result) => {
      if (result.errorCode === NONE) this.#joined(client, result)
    })
  }

  #joined(client: GroupClient, result: JoinResult): void {
    assert.ok(result.generationId >= this.#lastGeneration, `generation ${result.generationId} after ${this.#lastGeneration}`)
    this.#lastGeneration = result.generationId
    this.#synced.delete(client)
    this.#assigned.delete(client)
    const leader = identityOf(result.leader)
    const generation = this.#generations.get(result.generationId)
    if (generation === undefined) {
      this.#generations.set(result.generationId, { leader, protocolName: result.protocolName, owners: new Map() })
    } else {
      assert.equal(leader, generation.leader, 'a generation has two leaders')
      assert.equal(result.protocolName, generation.protocolName, 'a generation has two protocols')
    }
    if (result.skipAssignment) this.#seen.staticReturns++
    if (result.leader === result.memberId && !result.skipAssignment) this.#assigned.set(client, assign(result))
    else assert.ok(result.skipAssignment || result.members.length === 0, 'a follower learns who the members are')
  }

  #sync(client: GroupClient): void {
    const { generationId, memberId } = client
    const identity = identityOf(memberId)
    this.#track(client.sync(this.#assigned.get(client) ?? {}), ({ errorCode, assignment }) => {
      if (errorCode !== NONE) return
      if (client.memberId === memberId && client.generationId === generationId) this.#synced.add(client)
      const { owners } = this.#generations.get(generationId)!
      for (const partition of assignment.toString().split(',').filter(Boolean)) {
        const owner = owners.get(partition) ?? identity
        assert.equal(identity, owner, `partition ${partition} has two owners in generation ${generationId}`)
        owners.set(partition, identity)
      }
      if (new Set(owners.values()).size > 1) this.#seen.sharedGenerations++
    })
  }

  #track<T>(promise: Promise<T>, onAnswer: (result: T) => void): void {
    const request = Symbol()
    this.#open.add(request)
    promise
      .then((result) => {
        this.#open.delete(request)
        onAnswer(result)
      })
      .catch((error: unknown) => this.#failures.push(error))
  }

  async #check(): Promise<void> {
    await settle()
    if (this.#failures.length > 0) throw this.#failures[0]
    const group = this.groups.describe('g')
    if (group === undefined) return
    const instances = group.members.map(({ groupInstanceId }) => groupInstanceId).filter((id) => id !== null)
    assert.equal(new Set(instances).size, instances.length, 'an instance is a member twice')
    assert.notEqual(group.state, 'Dead')
    if (group.members.length > 0) assert.notEqual(group.state, 'Empty')
    else assert.ok(group.state === 'Empty' || group.state === 'PreparingRebalance', `no members, yet ${group.state}`)
  }
}

/** A static member is the same one under each of its ids; these begin with its instance id. */
function identityOf(memberId: string): string {
  return /^static-\d/.exec(memberId)?.[0] ?? memberId
}

/** A leader's assignment: partitions in turn. */
function assign({ members }: JoinResult): Record<string, string> {
  const shares = members.map(() => [] as number[])
  for (let partition = 0; partition < PARTITIONS; partition++) shares[partition % members.length]!.push(partition)
  return Object.fromEntries(members.map(({ memberId }, i) => [memberId, shares[i]!.join(',')]))
}

it('group - under any interleaving: one generation, one owner, every request answered, no timer left', { timeout: 30_000 }, async (t) => {
  const seed = Number(process.env.SLUICE_SEED ?? Math.trunc(Math.random() * 2 ** 31))
  t.diagnostic(`SLUICE_SEED=${seed}`)
  const seen: Seen = { sharedGenerations: 0, staticReturns: 0 }
  const property = fc.asyncProperty(setup, fc.array(step, { maxLength: 80, size: 'max' }), (options, steps) =>
    new Model(options, seen).run(steps),
  )
  await fc.assert(property, { seed, numRuns: RUNS, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true })
  t.diagnostic(`${seen.sharedGenerations} shared assignments, ${seen.staticReturns} static leaders back`)
  assert.ok(seen.sharedGenerations > RUNS, `only ${seen.sharedGenerations} assignments were shared`)
})
