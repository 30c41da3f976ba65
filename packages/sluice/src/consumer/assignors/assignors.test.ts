import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TopicPartition } from '../../record/topic-partition.ts'
import { partitionCounts } from '../coordinator/leader-assignment.ts'
import type { GroupAssignment, GroupMember, PartitionAssignor } from './assignor.ts'
import { assignors } from './assignors.ts'

const { range, roundrobin, 'cooperative-sticky': cooperativeSticky } = assignors

function member(memberId: string, topics: readonly string[], more: Partial<GroupMember> = {}): GroupMember {
  return { memberId, groupInstanceId: null, topics, ownedPartitions: [], generationId: -1, rackId: null, userData: null, ...more }
}

function assigned(assignor: PartitionAssignor, counts: Record<string, number>, members: readonly GroupMember[]): Record<string, string> {
  const assignment = assignor.assign(new Map(Object.entries(counts)), members)
  return Object.fromEntries([...assignment].map(([memberId, partitions]) => [memberId, names(partitions).join(' ')]))
}

const names = (partitions: readonly TopicPartition[]): string[] => partitions.map(({ topic, partition }) => `${topic}${partition}`)
const partitions = (text: string): TopicPartition[] =>
  text === '' ? [] : text.split(' ').map((name) => ({ topic: name[0]!, partition: Number(name.slice(1)) }))

// The rows of Java's RangeAssignorTest and RoundRobinAssignorTest.
const rangeRows: [string, Record<string, number>, GroupMember[], Record<string, string>][] = [
  ['one consumer, no topic', {}, [member('c1', [])], { c1: '' }],
  ['one consumer, a topic that does not exist', {}, [member('c1', ['t'])], { c1: '' }],
  ['one consumer, one topic', { a: 3 }, [member('c1', ['a'])], { c1: 'a0 a1 a2' }],
  ['only topics that are subscribed to', { a: 3, b: 3 }, [member('c1', ['a'])], { c1: 'a0 a1 a2' }],
  ['two consumers, one partition', { a: 1 }, [member('c1', ['a']), member('c2', ['a'])], { c1: 'a0', c2: '' }],
  ['two consumers, two partitions', { a: 2 }, [member('c1', ['a']), member('c2', ['a'])], { c1: 'a0', c2: 'a1' }],
  [
    'three consumers, mixed topics',
    { a: 3, b: 2 },
    [member('c1', ['a']), member('c2', ['a', 'b']), member('c3', ['a'])],
    { c1: 'a0', c2: 'a1 b0 b1', c3: 'a2' },
  ],
  [
    'two consumers, two topics of three: the first one has the odd partition of both',
    { a: 3, b: 3 },
    [member('c1', ['a', 'b']), member('c2', ['a', 'b'])],
    { c1: 'a0 a1 b0 b1', c2: 'a2 b2' },
  ],
  [
    'static members come first, by instance id',
    { a: 3 },
    [member('c0', ['a']), member('c9', ['a'], { groupInstanceId: 'i2' }), member('c5', ['a'], { groupInstanceId: 'i1' })],
    { c5: 'a0', c9: 'a1', c0: 'a2' },
  ],
]
for (const [what, counts, members, expected] of rangeRows) {
  test(`range - ${what}`, () => assert.deepEqual(assigned(range, counts, members), expected))
}

test('roundrobin - partitions of all topics are dealt in turn', () => {
  assert.deepEqual(assigned(roundrobin, { a: 3, b: 3 }, [member('c1', ['a', 'b']), member('c2', ['a', 'b'])]), {
    c1: 'a0 a2 b1',
    c2: 'a1 b0 b2',
  })
  assert.deepEqual(assigned(roundrobin, { a: 3, b: 2 }, [member('c1', ['a']), member('c2', ['a', 'b']), member('c3', ['a'])]), {
    c1: 'a0',
    c2: 'a1 b0 b1',
    c3: 'a2',
  })
})

test('cooperative-sticky - a new member takes over in two steps', () => {
  const owner = member('c1', ['a'], { ownedPartitions: partitions('a0 a1 a2 a3'), generationId: 1 })
  const first = assigned(cooperativeSticky, { a: 4 }, [owner, member('c2', ['a'])])
  assert.deepEqual(first, { c1: 'a0 a1', c2: '' })
  const second = assigned(cooperativeSticky, { a: 4 }, [
    { ...owner, ownedPartitions: partitions(first.c1!), generationId: 2 },
    member('c2', ['a'], { generationId: 2 }),
  ])
  assert.deepEqual(second, { c1: 'a0 a1', c2: 'a2 a3' })
})

test('cooperative-sticky - of two members that claim the same, the one of the newer generation has it', () => {
  const stale = member('c1', ['a'], { ownedPartitions: partitions('a0 a1'), generationId: 3 })
  const current = member('c2', ['a'], { ownedPartitions: partitions('a0 a1'), generationId: 4 })
  const { c2 } = assigned(cooperativeSticky, { a: 2 }, [stale, current])
  assert.equal(c2!.split(' ').length, 1)
})

test('cooperative-sticky - the generation is read from user data when a subscription has none', () => {
  const userData = cooperativeSticky.userData!([], 7)!
  const newer = member('c1', ['a'], { ownedPartitions: partitions('a0'), userData })
  const older = member('c2', ['a'], { ownedPartitions: partitions('a0'), generationId: 6 })
  assert.deepEqual(assigned(cooperativeSticky, { a: 1 }, [older, newer]), { c1: 'a0', c2: '' })
})

const groups = fc
  .record({
    counts: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 }),
    members: fc.array(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 8 }),
    same: fc.boolean(),
    changes: fc.array(fc.record({ leaves: fc.nat(7), joins: fc.nat(2) }), { maxLength: 4 }),
  })
  .map(({ counts, members, same, changes }) => {
    const topics = counts.map((_, index) => 'abcd'[index]!)
    const all = new Map(topics.map((topic, index) => [topic, counts[index]!]))
    const subscribe = (flags: readonly boolean[]) => (same ? topics : topics.filter((_, index) => flags[index]))
    return { counts: all, members: members.map((flags, index) => member(`m${index}`, subscribe(flags))), same, topics, changes }
  })

/** Rebalances until nobody has to give anything up, as a group does; checks each step. */
function settle(assignor: PartitionAssignor, counts: ReadonlyMap<string, number>, members: readonly GroupMember[]): readonly GroupMember[] {
  let current = members
  for (let generation = 1; generation < 10; generation++) {
    const assignment = assignor.assign(counts, current)
    check(counts, current, assignment)
    const next = current.map((one) => ({ ...one, ownedPartitions: assignment.get(one.memberId) ?? [], generationId: one.generationId + 1 }))
    const isSettled = next.every(
      ({ ownedPartitions }, index) => names(ownedPartitions).join() === names(current[index]!.ownedPartitions).join(),
    )
    current = next
    if (isSettled) return current
  }
  return assert.fail('the group does not settle')
}

/** Nobody has what another has, has had and keeps, or has not subscribed to. */
function check(counts: ReadonlyMap<string, number>, members: readonly GroupMember[], assignment: GroupAssignment): void {
  const owner = new Map<string, string>()
  for (const { memberId, ownedPartitions } of members) for (const name of names(ownedPartitions)) owner.set(name, memberId)
  const taken = new Set<string>()
  for (const { memberId, topics } of members) {
    for (const partition of assignment.get(memberId) ?? []) {
      const [name] = names([partition])
      assert.ok(!taken.has(name!), `${name} was given twice`)
      taken.add(name!)
      assert.ok(
        topics.includes(partition.topic) && partition.partition < counts.get(partition.topic)!,
        `${name} is nothing for ${memberId}`,
      )
      const before = owner.get(name!)
      assert.ok(before === undefined || before === memberId, `${name} is still with ${before}`)
    }
  }
}

test('cooperative-sticky - any group settles: complete, balanced, nothing taken from an owner', () => {
  fc.assert(
    fc.property(groups, ({ counts, members, topics, changes }) => {
      let current = settle(cooperativeSticky, counts, members)
      for (const [index, { leaves, joins }] of changes.entries()) {
        const staying = current.filter((_, place) => place !== leaves || current.length === 1)
        const joining = Array.from({ length: joins }, (_, n) => member(`n${index}-${n}`, topics))
        current = settle(cooperativeSticky, counts, [...staying, ...joining])
        const wanted = topics.filter((topic) => current.some((one) => one.topics.includes(topic)))
        const given = current.reduce((sum, { ownedPartitions }) => sum + ownedPartitions.length, 0)
        assert.equal(
          given,
          wanted.reduce((sum, topic) => sum + counts.get(topic)!, 0),
        )
        for (const rich of current) {
          for (const poor of current) {
            if (rich.ownedPartitions.length <= poor.ownedPartitions.length + 1) continue
            assert.ok(
              !rich.ownedPartitions.some(({ topic }) => poor.topics.includes(topic)),
              `${rich.memberId} could give to ${poor.memberId}`,
            )
          }
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('cooperative-sticky - with equal subscriptions no member loses more than balance demands', () => {
  fc.assert(
    fc.property(groups, fc.integer({ min: 1, max: 3 }), ({ counts, members, topics }, joins) => {
      const equal = members.map((one) => ({ ...one, topics }))
      const before = settle(cooperativeSticky, counts, equal)
      const joining = Array.from({ length: joins }, (_, n) => member(`z${n}`, topics))
      const after = settle(cooperativeSticky, counts, [...before, ...joining])
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
      const least = Math.floor(total / after.length)
      for (const [index, { ownedPartitions }] of before.entries()) {
        const kept = new Set(names(after[index]!.ownedPartitions))
        const lost = names(ownedPartitions).filter((name) => !kept.has(name)).length
        assert.ok(
          lost <= Math.max(0, ownedPartitions.length - least),
          `lost ${lost} of ${ownedPartitions.length}, and ${least} is the least`,
        )
      }
    }),
    { numRuns: 200 },
  )
})

test('assignors - the order of members and topics does not matter', () => {
  fc.assert(
    fc.property(groups, ({ counts, members }) => {
      for (const assignor of [range, roundrobin, cooperativeSticky]) {
        const one = assignor.assign(counts, members)
        const other = assignor.assign(new Map([...counts].reverse()), [...members].reverse())
        for (const { memberId } of members) assert.deepEqual(names(one.get(memberId)!), names(other.get(memberId)!))
      }
    }),
    { numRuns: 100 },
  )
})

test('leader assignment - a topic that does not exist is left out of what the assignor sees', () => {
  const cluster = { topics: new Map([['a', { partitions: [{}, {}] }]]) } as unknown as Parameters<typeof partitionCounts>[0]
  assert.deepEqual([...partitionCounts(cluster, ['a', 'b'])], [['a', 2]])
})
