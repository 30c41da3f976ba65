import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetadataResponse } from '@sluice/protocol/messages/metadata'
import { KafkaError } from '../errors.ts'
import { Metadata, type MetadataOptions } from './metadata.ts'
import { ManualClock } from './testing/manual-clock.ts'

type Partition = { leader?: number; epoch?: number; error?: number }
type Topic = Partition[] | { error: number } | { id: string; partitions: Partition[] }

function response(topics: Record<string, Topic>, nodes: readonly number[] = [1, 2]): MetadataResponse {
  return {
    throttleTimeMs: 0,
    clusterId: 'c',
    controllerId: 1,
    errorCode: 0,
    clusterAuthorizedOperations: 0,
    brokers: nodes.map((nodeId) => ({ nodeId, host: `node${nodeId}`, port: 9092, rack: null })),
    topics: Object.entries(topics).map(([name, topic]) => {
      const partitions = Array.isArray(topic) ? topic : 'partitions' in topic ? topic.partitions : []
      return {
        name,
        errorCode: 'error' in topic ? topic.error : 0,
        topicId: 'id' in topic ? topic.id : 'AAAAAAAAAAAAAAAAAAAAAA',
        isInternal: name.startsWith('__'),
        topicAuthorizedOperations: 0,
        partitions: partitions.map((partition, partitionIndex) => ({
          errorCode: partition.error ?? 0,
          partitionIndex,
          leaderId: partition.leader ?? 1,
          leaderEpoch: partition.epoch ?? 1,
          replicaNodes: [1, 2],
          isrNodes: [1],
          offlineReplicas: [],
        })),
      }
    }),
  }
}

function setUp(options: Partial<MetadataOptions> = {}) {
  const clock = new ManualClock()
  const metadata = new Metadata({
    metadataMaxAgeMs: 1000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1000,
    clock,
    random: () => 0.5,
    ...options,
  })
  metadata.bootstrap([{ id: -1, host: 'boot', port: 9092, rack: null }])
  const update = (topics: Record<string, Topic>, nodes?: number[]) => metadata.update(metadata.nextQuery(), response(topics, nodes))
  return { clock, metadata, update }
}

test('metadata - an update is due at once, then after backoff when asked for, then on expiry (MD-1)', () => {
  const { clock, metadata, update } = setUp()
  metadata.add('t')
  assert.equal(metadata.timeToNextUpdate(), 0)
  update({ t: [{}] })
  metadata.requestUpdate()
  assert.ok(metadata.timeToNextUpdate() > 0)
  assert.ok(metadata.timeToNextUpdate() <= 120)
  clock.advance(120)
  assert.equal(metadata.timeToNextUpdate(), 0)
  update({ t: [{}] })
  assert.ok(metadata.timeToNextUpdate() > 900)
  clock.advance(1000)
  assert.equal(metadata.timeToNextUpdate(), 0)
})

test('metadata - all who wait are released by the update that fulfils them (MD-1)', async () => {
  const { metadata, update } = setUp()
  metadata.add('t')
  const before = metadata.version
  const waits = [metadata.awaitUpdate(before, 5000), metadata.awaitUpdate((cluster) => cluster.topics.has('t'), 5000)]
  update({ t: [{ leader: 2 }] })
  await Promise.all(waits)
  assert.equal(metadata.cluster.topics.get('t')!.partitions[0]!.leader, 2)
  assert.equal(metadata.version, before + 1)
})

test('metadata - waiting after close is refused, and close ends all waiting (MD-2)', async () => {
  const { metadata } = setUp()
  const waiting = metadata.awaitUpdate(metadata.version, 5000)
  metadata.close()
  await assert.rejects(waiting, { code: 'CLOSED' })
  await assert.rejects(metadata.awaitUpdate(metadata.version, 5000), { code: 'CLOSED', message: /after close/ })
})

test('metadata - responses that say nothing new double the wait (MD-3)', () => {
  const { clock, metadata, update } = setUp({ metadataMaxAgeMs: 100_000 })
  metadata.add('t')
  const waits: number[] = []
  for (let i = 0; i < 4; i++) {
    update({ t: [{}] })
    metadata.requestUpdate()
    waits.push(metadata.timeToNextUpdate())
    clock.advance(waits.at(-1)!)
  }
  assert.deepEqual(waits, [100, 100, 200, 400])
  update({ t: [{ epoch: 2 }] })
  metadata.requestUpdate()
  assert.equal(metadata.timeToNextUpdate(), 100)
})

test('metadata - failed attempts double the wait up to the maximum', () => {
  const { metadata } = setUp()
  const waits = [1, 2, 3, 4, 5, 6].map(() => {
    metadata.failedUpdate()
    return metadata.timeToNextUpdate()
  })
  assert.deepEqual(waits, [100, 200, 400, 800, 1000, 1000])
})

test('metadata - waiting no time times out at once, waiting some time then (MD-4)', async () => {
  const { clock, metadata } = setUp()
  await assert.rejects(metadata.awaitUpdate(metadata.version, 0), { code: 'TIMEOUT', retriable: true })
  const waiting = metadata.awaitUpdate(metadata.version, 2000)
  clock.advance(2000)
  await assert.rejects(waiting, { code: 'TIMEOUT', message: /2000 ms/ })
  assert.equal(clock.timers, 0)
})

test('metadata - an AbortSignal ends the wait and leaves nothing behind', async () => {
  const { clock, metadata } = setUp()
  const controller = new AbortController()
  const waiting = metadata.awaitUpdate(metadata.version, 2000, controller.signal)
  controller.abort(new Error('enough'))
  await assert.rejects(waiting, (error: any) => error.code === 'ABORTED' && error.cause.message === 'enough')
  assert.equal(clock.timers, 0)
})

test('metadata - a new topic is due at once in spite of backoff, a known one waits for expiry (MD-5)', () => {
  const { clock, metadata, update } = setUp()
  metadata.add('t')
  update({ t: [{}] })
  assert.equal(metadata.timeToNextUpdate(), 1000)
  metadata.add('t')
  assert.equal(metadata.timeToNextUpdate(), 1000)
  metadata.add('u')
  assert.equal(metadata.timeToNextUpdate(), 0)
  clock.advance(1)
  metadata.failedUpdate()
  assert.ok(metadata.timeToNextUpdate() > 0)
  metadata.add('v')
  assert.equal(metadata.timeToNextUpdate(), 0)
})

test('metadata - a topic that is not used leaves, one that is used or was never answered stays (MD-6)', () => {
  const { clock, metadata, update } = setUp({ metadataMaxIdleMs: 60_000 })
  metadata.add('unused')
  metadata.add('used')
  update({ unused: [{}], used: [{}] })
  metadata.add('unanswered')
  clock.advance(30_000)
  metadata.add('used')
  clock.advance(30_000)
  assert.deepEqual(metadata.nextQuery().topics, ['used', 'unanswered'])
  clock.advance(60_000)
  assert.deepEqual(metadata.nextQuery().topics, ['unanswered'])
  update({ unanswered: [{}] })
  assert.deepEqual([...metadata.cluster.topics.keys()], ['unanswered'])
})

test('metadata - an authentication error reaches who waits, or the next who does, once (MD-7)', async () => {
  const { metadata } = setUp()
  const error = new KafkaError('AUTHENTICATION', 'refused')
  const waiting = metadata.awaitUpdate(metadata.version, 5000)
  metadata.fatalError(error)
  await assert.rejects(waiting, error)
  metadata.fatalError(error)
  await assert.rejects(metadata.awaitUpdate(metadata.version, 5000), error)
  await assert.rejects(metadata.awaitUpdate(metadata.version, 0), { code: 'TIMEOUT' })
})

test('metadata - new topics are asked for alone, and the answer is merged (MD-8)', () => {
  const { metadata, update } = setUp()
  metadata.add('a')
  update({ a: [{}] })
  metadata.add('b')
  metadata.add('c')
  const query = metadata.nextQuery()
  assert.deepEqual(query.topics, ['b', 'c'])
  assert.equal(query.partial, true)
  metadata.update(query, response({ b: [{}] }))
  assert.deepEqual([...metadata.cluster.topics.keys()], ['a', 'b'])
  assert.deepEqual(metadata.nextQuery().topics, ['c'])
})

test('metadata - a topic added while a partial request is on its way is still due after the answer (MD-8)', () => {
  const { metadata, update } = setUp()
  metadata.add('a')
  update({ a: [{}] })
  metadata.add('b')
  const query = metadata.nextQuery()
  metadata.add('c')
  metadata.update(query, response({ b: [{}] }))
  assert.equal(metadata.timeToNextUpdate(), 0)
  assert.deepEqual(metadata.nextQuery().topics, ['c'])
})

test('metadata - a request for a known topic is a whole one, which a partial answer does not fulfil (MD-8)', () => {
  const { metadata, update } = setUp()
  metadata.add('a')
  update({ a: [{}] })
  metadata.add('b')
  const partial = metadata.nextQuery()
  metadata.requestUpdateForTopic('a')
  metadata.update(partial, response({ b: [{}] }))
  assert.equal(metadata.updateRequested, true)
  const query = metadata.nextQuery()
  assert.equal(query.partial, false)
  assert.deepEqual(query.topics, ['a', 'b'])
})

test('metadata - an older leader epoch never replaces a newer one, unless the topic is another one', () => {
  const { metadata, update } = setUp()
  metadata.add('t')
  const leader = () => metadata.cluster.topics.get('t')!.partitions[0]!.leader
  update({ t: { id: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [{ leader: 2, epoch: 5 }] } })
  update({ t: { id: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [{ leader: 1, epoch: 4 }] } })
  assert.equal(leader(), 2)
  update({ t: { id: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [{ leader: 1, epoch: -1 }] } })
  assert.equal(leader(), 1)
  update({ t: { id: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [{ leader: 2, epoch: 5 }] } })
  update({ t: { id: 'AAAAAAAAAAAAAAAAAAAAAg', partitions: [{ leader: 1, epoch: 0 }] } })
  assert.equal(leader(), 1)
  assert.equal(metadata.cluster.topicNamesById.get('AAAAAAAAAAAAAAAAAAAAAg'), 't')
})

test('metadata - a leader hint counts when its epoch is newer and its node is known or given (KIP-951)', () => {
  const { metadata, update } = setUp()
  metadata.add('t')
  update({
    t: [
      { leader: 1, epoch: 5 },
      { leader: 1, epoch: 5 },
    ],
  })
  let changes = 0
  metadata.onUpdate(() => changes++)
  const node3 = { id: 3, host: 'node3', port: 9092, rack: null }
  assert.equal(metadata.updateLeader('t', 0, 2, 5, []), false)
  assert.equal(metadata.updateLeader('t', 0, 3, 6, []), false)
  assert.equal(metadata.updateLeader('unknown', 0, 3, 6, [node3]), false)
  assert.equal(metadata.updateLeader('t', 0, 3, 6, [node3]), true)
  assert.equal(changes, 1)
  assert.deepEqual(
    metadata.cluster.topics.get('t')!.partitions.map((partition) => [partition.leader, partition.leaderEpoch]),
    [
      [3, 6],
      [1, 5],
    ],
  )
  assert.equal(metadata.cluster.nodes.get(3), node3)
  update(
    {
      t: [
        { leader: 1, epoch: 5 },
        { leader: 2, epoch: 6 },
      ],
    },
    [1, 2, 3],
  )
  assert.deepEqual(
    metadata.cluster.topics.get('t')!.partitions.map((partition) => partition.leader),
    [3, 2],
  )
})

test('metadata - final topic errors are kept with the topic, passing ones ask again', () => {
  const { metadata, update } = setUp()
  for (const topic of ['invalid', 'secret', 'missing', 'electing', 'leaderless']) metadata.add(topic)
  update({
    invalid: { error: 17 },
    secret: { error: 29 },
    missing: { error: 3 },
    electing: { error: 5 },
    leaderless: [{ leader: -1, error: 5 }],
  })
  const { topicErrors, topics } = metadata.cluster
  assert.deepEqual([...topicErrors.keys()], ['invalid', 'secret'])
  assert.equal(topicErrors.get('invalid')!.code, 'INVALID_TOPIC_EXCEPTION')
  assert.equal(topicErrors.get('secret')!.code, 'TOPIC_AUTHORIZATION_FAILED')
  assert.equal(topicErrors.get('secret')!.topic, 'secret')
  assert.equal(topics.get('leaderless')!.partitions[0]!.leader, -1)
  assert.equal(metadata.updateRequested, true)
  update({ invalid: { error: 17 }, secret: [{}], missing: [{}], electing: [{}], leaderless: [{}] })
  assert.deepEqual([...metadata.cluster.topicErrors.keys()], ['invalid'])
  assert.equal(metadata.updateRequested, false)
})

test('metadata - a leader that is not among the brokers counts as none', () => {
  const { metadata, update } = setUp()
  metadata.add('t')
  update({ t: [{ leader: 9 }] })
  assert.equal(metadata.cluster.topics.get('t')!.partitions[0]!.leader, -1)
})

test('metadata - partitions come in order of their number, whatever the broker does', () => {
  const { metadata } = setUp()
  metadata.add('t')
  const shuffled = response({ t: [{ leader: 1 }, { leader: 2 }, { leader: 1 }] })
  metadata.update(metadata.nextQuery(), {
    ...shuffled,
    topics: [{ ...shuffled.topics[0]!, partitions: shuffled.topics[0]!.partitions.toReversed() }],
  })
  assert.deepEqual(
    metadata.cluster.topics.get('t')!.partitions.map((partition) => [partition.partition, partition.leader]),
    [
      [0, 1],
      [1, 2],
      [2, 1],
    ],
  )
})

test('metadata - a consumer has exactly the topics it set, or those its filter accepts', () => {
  const { metadata, update } = setUp()
  metadata.setTopics(['a', 'b'])
  update({ a: [{}], b: [{}], c: [{}] })
  assert.deepEqual([...metadata.cluster.topics.keys()], ['a', 'b'])
  metadata.setTopics(['b', 'c'])
  assert.equal(metadata.timeToNextUpdate(), 0)
  update({ c: [{}] })
  assert.deepEqual([...metadata.cluster.topics.keys()], ['b', 'c'])
  metadata.setTopics([])
  metadata.setTopicFilter((topic, isInternal) => topic !== 'c' && !isInternal)
  assert.equal(metadata.nextQuery().topics, null)
  update({ a: [{}], b: [{}], c: [{}], __offsets: [{}] })
  assert.deepEqual([...metadata.cluster.topics.keys()], ['a', 'b'])
})

test('metadata - a listener that throws stops neither the others nor the update', () => {
  const errors: string[] = []
  const { metadata, update } = setUp({ logger: { debug() {}, info() {}, warn() {}, error: (message) => errors.push(message) } })
  let calls = 0
  metadata.onUpdate(() => {
    throw new Error('listener')
  })
  const stop = metadata.onUpdate(() => calls++)
  update({})
  stop()
  update({})
  assert.equal(calls, 1)
  assert.equal(errors.length, 2)
})
