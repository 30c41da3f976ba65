import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, type OffsetFinder } from './offset-finder.ts'
import type { OffsetResetStrategy, PartitionState, SubscriptionState } from './subscription-state.ts'
import { type Deadline, deadlineIn, type Wakeup } from './wait.ts'

export interface OffsetResetOptions {
  /** Null: a partition without a committed offset is an error. */
  readonly resetStrategy: OffsetResetStrategy | null
  readonly defaultApiTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
}

type FetchCommitted = (partitions: readonly TopicPartition[], deadline: Deadline, signal?: AbortSignal) => Promise<TopicPartitionOffset[]>

/**
 * Gives every assigned partition a position: the committed offset, or what `autoOffsetReset` says (Java:
 * initializeWithCommittedOffsetsIfNeeded, OffsetFetcher). The lookups run beside `poll`.
 */
export class OffsetReset {
  readonly #subscriptions: SubscriptionState
  readonly #finder: OffsetFinder
  /** Null without a group. */
  readonly #fetchCommitted: FetchCommitted | null
  readonly #options: OffsetResetOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #wakeup: Wakeup
  readonly #closing = new AbortController()
  #isFetchingCommitted = false
  readonly #resetting = new Set<PartitionState>()
  #error: KafkaError | null = null

  constructor(
    subscriptions: SubscriptionState,
    finder: OffsetFinder,
    fetchCommitted: FetchCommitted | null,
    options: OffsetResetOptions,
    clock: Clock,
    logger: Logger,
    wakeup: Wakeup,
  ) {
    this.#subscriptions = subscriptions
    this.#finder = finder
    this.#fetchCommitted = fetchCommitted
    this.#options = options
    this.#clock = clock
    this.#logger = logger
    this.#wakeup = wakeup
  }

  /** Starts the lookups that are due. Throws what an earlier one ended with and no retry heals. */
  update(): void {
    const error = this.#error
    this.#error = null
    if (error !== null) throw error
    const now = this.#clock.monotonic()
    const without: PartitionState[] = []
    const resetting: PartitionState[] = []
    for (const state of this.#subscriptions.partitions()) {
      if (state.hasPosition || state.retryAt > now) continue
      if (state.resetStrategy === null) without.push(state)
      else if (!this.#resetting.has(state)) resetting.push(state)
    }
    if (without.length > 0 && !this.#isFetchingCommitted) this.#initialize(without)
    if (resetting.length > 0) void this.#reset(resetting)
  }

  /** When a lookup that failed is due again; on the monotonic clock, Infinity for none. */
  nextRetryAt(): number {
    let next = Infinity
    const now = this.#clock.monotonic()
    for (const { hasPosition, retryAt } of this.#subscriptions.partitions()) {
      if (!hasPosition && retryAt > now && retryAt < next) next = retryAt
    }
    return next
  }

  close(): void {
    this.#closing.abort()
  }

  #initialize(states: readonly PartitionState[]): void {
    if (this.#fetchCommitted === null) {
      for (const state of states) this.#useDefault(state)
      this.#wakeup.notify()
      return
    }
    void this.#initializeFromCommitted(states, this.#fetchCommitted)
  }

  async #initializeFromCommitted(states: readonly PartitionState[], fetchCommitted: FetchCommitted): Promise<void> {
    this.#isFetchingCommitted = true
    const versions = states.map(({ version }) => version)
    try {
      const committed = await fetchCommitted(states, deadlineIn(this.#clock, this.#options.defaultApiTimeoutMs), this.#closing.signal)
      const offsets = new Map(committed.map((offset) => [`${offset.topic}-${offset.partition}`, offset]))
      for (const [index, state] of states.entries()) {
        // Sought, or given up, meanwhile.
        if (!state.isAssigned || state.version !== versions[index] || state.hasPosition || state.resetStrategy !== null) continue
        const offset = offsets.get(`${state.topic}-${state.partition}`)
        if (offset === undefined) this.#useDefault(state)
        else state.seek(offset.offset, offset.leaderEpoch)
      }
    } catch (error) {
      this.#keep(error, states)
    } finally {
      this.#isFetchingCommitted = false
      this.#wakeup.notify()
    }
  }

  #useDefault(state: PartitionState): void {
    const { resetStrategy } = this.#options
    const { topic, partition } = state
    if (resetStrategy !== null) {
      state.requestReset(resetStrategy)
      return
    }
    state.retryAt = this.#clock.monotonic() + this.#options.retryBackoffMs
    const message = `partition ${partition} of topic "${topic}" has no committed offset, and autoOffsetReset (auto.offset.reset) is none: seek, or choose earliest or latest`
    this.#error = new KafkaError('NO_OFFSET_FOR_PARTITION', message, { topic, partition })
  }

  async #reset(states: readonly PartitionState[]): Promise<void> {
    const asked = new Map(states.map((state) => [`${state.topic}-${state.partition}`, { state, version: state.version }]))
    for (const state of states) this.#resetting.add(state)
    try {
      const queries = states.map(({ topic, partition, resetStrategy }) => ({
        topic,
        partition,
        timestamp: resetStrategy === 'earliest' ? EARLIEST_TIMESTAMP : LATEST_TIMESTAMP,
      }))
      const { found, open } = await this.#finder.findOnce(queries, this.#options.requestTimeoutMs, this.#closing.signal)
      for (const { topic, partition, offset, leaderEpoch } of found) {
        const { state, version } = asked.get(`${topic}-${partition}`)!
        if (!state.isAssigned || state.version !== version) continue
        this.#logger.debug('position reset', { topic, partition, offset, strategy: state.resetStrategy })
        state.seek(offset, leaderEpoch)
      }
      const retryAt = this.#clock.monotonic() + this.#options.retryBackoffMs
      for (const { topic, partition } of open) asked.get(`${topic}-${partition}`)!.state.retryAt = retryAt
    } catch (error) {
      this.#keep(error, states)
    } finally {
      for (const state of states) this.#resetting.delete(state)
      this.#wakeup.notify()
    }
  }

  #keep(error: unknown, states: readonly PartitionState[]): void {
    if (this.#closing.signal.aborted) return
    const retryAt = this.#clock.monotonic() + this.#options.retryBackoffMs
    for (const state of states) state.retryAt = retryAt
    if (error instanceof KafkaError && error.code === 'TIMEOUT') return
    this.#error = error instanceof KafkaError ? error : new KafkaError('ILLEGAL_STATE', 'looking up positions failed', { cause: error })
  }
}
