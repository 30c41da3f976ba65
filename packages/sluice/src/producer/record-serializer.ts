import { isKafkaError, KafkaError } from '../errors.ts'
import type { Headers } from '../record/headers.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { bufferSerializer, type Serializer } from '../record/serdes.ts'
import type { RecordBytes } from './record-bytes.ts'

const INITIAL_SCRATCH_BYTES = 4096
/** The scratch buffer stays for good, so larger values get buffers of their own. */
const MAX_SCRATCH_BYTES = 1024 * 1024

export interface RecordSerializerOptions<K, V> {
  readonly keySerializer: Serializer<K>
  readonly valueSerializer: Serializer<V>
}

/**
 * Runs the serializers of a record. Those that can write into a given buffer write into one scratch buffer, which the
 * next record uses again; the bytes of others, and buffers that are bytes already, are taken as they are.
 */
export class RecordSerializer<K, V> {
  readonly #options: RecordSerializerOptions<K, V>
  #scratch: Buffer = Buffer.allocUnsafeSlow(INITIAL_SCRATCH_BYTES)
  #used = 0
  // Where the last `#serializeOne` left its result; an object for it would be garbage for each record.
  #source: Buffer | null = null
  #start = 0

  constructor(options: RecordSerializerOptions<K, V>) {
    this.#options = options
  }

  /** Fills in topic, key and value of `bytes`. Throws SERIALIZATION for what a serializer throws or cannot return. */
  serialize(record: ProducerRecord<K, V>, bytes: RecordBytes): void {
    const { keySerializer, valueSerializer } = this.#options
    const { topic, key, value, headers } = record
    this.#used = 0
    bytes.topic = topic
    bytes.keyLength = key === null ? -1 : this.#serializeOne(keySerializer, 'keySerializer', topic, key, headers)
    bytes.keySource = bytes.keyLength < 0 ? null : this.#source
    bytes.keyStart = this.#start
    bytes.valueLength = value === null ? -1 : this.#serializeOne(valueSerializer, 'valueSerializer', topic, value, headers)
    bytes.valueSource = bytes.valueLength < 0 ? null : this.#source
    bytes.valueStart = this.#start
  }

  /** Somebody works on the bytes of the last record for longer: the next one gets a buffer of its own. */
  giveAwayScratch(): void {
    this.#scratch = Buffer.allocUnsafeSlow(INITIAL_SCRATCH_BYTES)
    this.#used = 0
  }

  #serializeOne<T>(serializer: Serializer<T>, option: string, topic: string, data: T, headers: Headers): number {
    try {
      if (serializer === (bufferSerializer as unknown) && Buffer.isBuffer(data)) return this.#take(data)
      if (serializer.serializeInto === undefined) return this.#takeResult(serializer.serialize(topic, data, headers))
      return this.#serializeInto(serializer, topic, data, headers)
    } catch (cause) {
      if (isKafkaError(cause)) throw cause
      throw new KafkaError('SERIALIZATION', `${option} failed for a record of topic "${topic}"`, { topic, cause })
    }
  }

  #serializeInto<T>(serializer: Serializer<T>, topic: string, data: T, headers: Headers): number {
    for (;;) {
      const start = this.#used
      const length = serializer.serializeInto!(topic, data, headers, this.#scratch, start)
      if (length >= 0 && length <= this.#scratch.length - start) {
        this.#source = this.#scratch
        this.#start = start
        this.#used = start + length
        return length
      }
      if (length !== -1) throw new TypeError(`serializeInto returned ${length} with room for ${this.#scratch.length - start} bytes`)
      if (this.#scratch.length >= MAX_SCRATCH_BYTES) return this.#takeResult(serializer.serialize(topic, data, headers))
      // A key that lies in the old scratch stays valid there.
      this.#scratch = Buffer.allocUnsafeSlow(this.#scratch.length * 2)
      this.#used = 0
    }
  }

  #takeResult(result: Uint8Array | null): number {
    if (result === null) return -1
    if (!(result instanceof Uint8Array)) throw new TypeError(`serialize returned ${typeof result}, not bytes (Uint8Array) or null`)
    return this.#take(Buffer.isBuffer(result) ? result : Buffer.from(result.buffer, result.byteOffset, result.byteLength))
  }

  #take(bytes: Buffer): number {
    this.#source = bytes
    this.#start = 0
    return bytes.length
  }
}
