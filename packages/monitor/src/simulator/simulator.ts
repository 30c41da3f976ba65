import type { MonitoredClient } from 'sluice/monitor-report'
import type { ClusterFacts } from '../ingest/cluster-facts.ts'
import type { TakenReport } from '../ingest/report-sink.ts'
import { Random } from './random.ts'
import { SimulatedConsumer, SimulatedGroup } from './simulated-group.ts'
import { SimulatedLog } from './simulated-log.ts'
import { type Acknowledged, SimulatedProducer } from './simulated-producer.ts'
import { SimulatedSession, type TransportFaults } from './simulated-session.ts'
import { type StreamTruth, truthOf } from './truth.ts'

export interface SimulationOptions {
  /** @default 1764000000000 */
  readonly startedAt?: number
  /** How long clients work, milliseconds. @default 60000 */
  readonly durationMs?: number
  /** What the clients report per cell at most; a low number makes cells approximate. @default 1024 */
  readonly maxRanges?: number
  /** Whether the collector may ask the cluster; without, there is no retention either. @default by chance */
  readonly hasFacts?: boolean
}

/** What a collector gets, in the order in which it gets it. */
export type SimulatedEvent =
  | { readonly at: number; readonly taken: TakenReport; readonly facts?: undefined }
  | { readonly at: number; readonly facts: ClusterFacts; readonly taken?: undefined }

export interface Simulation {
  readonly events: readonly SimulatedEvent[]
  readonly truth: readonly StreamTruth[]
  /** When everything that can be told has been told, and the dead are known to be dead. */
  readonly endsAt: number
}

const STEP_MS = 100
/** After the work: what is on its way arrives, and three heartbeats are missed. */
const QUIET_MS = 45_000
const FACTS_EVERY_MS = 5000
const SESSION_TIMEOUT_MS = 10_000
/** The log's start does not reach what was passed within this time: nobody could tell which came first. */
const CLEAR_MS = 40_000

/** Clients, logs and faults for a while, all from one seed. */
export function simulate(seed: number, options: SimulationOptions = {}): Simulation {
  return new World(new Random(seed), options).run()
}

class World {
  readonly #random: Random
  readonly #startedAt: number
  readonly #workEndsAt: number
  readonly #endsAt: number
  readonly #maxRanges: number
  readonly #hasFacts: boolean
  readonly #faults: TransportFaults
  readonly #hosts: readonly { readonly name: string; readonly skewMs: number }[]
  readonly #logs: SimulatedLog[] = []
  readonly #producers: SimulatedProducer[] = []
  readonly #groups: SimulatedGroup[] = []
  readonly #sessions: SimulatedSession[] = []
  readonly #events: SimulatedEvent[] = []
  readonly #acknowledged = new Map<SimulatedLog, Acknowledged[]>()
  readonly #starts = new Map<SimulatedLog, { readonly at: number; readonly start: number }[]>()
  /** What is to happen at a time. */
  readonly #due: { readonly at: number; readonly run: (now: number) => void }[] = []
  #clients = 0

  constructor(random: Random, { startedAt = 1_764_000_000_000, durationMs = 60_000, maxRanges = 1024, hasFacts }: SimulationOptions) {
    this.#random = random
    this.#startedAt = startedAt
    this.#workEndsAt = startedAt + durationMs
    this.#endsAt = this.#workEndsAt + QUIET_MS
    this.#maxRanges = maxRanges
    this.#hasFacts = hasFacts ?? random.chance(0.8)
    const often = random.chance(0.5) ? 1 : 0
    this.#faults = { lost: 0.1 * often, lostAck: 0.1 * often, late: 0.15 * often, doubled: 0.1 * often }
    this.#hosts = ['a', 'b', 'c', 'd'].map((name) => ({ name, skewMs: random.chance(0.4) ? random.from(-4000, 4000) : random.from(-5, 5) }))
    this.#build()
  }

  run(): Simulation {
    for (let now = this.#startedAt; now <= this.#endsAt; now += STEP_MS) {
      for (const due of this.#due.splice(0)) {
        if (due.at <= now) due.run(now)
        else this.#due.push(due)
      }
      if (now < this.#workEndsAt) this.#work(now)
      for (const producer of this.#producers) producer.step(now)
      for (const session of this.#sessions) {
        for (const taken of session.step(now)) this.#events.push({ at: taken.receivedAt, taken })
      }
      if (this.#hasFacts && (now - this.#startedAt) % FACTS_EVERY_MS === 0) this.#lookAtCluster(now)
    }
    const truth = this.#groups.flatMap((group) =>
      group.logs.map((log) =>
        truthOf({
          group,
          log,
          acknowledged: this.#acknowledged.get(log) ?? [],
          starts: this.#starts.get(log) ?? [],
        }),
      ),
    )
    const events = this.#events.toSorted((a, b) => a.at - b.at)
    return { events, truth, endsAt: this.#endsAt }
  }

  #build(): void {
    const random = this.#random
    for (let topic = 0; topic < random.from(1, 2); topic++) {
      for (let partition = 0; partition < random.from(1, 3); partition++) this.#logs.push(new SimulatedLog(`topic-${topic}`, partition))
    }
    for (let count = random.from(1, 3); count > 0; count--) this.#startProducer(this.#startedAt, random.chance(0.2))
    const names = ['billing', 'search', 'audit'].slice(0, random.from(1, 3))
    for (const name of names) {
      const topic = random.pick(this.#logs).topic
      const habits = {
        skip: random.chance(0.5) ? 0.02 : 0,
        seekBack: random.chance(0.4) ? 0.01 : 0,
        filter: random.chance(0.4) ? 0.05 : 0,
        commitOnRevoke: random.next(),
        poll: random.pick([0.05, 0.2, 0.6]),
        hang: random.chance(0.4) ? 0.01 : 0,
      }
      const reset = random.pick(['earliest', 'latest'] as const)
      const logs = this.#logs.filter((log) => log.topic === topic)
      const group = new SimulatedGroup(name, logs, reset, habits, random)
      this.#groups.push(group)
      const members = random.from(1, 3)
      this.#at(this.#startedAt + random.from(0, 15_000), (now) => {
        for (let count = members; count > 0; count--) this.#join(group, now)
        group.rebalance(now)
      })
      this.#scheduleTrouble(group)
    }
  }

  /** Crashes, rebalances, restarts, and somebody who sets the offsets to another place. */
  #scheduleTrouble(group: SimulatedGroup): void {
    const random = this.#random
    const sometime = (): number => this.#startedAt + random.from(15_000, Math.max(16_000, this.#workEndsAt - this.#startedAt - 10_000))
    if (random.chance(0.5)) this.#at(sometime(), (now) => this.#crashMember(group, now))
    if (random.chance(0.4)) {
      this.#at(sometime(), (now) => {
        this.#join(group, now)
        group.rebalance(now)
      })
    }
    if (random.chance(0.3)) {
      this.#at(sometime(), (now) => {
        const leaving = group.members.find(({ isAlive }) => isAlive)
        if (leaving === undefined) return
        leaving.revokeAll(now, random.chance(group.habits.commitOnRevoke))
        leaving.session.state = 'closing'
        group.rebalance(now)
      })
    }
    // What a killed member had committed nobody can know after a reset, without the cluster.
    if (this.#hasFacts && random.chance(0.25)) this.#at(sometime(), (now) => this.#resetOffsets(group, now))
  }

  #crashMember(group: SimulatedGroup, now: number): void {
    const random = this.#random
    const crashed = group.members.find(({ isAlive }) => isAlive)
    if (crashed === undefined) return
    crashed.session.state = 'crashed'
    this.#at(now + SESSION_TIMEOUT_MS, (later) => {
      crashed.isMissed = true
      if (random.chance(0.7)) this.#join(group, later)
      group.rebalance(later)
    })
  }

  /** Only possible while the group has no members: all of them stop, and start again. */
  #resetOffsets(group: SimulatedGroup, now: number): void {
    const random = this.#random
    for (const member of group.members) {
      if (!member.isAlive) continue
      member.revokeAll(now, true)
      member.session.state = 'closing'
    }
    this.#at(now + SESSION_TIMEOUT_MS + 2000, (later) => {
      if (group.members.some(({ isAlive }) => isAlive)) return
      for (const log of group.logs) {
        const to = random.chance(0.8) ? log.start : random.from(log.start, log.stableEnd)
        group.ledger(log).commit(to, later)
      }
      this.#at(later + 1000, (start) => {
        for (let count = random.from(1, 2); count > 0; count--) this.#join(group, start)
        group.rebalance(start)
      })
    })
  }

  #work(now: number): void {
    const random = this.#random
    for (const producer of this.#producers) if (random.chance(0.5)) producer.send(now)
    for (const group of this.#groups) {
      for (const member of group.members) {
        if (member.isAlive) member.step(now)
      }
    }
    if (random.chance(0.002)) this.#replaceProducer(now)
    if (random.chance(0.002)) this.#truncate(random.pick(this.#logs))
    if (this.#hasFacts && random.chance(0.02)) this.#expire(random.pick(this.#logs), now)
  }

  #replaceProducer(now: number): void {
    const random = this.#random
    const producer = random.pick(this.#producers)
    this.#producers.splice(this.#producers.indexOf(producer), 1)
    if (random.chance(0.5)) producer.crash(now)
    else producer.close(now)
    this.#startProducer(now, producer.session === undefined)
  }

  #startProducer(now: number, isUnknown: boolean): void {
    const random = this.#random
    const host = random.pick(this.#hosts)
    this.#producers.push(
      new SimulatedProducer({
        random,
        session: isUnknown ? undefined : this.#session('producer', host, now),
        skewMs: host.skewMs,
        logs: this.#logs,
        isTransactional: random.chance(0.2),
        oddShare: random.chance(0.3) ? 0.02 : 0,
        told: (log, acknowledged) => {
          const list = this.#acknowledged.get(log)
          if (list === undefined) this.#acknowledged.set(log, [acknowledged])
          else list.push(acknowledged)
        },
      }),
    )
  }

  #join(group: SimulatedGroup, now: number): void {
    const session = this.#session('consumer', this.#random.pick(this.#hosts), now, group.name)
    group.members.push(new SimulatedConsumer(group, session, this.#random))
  }

  #session(role: MonitoredClient['role'], host: { readonly name: string; readonly skewMs: number }, now: number, groupId?: string) {
    const client: MonitoredClient = {
      ...{ role, clientId: `${role}-${++this.#clients}`, host: host.name, pid: this.#clients, library: 'sluice', version: '0.1.0' },
      ...(groupId === undefined ? {} : { groupId }),
      startedAt: now + host.skewMs,
    }
    const session = new SimulatedSession(this.#random, client, host.skewMs, now, this.#faults, this.#maxRanges)
    this.#sessions.push(session)
    return session
  }

  /** Records that nobody has read are lost in an election, and their offsets given to others. */
  #truncate(log: SimulatedLog): void {
    const readers = this.#groups.filter((group) => group.logs.includes(log))
    const read = Math.max(log.start, ...readers.map((group) => group.furthest(log)))
    const end = Math.max(read, log.end - this.#random.from(1, 4))
    // Not in the middle of a transaction.
    for (let offset = end; offset < log.end; offset++) if (log.at(offset).state !== 'committed') return
    if (end >= log.end) return
    for (const producer of this.#producers) producer.truncated(log, end)
    log.truncate(end)
  }

  #expire(log: SimulatedLog, now: number): void {
    const start = Math.min(log.stableEnd, log.start + this.#random.from(1, 200))
    for (const group of this.#groups) {
      if (!group.logs.includes(log)) continue
      const { mostCommittedAt } = group.ledger(log)
      let before = log.start
      for (const { offset, at } of mostCommittedAt) {
        if (now - at < CLEAR_MS && offset > before && before < start) return
        before = Math.max(before, offset)
      }
    }
    log.start = start
    const starts = this.#starts.get(log)
    if (starts === undefined) this.#starts.set(log, [{ at: now, start }])
    else starts.push({ at: now, start })
  }

  #lookAtCluster(at: number): void {
    const topics = [...new Set(this.#logs.map(({ topic }) => topic))].map((topic) => ({
      topic,
      compacted: false,
      partitions: this.#logs.filter((log) => log.topic === topic).map(({ partition, start, end }) => ({ partition, start, end })),
    }))
    const groups = this.#groups.map((group) => ({
      group: group.name,
      committed: group.logs.flatMap((log) => {
        const ledger = group.ledger(log)
        const { committed } = ledger
        ledger.mostLooked = Math.max(ledger.mostLooked, committed)
        return committed < 0 ? [] : [{ topic: log.topic, partition: log.partition, offset: committed }]
      }),
    }))
    this.#events.push({ at, facts: { at, topics, groups } })
  }

  #at(at: number, run: (now: number) => void): void {
    this.#due.push({ at, run })
  }
}
