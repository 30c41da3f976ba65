import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import { until } from '../network/testing/until.ts'
import type { TopicPartitionOffset } from '../record/topic-partition.ts'
import { commitResponse, ScriptedCluster } from './testing/scripted-cluster.ts'

const offsets = [{ topic: 't', partition: 0, offset: 5 }]

async function joined(options: object = {}) {
  const cluster = new ScriptedCluster()
  const committed: (readonly TopicPartitionOffset[])[] = []
  let closed = 0
  const consumer = cluster.consumer({ enableAutoCommit: false, ...options }, [
    { name: 'watch', onCommit: (given) => void committed.push(given), close: () => void closed++ },
  ])
  consumer.subscribe(['t'])
  while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 20 })
  return { cluster, consumer, committed, closedCount: () => closed }
}

/** The first commit gets this error, later ones succeed. */
function failOnce(cluster: ScriptedCluster, code: number): void {
  let count = 0
  cluster.answers.OffsetCommit = ({ message }) => commitResponse(message, count++ === 0 ? code : 0)
}

const healing = [
  'COORDINATOR_LOAD_IN_PROGRESS',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'REQUEST_TIMED_OUT',
] as const
for (const name of healing) {
  test(`commit - ${name} is retried until it succeeds, and onCommit is told once`, async () => {
    const { cluster, consumer, committed } = await joined()
    failOnce(cluster, errorCodes[name])
    await consumer.commit(offsets)
    assert.deepEqual(committed, [offsets])
    assert.equal(cluster.requests('OffsetCommit').length, 2)
    const looksAgain = name !== 'COORDINATOR_LOAD_IN_PROGRESS' && name !== 'UNKNOWN_TOPIC_OR_PARTITION'
    assert.equal(cluster.requests('FindCoordinator').length, looksAgain ? 2 : 1)
    await consumer.close()
  })
}

const final = {
  GROUP_AUTHORIZATION_FAILED: 'GROUP_AUTHORIZATION_FAILED',
  TOPIC_AUTHORIZATION_FAILED: 'TOPIC_AUTHORIZATION_FAILED',
  OFFSET_METADATA_TOO_LARGE: 'OFFSET_METADATA_TOO_LARGE',
  INVALID_COMMIT_OFFSET_SIZE: 'INVALID_COMMIT_OFFSET_SIZE',
  FENCED_INSTANCE_ID: 'FENCED_INSTANCE_ID',
  UNKNOWN_MEMBER_ID: 'COMMIT_FAILED',
  ILLEGAL_GENERATION: 'COMMIT_FAILED',
  REBALANCE_IN_PROGRESS: 'REBALANCE_IN_PROGRESS',
} as const
for (const [name, code] of Object.entries(final)) {
  test(`commit - ${name} rejects with ${code}, and onCommit is not called`, async () => {
    const { cluster, consumer, committed } = await joined()
    failOnce(cluster, errorCodes[name as keyof typeof final])
    await assert.rejects(consumer.commit(offsets), { code })
    assert.deepEqual(committed, [])
    assert.equal(cluster.requests('OffsetCommit').length, 1)
    const isOut = name === 'UNKNOWN_MEMBER_ID' || name === 'ILLEGAL_GENERATION'
    if (isOut) await assert.rejects(consumer.commit(offsets), { code: 'COMMIT_FAILED' })
    if (isOut || name === 'REBALANCE_IN_PROGRESS') {
      const joins = cluster.requests('JoinGroup').length
      while (cluster.requests('JoinGroup').length === joins) await consumer.poll({ timeoutMs: 10 })
    }
    await consumer.close()
  })
}

test('commit - a lost connection is retried, and time that runs out is TIMEOUT', async () => {
  const { cluster, consumer } = await joined()
  let count = 0
  cluster.answers.OffsetCommit = (request) => {
    if (count++ > 0) return commitResponse(request.message, 0)
    queueMicrotask(() => request.fail('NETWORK'))
    return undefined
  }
  await consumer.commit(offsets)
  cluster.answers.OffsetCommit = ({ message }) => commitResponse(message, errorCodes.COORDINATOR_LOAD_IN_PROGRESS)
  await assert.rejects(consumer.commit(offsets, { timeoutMs: 20 }), (error: any) => {
    assert.deepEqual([error.code, error.cause.code], ['TIMEOUT', 'COORDINATOR_LOAD_IN_PROGRESS'])
    return true
  })
  await consumer.close()
})

test('commit - calls go out one after the other, so that a retried one does not overtake', async () => {
  const { cluster, consumer, committed } = await joined()
  failOnce(cluster, errorCodes.COORDINATOR_LOAD_IN_PROGRESS)
  const later = [{ ...offsets[0]!, offset: 6 }]
  await Promise.all([consumer.commit(offsets), consumer.commit(later)])
  assert.deepEqual(committed, [offsets, later])
  const sent = cluster.requests('OffsetCommit').map(({ message }) => message.topics[0].partitions[0].committedOffset)
  assert.deepEqual(sent, [5, 5, 6])
  await consumer.close()
})

test('commit - one that nobody waits for fails without harm', async () => {
  const { cluster, consumer } = await joined()
  failOnce(cluster, errorCodes.GROUP_AUTHORIZATION_FAILED)
  void consumer.commit(offsets)
  await until(() => cluster.requests('OffsetCommit').length === 1)
  await consumer.commit(offsets)
  await consumer.close()
})

test('commit - nothing to commit: no request, and onCommit is not called', async () => {
  const { cluster, consumer, committed } = await joined()
  await consumer.commit([])
  assert.equal(cluster.requests('OffsetCommit').length, 0)
  assert.deepEqual(committed, [])
  await consumer.close()
})

test('commit - without a group, or with an offset that cannot be, it is refused', async () => {
  const cluster = new ScriptedCluster()
  const alone = cluster.consumer({ groupId: undefined })
  await assert.rejects(alone.commit(offsets), { code: 'INVALID_GROUP_ID' })
  await alone.close()
  const { consumer } = await joined()
  await assert.rejects(consumer.commit([{ ...offsets[0]!, offset: -1 }]), { code: 'INVALID_ARGUMENT' })
  await consumer.close()
})

test('commit - with assigned partitions it is outside of any generation', async () => {
  const cluster = new ScriptedCluster()
  const consumer = cluster.consumer({ enableAutoCommit: false })
  consumer.assign([{ topic: 't', partition: 0 }])
  await consumer.commit(offsets)
  const { generationIdOrMemberEpoch, memberId } = cluster.requests('OffsetCommit')[0]!.message
  assert.deepEqual([generationIdOrMemberEpoch, memberId], [-1, ''])
  await consumer.close()
})

test('auto-commit - on its interval with the positions; a failed one is not told (KC-9, KC-10)', async () => {
  const { cluster, consumer, committed } = await joined({ enableAutoCommit: true, autoCommitIntervalMs: 5 })
  cluster.answers.OffsetCommit = ({ message }) => commitResponse(message, errorCodes.OFFSET_METADATA_TOO_LARGE)
  committed.length = 0
  cluster.feed(0, ['a', 'b'], 0)
  const before = cluster.requests('OffsetCommit').length
  while (cluster.requests('OffsetCommit').length < before + 2) await consumer.poll({ timeoutMs: 10 })
  assert.equal(committed.length, 0)
  cluster.answers.OffsetCommit = ({ message }) => commitResponse(message, 0)
  while (committed.at(-1)?.[0]?.offset !== 2) await consumer.poll({ timeoutMs: 10 })
  await consumer.close()
})

test('commit - close waits for a commit that nobody waited for', async () => {
  const cluster = new ScriptedCluster()
  const events: string[] = []
  const consumer = cluster.consumer({ enableAutoCommit: false }, [
    { name: 'watch', onCommit: () => void events.push('onCommit'), close: () => void events.push('close') },
  ])
  consumer.assign([{ topic: 't', partition: 0 }])
  const committing = consumer.commit(offsets).then(() => events.push('committed'))
  await Promise.all([consumer.close(), committing])
  assert.deepEqual(events, ['onCommit', 'committed', 'close'])
})

test('auto-commit - close commits, tells the interceptor, leaves, and only then closes it (KC-4)', async () => {
  const cluster = new ScriptedCluster()
  const events: string[] = []
  const consumer = cluster.consumer({}, [
    {
      name: 'watch',
      onCommit: () => void events.push('onCommit'),
      close: () => void events.push(`close after ${cluster.requests('LeaveGroup').length} LeaveGroup`),
    },
  ])
  consumer.subscribe(['t'], { onPartitionsRevoked: () => void events.push('revoked') })
  cluster.feed(0, ['a'], 0)
  while ((await consumer.poll({ timeoutMs: 20 })).count === 0);
  events.length = 0
  await Promise.all([consumer.close(), consumer.close()])
  assert.deepEqual(events, ['onCommit', 'revoked', 'close after 1 LeaveGroup'])
  assert.equal(cluster.client.isClosed, true)
})
