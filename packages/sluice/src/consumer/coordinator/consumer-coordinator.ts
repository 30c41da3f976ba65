import type { JoinGroupResponse } from '@sluice/protocol/messages/join-group'
import type { Clock } from '../../clock.ts'
import { KafkaError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { KafkaClient } from '../../network/kafka-client.ts'
import type { TopicPartition, TopicPartitionOffset } from '../../record/topic-partition.ts'
import type { PartitionAssignor, RebalanceProtocol } from '../assignors/assignor.ts'
import { CommittedOffsets, type CommittedOffsetsOptions } from '../committed-offsets.ts'
import { AutoCommit, type OffsetCommitOptions, OffsetCommitter } from '../offset-commit.ts'
import type { SubscriptionState } from '../subscription-state.ts'
import { type Deadline, deadlineIn, pause, settledWithin, type Wakeup } from '../wait.ts'
import { decodeAssignment, encodeAssignment, encodeSubscription } from './consumer-protocol.ts'
import { GroupCoordinatorClient, isTransient } from './group-coordinator-client.ts'
import { GroupMembership, type JoinResult, type MembershipOptions } from './group-membership.ts'
import { assignPartitions, membersOf, partitionCounts, sameCounts, topicsOf } from './leader-assignment.ts'
import { Rebalance } from './rebalance.ts'

export interface CoordinatorOptions extends MembershipOptions, OffsetCommitOptions, CommittedOffsetsOptions {
  readonly groupId: string
  readonly enableAutoCommit: boolean
  readonly autoCommitIntervalMs: number
  readonly defaultApiTimeoutMs: number
  readonly clientRack?: string
  readonly assignors: readonly PartitionAssignor[]
}

export interface CoordinatorParts {
  readonly client: KafkaClient
  readonly subscriptions: SubscriptionState
  readonly clock: Clock
  readonly logger: Logger
  readonly wakeup: Wakeup
  /** After each successful commit. */
  readonly onCommit: (offsets: readonly TopicPartitionOffset[]) => void
  /** After each rebalance that gave this member an assignment. */
  readonly onRebalanced: (latencyMs: number, nowMs: number) => void
  /** Waits for handlers of `run` that still work on these partitions. */
  readonly drain: (partitions: readonly TopicPartition[]) => Promise<void>
}

interface Join {
  readonly settled: Promise<void>
  result?: JoinResult
  error?: unknown
}

/** How long a leader waits for metadata of topics that only other members subscribe to. */
const LEADER_METADATA_TIMEOUT_MS = 5000
/** How long a commit before a rebalance may take, so that a coordinator out of reach does not cost the membership. */
const REBALANCE_COMMIT_TIMEOUT_MS = 5000

/**
 * The consumer's side of the group: which partitions it has, and what is committed (Java: ConsumerCoordinator). What has
 * to wait for the network runs beside `poll`, which takes the next step whenever something has happened.
 */
export class ConsumerCoordinator {
  readonly #options: CoordinatorOptions
  readonly #parts: CoordinatorParts
  readonly #coordinator: GroupCoordinatorClient
  readonly #membership: GroupMembership
  readonly #rebalance: Rebalance
  readonly #committer: OffsetCommitter
  readonly #autoCommit: AutoCommit | null
  readonly #committedOffsets: CommittedOffsets
  readonly #closing = new AbortController()
  #join: Join | null = null
  #isFinding = false
  #isLeaving = false
  /** False between the revocation and the end of the rebalance, so that it is not done twice. */
  #needsPrepare = true
  #retryAt = 0
  /** When the first JoinGroup of the rebalance that is under way was sent. */
  #rebalanceBeganAt: number | null = null
  #error: KafkaError | null = null
  /** The subscription that this member joined with. */
  #joinedTopics: ReadonlySet<string> | null = null
  /** On the leader: the topics of the group, and what the assignment was made from. */
  #groupTopics: ReadonlySet<string> | null = null
  #assignedCounts: ReadonlyMap<string, number> | null = null

  constructor(options: CoordinatorOptions, parts: CoordinatorParts) {
    const { client, subscriptions, clock, logger, wakeup, onCommit } = parts
    this.#options = options
    this.#parts = parts
    this.#coordinator = new GroupCoordinatorClient(options.groupId, client, options.retryBackoffMs, clock, logger, this.#closing.signal)
    const delegate = { protocols: () => this.#protocols(), assign: (response: JoinGroupResponse) => this.#assign(response) }
    this.#membership = new GroupMembership(this.#coordinator, options, delegate, clock, logger, wakeup)
    this.#committer = new OffsetCommitter(this.#coordinator, this.#membership, subscriptions, options, clock, logger, onCommit)
    this.#committedOffsets = new CommittedOffsets(this.#coordinator, options, clock)
    this.#autoCommit = options.enableAutoCommit
      ? new AutoCommit(this.#committer, subscriptions, options.autoCommitIntervalMs, options.retryBackoffMs, clock)
      : null
    const drain = async (partitions: readonly TopicPartition[], deadline?: Deadline): Promise<void> => {
      if (deadline === undefined) await parts.drain(partitions)
      else await settledWithin(parts.drain(partitions), clock, deadline.remainingMs())
    }
    const actions = { drain, autoCommit: () => this.#commitBeforeRebalance() }
    this.#rebalance = new Rebalance(commonProtocol(options.assignors), subscriptions, actions, logger)
  }

  get groupMetadata(): { groupId: string; generationId: number; memberId: string; groupInstanceId: string | undefined } {
    const { generationId, memberId } = this.#membership.generation
    return { groupId: this.#options.groupId, generationId, memberId, groupInstanceId: this.#options.groupInstanceId }
  }

  get isCallingListener(): boolean {
    return this.#rebalance.isCallingListener
  }

  /** Topics whose metadata the group needs beside this member's own. */
  get groupTopics(): ReadonlySet<string> | null {
    return this.#groupTopics
  }

  /** When `poll` should look again although nothing happened; on the monotonic clock. */
  get nextStepAt(): number {
    return this.#retryAt > this.#parts.clock.monotonic() ? this.#retryAt : Infinity
  }

  /**
   * Takes every step that can be taken now: rejoin, listener calls, auto-commit. `isAlive`: the application makes
   * progress, which puts off `maxPollIntervalMs`. Waits for the listener only.
   */
  async poll(isAlive = true): Promise<void> {
    this.#throwPending()
    if (this.#parts.subscriptions.isAutoAssigned) {
      if (isAlive) this.#membership.heartbeat.polled()
      if (this.#coordinator.coordinator === null) this.#findCoordinator()
      else await this.#takeSteps(isAlive)
      this.#throwPending()
    }
    this.#autoCommit?.maybe(() => deadlineIn(this.#parts.clock, this.#options.defaultApiTimeoutMs))
  }

  async #takeSteps(isAlive: boolean): Promise<void> {
    for (;;) {
      if (this.#join !== null) {
        const join = this.#join
        if (join.result === undefined && join.error === undefined) return
        this.#join = null
        if (join.result !== undefined) await this.#complete(join.result)
        else this.#joinFailed(join.error)
        continue
      }
      if (!this.#needsRejoin() || this.#coordinator.coordinator === null || this.#parts.clock.monotonic() < this.#retryAt) return
      if (this.#needsPrepare) {
        const { generationId, memberId } = this.#membership.generation
        this.#needsPrepare = false
        await this.#rebalance.prepare(generationId < 0 || memberId === '')
        continue
      }
      // It left since handlers hang: to join and leave again and again would stop the whole group.
      if (!isAlive && this.#membership.heartbeat.isPollOverdue) return
      this.#startJoin()
    }
  }

  commit(offsets: readonly TopicPartitionOffset[], deadline: Deadline, signal?: AbortSignal): Promise<void> {
    return this.#committer.commit(offsets, deadline, signal)
  }

  /** Commits what is consumed, when auto-commit is on. */
  async autoCommitNow(deadline: Deadline, signal?: AbortSignal): Promise<void> {
    await this.#autoCommit?.now(deadline, signal)
  }

  committed(partitions: readonly TopicPartition[], deadline: Deadline, signal?: AbortSignal): Promise<TopicPartitionOffset[]> {
    return this.#committedOffsets.fetch(partitions, deadline, signal)
  }

  requestRejoin(reason: string): void {
    this.#membership.requestRejoin(reason)
  }

  /** Gives everything up and leaves: auto-commit, listener, LeaveGroup. Never rejects but with what the listener threw. */
  async leave(reason: string, deadline: Deadline): Promise<void> {
    // Called by the listener that is being told of this very leave.
    if (this.#isLeaving && this.isCallingListener) return
    this.#isLeaving = true
    try {
      await this.#leave(reason, deadline)
    } finally {
      this.#isLeaving = false
    }
  }

  async #leave(reason: string, deadline: Deadline): Promise<void> {
    const { subscriptions } = this.#parts
    if (this.#autoCommit !== null && subscriptions.size > 0) await this.#commitBeforeLeaving(this.#autoCommit, deadline)
    let listenerError: unknown
    if (subscriptions.isAutoAssigned) {
      await this.#rebalance.leave(this.#isLost(), deadline).catch((error) => {
        listenerError = error
      })
      await this.#membership.leave(reason, deadline.remainingMs())
    }
    this.#needsPrepare = true
    this.#rebalanceBeganAt = null
    this.#joinedTopics = null
    this.#groupTopics = null
    this.#assignedCounts = null
    if (listenerError !== undefined) throw listenerError
  }

  async close(deadline: Deadline): Promise<void> {
    try {
      // A commit that nobody waits for is none that may be lost (Java: close waits for asynchronous commits).
      await settledWithin(this.#committer.whenIdle(), this.#parts.clock, deadline.remainingMs())
      await this.leave('the consumer is being closed', deadline)
    } finally {
      this.#closing.abort()
      this.#membership.heartbeat.stop()
      if (this.#join !== null) await settledWithin(this.#join.settled, this.#parts.clock, deadline.remainingMs())
    }
  }

  #isLost(): boolean {
    const { generationId, memberId } = this.#membership.generation
    return this.#parts.subscriptions.isAutoAssigned && (generationId < 0 || memberId === '')
  }

  #throwPending(): void {
    const error = this.#error ?? this.#membership.takeError()
    this.#error = null
    if (error !== null) throw error
  }

  #findCoordinator(): void {
    if (this.#isFinding) return
    this.#isFinding = true
    const { clock, wakeup } = this.#parts
    this.#coordinator
      .ensureKnown(deadlineIn(clock, this.#options.defaultApiTimeoutMs), this.#closing.signal)
      .catch((error) => {
        this.#error = asKafkaError(error)
      })
      .finally(() => {
        this.#isFinding = false
        wakeup.notify()
      })
  }

  #needsRejoin(): boolean {
    const { subscriptions, client } = this.#parts
    if (this.#membership.isJoining) return false
    if (this.#joinedTopics !== null && !sameTopics(this.#joinedTopics, subscriptions.topics)) {
      this.#joinedTopics = null
      this.requestRejoin('the subscription has changed')
    }
    if (this.#assignedCounts !== null && this.#groupTopics !== null) {
      const counts = partitionCounts(client.metadata.cluster, this.#groupTopics)
      if (!sameCounts(counts, this.#assignedCounts)) {
        this.#assignedCounts = null
        this.requestRejoin('topics or their partitions have changed')
      }
    }
    return this.#membership.needsRejoin
  }

  #startJoin(): void {
    const { wakeup, subscriptions, clock } = this.#parts
    this.#rebalanceBeganAt ??= clock.monotonic()
    this.#joinedTopics = new Set(subscriptions.topics)
    this.#groupTopics = null
    this.#assignedCounts = null
    const settled = this.#membership.join(this.#closing.signal).then(
      (result) => {
        join.result = result
        const now = clock.monotonic()
        this.#parts.onRebalanced(now - (this.#rebalanceBeganAt ?? now), now)
        this.#rebalanceBeganAt = null
        wakeup.notify()
      },
      (error) => {
        join.error = error
        wakeup.notify()
      },
    )
    const join: Join = { settled }
    this.#join = join
  }

  #joinFailed(error: unknown): void {
    if (this.#closing.signal.aborted) return
    const failure = asKafkaError(error)
    this.#joinedTopics = null
    if (!isTransient(failure)) {
      this.#retryAt = this.#parts.clock.monotonic() + this.#options.retryBackoffMs
      throw failure
    }
    this.#parts.logger.debug('join failed and is repeated', { groupId: this.#options.groupId, error: failure })
    // These say what has changed: the next attempt need not wait.
    const isNews = failure.code === 'REBALANCE_IN_PROGRESS' || failure.code === 'UNKNOWN_MEMBER_ID' || failure.code === 'ILLEGAL_GENERATION'
    if (!isNews) this.#retryAt = this.#parts.clock.monotonic() + this.#options.retryBackoffMs
  }

  async #complete({ assignment, generation }: JoinResult): Promise<void> {
    // A heartbeat or a poll timeout may have ended the membership since.
    if (this.#membership.stableGeneration !== generation) return
    const partitions = decodeAssignment(assignment)
    const { subscriptions } = this.#parts
    const stray = partitions.find(({ topic }) => !this.#wants(topic))
    this.#needsPrepare = true
    if (stray !== undefined) {
      this.requestRejoin(`topic "${stray.topic}" was assigned, to which this consumer no longer subscribes`)
      return
    }
    if (subscriptions.pattern !== undefined) {
      const topics = new Set([...subscriptions.topics, ...partitions.map(({ topic }) => topic)])
      subscriptions.setMatchingTopics(topics)
      this.#joinedTopics = topics
    }
    this.#autoCommit?.reset()
    if (await this.#rebalance.complete(partitions)) this.requestRejoin('partitions were given up for other members to take')
  }

  #wants(topic: string): boolean {
    const { topics, pattern } = this.#parts.subscriptions
    return pattern === undefined ? topics.has(topic) : pattern.test(topic)
  }

  #protocols(): { name: string; metadata: Buffer }[] {
    const { subscriptions } = this.#parts
    const { generationId } = this.#membership.generation
    const owned = this.#rebalance.protocol === 'cooperative' ? subscriptions.assigned() : []
    return this.#options.assignors.map((assignor) => ({
      name: assignor.name,
      metadata: encodeSubscription({
        topics: [...subscriptions.topics],
        userData: assignor.userData?.(owned, generationId) ?? null,
        ownedPartitions: owned,
        generationId,
        rackId: this.#options.clientRack || null,
      }),
    }))
  }

  async #assign(response: JoinGroupResponse): Promise<{ memberId: string; assignment: Buffer }[]> {
    const { client, logger } = this.#parts
    const assignor = this.#options.assignors.find(({ name }) => name === response.protocolName)
    if (assignor === undefined) {
      throw new KafkaError(
        'INCONSISTENT_GROUP_PROTOCOL',
        `the group chose assignor "${response.protocolName}", which this member does not have`,
      )
    }
    const members = membersOf(response)
    const topics = topicsOf(members)
    this.#groupTopics = topics
    if ([...topics].some((topic) => !client.metadata.cluster.topics.has(topic))) await this.#awaitTopics(topics)
    const counts = partitionCounts(client.metadata.cluster, topics)
    this.#assignedCounts = counts
    if (response.skipAssignment) return []
    const assignment = assignPartitions(assignor, counts, members)
    logger.info('assigned partitions as the leader of the group', {
      groupId: this.#options.groupId,
      assignor: assignor.name,
      members: members.length,
      topics: counts.size,
    })
    return members.map(({ memberId }) => ({ memberId, assignment: encodeAssignment(assignment.get(memberId) ?? []) }))
  }

  /** A topic that does not exist yet is assigned when metadata shows it. */
  async #awaitTopics(topics: ReadonlySet<string>): Promise<void> {
    const { metadata } = this.#parts.client
    metadata.setTopics(new Set([...this.#parts.subscriptions.topics, ...topics]))
    const version = metadata.requestUpdate()
    const timeoutMs = Math.min(LEADER_METADATA_TIMEOUT_MS, this.#options.requestTimeoutMs)
    await metadata.awaitUpdate(version, timeoutMs, this.#closing.signal).catch((error) => {
      this.#parts.logger.warn('metadata of the topics of the group did not arrive', { groupId: this.#options.groupId, error })
    })
  }

  /** A member that is joining cannot commit, so a rebalance that is under way has to end first: its partitions would be read twice. */
  async #commitBeforeLeaving(autoCommit: AutoCommit, deadline: Deadline): Promise<void> {
    for (;;) {
      await this.#settleJoin(deadline)
      if (this.#isLost()) return
      try {
        await autoCommit.now(deadline)
        return
      } catch (error) {
        if (!isRebalanceInProgress(error) || deadline.expired) {
          this.#parts.logger.warn('the last auto-commit failed', { groupId: this.#options.groupId, error })
          return
        }
      }
      await pause(this.#parts.clock, Math.min(this.#options.retryBackoffMs, deadline.remainingMs()))
      if (this.#join === null && (await this.#coordinator.ensureKnown(deadline))) this.#startJoin()
    }
  }

  /** Waits for the answer of a join that is under way; the assignment in it is not taken. */
  async #settleJoin(deadline: Deadline): Promise<void> {
    if (this.#join === null) return
    if (await settledWithin(this.#join.settled, this.#parts.clock, deadline.remainingMs())) this.#join = null
  }

  async #commitBeforeRebalance(): Promise<void> {
    if (this.#autoCommit === null || this.#isLost()) return
    const { clock, logger } = this.#parts
    const timeoutMs = Math.min(REBALANCE_COMMIT_TIMEOUT_MS, this.#options.defaultApiTimeoutMs)
    await this.#autoCommit.now(deadlineIn(clock, timeoutMs)).catch((error) => {
      logger.warn('auto-commit before a rebalance failed', { groupId: this.#options.groupId, error })
    })
  }
}

/** The protocol that all assignors support; cooperative when all do (Java: ConsumerCoordinator). */
function commonProtocol(assignors: readonly PartitionAssignor[]): RebalanceProtocol {
  for (const protocol of ['cooperative', 'eager'] as const) {
    if (assignors.every(({ protocols }) => protocols.includes(protocol))) return protocol
  }
  throw new KafkaError(
    'CONFIG',
    'partitionAssignmentStrategy (partition.assignment.strategy) has assignors without a common rebalance protocol',
  )
}

function isRebalanceInProgress(error: unknown): boolean {
  return error instanceof KafkaError && error.code === 'REBALANCE_IN_PROGRESS'
}

function sameTopics(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((topic) => b.has(topic))
}

function asKafkaError(error: unknown): KafkaError {
  return error instanceof KafkaError
    ? error
    : new KafkaError('ILLEGAL_STATE', `joining the group failed: ${String(error)}`, { cause: error })
}
