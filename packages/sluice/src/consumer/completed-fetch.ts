import {
  completeBatchSize,
  ProtocolError,
  type RecordBatchHeader,
  RecordCursor,
  readBatchHeader,
  recordsPayload,
  verifyBatchCrc,
} from '@sluice/protocol'
import type { KafkaError } from '../errors.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { RecordHeaders } from '../record/headers.ts'
import { recordChecksum, recordSize } from '../record/record-audit.ts'
import { bufferDeserializer, type Deserializer, stringDeserializer } from '../record/serdes.ts'
import { FetchedHeaders } from './fetched-headers.ts'
import type { FetchedRecord } from './fetched-record.ts'
import { RecordDeserializationError } from './record-deserialization-error.ts'
import type { PartitionState } from './subscription-state.ts'

export interface DecodeOptions<K, V> {
  readonly keyDeserializer: Deserializer<K>
  readonly valueDeserializer: Deserializer<V>
  readonly checkCrcs: boolean
  readonly isolationLevel: 'read_uncommitted' | 'read_committed'
  /** Records carry KIP-42's `checksum` and `size`. Default false. */
  readonly recordAudit?: boolean
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** The control record that ends an aborted transaction. */
const ABORT_MARKER = 0

/**
 * One partition's part of a fetch response, turned into records as they are asked for (Java: CompletedFetch). Keys and
 * values that stay bytes are views of the response: whoever keeps one for long keeps all of it in memory.
 */
export class CompletedFetch<K, V> {
  readonly state: PartitionState
  /** The state's version at the fetch: any other means that the application has sought since. */
  readonly version: number
  /** Where reading goes on after what was taken. */
  nextOffset: number
  /** Bytes of the records that `take` has read so far, before compression. */
  bytesRead = 0
  /** Set when there is an error that the application has to see; there are no records then. */
  readonly error: Error | undefined
  /** What the broker sent. */
  readonly bytes: Buffer
  readonly #options: DecodeOptions<K, V>
  /** The first batch that was not begun. */
  #at = 0
  #header: RecordBatchHeader | undefined
  #cursor: RecordCursor | undefined
  /** Where the cursor reads: the batch's records, decompressed. */
  #payload: Buffer = EMPTY
  #failure: KafkaError | undefined
  readonly #aborted: AbortedTransaction[]
  readonly #abortedProducers = new Set<number>()

  constructor(
    state: PartitionState,
    fetchOffset: number,
    bytes: Buffer,
    options: DecodeOptions<K, V>,
    abortedTransactions: readonly AbortedTransaction[] | null = null,
    error?: Error,
  ) {
    this.state = state
    this.version = state.version
    this.nextOffset = fetchOffset
    this.error = error
    this.bytes = bytes
    this.#options = options
    this.#aborted = [...(abortedTransactions ?? [])].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** False when what it holds was given up by a seek or a rebalance. */
  get isCurrent(): boolean {
    return this.state.isAssigned && this.state.version === this.version
  }

  get remainingBytes(): number {
    return this.bytes.length - this.#at
  }

  /**
   * Appends up to `max` records to `target` and moves `nextOffset` past them; false when there is no more. Throws at a
   * record that cannot be given out, every time anew, after what came before it has been taken. `isRaw`: records are
   * FetchedRecords, which no deserializer has seen.
   */
  take(max: number, target: (ConsumerRecord<K, V> | FetchedRecord)[], isRaw = false): boolean {
    if (this.#failure !== undefined) throw this.#failure
    const before = target.length
    try {
      while (target.length - before < max) {
        if (this.#cursor === undefined && !this.#nextBatch()) return false
        this.#takeFromBatch(max - (target.length - before), target, isRaw)
      }
      return true
    } catch (error) {
      this.#failure = this.#failureOf(error)
      if (target.length > before) return true
      throw this.#failure
    }
  }

  #takeFromBatch(max: number, target: (ConsumerRecord<K, V> | FetchedRecord)[], isRaw: boolean): void {
    const cursor = this.#cursor!
    const header = this.#header!
    const { state } = this
    const { topic, partition } = state
    const { keyDeserializer, valueDeserializer, recordAudit } = this.#options
    const { baseOffset, baseTimestamp, timestampType } = header
    const appendTime = timestampType === 'LogAppendTime' ? header.maxTimestamp : undefined
    const leaderEpoch = header.partitionLeaderEpoch >= 0 ? header.partitionLeaderEpoch : undefined
    const payload = this.#payload
    const begin = cursor.position
    for (let taken = 0; taken < max; ) {
      if (!cursor.next()) {
        this.bytesRead += cursor.position - begin
        this.#endBatch(header)
        return
      }
      const offset = baseOffset + cursor.offsetDelta
      if (offset < this.nextOffset) continue
      const { keyStart, keyLength, valueStart, valueLength } = cursor
      const headers =
        cursor.headersCount === 0 ? new RecordHeaders() : new FetchedHeaders(payload, cursor.headersStart, cursor.headersCount)
      // Before deserialization, which may change the bytes in place.
      const audit = recordAudit ? { checksum: recordChecksum(cursor), size: recordSize(cursor) } : undefined
      const timestamp = appendTime ?? baseTimestamp + cursor.timestampDelta
      if (isRaw) {
        const key = keyLength < 0 ? null : payload.subarray(keyStart, keyStart + keyLength)
        const value = valueLength < 0 ? null : payload.subarray(valueStart, valueStart + valueLength)
        const raw: FetchedRecord = { topic, partition, offset, timestamp, timestampType, key, value, headers, leaderEpoch }
        target.push(audit === undefined ? raw : { ...raw, ...audit })
        this.nextOffset = offset + 1
        taken++
        continue
      }
      const record: ConsumerRecord<K, V> = {
        topic,
        partition,
        offset,
        timestamp,
        timestampType,
        key: keyLength < 0 ? null : this.#deserialize('key', keyDeserializer, keyStart, keyLength, headers, offset),
        value: valueLength < 0 ? null : this.#deserialize('value', valueDeserializer, valueStart, valueLength, headers, offset),
        headers,
        serializedKeySize: keyLength,
        serializedValueSize: valueLength,
        leaderEpoch,
      }
      target.push(audit === undefined ? record : { ...record, ...audit })
      this.nextOffset = offset + 1
      taken++
    }
    this.bytesRead += cursor.position - begin
  }

  #deserialize<T>(
    what: 'key' | 'value',
    deserializer: Deserializer<T>,
    start: number,
    length: number,
    headers: RecordHeaders | FetchedHeaders,
    offset: number,
  ): T {
    const payload = this.#payload
    // The two most used ones are done here, without a view that only they would see.
    if ((deserializer as Deserializer<unknown>) === stringDeserializer) return payload.toString('utf8', start, start + length) as T
    const bytes = payload.subarray(start, start + length)
    if ((deserializer as Deserializer<unknown>) === bufferDeserializer) return bytes as T
    try {
      return deserializer.deserialize(this.state.topic, bytes, headers)
    } catch (cause) {
      throw new RecordDeserializationError('SERIALIZATION', this.state, offset, `the ${what} could not be deserialized`, cause)
    }
  }

  /** Opens the next batch that has records for the application; false at the end of what the broker sent. */
  #nextBatch(): boolean {
    const bytes = this.bytes
    // Brokers cut the last batch at the size limit.
    while (completeBatchSize(bytes, this.#at) >= 0) {
      const header = readBatchHeader(bytes, this.#at)
      const at = this.#at
      if (this.#options.checkCrcs) verifyBatchCrc(bytes, at)
      if (header.baseOffset + header.lastOffsetDelta < this.nextOffset) {
        this.#trackTransaction(header, at)
        this.#at += header.sizeInBytes
        continue
      }
      const isAborted = this.#trackTransaction(header, at)
      if (header.isControl || isAborted) {
        this.#at += header.sizeInBytes
        this.nextOffset = header.baseOffset + header.lastOffsetDelta + 1
        continue
      }
      this.#payload = recordsPayload(header, bytes, at)
      this.#cursor = new RecordCursor(this.#payload, header.recordsCount)
      this.#header = header
      return true
    }
    this.#at = bytes.length
    return false
  }

  #endBatch(header: RecordBatchHeader): void {
    this.#at += header.sizeInBytes
    // Compaction leaves gaps, also at the end.
    this.nextOffset = Math.max(this.nextOffset, header.baseOffset + header.lastOffsetDelta + 1)
    this.#cursor = undefined
    this.#header = undefined
    this.#payload = EMPTY
  }

  /** True for a batch of a transaction that was aborted; always false for `read_uncommitted`. */
  #trackTransaction(header: RecordBatchHeader, at: number): boolean {
    if (this.#options.isolationLevel !== 'read_committed' || header.producerId < 0) return false
    const lastOffset = header.baseOffset + header.lastOffsetDelta
    while (this.#aborted.length > 0 && this.#aborted[0]!.firstOffset <= lastOffset) {
      this.#abortedProducers.add(this.#aborted.shift()!.producerId)
    }
    if (header.isControl) {
      if (this.#isAbortMarker(header, at)) this.#abortedProducers.delete(header.producerId)
      return false
    }
    return header.isTransactional && this.#abortedProducers.has(header.producerId)
  }

  #isAbortMarker(header: RecordBatchHeader, at: number): boolean {
    const payload = recordsPayload(header, this.bytes, at)
    const cursor = new RecordCursor(payload, header.recordsCount)
    // The key is a version and a type, two bytes each.
    return cursor.next() && cursor.keyLength >= 4 && payload.readInt16BE(cursor.keyStart + 2) === ABORT_MARKER
  }

  #failureOf(error: unknown): KafkaError {
    if (error instanceof RecordDeserializationError) return error
    const what = error instanceof ProtocolError ? error.message : 'a record batch could not be read'
    let code: RecordDeserializationError['code'] = 'CORRUPT'
    if (error instanceof ProtocolError) {
      if (error.code === 'UNSUPPORTED_CODEC') code = 'UNSUPPORTED_COMPRESSION_TYPE'
      else if (error.code === 'UNSUPPORTED_VERSION') code = 'UNSUPPORTED_VERSION'
    }
    return new RecordDeserializationError(code, this.state, this.nextOffset, what, error)
  }
}

const EMPTY = Buffer.alloc(0)
