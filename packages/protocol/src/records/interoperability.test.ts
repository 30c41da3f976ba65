import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { createRecordsBatch, Reader as PlatformaticReader, readRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import { compressionTypes } from '../compression/index.ts'
import { readBatchHeader, verifyBatchCrc, writeBatchCrc } from './record-batch.ts'
import { encodeBatch } from './record-batch-builder.ts'
import { forEachRecord } from './record-cursor.ts'
import { batchRecords, type PlainRecord, seeded } from './testing/arbitraries.ts'
import { javaBatches, javaBatchOptions, javaRecords } from './testing/java-batches.ts'

const require = createRequire(import.meta.url)
const kafkajs = {
  RecordBatch: require('kafkajs/src/protocol/recordBatch/v0/index.js').RecordBatch as (batch: object) => Promise<{ buffer: Buffer }>,
  Record: require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (record: object) => object,
  Decoder: require('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => object,
  decodeBatch: require('kafkajs/src/protocol/recordBatch/v0/decoder.js') as (decoder: object) => Promise<{ records: any[] }>,
}

function readAll(batch: Buffer): PlainRecord[] {
  const records: PlainRecord[] = []
  verifyBatchCrc(batch, 0)
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

/** What other clients can express: no gaps, one header per key, no key that every object has, no null header values. */
function forOthers(records: readonly PlainRecord[]): PlainRecord[] {
  return records.map((record, offsetDelta) => ({
    ...record,
    offsetDelta,
    headers: record.headers
      .filter(({ key }, place) => !(key in {}) && record.headers.findIndex((other) => other.key === key) === place)
      .map(({ key, value }) => ({ key, value: value ?? Buffer.from('x') })),
  }))
}

for (const compression of compressionTypes) {
  test(`java - its ${compression} batch is read, header and records`, () => {
    const batch = Buffer.from(javaBatches[compression], 'base64')
    assert.deepEqual(readAll(batch), javaRecords)
    const header = readBatchHeader(batch, 0)
    for (const [field, value] of Object.entries(javaBatchOptions)) assert.equal(header[field as keyof typeof header], value, field)
    assert.equal(header.compression, compression)
    assert.equal(header.lastOffsetDelta, 2)
    assert.equal(header.baseTimestamp, 1700000000000)
    assert.equal(header.maxTimestamp, 1700000900000)
  })
}

test('java - its uncompressed batch is ours, byte for byte', () => {
  assert.equal(encodeBatch(javaRecords, javaBatchOptions).toString('base64'), javaBatches.none)
})

for (const compression of compressionTypes) {
  test(`platformatic - its ${compression} batches are read by us, and ours by it`, (t) => {
    fc.assert(
      fc.property(batchRecords, (generated) => {
        const records = forOthers(generated)
        if (records.length === 0) return
        const theirs = createRecordsBatch(
          records.map(({ key, value, headers, timestamp }) => ({
            topic: 't',
            key: key as Buffer,
            value: value as Buffer,
            headers: new Map(headers.map((header) => [Buffer.from(header.key), header.value as Buffer])),
            timestamp: BigInt(timestamp),
          })),
          { compression },
        ).buffer
        // Its writer zigzags 64-bit numbers by 31 bits, which spoils larger timestamp deltas.
        const baseTimestamp = records[0]!.timestamp
        if (records.every(({ timestamp }) => Math.abs(timestamp - baseTimestamp) < 2 ** 31)) assert.deepEqual(readAll(theirs), records)

        const ours = encodeBatch(records, { compression })
        const oursReadByThem = readRecordsBatch(PlatformaticReader.from(ours)).records
        assert.deepEqual(
          oursReadByThem.map((record) => fromPlatformatic(record, baseTimestamp)),
          records,
        )
      }),
      seeded(t, 40),
    )
  })
}

function fromPlatformatic(record: any, baseTimestamp: number): PlainRecord {
  return {
    key: record.key,
    value: record.value,
    headers: record.headers.map(([key, value]: [Buffer, Buffer]) => ({ key: key.toString(), value })),
    timestamp: baseTimestamp + Number(record.timestampDelta),
    offsetDelta: record.offsetDelta,
  }
}

test('platformatic - an uncompressed batch is ours, byte for byte', () => {
  const records = Array.from({ length: 50 }, (_, i) => ({
    key: Buffer.from(`k${i}`),
    value: Buffer.alloc(i * 7 + 1, i),
    timestamp: 1700000000000 + i * i,
  }))
  const theirs = createRecordsBatch(
    records.map((record) => ({
      ...record,
      topic: 't',
      headers: new Map([[Buffer.from('h'), Buffer.from('1')]]),
      timestamp: BigInt(record.timestamp),
    })),
  ).buffer
  const ours = encodeBatch(
    records.map((record) => ({ ...record, headers: { h: '1' } })),
    { partitionLeaderEpoch: 0, producerEpoch: 0, baseSequence: 0 },
  )
  assert.deepEqual(ours, theirs)
})

for (const [compression, number] of [
  ['none', 0],
  ['gzip', 1],
] as const) {
  test(`kafkajs - its ${compression} batches are read by us, and ours by it`, async (t) => {
    await fc.assert(
      fc.asyncProperty(batchRecords, async (generated) => {
        const records = forOthers(generated)
        if (records.length === 0) return
        const baseTimestamp = records[0]!.timestamp
        const maxTimestamp = Math.max(...records.map((record) => record.timestamp))
        const { buffer: theirs } = await kafkajs.RecordBatch({
          compression: number,
          firstTimestamp: baseTimestamp,
          maxTimestamp,
          lastOffsetDelta: records.length - 1,
          records: records.map(({ key, value, headers, timestamp, offsetDelta }) =>
            kafkajs.Record({
              key,
              value,
              headers: Object.fromEntries(headers.map((header) => [header.key, header.value])),
              timestampDelta: timestamp - baseTimestamp,
              offsetDelta,
            }),
          ),
        })
        // An object's integer-like keys lose their order.
        assert.deepEqual(sortHeaders(readAll(theirs)), sortHeaders(records))

        const ours = encodeBatch(records, { compression, partitionLeaderEpoch: 0, producerEpoch: 0, baseSequence: 0 })
        if (compression === 'none' && records.every(({ headers }) => headers.length < 2)) assert.deepEqual(ours, theirs)
        const { records: read } = await kafkajs.decodeBatch(new kafkajs.Decoder(ours))
        assert.deepEqual(
          sortHeaders(
            read.map((record, place) => ({
              key: record.key,
              value: record.value,
              headers: Object.entries(record.headers).map(([key, value]) => ({ key, value: value as Buffer })),
              timestamp: Number(record.timestamp),
              offsetDelta: place,
            })),
          ),
          sortHeaders(records),
        )
      }),
      seeded(t, 40),
    )
  })
}

function sortHeaders(records: readonly PlainRecord[]): PlainRecord[] {
  return records.map((record) => ({ ...record, headers: [...record.headers].sort((a, b) => (a.key < b.key ? -1 : 1)) }))
}

test('record batch - a flag set by the broker needs a new checksum only', () => {
  const batch = encodeBatch([{ value: 'x', timestamp: 1 }])
  batch.writeInt16BE(8, 21)
  batch.writeBigInt64BE(1700000000000n, 35)
  writeBatchCrc(batch, 0, batch.length)
  assert.deepEqual(
    readAll(batch).map((record) => record.timestamp),
    [1700000000000],
  )
})
