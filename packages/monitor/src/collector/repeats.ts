import type { OffsetRanges } from 'sluice/monitor-report'
import type { GroupPartition, Hold } from './group-partition.ts'
import { difference, intersection, noOffsets, rangeOf, union, unionAll, within } from './offset-ranges.ts'
import type { SessionState } from './session-state.ts'

/** An answer of the cluster counts as older than something else only if it is by so much: the clocks are not the same. */
const FETCHED_BEFORE_MS = 1000

/** What is told to have been got twice, by what had been committed before the second time. */
class Repeats {
  readonly redelivered: OffsetRanges[] = []
  readonly replayed: OffsetRanges[] = []

  add(offsets: OffsetRanges, committed: number): void {
    this.replayed.push(within(offsets, 0, committed))
    this.redelivered.push(within(offsets, committed, Number.MAX_SAFE_INTEGER))
  }
}

/**
 * Offsets that a group got twice. Whoever went back behind what the group had ever committed replays; the rest had not been
 * finished, and is delivered again.
 */
export function repeats(
  group: GroupPartition,
  holds: readonly Hold[],
): { readonly redelivered: OffsetRanges; readonly replayed: OffsetRanges } {
  const found = new Repeats()
  found.replayed.push(group.replayed.toRanges())
  const shared = sharedOffsets(group)
  const hasOwn = [...group.seen.values()].some(({ again }) => again.size > 0)
  if (shared.length > 0 || hasOwn) {
    const sessions = new Set([...holds.map(({ session }) => session), ...[...group.seen.values()].map(({ session }) => session)])
    const passes = [...sessions].flatMap((session) => passesOf(session, group, holds, shared)).sort((a, b) => a.at - b.at)
    for (const [index, pass] of passes.entries()) {
      const before = passes.slice(0, index)
      const others = unionAll(before.filter(({ session }) => session !== pass.session).map(({ offsets }) => offsets))
      const twice = union(pass.again, intersection(pass.offsets, others))
      if (twice.length > 0) found.add(twice, committedBefore(group, pass, before))
    }
  }
  return { redelivered: unionAll(found.redelivered), replayed: unionAll(found.replayed) }
}

/** Offsets that more than one session got. */
function sharedOffsets(group: GroupPartition): OffsetRanges {
  let all: OffsetRanges = noOffsets
  let shared: OffsetRanges = noOffsets
  for (const { offsets } of group.seen.values()) {
    const own = offsets.toRanges()
    shared = union(shared, intersection(all, own))
    all = union(all, own)
  }
  return shared
}

/** One hold, and what its session got in it. */
interface Pass {
  readonly session: string
  readonly at: number
  /** Where it began, if it is the session's first and so not by a seek; else -1. */
  readonly begin: number
  /** The most that was committed in it. */
  readonly committed: number
  /** Of what several sessions got, what this one got first in this hold. */
  readonly offsets: OffsetRanges
  /** What this one had got before, and had not committed. */
  readonly again: OffsetRanges
}

function passesOf(session: SessionState, group: GroupPartition, holds: readonly Hold[], shared: OffsetRanges): Pass[] {
  const passes: Pass[] = []
  const seen = group.seen.get(session.id)
  let left = intersection(seen?.offsets.toRanges() ?? noOffsets, shared)
  let againLeft = seen?.again.toRanges() ?? noOffsets
  let covered: OffsetRanges = noOffsets
  const own = holds.filter((hold) => hold.session === session).sort((a, b) => a.assignment.number - b.assignment.number)
  for (const [index, { assignment, steps }] of own.entries()) {
    const isLast = index === own.length - 1
    const range = rangeOf(assignment.begin, isLast ? Number.MAX_SAFE_INTEGER : assignment.position)
    const got = intersection(left, range)
    left = difference(left, got)
    const twice = intersection(againLeft, isLast ? range : intersection(range, covered))
    againLeft = difference(againLeft, twice)
    covered = union(covered, range)
    const at = session.brokerTime(assignment.beganAt)
    const begin = index === 0 ? assignment.begin : -1
    passes.push({ session: session.id, at, begin, committed: steps.furthest, offsets: got, again: twice })
  }
  if (left.length > 0 || againLeft.length > 0) {
    const at = session.brokerTime(session.client.startedAt)
    passes.push({ session: session.id, at, begin: -1, committed: -1, offsets: left, again: againLeft })
  }
  return passes
}

/**
 * A client of a group that has committed begins there, or further back: so where it began tells of commits that a dead one
 * could not tell of.
 */
function committedBefore(group: GroupPartition, pass: Pass, before: readonly Pass[]): number {
  const told = before.reduce((most, { committed }) => Math.max(most, committed), group.fetched.reachedBy(pass.at - FETCHED_BEFORE_MS))
  return told < 0 ? told : before.reduce((most, { begin }) => Math.max(most, begin), told)
}
