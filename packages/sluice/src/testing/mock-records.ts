import { encodeBatch } from '@sluice/protocol'
import { deserialized } from '../consumer/fetched-record.ts'
import { configError } from '../errors.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { RecordHeaders } from '../record/headers.ts'
import { bufferDeserializer, type Deserializer, type Serializer } from '../record/serdes.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import { auditOf } from './mock-audit.ts'
import type { MockConsumerOptions } from './mock-consumer-options.ts'

/** A record in a mock's log, as the test added it: with objects, or as bytes. */
export type AddedRecord<K, V> = ({ readonly record: ConsumerRecord<K, V> } | { readonly raw: RawRecord }) & { readonly offset: number }

type Serdes<K, V> = Pick<MockConsumerOptions<K, V>, 'keyDeserializer' | 'valueDeserializer' | 'keySerializer' | 'valueSerializer'>

/** Turns what a test added into what a poll gives. Always a new record with headers of its own, as if it were fetched again. */
export class MockRecords<K, V> {
  readonly #serdes: Serdes<K, V>

  constructor(serdes: Serdes<K, V>) {
    this.#serdes = serdes
  }

  /** For the deserializers that `InterceptedDelivery` runs after `onFetched`. */
  get deserializers(): { readonly keyDeserializer: Deserializer<K>; readonly valueDeserializer: Deserializer<V> } {
    const bytes = bufferDeserializer as unknown as Deserializer<any>
    const { keyDeserializer = bytes, valueDeserializer = bytes } = this.#serdes
    return { keyDeserializer, valueDeserializer }
  }

  toRecord(added: AddedRecord<K, V>, isAudited: boolean): ConsumerRecord<K, V> {
    const record = 'raw' in added ? deserialized(freshRaw(added.raw), added.raw, this.deserializers) : fresh(added.record)
    return isAudited ? { ...record, ...this.#auditOf(added) } : record
  }

  /** For `onFetched`, after which the deserializers run. */
  toRaw(added: AddedRecord<K, V>, isAudited: boolean): RawRecord {
    const { keyDeserializer, valueDeserializer } = this.#serdes
    if ('record' in added) {
      assertReadable('key', added.record, added.record.key, keyDeserializer)
      assertReadable('value', added.record, added.record.value, valueDeserializer)
    }
    const raw = this.#rawOf(added)
    return isAudited ? { ...raw, ...auditOf(raw.key, raw.value, raw.headers) } : raw
  }

  /** The bytes of a batch with these records, for dead letters. */
  toBatch(added: readonly AddedRecord<K, V>[]): Buffer {
    const baseOffset = added[0]?.offset ?? 0
    const records = added.map((one) => {
      const { key, value, timestamp, headers } = this.#rawOf(one)
      return { key, value, timestamp, headers: [...headers], offsetDelta: one.offset - baseOffset }
    })
    return encodeBatch(records, { baseOffset })
  }

  #auditOf(added: AddedRecord<K, V>): { readonly checksum: number; readonly size: number } {
    const { key, value, headers } = this.#rawOf(added)
    return auditOf(key, value, headers)
  }

  #rawOf(added: AddedRecord<K, V>): RawRecord {
    if ('raw' in added) return freshRaw(added.raw)
    const { topic, partition, offset, timestamp, timestampType, leaderEpoch, key, value } = added.record
    const headers = RecordHeaders.from(added.record.headers)
    const { keySerializer, valueSerializer } = this.#serdes
    return {
      topic,
      partition,
      offset,
      timestamp,
      timestampType,
      leaderEpoch,
      headers,
      key: bytesOf(topic, key, headers, keySerializer),
      value: bytesOf(topic, value, headers, valueSerializer),
    }
  }
}

function fresh<K, V>(record: ConsumerRecord<K, V>): ConsumerRecord<K, V> {
  return { ...record, headers: RecordHeaders.from(record.headers) }
}

function freshRaw(raw: RawRecord): RawRecord {
  return { ...raw, headers: RecordHeaders.from(raw.headers) }
}

function bytesOf<T>(topic: string, data: T | null, headers: RecordHeaders, serializer: Serializer<T> | undefined): Buffer | null {
  if (data === null) return null
  if (serializer !== undefined) return asBuffer(serializer.serialize(topic, data, headers))
  if (data instanceof Uint8Array) return asBuffer(data)
  return Buffer.from(typeof data === 'string' ? data : JSON.stringify(data))
}

function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Bytes would else come out in the place of the object that was added. */
function assertReadable(
  what: 'key' | 'value',
  { topic }: ConsumerRecord,
  data: unknown,
  deserializer: Deserializer<any> | undefined,
): void {
  if (data === null || data instanceof Uint8Array || deserializer !== undefined) return
  throw configError(`MockConsumer needs ${what}Deserializer: an interceptor has onFetched, which gets the bytes of topic "${topic}"`)
}
