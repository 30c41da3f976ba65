import type { OffsetRanges } from 'sluice/monitor-report'
import type { GroupPartition, Hold } from './group-partition.ts'
import { difference, intersection, noOffsets, rangeOf, union, unionAll, within } from './offset-ranges.ts'

/**
 * Offsets that a group got twice. What one session got twice it tells itself; of two sessions, it is the later one's hold
 * that decides: what had been committed when it began was gone back to, the rest was not finished.
 */
export function repeats(
  group: GroupPartition,
  holds: readonly Hold[],
): { readonly redelivered: OffsetRanges; readonly replayed: OffsetRanges } {
  const redelivered: OffsetRanges[] = [group.redelivered.toRanges()]
  const replayed: OffsetRanges[] = [group.replayed.toRanges()]
  const shared = sharedOffsets(group)
  if (shared.length > 0) {
    const passes = passesOf(group, holds, shared)
    for (const [index, pass] of passes.entries()) {
      const before = passes.slice(0, index)
      const others = before.filter(({ session }) => session !== pass.session)
      const again = intersection(pass.offsets, unionAll(others.map(({ offsets }) => offsets)))
      if (again.length === 0) continue
      const committed = committedBefore(group, pass, before)
      replayed.push(within(again, 0, committed))
      redelivered.push(within(again, committed, Number.MAX_SAFE_INTEGER))
    }
  }
  return { redelivered: unionAll(redelivered), replayed: unionAll(replayed) }
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

/** One hold, and what its session first got in it. */
interface Pass {
  readonly session: string
  readonly at: number
  readonly committed: number
  readonly offsets: OffsetRanges
}

function passesOf(group: GroupPartition, holds: readonly Hold[], shared: OffsetRanges): Pass[] {
  const passes: Pass[] = []
  for (const { session, offsets } of group.seen.values()) {
    let left = intersection(offsets.toRanges(), shared)
    const own = holds.filter((hold) => hold.session === session).sort((a, b) => a.assignment.number - b.assignment.number)
    for (const [index, { assignment }] of own.entries()) {
      // The last hold is told together with its cells; of an earlier one the end may be behind what was told.
      const end = index === own.length - 1 ? Number.MAX_SAFE_INTEGER : assignment.position
      const got = intersection(left, rangeOf(assignment.begin, end))
      left = difference(left, got)
      passes.push({ session: session.id, at: session.brokerTime(assignment.beganAt), committed: assignment.committed, offsets: got })
    }
    if (left.length > 0)
      passes.push({ session: session.id, at: session.brokerTime(session.client.startedAt), committed: -1, offsets: left })
  }
  return passes.sort((a, b) => a.at - b.at)
}

function committedBefore(group: GroupPartition, pass: Pass, before: readonly Pass[]): number {
  const told = before.reduce((most, { committed }) => Math.max(most, committed), -1)
  return Math.max(told, group.fetched.reachedBy(pass.at))
}
