import { completeBatchSize, RecordCursor, readBatchHeader, recordsPayload } from '@sluice/protocol'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { RecordHeaders } from '../record/headers.ts'
import type { Deserializer } from '../record/serdes.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import { FetchedHeaders } from './fetched-headers.ts'
import { RecordDeserializationError } from './record-deserialization-error.ts'

/** A record as it was fetched, before the deserializers. */
export interface FetchedRecord extends RawRecord {
  /** As of ConsumerRecord: of what was fetched, whatever interceptors make of it. */
  readonly checksum?: number
  readonly size?: number
}

interface Deserializers<K, V> {
  readonly keyDeserializer: Deserializer<K>
  readonly valueDeserializer: Deserializer<V>
}

/** The record for the application of what interceptors made of `fetched`. Throws RecordDeserializationError. */
export function deserialized<K, V>(raw: RawRecord, fetched: FetchedRecord, deserializers: Deserializers<K, V>): ConsumerRecord<K, V> {
  const { topic, partition, offset, timestamp, timestampType, headers, leaderEpoch } = raw
  const { checksum, size } = fetched
  const record = {
    topic,
    partition,
    offset,
    timestamp,
    timestampType,
    key: deserialize('key', raw.key, raw, deserializers.keyDeserializer),
    value: deserialize('value', raw.value, raw, deserializers.valueDeserializer),
    headers,
    serializedKeySize: raw.key === null ? -1 : raw.key.length,
    serializedValueSize: raw.value === null ? -1 : raw.value.length,
    leaderEpoch,
  }
  return checksum === undefined ? record : { ...record, checksum, ...(size === undefined ? {} : { size }) }
}

function deserialize<T>(what: 'key' | 'value', bytes: Buffer | null, raw: RawRecord, deserializer: Deserializer<T>): T | null {
  if (bytes === null) return null
  try {
    return deserializer.deserialize(raw.topic, bytes, raw.headers)
  } catch (cause) {
    throw new RecordDeserializationError('SERIALIZATION', raw, raw.offset, `the ${what} could not be deserialized`, cause)
  }
}

/** Finds records again in what was fetched, with the bytes and headers that the broker sent; for dead letters. */
export class FetchedOriginals {
  readonly #place: TopicPartition
  readonly #fetches: readonly Buffer[]
  /** The batch that was decoded last: those who look for one record look for its neighbours next. */
  #batch: ReadonlyMap<number, RawRecord> = new Map()

  constructor(place: TopicPartition, fetches: readonly Buffer[]) {
    this.#place = place
    this.#fetches = fetches
  }

  find(offset: number): RawRecord | undefined {
    const known = this.#batch.get(offset)
    if (known !== undefined) return known
    for (const bytes of this.#fetches) {
      for (let at = 0; completeBatchSize(bytes, at) >= 0; ) {
        const { baseOffset, lastOffsetDelta, sizeInBytes } = readBatchHeader(bytes, at)
        if (offset >= baseOffset && offset <= baseOffset + lastOffsetDelta) {
          this.#batch = this.#decode(bytes, at)
          return this.#batch.get(offset)
        }
        at += sizeInBytes
      }
    }
    return undefined
  }

  #decode(bytes: Buffer, at: number): ReadonlyMap<number, RawRecord> {
    const header = readBatchHeader(bytes, at)
    const { baseOffset, baseTimestamp, timestampType, maxTimestamp, partitionLeaderEpoch, recordsCount } = header
    const payload = recordsPayload(header, bytes, at)
    const cursor = new RecordCursor(payload, recordsCount)
    const { topic, partition } = this.#place
    const records = new Map<number, RawRecord>()
    while (cursor.next()) {
      const { keyStart, keyLength, valueStart, valueLength, headersCount, headersStart } = cursor
      const offset = baseOffset + cursor.offsetDelta
      records.set(offset, {
        topic,
        partition,
        offset,
        timestamp: timestampType === 'LogAppendTime' ? maxTimestamp : baseTimestamp + cursor.timestampDelta,
        timestampType,
        key: keyLength < 0 ? null : payload.subarray(keyStart, keyStart + keyLength),
        value: valueLength < 0 ? null : payload.subarray(valueStart, valueStart + valueLength),
        headers: headersCount === 0 ? new RecordHeaders() : new FetchedHeaders(payload, headersStart, headersCount),
        leaderEpoch: partitionLeaderEpoch >= 0 ? partitionLeaderEpoch : undefined,
      })
    }
    return records
  }
}
