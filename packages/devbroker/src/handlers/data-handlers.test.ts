import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BatchOptions, encodeBatch, errorCodes, forEachRecord, readBatchHeader, verifyBatchCrc } from '@sluice/protocol'
import { deleteRecordsApi } from '@sluice/protocol/messages/delete-records'
import { type FetchResponse, fetchApi } from '@sluice/protocol/messages/fetch'
import { initProducerIdApi } from '@sluice/protocol/messages/init-producer-id'
import { listOffsetsApi } from '@sluice/protocol/messages/list-offsets'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { offsetForLeaderEpochApi } from '@sluice/protocol/messages/offset-for-leader-epoch'
import { type PartitionProduceResponse, produceApi } from '@sluice/protocol/messages/produce'
import { DevBroker } from '../dev-broker.ts'
import type { DevBrokerOptions } from '../options.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { WireClient } from '../testing/wire-client.ts'
import type { DevBrokerNode, DevBrokerPartition } from '../views.ts'

const ZERO_ID = 'A'.repeat(22)
const TOPIC = 'orders'
const log = { debug() {}, info() {}, warn() {}, error() {} }

async function start(options: DevBrokerOptions = {}): Promise<DevBroker> {
  return DevBroker.start({ topics: { [TOPIC]: 2 }, log, ...options })
}

function connect({ host, port }: DevBrokerNode): Promise<WireClient> {
  return WireClient.connect(host, port)
}

function batch(values: readonly string[], options: BatchOptions = {}): Buffer {
  return encodeBatch(
    values.map((value) => ({ value })),
    { timestamp: 1000, ...options },
  )
}

interface ProduceOptions {
  readonly version?: number
  readonly acks?: number
  readonly partition?: number
}

async function produce(
  client: WireClient,
  records: Buffer,
  { version = 11, acks = -1, partition = 0 }: ProduceOptions = {},
): Promise<PartitionProduceResponse> {
  const topicData = [{ name: TOPIC, partitionData: [{ index: partition, records }] }]
  const response = await client.send(produceApi, version, { acks, timeoutMs: 1000, topicData })
  return response.responses[0]!.partitionResponses[0]!
}

interface FetchOptions {
  readonly version?: number
  readonly partitions?: readonly number[]
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly partitionMaxBytes?: number
  readonly currentLeaderEpoch?: number
  readonly topicId?: string
}

function fetchRequest(fetchOffset: number, options: FetchOptions) {
  const {
    partitions = [0],
    maxWaitMs = 0,
    minBytes = 1,
    maxBytes = 1 << 20,
    partitionMaxBytes = 1 << 20,
    topicId,
    currentLeaderEpoch,
  } = options
  const wanted = partitions.map((partition) => ({
    partition,
    fetchOffset,
    partitionMaxBytes,
    currentLeaderEpoch: currentLeaderEpoch ?? -1,
  }))
  return { maxWaitMs, minBytes, maxBytes, topics: [{ topic: TOPIC, topicId: topicId ?? ZERO_ID, partitions: wanted }] }
}

function fetch(client: WireClient, fetchOffset: number, options: FetchOptions = {}): Promise<FetchResponse> {
  return client.send(fetchApi, options.version ?? 12, fetchRequest(fetchOffset, options))
}

function valuesOf(response: FetchResponse): string[] {
  const values: string[] = []
  for (const { records } of response.responses[0]!.partitions) {
    for (let at = 0; at < records!.length; at += readBatchHeader(records!, at).sizeInBytes) {
      forEachRecord(records!, at, (_offset, _timestamp, cursor) => void values.push(cursor.value()!.toString()))
    }
  }
  return values
}

function errorOf(response: FetchResponse): number {
  return response.responses[0]!.partitions[0]!.errorCode
}

/** A node that does not lead the partition. */
function otherNode(broker: DevBroker, { leader }: DevBrokerPartition): DevBrokerNode {
  return broker.nodes.find(({ id }) => id !== leader)!
}

test('produce and fetch - every version carries a batch there and back, byte for byte', async () => {
  await using broker = await start()
  await using client = await connect(broker.node(1))
  for (let version = 3; version <= 11; version++) {
    const answer = await produce(client, batch([`v${version}`]), { version })
    assert.deepEqual([answer.errorCode, answer.baseOffset], [0, version - 3])
  }
  for (let version = 4; version <= 12; version++) {
    assert.deepEqual(valuesOf(await fetch(client, version - 4, { version })).slice(0, 1), [`v${version - 1}`])
  }
  const sent = batch(['bytes'], { compression: 'gzip' })
  const original = Buffer.from(sent)
  await produce(client, sent)
  const fetched = (await fetch(client, 9)).responses[0]!.partitions[0]!
  assert.deepEqual(fetched.records!.subarray(16), original.subarray(16))
  assert.deepEqual([fetched.highWatermark, fetched.lastStableOffset, fetched.logStartOffset], [10, 10, 0])
})

test('fetch - a topic id is served from version 13 on, and one that is unknown has its own error', async () => {
  await using broker = await start()
  await using client = await connect(broker.node(1))
  await produce(client, batch(['x']))
  const { topicId } = (await client.send(metadataApi, 12, { topics: [{ name: TOPIC }] })).topics[0]!
  for (const version of [13, 15, 17]) assert.deepEqual(valuesOf(await fetch(client, 0, { version, topicId })), ['x'])
  const unknown = Buffer.alloc(16, 9).toString('base64url')
  assert.equal(errorOf(await fetch(client, 0, { version: 17, topicId: unknown })), errorCodes.UNKNOWN_TOPIC_ID)
})

test('produce - acks 0 is not answered, and a failure of it closes the connection', async () => {
  await using broker = await start()
  await using client = await connect(broker.node(1))
  const request = (records: Buffer) => ({ acks: 0, timeoutMs: 1000, topicData: [{ name: TOPIC, partitionData: [{ index: 0, records }] }] })
  client.sendOnly(produceApi, 7, request(batch(['quiet'])))
  assert.equal((await produce(client, batch(['loud']))).baseOffset, 1)
  client.sendOnly(produceApi, 7, request(Buffer.from('nonsense')))
  await client.closed()
  assert.deepEqual(broker.endOffsets(TOPIC), [2, 0])
})

test('produce - what is wrong is refused with Kafka’s error, and nothing is appended', async () => {
  await using broker = await start({
    topics: { [TOPIC]: { partitions: 1, configs: { 'max.message.bytes': 500, 'min.insync.replicas': 2 } } },
  })
  await using client = await connect(broker.node(1))
  const refused = async (records: Buffer, options?: ProduceOptions) => (await produce(client, records, options)).errorCode
  assert.equal(await refused(batch(['x'])), errorCodes.NOT_ENOUGH_REPLICAS)
  assert.equal(await refused(batch(['x']), { acks: 2 }), errorCodes.INVALID_REQUIRED_ACKS)
  assert.equal(await refused(batch(['x']), { acks: 1, partition: 1 }), errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(await refused(batch(['x'.repeat(600)]), { acks: 1 }), errorCodes.MESSAGE_TOO_LARGE)
  assert.equal(await refused(batch(['x'], { compression: 'zstd' }), { acks: 1, version: 6 }), errorCodes.UNSUPPORTED_COMPRESSION_TYPE)
  assert.deepEqual(broker.endOffsets(TOPIC), [0])
  assert.equal(await refused(batch(['x']), { acks: 1 }), 0)
})

test('produce - a batch sent again by an idempotent producer keeps its offset, and producer ids are all different', async () => {
  await using broker = await start()
  await using client = await connect(broker.node(1))
  const ids: number[] = []
  for (let version = 0; version <= 5; version++)
    ids.push((await client.send(initProducerIdApi, version, { transactionalId: null })).producerId)
  assert.equal(new Set(ids).size, 6)
  const send = (baseSequence: number) => produce(client, batch(['x'], { producerId: ids[0]!, producerEpoch: 0, baseSequence }))
  assert.deepEqual([(await send(0)).baseOffset, (await send(1)).baseOffset, (await send(0)).baseOffset], [0, 1, 0])
  assert.equal((await send(5)).errorCode, errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.deepEqual(broker.endOffsets(TOPIC), [2, 0])
  const transactional = await client.send(initProducerIdApi, 4, { transactionalId: 't' })
  assert.equal(transactional.errorCode, errorCodes.UNSUPPORTED_VERSION)
})

test('produce - LogAppendTime gives every record the time of arrival, with a checksum that fits', async () => {
  const clock = new FakeClock(5_000)
  await using broker = await start({ clock, topics: { [TOPIC]: { configs: { 'message.timestamp.type': 'LogAppendTime' } } } })
  await using client = await connect(broker.node(1))
  assert.equal((await produce(client, batch(['a', 'b']))).logAppendTimeMs, 5_000)
  clock.advance(100)
  await produce(client, batch(['c']))
  verifyBatchCrc((await fetch(client, 0)).responses[0]!.partitions[0]!.records!, 0)
  assert.deepEqual(
    (await broker.records(TOPIC)).map(({ timestamp }) => timestamp),
    [5_000, 5_000, 5_100],
  )
})

test('produce and fetch - the wrong node says who leads, in the versions that can', async () => {
  await using broker = await start({ nodes: 3 })
  const partition = broker.partition(TOPIC, 0)
  await using client = await connect(otherNode(broker, partition))
  const leader = broker.node(partition.leader)
  const old = await produce(client, batch(['x']), { version: 7 })
  assert.deepEqual([old.errorCode, old.currentLeader.leaderId], [errorCodes.NOT_LEADER_OR_FOLLOWER, -1])
  const produced = await client.send(produceApi, 11, {
    acks: 1,
    topicData: [{ name: TOPIC, partitionData: [{ index: 0, records: batch(['x']) }] }],
  })
  assert.equal(produced.responses[0]!.partitionResponses[0]!.currentLeader.leaderId, leader.id)
  assert.deepEqual([produced.nodeEndpoints[0]?.nodeId, produced.nodeEndpoints[0]?.port], [leader.id, leader.port])
  assert.equal(errorOf(await fetch(client, 0, { version: 11 })), errorCodes.NOT_LEADER_OR_FOLLOWER)
  assert.equal((await fetch(client, 0)).responses[0]!.partitions[0]!.currentLeader.leaderId, leader.id)
})

test('fetch - it waits for records, and returns at once when they come', async () => {
  const clock = new FakeClock()
  await using broker = await start({ clock })
  await using consumer = await connect(broker.node(1))
  await using producer = await connect(broker.node(1))
  let answered = false
  const waiting = fetch(consumer, 0, { partitions: [0, 1], maxWaitMs: 10_000 }).finally(() => (answered = true))
  await timersOf(clock, 1)
  assert.equal(answered, false)
  await produce(producer, batch(['x']), { partition: 1 })
  assert.deepEqual(valuesOf(await waiting), ['x'])
  assert.equal(clock.pending, 0)
})

test('fetch - it gathers minBytes, gives up after maxWaitMs, and answers with what is there', async () => {
  const clock = new FakeClock()
  await using broker = await start({ clock })
  await using consumer = await connect(broker.node(1))
  await using producer = await connect(broker.node(1))
  const size = batch(['one']).length
  const gathering = fetch(consumer, 0, { maxWaitMs: 10_000, minBytes: size * 2 })
  await timersOf(clock, 1)
  await produce(producer, batch(['one']))
  assert.equal(clock.pending, 1)
  await produce(producer, batch(['two']))
  assert.deepEqual(valuesOf(await gathering), ['one', 'two'])

  const late = fetch(consumer, 0, { maxWaitMs: 500, minBytes: 1 << 20 })
  await timersOf(clock, 1)
  clock.advance(500)
  assert.deepEqual(valuesOf(await late), ['one', 'two'])
})

test('fetch - one that waits is woken when its leader moves, its topic goes, or its client leaves', async () => {
  const clock = new FakeClock()
  await using broker = await start({ clock, nodes: 2 })
  const partition = broker.partition(TOPIC, 0)
  await using client = await connect(broker.node(partition.leader))
  const moved = fetch(client, 0, { maxWaitMs: 10_000 })
  await timersOf(clock, 1)
  partition.moveLeader(otherNode(broker, partition).id)
  assert.equal(errorOf(await moved), errorCodes.NOT_LEADER_OR_FOLLOWER)

  await using second = await connect(broker.node(partition.leader))
  const deleted = fetch(second, 0, { maxWaitMs: 10_000 })
  await timersOf(clock, 1)
  broker.deleteTopic(TOPIC)
  assert.equal(errorOf(await deleted), errorCodes.UNKNOWN_TOPIC_OR_PARTITION)

  broker.createTopic(TOPIC, { partitions: 1 })
  await using third = await connect(broker.node(broker.partition(TOPIC, 0).leader))
  const left = assert.rejects(fetch(third, 0, { maxWaitMs: 10_000 }))
  await timersOf(clock, 1)
  await third[Symbol.asyncDispose]()
  await left
  await timersOf(clock, 0)
})

test('fetch - the limits hold for the whole answer, but the first batch always comes', async () => {
  await using broker = await start()
  await using client = await connect(broker.node(1))
  for (const partition of [0, 1]) for (const value of ['a', 'b']) await produce(client, batch([value.repeat(100)]), { partition })
  const size = batch(['a'.repeat(100)]).length
  const both = { partitions: [0, 1] }
  const count = async (options: FetchOptions) => {
    const response = await fetch(client, 0, { ...both, ...options })
    return response.responses[0]!.partitions.map(({ records }) => records!.length / size)
  }
  assert.deepEqual(await count({}), [2, 2])
  assert.deepEqual(await count({ maxBytes: 1 }), [1, 0])
  assert.deepEqual(await count({ maxBytes: size * 3 }), [2, 1])
  assert.deepEqual(await count({ partitionMaxBytes: size }), [1, 1])
  assert.deepEqual(await count({ partitionMaxBytes: 1 }), [1, 0])
})

test('fetch - offsets, epochs and sessions that do not fit have Kafka’s errors', async () => {
  await using broker = await start({ nodes: 2 })
  const partition = broker.partition(TOPIC, 0)
  partition.moveLeader(otherNode(broker, partition).id)
  await using client = await connect(broker.node(partition.leader))
  await produce(client, batch(['x', 'y']))
  assert.equal(errorOf(await fetch(client, 3, { maxWaitMs: 60_000 })), errorCodes.OFFSET_OUT_OF_RANGE)
  assert.equal(errorOf(await fetch(client, 0, { currentLeaderEpoch: 0 })), errorCodes.FENCED_LEADER_EPOCH)
  assert.equal(errorOf(await fetch(client, 0, { currentLeaderEpoch: 9 })), errorCodes.UNKNOWN_LEADER_EPOCH)
  assert.equal(errorOf(await fetch(client, 0, { currentLeaderEpoch: 1 })), 0)
  const session = await client.send(fetchApi, 12, { ...fetchRequest(0, {}), sessionId: 77, sessionEpoch: 1 })
  assert.equal(session.errorCode, errorCodes.FETCH_SESSION_ID_NOT_FOUND)
  const ends = await client.send(offsetForLeaderEpochApi, 4, {
    replicaId: -1,
    topics: [{ topic: TOPIC, partitions: [{ partition: 0, leaderEpoch: 0 }] }],
  })
  assert.equal(ends.topics[0]!.partitions[0]!.endOffset, 0)
})

test('list offsets - every version finds the ends, and times are found inside a compressed batch', async () => {
  await using broker = await start()
  await using client = await connect(broker.node(1))
  const records = [10, 30, 20, 40].map((timestamp) => ({ value: 'x', timestamp }))
  await produce(client, encodeBatch(records, { compression: 'gzip' }))
  await produce(client, encodeBatch([{ value: 'y', timestamp: 35 }]))
  const list = async (version: number, timestamp: number) => {
    const topics = [{ name: TOPIC, partitions: [{ partitionIndex: 0, timestamp }] }]
    const {
      errorCode,
      offset,
      timestamp: time,
    } = (await client.send(listOffsetsApi, version, { replicaId: -1, topics })).topics[0]!.partitions[0]!
    return [errorCode, offset, time]
  }
  for (let version = 1; version <= 9; version++) {
    assert.deepEqual(await list(version, -1), [0, 5, -1])
    assert.deepEqual(await list(version, -2), [0, 0, -1])
  }
  assert.deepEqual(await list(9, 0), [0, 0, 10])
  assert.deepEqual(await list(9, 15), [0, 1, 30])
  assert.deepEqual(await list(9, 31), [0, 3, 40])
  assert.deepEqual(await list(9, 41), [0, -1, -1])
  assert.deepEqual(await list(9, -3), [0, 3, 40])
  const deleted = await client.send(deleteRecordsApi, 2, { topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset: 4 }] }] })
  assert.equal(deleted.topics[0]!.partitions[0]!.lowWatermark, 4)
  assert.deepEqual(await list(9, -2), [0, 4, -1])
  assert.deepEqual(
    (await broker.records(TOPIC)).map(({ offset }) => offset),
    [4],
  )
  const beyond = await client.send(deleteRecordsApi, 2, { topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset: 6 }] }] })
  assert.equal(beyond.topics[0]!.partitions[0]!.errorCode, errorCodes.OFFSET_OUT_OF_RANGE)
})

test('produce - at the memory limit it is refused with one line in the log, and room that is made is used', async () => {
  const lines: string[] = []
  const logger = { ...log, warn: (message: string) => void lines.push(message) }
  await using broker = await start({ maxMemoryBytes: 20_000, log: logger })
  await using client = await connect(broker.node(1))
  let answer = await produce(client, batch(['x'.repeat(1000)]))
  while (answer.errorCode === 0) answer = await produce(client, batch(['x'.repeat(1000)]))
  assert.equal(answer.errorCode, errorCodes.KAFKA_STORAGE_ERROR)
  assert.equal((await produce(client, batch(['x'.repeat(1000)]))).errorCode, errorCodes.KAFKA_STORAGE_ERROR)
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /maxMemoryBytes 20000/)
  await client.send(deleteRecordsApi, 2, { topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset: -1 }] }] })
  assert.equal((await produce(client, batch(['x'.repeat(1000)]))).errorCode, 0)
})

test('retention - nothing is dropped unless the topic says so, by size and by age', async () => {
  const clock = new FakeClock(100_000)
  const configs = { 'retention.bytes': 1_000, 'retention.ms': 5_000 }
  await using broker = await start({ clock, topics: { [TOPIC]: { partitions: 1, configs } } })
  await using client = await connect(broker.node(1))
  const send = (timestamp: number) => produce(client, batch(['x'.repeat(200)], { timestamp }))
  for (let i = 0; i < 20; i++) await send(100_000)
  const { startOffset, endOffset } = broker.partition(TOPIC, 0)
  assert.equal(endOffset, 20)
  assert.equal(startOffset, 16)
  clock.advance(5_001)
  assert.equal(errorOf(await fetch(client, startOffset)), errorCodes.OFFSET_OUT_OF_RANGE)
  assert.equal(broker.partition(TOPIC, 0).startOffset, 20)
})

/** Waits until the broker has this many timers: until requests that are to wait do so, and no longer. */
async function timersOf(clock: FakeClock, count: number): Promise<void> {
  const deadline = performance.now() + 5_000
  while (clock.pending !== count) {
    if (performance.now() > deadline) assert.fail(`${clock.pending} timers, ${count} expected`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
