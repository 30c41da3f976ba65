import type { MetadataResponse } from '@sluice/protocol/messages/metadata'
import { type Clock, systemClock, type Timer } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import { consoleLogger, type Logger } from '../logger.ts'
import type { Cluster, Node } from './cluster.ts'
import { bootstrapCluster, buildCluster, withLeader } from './cluster-builder.ts'
import { ExponentialBackoff } from './exponential-backoff.ts'
import { TrackedTopics } from './tracked-topics.ts'

export interface MetadataOptions {
  readonly metadataMaxAgeMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  /** Of a producer: a topic that was not added again for this long leaves. Default: topics stay. */
  readonly metadataMaxIdleMs?: number
  /** Whether asking for a topic may create it, if the broker is configured so. Default true. */
  readonly allowAutoTopicCreation?: boolean
  readonly clock?: Clock
  readonly logger?: Logger
  readonly random?: () => number
}

/** What to ask a broker for. */
export interface MetadataQuery {
  /** Null for every topic. */
  readonly topics: readonly string[] | null
  /** Only topics that are not known yet; the answer is merged. */
  readonly partial: boolean
  readonly requestVersion: number
}

interface Waiter {
  readonly condition: (cluster: Cluster, version: number) => boolean
  readonly resolve: () => void
  readonly reject: (error: KafkaError) => void
}

/**
 * What this client knows of the cluster, and which topics it wants to know of. Producers `add` topics, which expire;
 * consumers `setTopics` or `setTopicFilter`. `MetadataUpdater` does the asking. (Java: Metadata, ProducerMetadata,
 * ConsumerMetadata.)
 */
export class Metadata {
  readonly allowAutoTopicCreation: boolean
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #maxAgeMs: number
  readonly #backoff: ExponentialBackoff
  readonly #topics: TrackedTopics
  readonly #waiters = new Set<Waiter>()
  readonly #updateListeners = new Set<(cluster: Cluster) => void>()
  #onRequest: () => void = () => {}
  #cluster: Cluster = bootstrapCluster([])
  #version = 0
  #requestVersion = 0
  #needsFullUpdate = false
  #needsPartialUpdate = false
  #lastRefreshAt = Number.NEGATIVE_INFINITY
  #lastSuccessAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #equivalentResponses = 0
  #backoffMs = 0
  #fatalError: KafkaError | null = null
  #lastFailure: KafkaError | null = null
  #passingErrors: ReadonlyMap<string, KafkaError> = new Map()
  #isClosed = false

  constructor(options: MetadataOptions) {
    this.allowAutoTopicCreation = options.allowAutoTopicCreation ?? true
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? consoleLogger
    this.#maxAgeMs = options.metadataMaxAgeMs
    this.#backoff = new ExponentialBackoff(options.retryBackoffMs, options.retryBackoffMaxMs, options.random)
    this.#topics = new TrackedTopics(options.metadataMaxIdleMs ?? Number.POSITIVE_INFINITY)
  }

  /** The newest picture. Each update makes a new object. */
  get cluster(): Cluster {
    return this.#cluster
  }

  /** Grows with every response that was taken in, and with the bootstrap. */
  get version(): number {
    return this.#version
  }

  /** Monotonic time of the last full update; -Infinity before the first (Java: lastSuccessfulUpdate). */
  get lastSuccessAt(): number {
    return this.#lastSuccessAt
  }

  /** What the last response said of the topic, if that was an error; also one that may pass. */
  topicError(topic: string): KafkaError | undefined {
    return this.#cluster.topicErrors.get(topic) ?? this.#passingErrors.get(topic)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Producer: the topic is in use now. One that is new is asked for at once. Returns the version before. */
  add(topic: string): number {
    if (this.#topics.add(topic, this.#clock.monotonic())) this.#requestNewTopics()
    return this.#version
  }

  /** Consumer: exactly these topics. New ones are asked for at once. */
  setTopics(topics: Iterable<string>): void {
    if (this.#topics.set(topics)) this.#requestNewTopics()
  }

  /** Consumer with a pattern: asks for all topics and keeps those that `filter` accepts, beside the set ones. Null ends it. */
  setTopicFilter(filter: ((topic: string, isInternal: boolean) => boolean) | null): void {
    this.#topics.setFilter(filter)
    if (filter !== null) this.requestUpdate(true)
  }

  has(topic: string): boolean {
    return this.#topics.has(topic)
  }

  /** Asks for all tracked topics as soon as backoff allows. `resetBackoff` when this is news and not a repeated attempt. */
  requestUpdate(resetBackoff = false): number {
    this.#needsFullUpdate = true
    if (resetBackoff) this.#equivalentResponses = 0
    this.#onRequest()
    return this.#version
  }

  /** Asks for one topic: alone and at once when it is new, with all others otherwise. */
  requestUpdateForTopic(topic: string): number {
    if (this.#topics.isNew(topic)) this.#requestNewTopics()
    else this.requestUpdate()
    return this.#version
  }

  get updateRequested(): boolean {
    return this.#needsFullUpdate || this.#needsPartialUpdate
  }

  /** Milliseconds until the next request is due; 0 for now. */
  timeToNextUpdate(now: number = this.#clock.monotonic()): number {
    const expiry = this.updateRequested ? 0 : Math.max(0, this.#lastSuccessAt + this.#maxAgeMs - now)
    const allowed = Math.max(0, this.#lastRefreshAt + this.#backoffMs - now)
    return Math.max(expiry, allowed)
  }

  /**
   * Resolves once `until` holds: a version to be exceeded, or a test that is tried now and after each update. Does not
   * ask for an update itself. Rejects with TIMEOUT, ABORTED, CLOSED or what authentication failed with.
   */
  awaitUpdate(until: number | ((cluster: Cluster, version: number) => boolean), timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const condition = typeof until === 'number' ? (_: Cluster, version: number) => version > until : until
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new KafkaError('CLOSED', 'requested a metadata update after close'))
        return
      }
      const fatal = this.takeFatalError()
      if (fatal !== null) {
        reject(fatal)
        return
      }
      if (condition(this.#cluster, this.#version)) {
        resolve()
        return
      }
      if (signal?.aborted) {
        reject(new KafkaError('ABORTED', 'waiting for metadata was aborted', { cause: signal.reason }))
        return
      }
      if (timeoutMs <= 0) {
        reject(this.#timeoutError(timeoutMs))
        return
      }
      let timer: Timer | null = null
      const onAbort = () => waiter.reject(new KafkaError('ABORTED', 'waiting for metadata was aborted', { cause: signal!.reason }))
      const stop = () => {
        timer?.cancel()
        signal?.removeEventListener('abort', onAbort)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter = {
        condition,
        resolve: () => {
          stop()
          resolve()
        },
        reject: (error) => {
          stop()
          reject(error)
        },
      }
      this.#waiters.add(waiter)
      timer = this.#clock.setTimer(() => waiter.reject(this.#timeoutError(timeoutMs)), timeoutMs)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** `listener` is called after each change of `cluster`. Returns the removal. */
  onUpdate(listener: (cluster: Cluster) => void): () => void {
    this.#updateListeners.add(listener)
    return () => this.#updateListeners.delete(listener)
  }

  /**
   * A leader that a produce or fetch response named (KIP-951). Taken only when its epoch is newer than the known one and
   * its node is known or among `nodes`. Returns whether it was.
   */
  updateLeader(topic: string, partition: number, leaderId: number, leaderEpoch: number, nodes: readonly Node[]): boolean {
    const known = this.#cluster.topics.get(topic)?.partitions[partition]
    if (known === undefined || leaderId < 0 || leaderEpoch <= known.leaderEpoch) return false
    const node = nodes.find((candidate) => candidate.id === leaderId)
    if (node === undefined && !this.#cluster.nodes.has(leaderId)) return false
    this.#cluster = withLeader(this.#cluster, { ...known, leader: leaderId, leaderEpoch }, node === undefined ? [] : [node])
    this.#equivalentResponses = 0
    this.#announce()
    return true
  }

  /** An epoch seen elsewhere, as in a fetch response; asks for an update when it is newer than the known one. */
  noteLeaderEpoch(topic: string, partition: number, leaderEpoch: number): void {
    const known = this.#cluster.topics.get(topic)?.partitions[partition]
    if (known !== undefined && leaderEpoch > known.leaderEpoch) this.requestUpdate()
  }

  /** The authentication error that the last attempts ended with, once; the next update clears it too. */
  takeFatalError(): KafkaError | null {
    const error = this.#fatalError
    this.#fatalError = null
    return error
  }

  /** Every waiter gets CLOSED. Safe to call twice. */
  close(): void {
    this.#isClosed = true
    for (const waiter of [...this.#waiters]) waiter.reject(new KafkaError('CLOSED', 'the client was closed while it waited for metadata'))
    this.#updateListeners.clear()
  }

  // For the updater.

  /** `listener` is called when an update was asked for. */
  onRequest(listener: () => void): void {
    this.#onRequest = listener
  }

  /** Starts from addresses alone, at first or when every known broker is unreachable. What is known of topics stays. */
  bootstrap(nodes: readonly Node[]): void {
    const { topics, topicNamesById, topicErrors, clusterId } = this.#cluster
    this.#cluster = { ...bootstrapCluster(nodes), clusterId, topics, topicNamesById, topicErrors }
    this.#needsFullUpdate = true
    this.#version++
  }

  nextQuery(): MetadataQuery {
    const now = this.#clock.monotonic()
    const fresh = this.#lastSuccessAt + this.#maxAgeMs > now
    if (!this.#needsFullUpdate && fresh && this.#topics.hasNew && !this.#topics.all) {
      return { topics: this.#topics.newNames(), partial: true, requestVersion: this.#requestVersion }
    }
    this.#topics.expire(now)
    return { topics: this.#topics.names(), partial: false, requestVersion: this.#requestVersion }
  }

  update(query: MetadataQuery, response: MetadataResponse): void {
    if (this.#isClosed) return
    const now = this.#clock.monotonic()
    const periodic = this.#lastSuccessAt + this.#maxAgeMs <= now
    const { cluster, stale, equivalent, passingErrors } = buildCluster(this.#cluster, response, {
      partial: query.partial,
      retain: (topic, isInternal) => this.#topics.retain(topic, isInternal, now),
    })
    for (const topic of response.topics) if (topic.name !== null) this.#topics.answered(topic.name)
    this.#cluster = cluster
    this.#passingErrors = passingErrors
    this.#version++
    this.#fatalError = null
    this.#lastFailure = null
    this.#lastRefreshAt = now
    this.#failures = 0
    // The first response after a periodic expiry is expected to be the same as before.
    this.#equivalentResponses = equivalent && !periodic ? this.#equivalentResponses + 1 : 0
    this.#backoffMs = this.#backoff.delayMs(Math.max(0, this.#equivalentResponses - 1))
    this.#needsPartialUpdate = query.requestVersion < this.#requestVersion
    if (!query.partial) {
      this.#needsFullUpdate = false
      this.#lastSuccessAt = now
    }
    if (stale) this.#needsFullUpdate = true
    if (this.#needsPartialUpdate) this.#lastRefreshAt = Number.NEGATIVE_INFINITY
    this.#announce()
    for (const waiter of [...this.#waiters]) {
      if (waiter.condition(cluster, this.#version)) waiter.resolve()
    }
  }

  /** No answer, or none that could be used: the next attempt waits longer. */
  failedUpdate(): void {
    this.#lastRefreshAt = this.#clock.monotonic()
    this.#backoffMs = this.#backoff.delayMs(this.#failures)
    this.#failures++
    this.#equivalentResponses = 0
    this.#needsFullUpdate = true
  }

  /** Why a connection ended; a wait that times out before the next update says so. */
  noteFailure(error: KafkaError): void {
    this.#lastFailure = error
  }

  /** Why the last connection failed or ended; null after an update. */
  get lastFailure(): KafkaError | null {
    return this.#lastFailure
  }

  /** What no retry heals, for all that wait and otherwise for the next one that does. */
  fatalError(error: KafkaError): void {
    if (this.#waiters.size === 0) this.#fatalError = error
    for (const waiter of [...this.#waiters]) waiter.reject(error)
  }

  #requestNewTopics(): void {
    this.#needsPartialUpdate = true
    this.#equivalentResponses = 0
    this.#requestVersion++
    // A topic that nobody asked about yet does not wait for backoff.
    this.#lastRefreshAt = Number.NEGATIVE_INFINITY
    this.#onRequest()
  }

  #timeoutError(timeoutMs: number): KafkaError {
    const cause = this.#lastFailure
    const why = cause === null ? '' : `; the last failure was: ${cause.message}`
    return new KafkaError('TIMEOUT', `metadata was not updated within ${Math.round(timeoutMs)} ms${why}`, {
      retriable: true,
      cause: cause ?? undefined,
    })
  }

  #announce(): void {
    for (const listener of this.#updateListeners) {
      try {
        listener(this.#cluster)
      } catch (error) {
        this.#logger.error('a metadata listener threw', { error })
      }
    }
  }
}
