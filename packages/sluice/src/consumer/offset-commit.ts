import { errorCodes } from '@sluice/protocol'
import { offsetCommitApi } from '@sluice/protocol/messages/offset-commit'
import type { Clock } from '../clock.ts'
import { isObserved, publish } from '../diagnostics.ts'
import { KafkaError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { kafkaErrorFor } from '../network/broker-error.ts'
import type { TopicPartitionOffset } from '../record/topic-partition.ts'
import { type GroupCoordinatorClient, isTransient } from './coordinator/group-coordinator-client.ts'
import type { Generation, GroupMembership } from './coordinator/group-membership.ts'
import type { SubscriptionState } from './subscription-state.ts'
import { type Deadline, pause, throwIfAborted } from './wait.ts'

/** Version 10 speaks of topic ids, which a group may know when this client does not. */
const MAX_VERSION = 9
const OUTSIDE_OF_GROUP: Generation = { generationId: -1, memberId: '', protocolName: null }

export interface OffsetCommitOptions {
  readonly clientId?: string
  readonly groupInstanceId?: string
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
}

/** Commits offsets, one call after the other, so that a retried one never overtakes a newer (OffsetCommit). */
export class OffsetCommitter {
  readonly #coordinator: GroupCoordinatorClient
  readonly #membership: GroupMembership
  readonly #subscriptions: SubscriptionState
  readonly #options: OffsetCommitOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #onCommit: (offsets: readonly TopicPartitionOffset[]) => void
  #last: Promise<unknown> = Promise.resolve()

  /** `onCommit` is called after each success, before the promise of `commit` resolves. */
  constructor(
    coordinator: GroupCoordinatorClient,
    membership: GroupMembership,
    subscriptions: SubscriptionState,
    options: OffsetCommitOptions,
    clock: Clock,
    logger: Logger,
    onCommit: (offsets: readonly TopicPartitionOffset[]) => void,
  ) {
    this.#coordinator = coordinator
    this.#membership = membership
    this.#subscriptions = subscriptions
    this.#options = options
    this.#clock = clock
    this.#logger = logger
    this.#onCommit = onCommit
  }

  /**
   * Retries what may heal until the deadline. Rejects with COMMIT_FAILED when the group has moved on without this
   * member, REBALANCE_IN_PROGRESS when it is about to (poll, then commit again), FENCED_INSTANCE_ID, TIMEOUT, ABORTED, or
   * what the broker said. A rejection that nobody waits for is logged and harms nothing.
   */
  commit(offsets: readonly TopicPartitionOffset[], deadline: Deadline, signal?: AbortSignal): Promise<void> {
    const committing = this.#last.then(() => this.#commit(offsets, deadline, signal))
    this.#last = committing.catch((error) => {
      this.#logger.warn('committing offsets failed', { groupId: this.#coordinator.groupId, error })
      this.#publish(offsets, error)
    })
    return committing
  }

  /** False while the group has no place for a commit of this member. */
  get isPossible(): boolean {
    return !this.#subscriptions.isAutoAssigned || this.#membership.stableGeneration !== null
  }

  /** Resolves when the commits asked for so far have succeeded or failed; never rejects. */
  async whenIdle(): Promise<void> {
    await this.#last
  }

  async #commit(offsets: readonly TopicPartitionOffset[], deadline: Deadline, signal?: AbortSignal): Promise<void> {
    if (offsets.length === 0) return
    let failure: KafkaError | undefined
    for (let attempt = 0; ; attempt++) {
      throwIfAborted(signal)
      try {
        if (await this.#coordinator.ensureKnown(deadline, signal)) {
          await this.#commitOnce(offsets, deadline, signal)
          this.#onCommit(offsets)
          this.#publish(offsets, null)
          return
        }
      } catch (error) {
        if (!(error instanceof KafkaError) || !isTransient(error) || error.code === 'REBALANCE_IN_PROGRESS') throw error
        failure = error
        this.#logger.debug('commit is repeated', { groupId: this.#coordinator.groupId, attempt, error })
      }
      throwIfAborted(signal)
      if (deadline.expired) {
        throw new KafkaError('TIMEOUT', `offsets of group "${this.#coordinator.groupId}" could not be committed in time`, {
          retriable: true,
          cause: failure,
        })
      }
      await pause(this.#clock, Math.min(this.#options.retryBackoffMs, deadline.remainingMs()), signal)
    }
  }

  #publish(offsets: readonly TopicPartitionOffset[], error: unknown): void {
    if (!isObserved('sluice:consumer:commit')) return
    publish('sluice:consumer:commit', {
      clientId: this.#options.clientId ?? '',
      groupId: this.#coordinator.groupId,
      offsets: offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })),
      error,
    })
  }

  async #commitOnce(offsets: readonly TopicPartitionOffset[], deadline: Deadline, signal?: AbortSignal): Promise<void> {
    const { groupId } = this.#coordinator
    const generation = this.#generation()
    const byTopic = Map.groupBy(offsets, ({ topic }) => topic)
    const response = await this.#coordinator.request(
      offsetCommitApi,
      {
        groupId,
        generationIdOrMemberEpoch: generation.generationId,
        memberId: generation.memberId,
        groupInstanceId: generation === OUTSIDE_OF_GROUP ? null : (this.#options.groupInstanceId ?? null),
        topics: [...byTopic].map(([name, list]) => ({
          name,
          partitions: list.map(({ partition, offset, leaderEpoch, metadata }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedLeaderEpoch: leaderEpoch ?? -1,
            committedMetadata: metadata ?? '',
          })),
        })),
      },
      { timeoutMs: Math.max(1, Math.min(this.#options.requestTimeoutMs, deadline.remainingMs())), maxVersion: MAX_VERSION, signal },
    )
    for (const { name: topic, partitions } of response.topics) {
      for (const { partitionIndex: partition, errorCode } of partitions) {
        if (errorCode !== errorCodes.NONE) this.#fail(errorCode, topic, partition, generation)
      }
    }
  }

  #generation(): Generation {
    if (!this.#subscriptions.isAutoAssigned) return OUTSIDE_OF_GROUP
    const generation = this.#membership.stableGeneration
    if (generation !== null) return generation
    // It joins, or is about to once more, and may still be in the generation that it has.
    if (this.#membership.isJoining || this.#membership.generation.generationId >= 0) {
      const message = `group "${this.#coordinator.groupId}" is rebalancing: poll until it is through, then commit again`
      throw new KafkaError('REBALANCE_IN_PROGRESS', message, { retriable: true })
    }
    throw this.#commitFailed('this consumer is not a member of it')
  }

  /** Takes the consequences of a partition's error, and throws it. */
  #fail(code: number, topic: string, partition: number, sent: Generation): never {
    const error = kafkaErrorFor(code, { topic, partition })
    const isSameGeneration =
      this.#membership.generation.generationId === sent.generationId && this.#membership.generation.memberId === sent.memberId
    switch (code) {
      case errorCodes.NOT_COORDINATOR:
      case errorCodes.COORDINATOR_NOT_AVAILABLE:
      case errorCodes.REQUEST_TIMED_OUT:
        this.#coordinator.markUnknown(error.code)
        throw error
      case errorCodes.REBALANCE_IN_PROGRESS:
        if (sent === OUTSIDE_OF_GROUP || !isSameGeneration) throw this.#commitFailed('the group has rebalanced meanwhile', error)
        this.#membership.requestRejoin('a commit found the group rebalancing')
        throw new KafkaError(
          'REBALANCE_IN_PROGRESS',
          `group "${this.#coordinator.groupId}" is rebalancing: poll until it is through, then commit again`,
          {
            retriable: true,
            cause: error,
          },
        )
      case errorCodes.UNKNOWN_MEMBER_ID:
      case errorCodes.ILLEGAL_GENERATION:
        if (sent !== OUTSIDE_OF_GROUP && isSameGeneration) this.#membership.reset(error.code, code === errorCodes.ILLEGAL_GENERATION)
        throw this.#commitFailed('its partitions belong to other members now', error)
      case errorCodes.FENCED_INSTANCE_ID:
        if (isSameGeneration) throw error
        throw this.#commitFailed('the group has rebalanced meanwhile', error)
      default:
        throw error
    }
  }

  #commitFailed(why: string, cause?: KafkaError): KafkaError {
    const message = `offsets were not committed to group "${this.#coordinator.groupId}": ${why}. Poll more often, or raise maxPollIntervalMs (max.poll.interval.ms) or lower maxPollRecords (max.poll.records)`
    return new KafkaError('COMMIT_FAILED', message, { cause })
  }
}

/** Commits what was consumed at intervals, without `poll` waiting for it (Java: maybeAutoCommitOffsetsAsync). */
export class AutoCommit {
  readonly #committer: OffsetCommitter
  readonly #subscriptions: SubscriptionState
  readonly #intervalMs: number
  readonly #retryBackoffMs: number
  readonly #clock: Clock
  #nextAt: number
  #isRunning = false

  constructor(committer: OffsetCommitter, subscriptions: SubscriptionState, intervalMs: number, retryBackoffMs: number, clock: Clock) {
    this.#committer = committer
    this.#subscriptions = subscriptions
    this.#intervalMs = intervalMs
    this.#retryBackoffMs = retryBackoffMs
    this.#clock = clock
    this.#nextAt = clock.monotonic() + intervalMs
  }

  /** Begins the interval anew, after a rebalance. */
  reset(): void {
    this.#nextAt = this.#clock.monotonic() + this.#intervalMs
  }

  /** Starts a commit when the interval is over; the next `poll` goes on meanwhile. */
  maybe(deadline: () => Deadline): void {
    const now = this.#clock.monotonic()
    if (this.#isRunning || now < this.#nextAt || !this.#committer.isPossible) return
    this.#nextAt = now + this.#intervalMs
    this.#isRunning = true
    this.now(deadline())
      .catch((error) => {
        if (error instanceof KafkaError && error.retriable)
          this.#nextAt = Math.min(this.#nextAt, this.#clock.monotonic() + this.#retryBackoffMs)
      })
      .finally(() => {
        this.#isRunning = false
      })
  }

  /** Commits what is consumed, whether it moved since the last time or not (Java: allConsumed). */
  async now(deadline: Deadline, signal?: AbortSignal): Promise<void> {
    await this.#committer.commit(this.#subscriptions.consumed(), deadline, signal)
  }
}
