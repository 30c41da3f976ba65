import { errorCodes } from '@sluice/protocol'
import { type OffsetFetchResponsePartition, offsetFetchApi } from '@sluice/protocol/messages/offset-fetch'
import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import { kafkaErrorFor } from '../network/broker-error.ts'
import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import { type GroupCoordinatorClient, isTransient } from './coordinator/group-coordinator-client.ts'
import { type Deadline, pause, throwIfAborted } from './wait.ts'

const FIRST_VERSION_WITH_GROUPS = 8
const FIRST_VERSION_WITH_REQUIRE_STABLE = 7
/** Version 10 speaks of topic ids, which a group may know when this client does not. */
const MAX_VERSION = 9

export interface CommittedOffsetsOptions {
  readonly isolationLevel: 'read_uncommitted' | 'read_committed'
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
}

/** Asks the coordinator what the group has committed (OffsetFetch). */
export class CommittedOffsets {
  readonly #coordinator: GroupCoordinatorClient
  readonly #options: CommittedOffsetsOptions
  readonly #clock: Clock

  constructor(coordinator: GroupCoordinatorClient, options: CommittedOffsetsOptions, clock: Clock) {
    this.#coordinator = coordinator
    this.#options = options
    this.#clock = clock
  }

  /** Partitions without a committed offset are left out. Retries until the deadline, then rejects with TIMEOUT. */
  async fetch(partitions: readonly TopicPartition[], deadline: Deadline, signal?: AbortSignal): Promise<TopicPartitionOffset[]> {
    for (;;) {
      throwIfAborted(signal)
      try {
        if (await this.#coordinator.ensureKnown(deadline, signal)) return await this.#fetchOnce(partitions, deadline, signal)
      } catch (error) {
        if (!(error instanceof KafkaError) || !isTransient(error)) throw error
        if (error.code === 'NOT_COORDINATOR' || error.code === 'COORDINATOR_NOT_AVAILABLE') this.#coordinator.markUnknown(error.code)
      }
      throwIfAborted(signal)
      if (deadline.expired) {
        throw new KafkaError('TIMEOUT', `the committed offsets of group "${this.#coordinator.groupId}" did not arrive in time`, {
          retriable: true,
        })
      }
      await pause(this.#clock, Math.min(this.#options.retryBackoffMs, deadline.remainingMs()), signal)
    }
  }

  async #fetchOnce(partitions: readonly TopicPartition[], deadline: Deadline, signal?: AbortSignal): Promise<TopicPartitionOffset[]> {
    const { groupId } = this.#coordinator
    const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
    const topics = [...byTopic].map(([name, list]) => ({ name, partitionIndexes: list.map(({ partition }) => partition) }))
    const requireStable = this.#options.isolationLevel === 'read_committed'
    const response = await this.#coordinator.request(
      offsetFetchApi,
      (version) => {
        if (version >= FIRST_VERSION_WITH_GROUPS) return { groups: [{ groupId, topics }], requireStable }
        return version >= FIRST_VERSION_WITH_REQUIRE_STABLE ? { groupId, topics, requireStable } : { groupId, topics }
      },
      { timeoutMs: Math.max(1, Math.min(this.#options.requestTimeoutMs, deadline.remainingMs())), maxVersion: MAX_VERSION, signal },
    )
    const group = response.groups[0] ?? response
    if (group.errorCode !== errorCodes.NONE) {
      throw kafkaErrorFor(group.errorCode, {
        message: `fetching the committed offsets of group "${groupId}": ${kafkaErrorFor(group.errorCode).message}`,
      })
    }
    const committed: TopicPartitionOffset[] = []
    for (const { name: topic, partitions: answers } of group.topics) {
      for (const answer of answers as OffsetFetchResponsePartition[]) {
        const { partitionIndex: partition, errorCode, committedOffset: offset, committedLeaderEpoch, metadata } = answer
        if (errorCode !== errorCodes.NONE) throw kafkaErrorFor(errorCode, { topic, partition })
        if (offset < 0) continue
        committed.push({
          topic,
          partition,
          offset,
          ...(metadata ? { metadata } : {}),
          ...(committedLeaderEpoch >= 0 ? { leaderEpoch: committedLeaderEpoch } : {}),
        })
      }
    }
    return committed
  }
}
