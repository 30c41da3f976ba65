import { compareMembers, compareText, type GroupAssignment, type GroupMember, type PartitionAssignor } from './assignor.ts'

/**
 * Topic by topic, each member gets one run of neighbouring partitions; the first ones get one more when it does not
 * divide (Java: RangeAssignor, without racks). Topics with the same number of partitions are co-partitioned.
 */
export const rangeAssignor: PartitionAssignor = {
  name: 'range',
  protocols: ['eager'],
  assign(partitionCounts: ReadonlyMap<string, number>, members: readonly GroupMember[]): GroupAssignment {
    const assignment: GroupAssignment = new Map(members.map(({ memberId }) => [memberId, []]))
    const sorted = [...members].sort(compareMembers)
    for (const topic of [...partitionCounts.keys()].sort(compareText)) {
      const subscribers = sorted.filter((member) => member.topics.includes(topic))
      if (subscribers.length === 0) continue
      const partitions = partitionCounts.get(topic)!
      const each = Math.floor(partitions / subscribers.length)
      const withOneMore = partitions % subscribers.length
      let next = 0
      for (const [index, { memberId }] of subscribers.entries()) {
        const end = next + each + (index < withOneMore ? 1 : 0)
        for (; next < end; next++) assignment.get(memberId)!.push({ topic, partition: next })
      }
    }
    return assignment
  },
}
