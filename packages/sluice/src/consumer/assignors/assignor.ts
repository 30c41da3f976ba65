import type { TopicPartition } from '../../record/topic-partition.ts'

/**
 * How a group hands over partitions (KIP-429). `eager`: every member gives up all it has before it joins again.
 * `cooperative`: members keep what they have, and a partition that moves is given up in one rebalance and taken in the next.
 */
export type RebalanceProtocol = 'eager' | 'cooperative'

/** One member of the group, as the leader sees it. */
export interface GroupMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly topics: readonly string[]
  /** What the member says it has; empty under the eager protocol. */
  readonly ownedPartitions: readonly TopicPartition[]
  /** The generation in which it got `ownedPartitions`; -1 when it does not say. */
  readonly generationId: number
  readonly rackId: string | null
  readonly userData: Buffer | null
}

export type GroupAssignment = Map<string, TopicPartition[]>

/**
 * Divides the partitions of the subscribed topics among the members (Java: ConsumerPartitionAssignor). Must give the
 * same result for the same input in any order, must give a partition to one member at most, and only to one that
 * subscribed to its topic. Runs on the group's leader only.
 */
export interface PartitionAssignor {
  /** The name that members agree on, such as `range`. */
  readonly name: string
  readonly protocols: readonly RebalanceProtocol[]
  /** What this member tells the leader beside its subscription. */
  userData?(owned: readonly TopicPartition[], generationId: number): Buffer | null
  /** `partitionCounts` has every subscribed topic that exists. A member may be left out of the result: it gets nothing. */
  assign(partitionCounts: ReadonlyMap<string, number>, members: readonly GroupMember[]): GroupAssignment
}

/** Java's order (MemberInfo): static members by instance id, then the others by member id. */
export function compareMembers(a: GroupMember, b: GroupMember): number {
  if (a.groupInstanceId !== null && b.groupInstanceId !== null) return compareText(a.groupInstanceId, b.groupInstanceId)
  if (a.groupInstanceId !== null) return -1
  if (b.groupInstanceId !== null) return 1
  return compareText(a.memberId, b.memberId)
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
