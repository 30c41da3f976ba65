import {
  BATCH_HEADER_BYTES,
  type CompressionType,
  type Compressor,
  compress,
  decompress,
  encodedRecordSize,
  flatHeaders,
  writeBatchHeader,
  writeRecord,
} from '@sluice/protocol'
import { isObserved, publish } from '../diagnostics.ts'
import { KafkaError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import { type AcknowledgedRecords, EncodedRecords, RecordTable } from './acknowledged-records.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { FlushWaiter } from './flush-waiter.ts'
import { RecordBytes } from './record-bytes.ts'
import { RecordThunks, type Reject, type Resolve, type SendCallback } from './record-thunks.ts'

/** What all batches of a producer share. */
export interface BatchContext {
  readonly compression: CompressionType
  readonly compressionLevel: number | undefined
  readonly logger: Logger
  /** Acknowledgements carry KIP-42's `checksum` and `size`. Default false. */
  readonly recordAudit?: boolean
  readonly clientId?: string
  /** Where batches have their memory from. Without it they take more as they need it, uncounted. */
  readonly pool?: BufferPool
  /** Default: the codec's, on libuv's threads. */
  readonly newCompressor?: () => Compressor
  /** Records of fewer bytes are compressed on the sender's turn: to hand them over would cost as much. Default 4096. */
  readonly compressInlineBelowBytes?: number
}

export const NO_SEQUENCE = -1
const SEQUENCES = 2 ** 31

/** How far an estimate of the compressed size may be off (Java: COMPRESSION_RATE_ESTIMATION_FACTOR). */
const ESTIMATION_FACTOR = 1.05
/**
 * A compressed batch takes records until its *compressed* size is estimated to reach the limit; the records themselves
 * may take this many times the pooled buffer, so that a good ratio cannot take memory without bound.
 */
const MAX_GROWTH = 8

/**
 * Records of one partition that go out together (Java: ProducerBatch). They are encoded straight into a pooled buffer,
 * behind room for the header. A batch is completed exactly once; late answers change nothing.
 */
export class ProducerBatch {
  /** The accumulator's queue of the partition: one object for each partition, so that it can be a key. */
  readonly topicPartition: TopicPartition
  readonly createdMs: number
  /** What the batch has from the pool: first `writeLimit` bytes, more while many records wait to be compressed; null for a part of a split batch. */
  memory: Buffer | null
  readonly isSplitBatch: boolean
  recordCount = 0
  attempts = 0
  lastAttemptMs: number
  /** How long to wait since `lastAttemptMs` before the next attempt. */
  backoffMs = 0
  drainedMs = 0
  maxRecordSize = 0
  producerId = -1
  producerEpoch = -1
  baseSequence: number = NO_SEQUENCE
  /** How many batches of the partition got a sequence before this one; parts of a split batch keep its number. */
  sequenceOrdinal = 0
  /** True once a sequence that was assigned before was replaced. */
  sequenceHasBeenReset = false
  /** The socket's references to the bytes: requests whose bytes may still have to leave. */
  socketReferences = 0
  /** Another thread may read the records. */
  isCompressing = false
  /** Flushes that wait for this batch. */
  flushWaiters: FlushWaiter[] | undefined

  readonly #context: BatchContext
  readonly #writeLimit: number
  readonly #estimatedRatio: number
  /** Where the records are written; once they are compressed, nothing is read from it. */
  #buffer: Buffer
  #position = BATCH_HEADER_BYTES
  #appendsClosed = false
  #baseTimestamp = -1
  #maxTimestamp = -1
  readonly #thunks: RecordThunks
  /** The whole batch as it is sent; undefined until the first `encode`. */
  #wire: Buffer | undefined
  /** Set once the records are compressed. */
  #table: RecordTable | undefined
  #wireIsCurrent = false
  #state: 'pending' | 'succeeded' | 'failed' | 'aborted' | 'split' = 'pending'
  #leaderEpoch = -1
  #attemptsWhenLeaderLastChanged = -1

  constructor(
    topicPartition: TopicPartition,
    buffer: Buffer,
    nowMs: number,
    context: BatchContext,
    estimatedRatio = 1,
    isSplitBatch = false,
    writeLimit: number = buffer.length,
    expectedRecords = 0,
  ) {
    this.topicPartition = topicPartition
    this.createdMs = nowMs
    this.lastAttemptMs = nowMs
    this.#context = context
    this.#thunks = new RecordThunks(topicPartition, context.logger, context.recordAudit, expectedRecords)
    this.#buffer = buffer
    this.memory = isSplitBatch ? null : buffer
    this.#writeLimit = writeLimit
    this.#estimatedRatio = estimatedRatio
    this.isSplitBatch = isSplitBatch
  }

  /** Encodes the record at the end, or returns false when there is no room; the first record always fits. */
  tryAppend(record: RecordBytes, settle: SendCallback | Resolve, reject: Reject | null): boolean {
    if (this.#appendsClosed) return false
    const offsetDelta = this.recordCount
    const timestampDelta = offsetDelta === 0 ? 0 : record.timestamp - this.#baseTimestamp
    const size = encodedRecordSize(offsetDelta, timestampDelta, record.keyLength, record.valueLength, record.headersSize)
    const at = this.#position
    if (offsetDelta > 0 && !this.#hasRoomFor(size)) return false
    if (at + size > this.#buffer.length && !this.#grow(at + size)) return false
    this.#position = writeRecord(
      this.#buffer,
      at,
      offsetDelta,
      timestampDelta,
      record.keySource,
      record.keyStart,
      record.keyLength,
      record.valueSource,
      record.valueStart,
      record.valueLength,
      record.headersSource,
      0,
      record.headersSize,
    )
    if (offsetDelta === 0) this.#baseTimestamp = record.timestamp
    if (record.timestamp > this.#maxTimestamp) this.#maxTimestamp = record.timestamp
    if (size > this.maxRecordSize) this.maxRecordSize = size
    this.#thunks.add(settle, reject, record.context)
    this.recordCount = offsetDelta + 1
    return true
  }

  /** Records are no longer taken; the batch is ready to be sent. */
  closeForAppends(): void {
    this.#appendsClosed = true
  }

  get isFull(): boolean {
    return this.#appendsClosed || (this.recordCount > 0 && this.#writeLimit <= this.estimatedSizeInBytes)
  }

  /** Bytes on the wire: exact without compression and after `encode`, else an estimate. */
  get estimatedSizeInBytes(): number {
    if (this.#wire !== undefined) return this.#wire.length
    if (this.#context.compression === 'none') return this.#position
    return BATCH_HEADER_BYTES + (this.#position - BATCH_HEADER_BYTES) * this.#estimatedRatio * ESTIMATION_FACTOR
  }

  /** Bytes of the records, before compression. */
  get recordsSizeInBytes(): number {
    return this.#position - BATCH_HEADER_BYTES
  }

  /** Bytes of the whole batch as it is sent; an estimate before `encode`. */
  get sizeInBytes(): number {
    return Math.ceil(this.estimatedSizeInBytes)
  }

  /** Compressed size by uncompressed size; 1 without compression and before `encode`. */
  get compressionRatio(): number {
    return this.#wire === undefined ? 1 : this.#wire.length / this.#position
  }

  get isDone(): boolean {
    return this.#state !== 'pending'
  }

  get hasSequence(): boolean {
    return this.baseSequence !== NO_SEQUENCE
  }

  get lastSequence(): number {
    return nextSequence(this.baseSequence, this.recordCount - 1)
  }

  setProducerState(producerId: number, producerEpoch: number, baseSequence: number): void {
    this.producerId = producerId
    this.producerEpoch = producerEpoch
    this.baseSequence = baseSequence
    this.#wireIsCurrent = false
  }

  /** After an epoch bump: the batch is sent again under a new identity. */
  resetProducerState(producerId: number, producerEpoch: number, baseSequence: number): void {
    this.setProducerState(producerId, producerEpoch, baseSequence)
    this.sequenceHasBeenReset = true
  }

  /**
   * The whole batch, ready to be sent. A second attempt gets the same bytes; when the sequence was replaced meanwhile,
   * the header is written anew, into a copy if the socket may still hold the old bytes.
   */
  encode(): Buffer {
    if (this.#wireIsCurrent) return this.#wire!
    if (this.#wire === undefined) this.compressInline()
    else if (this.socketReferences > 0) this.#wire = Buffer.from(this.#wire)
    const wire = this.#wire!
    writeBatchHeader(wire, 0, {
      sizeInBytes: wire.length,
      lastOffsetDelta: this.recordCount - 1,
      recordsCount: this.recordCount,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
      compression: this.#context.compression,
      producerId: this.producerId,
      producerEpoch: this.producerEpoch,
      baseSequence: this.baseSequence,
    })
    this.#wireIsCurrent = true
    return wire
  }

  /** The records are still to be compressed, or are being. */
  get needsCompression(): boolean {
    return this.#wire === undefined && this.#context.compression !== 'none'
  }

  /** Takes no more records and compresses those it has. Without compression the very buffer they were written to is sent. */
  compressInline(): void {
    if (this.#wire !== undefined) return
    this.#appendsClosed = true
    const { compression, compressionLevel } = this.#context
    if (compression === 'none') this.#wire = this.#buffer.subarray(0, this.#position)
    else this.#setCompressed([compress(compression, this.records(), compressionLevel)])
  }

  /** The encoded records, before compression; a view. */
  records(): Buffer {
    return this.#buffer.subarray(BATCH_HEADER_BYTES, this.#position)
  }

  /** Another thread compresses `records()`: until `endCompression` the batch keeps its memory. */
  beginCompression(): void {
    this.#appendsClosed = true
    this.isCompressing = true
  }

  /** An empty list when there is no result. */
  endCompression(compressed: readonly Buffer[]): void {
    this.isCompressing = false
    if (!this.isDone && compressed.length > 0) this.#setCompressed(compressed)
  }

  /**
   * From here on the batch is what will be sent, in the buffer from the pool if it fits; the records' own bytes are gone.
   * `compressed` must not be views of the records.
   */
  #setCompressed(compressed: readonly Buffer[]): void {
    this.#table = new RecordTable(this.#encodedRecords(this.#buffer), this.recordCount, this.#thunks.needsAudit)
    let size = BATCH_HEADER_BYTES
    for (const chunk of compressed) size += chunk.length
    const wire = this.#bufferFor(size).subarray(0, size)
    let at = BATCH_HEADER_BYTES
    for (const chunk of compressed) {
      wire.set(chunk, at)
      at += chunk.length
    }
    this.#wire = wire
  }

  /** As large as need be and no larger: what the records took beyond a pooled buffer goes back now. */
  #bufferFor(size: number): Buffer {
    const { pool } = this.#context
    const { memory } = this
    if (memory === null || pool === undefined) return size <= this.#buffer.length ? this.#buffer : Buffer.allocUnsafeSlow(size)
    const wanted = Math.max(size, this.#writeLimit)
    if (wanted >= memory.length && size <= memory.length) return memory
    this.memory = pool.exchange(memory, wanted)
    return this.memory
  }

  /** Gives the memory back; nothing may refer to the batch's bytes any more. */
  free(pool: BufferPool): void {
    const { memory } = this
    this.memory = null
    if (memory === null) return
    if (memory.length > this.#writeLimit) pool.deallocateLarger(memory)
    else pool.deallocate(memory)
  }

  /**
   * The broker took the batch. `baseOffset` -1 stands for unknown, `logAppendTimeMs` -1 for the records' own time.
   * Returns false when the batch was failed or aborted before. Throws when it has succeeded already.
   */
  complete(baseOffset: number, logAppendTimeMs: number): boolean {
    if (this.#state === 'succeeded') throw illegal('a batch cannot succeed twice')
    if (this.#state !== 'pending') return false
    this.#state = 'succeeded'
    this.#thunks.settle({
      error: null,
      baseOffset,
      logAppendTimeMs,
      baseTimestamp: this.#baseTimestamp,
      records: this.#acknowledgedRecords(),
    })
    this.#publishEnd(null, baseOffset)
    return true
  }

  /** The batch failed; `recordError` may give single records an error of their own. Returns false when it was done before. */
  completeExceptionally(error: KafkaError, recordError?: (index: number) => KafkaError): boolean {
    if (this.#state !== 'pending') return false
    this.#state = 'failed'
    this.#thunks.settle({ error, recordError })
    this.#publishEnd(error, -1)
    return true
  }

  /** The producer gives the batch up. Throws when it is done already. */
  abort(error: KafkaError): void {
    if (this.#state !== 'pending') throw illegal(`a batch that is ${this.#state} cannot be aborted`)
    this.#state = 'aborted'
    this.#thunks.settle({ error, recordError: undefined })
    this.#publishEnd(error, -1)
  }

  /**
   * Cuts the records into batches of at most `targetSize` bytes, which take over their callbacks; this batch is done
   * without calling any. They keep its age, and follow on its sequence.
   */
  split(targetSize: number): ProducerBatch[] {
    if (this.#state !== 'pending') throw illegal(`a batch that is ${this.#state} cannot be split`)
    const parts: ProducerBatch[] = []
    const source = this.#table === undefined ? this.#buffer : this.#decompressed()
    const cursor = this.#encodedRecords(source)
    const bytes = new RecordBytes()
    for (let index = 0; cursor.next(); index++) {
      bytes.timestamp = this.#baseTimestamp + cursor.timestampDelta
      bytes.keySource = source
      bytes.keyStart = cursor.keyStart
      bytes.keyLength = cursor.keyLength
      bytes.valueSource = source
      bytes.valueStart = cursor.valueStart
      bytes.valueLength = cursor.valueLength
      bytes.setHeaders(flatHeaders(cursor.readHeaders()))
      bytes.context = this.#thunks.context(index)
      const settle = this.#thunks.settler(index)
      const reject = this.#thunks.rejecter(index)
      if (parts.at(-1)?.tryAppend(bytes, settle, reject)) continue
      const buffer = Buffer.allocUnsafeSlow(Math.max(targetSize, bytes.batchSizeUpperBound()))
      const part = new ProducerBatch(this.topicPartition, buffer, this.createdMs, this.#context, 1, true, targetSize)
      part.tryAppend(bytes, settle, reject)
      parts.push(part)
    }
    this.#state = 'split'
    let sequence = this.baseSequence
    for (const part of parts) {
      part.closeForAppends()
      if (!this.hasSequence) continue
      part.setProducerState(this.producerId, this.producerEpoch, sequence)
      part.sequenceOrdinal = this.sequenceOrdinal
      sequence = nextSequence(sequence, part.recordCount)
    }
    this.#thunks.forget()
    return parts
  }

  /** Back in the queue for another attempt, not before `backoffMs` from now. */
  reenqueued(nowMs: number, backoffMs: number): void {
    this.attempts++
    this.lastAttemptMs = Math.max(nowMs, this.lastAttemptMs)
    this.backoffMs = backoffMs
  }

  /** Since creation, or since the last attempt. */
  waitedTimeMs(nowMs: number): number {
    return Math.max(0, nowMs - this.lastAttemptMs)
  }

  hasReachedDeliveryTimeout(deliveryTimeoutMs: number, nowMs: number): boolean {
    return deliveryTimeoutMs <= nowMs - this.createdMs
  }

  maybeUpdateLeaderEpoch(leaderEpoch: number): void {
    if (leaderEpoch <= this.#leaderEpoch) return
    this.#leaderEpoch = leaderEpoch
    this.#attemptsWhenLeaderLastChanged = this.attempts
  }

  /** True when the partition got a new leader since the last attempt, so that no backoff is needed. */
  get hasLeaderChangedForTheOngoingRetry(): boolean {
    return this.attempts > 0 && this.attempts === this.#attemptsWhenLeaderLastChanged
  }

  /** The last attempt ran into an error that a pause may heal, and the pause is not over. */
  isBackingOff(nowMs: number): boolean {
    return this.attempts > 0 && !this.hasLeaderChangedForTheOngoingRetry && this.waitedTimeMs(nowMs) < this.backoffMs
  }

  #publishEnd(error: KafkaError | null, baseOffset: number): void {
    if (!isObserved('sluice:producer:batch')) return
    const { recordCount: records, sizeInBytes: bytes, attempts: retries } = this
    const { topic, partition } = this.topicPartition
    publish('sluice:producer:batch', {
      clientId: this.#context.clientId ?? '',
      topic,
      partition,
      records,
      bytes,
      retries,
      baseOffset,
      error,
    })
  }

  #hasRoomFor(size: number): boolean {
    return this.#writeLimit >= this.estimatedSizeInBytes + size
  }

  /** Room for records that compression will make small again: at once for all that the estimate promises. */
  #grow(needed: number): boolean {
    const unit = this.#writeLimit
    const limit = unit * MAX_GROWTH
    const { compression, pool } = this.#context
    if (compression === 'none' || needed > limit) return false
    const expected = unit / (this.#estimatedRatio * ESTIMATION_FACTOR)
    const size = Math.min(limit, Math.ceil(Math.max(needed, expected) / unit) * unit)
    const counted = this.memory !== null && pool !== undefined
    const grown = counted ? pool.tryAllocateLarger(size) : Buffer.allocUnsafeSlow(size)
    if (grown === null) return false
    this.#buffer.copy(grown, BATCH_HEADER_BYTES, BATCH_HEADER_BYTES, this.#position)
    if (counted) {
      const before = this.memory!
      this.memory = grown
      if (before.length > unit) pool.deallocateLarger(before)
      else pool.deallocate(before)
    }
    this.#buffer = grown
    return true
  }

  #acknowledgedRecords(): AcknowledgedRecords {
    return this.#table ?? this.#encodedRecords(this.#buffer)
  }

  #encodedRecords(source: Buffer): EncodedRecords {
    return new EncodedRecords(source, this.recordCount, BATCH_HEADER_BYTES, this.#position)
  }

  /** The records as they were before compression, behind room for the header. */
  #decompressed(): Buffer {
    const records = decompress(this.#context.compression, this.#wire!.subarray(BATCH_HEADER_BYTES), this.#position - BATCH_HEADER_BYTES)
    return Buffer.concat([Buffer.alloc(BATCH_HEADER_BYTES), records])
  }
}

/** Sequences go from 0 to 2^31-1 and begin again at 0. */
export function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCES
}

/** Order of two sequences that lie less than half the range apart, also where they begin again at 0; NO_SEQUENCE is before all. */
export function isBefore(sequence: number, other: number): boolean {
  if (sequence === NO_SEQUENCE || other === NO_SEQUENCE) return sequence < other
  const distance = (other - sequence) & (SEQUENCES - 1)
  return distance > 0 && distance < SEQUENCES / 2
}

function illegal(message: string): KafkaError {
  return new KafkaError('ILLEGAL_STATE', message)
}
