import type { OffsetRanges } from 'sluice/monitor-report'
import { CommitSteps } from './commit-steps.ts'
import { type GroupPartition, type Hold, type Settled, settledOf } from './group-partition.ts'
import { countOf, difference, endOf, intersection, noOffsets, rangeOf, union, unionAll, within } from './offset-ranges.ts'
import type { PartitionState } from './partition-state.ts'
import { repeats } from './repeats.ts'
import type { SessionState } from './session-state.ts'

/** What is concluded of one group and one partition. */
export interface Judgement {
  /** The first position that the group had; undefined before it had one. */
  readonly start: number | undefined
  /** Acknowledged and not aborted, from where the group began. */
  readonly owed: OffsetRanges
  readonly seen: OffsetRanges
  readonly filtered: ReadonlyMap<string, OffsetRanges>
  readonly missing: OffsetRanges
  readonly expired: OffsetRanges
  readonly unverified: OffsetRanges
  /** Not reached yet, or not judged yet as a client may still tell. */
  readonly pending: OffsetRanges
  readonly redelivered: OffsetRanges
  readonly replayed: OffsetRanges
  readonly overwritten: OffsetRanges
  readonly unattributed: OffsetRanges
  /** Missing, expired and unverified ones, and when they were found. */
  readonly found: readonly Found[]
  /** What the group committed last, -1 for nothing. */
  readonly committed: number
  /** Behind the last record that is known. */
  readonly end: number
}

export type FoundKind = 'missing' | 'expired' | 'unverified'
export type Found = Settled & { readonly kind: FoundKind }

export interface Case {
  readonly partition: PartitionState
  readonly group: GroupPartition
  /** Sessions of the group that live, and may tell more. */
  readonly consumers: readonly SessionState[]
  /** Sessions that live, and have written to the partition. */
  readonly producers: readonly SessionState[]
  readonly isCompacted: boolean
}

/** Monitor.md §2.6: by position, never by time; what a live client may still tell is not judged. */
export function judge(given: Case): Judgement {
  const { partition, group } = given
  const holds = [...group.holds.values()]
  const acked = difference(partition.acked.toRanges(), partition.aborted.toRanges())
  const start = startOf(group, holds)
  const owed = start === undefined ? noOffsets : within(acked, start, Number.MAX_SAFE_INTEGER)
  const seen = group.allSeen.toRanges()
  const filtered = filteredBy(group)
  const open = difference(difference(owed, seen), unionAll([...filtered.values()]))
  const evidence = new CommitSteps()
  evidence.addAll(group.fetched)
  for (const hold of holds) evidence.addAll(hold.steps)
  const verdicts = new Verdicts(given, holds, evidence)
  if (given.isCompacted) verdicts.pending.push(within(open, evidence.furthest, Number.MAX_SAFE_INTEGER))
  else verdicts.decide(difference(open, verdicts.settled(seen)))
  const of = (kind: FoundKind): OffsetRanges =>
    unionAll(verdicts.found.filter((found) => found.kind === kind).map(({ first, count }) => [first, count]))
  const both = (kind: Settled['kind'], offsets: OffsetRanges): OffsetRanges => union(offsets, settledOf(group.settled, kind))
  const { redelivered, replayed } = repeats(group, holds)
  return {
    start,
    owed,
    seen,
    filtered,
    missing: of('missing'),
    expired: of('expired'),
    unverified: of('unverified'),
    pending: unionAll(verdicts.pending),
    redelivered: both('redelivered', redelivered),
    replayed: both('replayed', replayed),
    overwritten: both(
      'overwritten',
      start === undefined ? noOffsets : within(partition.overwritten.toRanges(), start, Number.MAX_SAFE_INTEGER),
    ),
    unattributed: both('unattributed', unattributed(given, seen, holds)),
    found: verdicts.found,
    committed: committedOf(group, holds),
    end: Math.max(endOf(acked), partition.log.end, endOf(seen)),
  }
}

function isFound(settled: Settled): settled is Found {
  return settled.kind === 'missing' || settled.kind === 'expired' || settled.kind === 'unverified'
}

function filteredBy(group: GroupPartition): Map<string, OffsetRanges> {
  const settled = group.settled.flatMap(({ kind, by }) => (kind === 'filtered' && by !== undefined ? [by] : []))
  const names = [...new Set([...group.filtered.keys(), ...settled])].sort()
  return new Map(names.map((by) => [by, union(group.filtered.get(by)?.toRanges() ?? noOffsets, settledOf(group.settled, 'filtered', by))]))
}

/** The first position that the group had; a group that began at the end is owed nothing older. */
function startOf(group: GroupPartition, holds: readonly Hold[]): number | undefined {
  const [first, ...rest] = holds
    .map(({ session, assignment }) => ({
      begin: assignment.begin,
      at: session.brokerTime(assignment.beganAt),
      error: session.clock?.errorMs ?? UNKNOWN_CLOCK_MS,
    }))
    .sort((a, b) => a.at - b.at)
  if (group.settledStart !== undefined) return group.settledStart
  if (first === undefined) return undefined
  // Those that may have been first as well, as far as the clocks tell.
  const atOnce = rest.filter(({ at, error }) => at - error <= first.at + first.error)
  return Math.min(first.begin, ...atOnce.map(({ begin }) => begin))
}

/** Two clients hardly hold the same partition within less. */
const UNKNOWN_CLOCK_MS = 250

class Verdicts {
  readonly found: Found[] = []
  readonly pending: OffsetRanges[] = []
  readonly #given: Case
  readonly #evidence: CommitSteps
  /** What sessions committed past in holds of their own, and everybody else has told what he did until then. */
  readonly #covered: OffsetRanges
  readonly #holds: readonly Hold[]

  constructor(given: Case, holds: readonly Hold[], evidence: CommitSteps) {
    this.#given = given
    this.#evidence = evidence
    this.#holds = holds
    const covered = holds.map((hold) => {
      const others = given.consumers.filter((session) => session !== hold.session)
      return hold.session.droppedCells > 0 ? noOffsets : rangeOf(fromOf(hold), hold.steps.reachedBy(toldUntil(others)))
    })
    this.#covered = difference(unionAll(covered), untold(given))
  }

  /** What was settled earlier, and has not turned up since; returns the offsets. */
  settled(seen: OffsetRanges): OffsetRanges {
    const all: OffsetRanges[] = []
    for (const one of this.#given.group.settled) {
      if (!isFound(one)) continue
      const still = difference([one.first, one.count], seen)
      this.#add(one.kind, still, one.foundAt)
      all.push(still)
    }
    return unionAll(all)
  }

  decide(open: OffsetRanges): void {
    const { log } = this.#given.partition
    for (let index = 0; index < open.length; index += 2) {
      const end = open[index]! + open[index + 1]!
      // Of these offsets up to the next step, all were passed at one time.
      for (let first = open[index]!; first < end; ) {
        const next = Math.min(end, this.#evidence.nextAfter(first))
        const passedAt = this.#evidence.passedAt(first)
        const ranges = rangeOf(first, next)
        if (passedAt === Number.POSITIVE_INFINITY) this.#notPassed(ranges)
        else {
          const logStart = log.startAfter(passedAt)
          // The next look at the log will tell whether it was retention.
          if (logStart === undefined && !log.isEmpty) this.#passedUnseen(ranges, log.start, passedAt)
          else this.#passed(ranges, logStart ?? 0, passedAt)
        }
        first = next
      }
    }
  }

  #passedUnseen(ranges: OffsetRanges, logStart: number, passedAt: number): void {
    // What was gone before is gone.
    this.#passed(within(ranges, 0, logStart), logStart, passedAt)
    this.pending.push(within(ranges, logStart, Number.MAX_SAFE_INTEGER))
  }

  #passed(ranges: OffsetRanges, logStart: number, passedAt: number): void {
    const gone = within(ranges, 0, logStart)
    const there = within(ranges, logStart, Number.MAX_SAFE_INTEGER)
    const covered = intersection(there, this.#covered)
    this.#add('missing', covered, passedAt)
    const rest = union(gone, difference(there, covered))
    if (!this.#isTold(rest, passedAt)) this.pending.push(rest)
    else {
      this.#add('expired', within(rest, 0, logStart), passedAt)
      this.#add('unverified', within(rest, logStart, Number.MAX_SAFE_INTEGER), passedAt)
    }
  }

  #notPassed(ranges: OffsetRanges): void {
    const { log } = this.#given.partition
    this.pending.push(within(ranges, log.start, Number.MAX_SAFE_INTEGER))
    const gone = within(ranges, 0, log.start)
    if (gone.length === 0) return
    const goneAt = log.goneAt(endOf(gone) - 1)
    // A live session may have had them in time.
    if (toldUntil(this.#given.consumers) < goneAt) this.pending.push(gone)
    else this.#add('expired', gone, goneAt)
  }

  /** Nobody can tell any more that he gave these out; whoever committed past them has told it with the commit. */
  #isTold(ranges: OffsetRanges, passedAt: number): boolean {
    const last = endOf(ranges) - 1
    const passed = new Set(this.#holds.filter(({ steps }) => steps.passedAt(last) <= passedAt).map(({ session }) => session))
    return toldUntil(this.#given.consumers.filter((session) => !passed.has(session))) >= passedAt
  }

  #add(kind: FoundKind, ranges: OffsetRanges, foundAt: number): void {
    for (let index = 0; index < ranges.length; index += 2) this.#find(kind, ranges[index]!, ranges[index + 1]!, foundAt)
  }

  #find(kind: FoundKind, first: number, count: number, foundAt: number): void {
    if (count > 0) this.found.push({ kind, first, count, foundAt })
  }
}

/** All of them have told what they did until then. */
function toldUntil(sessions: readonly SessionState[]): number {
  return sessions.reduce((time, session) => Math.min(time, session.toldUntil), Number.POSITIVE_INFINITY)
}

/** From where on all is known that a hold gave out. */
function fromOf({ session, assignment, first }: Hold): number {
  const { joinedAt } = session
  return joinedAt !== undefined && assignment.beganAt < joinedAt ? first.position : assignment.begin
}

function committedOf(group: GroupPartition, holds: readonly Hold[]): number {
  let latest = group.latestFetched ?? { offset: -1, at: Number.NEGATIVE_INFINITY }
  for (const { session, assignment } of holds) {
    if (assignment.committed < 0) continue
    const at = session.brokerTime(assignment.committedAt)
    if (at > latest.at) latest = { offset: assignment.committed, at }
  }
  return latest.offset
}

/** Given out, and acknowledged to nobody who tells; as long as a producer lives that may tell, only what it must have told. */
function unattributed({ partition, producers }: Case, seen: OffsetRanges, holds: readonly Hold[]): OffsetRanges {
  const unknown = difference(seen, union(partition.acked.toRanges(), partition.aborted.toRanges()))
  if (unknown.length === 0) return unknown
  const reads = new CommitSteps()
  for (const hold of holds) reads.addAll(hold.reads)
  let known = Number.POSITIVE_INFINITY
  for (const session of producers) {
    const end = partition.ackedBy.get(session.id)?.end ?? 0
    known = Math.min(known, Math.max(end, reads.reachedBy(session.toldUntil)))
  }
  return difference(within(unknown, 0, known), excused(partition))
}

/** A cell that could not tell all gave up the lowest: of these it is only known that they are of its window. */
function untold({ partition, group }: Case): OffsetRanges {
  const ranges: OffsetRanges[] = []
  for (const cells of partition.windows.values()) {
    for (const { session, cell } of cells.values()) {
      if (cell.approximate === undefined || session.group !== group.group || cell.seen === undefined) continue
      for (const other of cells.values()) {
        if (other.session.client.role === 'producer') ranges.push(within(other.told, 0, cell.seen[0]!))
      }
    }
  }
  return unionAll(ranges)
}

/** Below the offsets of cells that could not tell all of them, within their windows. */
function excused(partition: PartitionState): OffsetRanges {
  const ranges: OffsetRanges[] = []
  for (const cells of partition.windows.values()) {
    for (const { session, cell, told } of cells.values()) {
      if (cell.approximate === undefined || session.client.role !== 'producer' || countOf(told) === 0) continue
      for (const other of cells.values()) if (other.session.client.role === 'consumer') ranges.push(within(other.told, 0, told[0]!))
    }
  }
  return unionAll(ranges)
}
