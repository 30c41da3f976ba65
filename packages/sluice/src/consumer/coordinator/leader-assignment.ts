import type { JoinGroupResponse } from '@sluice/protocol/messages/join-group'
import { KafkaError } from '../../errors.ts'
import type { Cluster } from '../../network/cluster.ts'
import type { GroupAssignment, GroupMember, PartitionAssignor } from '../assignors/assignor.ts'
import { decodeSubscription } from './consumer-protocol.ts'

/** Reads what the members told about themselves. */
export function membersOf(response: JoinGroupResponse): GroupMember[] {
  return response.members.map(({ memberId, groupInstanceId, metadata }) => ({ memberId, groupInstanceId, ...decodeSubscription(metadata) }))
}

/** The topics that anyone in the group wants. */
export function topicsOf(members: readonly GroupMember[]): ReadonlySet<string> {
  return new Set(members.flatMap(({ topics }) => topics))
}

/** How many partitions each of the topics has; one that does not exist is left out. */
export function partitionCounts(cluster: Cluster, topics: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const topic of topics) {
    const count = cluster.topics.get(topic)?.partitions.length ?? 0
    if (count > 0) counts.set(topic, count)
  }
  return counts
}

export function sameCounts(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([topic, count]) => b.get(topic) === count)
}

/** Asks the assignor and checks what it promises: a partition to one member, who wants its topic. */
export function assignPartitions(
  assignor: PartitionAssignor,
  counts: ReadonlyMap<string, number>,
  members: readonly GroupMember[],
): GroupAssignment {
  const assignment = assignor.assign(counts, members)
  const taken = new Set<string>()
  for (const { memberId, topics } of members) {
    for (const { topic, partition } of assignment.get(memberId) ?? []) {
      const key = `${topic}-${partition}`
      if (taken.has(key) || !topics.includes(topic)) {
        throw new KafkaError(
          'ILLEGAL_STATE',
          `assignor "${assignor.name}" gave partition ${partition} of topic "${topic}" to a second member, or to one that has not subscribed to it`,
          { topic, partition },
        )
      }
      taken.add(key)
    }
  }
  return assignment
}
