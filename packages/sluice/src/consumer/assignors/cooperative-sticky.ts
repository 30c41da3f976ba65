import type { TopicPartition } from '../../record/topic-partition.ts'
import { compareText, type GroupAssignment, type GroupMember, type PartitionAssignor } from './assignor.ts'
import { assignSticky } from './sticky-assignment.ts'

/**
 * Balanced, and everyone keeps as much as possible of what they have (KIP-54, KIP-429; Java: CooperativeStickyAssignor).
 * A partition that has to move goes to nobody in this rebalance: its owner gives it up, joins again, and then it moves.
 */
export const cooperativeStickyAssignor: PartitionAssignor = {
  name: 'cooperative-sticky',
  protocols: ['cooperative', 'eager'],

  /** The generation, for leaders that read subscriptions below version 2. */
  userData(_owned: readonly TopicPartition[], generationId: number): Buffer {
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(generationId)
    return bytes
  },

  assign(partitionCounts: ReadonlyMap<string, number>, members: readonly GroupMember[]): GroupAssignment {
    const withGeneration = members.map((member) => ({ ...member, generationId: generationOf(member) }))
    const assignment = assignSticky(partitionCounts, withGeneration)
    const claims = new Map<string, Set<string>>()
    for (const { memberId, ownedPartitions } of members) {
      for (const { topic, partition } of ownedPartitions) {
        const key = `${topic}-${partition}`
        const claimants = claims.get(key)
        if (claimants === undefined) claims.set(key, new Set([memberId]))
        else claimants.add(memberId)
      }
    }
    for (const [memberId, partitions] of assignment) {
      const settled = partitions.filter(({ topic, partition }) => claims.get(`${topic}-${partition}`)?.has(memberId) ?? true)
      settled.sort((a, b) => compareText(a.topic, b.topic) || a.partition - b.partition)
      assignment.set(memberId, settled)
    }
    return assignment
  },
}

function generationOf({ generationId, userData }: GroupMember): number {
  if (generationId >= 0) return generationId
  return userData !== null && userData.length >= 4 ? userData.readInt32BE(0) : -1
}
