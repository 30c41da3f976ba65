import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError, type ProtocolErrorCode } from '../wire/protocol-error.ts'
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  CRC_AT,
  completeBatchSize,
  forEachBatch,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  MAGIC_AT,
  PARTITION_LEADER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORDS_COUNT_AT,
  readBatchHeader,
  verifyBatchCrc,
  writeBatchCrc,
} from './record-batch.ts'
import { encodeBatch, RecordBatchBuilder } from './record-batch-builder.ts'

function refuses(action: () => unknown, code: ProtocolErrorCode, position?: number, message?: RegExp): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof ProtocolError, String(error))
    assert.equal(error.code, code)
    if (position !== undefined) assert.equal(error.position, position)
    if (message !== undefined) assert.match(error.message, message)
    return true
  })
}

const fields = {
  baseOffset: 2 ** 40 + 7,
  partitionLeaderEpoch: 12,
  producerId: 2 ** 45 + 1,
  producerEpoch: 32767,
  baseSequence: 2147483647,
  isTransactional: true,
  isControl: true,
  timestampType: 'LogAppendTime' as const,
}

test('record batch header - what is written is read back', () => {
  const batch = encodeBatch(
    [
      { value: 'a', timestamp: 1700000000005 },
      { value: 'b', timestamp: 1700000000001 },
    ],
    fields,
  )
  const header = readBatchHeader(batch, 0)
  assert.deepEqual(
    { ...header, crc: 0, attributes: 0 },
    {
      ...fields,
      batchLength: batch.length - 12,
      magic: 2,
      crc: 0,
      attributes: 0,
      lastOffsetDelta: 1,
      baseTimestamp: 1700000000005,
      maxTimestamp: 1700000000005,
      recordsCount: 2,
      sizeInBytes: batch.length,
      compression: 'none',
    },
  )
  assert.equal(header.attributes, 0x38)
  verifyBatchCrc(batch, 0)
})

test('record batch header - is found at any position', () => {
  const batch = encodeBatch([{ value: 'x' }])
  const shifted = Buffer.concat([Buffer.alloc(13, 9), batch, Buffer.alloc(5, 9)])
  assert.deepEqual(readBatchHeader(shifted, 13), readBatchHeader(batch, 0))
  verifyBatchCrc(shifted, 13)
})

test('record batch header - "none" is -1 everywhere when nothing is given', () => {
  const header = readBatchHeader(new RecordBatchBuilder().append({ value: 'x' }).build(), 0)
  assert.deepEqual(
    [header.baseOffset, header.partitionLeaderEpoch, header.producerId, header.producerEpoch, header.baseSequence, header.attributes],
    [0, -1, -1, -1, -1, 0],
  )
})

test('record batch - offset and leader epoch may be patched without a new checksum, anything else may not', () => {
  const batch = encodeBatch([{ key: 'k', value: 'v' }])
  batch.writeBigInt64BE(99n, BASE_OFFSET_AT)
  batch.writeInt32BE(3, PARTITION_LEADER_EPOCH_AT)
  verifyBatchCrc(batch, 0)
  for (const at of [ATTRIBUTES_AT, PRODUCER_ID_AT, BASE_SEQUENCE_AT, batch.length - 1]) {
    batch[at]! ^= 1
    refuses(() => verifyBatchCrc(batch, 0), 'CORRUPT', CRC_AT)
    batch[at]! ^= 1
  }
  batch.writeInt32BE(77, BASE_SEQUENCE_AT)
  writeBatchCrc(batch, 0, batch.length)
  verifyBatchCrc(batch, 0)
})

test('record batch - old and unknown message formats are named', () => {
  const batch = encodeBatch([{ value: 'v' }])
  for (const magic of [0, 1]) {
    batch[MAGIC_AT] = magic
    refuses(() => readBatchHeader(batch, 0), 'UNSUPPORTED_VERSION', MAGIC_AT, new RegExp(`message format v${magic} is not supported`))
    // A message of the old formats may be shorter than the header of a batch.
    refuses(() => readBatchHeader(batch.subarray(0, 30), 0), 'UNSUPPORTED_VERSION', MAGIC_AT)
  }
  batch[MAGIC_AT] = 3
  refuses(() => readBatchHeader(batch, 0), 'UNSUPPORTED_VERSION', MAGIC_AT, /v3 is not known/)
})

test('record batch - a cut at any byte is TRUNCATED', () => {
  const batch = encodeBatch([{ key: 'k', value: 'v' }])
  for (let end = 0; end < batch.length; end++) {
    assert.equal(completeBatchSize(batch, 0, end), -1)
    refuses(() => readBatchHeader(batch, 0, end), 'TRUNCATED', 0)
    refuses(() => verifyBatchCrc(batch.subarray(0, end), 0), 'TRUNCATED', 0)
  }
  refuses(() => readBatchHeader(batch, batch.length + 5), 'TRUNCATED')
})

test('record batch - impossible numbers are refused with their position', () => {
  const with32 = (at: number, value: number): Buffer => {
    const batch = encodeBatch([{ value: 'v' }])
    batch.writeInt32BE(value, at)
    return batch
  }
  for (const length of [-1, 0, 48, -2147483648]) refuses(() => readBatchHeader(with32(LENGTH_AT, length), 0), 'OUT_OF_RANGE', LENGTH_AT)
  refuses(() => readBatchHeader(with32(LENGTH_AT, 2147483647), 0), 'TRUNCATED', 0)
  refuses(() => readBatchHeader(with32(LAST_OFFSET_DELTA_AT, -1), 0), 'OUT_OF_RANGE', LAST_OFFSET_DELTA_AT)
  refuses(() => readBatchHeader(with32(RECORDS_COUNT_AT, -1), 0), 'OUT_OF_RANGE', RECORDS_COUNT_AT)
  refuses(() => readBatchHeader(with32(BASE_OFFSET_AT, 0x7fffffff), 0), 'OUT_OF_RANGE', BASE_OFFSET_AT)
  const unknownCodec = encodeBatch([{ value: 'v' }])
  unknownCodec[ATTRIBUTES_AT + 1] = 5
  refuses(() => readBatchHeader(unknownCodec, 0), 'UNSUPPORTED_CODEC', ATTRIBUTES_AT)
})

test('record batches - a walk stops cleanly at a batch that the broker has cut', () => {
  const batches = [1, 2, 3].map((n) => encodeBatch([{ value: 'v'.repeat(n * 30) }], { baseOffset: n * 10 }))
  const whole = Buffer.concat(batches)
  const ends = [batches[0]!.length, batches[0]!.length + batches[1]!.length, whole.length]
  for (let cut = 0; cut <= whole.length; cut++) {
    const offsets: number[] = []
    const stoppedAt = forEachBatch(whole.subarray(0, cut), (header) => offsets.push(header.baseOffset))
    const complete = ends.filter((end) => end <= cut).length
    assert.deepEqual(offsets, [10, 20, 30].slice(0, complete))
    assert.equal(stoppedAt, complete === 0 ? 0 : ends[complete - 1])
  }
})
