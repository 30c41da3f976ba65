import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TopicInfo } from '../network/cluster.ts'
import { BuiltInPartitioner } from './built-in-partitioner.ts'

function topic(...leaders: number[]): TopicInfo {
  return {
    name: 't',
    id: undefined,
    isInternal: false,
    partitions: leaders.map((leader, partition) => ({ topic: 't', partition, leader, leaderEpoch: 0, replicas: [], inSyncReplicas: [] })),
  }
}

/** Draws 0, 1, 2, ... of `cycle` in turn, as Java's mock random does. */
function counting(cycle: number): () => number {
  let next = 0
  return () => ((next++ % cycle) + 0.5) / cycle
}

test('built-in partitioner - PT-1 sticks until the size is reached, then moves on', () => {
  const info = topic(0, 1, 2)
  const partitioner = new BuiltInPartitioner('t', 3, counting(3))
  const first = partitioner.current(info)
  partitioner.update(first, 1, info, true)
  partitioner.update(first, 1, info, true)
  assert.equal(partitioner.current(info), first)
  partitioner.update(first, 1, info, true)
  assert.notEqual(partitioner.current(info).partition, first.partition)
})

test('built-in partitioner - PT-1 a topic of one partition always gives 0', () => {
  const info = topic(0)
  const partitioner = new BuiltInPartitioner('t', 3)
  for (let i = 0; i < 10; i++) {
    const sticky = partitioner.current(info)
    assert.equal(sticky.partition, 0)
    partitioner.update(sticky, 3, info, true)
    assert.notEqual(partitioner.current(info), sticky)
  }
})

test('built-in partitioner - waits for a batch boundary, at the latest twice the size', () => {
  const info = topic(0, 1)
  const partitioner = new BuiltInPartitioner('t', 100, counting(2))
  const first = partitioner.current(info)
  partitioner.update(first, 199, info, false)
  assert.equal(partitioner.current(info), first)
  partitioner.update(first, 1, info, false)
  assert.notEqual(partitioner.current(info), first)
})

test('built-in partitioner - a partition without leader is left out while another has one', () => {
  const info = topic(-1, 1, -1)
  const partitioner = new BuiltInPartitioner('t', 1)
  for (let i = 0; i < 20; i++) {
    const sticky = partitioner.current(info)
    assert.equal(sticky.partition, 1)
    partitioner.update(sticky, 1, info, true)
  }
})

test('built-in partitioner - with no leader anywhere all partitions are drawn', () => {
  const info = topic(-1, -1)
  const partitioner = new BuiltInPartitioner('t', 1, counting(2))
  assert.deepEqual(draw(partitioner, info, 2, 4), [2, 2])
})

test('built-in partitioner - PT-3 the shorter the queue the more often it is drawn, exactly', () => {
  const info = topic(0, 1, 2, 3, 4)
  const partitioner = new BuiltInPartitioner('t', 1, counting(21))
  partitioner.updateLoad([5, 0, 3, 0, 1], [0, 1, 2, 3, 4], 5)
  assert.deepEqual(draw(partitioner, info, 5, 42), [2, 12, 6, 12, 10])
})

test('built-in partitioner - equal queues are drawn uniformly unless a partition is excluded', () => {
  const info = topic(0, 1, 2)
  const equal = new BuiltInPartitioner('t', 1, counting(3))
  equal.updateLoad([4, 4, 4], [0, 1, 2], 3)
  assert.deepEqual(draw(equal, info, 3, 6), [2, 2, 2])
  const excluded = new BuiltInPartitioner('t', 1, counting(2))
  excluded.updateLoad([4, 4], [0, 2], 3)
  assert.deepEqual(draw(excluded, info, 3, 6), [3, 0, 3])
})

test('built-in partitioner - PT-4 a batch size below 1 is refused', () => {
  assert.throws(() => new BuiltInPartitioner('t', 0), { code: 'INVALID_ARGUMENT' })
  assert.doesNotThrow(() => new BuiltInPartitioner('t', 1))
})

function draw(partitioner: BuiltInPartitioner, info: TopicInfo, partitions: number, times: number): number[] {
  const counts = new Array<number>(partitions).fill(0)
  for (let i = 0; i < times; i++) {
    const sticky = partitioner.current(info)
    counts[sticky.partition]!++
    partitioner.update(sticky, 1, info, true)
  }
  return counts
}
