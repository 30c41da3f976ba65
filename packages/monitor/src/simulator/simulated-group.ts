import { OffsetRangeSet } from 'sluice/monitor-report'
import type { Random } from './random.ts'
import type { SimulatedLog } from './simulated-log.ts'
import type { SimulatedHold, SimulatedSession } from './simulated-session.ts'

/** Something that happened to an offset, and when among the events of its session. */
export interface Delivery {
  readonly session: SimulatedSession
  readonly event: number
  readonly offset: number
  readonly at: number
  /** The most that the group had committed at that time. */
  readonly committed: number
  readonly latencyMs: number
  readonly by: string | undefined
}

export interface Commit {
  readonly hold: SimulatedHold
  readonly session: SimulatedSession
  readonly event: number
  readonly offset: number
  readonly at: number
}

export interface HoldBegin {
  readonly hold: SimulatedHold
  readonly session: SimulatedSession
  readonly event: number
  readonly at: number
}

/** What truly happened to one partition in one group. */
export class GroupLedger {
  readonly deliveries: Delivery[] = []
  readonly commits: Commit[] = []
  readonly holds: HoldBegin[] = []
  /** What the group has committed, as the coordinator knows it, and the most it ever had. */
  committed = -1
  mostCommitted = -1
  /** The most that the collector saw when it asked the cluster. */
  mostLooked = -1
  mostCommittedAt: { readonly offset: number; readonly at: number }[] = []

  commit(offset: number, at: number): void {
    this.committed = offset
    if (offset <= this.mostCommitted) return
    this.mostCommitted = offset
    this.mostCommittedAt.push({ offset, at })
  }
}

export interface ConsumerHabits {
  readonly skip: number
  readonly seekBack: number
  readonly filter: number
  readonly commitOnRevoke: number
  /** How often a member polls, of all steps. */
  readonly poll: number
  /** How often one hangs for a while. */
  readonly hang: number
}

interface Position {
  readonly log: SimulatedLog
  position: number
  hold: SimulatedHold | undefined
}

/** One member of a group. */
export class SimulatedConsumer {
  readonly session: SimulatedSession
  readonly #group: SimulatedGroup
  readonly #random: Random
  /** It crashed, and the coordinator has noticed. */
  isMissed = false
  #hangsUntil = 0
  readonly #positions = new Map<string, Position>()
  readonly #seen = new Map<string, OffsetRangeSet>()
  readonly #numbers = new Map<string, number>()
  readonly #committed = new Map<string, { readonly offset: number; readonly at: number; readonly most: number }>()

  constructor(group: SimulatedGroup, session: SimulatedSession, random: Random) {
    this.#group = group
    this.session = session
    this.#random = random
  }

  /** Polls, or does not, as the group's habits are. */
  step(now: number): void {
    const { poll, hang } = this.#group.habits
    if (now < this.#hangsUntil) return
    if (this.#random.chance(hang)) this.#hangsUntil = now + this.#random.from(2000, 9000)
    if (this.#random.chance(poll)) this.poll(now)
    if (this.#random.chance(0.1)) this.commit(now)
  }

  get isAlive(): boolean {
    return this.session.state === 'live'
  }

  assign(log: SimulatedLog): void {
    const { committed } = this.#group.ledger(log)
    const position = committed >= 0 ? committed : this.#group.resetPosition(log)
    this.#positions.set(log.key, { log, position, hold: undefined })
  }

  revokeAll(now: number, commits: boolean): void {
    if (commits) this.commit(now)
    for (const { hold } of this.#positions.values()) if (hold !== undefined) this.#touch(hold).ended = true
    this.#positions.clear()
  }

  poll(now: number): void {
    for (const position of this.#positions.values()) this.#read(position, now)
  }

  commit(now: number): void {
    for (const { log, position, hold } of this.#positions.values()) {
      if (hold === undefined || hold.committed === position) continue
      const at = Math.round(this.session.clock(now))
      const most = Math.max(position, this.#committed.get(log.key)?.most ?? -1)
      this.#committed.set(log.key, { offset: position, at, most })
      Object.assign(this.#touch(hold), { committed: position, committedAt: at })
      const ledger = this.#group.ledger(log)
      ledger.commit(position, now)
      ledger.commits.push({ hold, session: this.session, event: this.session.events++, offset: position, at: now })
    }
  }

  #read(at: Position, now: number): void {
    const { log } = at
    const random = this.#random
    const { habits } = this.#group
    const limit = log.stableEnd
    if (at.position < log.start) at.position = this.#group.resetPosition(log)
    else if (at.hold !== undefined && random.chance(habits.skip)) at.position = Math.min(limit, at.position + random.from(1, 6))
    else if (at.hold !== undefined && random.chance(habits.seekBack)) at.position = Math.max(log.start, at.position - random.from(1, 30))
    const end = Math.min(limit, at.position + random.from(1, 40))
    if (at.hold === undefined || at.position < at.hold.position) this.#begin(at, now)
    for (let offset = at.position; offset < end; offset++) this.#give(log, offset, now)
    at.position = Math.max(at.position, end)
    this.#touch(at.hold!).position = at.position
    this.session.events++
  }

  #begin(at: Position, now: number): void {
    const { log } = at
    const number = this.#numbers.get(log.key) ?? 0
    this.#numbers.set(log.key, number + 1)
    const before = this.#committed.get(log.key)
    const hold: SimulatedHold = {
      ...{ topic: log.topic, partition: log.partition, number, version: 0, begin: at.position, isDirty: true },
      ...{ beganAt: Math.round(this.session.clock(now)), position: at.position },
      ...{ committed: before?.offset ?? -1, committedAt: before?.at ?? 0 },
    }
    if (at.hold !== undefined) this.#touch(at.hold).ended = true
    at.hold = hold
    this.session.holds.push(hold)
    this.#group.ledger(log).holds.push({ hold, session: this.session, event: this.session.events++, at: now })
  }

  #give(log: SimulatedLog, offset: number, now: number): void {
    const record = log.at(offset)
    if (record.state !== 'committed') return
    const { session } = this
    const ledger = this.#group.ledger(log)
    const latencyMs = now - record.trueTimestamp
    const told = { session, event: session.events++, offset, at: now, committed: ledger.mostCommitted, latencyMs }
    // The same record every time.
    if ((offset * 7919) % 1000 < 1000 * this.#group.habits.filter) {
      const by = offset % 2 === 0 ? 'sizeGuard: too large' : 'access: not for this group'
      // What is left out is told without its timestamp.
      const cell = session.cell(log.topic, log.partition, Math.round(session.clock(now)), now)
      let filtered = cell.filtered.get(by)
      if (filtered === undefined) cell.filtered.set(by, (filtered = new OffsetRangeSet()))
      filtered.add(offset, 1)
      ledger.deliveries.push({ ...told, by })
      return
    }
    const cell = session.cell(log.topic, log.partition, record.timestamp, now)
    let seen = this.#seen.get(log.key)
    if (seen === undefined) this.#seen.set(log.key, (seen = new OffsetRangeSet()))
    if (seen.overlap(offset, 1).length > 0) {
      const most = this.#committed.get(log.key)?.most ?? -1
      ;(offset < most ? cell.replayed : cell.redelivered).add(offset, 1)
    }
    seen.add(offset, 1)
    cell.offsets.add(offset, 1)
    cell.records++
    session.record(cell, Math.round(session.clock(now)) - record.timestamp)
    ledger.deliveries.push({ ...told, by: undefined })
  }

  #touch(hold: SimulatedHold): SimulatedHold {
    hold.isDirty = true
    return hold
  }
}

/** A consumer group and its coordinator. */
export class SimulatedGroup {
  readonly name: string
  readonly habits: ConsumerHabits
  readonly members: SimulatedConsumer[] = []
  readonly #reset: 'earliest' | 'latest'
  readonly #logs: readonly SimulatedLog[]
  readonly #random: Random
  readonly #ledgers = new Map<string, GroupLedger>()

  constructor(name: string, logs: readonly SimulatedLog[], reset: 'earliest' | 'latest', habits: ConsumerHabits, random: Random) {
    this.name = name
    this.habits = habits
    this.#logs = logs
    this.#reset = reset
    this.#random = random
  }

  get logs(): readonly SimulatedLog[] {
    return this.#logs
  }

  ledger(log: SimulatedLog): GroupLedger {
    let ledger = this.#ledgers.get(log.key)
    if (ledger === undefined) this.#ledgers.set(log.key, (ledger = new GroupLedger()))
    return ledger
  }

  resetPosition(log: SimulatedLog): number {
    return this.#reset === 'earliest' ? log.start : log.stableEnd
  }

  /** Behind what any member was ever at. */
  furthest(log: SimulatedLog): number {
    const ledger = this.ledger(log)
    return Math.max(ledger.mostCommitted, ...ledger.holds.map(({ hold }) => hold.position), 0)
  }

  /** Waits for members that are gone and have not been missed yet. */
  rebalance(now: number): void {
    if (this.members.some((member) => member.session.state === 'crashed' && !member.isMissed)) return
    for (const member of this.members) if (member.isAlive) member.revokeAll(now, this.#random.chance(this.habits.commitOnRevoke))
    const alive = this.#random.shuffled(this.members.filter(({ isAlive }) => isAlive))
    if (alive.length === 0) return
    for (const [index, log] of this.#logs.entries()) alive[index % alive.length]!.assign(log)
  }
}
