import { errorCodes } from '@sluice/protocol'
import type { Clock } from '../clock.ts'
import { ClassicGroup } from './classic-group.ts'
import { CONSUMER_PROTOCOL_TYPE } from './consumer-subscription.ts'
import { type CommittedOffset, GroupOffsets } from './group-offsets.ts'
import {
  type GroupDescription,
  type GroupListing,
  type JoinRequest,
  type JoinResult,
  joinError,
  type MemberIdentity,
  type SyncRequest,
  type SyncResult,
  syncError,
  UNKNOWN_MEMBER_ID,
} from './group-types.ts'

export interface GroupCoordinatorOptions {
  readonly clock: Clock
  /** How many partitions a topic has; undefined when there is no such topic. Offsets are kept for existing partitions only. */
  readonly topicPartitions: (topic: string) => number | undefined
  /** How long the first join of an empty group waits for others. Kafka's default is 3000; 0 lets tests start at once. @default 0 */
  readonly initialRebalanceDelayMs?: number
  /** `group.min.session.timeout.ms`. Kafka's default is 6000; tests of failing members want shorter ones. @default 100 */
  readonly minSessionTimeoutMs?: number
  /** `group.max.session.timeout.ms`. @default 1800000 */
  readonly maxSessionTimeoutMs?: number
}

export interface TopicPartitionError {
  readonly partitionIndex: number
  readonly errorCode: number
}

export interface FetchedOffset extends CommittedOffset {
  readonly partitionIndex: number
  readonly errorCode: number
}

export interface OffsetCommit extends MemberIdentity {
  readonly groupId: string
  readonly generationId: number
  /** The error for a member of a group that does not exist. */
  readonly unknownGroupError: number
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly ({ readonly partitionIndex: number } & CommittedOffset)[]
  }[]
}

interface GroupEntry {
  readonly group: ClassicGroup
  readonly offsets: GroupOffsets
}

/** Every group of the broker, with its members and offsets; all nodes share it, and each answers for the groups that it coordinates. */
export class GroupCoordinator {
  readonly #clock: Clock
  readonly #topicPartitions: (topic: string) => number | undefined
  readonly #initialRebalanceDelayMs: number
  readonly #minSessionTimeoutMs: number
  readonly #maxSessionTimeoutMs: number
  readonly #groups = new Map<string, GroupEntry>()
  #closed = false

  constructor(options: GroupCoordinatorOptions) {
    this.#clock = options.clock
    this.#topicPartitions = options.topicPartitions
    this.#initialRebalanceDelayMs = options.initialRebalanceDelayMs ?? 0
    this.#minSessionTimeoutMs = options.minSessionTimeoutMs ?? 100
    this.#maxSessionTimeoutMs = options.maxSessionTimeoutMs ?? 30 * 60 * 1000
  }

  // Membership.

  /** Settles when the group has a generation with this member, or with an error. */
  join(groupId: string, request: JoinRequest): JoinResult | Promise<JoinResult> {
    const { memberId, sessionTimeoutMs } = request
    const error = this.#unavailable(groupId)
    if (error !== errorCodes.NONE) return joinError(memberId, error)
    if (sessionTimeoutMs < this.#minSessionTimeoutMs || sessionTimeoutMs > this.#maxSessionTimeoutMs) {
      return joinError(memberId, errorCodes.INVALID_SESSION_TIMEOUT)
    }
    const entry = memberId === UNKNOWN_MEMBER_ID ? this.#getOrCreate(groupId) : this.#groups.get(groupId)
    if (entry === undefined) return joinError(memberId, errorCodes.UNKNOWN_MEMBER_ID)
    const result = entry.group.join(request)
    this.#forgetUnused(groupId)
    return result
  }

  /** Settles with the member's assignment once the leader has sent it, or with an error. */
  sync(groupId: string, request: SyncRequest): SyncResult | Promise<SyncResult> {
    const error = this.#unavailable(groupId)
    if (error !== errorCodes.NONE) return syncError(error)
    return this.#groups.get(groupId)?.group.sync(request) ?? syncError(errorCodes.UNKNOWN_MEMBER_ID)
  }

  heartbeat(groupId: string, identity: MemberIdentity, generationId: number): number {
    const error = this.#unavailable(groupId)
    if (error !== errorCodes.NONE) return error
    return this.#groups.get(groupId)?.group.heartbeat(identity, generationId) ?? errorCodes.UNKNOWN_MEMBER_ID
  }

  /** The error code of each member in order, or one error code for the whole request. */
  leave(groupId: string, members: readonly MemberIdentity[]): number | number[] {
    const error = this.#unavailable(groupId)
    if (error !== errorCodes.NONE) return error
    const entry = this.#groups.get(groupId)
    return members.map((member) => entry?.group.leave(member) ?? errorCodes.UNKNOWN_MEMBER_ID)
  }

  /** Ends a member's session at once, as if its heartbeats had stopped; false when there is no such member. */
  expire(groupId: string, memberId: string): boolean {
    return this.#groups.get(groupId)?.group.expire(memberId) ?? false
  }

  // Offsets.

  commitOffsets(commit: OffsetCommit): { name: string; partitions: TopicPartitionError[] }[] {
    const groupError = this.#validateCommit(commit)
    const commitOne = (topic: string, partition: { readonly partitionIndex: number } & CommittedOffset): number => {
      const { partitionIndex, committedOffset, committedLeaderEpoch, metadata } = partition
      if (!this.#exists(topic, partitionIndex)) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION
      if (groupError !== errorCodes.NONE) return groupError
      const { offsets } = this.#getOrCreate(commit.groupId)
      return offsets.commit(topic, partitionIndex, { committedOffset, committedLeaderEpoch, metadata })
    }
    return commit.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partition) => ({ partitionIndex: partition.partitionIndex, errorCode: commitOne(name, partition) })),
    }))
  }

  /** Offsets of the named partitions, -1 where there is none; of all that have one when `topics` is null. Membership does not matter. */
  fetchOffsets(
    groupId: string,
    topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null,
  ): { name: string; partitions: FetchedOffset[] }[] {
    const offsets = this.#groups.get(groupId)?.offsets ?? new GroupOffsets()
    return Array.from(topics ?? offsets.topics(), ({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        errorCode: errorCodes.NONE,
        ...offsets.fetch(name, partitionIndex),
      })),
    }))
  }

  /** The error code of each partition, or one error code for the whole request. */
  deleteOffsets(
    groupId: string,
    topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[],
  ): number | { name: string; partitions: TopicPartitionError[] }[] {
    const error = this.#unavailable(groupId)
    if (error !== errorCodes.NONE) return error
    const entry = this.#groups.get(groupId)
    if (entry === undefined) return errorCodes.GROUP_ID_NOT_FOUND
    const { group, offsets } = entry
    const hasMembers = group.state !== 'Empty'
    if (hasMembers && group.protocolType !== CONSUMER_PROTOCOL_TYPE) return errorCodes.NON_EMPTY_GROUP
    const deleteOne = (topic: string, partition: number): number => {
      if (!this.#exists(topic, partition)) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION
      if (hasMembers && group.isSubscribedToTopic(topic)) return errorCodes.GROUP_SUBSCRIBED_TO_TOPIC
      offsets.delete(topic, partition)
      return errorCodes.NONE
    }
    return topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: deleteOne(name, partitionIndex) })),
    }))
  }

  /** A topic is gone, and with it every offset of it: a new topic of that name starts afresh. */
  topicDeleted(topic: string): void {
    for (const { offsets } of this.#groups.values()) offsets.deleteTopic(topic)
  }

  // Administration.

  /** Undefined when there is no such group. */
  describe(groupId: string): GroupDescription | undefined {
    return this.#groups.get(groupId)?.group.describe()
  }

  list(): GroupListing[] {
    return Array.from(this.#groups.values(), ({ group }) => group.list())
  }

  /** Removes a group without members, and its offsets; returns the error code. */
  delete(groupId: string): number {
    if (this.#closed) return errorCodes.COORDINATOR_NOT_AVAILABLE
    const entry = this.#groups.get(groupId)
    if (entry === undefined) return errorCodes.GROUP_ID_NOT_FOUND
    if (entry.group.state !== 'Empty') return errorCodes.NON_EMPTY_GROUP
    entry.group.unload(errorCodes.UNKNOWN_MEMBER_ID)
    this.#groups.delete(groupId)
    return errorCodes.NONE
  }

  /** Groups for which `hasMoved` says so have another coordinator now: what waits is answered with NOT_COORDINATOR, and the clients look again. */
  coordinatorMoved(hasMoved: (groupId: string) => boolean = () => true): void {
    for (const [groupId, { group }] of [...this.#groups]) {
      if (hasMoved(groupId)) group.move(errorCodes.NOT_COORDINATOR)
    }
  }

  /** Answers everything that waits, leaves no timer, and answers COORDINATOR_NOT_AVAILABLE from now on. */
  close(): void {
    this.#closed = true
    for (const { group } of this.#groups.values()) group.unload(errorCodes.COORDINATOR_NOT_AVAILABLE)
    this.#groups.clear()
  }

  // Checks.

  #unavailable(groupId: string): number {
    if (groupId === '') return errorCodes.INVALID_GROUP_ID
    return this.#closed ? errorCodes.COORDINATOR_NOT_AVAILABLE : errorCodes.NONE
  }

  #validateCommit(commit: OffsetCommit): number {
    if (this.#closed) return errorCodes.COORDINATOR_NOT_AVAILABLE
    const entry = this.#groups.get(commit.groupId)
    if (entry !== undefined) return entry.group.validateOffsetCommit(commit, commit.generationId)
    return commit.generationId < 0 ? errorCodes.NONE : commit.unknownGroupError
  }

  #exists(topic: string, partition: number): boolean {
    return partition >= 0 && partition < (this.#topicPartitions(topic) ?? 0)
  }

  #getOrCreate(groupId: string): GroupEntry {
    let entry = this.#groups.get(groupId)
    if (entry === undefined) {
      const group = new ClassicGroup(groupId, { clock: this.#clock, initialRebalanceDelayMs: this.#initialRebalanceDelayMs })
      this.#groups.set(groupId, (entry = { group, offsets: new GroupOffsets() }))
    }
    return entry
  }

  /** A join that was refused leaves no group behind. */
  #forgetUnused(groupId: string): void {
    const entry = this.#groups.get(groupId)
    if (entry?.group.isUnused && entry.offsets.isEmpty) this.#groups.delete(groupId)
  }
}
