import type { ConsumerRecord } from '../record/consumer-record.ts'
import { ConsumerRecords } from '../record/consumer-records.ts'
import { type HeadersInit, RecordHeaders } from '../record/headers.ts'
import { type ProducerRecord, type ProducerRecordInit, toProducerRecord } from '../record/producer-record.ts'
import type { RawRecord, SerializedRecord } from '../record/serialized-record.ts'
import type { TopicPartitionOffset } from '../record/topic-partition.ts'

/** What `consumerRecordOf` may be told. */
export interface ConsumerRecordInit<K = any, V = any> extends Partial<Omit<ConsumerRecord<K, V>, 'headers'>> {
  readonly headers?: HeadersInit
}

/** Bytes as a test writes them: a string stands for its UTF-8. */
export type BytesInit = string | Uint8Array | null

/** What `serializedRecordOf` may be told. */
export interface SerializedRecordInit extends Partial<Omit<SerializedRecord, 'headers' | 'key' | 'value'>> {
  readonly key?: BytesInit
  readonly value?: BytesInit
  readonly headers?: HeadersInit
}

/** What `rawRecordOf` may be told. */
export interface RawRecordInit extends Partial<Omit<RawRecord, 'headers' | 'key' | 'value'>> {
  readonly key?: BytesInit
  readonly value?: BytesInit
  readonly headers?: HeadersInit
}

/** 14 November 2023, 22:13:20 UTC. */
const TIMESTAMP = 1_700_000_000_000

/**
 * A record as `onSend` gets it, which `send` takes too. Topic `topic`, null key and value, no headers and no partition
 * unless told otherwise. Throws INVALID_ARGUMENT for what `send` would refuse.
 */
export function recordOf<K = any, V = any>(init: Partial<ProducerRecordInit<K, V>> = {}): ProducerRecord<K, V> {
  return toProducerRecord({ topic: 'topic', ...init })
}

/** A record as `onSerialized` gets it. Topic `topic`, null key and value unless told otherwise. */
export function serializedRecordOf(init: SerializedRecordInit = {}): SerializedRecord {
  const { topic = 'topic', partition, timestamp, headers } = init
  return { topic, partition, timestamp, key: bytesOf(init.key), value: bytesOf(init.value), headers: RecordHeaders.from(headers) }
}

/** A record as `onFetched` gets it. Offset 0 of partition 0 of topic `topic` unless told otherwise. */
export function rawRecordOf(init: RawRecordInit = {}): RawRecord {
  return {
    topic: 'topic',
    partition: 0,
    offset: 0,
    timestamp: TIMESTAMP,
    timestampType: 'CreateTime',
    leaderEpoch: undefined,
    ...init,
    key: bytesOf(init.key),
    value: bytesOf(init.value),
    headers: RecordHeaders.from(init.headers),
  }
}

/**
 * A record as a consumer gives it out. Offset 0 of partition 0 of topic `topic` unless told otherwise. The serialized sizes
 * are those of bytes, of a string's UTF-8, and of anything else's JSON.
 */
export function consumerRecordOf<K = any, V = any>(init: ConsumerRecordInit<K, V> = {}): ConsumerRecord<K, V> {
  const { key = null, value = null } = init
  return {
    topic: 'topic',
    partition: 0,
    offset: 0,
    timestamp: TIMESTAMP,
    timestampType: 'CreateTime',
    serializedKeySize: sizeOf(key),
    serializedValueSize: sizeOf(value),
    leaderEpoch: undefined,
    ...init,
    key,
    value,
    headers: RecordHeaders.from(init.headers),
  }
}

/**
 * What a poll returns, and `onConsume` gets. A record without an offset follows the one before it in its partition.
 * `nextOffsets` are those behind the last records, unless they are given.
 */
export function consumerRecordsOf<K = any, V = any>(
  records: readonly ConsumerRecordInit<K, V>[],
  nextOffsets?: readonly TopicPartitionOffset[],
): ConsumerRecords<K, V> {
  const partitions = new Map<string, { topic: string; partition: number; records: ConsumerRecord<K, V>[] }>()
  for (const init of records) {
    const { topic = 'topic', partition = 0 } = init
    const name = `${partition} ${topic}`
    const held = partitions.get(name) ?? { topic, partition, records: [] }
    const last = held.records.at(-1)
    held.records.push(consumerRecordOf({ ...init, offset: init.offset ?? (last === undefined ? 0 : last.offset + 1) }))
    partitions.set(name, held)
  }
  const ends = [...partitions.values()].map(({ topic, partition, records }) => ({ topic, partition, offset: records.at(-1)!.offset + 1 }))
  return new ConsumerRecords([...partitions.values()], nextOffsets ?? ends)
}

function bytesOf(init: BytesInit | undefined): Buffer | null {
  if (init === undefined || init === null) return null
  return typeof init === 'string' ? Buffer.from(init, 'utf8') : Buffer.from(init.buffer, init.byteOffset, init.byteLength)
}

function sizeOf(data: unknown): number {
  if (data === null) return -1
  if (data instanceof Uint8Array) return data.byteLength
  return Buffer.byteLength(typeof data === 'string' ? data : (JSON.stringify(data) ?? ''))
}
