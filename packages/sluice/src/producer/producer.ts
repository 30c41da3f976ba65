import { loadCompression } from '@sluice/protocol'
import { type Clock, systemClock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { InterceptorChain } from '../interceptor/interceptor-member.ts'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import { ProducerInterceptors } from '../interceptor/producer-interceptors.ts'
import type { ProducerMetricName } from '../metrics/metric-names.ts'
import { ProducerMetrics } from '../metrics/producer-metrics.ts'
import { partsOf } from '../network/client-parts.ts'
import type { PartitionInfo, TopicInfo } from '../network/cluster.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import { Metadata } from '../network/metadata.ts'
import { NetworkClient } from '../network/network-client.ts'
import { checkCallOptions } from '../options/call-options.ts'
import type { ProducerOptions, ResolvedProducerOptions } from '../options/producer-options.ts'
import { resolveProducerOptions } from '../options/resolve-options.ts'
import type { RecordHeaders } from '../record/headers.ts'
import { type ProducerRecord, type ProducerRecordInit, toProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { isTopicName } from '../record/topic-partition.ts'
import { BufferPool } from './buffer-pool.ts'
import { partitionForKey, UNKNOWN_PARTITION } from './partitioner.ts'
import type { BatchContext } from './producer-batch.ts'
import { APPENDED, NEW_BATCH, RecordAccumulator } from './record-accumulator.ts'
import { RecordBytes } from './record-bytes.ts'
import { RecordClock } from './record-clock.ts'
import { RecordSerializer } from './record-serializer.ts'
import type { Reject, Resolve, SendCallback } from './record-thunks.ts'
import { SendEnding } from './send-ending.ts'
import { Sender } from './sender.ts'
import { topicOf, waitForTopic } from './topic-metadata.ts'
import { TransactionManager } from './transaction-manager.ts'
import { waitAtMost } from './wait-at-most.ts'
import { WaitingSend, WaitingSends } from './waiting-sends.ts'

export interface SendOptions {
  /** Gives up while the send waits for metadata or memory. Once the record is in a batch it has no effect. */
  readonly signal?: AbortSignal
}

export interface WaitOptions {
  /** Default: as long as it takes, which `deliveryTimeoutMs` bounds. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

const SEND_OPTIONS: readonly string[] = ['signal']
/** What is left after a forced close takes no time, unless an interceptor's `close` hangs. */
const FORCED_CLOSE_MS = 1000

// Where `capture` leaves the functions of the promise just made: an executor of its own would be a closure for each send.
let resolveSlot: Resolve
let rejectSlot: Reject

function capture(resolve: Resolve, reject: Reject): void {
  resolveSlot = resolve
  rejectSlot = reject
}

/**
 * Sends records to Kafka, through interceptors, in batches (Java: KafkaProducer). One producer serves a whole
 * application; it is made ready by its constructor and ends with `close`.
 *
 * `K` and `V` follow from the serializers; without them keys and values are bytes.
 */
export class KafkaProducer<K = Buffer, V = Buffer> {
  readonly clientId: string
  readonly #options: ResolvedProducerOptions<K, V>
  readonly #clock: Clock
  readonly #interceptors: ProducerInterceptors<K, V>
  readonly #client: KafkaClient
  readonly #metrics: ProducerMetrics
  readonly #accumulator: RecordAccumulator
  readonly #sender: Sender
  readonly #ending: SendEnding
  readonly #serializer: RecordSerializer<K, V>
  readonly #recordClock: RecordClock
  readonly #waiting: WaitingSends
  /** The record that is being put through; one object for all of them. */
  readonly #bytes = new RecordBytes()
  #appending = false
  #compression: Promise<void> | undefined
  #compressionError: KafkaError | undefined
  #closing: Promise<void> | undefined

  /** Throws CONFIG for options that cannot be right, and when an interceptor's `configure` throws. Connects in the background. */
  constructor(options: ProducerOptions<K, V>, interceptors: readonly ProducerInterceptor<NoInfer<K>, NoInfer<V>>[] = []) {
    const resolved = resolveProducerOptions(options)
    const parts = partsOf(options)
    const clock = parts.clock ?? systemClock
    const { clientId, logger, compressionType } = resolved
    this.clientId = clientId
    this.#options = resolved
    this.#clock = clock
    this.#interceptors = new ProducerInterceptors(interceptors, {
      clientId,
      groupId: undefined,
      options: options as unknown as Readonly<Record<string, unknown>>,
      logger,
      clock,
    })
    const random = parts.random ?? Math.random
    this.#metrics = new ProducerMetrics(clock.monotonic())
    try {
      this.#client = parts.client ?? connect(resolved, clock, random, this.#metrics)
    } catch (error) {
      void this.#interceptors.close()
      throw error
    }
    const transactionManager = resolved.enableIdempotence ? new TransactionManager(logger) : null
    this.#accumulator = createAccumulator(resolved, this.#interceptors, transactionManager, clock, random, this.#metrics)
    const metrics = this.#metrics
    this.#sender = new Sender(resolved, {
      client: this.#client,
      accumulator: this.#accumulator,
      transactionManager,
      clock,
      logger,
      metrics,
    })
    this.#serializer = new RecordSerializer(resolved)
    this.#recordClock = new RecordClock(clock)
    this.#ending = new SendEnding(this.#interceptors, logger)
    this.#waiting = new WaitingSends((send) => this.#resume(send))
    if (compressionType !== 'none') {
      this.#compression = loadCompression(compressionType).then(
        () => this.#compressionLoaded(),
        (cause) => this.#compressionLoaded(new KafkaError('CONFIG', (cause as Error).message, { cause })),
      )
    }
    this.#client.metadata.onUpdate(({ clusterId }) => this.#interceptors.onClusterUpdate({ clusterId }))
    this.#sender.start()
  }

  /** The interceptors given to the constructor, and what each did so far. */
  get interceptors(): InterceptorChain {
    return this.#interceptors
  }

  /** What the producer did and does, under the Java client's names (docs/metrics.md). A new object for each call; NaN where nothing was measured yet. */
  metrics(): Readonly<Record<ProducerMetricName, number>> {
    const nowMs = this.#clock.monotonic()
    const { pool } = this.#accumulator
    const { metadata } = this.#client
    return this.#metrics.snapshot(
      {
        requestsInFlight: this.#client.inFlightRequestCount(),
        bufferTotalBytes: pool.totalMemory,
        bufferAvailableBytes: pool.availableMemory,
        waitingSends: this.#waiting.waiting().length,
        metadataAgeSeconds: metadata.lastSuccessAt < 0 ? Number.NaN : (nowMs - metadata.lastSuccessAt) / 1000,
      },
      nowMs,
    )
  }

  /**
   * Sends a record. The promise resolves when the brokers acknowledged it as `acks` asks, and rejects with a `KafkaError`
   * when it could not be sent; with a callback no promise is made and the callback is called once.
   *
   * Never throws. While the topic is known and `bufferMemory` has room, the record is in its batch when `send` returns
   * and its key and value may be changed; otherwise it waits at most `maxBlockMs`, and later sends to the same topic wait
   * behind it. Records of one partition arrive in the order of the calls.
   *
   * Interceptors are told of the outcome first, then the callback, then the promise; those of a batch settle after its
   * last callback. No callback runs before `send` has returned. What a callback throws is logged.
   */
  send(record: ProducerRecordInit<K, V>, callback: SendCallback): void
  send(record: ProducerRecordInit<K, V>, options?: SendOptions): Promise<RecordMetadata>
  send(record: ProducerRecordInit<K, V>, second?: SendOptions | SendCallback): Promise<RecordMetadata> | undefined {
    if (typeof second === 'function') {
      this.#send(record, second, null, undefined)
      return undefined
    }
    const promise = new Promise<RecordMetadata>(capture)
    const settle = resolveSlot
    const reject = rejectSlot
    if (second === undefined || second === null) this.#send(record, settle, reject, undefined)
    else {
      try {
        checkCallOptions('send', second, SEND_OPTIONS)
        this.#send(record, settle, reject, second.signal)
      } catch (error) {
        this.#ending.refuse(error as KafkaError, settle, reject)
      }
    }
    return promise
  }

  /** The record's walk up to its batch; docs/walk/produce.md goes on from there. */
  #send(init: ProducerRecordInit<K, V>, settle: SendCallback | Resolve, reject: Reject | null, signal: AbortSignal | undefined): void {
    let record: ProducerRecord<K, V>
    try {
      record = toProducerRecord(init)
    } catch (error) {
      this.#ending.refuse(error as KafkaError, settle, reject)
      return
    }
    try {
      const intercepted = this.#interceptors.onSend(record)
      if (intercepted !== record && 'verdict' in intercepted) {
        this.#ending.obey(intercepted, settle, reject)
        return
      }
      record = intercepted as ProducerRecord<K, V>
    } catch (error) {
      this.#ending.fail(record, -1, error as KafkaError, settle, reject)
      return
    }
    if (this.#closing !== undefined) {
      const message = 'send was called after close; a closed producer takes no records'
      this.#ending.fail(record, -1, new KafkaError('ILLEGAL_STATE', message, { topic: record.topic }), settle, reject)
      return
    }
    if (signal?.aborted) {
      this.#ending.fail(record, -1, abortedSend(record.topic, signal), settle, reject)
      return
    }
    const topic = topicOf(this.#client.metadata.cluster, record)
    if (topic === undefined || this.#mustWait(record.topic)) this.#wait(record, settle, reject, signal)
    else if (!this.#append(record, topic, settle, reject)) this.#waitForMemory(record, settle, reject, signal)
  }

  /** Serialize, choose the partition, check the size, put into a batch. False when memory is missing: then `#bytes` holds the record. */
  #append(
    record: ProducerRecord<K, V>,
    topic: TopicInfo,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    waiting?: WaitingSend,
  ): boolean {
    const bytes = this.#bytes
    this.#appending = true
    try {
      this.#serializer.serialize(record, bytes)
      bytes.partition = this.#partition(record, bytes, topic)
      // A serializer or partitioner that closes the producer, or fires the signal, has ended this very send.
      if (waiting?.done) return true
      const headers = record.headers as RecordHeaders
      bytes.setHeaders(headers.setReadOnly(), headers.toList())
      bytes.timestamp = record.timestamp ?? this.#recordClock.now()
      this.#checkSize(bytes)
      return this.#appendBytes(bytes, topic, settle, reject)
    } catch (error) {
      if (!waiting?.done) this.#ending.fail(record, -1, error as KafkaError, settle, reject)
      return true
    } finally {
      this.#appending = false
    }
  }

  #appendBytes(bytes: RecordBytes, topic: TopicInfo, settle: SendCallback | Resolve, reject: Reject | null, buffer?: Buffer): boolean {
    const outcome = this.#accumulator.append(bytes, settle, reject, topic, buffer)
    if (outcome === 0) return false
    if (outcome !== APPENDED) {
      this.#sender.wakeup()
      // Keeps the topic in the metadata; often enough once for each batch.
      if (outcome & NEW_BATCH) this.#client.metadata.add(topic.name)
    }
    return true
  }

  /** Explicit, else the option's partitioner, else by key; without a key the accumulator's sticky partitioner chooses. */
  #partition(record: ProducerRecord<K, V>, bytes: RecordBytes, topic: TopicInfo): number {
    if (record.partition !== undefined) return record.partition
    const { partitioner, partitionerIgnoreKeys } = this.#options
    if (partitioner !== undefined) {
      const { cluster } = this.#client.metadata
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
  #checkSize(bytes: RecordBytes): void {
    const { maxRequestSize, bufferMemory } = this.#options
    const size = bytes.batchSizeUpperBound()
    if (size <= maxRequestSize && size <= bufferMemory) return
    const limit =
      size > maxRequestSize ? `maxRequestSize (max.request.size) ${maxRequestSize}` : `bufferMemory (buffer.memory) ${bufferMemory}`
    throw new KafkaError('RECORD_TOO_LARGE', `record for topic "${bytes.topic}" takes ${size} bytes, more than ${limit}`, {
      topic: bytes.topic,
    })
  }

  /** Others wait for the same topic, compression is not ready, or this send is made from within another one. */
  #mustWait(topic: string): boolean {
    return this.#waiting.has(topic) || this.#compression !== undefined || this.#compressionError !== undefined || this.#appending
  }

  #wait(
    record: ProducerRecord<K, V>,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    signal: AbortSignal | undefined,
    bytes?: RecordBytes,
  ): void {
    const deadlineMs = this.#clock.monotonic() + this.#options.maxBlockMs
    const send = new WaitingSend(record, bytes, settle, reject, deadlineMs, signal)
    if (signal?.aborted) this.#failWaiting(send, abortedSend(record.topic, signal))
    else {
      if (signal !== undefined) send.onAbort(() => this.#failWaiting(send, abortedSend(record.topic, signal)))
      this.#waiting.add(send)
    }
  }

  #waitForMemory(
    record: ProducerRecord<K, V>,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    signal: AbortSignal | undefined,
  ): void {
    this.#wait(record, settle, reject, signal, this.#bytes.detach())
  }

  /** Puts the first waiting send of a topic through; a promise only if it has to wait once more. */
  #resume(send: WaitingSend): Promise<void> | undefined {
    if (send.bytes === undefined && this.#compression === undefined && this.#compressionError === undefined) {
      const topic = topicOf(this.#client.metadata.cluster, send.record)
      if (topic !== undefined) {
        if (this.#append(send.record, topic, send.settle, send.reject, send)) {
          send.finish()
          return undefined
        }
        send.bytes = this.#bytes.detach()
      }
    }
    return this.#resumeLater(send)
  }

  async #resumeLater(send: WaitingSend): Promise<void> {
    const { record, settle, reject, signal } = send
    let partition = -1
    try {
      await this.#compression
      if (this.#compressionError !== undefined) throw this.#compressionError
      const topic = await waitForTopic(this.#client.metadata, record, send.deadlineMs, this.#options.maxBlockMs, this.#clock, signal)
      if (send.done) return
      if (send.bytes === undefined) {
        if (this.#append(record, topic, settle, reject, send)) {
          send.finish()
          return
        }
        send.bytes = this.#bytes.detach()
      }
      const { bytes } = send
      if (!this.#appendBytes(bytes, topic, settle, reject)) {
        partition = this.#accumulator.chosenPartition
        this.#sender.wakeup()
        const remainingMs = Math.max(0, send.deadlineMs - this.#clock.monotonic())
        const buffer = await this.#accumulator.pool.allocate(this.#accumulator.bytesForNewBatch(bytes), remainingMs, signal)
        if (send.done) {
          this.#accumulator.pool.deallocate(buffer)
          return
        }
        this.#appendBytes(bytes, topic, settle, reject, buffer)
      }
      send.finish()
    } catch (error) {
      this.#failWaiting(send, error as KafkaError, partition)
    }
  }

  #failWaiting(send: WaitingSend, error: KafkaError, partition = -1): void {
    if (send.done) return
    send.finish()
    this.#ending.fail(send.record, partition, error, send.settle, send.reject)
  }

  /** Resolves when a broker has answered, so that a wrong address or password shows early. Sends do not need it. */
  async connect(options: WaitOptions = {}): Promise<void> {
    checkCallOptions('connect', options)
    const { metadata } = this.#client
    metadata.requestUpdate()
    const known = (): boolean => [...metadata.cluster.nodes.keys()].some((id) => id >= 0)
    await metadata.awaitUpdate(known, options.timeoutMs ?? this.#options.maxBlockMs, options.signal)
  }

  /** The partitions of a topic, by number. Waits at most `maxBlockMs` for metadata. */
  async partitionsFor(topic: string, options: WaitOptions = {}): Promise<readonly PartitionInfo[]> {
    checkCallOptions('partitionsFor', options)
    if (!isTopicName(topic)) throw new KafkaError('INVALID_ARGUMENT', 'partitionsFor needs the name of a topic')
    const maxBlockMs = options.timeoutMs ?? this.#options.maxBlockMs
    const deadlineMs = this.#clock.monotonic() + maxBlockMs
    const record = { topic, partition: undefined }
    return (await waitForTopic(this.#client.metadata, record, deadlineMs, maxBlockMs, this.#clock, options.signal)).partitions
  }

  /**
   * Sends what was given to `send` before, without lingering, and resolves when all of it is acknowledged or failed (a
   * failure shows at its own send). Rejects with TIMEOUT or ABORTED when that does not happen in time; the records stay
   * on their way. May be called in a callback too.
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    checkCallOptions('flush', options)
    this.#accumulator.beginFlush()
    this.#sender.wakeup()
    try {
      await waitAtMost(this.#flushed(), 'flush', options, this.#clock)
    } finally {
      this.#accumulator.endFlush()
    }
  }

  async #flushed(): Promise<void> {
    await this.#waiting.whenLeft()
    this.#sender.wakeup()
    await this.#accumulator.awaitFlushCompletion()
  }

  /**
   * Takes no more records, sends those it has, and closes the interceptors and connections. When `timeoutMs` is over or
   * `signal` fires, what is not acknowledged by then fails with CLOSED; `timeoutMs: 0` does so at once. Safe to call twice.
   */
  async close(options: WaitOptions = {}): Promise<void> {
    checkCallOptions('close', options)
    const { timeoutMs, signal } = options
    this.#closing ??= this.#close()
    if (timeoutMs === 0 || signal?.aborted) this.#closeForcefully()
    try {
      await waitAtMost(this.#closing, 'close', options, this.#clock)
    } catch (error) {
      if ((error as KafkaError).code !== 'TIMEOUT' && (error as KafkaError).code !== 'ABORTED') throw error
      this.#closeForcefully()
      await waitAtMost(this.#closing, 'close', { timeoutMs: FORCED_CLOSE_MS }, this.#clock).catch((late: KafkaError) => {
        if (late.code !== 'TIMEOUT') throw late
        this.#options.logger.warn('close waits no longer: an interceptor has not finished its close', { clientId: this.clientId })
      })
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    // For the sends that wait: their memory comes from batches that must not linger.
    this.#accumulator.beginFlush()
    this.#sender.wakeup()
    await this.#waiting.whenLeft()
    await this.#sender.close()
    this.#client.metadata.close()
    try {
      await this.#client.close()
    } finally {
      await this.#interceptors.close()
      this.#options.partitioner?.close?.()
    }
  }

  #closeForcefully(): void {
    const error = new KafkaError('CLOSED', 'Producer is closed forcefully.')
    for (const send of this.#waiting.waiting()) this.#failWaiting(send, error)
    this.#client.metadata.close()
    this.#sender.forceClose(error)
  }

  #compressionLoaded(error?: KafkaError): void {
    this.#compression = undefined
    this.#compressionError = error
  }
}

function abortedSend(topic: string, signal: AbortSignal): KafkaError {
  return new KafkaError('ABORTED', `send to topic "${topic}" was aborted`, { topic, cause: signal.reason })
}

function connect(options: ResolvedProducerOptions, clock: Clock, random: () => number, metrics: ProducerMetrics): KafkaClient {
  const { logger } = options
  return new NetworkClient(options, new Metadata({ ...options, clock, random }), { clock, logger, random, metrics: metrics.network })
}

function createAccumulator(
  options: ResolvedProducerOptions,
  interceptors: ProducerInterceptors,
  transactionManager: TransactionManager | null,
  clock: Clock,
  random: () => number,
  metrics: ProducerMetrics,
): RecordAccumulator {
  const { compressionType, logger } = options
  const levels = { gzip: options.compressionGzipLevel, lz4: options.compressionLz4Level, zstd: options.compressionZstdLevel }
  const context: BatchContext = {
    interceptors: interceptors.isEmpty ? null : interceptors,
    compression: compressionType,
    compressionLevel: compressionType === 'none' || compressionType === 'snappy' ? undefined : levels[compressionType],
    logger,
    recordAudit: options.recordAudit || interceptors.needsRecordAudit,
    clientId: options.clientId,
  }
  const batchSize = Math.max(1, options.batchSize)
  return new RecordAccumulator(
    {
      batchSize,
      lingerMs: options.lingerMs,
      retryBackoffMs: options.retryBackoffMs,
      retryBackoffMaxMs: options.retryBackoffMaxMs,
      deliveryTimeoutMs: options.deliveryTimeoutMs,
      adaptivePartitioning: options.partitionerAdaptivePartitioningEnable && options.partitioner === undefined,
      partitionAvailabilityTimeoutMs: options.partitionerAvailabilityTimeoutMs,
    },
    new BufferPool(options.bufferMemory, batchSize, clock, undefined, metrics),
    context,
    clock,
    transactionManager,
    random,
  )
}
