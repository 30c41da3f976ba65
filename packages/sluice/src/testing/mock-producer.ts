import { isKafkaError, KafkaError } from '../errors.ts'
import type { InterceptorChain } from '../interceptor/interceptor-chains.ts'
import type { SendOutcome } from '../interceptor/producer-chain.ts'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import { ProducerInterceptors } from '../interceptor/producer-interceptors.ts'
import type { SendContext } from '../interceptor/send-context.ts'
import { type ProducerMetricName, producerMetricMeanings } from '../metrics/metric-names.ts'
import type { Cluster, PartitionInfo } from '../network/cluster.ts'
import { checkCallOptions } from '../options/call-options.ts'
import { InterceptedSend, InterceptedSends, type OnSendOutcome } from '../producer/intercepted-sends.ts'
import { partitionForKey } from '../producer/partitioner.ts'
import type { SendOptions, WaitOptions } from '../producer/producer.ts'
import type { Producer } from '../producer/producer-type.ts'
import { RecordBytes } from '../producer/record-bytes.ts'
import { RecordSerializer } from '../producer/record-serializer.ts'
import { callSafely, type Reject, type Resolve, type SendCallback } from '../producer/record-thunks.ts'
import { SendEnding } from '../producer/send-ending.ts'
import { type GoOn, SendVerdicts } from '../producer/send-verdicts.ts'
import { waitAtMost } from '../producer/wait-at-most.ts'
import type { RecordHeaders } from '../record/headers.ts'
import { type ProducerRecord, type ProducerRecordInit, toProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { SerializedRecord } from '../record/serialized-record.ts'
import { isTopicName } from '../record/topic-partition.ts'
import { auditOf } from './mock-audit.ts'
import { mockCluster } from './mock-cluster.ts'
import { type MockProducerOptions, type ResolvedMockProducerOptions, resolveMockProducerOptions } from './mock-producer-options.ts'

const SEND_OPTIONS: readonly string[] = ['signal']

/** A record that was sent and is not acknowledged yet. */
interface Completion {
  readonly metadata: RecordMetadata
  readonly context: SendContext | null
  readonly settle: SendCallback | Resolve
  readonly reject: Reject | null
}

/** A record that a test finds in `history`, with its bytes and where it went. */
interface Sent<K, V> {
  readonly record: ProducerRecord<K, V>
  readonly serialized: SerializedRecord
}

/**
 * A producer without a broker, for testing what sends with it (Java: MockProducer). Interceptors, serializers and the
 * choice of a partition by key are those of a KafkaProducer; what was sent is in `history`, and the test says how each
 * send ends, unless `autoComplete` is on. Has no transactions yet, as KafkaProducer.
 */
export class MockProducer<K = Buffer, V = Buffer> implements Producer<K, V> {
  readonly clientId: string
  /** While it is set, every send fails with it; interceptors see the record first. `send` itself does not throw. */
  sendException: Error | null = null
  /** While it is set, `flush` rejects with it. */
  flushException: Error | null = null
  /** While it is set, `partitionsFor` rejects with it. */
  partitionsForException: Error | null = null
  /** While it is set, `close` rejects with it, and the producer stays open. */
  closeException: Error | null = null
  readonly #options: ResolvedMockProducerOptions<K, V>
  readonly #cluster: Cluster
  readonly #interceptors: ProducerInterceptors
  readonly #ending: SendEnding
  readonly #verdicts: SendVerdicts
  readonly #queue: InterceptedSends
  readonly #serializer: RecordSerializer<K, V>
  readonly #bytes: RecordBytes = new RecordBytes()
  readonly #metrics = new Map<ProducerMetricName, number>()
  readonly #offsets = new Map<string, number>()
  #sent: Sent<K, V>[] = []
  #completions: Completion[] = []
  /** Resolves when every record that is in an asynchronous `onSerialized` now has left it. */
  #serializing: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #isClosed = false

  /** Throws CONFIG for an unknown option, and when an interceptor's `configure` throws. */
  constructor(options: MockProducerOptions<K, V> = {}, interceptors: readonly ProducerInterceptor<NoInfer<K>, NoInfer<V>>[] = []) {
    const resolved = resolveMockProducerOptions(options)
    const { clientId, logger, clock } = resolved
    this.clientId = clientId
    this.#options = resolved
    this.#cluster = mockCluster(resolved.topics)
    this.#serializer = new RecordSerializer(resolved)
    this.#interceptors = new ProducerInterceptors(interceptors, {
      clientId,
      groupId: undefined,
      side: 'producer',
      options: options as Readonly<Record<string, unknown>>,
      logger,
      clock,
      metrics: () => this.metrics(),
      clusterId: () => this.#cluster.clusterId,
    })
    this.#ending = new SendEnding(logger)
    this.#verdicts = new SendVerdicts(this.#ending, resolved.deadLetterTopic)
    this.#queue = new InterceptedSends({
      clock,
      concurrency: resolved.interceptorConcurrency,
      mayBegin: () => this.#interceptors.configuring === undefined,
      begin: (send) => this.#begin(send),
      release: ({ outcome, context, settle, reject, signal }) => this.#goOn(outcome!, context, settle, reject, signal),
      expire: (send) => this.#failQueued(send, new KafkaError('TIMEOUT', `send waited maxBlockMs ${resolved.maxBlockMs} for interceptors`)),
      discard: (outcome) => this.#verdicts.discard(outcome, new KafkaError('ABORTED', 'the send was given up')),
    })
    const { clusterId } = this.#cluster
    void Promise.resolve(this.#interceptors.configuring).then(() => {
      this.#interceptors.onClusterUpdate({ clusterId })
      this.#queue.pump()
    })
  }

  /** The interceptors given to the constructor, and what each did so far. */
  get interceptors(): InterceptorChain<ProducerInterceptor<K, V>> {
    return this.#interceptors
  }

  /**
   * As KafkaProducer's: interceptors, serializers and the choice of a partition run at once, unless one of the hooks gives
   * a promise; no callback runs before `send` has returned; nothing is thrown.
   */
  send(record: ProducerRecordInit<K, V>, callback: SendCallback): void
  send(record: ProducerRecordInit<K, V>, options?: SendOptions): Promise<RecordMetadata>
  send(record: ProducerRecordInit<K, V>, second?: SendOptions | SendCallback): Promise<RecordMetadata> | undefined {
    if (typeof second === 'function') {
      this.#send(record, second, null, undefined)
      return undefined
    }
    const { promise, resolve, reject } = Promise.withResolvers<RecordMetadata>()
    try {
      checkCallOptions('send', second ?? undefined, SEND_OPTIONS)
      this.#send(record, resolve, reject, second?.signal)
    } catch (error) {
      reject(error)
    }
    return promise
  }

  #send(init: ProducerRecordInit<K, V>, settle: SendCallback | Resolve, reject: Reject | null, signal: AbortSignal | undefined): void {
    let record: ProducerRecord<K, V>
    try {
      record = toProducerRecord(init)
    } catch (error) {
      this.#ending.refuse(error as KafkaError, settle, reject)
      return
    }
    const { clock, maxBlockMs } = this.#options
    const queued = (context: SendContext | null): InterceptedSend =>
      new InterceptedSend(record, context, settle, reject, signal, clock.monotonic() + maxBlockMs)
    const { chain, configuring, failure } = this.#interceptors
    if (!this.#queue.isEmpty || configuring !== undefined || failure !== undefined) {
      this.#join(queued(null))
      return
    }
    const context = chain.begin(record.topic)
    const outcome = context === null ? record : chain.run('onSend', record, context)
    if (outcome instanceof Promise) this.#join(queued(context), outcome)
    else if (this.#isClosed && !isTakenOut(outcome)) this.#refuse(record, outcome, context, settle, reject)
    else this.#goOn(outcome, context, settle, reject, signal)
  }

  #join(send: InterceptedSend, outcome?: Promise<SendOutcome<'onSend'>>): void {
    const { signal, record, context, settle, reject } = send
    const error = this.#interceptors.failure ?? (this.#isClosed ? closedProducer(record.topic) : undefined)
    if (error !== undefined) {
      void outcome?.then((late) => this.#verdicts.discard(late, error))
      this.#ending.fail(record, -1, error, context, settle, reject)
      return
    }
    const giveUp = (): void => this.#failQueued(send, abortedSend(record.topic, signal!))
    if (signal?.aborted) giveUp()
    else if (signal !== undefined) send.onAbort(giveUp)
    this.#queue.add(send, outcome)
  }

  /** Java's interceptors see the records of a closed producer too. */
  #refuse(
    given: ProducerRecord<K, V>,
    outcome: SendOutcome<'onSend'>,
    context: SendContext | null,
    settle: SendCallback | Resolve,
    reject: Reject | null,
  ): void {
    const error = closedProducer(given.topic)
    this.#verdicts.discard(outcome, error)
    this.#ending.fail('verdict' in outcome ? outcome.record : outcome, -1, error, context, settle, reject)
  }

  #begin(send: InterceptedSend): OnSendOutcome {
    const { chain, failure } = this.#interceptors
    if (failure !== undefined) return { verdict: 'reject', error: failure, record: send.record }
    send.context = chain.begin(send.record.topic)
    return send.context === null ? send.record : chain.run('onSend', send.record, send.context)
  }

  #failQueued(send: InterceptedSend, error: KafkaError): void {
    if (send.isDone) return
    send.finish()
    this.#ending.fail(send.record, -1, error, send.context, send.settle, send.reject)
    send.context?.abort(error)
    this.#queue.pump()
  }

  #goOn(
    outcome: SendOutcome<'onSend'>,
    context: SendContext | null,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    signal: AbortSignal | undefined,
  ): void {
    this.#verdicts.follow(outcome, context, settle, reject, (record, ofRecord, settleRecord, rejectRecord) => {
      const error = signal?.aborted ? abortedSend(record.topic, signal) : this.sendException
      if (error !== null) this.#ending.fail(record, -1, error, ofRecord, settleRecord, rejectRecord)
      else this.#serialize(record, ofRecord, settleRecord, rejectRecord)
    })
  }

  #serialize(record: ProducerRecord<K, V>, context: SendContext | null, settle: SendCallback | Resolve, reject: Reject | null): void {
    const goOn: GoOn<'onSerialized'> = (serialized, ofRecord, settleRecord, rejectRecord) =>
      this.#place(record, serialized, ofRecord, settleRecord, rejectRecord)
    try {
      const serialized = this.#serialized(record)
      const outcome = context === null ? serialized : context.chain.run('onSerialized', serialized, context)
      const follow = (settled: SendOutcome<'onSerialized'>): void => this.#verdicts.follow(settled, context, settle, reject, goOn)
      if (outcome instanceof Promise || this.#serializing !== undefined) this.#serializeLater(outcome, follow)
      else follow(outcome)
    } catch (error) {
      this.#ending.fail(record, -1, error as KafkaError, context, settle, reject)
    }
  }

  /** Records go on in the order in which they came, whichever hook is ready first. */
  #serializeLater(
    outcome: SendOutcome<'onSerialized'> | Promise<SendOutcome<'onSerialized'>>,
    follow: (settled: SendOutcome<'onSerialized'>) => void,
  ): void {
    const turn = this.#followInTurn(outcome, follow, this.#serializing).then(() => {
      if (this.#serializing === turn) this.#serializing = undefined
    })
    this.#serializing = turn
  }

  async #followInTurn(
    outcome: SendOutcome<'onSerialized'> | Promise<SendOutcome<'onSerialized'>>,
    follow: (settled: SendOutcome<'onSerialized'>) => void,
    before: Promise<void> | undefined,
  ): Promise<void> {
    const settled = await outcome
    await before
    follow(settled)
  }

  #serialized(record: ProducerRecord<K, V>): SerializedRecord {
    const bytes = this.#bytes
    this.#serializer.serialize(record, bytes)
    const { topic, partition, timestamp, headers } = record
    const { keySource, valueSource } = bytes.detach()
    return { topic, partition, timestamp, headers, key: keySource, value: valueSource }
  }

  #place(
    record: ProducerRecord<K, V>,
    serialized: SerializedRecord,
    context: SendContext | null,
    settle: SendCallback | Resolve,
    reject: Reject | null,
  ): void {
    const { topic, key, value } = serialized
    let partition: number
    try {
      partition = this.#partitionFor(record, serialized)
    } catch (error) {
      this.#ending.fail({ ...serialized, topic }, -1, error as KafkaError, context, settle, reject)
      return
    }
    const headers = (serialized.headers as RecordHeaders).setReadOnly()
    if (context !== null) context.headers = headers
    const place = `${partition} ${topic}`
    const offset = this.#offsets.get(place) ?? 0
    this.#offsets.set(place, offset + 1)
    const timestamp = serialized.timestamp ?? this.#options.clock.now()
    this.#sent.push({
      record: { ...record, topic, partition: serialized.partition, timestamp: serialized.timestamp, headers },
      serialized: { ...serialized, partition, timestamp, headers },
    })
    const metadata: RecordMetadata = {
      topic,
      partition,
      offset,
      timestamp,
      serializedKeySize: key === null ? -1 : key.length,
      serializedValueSize: value === null ? -1 : value.length,
      ...(this.#options.recordAudit || context?.chain.needsRecordAudit === true ? auditOf(key, value, headers) : undefined),
      ...(context?.deadLettered === undefined ? undefined : { deadLettered: context.deadLettered }),
    }
    const completion: Completion = { metadata, context, settle, reject }
    if (this.#options.autoComplete) queueMicrotask(() => this.#complete(completion, null))
    else this.#completions.push(completion)
  }

  #partitionFor(record: ProducerRecord<K, V>, { topic: name, partition, key, value }: SerializedRecord): number {
    const topic = this.#cluster.topics.get(name)
    if (topic === undefined) return partition ?? 0
    const count = topic.partitions.length
    const { partitioner } = this.#options
    const chosen =
      partition ??
      (partitioner !== undefined
        ? partitioner.partition(name, record.key, key, record.value, value, this.#cluster)
        : key === null
          ? 0
          : partitionForKey(key, 0, key.length, count))
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < count) return chosen
    throw new KafkaError('INVALID_ARGUMENT', `topic "${name}" has partitions 0 to ${count - 1}, not ${chosen}`, { topic: name })
  }

  /** Interceptors first, then callback or promise. */
  #complete({ metadata, context, settle, reject }: Completion, error: Error | null): void {
    const { topic, partition } = metadata
    const told = error === null ? metadata : { topic, partition, offset: -1, timestamp: -1, serializedKeySize: -1, serializedValueSize: -1 }
    const kafkaError =
      error === null || isKafkaError(error)
        ? error
        : new KafkaError('REJECTED', `the send to topic "${topic}" failed`, { topic, cause: error })
    context?.chain.acknowledge(context, told, kafkaError)
    if (reject === null) callSafely(settle as SendCallback, told, kafkaError, this.#options.logger)
    else if (error === null) (settle as Resolve)(told)
    else reject(error)
  }

  /** What was sent since the last `clear`, as the interceptors' `onSend` left it, in the order in which it would have reached the log. */
  history(): readonly ProducerRecord<K, V>[] {
    return this.#sent.map(({ record }) => record)
  }

  /** The same as bytes, as `onSerialized` left them, with the partition and the timestamp that each record got. */
  serializedHistory(): readonly SerializedRecord[] {
    return this.#sent.map(({ serialized }) => serialized)
  }

  /** Forgets the history, and the sends that are not completed: those never settle, as in Java. */
  clear(): void {
    this.#sent = []
    this.#completions = []
  }

  /** Completes the earliest send that waits for it; false when there is none. */
  completeNext(): boolean {
    return this.#endNext(null)
  }

  /** Fails the earliest send that waits, with this error; callbacks and interceptors get a KafkaError, with any other error as its cause. */
  errorNext(error: Error): boolean {
    return this.#endNext(error)
  }

  #endNext(error: Error | null): boolean {
    const completion = this.#completions.shift()
    if (completion === undefined) return false
    this.#complete(completion, error)
    return true
  }

  /** No send waits to be completed. */
  flushed(): boolean {
    return this.#completions.length === 0 && this.#queue.isEmpty && this.#serializing === undefined
  }

  /** `close` was called and went well. */
  closed(): boolean {
    return this.#isClosed
  }

  /** Resolves at once. */
  async connect(options: WaitOptions = {}): Promise<void> {
    checkCallOptions('connect', options)
  }

  /** The partitions of a topic of `topics`; an empty list for any other, as in Java. */
  async partitionsFor(topic: string, options: WaitOptions = {}): Promise<readonly PartitionInfo[]> {
    checkCallOptions('partitionsFor', options)
    if (!isTopicName(topic)) throw new KafkaError('INVALID_ARGUMENT', 'partitionsFor needs the name of a topic')
    if (this.partitionsForException !== null) throw this.partitionsForException
    return this.#cluster.topics.get(topic)?.partitions ?? []
  }

  /** NaN for every metric that `setMockMetrics` did not set. */
  metrics(): Readonly<Record<ProducerMetricName, number>> {
    const names = Object.keys(producerMetricMeanings) as ProducerMetricName[]
    return Object.fromEntries(names.map((name) => [name, this.#metrics.get(name) ?? Number.NaN])) as Record<ProducerMetricName, number>
  }

  setMockMetrics(name: ProducerMetricName, value: number): void {
    this.#metrics.set(name, value)
  }

  /** Completes every send that waits. Rejects with ILLEGAL_STATE after `close`, as in Java. */
  async flush(options: WaitOptions = {}): Promise<void> {
    checkCallOptions('flush', options)
    if (this.#isClosed) throw closedProducer()
    if (this.flushException !== null) throw this.flushException
    await waitAtMost(this.#flush(), 'flush', options, this.#options.clock)
  }

  async #flush(): Promise<void> {
    await this.#queue.whenLeft()
    await this.#serializing
    while (this.completeNext());
  }

  /**
   * Completes every send that waits, then closes the interceptors; when `timeoutMs` is over, or with `timeoutMs: 0` at
   * once, what is left fails with CLOSED. May be called twice. (Java's leaves sends that wait as they are.)
   */
  async close(options: WaitOptions = {}): Promise<void> {
    checkCallOptions('close', options)
    if (this.closeException !== null) throw this.closeException
    this.#isClosed = true
    if (options.timeoutMs === 0 || options.signal?.aborted) this.#failAll()
    this.#closing ??= this.#close()
    try {
      await waitAtMost(this.#closing, 'close', options, this.#options.clock)
    } catch (error) {
      if (!isKafkaError(error) || (error.code !== 'TIMEOUT' && error.code !== 'ABORTED')) throw error
      this.#failAll()
    }
  }

  async #close(): Promise<void> {
    await this.#flush()
    await this.#interceptors.close()
    this.#options.partitioner?.close?.()
  }

  #failAll(): void {
    const error = new KafkaError('CLOSED', 'Producer is closed forcefully.')
    for (const send of this.#queue.all()) this.#failQueued(send, error)
    while (this.errorNext(error));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** By an interceptor: then it does not matter that the producer is closed. */
function isTakenOut(outcome: SendOutcome<'onSend'>): boolean {
  return 'verdict' in outcome && (outcome.verdict === 'drop' || outcome.verdict === 'reject')
}

function closedProducer(topic?: string): KafkaError {
  return new KafkaError('ILLEGAL_STATE', 'MockProducer is already closed.', topic === undefined ? {} : { topic })
}

function abortedSend(topic: string, signal: AbortSignal): KafkaError {
  return new KafkaError('ABORTED', `send to topic "${topic}" was aborted`, { topic, cause: signal.reason })
}
