import { compareMembers, compareText, type GroupAssignment, type GroupMember, type PartitionAssignor } from './assignor.ts'

/** All partitions of all topics in order, dealt to the members in turn (Java: RoundRobinAssignor). */
export const roundRobinAssignor: PartitionAssignor = {
  name: 'roundrobin',
  protocols: ['eager'],
  assign(partitionCounts: ReadonlyMap<string, number>, members: readonly GroupMember[]): GroupAssignment {
    const assignment: GroupAssignment = new Map(members.map(({ memberId }) => [memberId, []]))
    const sorted = [...members].sort(compareMembers)
    let turn = 0
    for (const topic of [...partitionCounts.keys()].sort(compareText)) {
      if (!sorted.some((member) => member.topics.includes(topic))) continue
      for (let partition = 0; partition < partitionCounts.get(topic)!; partition++) {
        while (!sorted[turn % sorted.length]!.topics.includes(topic)) turn++
        assignment.get(sorted[turn % sorted.length]!.memberId)!.push({ topic, partition })
        turn++
      }
    }
    return assignment
  },
}
