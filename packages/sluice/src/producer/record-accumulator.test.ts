import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { BATCH_HEADER_BYTES, type CompressionType, readBatchHeader } from '@sluice/protocol'
import { KafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import { ManualClock } from '../network/testing/manual-clock.ts'
import { MockClient, type MockTopic } from '../network/testing/mock-client.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { BufferPool } from './buffer-pool.ts'
import type { ProducerBatch } from './producer-batch.ts'
import { type AccumulatorOptions, APPENDED, BATCH_FULL, NEW_BATCH, RecordAccumulator } from './record-accumulator.ts'
import type { SendCallback } from './record-thunks.ts'
import { recordBytes, type TestRecord } from './testing/records.ts'

interface Setup extends Partial<AccumulatorOptions> {
  readonly bufferMemory?: number
  readonly compression?: CompressionType
  readonly random?: () => number
  /** Leaders by partition. */
  readonly leaders?: readonly number[]
  readonly nodes?: number
}

/** As Java's test: node 1 leads partitions 0 and 1, node 2 leads 2; delivery timeout 3200, backoff 100 to 1000. */
class Fixture {
  readonly clock = new ManualClock()
  readonly client: MockClient
  readonly pool: BufferPool
  readonly accumulator: RecordAccumulator

  constructor({ bufferMemory, compression = 'none', random = () => 0.5, leaders = [1, 1, 2], nodes = 3, ...options }: Setup = {}) {
    const batchSize = options.batchSize ?? 1025 + BATCH_HEADER_BYTES
    this.client = new MockClient({ clock: this.clock, nodes })
    this.pool = new BufferPool(bufferMemory ?? 64 * batchSize, batchSize, this.clock)
    this.accumulator = new RecordAccumulator(
      {
        batchSize,
        lingerMs: 0,
        retryBackoffMs: 100,
        retryBackoffMaxMs: 1000,
        deliveryTimeoutMs: 3200,
        adaptivePartitioning: true,
        partitionAvailabilityTimeoutMs: 0,
        ...options,
      },
      this.pool,
      { compression, compressionLevel: undefined, logger: silentLogger },
      this.clock,
      null,
      random,
    )
    this.leaders(leaders)
  }

  leaders(leaders: readonly number[], more: Partial<MockTopic> = {}): void {
    this.client.updateMetadata({ t: { leaders, ...more } })
  }

  get cluster() {
    return this.client.metadata.cluster
  }

  get now(): number {
    return this.clock.monotonic()
  }

  append(record: TestRecord = {}, callback: SendCallback = () => {}): number {
    return this.accumulator.append(recordBytes(record), callback, null, this.cluster.topics.get('t')!)
  }

  ready() {
    return this.accumulator.ready(this.cluster, this.now)
  }

  drain(nodes: readonly number[], maxSize = Number.MAX_SAFE_INTEGER): ProducerBatch[] {
    return [...this.accumulator.drain(this.cluster, nodes, maxSize, this.now).values()].flat()
  }

  complete(batch: ProducerBatch, baseOffset = 0): void {
    batch.complete(baseOffset, -1)
    this.accumulator.completed(batch)
  }

  expired(): ProducerBatch[] {
    return this.accumulator.expiredBatches(this.now).expired
  }
}

const partitions = (batches: readonly ProducerBatch[]): number[] => batches.map(({ topicPartition }) => topicPartition.partition)
const filling = 'x'.repeat(500)

test('accumulator - RA-1 RA-2 RA-3 a drain takes one batch of each partition and goes on where the last one ended', () => {
  const fixture = new Fixture({ leaders: [1, 1, 2, 2], batchSize: 90 })
  const { accumulator } = fixture
  for (const partition of [0, 1, 2, 3]) fixture.append({ partition })
  const size = accumulator.bytesForNewBatch(recordBytes())
  assert.deepEqual(partitions(fixture.drain([1, 2], size)), [0, 2])
  fixture.append({ partition: 0 })
  fixture.append({ partition: 2 })
  assert.deepEqual(partitions(fixture.drain([1, 2], size)), [1, 3])
  assert.deepEqual(partitions(fixture.drain([1, 2], size)), [0, 2])
  fixture.append({ partition: 1 })
  fixture.append({ partition: 2 })
  fixture.append({ partition: 3 })
  const three = [...accumulator.drain(fixture.cluster, [2], 1, fixture.now).values()].flat()
  for (const batch of three) accumulator.mutePartition(batch)
  fixture.append({ partition: three[0]!.topicPartition.partition })
  const muted = three[0]!.topicPartition.partition
  assert.deepEqual(partitions(fixture.drain([1, 2])).toSorted(), [1, muted === 2 ? 3 : 2])
  for (const batch of three) accumulator.unmutePartition(batch)
  for (const partition of [0, 1, 2, 3]) fixture.append({ partition })
  assert.deepEqual(partitions(fixture.drain([1, 2])).toSorted(), [0, 1, 2, 3])
})

test('accumulator - RA-4 a batch is ready when the next record does not fit, not before', () => {
  const fixture = new Fixture({ lingerMs: 10 })
  assert.equal(fixture.append({ value: filling }), APPENDED | NEW_BATCH)
  assert.equal(fixture.append({ value: filling }), APPENDED)
  assert.equal(fixture.ready().readyNodes.size, 0)
  assert.equal(fixture.append({ value: filling }), APPENDED | NEW_BATCH | BATCH_FULL)
  assert.deepEqual([...fixture.ready().readyNodes], [1])
  const [batch, ...others] = fixture.drain([1])
  assert.equal(others.length, 0)
  assert.equal(batch?.recordCount, 2)
})

for (const compression of ['none', 'gzip'] as const) {
  test(`accumulator - RA-5 ${compression}: a record larger than a batch gets one of its own`, () => {
    const fixture = new Fixture({ batchSize: 512 + BATCH_HEADER_BYTES, compression })
    fixture.append({ value: 'x'.repeat(1024) })
    assert.deepEqual([...fixture.ready().readyNodes], [1])
    const [batch] = fixture.drain([1])
    const header = readBatchHeader(batch!.encode(), 0)
    assert.deepEqual([header.recordsCount, header.baseOffset, header.baseTimestamp], [1, 0, 0])
  })
}

test('accumulator - RA-7 a drain stops at the size limit', () => {
  const fixture = new Fixture({ lingerMs: 10 })
  for (const partition of [0, 1]) for (let i = 0; i < 3; i++) fixture.append({ partition, value: filling })
  assert.deepEqual([...fixture.ready().readyNodes], [1])
  assert.equal(fixture.drain([1], 1024).length, 1)
})

test('accumulator - a single batch above the size limit goes alone', () => {
  const fixture = new Fixture()
  fixture.append({ value: 'x'.repeat(5000) })
  assert.equal(fixture.drain([1], 1024).length, 1)
})

test('accumulator - RA-8 many appends over two partitions: none lost, order kept', () => {
  const fixture = new Fixture()
  const read: [string[], string[]] = [[], []]
  const take = (): void => {
    for (const batch of fixture.drain([1])) {
      fixture.complete(batch)
      read[batch.topicPartition.partition]!.push(`${batch.recordCount}`)
    }
  }
  for (let i = 0; i < 10_000; i++) {
    assert.notEqual(fixture.append({ partition: i % 2, value: `${i}` }), 0)
    if (i % 97 === 0) take()
  }
  while (fixture.accumulator.hasUndrained) take()
  assert.deepEqual(
    read.map((counts) => counts.reduce((sum, count) => sum + Number(count), 0)),
    [5000, 5000],
  )
  assert.equal(fixture.pool.availableMemory, fixture.pool.totalMemory)
})

test('accumulator - RA-9 tells when to look again', () => {
  const fixture = new Fixture({ lingerMs: 10 })
  fixture.append({ partition: 0 })
  let check = fixture.ready()
  assert.equal(check.readyNodes.size, 0)
  assert.equal(check.nextReadyCheckDelayMs, 10)
  fixture.clock.advance(5)
  fixture.append({ partition: 2 })
  check = fixture.ready()
  assert.equal(check.readyNodes.size, 0)
  assert.equal(check.nextReadyCheckDelayMs, 5)
  for (let i = 0; i < 3; i++) fixture.append({ partition: 1, value: filling })
  check = fixture.ready()
  assert.deepEqual([...check.readyNodes], [1])
  assert.ok(check.nextReadyCheckDelayMs <= 10)
})

test('accumulator - RA-10 a batch that is retried waits for its backoff and holds nobody else up', () => {
  const fixture = new Fixture({ lingerMs: 30 })
  fixture.append({ partition: 0 })
  fixture.clock.advance(31)
  const [failed] = fixture.drain([1])
  fixture.accumulator.reenqueue(failed!, fixture.now)
  fixture.append({ partition: 1 })
  fixture.clock.advance(31)
  assert.deepEqual([...fixture.ready().readyNodes], [1])
  assert.deepEqual(partitions(fixture.drain([1])), [1])
  fixture.clock.advance(121)
  assert.deepEqual([...fixture.ready().readyNodes], [1])
  assert.deepEqual(partitions(fixture.drain([1])), [0])
})

test('accumulator - RA-11 RA-12 backoff doubles with each attempt up to its limit, also when only the leader node changes', () => {
  const fixture = new Fixture({ deliveryTimeoutMs: 1e9, random: Math.random })
  fixture.append({ partition: 0 })
  assert.deepEqual([...fixture.ready().readyNodes], [1])
  for (let attempt = 0; attempt < 6; attempt++) {
    const leader = 1 + (attempt % 2)
    const [batch] = fixture.drain([1, 2])
    assert.ok(batch, `attempt ${attempt}`)
    fixture.accumulator.reenqueue(batch, fixture.now)
    fixture.leaders([leader, 1, 2])
    const shortest = Math.min(1000, Math.floor(100 * 2 ** attempt * 0.8)) - 1
    const longest = Math.min(1000, 100 * 2 ** attempt * 1.2) + 1
    fixture.clock.advance(shortest)
    assert.equal(fixture.ready().readyNodes.size, 0, `attempt ${attempt} after ${shortest} ms`)
    fixture.clock.advance(longest - shortest)
    assert.deepEqual([...fixture.ready().readyNodes], [leader])
  }
})

test('accumulator - RA-14 a new leader epoch ends the backoff', () => {
  const fixture = new Fixture({ deliveryTimeoutMs: 1e9 })
  fixture.leaders([1, 1, 2], { leaderEpoch: 100 })
  fixture.append({ partition: 0 })
  const [batch] = fixture.drain([1])
  fixture.accumulator.reenqueue(batch!, fixture.now)
  assert.equal(fixture.ready().readyNodes.size, 0)
  fixture.leaders([2, 1, 2], { leaderEpoch: 101 })
  assert.deepEqual([...fixture.ready().readyNodes], [2])
  fixture.drain([2])
  fixture.accumulator.reenqueue(batch!, fixture.now)
  assert.equal(fixture.ready().readyNodes.size, 0)
  fixture.clock.advance(2000)
  assert.deepEqual([...fixture.ready().readyNodes], [2])
})

test('accumulator - a partition without leader asks for its topic', () => {
  const fixture = new Fixture({ leaders: [-1, 1] })
  fixture.append({ partition: 0 })
  const check = fixture.ready()
  assert.equal(check.readyNodes.size, 0)
  assert.deepEqual([...check.unknownLeaderTopics], ['t'])
})

test('accumulator - a flush makes every batch ready, and ends when the batches of that moment are complete', async () => {
  const fixture = new Fixture({ lingerMs: 1e6 })
  fixture.append({ partition: 0 })
  fixture.append({ partition: 2 })
  assert.equal(fixture.ready().readyNodes.size, 0)
  fixture.accumulator.beginFlush()
  assert.deepEqual([...fixture.ready().readyNodes], [1, 2])
  const flushed = fixture.accumulator.awaitFlushCompletion()
  const batches = fixture.drain([1, 2])
  fixture.append({ partition: 1 })
  for (const batch of batches) fixture.complete(batch)
  await flushed
  fixture.accumulator.endFlush()
  assert.equal(fixture.accumulator.flushInProgress, false)
  assert.equal(fixture.ready().readyNodes.size, 0)
})

test('accumulator - a flush waits for the parts of a batch that is split meanwhile', async () => {
  const fixture = new Fixture()
  fixture.append({ value: filling })
  fixture.append({ value: filling })
  let flushed = false
  const flush = fixture.accumulator.awaitFlushCompletion().then(() => {
    flushed = true
  })
  const [batch] = fixture.drain([1])
  fixture.accumulator.splitAndReenqueue(batch!)
  fixture.accumulator.completed(batch!)
  const [first] = fixture.drain([1])
  fixture.complete(first!)
  await new Promise(setImmediate)
  assert.equal(flushed, false)
  const [second] = fixture.drain([1])
  fixture.complete(second!)
  await flush
})

test('accumulator - RA-17 giving up fails every record, drained or not', () => {
  const fixture = new Fixture({ batchSize: 128 + BATCH_HEADER_BYTES })
  const errors: (KafkaError | null)[] = []
  for (let i = 0; i < 100; i++) fixture.append({ partition: i % 3 }, (_metadata, error) => errors.push(error))
  const drained = fixture.drain([1, 2])
  assert.ok(drained.length > 0)
  assert.equal(errors.length, 0)
  fixture.accumulator.abortIncompleteBatches(new KafkaError('CLOSED', 'Producer is closed forcefully.'))
  assert.equal(errors.length, 100)
  assert.ok(errors.every((error) => error?.message === 'Producer is closed forcefully.'))
  assert.equal(fixture.accumulator.hasUndrained, false)
  assert.equal(fixture.accumulator.hasIncomplete, false)
})

test('accumulator - RA-18 what no request has taken yet can be failed alone, for all leaders or for one', () => {
  const fixture = new Fixture({ batchSize: 128 + BATCH_HEADER_BYTES })
  const errors: (KafkaError | null)[] = []
  for (let i = 0; i < 99; i++) fixture.append({ partition: i % 3 }, (_metadata, error) => errors.push(error))
  const drained = fixture.drain([1, 2])
  const records = drained.reduce((sum, batch) => sum + batch.recordCount, 0)
  const cause = new KafkaError('TEST', 'cause')
  fixture.accumulator.abortUndrainedBatches(cause, 2)
  assert.ok(errors.length > 0 && errors.length < 33)
  fixture.accumulator.abortUndrainedBatches(cause)
  assert.equal(errors.length, 99 - records)
  assert.ok(errors.every((error) => error === cause))
  assert.equal(fixture.accumulator.hasUndrained, false)
  assert.equal(fixture.accumulator.hasIncomplete, true)
})

test('accumulator - RA-20 RA-21 muting keeps a batch from being drained, not from expiring', () => {
  const fixture = new Fixture({ lingerMs: 3000 })
  fixture.append({ partition: 0 })
  fixture.append({ partition: 1 })
  fixture.accumulator.beginFlush()
  const [first] = fixture.drain([1], 1)
  fixture.accumulator.mutePartition(first!)
  fixture.append({ partition: 0 })
  assert.deepEqual(partitions(fixture.drain([1])), [1])
  assert.equal(fixture.drain([1]).length, 0)
  fixture.clock.advance(3199)
  assert.equal(fixture.expired().length, 0)
  fixture.clock.advance(1)
  assert.equal(fixture.expired().length, 1)
  assert.equal(fixture.expired().length, 0)
  fixture.accumulator.unmutePartition(first!)
  fixture.append({ partition: 0 })
  assert.deepEqual(partitions(fixture.drain([1])), [0])
})

test('accumulator - RA-28 a retried batch still expires by its age', () => {
  const fixture = new Fixture({ lingerMs: 0 })
  fixture.append()
  const [batch] = fixture.drain([1])
  fixture.clock.advance(1000)
  fixture.accumulator.reenqueue(batch!, fixture.now)
  fixture.clock.advance(2199)
  assert.equal(fixture.expired().length, 0)
  fixture.clock.advance(1)
  assert.deepEqual(fixture.expired(), [batch])
})

test('accumulator - RA-24 a split batch goes out in parts, in order, at once and without counting as an attempt', () => {
  const fixture = new Fixture({ batchSize: 1024, deliveryTimeoutMs: 1e9 })
  const acked: RecordMetadata[] = []
  fixture.append({ value: 'x'.repeat(2048) }, (metadata) => acked.push(metadata))
  const [single] = fixture.drain([1])
  fixture.complete(single!)
  acked.length = 0
  const two = new Fixture({ batchSize: 5000 })
  two.append({ value: 'x'.repeat(1024) }, (metadata) => acked.push(metadata))
  two.append({ value: 'x'.repeat(1024) }, (metadata) => acked.push(metadata))
  const [big] = two.drain([1])
  assert.equal(big!.recordCount, 2)
  assert.equal(two.accumulator.splitAndReenqueue(big!), 2)
  two.accumulator.completed(big!)
  for (const offset of [0, 1]) {
    assert.deepEqual([...two.ready().readyNodes], [1])
    const [part, ...others] = two.drain([1])
    assert.equal(others.length, 0)
    assert.equal(part!.recordCount, 1)
    assert.equal(part!.attempts, 0)
    two.complete(part!, offset)
    assert.equal(acked.length, offset + 1)
    assert.equal(acked[offset]!.offset, offset)
  }
  assert.equal(two.pool.availableMemory, two.pool.totalMemory)
})

test('accumulator - a batch that is within batchSize and still too large for the broker is halved until it is one record', () => {
  const fixture = new Fixture({ batchSize: 4096 })
  for (let i = 0; i < 16; i++) fixture.append({ value: 'x'.repeat(100) })
  let rounds = 0
  let [batch] = fixture.drain([1])
  const counts: number[] = []
  while (batch !== undefined) {
    assert.ok(++rounds < 100)
    if (batch.recordCount > 1) {
      fixture.accumulator.splitAndReenqueue(batch)
      fixture.accumulator.completed(batch)
    } else {
      counts.push(batch.recordCount)
      fixture.complete(batch)
    }
    ;[batch] = fixture.drain([1])
  }
  assert.equal(counts.length, 16)
})

test('accumulator - RA-25 batches that compress worse than expected are split, and their memory is not the pool’s', () => {
  const fixture = new Fixture({ batchSize: 1024, bufferMemory: 8 * 1024, compression: 'gzip', lingerMs: 1e6 })
  for (let i = 0; i < 10; i++) {
    // Teaches the estimator that little is left of a record.
    while (fixture.append({ partition: 0, value: 'a'.repeat(200) }) < BATCH_FULL);
    fixture.accumulator.beginFlush()
    for (let batches = fixture.drain([1]); batches.length > 0; batches = fixture.drain([1]))
      for (const batch of batches) fixture.complete(batch)
    fixture.accumulator.endFlush()
  }
  let sent = 0
  for (let i = 0; i < 20; i++) {
    if (fixture.append({ partition: 0, value: randomBytes(100) }) !== 0) sent++
  }
  fixture.accumulator.beginFlush()
  let splits = 0
  let records = 0
  for (let batches = fixture.drain([1]); batches.length > 0; batches = fixture.drain([1])) {
    for (const batch of batches) {
      if (batch.estimatedSizeInBytes > 1024 && batch.recordCount > 1) {
        fixture.accumulator.splitAndReenqueue(batch)
        fixture.accumulator.completed(batch)
        splits++
      } else {
        records += batch.recordCount
        fixture.complete(batch)
      }
    }
  }
  assert.ok(splits > 0)
  assert.equal(records, sent)
  assert.equal(fixture.pool.availableMemory, fixture.pool.totalMemory)
})

test('accumulator - RA-26 with steady data few batches come out too large', () => {
  for (const compressible of [0.01, 0.3, 0.6, 0.99]) {
    const fixture = new Fixture({ batchSize: 1024, bufferMemory: 1e6, compression: 'gzip' })
    let batches = 0
    let splits = 0
    for (let i = 0; i < 1000; i++) {
      const random = Math.ceil(100 * (1 - compressible))
      fixture.append({ partition: 0, value: Buffer.concat([randomBytes(random), Buffer.alloc(100 - random)]) })
      for (const batch of [...fixture.ready().readyNodes].length > 0 && fixture.accumulator.pool.availableMemory < 990_000
        ? fixture.drain([1])
        : []) {
        batches++
        if (batch.estimatedSizeInBytes > 1024 + 200) splits++
        fixture.complete(batch)
      }
    }
    assert.ok(batches > 10, `${batches} batches`)
    assert.ok(splits / batches < 0.1, `${splits} of ${batches} at ${compressible}`)
  }
})

test('accumulator - RA-31 the longer a partition’s queue the fewer keyless records it gets, exactly', () => {
  let draws = 0
  const random = (): number => ((draws++ % 14) + 0.5) / 14
  const fixture = new Fixture({ batchSize: 100, bufferMemory: 1e6, lingerMs: 1e9, leaders: [0, 0, 0], random })
  for (const [partition, length] of [1, 7, 2].entries()) {
    for (let i = 0; i < length; i++) fixture.append({ partition, value: 'x'.repeat(100) })
  }
  fixture.ready()
  const frequencies = [0, 0, 0]
  for (let i = 0; i < 28; i++) {
    fixture.append({ partition: -1, value: 'x'.repeat(400) })
    frequencies[fixture.accumulator.chosenPartition]!++
  }
  assert.deepEqual(frequencies, [14, 2, 12])
})

test('accumulator - RA-32 keyless records avoid a broker that takes nothing', () => {
  const fixture = new Fixture({ batchSize: 100, lingerMs: 1e9, leaders: [0, 0, 1], partitionAvailabilityTimeoutMs: 100 })
  for (const partition of [0, 1, 2]) fixture.append({ partition, value: 'x'.repeat(100) })
  fixture.accumulator.updateNodeLatency(0, fixture.now - 200, true)
  fixture.accumulator.updateNodeLatency(0, fixture.now, false)
  fixture.ready()
  fixture.append({ partition: -1, value: 'x'.repeat(400) })
  for (let i = 0; i < 10; i++) {
    fixture.append({ partition: -1, value: 'x'.repeat(400) })
    assert.equal(fixture.accumulator.chosenPartition, 2)
  }
})

test('accumulator - RA-33 keyless records that trickle in fill one batch and not several halves', () => {
  const fixture = new Fixture({ batchSize: 512, lingerMs: 10, leaders: [0, 0, 0], random: Math.random })
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 3; i++) fixture.append({ partition: -1, value: 'x'.repeat(100) })
    fixture.clock.advance(10)
    assert.equal(fixture.ready().readyNodes.size, 1)
    const batches = fixture.drain([0])
    assert.equal(batches.length, 1)
    const size = batches[0]!.encode().length
    assert.ok(size > 256 && size < 512, `${size}`)
    fixture.complete(batches[0]!)
  }
})

test('accumulator - RA-34 a node without partitions gets an empty list', () => {
  const fixture = new Fixture({ leaders: [1, 1, 1] })
  fixture.append()
  assert.deepEqual(fixture.accumulator.drain(fixture.cluster, [2], 1e6, fixture.now).get(2), [])
})

test('accumulator - without memory nothing is appended, and waiting for it makes every batch ready', async () => {
  const fixture = new Fixture({ batchSize: 1024, bufferMemory: 2048, lingerMs: 1e6 })
  fixture.append({ partition: 0 })
  fixture.append({ partition: 1 })
  assert.equal(fixture.append({ partition: 2 }), 0)
  assert.equal(fixture.accumulator.chosenPartition, 2)
  assert.equal(fixture.ready().readyNodes.size, 0)
  const waiting = fixture.pool.allocate(fixture.accumulator.bytesForNewBatch(recordBytes()), 1000)
  await Promise.resolve()
  assert.deepEqual([...fixture.ready().readyNodes], [1])
  for (const batch of fixture.drain([1])) fixture.complete(batch)
  const buffer = await waiting
  const outcome = fixture.accumulator.append(recordBytes({ partition: 2 }), () => {}, null, fixture.cluster.topics.get('t')!, buffer)
  assert.equal(outcome, APPENDED | NEW_BATCH)
})

test('accumulator - a buffer that turns out not to be needed goes back', () => {
  const fixture = new Fixture()
  fixture.append({ partition: 0 })
  const buffer = fixture.pool.tryAllocate(fixture.accumulator.bytesForNewBatch(recordBytes()))!
  const before = fixture.pool.availableMemory
  assert.equal(
    fixture.accumulator.append(recordBytes(), () => {}, null, fixture.cluster.topics.get('t')!, buffer),
    APPENDED,
  )
  assert.equal(fixture.pool.availableMemory, before + buffer.length)
})

test('accumulator - memory of a batch that is done goes back only after the socket let go of it (CVE-2026-35554)', () => {
  const fixture = new Fixture()
  fixture.append()
  const [batch] = fixture.drain([1])
  batch!.socketReferences = 2
  fixture.complete(batch!)
  assert.ok(fixture.pool.availableMemory < fixture.pool.totalMemory)
  fixture.accumulator.released(batch!)
  assert.ok(fixture.pool.availableMemory < fixture.pool.totalMemory)
  fixture.accumulator.released(batch!)
  assert.equal(fixture.pool.availableMemory, fixture.pool.totalMemory)
})
