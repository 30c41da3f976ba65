import type { CallOptions, ConsumerGroupMetadata, PollOptions } from '../consumer/consumer.ts'
import type { Consumer } from '../consumer/consumer-type.ts'
import type { Delivery } from '../consumer/delivery.ts'
import { checkListener, type RebalanceListener } from '../consumer/rebalance-listener.ts'
import { RecordIterator } from '../consumer/record-iterator.ts'
import { RecordReader, type RecordReaderParts } from '../consumer/record-reader.ts'
import { RecordRunner, type RunOptions } from '../consumer/record-runner.ts'
import { endTracking, type RecordSource, type SourceOptions } from '../consumer/record-source.ts'
import { type OffsetResetStrategy, SubscriptionState } from '../consumer/subscription-state.ts'
import { settledWithin, Wakeup } from '../consumer/wait.ts'
import { KafkaError } from '../errors.ts'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import { ConsumerInterceptors } from '../interceptor/consumer-interceptors.ts'
import { isPromise } from '../interceptor/hook-call.ts'
import type { InterceptorChain } from '../interceptor/interceptor-chains.ts'
import { ConsumerMetrics } from '../metrics/consumer-metrics.ts'
import type { ConsumerMetricName } from '../metrics/metric-names.ts'
import type { PartitionInfo } from '../network/cluster.ts'
import { checkCallOptions } from '../options/call-options.ts'
import type { ResolvedConsumerOptions } from '../options/consumer-options.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { ConsumerRecords } from '../record/consumer-records.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import { isTopicName, type TopicPartition, type TopicPartitionOffset } from '../record/topic-partition.ts'
import { mockTopic } from './mock-cluster.ts'
import { type MockConsumerOptions, type ResolvedMockConsumerOptions, resolveMockConsumerOptions } from './mock-consumer-options.ts'
import { MockDeadLetters } from './mock-dead-letters.ts'
import { MockPartitions } from './mock-partitions.ts'
import { MockRecords } from './mock-records.ts'
import { type ConsumerRecordInit, consumerRecordOf, type RawRecordInit, rawRecordOf } from './record-of.ts'

/** What runs within a `poll`, before it looks for records. */
export type PollTask = () => void | Promise<void>

const DEFAULT_CLOSE_MS = 30_000

/**
 * A consumer without a broker, for testing what reads with it (Java: MockConsumer). The test says which partitions it has
 * (`assign`, `rebalance`) and what is in them (`addRecord`); interceptors, `run`, `for await` and what is committed are the
 * code of KafkaConsumer.
 *
 * Partitions are kept as a log: records that are sought, or whose handler failed, come again.
 */
export class MockConsumer<K = Buffer, V = Buffer> implements Consumer<K, V> {
  readonly #options: ResolvedMockConsumerOptions<K, V>
  readonly #interceptors: ConsumerInterceptors
  readonly #subscriptions: SubscriptionState = new SubscriptionState((partition, from) => this.#interceptors.forget(partition, from))
  readonly #partitions: MockPartitions<K, V>
  readonly #topics = new Map<string, readonly PartitionInfo[]>()
  readonly #deadLetters: MockDeadLetters
  readonly #metrics: ConsumerMetrics
  readonly #wakeup: Wakeup
  readonly #closing = new AbortController()
  readonly #limits: { maxPollRecords: number }
  readonly #reader: RecordReader<K, V>
  readonly #source: RecordSource<K, V>
  readonly #tasks: PollTask[] = []
  #pollException: Error | null = null
  #offsetsException: Error | null = null
  #shouldRebalance = false
  #generation = 0
  #listenerCalls = 0
  #drain: ((partitions: readonly TopicPartition[]) => Promise<void>) | null = null
  #isRunning = false
  #closed: Promise<void> | null = null

  /** Throws CONFIG for an unknown option, and when an interceptor's `configure` throws. */
  constructor(options: MockConsumerOptions<K, V> = {}, interceptors: readonly ConsumerInterceptor<NoInfer<K>, NoInfer<V>>[] = []) {
    const resolved = resolveMockConsumerOptions(options)
    const { clock, logger, clientId, groupId } = resolved
    this.#options = resolved
    this.#wakeup = new Wakeup(clock)
    this.#metrics = new ConsumerMetrics(clock.monotonic())
    this.#deadLetters = new MockDeadLetters(resolved.deadLetterTopic)
    this.#interceptors = new ConsumerInterceptors(interceptors, {
      clientId,
      groupId,
      side: 'consumer',
      options: options as Readonly<Record<string, unknown>>,
      logger,
      clock,
      metrics: () => this.metrics(),
      clusterId: () => 'mock-cluster',
    })
    const records = new MockRecords<K, V>(resolved)
    this.#partitions = new MockPartitions<K, V>(this.#subscriptions, records, {
      autoOffsetReset: resolved.autoOffsetReset,
      isAudited: () => resolved.recordAudit || this.#interceptors.chain.needsRecordAudit,
    })
    this.#limits = { ...resolved, ...records.deserializers }
    this.#setMaxPollRecords(resolved.maxPollRecords)
    // The mocks of fetcher, lookups and dead letters do all that the reader asks of them; there is no metadata that could fail.
    this.#reader = new RecordReader<K, V>(
      this.#limits as unknown as ResolvedConsumerOptions<K, V>,
      {
        subscriptions: this.#subscriptions,
        topics: { throwError() {} },
        coordinator: null,
        reset: this.#partitions,
        fetcher: this.#partitions,
        interceptors: this.#interceptors,
        deadLetters: this.#deadLetters,
        metrics: this.#metrics,
        wakeup: this.#wakeup,
        clock,
        closing: this.#closing.signal,
      } as unknown as RecordReaderParts<K, V>,
    )
    this.#source = {
      subscriptions: this.#subscriptions,
      wakeup: this.#wakeup,
      closing: this.#closing.signal,
      next: (sourceOptions) => this.#next(sourceOptions),
      commitDone: async () => this.#autoCommit(),
      setDrain: (drain) => {
        this.#drain = drain
      },
    }
    void Promise.resolve(this.#interceptors.configuring).then(() => {
      this.#interceptors.onClusterUpdate({ clusterId: 'mock-cluster' })
      this.#wakeup.notify()
    })
  }

  /** The interceptors given to the constructor, and what each did so far. */
  get interceptors(): InterceptorChain<ConsumerInterceptor<K, V>> {
    return this.#interceptors
  }

  /** Of a KafkaConsumer's metrics those that need no network; NaN for the others. */
  metrics(): Readonly<Record<ConsumerMetricName, number>> {
    return this.#metrics.snapshot(this.#subscriptions.size, this.#options.clock.monotonic())
  }

  /** Waits for the test to call `rebalance`. A pattern matches topics that the test named by `updatePartitions`. */
  subscribe(topics: readonly string[] | RegExp, listener?: RebalanceListener): void {
    this.#assertOpen()
    checkListener(listener)
    if (topics instanceof RegExp) {
      this.#subscriptions.subscribePattern(topics, listener)
      this.#matchTopics()
      return
    }
    if (!Array.isArray(topics) || topics.some((topic) => !isTopicName(topic)))
      throw new KafkaError('INVALID_ARGUMENT', 'subscribe takes a list of topic names, none of them empty, or a RegExp')
    if (topics.length === 0) void this.unsubscribe()
    else this.#subscriptions.subscribe(topics, listener)
  }

  /** Reads exactly these partitions. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#assertOpen()
    this.#autoCommit()
    this.#subscriptions.assign(partitions)
    this.#wakeup.notify()
  }

  /** Gives all partitions up, after an auto-commit and the listener's `onPartitionsRevoked`. */
  async unsubscribe(): Promise<void> {
    this.#assertOpen()
    try {
      await this.#revoke(this.#subscriptions.assigned())
    } finally {
      this.#subscriptions.unsubscribe()
    }
  }

  /**
   * What a group would do: from now on these are the partitions. The listener is told of those that go (after an
   * auto-commit) and of those that come; records of those that go are gone. Everything happens before this returns, unless
   * the listener, or a handler of `run` at work, has to be waited for. Throws ILLEGAL_STATE without a subscription.
   */
  rebalance(partitions: readonly TopicPartition[]): Promise<void> {
    this.#assertOpen()
    if (!this.#subscriptions.isAutoAssigned) throw new KafkaError('ILLEGAL_STATE', 'rebalance needs a subscription: call subscribe first')
    const isIn = (list: readonly TopicPartition[], { topic, partition }: TopicPartition): boolean =>
      list.some((one) => one.topic === topic && one.partition === partition)
    const before = this.#subscriptions.assigned()
    const leaving = before.filter((partition) => !isIn(partitions, partition))
    const added = partitions.filter((partition) => !isIn(before, partition))
    const take = (): void | Promise<void> => {
      for (const partition of leaving) this.#partitions.drop(partition)
      this.#subscriptions.assignFromGroup(partitions)
      this.#generation++
      this.#wakeup.notify()
      return this.#call('onPartitionsAssigned', added)
    }
    const revoking = leaving.length === 0 ? undefined : this.#revoke(leaving)
    return Promise.resolve(isPromise(revoking) ? revoking.then(take) : take())
  }

  /** A promise only when somebody has to be waited for. */
  #revoke(leaving: readonly TopicPartition[]): void | Promise<void> {
    for (const partition of leaving) this.#subscriptions.require(partition).isPendingRevocation = true
    const told = (): void | Promise<void> => {
      this.#autoCommit()
      return leaving.length === 0 ? undefined : this.#call('onPartitionsRevoked', leaving)
    }
    return this.#drain === null ? told() : this.#drain(leaving).then(told)
  }

  #call(name: 'onPartitionsRevoked' | 'onPartitionsAssigned', partitions: readonly TopicPartition[]): void | Promise<void> {
    const { listener } = this.#subscriptions
    this.#listenerCalls++
    try {
      const returned = listener?.[name]?.(partitions)
      if (!isPromise(returned)) return
      this.#listenerCalls++
      return Promise.resolve(returned).finally(() => this.#listenerCalls--)
    } finally {
      this.#listenerCalls--
    }
  }

  /**
   * Adds a record to a partition that is assigned; a field left out is that of `consumerRecordOf`, and the offset the one
   * behind the last. Throws ILLEGAL_STATE for a partition that is not assigned, as in Java.
   */
  addRecord(record: ConsumerRecordInit<K, V>): void {
    const partition = this.#partitionOf(record)
    const whole = consumerRecordOf<K, V>({ ...record, offset: record.offset ?? this.#partitions.nextOffset(partition) })
    this.#partitions.add(partition, { offset: whole.offset, record: whole })
    this.#wakeup.notify()
  }

  /** As `addRecord`, with the bytes of key and value, which the deserializers then get. */
  addRawRecord(record: RawRecordInit): void {
    const partition = this.#partitionOf(record)
    const raw = rawRecordOf({ ...record, offset: record.offset ?? this.#partitions.nextOffset(partition) })
    this.#partitions.add(partition, { offset: raw.offset, raw })
    this.#wakeup.notify()
  }

  #partitionOf({ topic = 'topic', partition = 0 }: Partial<TopicPartition>): TopicPartition {
    this.#assertOpen()
    if (this.#subscriptions.get(topic, partition) !== undefined) return { topic, partition }
    const message = `cannot add a record to partition ${partition} of topic "${topic}", which is not assigned: call assign or rebalance first`
    throw new KafkaError('ILLEGAL_STATE', message, { topic, partition })
  }

  /** Where partitions begin. A position before it makes `poll` reject with OFFSET_OUT_OF_RANGE. Default: 0. */
  updateBeginningOffsets(offsets: readonly TopicPartitionOffset[]): void {
    this.#partitions.updateBeginningOffsets(offsets)
  }

  /** Where partitions end, for `endOffsets` and `seekToEnd`. Default: behind the last record added. */
  updateEndOffsets(offsets: readonly TopicPartitionOffset[]): void {
    this.#partitions.updateEndOffsets(offsets)
  }

  /** Says how many partitions a topic has, for `partitionsFor` and for subscriptions by pattern. */
  updatePartitions(topic: string, partitions: number | readonly PartitionInfo[]): void {
    this.#assertOpen()
    this.#topics.set(topic, typeof partitions === 'number' ? mockTopic(topic, partitions).partitions : partitions)
    this.#matchTopics()
  }

  #matchTopics(): void {
    const { pattern } = this.#subscriptions
    if (pattern !== undefined)
      this.#subscriptions.setMatchingTopics(new Set([...this.#topics.keys()].filter((topic) => pattern.test(topic))))
  }

  /** Runs within the next `poll` (also of `run` and of a loop) that has no earlier task to run; what it throws, that poll rejects with. */
  schedulePollTask(task: PollTask): void {
    this.#tasks.push(task)
    this.#wakeup.notify()
  }

  /** One poll in which no task runs. */
  scheduleNopPollTask(): void {
    this.schedulePollTask(() => {})
  }

  /** The next `poll` rejects with it, once. */
  setPollException(error: Error): void {
    this.#pollException = error
    this.#wakeup.notify()
  }

  /** The next lookup of beginning or end offsets rejects with it, once. */
  setOffsetsException(error: Error): void {
    this.#offsetsException = error
  }

  /** Most records that one `poll` returns. Throws INVALID_ARGUMENT for less than 1. */
  setMaxPollRecords(maxPollRecords: number): void {
    this.#setMaxPollRecords(maxPollRecords)
  }

  #setMaxPollRecords(maxPollRecords: number): void {
    if (!Number.isInteger(maxPollRecords) || maxPollRecords < 1)
      throw new KafkaError('INVALID_ARGUMENT', `maxPollRecords must be a whole number from 1, not ${String(maxPollRecords)}`)
    this.#limits.maxPollRecords = maxPollRecords
  }

  /** Notes the wish; the test looks at `shouldRebalance` and calls `rebalance`. */
  enforceRebalance(): void {
    this.#shouldRebalance = true
  }

  shouldRebalance(): boolean {
    return this.#shouldRebalance
  }

  resetShouldRebalance(): void {
    this.#shouldRebalance = false
  }

  /** What interceptors sent to dead-letter topics, as it would have been written. */
  deadLetters(): readonly ProducerRecord<Buffer, Buffer>[] {
    return [...this.#deadLetters.letters]
  }

  /**
   * The records that are there, at most `maxPollRecords`; none when there are none: it does not wait for `timeoutMs`, but
   * for one turn of the event loop. Runs one poll task first.
   */
  async poll(options: PollOptions = {}): Promise<ConsumerRecords<K, V>> {
    checkCallOptions('poll', options)
    if (this.#isRunning) throw new KafkaError('ILLEGAL_STATE', 'poll may not be called while run is at work')
    if (this.#reader.reading === null) endTracking(this.#subscriptions)
    const delivery = await this.#next({ timeoutMs: 0, signal: options.signal })
    delivery?.intercepted?.done()
    return delivery?.records ?? new ConsumerRecords<K, V>([])
  }

  async #next(options: SourceOptions): Promise<Delivery<K, V> | null> {
    this.#assertOpen()
    if (this.#reader.reading === null) {
      await this.#interceptors.configuring
      await this.#tasks.shift()?.()
      this.#assertOpen()
      const error = this.#pollException
      this.#pollException = null
      if (error !== null) throw error
    }
    const isTold = (): boolean => this.#tasks.length > 0 || this.#pollException !== null
    return this.#reader.read({
      ...options,
      timeoutMs: isTold() ? 0 : options.timeoutMs,
      isInterrupted: () => isTold() || options.isInterrupted?.() === true,
    })
  }

  /** As KafkaConsumer's: waits for records until `signal` aborts, a handler throws or the consumer is closed. */
  async run(options: RunOptions<K, V>): Promise<void> {
    this.#assertOpen()
    if (this.#isRunning) throw new KafkaError('ILLEGAL_STATE', 'run is at work already')
    const runner = new RecordRunner<K, V>(this.#source, options)
    this.#isRunning = true
    try {
      await runner.run()
    } finally {
      this.#isRunning = false
    }
  }

  /** As KafkaConsumer's: waits for records until the loop is left or the consumer is closed. */
  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>, undefined> {
    this.#assertOpen()
    if (this.#isRunning) throw new KafkaError('ILLEGAL_STATE', 'the consumer may not be iterated over while run is at work')
    return new RecordIterator<K, V>(this.#source)
  }

  /** Commits these offsets, by default the position of every partition (under `run`: what is done). */
  commit(offsets?: readonly TopicPartitionOffset[], options: CallOptions = {}): Promise<void> {
    const committing = this.#commit(offsets, options)
    committing.catch(() => {})
    return committing
  }

  async #commit(offsets: readonly TopicPartitionOffset[] | undefined, options: CallOptions): Promise<void> {
    checkCallOptions('commit', options)
    if (this.#listenerCalls === 0) this.#assertOpen()
    for (const { topic, partition, offset } of offsets ?? []) {
      if (isTopicName(topic) && Number.isInteger(partition) && partition >= 0 && Number.isSafeInteger(offset) && offset >= 0) continue
      throw new KafkaError('INVALID_ARGUMENT', `offset ${offset} of partition ${partition} of topic "${topic}" cannot be committed`)
    }
    this.#commitNow(offsets ?? this.#subscriptions.consumed())
  }

  #autoCommit(): void {
    const consumed = this.#subscriptions.consumed()
    if (this.#options.enableAutoCommit && consumed.length > 0) this.#commitNow(consumed)
  }

  #commitNow(offsets: readonly TopicPartitionOffset[]): void {
    for (const offset of offsets) this.#partitions.committed.set(`${offset.topic}-${offset.partition}`, { ...offset })
    this.#interceptors.onCommit(offsets)
  }

  /** What was committed, by this consumer; partitions without are left out. */
  async committed(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<TopicPartitionOffset[]> {
    this.#assertOpen()
    checkCallOptions('committed', options)
    return partitions.flatMap(({ topic, partition }) => this.#partitions.committed.get(`${topic}-${partition}`) ?? [])
  }

  /** The next `poll` reads from here on. Throws ILLEGAL_STATE when the partition is not assigned. */
  seek(partition: TopicPartition, offset: number): void {
    this.#assertOpen()
    if (!Number.isSafeInteger(offset) || offset < 0) throw new KafkaError('INVALID_ARGUMENT', `seek takes an offset from 0, not ${offset}`)
    this.#subscriptions.require(partition).seek(offset)
    this.#wakeup.notify()
  }

  /** By default all assigned partitions. Takes place at the next `poll`. */
  seekToBeginning(partitions?: readonly TopicPartition[]): void {
    this.#seekTo('earliest', partitions)
  }

  /** By default all assigned partitions. Takes place at the next `poll`. */
  seekToEnd(partitions?: readonly TopicPartition[]): void {
    this.#seekTo('latest', partitions)
  }

  #seekTo(strategy: OffsetResetStrategy, partitions: readonly TopicPartition[] | undefined): void {
    this.#assertOpen()
    for (const partition of partitions ?? this.#subscriptions.assigned()) this.#subscriptions.require(partition).requestReset(strategy)
    this.#wakeup.notify()
  }

  /** The offset of the next record that `poll` gives. Rejects with ILLEGAL_STATE when the partition is not assigned. */
  async position(partition: TopicPartition, options: CallOptions = {}): Promise<number> {
    this.#assertOpen()
    checkCallOptions('position', options)
    const state = this.#subscriptions.require(partition)
    if (!state.hasPosition) this.#partitions.update()
    return state.position
  }

  /** No records of these partitions are given until `resume`. */
  pause(partitions: readonly TopicPartition[]): void {
    this.#assertOpen()
    for (const partition of partitions) this.#subscriptions.require(partition).isPaused = true
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#assertOpen()
    for (const partition of partitions) this.#subscriptions.require(partition).isPaused = false
    this.#wakeup.notify()
  }

  paused(): TopicPartition[] {
    return [...this.#subscriptions.partitions()].filter(({ isPaused }) => isPaused).map(({ topic, partition }) => ({ topic, partition }))
  }

  assignment(): TopicPartition[] {
    return this.#subscriptions.assigned()
  }

  /** The topics subscribed to; of a pattern, those that match at present. */
  subscription(): string[] {
    return this.#subscriptions.isAutoAssigned ? [...this.#subscriptions.topics] : []
  }

  /** What `updateBeginningOffsets` said, else 0. */
  async beginningOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<TopicPartitionOffset[]> {
    this.#checkLookUp(options)
    return partitions.map(({ topic, partition }) => ({ topic, partition, offset: this.#partitions.beginningOffset({ topic, partition }) }))
  }

  /** What `updateEndOffsets` said, else the offset behind the last record added. */
  async endOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<TopicPartitionOffset[]> {
    this.#checkLookUp(options)
    return partitions.map(({ topic, partition }) => ({ topic, partition, offset: this.#partitions.endOffset({ topic, partition }) }))
  }

  /** The first record added to each partition whose timestamp is at least `timestamp`; partitions without are left out. */
  async offsetsForTimes(
    queries: readonly (TopicPartition & { readonly timestamp: number })[],
    options: CallOptions = {},
  ): Promise<(TopicPartitionOffset & { readonly timestamp: number })[]> {
    this.#checkLookUp(options)
    return queries.flatMap(({ topic, partition, timestamp }) => {
      const found = this.#partitions.firstSince({ topic, partition }, timestamp)
      return found === undefined ? [] : [{ topic, partition, ...found }]
    })
  }

  #checkLookUp(options: CallOptions): void {
    this.#assertOpen()
    checkCallOptions('looking up offsets', options)
    const error = this.#offsetsException
    this.#offsetsException = null
    if (error !== null) throw error
  }

  /** What `updatePartitions` said; none for any other topic. */
  async partitionsFor(topic: string, options: CallOptions = {}): Promise<readonly PartitionInfo[]> {
    this.#assertOpen()
    checkCallOptions('partitionsFor', options)
    return this.#topics.get(topic) ?? []
  }

  /** The generation counts calls of `rebalance`. */
  groupMetadata(): ConsumerGroupMetadata {
    return { groupId: this.#options.groupId, generationId: this.#generation, memberId: 'mock-member', groupInstanceId: undefined }
  }

  /** `close` was called. */
  closed(): boolean {
    return this.#closed !== null
  }

  /** Ends a `poll`, loop or `run` that is at work, commits when auto-commit is on, calls the listener and closes the interceptors. */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkCallOptions('close', options, ['timeoutMs'])
    // The listener that this close is calling must not wait for it.
    if (this.#closed !== null && this.#listenerCalls > 0) return
    this.#closed ??= this.#close(options.timeoutMs ?? DEFAULT_CLOSE_MS)
    return this.#closed
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock } = this.#options
    this.#closing.abort()
    this.#wakeup.notify()
    const { reading } = this.#reader
    if (reading !== null && this.#listenerCalls === 0) await settledWithin(reading, clock, timeoutMs)
    try {
      const revoking = this.#revoke(this.#subscriptions.assigned())
      if (isPromise(revoking) && (await settledWithin(revoking, clock, timeoutMs))) await revoking
    } finally {
      await settledWithin(this.#interceptors.close(), clock, Math.max(1000, timeoutMs))
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #assertOpen(): void {
    if (this.#closed !== null) throw new KafkaError('CLOSED', 'This consumer has already been closed.')
  }
}
