import { KafkaError } from '../errors.ts'
import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import type { CompletedFetch } from './completed-fetch.ts'
import type { OffsetTracker } from './offset-tracker.ts'
import type { RebalanceListener } from './rebalance-listener.ts'

/** Records of the partition from `from` on come again, if at all: after a seek, or because the partition goes. */
export type GivenUp = (partition: TopicPartition, from: number) => void

export type OffsetResetStrategy = 'earliest' | 'latest'

/** What the consumer knows of one assigned partition. An assignment that ends and comes back makes a new one. */
export class PartitionState implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The next offset that `poll` gives; -1 until it is known. */
  position = -1
  /** Leader epoch of the record before `position`. */
  positionEpoch: number | undefined
  /** Where the next fetch begins: `position`, or past what is buffered. */
  fetchOffset = -1
  /** Set while the position is being looked up by ListOffsets. */
  resetStrategy: OffsetResetStrategy | null = null
  /** Changes with every seek: what was fetched or looked up for an older version no longer counts. */
  version = 0
  /** False once the partition is no longer assigned. */
  isAssigned = true
  isPaused = false
  /** Given up in a rebalance that has begun: no more records of it are returned. */
  isPendingRevocation = false
  /** No request about this partition before this time on the monotonic clock. */
  retryAt = 0
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  /** A follower to fetch from (KIP-392), until `preferredReplicaUntil`. */
  preferredReplica = -1
  preferredReplicaUntil = 0
  /** Fetched and not given to `poll` yet, in offset order. */
  buffered: CompletedFetch<any, any>[] = []
  /** Set while `run` or the iterator hands out records: what is done, as opposed to what was polled. */
  tracker: OffsetTracker | null = null

  readonly #onGivenUp: GivenUp

  /** `onGivenUp` is told when records from an offset on no longer count. */
  constructor(topic: string, partition: number, onGivenUp: GivenUp = () => {}) {
    this.topic = topic
    this.partition = partition
    this.#onGivenUp = onGivenUp
  }

  get hasPosition(): boolean {
    return this.position >= 0
  }

  get isFetchable(): boolean {
    return this.isAssigned && this.position >= 0 && !this.isPaused && !this.isPendingRevocation
  }

  get bufferedBytes(): number {
    let bytes = 0
    for (const fetch of this.buffered) bytes += fetch.remainingBytes
    return bytes
  }

  /** Reads go on at `offset`; what is buffered or under way is dropped. */
  seek(offset: number, leaderEpoch?: number): void {
    this.position = offset
    this.positionEpoch = leaderEpoch
    this.fetchOffset = offset
    this.resetStrategy = null
    this.retryAt = 0
    this.#forget(offset)
  }

  /** The position has to be looked up. */
  requestReset(strategy: OffsetResetStrategy): void {
    this.position = -1
    this.positionEpoch = undefined
    this.fetchOffset = -1
    this.resetStrategy = strategy
    this.#forget(0)
  }

  release(): void {
    this.isAssigned = false
    this.#forget(0)
  }

  #forget(from: number): void {
    this.version++
    this.buffered = []
    this.tracker = null
    this.preferredReplica = -1
    this.#onGivenUp(this, from)
  }
}

type Mode = 'none' | 'topics' | 'pattern' | 'assigned'

/** What the application asked for, what the group gave it, and where reading stands (Java: SubscriptionState). */
export class SubscriptionState {
  #mode: Mode = 'none'
  #topics: ReadonlySet<string> = new Set()
  #pattern: RegExp | undefined
  /** By `topic-partition`; the order is the one in which partitions are fetched. */
  readonly #partitions = new Map<string, PartitionState>()
  listener: RebalanceListener | undefined
  readonly #onGivenUp: GivenUp | undefined

  constructor(onGivenUp?: GivenUp) {
    this.#onGivenUp = onGivenUp
  }

  get mode(): Mode {
    return this.#mode
  }

  /** True when the group decides which partitions there are. */
  get isAutoAssigned(): boolean {
    return this.#mode === 'topics' || this.#mode === 'pattern'
  }

  /** The topics subscribed to; of a pattern, those that matched at the last metadata update. */
  get topics(): ReadonlySet<string> {
    return this.#topics
  }

  get pattern(): RegExp | undefined {
    return this.#pattern
  }

  get size(): number {
    return this.#partitions.size
  }

  /** Replaces the subscription. Partitions stay until the group has rebalanced. */
  subscribe(topics: readonly string[], listener: RebalanceListener | undefined): void {
    this.#enter('topics')
    this.#topics = new Set(topics)
    this.listener = listener
  }

  subscribePattern(pattern: RegExp, listener: RebalanceListener | undefined): void {
    this.#enter('pattern')
    // A global or sticky expression keeps a position between tests.
    this.#pattern = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
    this.#topics = new Set()
    this.listener = listener
  }

  /** The topics that match the pattern now; true when they are others than before. */
  setMatchingTopics(topics: ReadonlySet<string>): boolean {
    if (topics.size === this.#topics.size && [...topics].every((topic) => this.#topics.has(topic))) return false
    this.#topics = topics
    return true
  }

  assign(partitions: readonly TopicPartition[]): void {
    this.#enter('assigned')
    this.#topics = new Set(partitions.map(({ topic }) => topic))
    this.#replace(partitions)
  }

  /** What the group gave; partitions that stay keep their state. */
  assignFromGroup(partitions: readonly TopicPartition[]): void {
    this.#replace(partitions)
  }

  unsubscribe(): void {
    this.#replace([])
    this.#mode = 'none'
    this.#topics = new Set()
    this.#pattern = undefined
    this.listener = undefined
  }

  partitions(): IterableIterator<PartitionState> {
    return this.#partitions.values()
  }

  assigned(): TopicPartition[] {
    return [...this.#partitions.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  get(topic: string, partition: number): PartitionState | undefined {
    return this.#partitions.get(`${topic}-${partition}`)
  }

  /** Throws ILLEGAL_STATE when the partition is not assigned. */
  require({ topic, partition }: TopicPartition): PartitionState {
    const state = this.get(topic, partition)
    if (state === undefined) {
      throw new KafkaError('ILLEGAL_STATE', `partition ${partition} of topic "${topic}" is not assigned to this consumer`, {
        topic,
        partition,
      })
    }
    return state
  }

  /** It gave records: the others come first in the next fetch. */
  moveToEnd(state: PartitionState): void {
    const key = `${state.topic}-${state.partition}`
    if (this.#partitions.delete(key)) this.#partitions.set(key, state)
  }

  /** What is safe to commit: positions, or under `run` and the iterator what is done. */
  consumed(): TopicPartitionOffset[] {
    const offsets: TopicPartitionOffset[] = []
    for (const state of this.#partitions.values()) {
      if (!state.hasPosition) continue
      const { topic, partition, tracker } = state
      const offset = tracker?.committable ?? state.position
      const leaderEpoch = tracker === null ? state.positionEpoch : tracker.leaderEpoch
      offsets.push(leaderEpoch === undefined ? { topic, partition, offset } : { topic, partition, offset, leaderEpoch })
    }
    return offsets
  }

  #enter(mode: Mode): void {
    if (this.#mode !== 'none' && this.#mode !== mode) {
      const call = { topics: 'subscribe(topics)', pattern: 'subscribe(pattern)', assigned: 'assign()', none: '' }[this.#mode]
      throw new KafkaError('ILLEGAL_STATE', `the consumer uses ${call} already: call unsubscribe() before another way to choose partitions`)
    }
    this.#mode = mode
  }

  #replace(partitions: readonly TopicPartition[]): void {
    const next = new Map<string, PartitionState>()
    for (const { topic, partition } of partitions) {
      const key = `${topic}-${partition}`
      next.set(key, this.#partitions.get(key) ?? new PartitionState(topic, partition, this.#onGivenUp))
    }
    for (const [key, state] of this.#partitions) if (!next.has(key)) state.release()
    this.#partitions.clear()
    for (const [key, state] of next) {
      state.isPendingRevocation = false
      this.#partitions.set(key, state)
    }
  }
}
