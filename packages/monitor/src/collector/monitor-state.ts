import type { MonitorReport } from 'sluice/monitor-report'
import type { ClusterFacts } from '../ingest/cluster-facts.ts'
import type { TakenReport } from '../ingest/report-sink.ts'
import type { StoreNote } from '../store/monitor-store.ts'
import type { GroupPartition } from './group-partition.ts'
import { type Judgement, judge } from './judgement.ts'
import { Notes } from './notes.ts'
import { PartitionState } from './partition-state.ts'
import { SessionState } from './session-state.ts'

/**
 * Everything that a collector knows. The same reports make the same state, in whatever order and however often they are
 * applied; the time is given to each question.
 */
export class MonitorState {
  readonly sessions: Map<string, SessionState> = new Map()
  readonly #topics = new Map<string, Map<number, PartitionState>>()
  readonly #compacted = new Set<string>()
  /** Groups of which the cluster says that they commit. */
  readonly #committing = new Set<string>()
  readonly #judgements = new WeakMap<GroupPartition, Cached>()
  readonly #notes = new Notes()
  #revision = 0
  #reports = 0
  #lastReportAt: number | null = null

  /** Grows with everything that is learned. */
  get revision(): number {
    return this.#revision
  }

  /** Reports that were applied, those that came twice counted twice. */
  get reports(): number {
    return this.#reports
  }

  get lastReportAt(): number | null {
    return this.#lastReportAt
  }

  /** Takes over a report as a client sent it. */
  apply(taken: TakenReport): void {
    this.#reports++
    this.#take(taken, false)
  }

  /** Takes over what a store says of reports that it kept. */
  restore(taken: TakenReport): void {
    this.#take(taken, true)
  }

  /** What the cluster says of topics and groups, at a time by the broker's clock. */
  applyFacts(facts: ClusterFacts): void {
    this.#revision++
    for (const { topic, compacted, partitions } of facts.topics) {
      if (compacted) this.#compacted.add(topic)
      else this.#compacted.delete(topic)
      for (const { partition, start, end } of partitions) {
        const state = this.partition(topic, partition)
        state.log.add(facts.at, start, end)
        state.revision++
      }
    }
    for (const { group, committed } of facts.groups) {
      if (committed.length > 0) this.#committing.add(group)
      for (const { topic, partition, offset } of committed) {
        if (offset >= 0) this.partition(topic, partition).group(group).applyFetched(offset, facts.at)
      }
    }
  }

  /** What changed since the last call and is to be kept beside the reports: a second or ten after them is soon enough. */
  takeNotes(): StoreNote[] {
    return this.#notes.take(this)
  }

  /** What a store kept of `takeNotes`; after everything that is to be restored of reports. */
  restoreNote(note: StoreNote): void {
    this.#revision++
    this.#notes.restore(this, note)
  }

  topics(): Iterable<string> {
    return this.#topics.keys()
  }

  partitionsOf(topic: string): readonly PartitionState[] {
    return [...(this.#topics.get(topic)?.values() ?? [])].sort((a, b) => a.partition - b.partition)
  }

  isCompacted(topic: string): boolean {
    return this.#compacted.has(topic)
  }

  /** Groups that commit, yet have no monitored consumer. */
  unmonitoredGroups(): string[] {
    const monitored = new Set([...this.sessions.values()].map(({ group }) => group))
    return [...this.#committing].filter((group) => !monitored.has(group)).sort()
  }

  /** What is concluded of a group's partition at a time. */
  judgement(partition: PartitionState, group: GroupPartition, now: number): Judgement {
    const sessions = [...this.sessions.values()].filter((session) => session.stateAt(now) === 'live')
    const consumers = sessions.filter((session) => session.group === group.group)
    const producers = sessions.filter((session) => partition.ackedBy.has(session.id))
    const told = [...consumers, ...producers].map((session) => `${session.id}:${session.toldUntil}`).join()
    const signature = `${partition.revision}/${group.revision}/${this.isCompacted(partition.topic)}/${told}`
    const cached = this.#judgements.get(group)
    if (cached?.signature === signature) return cached.judgement
    const judgement = judge({ partition, group, consumers, producers, isCompacted: this.isCompacted(partition.topic) })
    this.#judgements.set(group, { signature, judgement })
    return judgement
  }

  /** Sessions that have told nothing since, with what is left of them. */
  forgetSessions(since: number): void {
    for (const [id, { lastReportAt }] of this.sessions) {
      if (lastReportAt >= since) continue
      this.sessions.delete(id)
      for (const topic of this.topics()) for (const partition of this.partitionsOf(topic)) partition.forgetSession(id)
    }
  }

  partition(topic: string, partition: number): PartitionState {
    let partitions = this.#topics.get(topic)
    if (partitions === undefined) this.#topics.set(topic, (partitions = new Map()))
    let state = partitions.get(partition)
    if (state === undefined) partitions.set(partition, (state = new PartitionState(topic, partition)))
    return state
  }

  #take(taken: TakenReport, isRestored: boolean): void {
    const { report, receivedAt } = taken
    this.#revision++
    if (this.#lastReportAt === null || receivedAt > this.#lastReportAt) this.#lastReportAt = receivedAt
    const session = this.#session(report)
    session.apply(taken, isRestored)
    for (const cell of report.cells) this.partition(cell.topic, cell.partition).applyCell(session, cell)
    const { group } = session
    if (group === undefined) return
    for (const assignment of report.assignments) {
      this.partition(assignment.topic, assignment.partition).group(group).applyAssignment(session, assignment, report.seq, receivedAt)
    }
  }

  #session(report: MonitorReport): SessionState {
    let session = this.sessions.get(report.session)
    if (session === undefined) this.sessions.set(report.session, (session = new SessionState(report.session, report.client)))
    return session
  }
}

interface Cached {
  readonly signature: string
  readonly judgement: Judgement
}
