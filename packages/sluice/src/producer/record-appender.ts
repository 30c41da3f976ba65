import { KafkaError } from '../errors.ts'
import type { SendOutcome } from '../interceptor/producer-chain.ts'
import type { SendContext } from '../interceptor/send-context.ts'
import type { Cluster, TopicInfo } from '../network/cluster.ts'
import type { Metadata } from '../network/metadata.ts'
import type { ResolvedProducerOptions } from '../options/producer-options.ts'
import type { RecordHeaders } from '../record/headers.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { SerializedRecord } from '../record/serialized-record.ts'
import { partitionForKey, UNKNOWN_PARTITION } from './partitioner.ts'
import { APPENDED, NEW_BATCH, type RecordAccumulator } from './record-accumulator.ts'
import { RecordBytes } from './record-bytes.ts'
import type { RecordClock } from './record-clock.ts'
import { RecordSerializer } from './record-serializer.ts'
import type { Reject, Resolve, SendCallback } from './record-thunks.ts'
import type { Sender } from './sender.ts'
import type { WaitingSend } from './waiting-sends.ts'

/** What `onSerialized` came to, now or later; null when it left the record as it is. */
export type SerializeOutcome = SendOutcome<'onSerialized'> | Promise<SendOutcome<'onSerialized'>> | null

export interface RecordAppenderParts {
  readonly metadata: Metadata
  readonly accumulator: RecordAccumulator
  readonly sender: Sender
  readonly recordClock: RecordClock
}

/** The second half of a record's walk: serializers, `onSerialized`, partitioner, size check, and into a batch. */
export class RecordAppender {
  /** The record that is being put through; one object for all of them. */
  readonly bytes: RecordBytes = new RecordBytes()
  readonly #options: ResolvedProducerOptions
  readonly #parts: RecordAppenderParts
  readonly #serializer: RecordSerializer<any, any>
  #busy = false

  constructor(options: ResolvedProducerOptions, parts: RecordAppenderParts) {
    this.#options = options
    this.#parts = parts
    this.#serializer = new RecordSerializer(options)
  }

  /** Some code of the application runs in here: a send that it makes has to wait. */
  get isBusy(): boolean {
    return this.#busy
  }

  /** Partition of the last record that the accumulator was asked to take; -1 when none was chosen. */
  get chosenPartition(): number {
    return this.#parts.accumulator.chosenPartition
  }

  /** Puts the record into `bytes` and runs `onSerialized`. Throws what a serializer throws. */
  serialize(record: ProducerRecord, context: SendContext | null): SerializeOutcome {
    const { bytes } = this
    this.#busy = true
    try {
      this.#serializer.serialize(record, bytes)
      bytes.context = context
      bytes.timestamp = record.timestamp ?? this.#parts.recordClock.now()
      if (context === null || context.hooks.onSerialized.length === 0) return null
      const { topic, partition, timestamp, headers } = record
      const serialized: SerializedRecord = { topic, partition, timestamp, headers, key: bytes.key(), value: bytes.value() }
      const outcome = context.chain.run('onSerialized', serialized, context)
      if (outcome === serialized) return null
      if (outcome instanceof Promise) this.keepBytes()
      return outcome
    } finally {
      this.#busy = false
    }
  }

  /** Somebody works on the bytes of the last record for longer: the next one does not overwrite them. */
  keepBytes(): void {
    this.#serializer.giveAwayScratch()
  }

  /** A record that interceptors made of bytes, which may be views of those of the last record. */
  ofSerialized(serialized: SerializedRecord, context: SendContext | null): RecordBytes {
    const bytes = new RecordBytes()
    bytes.topic = serialized.topic
    bytes.setKey(serialized.key)
    bytes.setValue(serialized.value)
    bytes.timestamp = serialized.timestamp ?? this.#parts.recordClock.now()
    bytes.context = context
    return bytes
  }

  /**
   * Chooses the partition, checks the size and puts the record into a batch; false when memory is missing. Throws
   * RECORD_TOO_LARGE, and what the partitioner throws.
   */
  place(
    record: ProducerRecord,
    bytes: RecordBytes,
    topic: TopicInfo,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    waiting?: WaitingSend,
  ): boolean {
    this.#busy = true
    try {
      bytes.partition = record.partition ?? choosePartition(record, bytes, topic, this.#options, this.#parts.metadata.cluster)
      // A serializer or partitioner that closes the producer, or fires the signal, has ended this very send.
      if (waiting?.done) return true
      const headers = record.headers as RecordHeaders
      bytes.setHeaders(headers.setReadOnly().toFlat())
      // A context lives until the acknowledgement; without headers it need not keep the list of its record.
      if (bytes.context !== null && headers.size > 0) bytes.context.headers = headers
      checkSize(bytes, this.#options)
      return this.append(bytes, topic, settle, reject)
    } finally {
      this.#busy = false
    }
  }

  /** Puts a placed record into a batch; false when memory is missing. */
  append(bytes: RecordBytes, topic: TopicInfo, settle: SendCallback | Resolve, reject: Reject | null, buffer?: Buffer): boolean {
    const { accumulator, sender, metadata } = this.#parts
    const outcome = accumulator.append(bytes, settle, reject, topic, buffer)
    if (outcome === 0) return false
    if (outcome !== APPENDED) {
      sender.wakeup()
      // Keeps the topic in the metadata; often enough once for each batch.
      if (outcome & NEW_BATCH) metadata.add(topic.name)
    }
    return true
  }

  /** Waits for the memory of a placed record, and puts it into a batch unless it was given up meanwhile. */
  async appendWhenFree(bytes: RecordBytes, topic: TopicInfo, send: WaitingSend, remainingMs: number): Promise<void> {
    const { accumulator, sender } = this.#parts
    const { pool } = accumulator
    sender.wakeup()
    const buffer = await pool.allocate(accumulator.bytesForNewBatch(bytes), remainingMs, send.signal)
    if (send.done) pool.deallocate(buffer)
    else this.append(bytes, topic, send.settle, send.reject, buffer)
  }
}

/** The option's partitioner, else by key; without a key the accumulator's sticky partitioner chooses. */
function choosePartition(
  record: ProducerRecord,
  bytes: RecordBytes,
  topic: TopicInfo,
  { partitioner, partitionerIgnoreKeys }: ResolvedProducerOptions,
  cluster: Cluster,
): number {
  if (partitioner !== undefined) {
    const chosen = partitioner.partition(record.topic, record.key, bytes.key(), record.value, bytes.value(), cluster)
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < topic.partitions.length) return chosen
    throw new KafkaError(
      'INVALID_ARGUMENT',
      `the partitioner chose partition ${chosen} for topic "${record.topic}", which has partitions 0 to ${topic.partitions.length - 1}`,
      { topic: record.topic },
    )
  }
  if (bytes.keyLength < 0 || partitionerIgnoreKeys) return UNKNOWN_PARTITION
  return partitionForKey(bytes.keySource!, bytes.keyStart, bytes.keyStart + bytes.keyLength, topic.partitions.length)
}

/** By the largest size that the record can have with its batch, before compression, as in Java. */
function checkSize(bytes: RecordBytes, { maxRequestSize, bufferMemory }: ResolvedProducerOptions): void {
  const size = bytes.batchSizeUpperBound()
  if (size <= maxRequestSize && size <= bufferMemory) return
  const limit =
    size > maxRequestSize ? `maxRequestSize (max.request.size) ${maxRequestSize}` : `bufferMemory (buffer.memory) ${bufferMemory}`
  throw new KafkaError('RECORD_TOO_LARGE', `record for topic "${bytes.topic}" takes ${size} bytes, more than ${limit}`, {
    topic: bytes.topic,
  })
}
