import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CompressionType, forEachRecord, readBatchHeader, verifyBatchCrc } from '@sluice/protocol'
import { KafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { type BatchContext, ProducerBatch } from './producer-batch.ts'
import { recordBytes } from './testing/records.ts'

const codecs: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const failure = new KafkaError('TEST', 'test')

function context(compression: CompressionType = 'none'): BatchContext {
  return { compression, compressionLevel: undefined, logger: silentLogger }
}

function batchOf(bytes = 1024, compression: CompressionType = 'none', nowMs = 0, ratio = 1): ProducerBatch {
  return new ProducerBatch({ topic: 't', partition: 1 }, Buffer.alloc(bytes), nowMs, context(compression), ratio)
}

interface Calls {
  readonly metadatas: RecordMetadata[]
  readonly errors: (KafkaError | null)[]
  readonly callback: (metadata: RecordMetadata, error: KafkaError | null) => void
}

function calls(): Calls {
  const metadatas: RecordMetadata[] = []
  const errors: (KafkaError | null)[] = []
  return {
    metadatas,
    errors,
    callback: (metadata, error) => {
      metadatas.push(metadata)
      errors.push(error)
    },
  }
}

test('producer batch - PB-1 an aborted batch calls back once and late answers change nothing', () => {
  const batch = batchOf()
  const { callback, errors, metadatas } = calls()
  batch.tryAppend(recordBytes(), callback, null)
  batch.abort(failure)
  assert.deepEqual(errors, [failure])
  assert.deepEqual(metadatas, [{ topic: 't', partition: 1, offset: -1, timestamp: -1, serializedKeySize: -1, serializedValueSize: -1 }])
  assert.equal(batch.complete(500, 2342342341), false)
  assert.equal(batch.completeExceptionally(failure), false)
  assert.equal(errors.length, 1)
})

test('producer batch - PB-2 cannot be aborted twice', () => {
  const batch = batchOf()
  batch.abort(failure)
  assert.throws(() => batch.abort(failure), { code: 'ILLEGAL_STATE' })
})

test('producer batch - PB-3 cannot succeed twice', () => {
  const batch = batchOf()
  const { callback, metadatas } = calls()
  batch.tryAppend(recordBytes(), callback, null)
  assert.equal(batch.complete(500, 10), true)
  assert.equal(metadatas[0]?.offset, 500)
  assert.equal(metadatas[0]?.timestamp, 10)
  assert.throws(() => batch.complete(1000, 20), { code: 'ILLEGAL_STATE' })
})

test('producer batch - offset, timestamp and sizes are those of each record', () => {
  const batch = batchOf()
  const { callback, metadatas } = calls()
  batch.tryAppend(recordBytes({ key: 'kk', value: 'vvv', timestamp: 100 }), callback, null)
  batch.tryAppend(recordBytes({ key: null, value: null, timestamp: 90 }), callback, null)
  batch.tryAppend(recordBytes({ key: '', value: '', timestamp: 2 ** 40 }), callback, null)
  batch.complete(7, -1)
  assert.deepEqual(
    metadatas.map(({ offset, timestamp, serializedKeySize, serializedValueSize }) => [
      offset,
      timestamp,
      serializedKeySize,
      serializedValueSize,
    ]),
    [
      [7, 100, 2, 3],
      [8, 90, -1, -1],
      [9, 2 ** 40, 0, 0],
    ],
  )
})

test('producer batch - RM-1 an unknown base offset leaves the rest of the metadata', () => {
  const batch = batchOf()
  const { callback, metadatas } = calls()
  batch.tryAppend(recordBytes({ key: 'abc', value: 'defgh', timestamp: 2340234 }), callback, null)
  batch.complete(-1, -1)
  assert.deepEqual(metadatas[0], { topic: 't', partition: 1, offset: -1, timestamp: 2340234, serializedKeySize: 3, serializedValueSize: 5 })
})

for (const codec of codecs) {
  test(`producer batch - ${codec}: the bytes are a valid batch with every record`, () => {
    const batch = batchOf(4096, codec)
    for (let i = 0; i < 20; i++) {
      batch.tryAppend(recordBytes({ key: `k${i}`, value: `value ${i}`, timestamp: 1000 + i, headers: { h: `${i}` } }), () => {}, null)
    }
    batch.setProducerState(4711, 3, 17)
    const bytes = batch.encode()
    verifyBatchCrc(bytes, 0)
    const header = readBatchHeader(bytes, 0)
    assert.equal(header.sizeInBytes, bytes.length)
    assert.equal(header.compression, codec)
    assert.deepEqual([header.producerId, header.producerEpoch, header.baseSequence], [4711, 3, 17])
    assert.deepEqual([header.baseTimestamp, header.maxTimestamp, header.recordsCount, header.lastOffsetDelta], [1000, 1019, 20, 19])
    const seen: string[] = []
    forEachRecord(bytes, 0, (offset, timestamp, cursor) => {
      seen.push(`${offset} ${timestamp} ${cursor.key()} ${cursor.value()} ${cursor.readHeaders()[0]?.value}`)
    })
    assert.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, i) => `${i} ${1000 + i} k${i} value ${i} ${i}`),
    )
  })

  test(`producer batch - PB-4 PB-5 ${codec}: the parts of a split keep headers, codec, callbacks and order`, () => {
    const batch = batchOf(4096, codec)
    const { callback, metadatas } = calls()
    for (let i = 0; i < 10; i++) {
      assert.ok(
        batch.tryAppend(recordBytes({ key: `k${i}`, value: 'x'.repeat(60), timestamp: 5 + i, headers: { h: `${i}` } }), callback, null),
      )
    }
    batch.setProducerState(1, 0, 100)
    const parts = batch.split(200)
    assert.ok(parts.length >= 2)
    assert.equal(batch.isDone, true)
    let index = 0
    for (const part of parts) {
      assert.equal(part.isSplitBatch, true)
      assert.equal(part.memory, null)
      assert.equal(part.baseSequence, 100 + index)
      const bytes = part.encode()
      assert.equal(readBatchHeader(bytes, 0).compression, codec)
      assert.equal(readBatchHeader(bytes, 0).baseOffset, 0)
      forEachRecord(bytes, 0, (_offset, timestamp, cursor) => {
        assert.equal(cursor.key()?.toString(), `k${index}`)
        assert.equal(timestamp, 5 + index)
        const headers = cursor.readHeaders()
        assert.equal(headers.length, 1)
        assert.equal(headers[0]?.value?.toString(), `${index}`)
        index++
      })
    }
    assert.equal(index, 10)
    assert.equal(metadatas.length, 0)
    parts[0]!.complete(50, -1)
    assert.deepEqual(
      metadatas.map(({ offset }) => offset),
      Array.from({ length: parts[0]!.recordCount }, (_, i) => 50 + i),
    )
  })
}

test('producer batch - a compressed batch takes more records than its buffer holds uncompressed, within bounds', () => {
  const batch = batchOf(1000, 'gzip', 0, 0.01)
  let appended = 0
  while (batch.tryAppend(recordBytes({ value: 'x'.repeat(100) }), () => {}, null)) appended++
  assert.ok(appended > 20, `${appended} records`)
  assert.ok(appended < 100, `${appended} records`)
  const bytes = batch.encode()
  assert.ok(bytes.length < 1000)
  assert.equal(readBatchHeader(bytes, 0).recordsCount, appended)
})

test('producer batch - the bytes of a first attempt that the socket may still hold are never changed', () => {
  const batch = batchOf()
  batch.tryAppend(recordBytes(), () => {}, null)
  batch.setProducerState(1, 0, 5)
  const first = batch.encode()
  const before = Buffer.from(first)
  assert.equal(batch.encode(), first)
  batch.socketReferences = 1
  batch.resetProducerState(1, 1, 0)
  const second = batch.encode()
  assert.deepEqual(first, before)
  verifyBatchCrc(second, 0)
  assert.deepEqual([readBatchHeader(second, 0).producerEpoch, readBatchHeader(second, 0).baseSequence], [1, 0])
  assert.equal(batch.sequenceHasBeenReset, true)
})

test('producer batch - PB-6 the delivery timeout counts from creation, inclusive', () => {
  const batch = batchOf(1024, 'none', 1000)
  assert.equal(batch.hasReachedDeliveryTimeout(10240, 1000 - 2), false)
  assert.equal(batch.hasReachedDeliveryTimeout(10240, 1000 + 10239), false)
  assert.equal(batch.hasReachedDeliveryTimeout(10240, 1000 + 10240), true)
})

test('producer batch - PB-7 a time before creation expires nothing, also after a retry', () => {
  const batch = batchOf(1024, 'none', 1000)
  batch.reenqueued(1000, 100)
  assert.equal(batch.hasReachedDeliveryTimeout(10240, 998), false)
})

test('producer batch - PB-11 a newer leader epoch counts for the retry in which it shows up', () => {
  const batch = batchOf()
  assert.equal(batch.hasLeaderChangedForTheOngoingRetry, false)
  batch.maybeUpdateLeaderEpoch(100)
  assert.equal(batch.hasLeaderChangedForTheOngoingRetry, false)
  batch.reenqueued(0, 100)
  batch.maybeUpdateLeaderEpoch(101)
  assert.equal(batch.hasLeaderChangedForTheOngoingRetry, true)
  batch.maybeUpdateLeaderEpoch(101)
  assert.equal(batch.hasLeaderChangedForTheOngoingRetry, true)
  batch.reenqueued(0, 100)
  batch.maybeUpdateLeaderEpoch(101)
  assert.equal(batch.hasLeaderChangedForTheOngoingRetry, false)
  batch.maybeUpdateLeaderEpoch(100)
  batch.maybeUpdateLeaderEpoch(-1)
  assert.equal(batch.hasLeaderChangedForTheOngoingRetry, false)
})

test('producer batch - DX-5 no promise settles before the last callback of the batch ran', async () => {
  const batch = batchOf()
  const order: string[] = []
  const promised = new Promise<RecordMetadata>((resolve, reject) => {
    batch.tryAppend(recordBytes(), () => order.push('callback 0'), null)
    batch.tryAppend(
      recordBytes(),
      (metadata: RecordMetadata) => {
        order.push('settled 1')
        resolve(metadata)
      },
      reject,
    )
    batch.tryAppend(recordBytes(), () => order.push('callback 2'), null)
  })
  batch.complete(10, -1)
  assert.equal((await promised).offset, 11)
  assert.deepEqual(order, ['callback 0', 'callback 2', 'settled 1'])
})

test('producer batch - a callback that throws does not keep the others from theirs', () => {
  const batch = batchOf()
  const { callback, metadatas } = calls()
  batch.tryAppend(
    recordBytes(),
    () => {
      throw new Error('application')
    },
    null,
  )
  batch.tryAppend(recordBytes(), callback, null)
  batch.complete(0, -1)
  assert.equal(metadatas[0]?.offset, 1)
})

test('producer batch - single records may fail with an error of their own', async () => {
  const batch = batchOf()
  const { callback, errors } = calls()
  const own = new KafkaError('INVALID_RECORD', 'own')
  batch.tryAppend(recordBytes(), callback, null)
  batch.tryAppend(recordBytes(), callback, null)
  batch.completeExceptionally(failure, (index) => (index === 1 ? own : failure))
  assert.deepEqual(errors, [failure, own])
})
