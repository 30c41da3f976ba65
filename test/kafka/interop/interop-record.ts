import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { ConsumerRecord } from 'sluice'
import { SeededRandom } from '../../protocol/seeded-random.ts'

/** A record to send, as both sides of a test take it: bytes are base64. */
export interface SentRecord {
  readonly topic: string
  readonly partition?: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [key: string, value: string | null])[]
  readonly timestamp?: number
}

/** A record as a client read it. */
export interface ReadRecord extends Omit<SentRecord, 'topic'> {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: string
}

export interface SentMetadata {
  readonly partition: number
  /** -1 when the broker told none (acks 0). */
  readonly offset: number
  readonly timestamp: number
}

export const PARTITIONS = 3
export const MANY_RECORDS = 1500
const BASE_TIME = 1_700_000_000_000

export function base64(bytes: Uint8Array | string): string {
  return Buffer.from(bytes as string).toString('base64')
}

export function fromBase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}

export function asReadRecord(record: ConsumerRecord): ReadRecord {
  return {
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
    timestampType: record.timestampType,
    key: record.key?.toString('base64') ?? null,
    value: record.value?.toString('base64') ?? null,
    headers: [...record.headers].map(({ key, value }) => [key, value?.toString('base64') ?? null]),
  }
}

/** Every shape a record can have, each to a partition that is named, then many small ones. */
export function sampleRecords(topic: string, many: number = MANY_RECORDS): SentRecord[] {
  const random = new SeededRandom(42)
  const allBytes = base64(Uint8Array.from({ length: 256 }, (_, i) => i))
  const shapes: Partial<SentRecord>[] = [
    { key: base64('key'), value: base64('value') },
    { key: null, value: base64('no key') },
    { key: base64('tombstone'), value: null },
    { key: null, value: null },
    { key: '', value: '' },
    { key: allBytes, value: allBytes, headers: [['bytes', allBytes]] },
    { key: base64('ключ 鍵 🦊'), value: base64('значение 値 🦊') },
    {
      headers: [
        ['twice', base64('first')],
        ['once', base64('between')],
        ['twice', base64('second')],
      ],
    },
    {
      headers: [
        ['null', null],
        ['empty', ''],
        ['', base64('a key without a character')],
      ],
    },
    { headers: [['заголовок 見出し 🦊', base64('ünïcödé')]] },
    { headers: Array.from({ length: 200 }, (_, i) => [`header-${i % 50}`, base64(`${i}`)] as const) },
    { timestamp: 0 },
    { key: base64('k'.repeat(10_000)) },
    { value: random.bytes(900 * 1024).toString('base64') },
    { value: base64('compressible '.repeat(70_000)), headers: [['large', base64('yes')]] },
  ]
  for (let i = 0; i < many; i++) {
    shapes.push({
      key: random.chance(0.2) ? null : random.bytes(random.integer(0, 40)).toString('base64'),
      value: random.chance(0.05) ? null : base64(`record ${i} ${'x'.repeat(random.integer(0, 200))}`),
      headers: random.chance(0.5) ? [] : [['n', base64(String(i))]],
    })
  }
  return shapes.map((shape, i) => ({
    topic,
    partition: i % PARTITIONS,
    key: base64(`key ${i}`),
    value: base64(`value ${i}`),
    headers: [],
    timestamp: BASE_TIME + i,
    ...shape,
  }))
}

/**
 * What has to be read when `sent` was written: in each partition in the order of sending. `appended` are the times that
 * the broker told, for topics that keep those.
 */
export function expectedRecords(sent: readonly SentRecord[], appended?: readonly SentMetadata[]): ReadRecord[] {
  const next = new Map<number, number>()
  const records = sent.map(({ topic: _, ...record }, i): ReadRecord => {
    const partition = record.partition!
    const offset = next.get(partition) ?? 0
    next.set(partition, offset + 1)
    return {
      ...record,
      partition,
      offset,
      timestamp: appended === undefined ? record.timestamp! : appended[i]!.timestamp,
      timestampType: appended === undefined ? 'CreateTime' : 'LogAppendTime',
    }
  })
  return sorted(records)
}

/** Compares all fields of all records; long bytes are told by their size and hash, so that a difference can be read. */
export function assertSameRecords(actual: readonly ReadRecord[], expected: readonly ReadRecord[]): void {
  assert.equal(actual.length, expected.length, 'as many records have to be read as were written')
  const told = sorted(actual).map(describe)
  expected.map(describe).forEach((record, i) => {
    assert.deepEqual(told[i], record)
  })
}

function sorted(records: readonly ReadRecord[]): ReadRecord[] {
  return records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
}

function describe({ key, value, partition, offset, timestamp, timestampType, headers }: ReadRecord): ReadRecord {
  return { partition, offset, timestamp, timestampType, key: shortened(key), value: shortened(value), headers }
}

function shortened(text: string | null): string | null {
  if (text === null || text.length < 400) return text
  return `${Buffer.byteLength(text, 'base64')} bytes, SHA-256 ${createHash('sha256').update(text).digest('hex')}`
}
