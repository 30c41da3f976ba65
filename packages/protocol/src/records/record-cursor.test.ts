import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compressionTypes } from '../compression/index.ts'
import { ProtocolError } from '../wire/protocol-error.ts'
import { encodeHeaders, flatHeaders } from './headers-encoder.ts'
import { BATCH_HEADER_BYTES, RECORDS_COUNT_AT, readBatchHeader, verifyBatchCrc, writeBatchCrc } from './record-batch.ts'
import { encodeBatch } from './record-batch-builder.ts'
import { forEachRecord, RecordCursor, recordsPayload } from './record-cursor.ts'
import { encodedRecordSize, estimateSizeUpperBound, writeRecord } from './record-encoder.ts'
import { batchRecords, type PlainRecord, seeded } from './testing/arbitraries.ts'
import { writeVarint } from './varint.ts'

function readAll(batch: Buffer): PlainRecord[] {
  const records: PlainRecord[] = []
  const { baseOffset } = readBatchHeader(batch, 0)
  forEachRecord(batch, 0, (offset, timestamp, cursor) => {
    records.push({
      key: cursor.key(),
      value: cursor.value(),
      headers: cursor.readHeaders(),
      timestamp,
      offsetDelta: offset - baseOffset,
    })
  })
  return records
}

for (const compression of compressionTypes) {
  test(`record batch - any records survive a round trip with compression ${compression}`, (t) => {
    fc.assert(
      fc.property(batchRecords, fc.nat(1000000), (records, baseOffset) => {
        const batch = encodeBatch(records, { compression, baseOffset })
        verifyBatchCrc(batch, 0)
        const header = readBatchHeader(batch, 0)
        assert.equal(header.compression, compression)
        assert.equal(header.recordsCount, records.length)
        assert.deepEqual(readAll(batch), records)
      }),
      seeded(t, 150),
    )
  })
}

test('record encoder - the computed size is what is written, and the upper bound is one', (t) => {
  const target = Buffer.alloc(20000)
  fc.assert(
    fc.property(batchRecords, (records) => {
      for (const { key, value, headers, timestamp, offsetDelta } of records) {
        const encoded = encodeHeaders(flatHeaders(headers))
        const headersSize = encoded.length
        const size = encodedRecordSize(offsetDelta, timestamp, key?.length ?? -1, value?.length ?? -1, headersSize)
        const next = writeRecord(
          target,
          7,
          offsetDelta,
          timestamp,
          key,
          0,
          key?.length ?? -1,
          value,
          0,
          value?.length ?? -1,
          encoded,
          0,
          headersSize,
        )
        assert.equal(next - 7, size)
        assert.ok(estimateSizeUpperBound(key?.length ?? -1, value?.length ?? -1, headersSize) >= BATCH_HEADER_BYTES + size)
        const cursor = new RecordCursor(target, 1, 7, next)
        assert.ok(cursor.next())
        assert.equal(cursor.sizeInBytes, size)
        assert.equal(cursor.timestampDelta, timestamp)
        assert.equal(cursor.next(), false)
      }
    }),
    seeded(t, 100),
  )
})

test('record encoder - takes keys and values out of the middle of a scratch buffer', () => {
  const scratch = Buffer.from('....KEY..a value of more than thirty-two bytes....')
  const target = Buffer.alloc(200, 0xee)
  const end = writeRecord(target, 3, 5, -70, scratch, 4, 3, scratch, 9, 37)
  scratch.fill(0)
  const cursor = new RecordCursor(target, 1, 3, end)
  assert.ok(cursor.next())
  assert.equal(cursor.key()?.toString(), 'KEY')
  assert.equal(cursor.value()?.toString(), 'a value of more than thirty-two bytes')
  assert.deepEqual([cursor.offsetDelta, cursor.timestampDelta, cursor.headersCount], [5, -70, 0])
  assert.ok(target.subarray(end).every((byte) => byte === 0xee))
  assert.ok(target.subarray(0, 3).every((byte) => byte === 0xee))
})

test('record cursor - reading headers leaves it where it was', () => {
  const headers = [
    { key: 'a', value: Buffer.from('1') },
    { key: 'a', value: null },
  ]
  const batch = encodeBatch([{ value: 'x', headers }, { value: 'y', headers: { 'ä €': 'z' } }, { value: 'z' }])
  const cursor = new RecordCursor(batch, 3, BATCH_HEADER_BYTES)
  assert.ok(cursor.next())
  assert.deepEqual(cursor.readHeaders(), headers)
  assert.deepEqual(cursor.readHeaders(), headers)
  assert.ok(cursor.next())
  assert.deepEqual(cursor.readHeaders(), [{ key: 'ä €', value: Buffer.from('z') }])
  assert.equal(cursor.value()?.toString(), 'y')
  assert.ok(cursor.next())
  assert.deepEqual(cursor.readHeaders(), [])
  assert.equal(cursor.next(), false)
  assert.equal(cursor.next(), false)
})

test('record timestamps - are the append time of the batch when the broker sets them', () => {
  const batch = encodeBatch(
    [
      { value: 'x', timestamp: 5 },
      { value: 'y', timestamp: 90 },
    ],
    { timestampType: 'LogAppendTime' },
  )
  assert.deepEqual(
    readAll(batch).map((record) => record.timestamp),
    [90, 90],
  )
})

test('record cursor - a count that the bytes cannot hold is refused before any record', () => {
  const batch = encodeBatch([{ value: 'x' }])
  batch.writeInt32BE(2147483647, RECORDS_COUNT_AT)
  assert.throws(
    () => forEachRecord(batch, 0, () => assert.fail('no record should be found')),
    (error) => error instanceof ProtocolError && error.code === 'OUT_OF_RANGE' && /2147483647 records/.test(error.message),
  )
})

test('record cursor - fewer or more records than counted are an error, not silence', () => {
  const records = Array.from({ length: 4 }, () => ({ value: 'twelve bytes' }))
  for (const count of [3, 5]) {
    const batch = encodeBatch(records)
    batch.writeInt32BE(count, RECORDS_COUNT_AT)
    assert.throws(() => readAll(batch), ProtocolError)
  }
})

test('record cursor - lengths that do not add up are refused with their position', () => {
  const encode = (fields: readonly number[], bodyLength: number): Buffer => {
    const target = Buffer.alloc(64)
    let at = writeVarint(target, 0, bodyLength)
    target[at++] = 0
    for (const field of fields) at = writeVarint(target, at, field)
    return target.subarray(0, at)
  }
  const cases: readonly (readonly [reason: string, bytes: Buffer])[] = [
    ['body shorter than its fields', encode([0, 0, -1, -1, 0, 0], 6)],
    ['body longer than its fields', encode([0, 0, -1, -1, 0, 0, 0], 8)],
    ['negative body', encode([0, 0, -1, -1, 0], -1)],
    ['negative offset delta', encode([0, -1, -1, -1, 0], 6)],
    ['key length below -1', encode([0, 0, -2, -1, 0], 6)],
    ['key beyond the record', encode([0, 0, 60, -1, 0], 6)],
    ['value beyond the record', encode([0, 0, -1, 50, 0], 6)],
    ['negative count of headers', encode([0, 0, -1, -1, -1], 6)],
    ['more headers than fit', encode([0, 0, -1, -1, 50], 6)],
    ['header without a key', encode([0, 0, -1, -1, 1, -1, -1], 8)],
    ['header value beyond the record', encode([0, 0, -1, -1, 1, 0, 9], 8)],
  ]
  for (const [reason, bytes] of cases) {
    assert.throws(
      () => {
        const cursor = new RecordCursor(bytes, 1)
        while (cursor.next()) cursor.readHeaders()
      },
      (error) => error instanceof ProtocolError && error.position >= 0 && error.position <= bytes.length,
      reason,
    )
  }
})

for (const compression of compressionTypes) {
  test(`record batch - mutated bytes give a ProtocolError or records, never anything else (${compression})`, (t) => {
    const maxBytes = 100_000
    const mutations = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 })
    let refused = 0
    fc.assert(
      fc.property(batchRecords, mutations, fc.boolean(), fc.option(fc.nat()), (records, changes, recordsOnly, cut) => {
        let batch = encodeBatch(records, { compression })
        const from = recordsOnly && batch.length > BATCH_HEADER_BYTES ? BATCH_HEADER_BYTES : 0
        for (const [at, bits] of changes) batch[from + (at % (batch.length - from))]! ^= bits
        if (cut !== null) batch = batch.subarray(0, cut % (batch.length + 1))
        try {
          const header = readBatchHeader(batch, 0)
          const payload = recordsPayload(header, batch, 0, maxBytes)
          assert.ok(payload.length <= Math.max(maxBytes, batch.length))
          const cursor = new RecordCursor(payload, header.recordsCount)
          while (cursor.next()) {
            assert.ok(cursor.keyStart + cursor.keyLength <= payload.length)
            assert.ok(cursor.valueStart + cursor.valueLength <= payload.length)
            cursor.readHeaders()
          }
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          refused++
        }
      }),
      seeded(t, 250),
    )
    assert.ok(refused > 50, `${refused} of 250 were refused`)
  })
}

test('record batch - random bytes behind a valid header and checksum are refused', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 300 }),
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 1, max: 1000 }),
      (noise, codec, count) => {
        const batch = Buffer.concat([encodeBatch([]), noise])
        batch.writeInt32BE(batch.length - 12, 8)
        batch.writeInt16BE(codec, 21)
        batch.writeInt32BE(count, RECORDS_COUNT_AT)
        writeBatchCrc(batch, 0, batch.length)
        verifyBatchCrc(batch, 0)
        try {
          readAll(batch)
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String((error as Error).stack))
        }
      },
    ),
    seeded(t, 1000),
  )
})
