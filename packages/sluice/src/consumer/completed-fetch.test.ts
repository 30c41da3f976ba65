import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BatchOptions, type BatchRecord, compressionTypes, encodeBatch } from '@sluice/protocol'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { bufferDeserializer, stringDeserializer } from '../record/serdes.ts'
import { type AbortedTransaction, CompletedFetch, type DecodeOptions } from './completed-fetch.ts'
import { PartitionState } from './subscription-state.ts'

interface Setting extends Partial<DecodeOptions<string, string>> {
  readonly from?: number
  readonly aborted?: readonly AbortedTransaction[]
}

function fetchOf(bytes: Buffer, { from = 0, aborted = [], ...options }: Setting = {}): CompletedFetch<string, string> {
  const decode: DecodeOptions<string, string> = {
    keyDeserializer: stringDeserializer,
    valueDeserializer: stringDeserializer,
    checkCrcs: true,
    isolationLevel: 'read_uncommitted',
    ...options,
  }
  return new CompletedFetch(new PartitionState('t', 3), from, bytes, decode, aborted)
}

function takeAll(fetch: CompletedFetch<string, string>): ConsumerRecord<string, string>[] {
  const records: ConsumerRecord<string, string>[] = []
  while (fetch.take(2, records));
  return records
}

const batch = (values: readonly string[], options: BatchOptions = {}) =>
  encodeBatch(
    values.map((value) => ({ value })),
    options,
  )
const offsets = (records: readonly ConsumerRecord[]) => records.map(({ offset }) => offset)

for (const compression of compressionTypes) {
  test(`completed fetch - every field of a record with compression ${compression}`, () => {
    const records: BatchRecord[] = [
      { key: 'k', value: 'v', headers: { a: 'x', b: null }, timestamp: 1000 },
      { value: null, timestamp: 900 },
    ]
    const fetch = fetchOf(encodeBatch(records, { compression, baseOffset: 40, partitionLeaderEpoch: 6 }), { from: 40 })
    const [first, second] = takeAll(fetch) as [ConsumerRecord<string, string>, ConsumerRecord<string, string>]
    assert.deepEqual(
      { ...first, headers: [...first.headers].map(({ key, value }) => [key, value?.toString() ?? null]) },
      {
        topic: 't',
        partition: 3,
        offset: 40,
        timestamp: 1000,
        timestampType: 'CreateTime',
        key: 'k',
        value: 'v',
        headers: [
          ['a', 'x'],
          ['b', null],
        ],
        serializedKeySize: 1,
        serializedValueSize: 1,
        leaderEpoch: 6,
      },
    )
    assert.deepEqual([second.key, second.value, second.timestamp, second.serializedValueSize], [null, null, 900, -1])
    assert.equal(fetch.nextOffset, 42)
  })
}

test('completed fetch - the append time of the broker stands for all records of a batch', () => {
  const bytes = encodeBatch([{ timestamp: 5 }, { timestamp: 9 }], { timestampType: 'LogAppendTime' })
  assert.deepEqual(
    takeAll(fetchOf(bytes)).map(({ timestamp, timestampType }) => [timestamp, timestampType]),
    [
      [9, 'LogAppendTime'],
      [9, 'LogAppendTime'],
    ],
  )
})

test('completed fetch - records before the fetch offset are skipped, and so are whole batches', () => {
  const bytes = Buffer.concat([batch(['a', 'b']), batch(['c', 'd', 'e'], { baseOffset: 2 })])
  assert.deepEqual(offsets(takeAll(fetchOf(bytes, { from: 3 }))), [3, 4])
})

test('completed fetch - a batch that is cut off at the end is left for the next fetch', () => {
  const whole = batch(['a', 'b'])
  for (const cut of [1, 11, 16, 40, 61]) {
    const fetch = fetchOf(Buffer.concat([whole, batch(['c'], { baseOffset: 2 }).subarray(0, cut)]))
    assert.deepEqual(offsets(takeAll(fetch)), [0, 1])
    assert.equal(fetch.nextOffset, 2)
  }
})

test('completed fetch - gaps that compaction left, inside and at the end, are passed', () => {
  const records = [{ value: 'a' }, { value: 'b', offsetDelta: 5 }]
  const fetch = fetchOf(encodeBatch(records, { lastOffsetDelta: 9 }))
  assert.deepEqual(offsets(takeAll(fetch)), [0, 5])
  assert.equal(fetch.nextOffset, 10)
  const empty = fetchOf(encodeBatch([], { baseOffset: 20, lastOffsetDelta: 4 }), { from: 20 })
  assert.deepEqual(takeAll(empty), [])
  assert.equal(empty.nextOffset, 25)
})

test('completed fetch - read_committed leaves out aborted transactions and control records; read_uncommitted control records only', () => {
  const txn = (producerId: number, baseOffset: number, values: readonly string[]) =>
    batch(values, { producerId, producerEpoch: 0, baseSequence: 0, baseOffset, isTransactional: true })
  const marker = (producerId: number, baseOffset: number, type: 0 | 1) =>
    encodeBatch([{ key: Buffer.from([0, 0, 0, type]), value: Buffer.alloc(6) }], {
      producerId,
      producerEpoch: 0,
      baseOffset,
      isTransactional: true,
      isControl: true,
    })
  const bytes = Buffer.concat([
    txn(1, 0, ['aborted-1']),
    txn(2, 1, ['kept-2']),
    batch(['plain'], { baseOffset: 2 }),
    txn(1, 3, ['aborted-3']),
    marker(1, 4, 0),
    txn(1, 5, ['kept-5']),
    marker(2, 6, 1),
    marker(1, 7, 1),
  ])
  const aborted = [{ producerId: 1, firstOffset: 0 }]
  const committed = fetchOf(bytes, { isolationLevel: 'read_committed', aborted })
  assert.deepEqual(
    takeAll(committed).map(({ value }) => value),
    ['kept-2', 'plain', 'kept-5'],
  )
  assert.equal(committed.nextOffset, 8)
  assert.deepEqual(offsets(takeAll(fetchOf(bytes, { aborted }))), [0, 1, 2, 3, 5])
})

test('completed fetch - a damaged batch is CORRUPT with its position, after the records before it, every time', () => {
  const bytes = Buffer.concat([batch(['a', 'b']), batch(['c'], { baseOffset: 2 })])
  bytes[bytes.length - 2]! ^= 0xff
  const fetch = fetchOf(bytes)
  const records: ConsumerRecord<string, string>[] = []
  assert.equal(fetch.take(10, records), true)
  assert.deepEqual(offsets(records), [0, 1])
  const isCorrupt = { code: 'CORRUPT', topic: 't', partition: 3, offset: 2 }
  assert.throws(() => fetch.take(10, records), isCorrupt)
  assert.throws(() => fetch.take(10, records), isCorrupt)
  assert.equal(fetch.nextOffset, 2)
  assert.equal(takeAll(fetchOf(bytes, { checkCrcs: false })).length, 3)
})

test('completed fetch - a deserializer that throws: SERIALIZATION at the offset, without the data in the message', () => {
  const cause = new Error('inner')
  const valueDeserializer = {
    deserialize(_topic: string, data: Buffer): string {
      if (data.toString() === 'secret') throw cause
      return data.toString()
    },
  }
  const fetch = fetchOf(batch(['a', 'secret', 'c']), { valueDeserializer })
  const records: ConsumerRecord<string, string>[] = []
  fetch.take(10, records)
  assert.deepEqual(offsets(records), [0])
  assert.throws(
    () => fetch.take(10, records),
    (error: Error & { code: string; offset: number }) =>
      error.code === 'SERIALIZATION' && error.offset === 1 && error.cause === cause && !error.message.includes('secret'),
  )
})

test('completed fetch - headers are each record’s own and may be changed', () => {
  const fetch = fetchOf(encodeBatch([{ value: 'a' }, { value: 'b', headers: { h: '1' } }]))
  const [plain, with1] = takeAll(fetch) as [ConsumerRecord, ConsumerRecord]
  plain.headers.add('x', 'y')
  with1.headers.set('h', '2').add('h', '3')
  assert.equal(with1.headers.size, 2)
  assert.equal(plain.headers.getString('x'), 'y')
  assert.deepEqual({ ...with1, value: 'c' }.headers.getAll('h').map(String), ['2', '3'])
})

test('completed fetch - bytes are views of what was fetched, not copies', () => {
  const bytes = batch(['abc'])
  const state = new PartitionState('t', 0)
  const options = {
    keyDeserializer: bufferDeserializer,
    valueDeserializer: bufferDeserializer,
    checkCrcs: true,
    isolationLevel: 'read_uncommitted' as const,
  }
  const records: ConsumerRecord<Buffer, Buffer>[] = []
  new CompletedFetch<Buffer, Buffer>(state, 0, bytes, options).take(1, records)
  assert.equal(records[0]!.value!.buffer, bytes.buffer)
})

test('completed fetch - a seek or a revocation makes it worthless', () => {
  const fetch = fetchOf(batch(['a']))
  assert.equal(fetch.isCurrent, true)
  fetch.state.seek(5)
  assert.equal(fetch.isCurrent, false)
  const other = fetchOf(batch(['a']))
  other.state.release()
  assert.equal(other.isCurrent, false)
})
