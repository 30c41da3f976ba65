import { type Clock, systemClock } from '../clock.ts'
import { isKafkaError, KafkaError } from '../errors.ts'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import { ConsumerInterceptors } from '../interceptor/consumer-interceptors.ts'
import type { InterceptorChain } from '../interceptor/interceptor-chains.ts'
import type { Logger } from '../logger.ts'
import { ConsumerMetrics } from '../metrics/consumer-metrics.ts'
import type { ConsumerMetricName } from '../metrics/metric-names.ts'
import { partsOf } from '../network/client-parts.ts'
import type { PartitionInfo } from '../network/cluster.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import { Metadata } from '../network/metadata.ts'
import { NetworkClient } from '../network/network-client.ts'
import { checkCallOptions } from '../options/call-options.ts'
import type { ConsumerOptions, ResolvedConsumerOptions } from '../options/consumer-options.ts'
import { withClasses } from '../options/interceptor-classes.ts'
import { resolveConsumerOptions } from '../options/resolve-options.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { ConsumerRecords } from '../record/consumer-records.ts'
import { isTopicName, type TopicPartition, type TopicPartitionOffset } from '../record/topic-partition.ts'
import { assignors } from './assignors/assignors.ts'
import { ConsumerCoordinator } from './coordinator/consumer-coordinator.ts'
import { DeadLetters } from './dead-letters.ts'
import type { Delivery } from './delivery.ts'
import { Fetcher } from './fetcher.ts'
import { EARLIEST_TIMESTAMP, type FoundOffset, LATEST_TIMESTAMP, OffsetFinder, type OffsetQuery } from './offset-finder.ts'
import { OffsetReset } from './offset-reset.ts'
import { checkListener, type RebalanceListener } from './rebalance-listener.ts'
import { RecordIterator } from './record-iterator.ts'
import { RecordReader } from './record-reader.ts'
import { RecordRunner, type RunOptions } from './record-runner.ts'
import { endTracking, type RecordSource, type SourceOptions } from './record-source.ts'
import { type OffsetResetStrategy, SubscriptionState } from './subscription-state.ts'
import { TopicMetadata } from './topic-metadata.ts'
import { type Deadline, deadlineIn, settledWithin, throwIfAborted, Wakeup } from './wait.ts'

export interface PollOptions {
  /** How long to wait for records; 0 gives what is there. @default 1000 */
  readonly timeoutMs?: number
  /** Ends the wait: `poll` rejects with ABORTED. Nothing is lost. */
  readonly signal?: AbortSignal
}

export interface CallOptions {
  /** @default defaultApiTimeoutMs */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** A member of a group, as a transactional producer needs it (Java: ConsumerGroupMetadata). */
export interface ConsumerGroupMetadata {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | undefined
}

const DEFAULT_POLL_MS = 1000
const DEFAULT_CLOSE_MS = 30_000
const CLOSE_OPTIONS: readonly string[] = ['timeoutMs']
/** For interceptors, also when `close` has no time left. */
const INTERCEPTORS_CLOSE_MS = 1000

/**
 * Reads records of topics, alone or as a member of a group (Java: KafkaConsumer). One call of `poll` at a time; heartbeats
 * go on by themselves between calls, for as long as `maxPollIntervalMs` allows.
 *
 * Records come by `poll`, by `for await` or by `run`. With auto-commit on, `poll` commits what earlier calls returned;
 * `for await` and `run` commit only what is done (at least once), and once more when they end cleanly.
 *
 * Values that stay bytes are views of what was fetched: copy what is kept for long.
 */
export class KafkaConsumer<K = Buffer, V = Buffer> implements AsyncDisposable, AsyncIterable<ConsumerRecord<K, V>> {
  readonly #options: ResolvedConsumerOptions<K, V>
  readonly #interceptors: ConsumerInterceptors
  readonly #client: KafkaClient
  readonly #metrics: ConsumerMetrics
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #wakeup: Wakeup
  readonly #subscriptions: SubscriptionState = new SubscriptionState((partition, from) => this.#interceptors.forget(partition, from))
  readonly #topics: TopicMetadata
  readonly #fetcher: Fetcher<K, V>
  readonly #finder: OffsetFinder
  readonly #reset: OffsetReset
  readonly #coordinator: ConsumerCoordinator | null
  readonly #reader: RecordReader<K, V>
  readonly #deadLetters: DeadLetters
  readonly #source: RecordSource<K, V>
  readonly #closing = new AbortController()
  #drain: ((partitions: readonly TopicPartition[]) => Promise<void>) | null = null
  #isRunning = false
  #closed: Promise<void> | null = null

  /** Throws CONFIG for options that are missing, unknown or wrong, or when an interceptor's `configure` throws. */
  constructor(options: ConsumerOptions<K, V>, interceptors: readonly ConsumerInterceptor<NoInfer<K>, NoInfer<V>>[] = []) {
    const resolved = resolveConsumerOptions(options)
    const parts = partsOf(options)
    const clock = parts.clock ?? systemClock
    const { logger, groupId } = resolved
    this.#options = resolved
    this.#clock = clock
    this.#logger = logger
    this.#metrics = new ConsumerMetrics(clock.monotonic())
    this.#interceptors = new ConsumerInterceptors(withClasses(resolved.interceptorClasses, interceptors), {
      clientId: resolved.clientId,
      groupId,
      side: 'consumer',
      options: options as unknown as Readonly<Record<string, unknown>>,
      logger,
      clock,
      metrics: () => this.metrics(),
      clusterId: () => this.#client.metadata.cluster.clusterId,
      stats: () => this.#interceptors.stats(),
    })
    try {
      this.#client = parts.client ?? connect(resolved, clock, this.#metrics)
    } catch (error) {
      void this.#interceptors.close()
      throw error
    }
    this.#wakeup = new Wakeup(clock)
    const subscriptions = this.#subscriptions
    const resetStrategy: OffsetResetStrategy | null = resolved.autoOffsetReset === 'none' ? null : resolved.autoOffsetReset
    this.#coordinator =
      groupId === undefined
        ? null
        : new ConsumerCoordinator(
            { ...resolved, groupId, assignors: resolved.partitionAssignmentStrategy.map((name) => assignors[name]) },
            {
              client: this.#client,
              subscriptions,
              clock,
              logger,
              wakeup: this.#wakeup,
              onCommit: (offsets) => this.#interceptors.onCommit(offsets),
              onRebalanced: (latencyMs, now) => this.#metrics.rebalanced(latencyMs, now),
              drain: async (partitions) => this.#drain?.(partitions),
            },
          )
    const coordinator = this.#coordinator
    this.#topics = new TopicMetadata(
      this.#client.metadata,
      subscriptions,
      resolved.excludeInternalTopics,
      () => coordinator?.groupTopics ?? null,
    )
    const interceptorChains = this.#interceptors
    const fetchOptions = {
      ...resolved,
      resetStrategy,
      get recordAudit() {
        return resolved.recordAudit || interceptorChains.chain.needsRecordAudit
      },
    }
    this.#fetcher = new Fetcher<K, V>(this.#client, subscriptions, fetchOptions, clock, logger, this.#wakeup, this.#metrics)
    this.#finder = new OffsetFinder(this.#client, resolved, clock)
    this.#reset = new OffsetReset(
      subscriptions,
      this.#finder,
      coordinator === null ? null : (partitions, deadline, signal) => coordinator.committed(partitions, deadline, signal),
      { ...resolved, resetStrategy },
      clock,
      logger,
      this.#wakeup,
    )
    this.#deadLetters = new DeadLetters(options, parts, resolved.clientId, resolved.deadLetterTopic)
    this.#reader = new RecordReader<K, V>(resolved, {
      subscriptions,
      topics: this.#topics,
      coordinator,
      reset: this.#reset,
      fetcher: this.#fetcher,
      interceptors: this.#interceptors,
      deadLetters: this.#deadLetters,
      metrics: this.#metrics,
      wakeup: this.#wakeup,
      clock,
      closing: this.#closing.signal,
    })
    void this.#interceptors.configuring?.then(() => this.#wakeup.notify())
    this.#source = {
      subscriptions,
      wakeup: this.#wakeup,
      closing: this.#closing.signal,
      next: (sourceOptions) => this.#read(sourceOptions),
      commitDone: () => this.#commitDone(),
      setDrain: (drain) => {
        this.#drain = drain
      },
    }
    this.#client.metadata.onUpdate((cluster) => {
      this.#topics.updated(cluster)
      this.#interceptors.onClusterUpdate({ clusterId: cluster.clusterId })
      this.#wakeup.notify()
    })
  }

  /** The interceptors given to the constructor, and what each did so far. */
  get interceptors(): InterceptorChain<ConsumerInterceptor<K, V>> {
    return this.#interceptors
  }

  /** What the consumer did and does, under the Java client's names (docs/metrics.md); NaN where nothing was measured yet. */
  metrics(): Readonly<Record<ConsumerMetricName, number>> {
    return this.#metrics.snapshot(this.#subscriptions.size, this.#clock.monotonic())
  }

  /**
   * Joins the group for these topics, or all topics that match the pattern, at the next `poll`; replaces what was
   * subscribed to before. An empty list is `unsubscribe`. Throws INVALID_GROUP_ID without `groupId`.
   */
  subscribe(topics: readonly string[] | RegExp, listener?: RebalanceListener): void {
    this.#assertOpen()
    if (this.#coordinator === null) throw needsGroup('subscribe')
    checkListener(listener)
    if (topics instanceof RegExp) this.#subscriptions.subscribePattern(topics, listener)
    else {
      const wrong = Array.isArray(topics) ? topics.find((topic) => !isTopicName(topic) || topic.trim() === '') : topics
      if (wrong !== undefined || !Array.isArray(topics))
        throw new KafkaError('INVALID_ARGUMENT', 'subscribe takes a list of topic names, none of them empty, or a RegExp')
      if (topics.length === 0) {
        void this.unsubscribe().catch((error) => this.#logger.warn('unsubscribing failed', { error }))
        return
      }
      this.#subscriptions.subscribe(topics, listener)
    }
    this.#topics.update()
    this.#wakeup.notify()
  }

  /** Reads exactly these partitions, without a group's say; `groupId` is then for commits only. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#assertOpen()
    for (const { topic, partition } of partitions) {
      if (!isTopicName(topic) || !Number.isInteger(partition) || partition < 0) {
        throw new KafkaError(
          'INVALID_ARGUMENT',
          `assign takes partitions such as { topic: 'orders', partition: 0 }, not ${JSON.stringify({ topic, partition })}`,
        )
      }
    }
    if (this.#subscriptions.size > 0) this.#coordinator?.autoCommitNow(this.#deadline()).catch(() => {})
    this.#subscriptions.assign(partitions)
    this.#topics.update()
    this.#wakeup.notify()
  }

  /** Gives all partitions up and leaves the group, after an auto-commit and the listener's `onPartitionsRevoked`. */
  async unsubscribe(): Promise<void> {
    this.#assertOpen()
    try {
      await this.#coordinator?.leave('the consumer unsubscribed from all topics', this.#deadline())
    } finally {
      this.#subscriptions.unsubscribe()
      this.#topics.update()
    }
  }

  /**
   * The next records, at most `maxPollRecords`; none when nothing came in time. Takes part in rebalances and calls the
   * listener meanwhile. Rejects with what no retry heals; the positions then are where they were. Promises of interceptors
   * are waited for beyond `timeoutMs`, each as long as its own.
   */
  async poll(options: PollOptions = {}): Promise<ConsumerRecords<K, V>> {
    checkCallOptions('poll', options)
    if (this.#isRunning) throw new KafkaError('ILLEGAL_STATE', 'poll may not be called while run is at work')
    // Of a loop that was begun by hand and never ended.
    if (this.#reader.reading === null) endTracking(this.#subscriptions)
    const delivery = await this.#read({ timeoutMs: options.timeoutMs ?? DEFAULT_POLL_MS, signal: options.signal })
    delivery?.intercepted?.done()
    return delivery?.records ?? new ConsumerRecords<K, V>([])
  }

  /**
   * Hands records to `eachRecord` or `eachBatch` until `signal` aborts or the consumer is closed. Keeps the order within a
   * partition; works on up to `concurrency` partitions at a time. What a handler throws ends `run`, which rejects with it:
   * nothing past the failed record is committed, and the record comes again.
   */
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

  /** Record by record. With auto-commit on, leaving the loop commits what it has had, `break` included. Ends when the consumer is closed. */
  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>, undefined> {
    this.#assertOpen()
    if (this.#isRunning) throw new KafkaError('ILLEGAL_STATE', 'the consumer may not be iterated over while run is at work')
    return new RecordIterator<K, V>(this.#source)
  }

  /**
   * Commits these offsets, by default the position of every partition (under `run`: what is done). The offset to give is
   * the next one to read. Need not be awaited: a failure that nobody waits for is logged.
   */
  commit(offsets?: readonly TopicPartitionOffset[], options: CallOptions = {}): Promise<void> {
    const committing = this.#commit(offsets, options)
    committing.catch(() => {})
    return committing
  }

  async #commit(offsets: readonly TopicPartitionOffset[] | undefined, options: CallOptions): Promise<void> {
    checkCallOptions('commit', options)
    const { timeoutMs, signal } = options
    // A listener that is told of the partitions it gives up by closing may commit what it did with them.
    if (this.#coordinator?.isCallingListener !== true) this.#assertOpen()
    if (this.#coordinator === null) throw needsGroup('commit')
    for (const { topic, partition, offset } of offsets ?? []) {
      if (isTopicName(topic) && Number.isInteger(partition) && partition >= 0 && Number.isSafeInteger(offset) && offset >= 0) continue
      throw new KafkaError('INVALID_ARGUMENT', `offset ${offset} of partition ${partition} of topic "${topic}" cannot be committed`, {
        topic,
        partition,
      })
    }
    await this.#coordinator.commit(offsets ?? this.#subscriptions.consumed(), this.#deadline(timeoutMs), signal)
  }

  /** What the group has committed; partitions without are left out. */
  async committed(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<TopicPartitionOffset[]> {
    this.#assertOpen()
    checkCallOptions('committed', options)
    if (this.#coordinator === null) throw needsGroup('committed')
    return this.#coordinator.committed(partitions, this.#deadline(options.timeoutMs), options.signal)
  }

  /** The next `poll` reads from here on. Throws ILLEGAL_STATE when the partition is not assigned. */
  seek(partition: TopicPartition, offset: number): void {
    this.#assertOpen()
    if (!Number.isSafeInteger(offset) || offset < 0) throw new KafkaError('INVALID_ARGUMENT', `seek takes an offset from 0, not ${offset}`)
    this.#subscriptions.require(partition).seek(offset)
    this.#wakeup.notify()
  }

  /** By default all assigned partitions. */
  seekToBeginning(partitions?: readonly TopicPartition[]): void {
    this.#seekTo('earliest', partitions)
  }

  /** By default all assigned partitions. */
  seekToEnd(partitions?: readonly TopicPartition[]): void {
    this.#seekTo('latest', partitions)
  }

  #seekTo(strategy: OffsetResetStrategy, partitions: readonly TopicPartition[] | undefined): void {
    this.#assertOpen()
    const states = (partitions ?? this.#subscriptions.assigned()).map((partition) => this.#subscriptions.require(partition))
    for (const state of states) state.requestReset(strategy)
    this.#wakeup.notify()
  }

  /** The offset of the next record that `poll` gives; looked up if need be. */
  async position(partition: TopicPartition, options: CallOptions = {}): Promise<number> {
    this.#assertOpen()
    checkCallOptions('position', options)
    const deadline = this.#deadline(options.timeoutMs)
    for (;;) {
      throwIfAborted(options.signal)
      const seen = this.#wakeup.count
      const state = this.#subscriptions.require(partition)
      if (state.hasPosition) return state.position
      this.#reset.update()
      if (deadline.expired) {
        const { topic, partition: number } = partition
        throw new KafkaError('TIMEOUT', `the position of partition ${number} of topic "${topic}" was not found in time`, {
          retriable: true,
          topic,
          partition: number,
        })
      }
      const untilRetry = this.#reset.nextRetryAt() - this.#clock.monotonic()
      await this.#wakeup.wait(Math.min(deadline.remainingMs(), Math.max(1, untilRetry)), options.signal, seen)
    }
  }

  /** No records of these partitions are given, by a loop or `run` at once, until `resume`; the group is not affected. A rebalance ends it for partitions that go. */
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

  /** The first offset that exists, in the order of `partitions`. */
  beginningOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#find(
      partitions.map(({ topic, partition }) => ({ topic, partition, timestamp: EARLIEST_TIMESTAMP })),
      options,
    )
  }

  /** The offset of the next record to be written; under `read_committed` the end of what is decided. */
  endOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#find(
      partitions.map(({ topic, partition }) => ({ topic, partition, timestamp: LATEST_TIMESTAMP })),
      options,
    )
  }

  /** The first record of each partition whose timestamp is at least `timestamp`; partitions without are left out. */
  async offsetsForTimes(
    queries: readonly (TopicPartition & { readonly timestamp: number })[],
    options: CallOptions = {},
  ): Promise<(TopicPartitionOffset & { readonly timestamp: number })[]> {
    for (const { timestamp } of queries) {
      if (!Number.isSafeInteger(timestamp) || timestamp < 0)
        throw new KafkaError('INVALID_ARGUMENT', `offsetsForTimes takes milliseconds since 1970, not ${timestamp}`)
    }
    const found = await this.#lookUp(queries, options)
    return found.filter(({ offset }) => offset >= 0)
  }

  async #find(queries: readonly OffsetQuery[], options: CallOptions): Promise<TopicPartitionOffset[]> {
    const found = await this.#lookUp(queries, options)
    return found.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
  }

  async #lookUp(queries: readonly OffsetQuery[], options: CallOptions): Promise<FoundOffset[]> {
    this.#assertOpen()
    checkCallOptions('looking up offsets', options)
    const { timeoutMs, signal } = options
    if (queries.length === 0) return []
    const deadline = this.#deadline(timeoutMs)
    await this.#topics.ensure(new Set(queries.map(({ topic }) => topic)), deadline, signal)
    const found = await this.#finder.find(queries, deadline, signal)
    const byName = new Map(found.map((offset) => [`${offset.topic}-${offset.partition}`, offset]))
    return queries.map(({ topic, partition }) => byName.get(`${topic}-${partition}`)!)
  }

  /** The partitions of a topic; none when it does not exist. */
  async partitionsFor(topic: string, options: CallOptions = {}): Promise<readonly PartitionInfo[]> {
    this.#assertOpen()
    checkCallOptions('partitionsFor', options)
    if (!isTopicName(topic)) throw new KafkaError('INVALID_ARGUMENT', 'partitionsFor needs the name of a topic')
    const { timeoutMs, signal } = options
    await this.#topics.ensure(new Set([topic]), this.#deadline(timeoutMs), signal)
    return this.#client.metadata.cluster.topics.get(topic)?.partitions ?? []
  }

  groupMetadata(): ConsumerGroupMetadata {
    if (this.#coordinator === null) throw needsGroup('groupMetadata')
    return this.#coordinator.groupMetadata
  }

  /**
   * Ends a `poll`, loop or `run` that is at work, commits when auto-commit is on, calls the listener, leaves the group and
   * closes the interceptors and connections, all within `timeoutMs` (default 30 s). A second call waits for the first.
   */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkCallOptions('close', options, CLOSE_OPTIONS)
    // The listener that this close is calling must not wait for it.
    if (this.#closed !== null && this.#coordinator?.isCallingListener === true) return
    this.#closed ??= this.#close(deadlineIn(this.#clock, options.timeoutMs ?? DEFAULT_CLOSE_MS))
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(deadline: Deadline): Promise<void> {
    this.#closing.abort()
    this.#wakeup.notify()
    const { reading } = this.#reader
    // Called by the listener itself, `poll` cannot end before this does.
    if (reading !== null && this.#coordinator?.isCallingListener !== true) await settledWithin(reading, this.#clock, deadline.remainingMs())
    const assigned = this.#subscriptions.assigned()
    if (this.#drain !== null) await settledWithin(this.#drain(assigned), this.#clock, deadline.remainingMs())
    let failure: { readonly error: unknown } | undefined
    const step = async (run: () => void | Promise<void>): Promise<void> => {
      try {
        await run()
      } catch (error) {
        failure ??= { error }
      }
    }
    await step(() => this.#coordinator?.close(deadline))
    this.#fetcher.close()
    this.#reset.close()
    await step(() => this.#closeInterceptors(deadline))
    await step(() => this.#deadLetters.close(deadline.remainingMs()))
    await step(() => this.#client.close())
    if (failure !== undefined) throw failure.error
  }

  async #closeInterceptors(deadline: Deadline): Promise<void> {
    const limitMs = Math.max(INTERCEPTORS_CLOSE_MS, deadline.remainingMs())
    if (await settledWithin(this.#interceptors.close(), this.#clock, limitMs)) return
    this.#logger.warn('close waits no longer: an interceptor has not finished its close', { clientId: this.#options.clientId })
  }

  /** One read at a time, for `poll`, the iterator and `run`. */
  #read(options: SourceOptions): Promise<Delivery<K, V> | null> {
    this.#assertOpen()
    return this.#reader.read(options)
  }

  /** A rebalance that is under way is gone through first: it commits too, or lets this commit through when it is over. */
  async #commitDone(): Promise<void> {
    const deadline = this.#deadline()
    for (;;) {
      const seen = this.#wakeup.count
      try {
        await this.#coordinator?.autoCommitNow(deadline)
        return
      } catch (error) {
        if (!isKafkaError(error) || error.code !== 'REBALANCE_IN_PROGRESS' || deadline.expired) throw error
      }
      await this.#coordinator?.poll()
      await this.#wakeup.wait(Math.min(this.#reader.untilNextStep(deadline), this.#options.retryBackoffMs), undefined, seen)
    }
  }

  #deadline(timeoutMs: number = this.#options.defaultApiTimeoutMs): Deadline {
    return deadlineIn(this.#clock, timeoutMs)
  }

  #assertOpen(): void {
    if (this.#closed !== null) throw new KafkaError('CLOSED', 'the consumer is closed')
  }
}

function connect<K, V>(options: ResolvedConsumerOptions<K, V>, clock: Clock, metrics: ConsumerMetrics): KafkaClient {
  const { logger } = options
  const metadata = new Metadata({ ...options, allowAutoTopicCreation: options.allowAutoCreateTopics, clock })
  return new NetworkClient({ ...options, maxInFlightRequestsPerConnection: 100 }, metadata, { clock, logger, metrics: metrics.network })
}

function needsGroup(call: string): KafkaError {
  return new KafkaError('INVALID_GROUP_ID', `${call} needs the option groupId (group.id)`)
}
