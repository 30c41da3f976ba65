import { compareMembers, compareText, type GroupAssignment, type GroupMember } from './assignor.ts'

interface Share {
  readonly member: GroupMember
  readonly topics: ReadonlySet<string>
  /** Partition keys, oldest first. */
  readonly partitions: Map<string, { readonly topic: string; readonly partition: number }>
}

/**
 * A balanced assignment that moves as little as possible: valid claims stay, what is free goes to whoever has least,
 * then partitions move from full to empty members while a move still evens out a difference of two or more.
 */
export function assignSticky(partitionCounts: ReadonlyMap<string, number>, members: readonly GroupMember[]): GroupAssignment {
  const shares = [...members]
    .sort(compareMembers)
    .map((member): Share => ({ member, topics: new Set(member.topics), partitions: new Map() }))
  const claimed = keepClaims(shares, partitionCounts)
  for (const topic of [...partitionCounts.keys()].sort(compareText)) {
    const subscribers = shares.filter(({ topics }) => topics.has(topic))
    if (subscribers.length === 0) continue
    for (let partition = 0; partition < partitionCounts.get(topic)!; partition++) {
      const key = `${topic}-${partition}`
      if (!claimed.has(key)) leastLoaded(subscribers).partitions.set(key, { topic, partition })
    }
  }
  balance(shares)
  return new Map(shares.map(({ member, partitions }) => [member.memberId, [...partitions.values()]]))
}

/** Gives each partition to the claimant of the newest generation; two of the same generation both lose it (Java: AbstractStickyAssignor). */
function keepClaims(shares: readonly Share[], partitionCounts: ReadonlyMap<string, number>): ReadonlySet<string> {
  const owners = new Map<string, { share: Share | null; generationId: number; topic: string; partition: number }>()
  for (const share of shares) {
    const { ownedPartitions, generationId } = share.member
    for (const { topic, partition } of ownedPartitions) {
      if (!share.topics.has(topic) || partition >= (partitionCounts.get(topic) ?? 0)) continue
      const key = `${topic}-${partition}`
      const owner = owners.get(key)
      if (owner === undefined || generationId > owner.generationId) owners.set(key, { share, generationId, topic, partition })
      else if (generationId === owner.generationId && owner.share !== share) owner.share = null
    }
  }
  const claimed = new Set<string>()
  for (const [key, { share, topic, partition }] of owners) {
    if (share === null) continue
    share.partitions.set(key, { topic, partition })
    claimed.add(key)
  }
  return claimed
}

function leastLoaded(shares: readonly Share[]): Share {
  let least = shares[0]!
  for (const share of shares) if (share.partitions.size < least.partitions.size) least = share
  return least
}

/** One move at a time, from whoever has most then; ends because each move lowers the sum of the squared loads. */
function balance(shares: readonly Share[]): void {
  const byLoad = [...shares]
  while (byLoad.sort((a, b) => b.partitions.size - a.partitions.size).some((from) => giveAway(from, shares)));
}

/** True when a partition of `from` went to someone who has less by two or more. */
function giveAway(from: Share, shares: readonly Share[]): boolean {
  const takers = shares.filter((share) => share.partitions.size + 1 < from.partitions.size)
  if (takers.length === 0) return false
  // The newest partition first: it has been with its owner for the shortest time.
  for (const [key, topicPartition] of [...from.partitions].reverse()) {
    const interested = takers.filter(({ topics }) => topics.has(topicPartition.topic))
    if (interested.length === 0) continue
    from.partitions.delete(key)
    leastLoaded(interested).partitions.set(key, topicPartition)
    return true
  }
  return false
}
