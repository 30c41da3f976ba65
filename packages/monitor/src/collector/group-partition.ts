import { type MonitorAssignment, type MonitorCell, OffsetRangeSet, type OffsetRanges } from 'sluice/monitor-report'
import type { GapKind } from '../api-types.ts'
import { CommitSteps } from './commit-steps.ts'
import type { SessionState } from './session-state.ts'

/** A session's hold on a partition, as it is known. */
export interface Hold {
  readonly session: SessionState
  /** The highest version. */
  assignment: MonitorAssignment
  /** What it committed, and when that became known. */
  readonly steps: CommitSteps
  /** The same of what it read. */
  readonly reads: CommitSteps
  /** Where it was in the first report that told of it. */
  first: { readonly seq: number; readonly position: number }
}

export interface GroupNote {
  readonly holds: Readonly<
    Record<string, { readonly steps: readonly number[]; readonly reads: readonly number[]; readonly first: Hold['first'] }>
  >
  readonly fetched: readonly number[]
  readonly latestFetched?: { readonly offset: number; readonly at: number }
  readonly settledStart?: number
  readonly settled: readonly Settled[]
}

export interface Seen {
  readonly session: SessionState
  readonly offsets: OffsetRangeSet
  readonly again: OffsetRangeSet
}

/** What was concluded for good: the offsets are no longer looked at. */
export interface Settled {
  readonly first: number
  readonly count: number
  readonly kind: Exclude<GapKind, 'pending'>
  /** Of what was filtered. */
  readonly by?: string
  readonly foundAt: number
}

/** What one group did with one partition. Everything only grows, so reports may come in any order. */
export class GroupPartition {
  readonly group: string
  /** What each session gave out, and what of that again before it had committed it. */
  readonly seen: Map<string, Seen> = new Map()
  readonly allSeen: OffsetRangeSet = new OffsetRangeSet()
  readonly filtered: Map<string, OffsetRangeSet> = new Map()
  readonly replayed: OffsetRangeSet = new OffsetRangeSet()
  readonly holds: Map<string, Hold> = new Map()
  /** What the cluster says was committed. */
  readonly fetched: CommitSteps = new CommitSteps()
  latestFetched: { readonly offset: number; readonly at: number } | undefined
  /** Where the group began, once the reports that told of it are no longer known. */
  settledStart: number | undefined
  settled: readonly Settled[] = []
  /** Grows with every change. */
  revision = 0

  constructor(group: string) {
    this.group = group
  }

  get isMonitored(): boolean {
    return this.holds.size > 0 || this.seen.size > 0 || this.filtered.size > 0 || this.settledStart !== undefined
  }

  applyCell(session: SessionState, cell: MonitorCell, from: number): void {
    this.revision++
    if (cell.seen !== undefined) {
      let seen = this.seen.get(session.id)
      if (seen === undefined) this.seen.set(session.id, (seen = { session, offsets: new OffsetRangeSet(), again: new OffsetRangeSet() }))
      addFrom(seen.offsets, cell.seen, from)
      addFrom(this.allSeen, cell.seen, from)
      if (cell.redelivered !== undefined) addFrom(seen.again, cell.redelivered, from)
    }
    if (cell.replayed !== undefined) addFrom(this.replayed, cell.replayed, from)
    for (const [by, ranges] of Object.entries(cell.filtered ?? {})) {
      let filtered = this.filtered.get(by)
      if (filtered === undefined) this.filtered.set(by, (filtered = new OffsetRangeSet()))
      addFrom(filtered, ranges, from)
    }
  }

  applyAssignment(session: SessionState, assignment: MonitorAssignment, seq: number, receivedAt: number): void {
    this.revision++
    const key = `${session.id}/${assignment.number}`
    let hold = this.holds.get(key)
    if (hold === undefined) {
      hold = { session, assignment, steps: new CommitSteps(), reads: new CommitSteps(), first: { seq, position: assignment.position } }
      this.holds.set(key, hold)
    }
    if (assignment.version > hold.assignment.version) hold.assignment = assignment
    if (seq < hold.first.seq) hold.first = { seq, position: assignment.position }
    hold.steps.add(assignment.committed, receivedAt)
    hold.reads.add(assignment.position, receivedAt)
  }

  applyFetched(offset: number, at: number): void {
    this.revision++
    this.fetched.add(offset, at)
    if (this.latestFetched === undefined || at >= this.latestFetched.at) this.latestFetched = { offset, at }
  }

  /** The furthest that it is known to have committed; 0 for nothing. */
  get furthestCommitted(): number {
    return [...this.holds.values()].reduce((most, { steps }) => Math.max(most, steps.furthest), Math.max(0, this.fetched.furthest))
  }

  settle(settled: readonly Settled[]): void {
    this.revision++
    this.settled = settled
  }

  /** `settled` is what remains of what was below. */
  forgetBelow(offset: number, settled: readonly Settled[], start: number | undefined): void {
    this.settle(settled)
    this.settledStart = start
    this.allSeen.dropBelow(offset)
    this.replayed.dropBelow(offset)
    for (const filtered of this.filtered.values()) filtered.dropBelow(offset)
    for (const { offsets, again } of this.seen.values()) {
      offsets.dropBelow(offset)
      again.dropBelow(offset)
    }
    for (const [key, { session, assignment }] of this.holds) {
      // The last hold of a session tells what comes next.
      const isOver = this.holds.has(`${session.id}/${assignment.number + 1}`)
      if (isOver && assignment.position <= offset && assignment.committed <= offset) this.holds.delete(key)
    }
  }

  forgetSession(id: string): void {
    this.revision++
    this.seen.delete(id)
    for (const [key, { session }] of this.holds) if (session.id === id) this.holds.delete(key)
  }

  /** What reports alone do not tell again, for `restore`. */
  toNote(): GroupNote {
    const holds = Object.fromEntries(
      [...this.holds].map(([key, { steps, reads, first }]) => [key, { steps: steps.toList(), reads: reads.toList(), first }]),
    )
    const { settledStart, latestFetched, settled } = this
    return {
      holds,
      settled,
      fetched: this.fetched.toList(),
      ...(settledStart === undefined ? {} : { settledStart }),
      ...(latestFetched === undefined ? {} : { latestFetched }),
    }
  }

  /** After the reports that a store kept. */
  restore(note: GroupNote): void {
    this.revision++
    for (const [key, { steps, reads, first }] of Object.entries(note.holds)) {
      const hold = this.holds.get(key)
      if (hold === undefined) continue
      hold.steps.addList(steps)
      hold.reads.addList(reads)
      hold.first = first
    }
    this.fetched.addList(note.fetched)
    const { latestFetched } = note
    if (latestFetched !== undefined && latestFetched.at > (this.latestFetched?.at ?? Number.NEGATIVE_INFINITY)) {
      this.latestFetched = latestFetched
    }
    this.settledStart ??= note.settledStart
    if (this.settled.length === 0) this.settled = note.settled
  }
}

/** Adds what is not below `from`. */
export function addFrom(set: OffsetRangeSet, ranges: OffsetRanges, from: number): void {
  for (let index = 0; index < ranges.length; index += 2) {
    const first = Math.max(from, ranges[index]!)
    set.add(first, ranges[index]! + ranges[index + 1]! - first)
  }
}

export function settledOf(settled: readonly Settled[], kind: Settled['kind'], by?: string): OffsetRanges {
  const set = new OffsetRangeSet()
  for (const one of settled) if (one.kind === kind && one.by === by) set.add(one.first, one.count)
  return set.toRanges()
}
