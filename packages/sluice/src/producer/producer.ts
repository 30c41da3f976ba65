import { loadCompression } from '@sluice/protocol'
import { type Clock, systemClock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { InterceptorChain } from '../interceptor/interceptor-chains.ts'
import type { SendOutcome } from '../interceptor/producer-chain.ts'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import { ProducerInterceptors } from '../interceptor/producer-interceptors.ts'
import type { SendContext } from '../interceptor/send-context.ts'
import type { ProducerMetricName } from '../metrics/metric-names.ts'
import { ProducerMetrics } from '../metrics/producer-metrics.ts'
import { partsOf } from '../network/client-parts.ts'
import type { PartitionInfo, TopicInfo } from '../network/cluster.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import { checkCallOptions } from '../options/call-options.ts'
import { withClasses } from '../options/interceptor-classes.ts'
import type { CompressionType, ProducerOptions, ResolvedProducerOptions } from '../options/producer-options.ts'
import { resolveProducerOptions } from '../options/resolve-options.ts'
import { type ProducerRecord, type ProducerRecordInit, toProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { isTopicName } from '../record/topic-partition.ts'
import { InterceptedSend, InterceptedSends, type OnSendOutcome } from './intercepted-sends.ts'
import { connect, createAccumulator } from './producer-parts.ts'
import type { RecordAccumulator } from './record-accumulator.ts'
import { RecordAppender } from './record-appender.ts'
import type { RecordBytes } from './record-bytes.ts'
import { RecordClock } from './record-clock.ts'
import type { Reject, Resolve, SendCallback } from './record-thunks.ts'
import { SendEnding } from './send-ending.ts'
import { type GoOn, SendVerdicts } from './send-verdicts.ts'
import { Sender } from './sender.ts'
import { topicOf, waitForTopic } from './topic-metadata.ts'
import { TransactionManager } from './transaction-manager.ts'
import { waitAtMost } from './wait-at-most.ts'
import { WaitingSendResumer } from './waiting-send-resumer.ts'
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
  readonly #interceptors: ProducerInterceptors
  readonly #client: KafkaClient
  readonly #metrics: ProducerMetrics
  readonly #accumulator: RecordAccumulator
  readonly #sender: Sender
  readonly #ending: SendEnding
  readonly #verdicts: SendVerdicts
  readonly #appender: RecordAppender
  readonly #resumer: WaitingSendResumer
  readonly #queue: InterceptedSends
  readonly #waiting: WaitingSends
  /** While the compression library is loaded; rejected for good when it cannot be. */
  #compression: Promise<void> | undefined
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
    this.#interceptors = new ProducerInterceptors(withClasses(resolved.interceptorClasses, interceptors), {
      clientId,
      groupId: undefined,
      options: options as unknown as Readonly<Record<string, unknown>>,
      side: 'producer',
      logger,
      clock,
      metrics: () => this.metrics(),
      clusterId: () => this.#client.metadata.cluster.clusterId,
      stats: () => this.#interceptors.stats(),
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
    const accumulator = createAccumulator(resolved, transactionManager, clock, random, this.#metrics)
    const client = this.#client
    const { metadata } = client
    this.#accumulator = accumulator
    this.#sender = new Sender(resolved, { client, accumulator, transactionManager, clock, logger, metrics: this.#metrics })
    this.#ending = new SendEnding(logger)
    this.#verdicts = new SendVerdicts(this.#ending, resolved.deadLetterTopic)
    const recordClock = new RecordClock(clock)
    this.#appender = new RecordAppender(resolved, { metadata, accumulator, sender: this.#sender, recordClock })
    this.#resumer = new WaitingSendResumer({
      clock,
      metadata,
      appender: this.#appender,
      ending: this.#ending,
      verdicts: this.#verdicts,
      maxBlockMs: resolved.maxBlockMs,
      compression: () => this.#compression,
      admitSerialized: ({ record, signal }) => this.#admitSerialized(record, signal),
    })
    const concurrency = resolved.interceptorConcurrency
    this.#waiting = new WaitingSends(
      (send) => this.#resumer.resume(send),
      (send) => this.#resumer.prepare(send),
      concurrency,
    )
    this.#queue = new InterceptedSends({
      clock,
      concurrency,
      mayBegin: () => this.#interceptors.configuring === undefined,
      begin: (send) => this.#beginQueued(send),
      release: ({ outcome, context, settle, reject, signal }) =>
        this.#verdicts.follow(outcome!, context, settle, reject, this.#admitLater(signal)),
      expire: (send) => this.#failQueued(send, expiredSend(send.record.topic, resolved.maxBlockMs)),
      discard: (outcome) => this.#verdicts.discard(outcome, new KafkaError('ABORTED', 'the send was given up')),
    })
    void this.#interceptors.configuring?.then(() => this.#queue.pump())
    if (compressionType !== 'none') this.#loadCompression(compressionType)
    this.#client.metadata.onUpdate(({ clusterId }) => this.#interceptors.onClusterUpdate({ clusterId }))
    this.#sender.start()
  }

  /** The interceptors given to the constructor, and what each did so far. */
  get interceptors(): InterceptorChain<ProducerInterceptor<K, V>> {
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
        waitingSends: this.#waiting.waiting().length + this.#queue.all().length,
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
    const { chain } = this.#interceptors
    if (this.#mustQueue()) {
      this.#joinQueue(new InterceptedSend(record, null, settle, reject, signal, this.#clock.monotonic() + this.#options.maxBlockMs))
      return
    }
    const context = chain.begin(record.topic)
    const outcome = context === null ? record : chain.run('onSend', record, context)
    if (outcome === record && this.#closing === undefined) this.#admit(record, context, settle, reject, signal)
    else if (outcome instanceof Promise) {
      const deadlineMs = this.#clock.monotonic() + this.#options.maxBlockMs
      this.#joinQueue(new InterceptedSend(record, context, settle, reject, signal, deadlineMs), outcome)
    } else if (this.#closing !== undefined && isPassedOn(outcome)) this.#refuseClosed(outcome, context, settle, reject)
    else if ('verdict' in outcome) this.#verdicts.follow(outcome, context, settle, reject, this.#admitLater(signal))
    else this.#admit(outcome, context, settle, reject, signal)
  }

  /** Interceptors are still configured, or gave a promise for a record before this one. */
  #mustQueue(): boolean {
    return !this.#queue.isEmpty || this.#interceptors.configuring !== undefined || this.#interceptors.failure !== undefined
  }

  #joinQueue(send: InterceptedSend, outcome?: Promise<SendOutcome<'onSend'>>): void {
    const { record, context, settle, reject, signal } = send
    const { failure } = this.#interceptors
    if (this.#closing !== undefined || failure !== undefined) {
      const error = failure ?? closedSend(record.topic)
      void outcome?.then((late) => this.#verdicts.discard(late, error))
      this.#ending.fail(record, -1, error, context, settle, reject)
      return
    }
    if (signal?.aborted) this.#failQueued(send, abortedSend(record.topic, signal))
    else if (signal !== undefined) send.onAbort(() => this.#failQueued(send, abortedSend(record.topic, signal)))
    this.#queue.add(send, outcome)
  }

  #beginQueued(send: InterceptedSend): OnSendOutcome {
    const { record } = send
    const { chain, failure } = this.#interceptors
    if (failure !== undefined) return { verdict: 'reject', error: failure, record }
    send.context = chain.begin(record.topic)
    return send.context === null ? record : chain.run('onSend', record, send.context)
  }

  #failQueued(send: InterceptedSend, error: KafkaError): void {
    if (send.isDone) return
    send.finish()
    // It may have waited for those before it only.
    if (send.outcome !== undefined) this.#verdicts.discard(send.outcome, error)
    this.#ending.fail(send.record, -1, error, send.context, send.settle, send.reject)
    send.context?.abort(error)
    this.#queue.pump()
  }

  /** Java's interceptors see the records of a closed producer too. */
  #refuseClosed(outcome: SendOutcome<'onSend'>, context: SendContext | null, settle: SendCallback | Resolve, reject: Reject | null): void {
    const record = 'verdict' in outcome ? outcome.record : outcome
    const error = closedSend(record.topic)
    this.#verdicts.discard(outcome, error)
    this.#ending.fail(record, -1, error, context, settle, reject)
  }

  /** `#admit` for what is not the usual record; a closure that only those pay for. */
  #admitLater(signal: AbortSignal | undefined): GoOn<'onSend'> {
    return (record, context, settle, reject) => this.#admit(record, context, settle, reject, signal)
  }

  /** The record is past `onSend`: into its batch now, or into the queue of its topic. */
  #admit(
    record: ProducerRecord<K, V>,
    context: SendContext | null,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    signal: AbortSignal | undefined,
  ): void {
    if (signal?.aborted) {
      this.#ending.fail(record, -1, abortedSend(record.topic, signal), context, settle, reject)
      return
    }
    const topic = topicOf(this.#client.metadata.cluster, record)
    if (topic === undefined || this.#mustWait(record.topic)) this.#wait(record, context, settle, reject, signal)
    else this.#append(record, context, topic, settle, reject, signal)
  }

  #append(
    record: ProducerRecord<K, V>,
    context: SendContext | null,
    topic: TopicInfo,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    signal: AbortSignal | undefined,
  ): void {
    const appender = this.#appender
    try {
      const outcome = appender.serialize(record, context)
      if (outcome === null) {
        if (appender.place(record, appender.bytes, topic, settle, reject)) return
        this.#wait(record, context, settle, reject, signal, appender.bytes.detach(), true)
      } else if (outcome instanceof Promise) this.#wait(record, context, settle, reject, signal, undefined, false, outcome)
      else this.#verdicts.follow(outcome, context, settle, reject, this.#admitSerialized(record, signal))
    } catch (error) {
      this.#ending.fail(record, -1, error as KafkaError, context, settle, reject)
    }
  }

  /** Takes bytes that interceptors made of the record: into a batch now, or into the queue of their topic. */
  #admitSerialized(record: ProducerRecord<K, V>, signal: AbortSignal | undefined): GoOn<'onSerialized'> {
    return (serialized, context, settle, reject) => {
      const { topic: name, partition, headers } = serialized
      const destined = { ...record, topic: name, partition, headers }
      const bytes = this.#appender.ofSerialized(serialized, context)
      const topic = topicOf(this.#client.metadata.cluster, destined)
      try {
        if (topic === undefined || this.#mustWait(name)) this.#wait(destined, context, settle, reject, signal, bytes.detach())
        else if (!this.#appender.place(destined, bytes, topic, settle, reject)) {
          this.#wait(destined, context, settle, reject, signal, bytes.detach(), true)
        }
      } catch (error) {
        this.#ending.fail(destined, -1, error as KafkaError, context, settle, reject)
      }
    }
  }

  /** Others wait for the same topic, compression is not ready, or this send is made from within another one. */
  #mustWait(topic: string): boolean {
    return this.#waiting.has(topic) || this.#compression !== undefined || this.#appender.isBusy
  }

  #wait(
    record: ProducerRecord<K, V>,
    context: SendContext | null,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    signal: AbortSignal | undefined,
    bytes?: RecordBytes,
    isPlaced = false,
    prepared?: Promise<SendOutcome<'onSerialized'>>,
  ): void {
    const deadlineMs = this.#clock.monotonic() + this.#options.maxBlockMs
    const send = new WaitingSend(record, context, bytes, settle, reject, deadlineMs, signal)
    send.isPlaced = isPlaced
    send.prepared = prepared
    if (signal?.aborted) this.#resumer.fail(send, abortedSend(record.topic, signal))
    else {
      if (signal !== undefined) send.onAbort(() => this.#resumer.fail(send, abortedSend(record.topic, signal)))
      this.#waiting.add(send)
    }
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
    await this.#queue.whenLeft()
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
    await this.#queue.whenLeft()
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
    for (const send of this.#queue.all()) this.#failQueued(send, error)
    for (const send of this.#waiting.waiting()) this.#resumer.fail(send, error)
    this.#client.metadata.close()
    this.#sender.forceClose(error)
  }

  #loadCompression(type: Exclude<CompressionType, 'none'>): void {
    const loaded = loadCompression(type).then(
      () => {
        this.#compression = undefined
      },
      (cause) => {
        throw new KafkaError('CONFIG', (cause as Error).message, { cause })
      },
    )
    // Every send waits for it, and fails with its error; the promise itself is nobody's unhandled rejection.
    loaded.catch(() => {})
    this.#compression = loaded
  }
}

/** Records go on to a batch, unlike those that an interceptor took out. */
function isPassedOn(outcome: SendOutcome<'onSend'>): boolean {
  return !('verdict' in outcome) || (outcome.verdict !== 'drop' && outcome.verdict !== 'reject')
}

function closedSend(topic: string): KafkaError {
  return new KafkaError('ILLEGAL_STATE', 'send was called after close; a closed producer takes no records', { topic })
}

function expiredSend(topic: string, maxBlockMs: number): KafkaError {
  const message = `send to topic "${topic}" waited maxBlockMs (max.block.ms) ${maxBlockMs} ms for interceptors that work on records before it`
  return new KafkaError('TIMEOUT', message, { topic, retriable: true })
}

function abortedSend(topic: string, signal: AbortSignal): KafkaError {
  return new KafkaError('ABORTED', `send to topic "${topic}" was aborted`, { topic, cause: signal.reason })
}
