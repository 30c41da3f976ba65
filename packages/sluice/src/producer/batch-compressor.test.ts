import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { forEachRecord } from '@sluice/protocol'
import { KafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import { ManualClock } from '../network/testing/manual-clock.ts'
import { MockClient } from '../network/testing/mock-client.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { BufferPool } from './buffer-pool.ts'
import type { ProducerBatch } from './producer-batch.ts'
import { BATCH_FULL, RecordAccumulator } from './record-accumulator.ts'
import { ManualCompressors } from './testing/manual-compressors.ts'
import { recordBytes, type TestRecord } from './testing/records.ts'

const BATCH_SIZE = 1000

interface Setup {
  readonly bufferMemory?: number
  readonly deliveryTimeoutMs?: number
  readonly compressInlineBelowBytes?: number
}

class Fixture {
  readonly clock = new ManualClock()
  readonly client: MockClient
  readonly pool: BufferPool
  readonly compressors = new ManualCompressors()
  readonly accumulator: RecordAccumulator
  readonly ends: { readonly metadata: RecordMetadata; readonly error: KafkaError | null }[] = []
  wakeups = 0

  constructor({ bufferMemory = 64 * BATCH_SIZE, deliveryTimeoutMs = 1e9, compressInlineBelowBytes = 0 }: Setup = {}) {
    this.client = new MockClient({ clock: this.clock, nodes: 3 })
    this.client.updateMetadata({ t: { leaders: [1, 1, 2] } })
    this.pool = new BufferPool(bufferMemory, BATCH_SIZE, this.clock)
    this.accumulator = new RecordAccumulator(
      {
        batchSize: BATCH_SIZE,
        lingerMs: 0,
        retryBackoffMs: 100,
        retryBackoffMaxMs: 1000,
        deliveryTimeoutMs,
        adaptivePartitioning: false,
        partitionAvailabilityTimeoutMs: 0,
      },
      this.pool,
      {
        compression: 'gzip',
        compressionLevel: undefined,
        logger: silentLogger,
        newCompressor: this.compressors.newCompressor,
        compressInlineBelowBytes,
      },
      this.clock,
      null,
      () => 0.5,
    )
    this.accumulator.onCompressed(() => this.wakeups++)
  }

  append(record: TestRecord = {}): number {
    const { cluster } = this.client.metadata
    return this.accumulator.append(
      recordBytes(record),
      (metadata: RecordMetadata, error: KafkaError | null) => this.ends.push({ metadata, error }),
      null,
      cluster.topics.get('t')!,
    )
  }

  ready(): number[] {
    return [...this.accumulator.ready(this.client.metadata.cluster, this.clock.monotonic()).readyNodes]
  }

  drain(nodes: readonly number[] = [1, 2]): ProducerBatch[] {
    return [...this.accumulator.drain(this.client.metadata.cluster, nodes, 1e6, this.clock.monotonic()).values()].flat()
  }

  complete(batch: ProducerBatch): void {
    batch.complete(0, -1)
    this.accumulator.completed(batch)
  }

  assertNothingHeld(): void {
    assert.equal(this.pool.availableMemory, this.pool.totalMemory)
    assert.equal(this.accumulator.hasIncomplete, false)
  }
}

function valuesOf(batch: ProducerBatch): (string | undefined)[] {
  const values: (string | undefined)[] = []
  forEachRecord(batch.encode(), 0, (_offset, _timestamp, cursor) => values.push(cursor.value()?.toString()))
  return values
}

test('batch compressor - a batch that another thread compresses keeps its place; other partitions go on', () => {
  const fixture = new Fixture()
  fixture.append({ partition: 0, value: 'a' })
  assert.deepEqual(fixture.drain(), [])
  fixture.append({ partition: 0, value: 'b' })
  fixture.append({ partition: 1, value: 'c' })
  assert.deepEqual(fixture.ready(), [1])
  assert.deepEqual(fixture.drain(), [])
  assert.deepEqual(fixture.ready(), [], 'nothing can be sent, so nobody is to be asked')
  assert.equal(fixture.compressors.jobs.length, 2)
  fixture.compressors.finish(1)
  assert.equal(fixture.wakeups, 1)
  assert.deepEqual(fixture.ready(), [1])
  assert.deepEqual(fixture.drain().map(valuesOf), [['c']])
  fixture.compressors.finish()
  const [first] = fixture.drain()
  assert.deepEqual(valuesOf(first!), ['a'])
  assert.deepEqual(fixture.drain(), [], 'the second batch of the partition has its own turn')
  fixture.compressors.finish()
  assert.deepEqual(fixture.drain().map(valuesOf), [['b']])
})

test('batch compressor - a full batch is compressed at once, before its turn to be sent', () => {
  const fixture = new Fixture()
  while (fixture.append({ partition: 0, value: 'x'.repeat(100) }) < BATCH_FULL);
  assert.equal(fixture.compressors.jobs.length, 1)
})

test('batch compressor - two at a time, oldest first', () => {
  const fixture = new Fixture()
  for (const partition of [0, 1, 2]) fixture.append({ partition, value: `${partition}` })
  fixture.drain()
  assert.equal(fixture.compressors.jobs.length, 2)
  fixture.compressors.finish()
  assert.equal(fixture.compressors.jobs.length, 2)
  assert.equal(fixture.compressors.open, 2)
  fixture.accumulator.closeCompressor()
  fixture.compressors.finish()
  fixture.compressors.finish()
  assert.equal(fixture.compressors.open, 0)
  assert.equal(fixture.drain().length, 3)
})

test('batch compressor - few records are compressed at once, on the sender’s turn', () => {
  const fixture = new Fixture({ compressInlineBelowBytes: 50 })
  fixture.append({ value: 'few' })
  assert.deepEqual(fixture.drain().map(valuesOf), [['few']])
  fixture.append({ value: 'x'.repeat(100) })
  assert.deepEqual(fixture.drain(), [])
  assert.equal(fixture.compressors.jobs.length, 1)
})

test('batch compressor - a batch that expires meanwhile keeps its memory until the thread is through', () => {
  const fixture = new Fixture({ deliveryTimeoutMs: 100 })
  fixture.append({ value: 'late' })
  fixture.drain()
  fixture.clock.advance(100)
  const { expired } = fixture.accumulator.expiredBatches(fixture.clock.monotonic())
  expired[0]!.completeExceptionally(new KafkaError('TIMEOUT', 'test'))
  fixture.accumulator.completed(expired[0]!)
  assert.deepEqual(
    fixture.ends.map(({ error }) => error?.code),
    ['TIMEOUT'],
  )
  assert.equal(fixture.pool.availableMemory, fixture.pool.totalMemory - BATCH_SIZE)
  fixture.compressors.finish()
  assert.deepEqual(fixture.drain(), [])
  assert.equal(fixture.ends.length, 1)
  fixture.assertNothingHeld()
})

test('batch compressor - a forced close fails what is being compressed, once, and takes the memory back later', () => {
  const fixture = new Fixture()
  for (const partition of [0, 1, 2]) fixture.append({ partition })
  fixture.drain()
  fixture.accumulator.close()
  fixture.accumulator.abortIncompleteBatches(new KafkaError('CLOSED', 'test'))
  fixture.accumulator.closeCompressor()
  assert.equal(fixture.ends.length, 3)
  assert.equal(fixture.pool.availableMemory, fixture.pool.totalMemory - 3 * BATCH_SIZE)
  fixture.compressors.finish()
  fixture.compressors.fail()
  assert.equal(fixture.ends.length, 3)
  return new Promise<void>((resolve) => {
    // The third was done before its turn came.
    queueMicrotask(() => {
      fixture.assertNothingHeld()
      assert.equal(fixture.compressors.open, 0)
      resolve()
    })
  })
})

test('batch compressor - a codec that fails is the error of the batch’s records, and of no others', () => {
  const fixture = new Fixture()
  fixture.append({ partition: 0 })
  fixture.append({ partition: 1 })
  fixture.drain()
  fixture.compressors.fail()
  assert.deepEqual(
    fixture.ends.map(({ metadata, error }) => [metadata.partition, error?.code]),
    [[0, 'SERIALIZATION']],
  )
  assert.match(fixture.ends[0]!.error!.message, /topic "t".*gzip.*compressionType/)
  fixture.compressors.finish()
  for (const batch of fixture.drain()) fixture.complete(batch)
  assert.deepEqual(
    fixture.ends.map(({ error }) => error?.code ?? null),
    ['SERIALIZATION', null],
  )
  fixture.assertNothingHeld()
})

/** Teaches that little is left of a record. */
function teach(fixture: Fixture): void {
  for (let i = 0; i < 200; i++) {
    for (let record = 0; record < 5; record++) fixture.append({ partition: 0, value: 'x'.repeat(150) })
    fixture.drain()
    fixture.compressors.finish()
    for (const batch of fixture.drain()) fixture.complete(batch)
  }
  fixture.assertNothingHeld()
  fixture.ends.length = 0
}

test('batch compressor - the records that a good ratio lets in count against bufferMemory until they are compressed', () => {
  const fixture = new Fixture()
  const { pool } = fixture
  teach(fixture)
  for (let i = 0; i < 20; i++) fixture.append({ partition: 0, value: 'x'.repeat(150) })
  assert.ok(pool.availableMemory <= pool.totalMemory - 20 * 150, `${pool.availableMemory}`)
  fixture.drain()
  fixture.compressors.finish()
  const [batch] = fixture.drain()
  assert.equal(batch!.recordCount, 20)
  assert.equal(pool.availableMemory, pool.totalMemory - BATCH_SIZE)
  fixture.complete(batch!)
  assert.deepEqual(
    fixture.ends.map(({ metadata }) => [metadata.offset, metadata.serializedValueSize]),
    Array.from({ length: 20 }, (_, offset) => [offset, 150]),
  )
  fixture.assertNothingHeld()
})

test('batch compressor - without memory to grow a batch is full earlier', () => {
  const fixture = new Fixture({ bufferMemory: 2 * BATCH_SIZE })
  teach(fixture)
  let taken = 0
  while (fixture.append({ partition: 0, value: 'x'.repeat(150) }) !== 0) taken++
  assert.equal(taken, 10)
  fixture.drain()
  fixture.compressors.finish()
  assert.equal(fixture.drain()[0]!.recordCount, 5)
})

test('batch compressor - what compression makes larger counts in full, and the records are those that were sent', () => {
  const fixture = new Fixture()
  fixture.append({ value: randomBytes(800) })
  fixture.drain()
  fixture.compressors.inflate()
  assert.ok(fixture.pool.availableMemory < fixture.pool.totalMemory - BATCH_SIZE)
  const [batch] = fixture.drain()
  fixture.complete(batch!)
  assert.equal(fixture.ends[0]!.metadata.serializedValueSize, 800)
  fixture.assertNothingHeld()
})

test('batch compressor - a compressed batch can still be split, with every record', () => {
  const fixture = new Fixture()
  for (let i = 0; i < 10; i++) fixture.append({ value: `value ${i}`, key: `key ${i}` })
  fixture.drain()
  fixture.compressors.finish()
  const [batch] = fixture.drain()
  fixture.accumulator.splitAndReenqueue(batch!)
  fixture.accumulator.completed(batch!)
  const values: (string | undefined)[] = []
  for (let turn = 0; turn < 20; turn++) {
    for (const part of fixture.drain()) {
      values.push(...valuesOf(part))
      fixture.complete(part)
    }
    if (fixture.compressors.jobs.length > 0) fixture.compressors.finish()
  }
  assert.deepEqual(
    values,
    Array.from({ length: 10 }, (_, i) => `value ${i}`),
  )
  fixture.assertNothingHeld()
})

test('batch compressor - a flush waits for what is being compressed', async () => {
  const fixture = new Fixture()
  fixture.append()
  fixture.drain()
  fixture.accumulator.beginFlush()
  let flushed = false
  const flush = fixture.accumulator.awaitFlushCompletion().then(() => {
    flushed = true
  })
  await null
  assert.equal(flushed, false)
  fixture.compressors.finish()
  const [batch] = fixture.drain()
  fixture.complete(batch!)
  await flush
})
