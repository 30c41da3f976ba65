import { errorCodes } from '@sluice/protocol'
import { listOffsetsApi } from '@sluice/protocol/messages/list-offsets'
import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import { kafkaErrorFor } from '../network/broker-error.ts'
import type { Node } from '../network/cluster.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import { isTransient } from './coordinator/group-coordinator-client.ts'
import { type Deadline, pause, throwIfAborted } from './wait.ts'

export const LATEST_TIMESTAMP = -1
export const EARLIEST_TIMESTAMP = -2

export interface OffsetQuery extends TopicPartition {
  /** Milliseconds since 1970, or one of the two constants. */
  readonly timestamp: number
}

export interface FoundOffset extends TopicPartition {
  /** -1 when there is no record as late as that. */
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch?: number
}

export interface OffsetFinderOptions {
  readonly isolationLevel: 'read_uncommitted' | 'read_committed'
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
}

interface Round {
  readonly found: FoundOffset[]
  readonly open: OffsetQuery[]
}

/** Looks up offsets by time at the leaders (ListOffsets; Java: OffsetFetcher). */
export class OffsetFinder {
  readonly #client: KafkaClient
  readonly #options: OffsetFinderOptions
  readonly #clock: Clock

  constructor(client: KafkaClient, options: OffsetFinderOptions, clock: Clock) {
    this.#client = client
    this.#options = options
    this.#clock = clock
  }

  /** Finds all, retrying until the deadline; then rejects with TIMEOUT. */
  async find(queries: readonly OffsetQuery[], deadline: Deadline, signal?: AbortSignal): Promise<FoundOffset[]> {
    const found: FoundOffset[] = []
    for (let open = queries; ; ) {
      throwIfAborted(signal)
      const round = await this.findOnce(open, deadline.remainingMs(), signal)
      found.push(...round.found)
      open = round.open
      if (open.length === 0) return found
      if (deadline.expired) {
        const { topic, partition } = open[0]!
        const message = `offsets of partition ${partition} of topic "${topic}" could not be looked up in time`
        throw new KafkaError('TIMEOUT', message, { retriable: true, topic, partition })
      }
      await pause(this.#clock, Math.min(this.#options.retryBackoffMs, deadline.remainingMs()), signal)
    }
  }

  /** One request to each leader. What could not be answered now stays open; metadata is asked for when that is the reason. */
  async findOnce(queries: readonly OffsetQuery[], timeoutMs: number, signal?: AbortSignal): Promise<Round> {
    const byLeader = new Map<Node, OffsetQuery[]>()
    const open: OffsetQuery[] = []
    const { cluster } = this.#client.metadata
    for (const query of queries) {
      const leader = cluster.nodes.get(cluster.topics.get(query.topic)?.partitions[query.partition]?.leader ?? -1)
      if (leader === undefined) open.push(query)
      else if (byLeader.has(leader)) byLeader.get(leader)!.push(query)
      else byLeader.set(leader, [query])
    }
    if (open.length > 0) {
      this.#client.metadata.requestUpdate()
      for (const { topic } of open) {
        const error = cluster.topicErrors.get(topic)
        if (error !== undefined && !error.retriable) throw error
      }
    }
    const rounds = await Promise.all([...byLeader].map(([leader, asked]) => this.#ask(leader, asked, timeoutMs, signal)))
    return { found: rounds.flatMap(({ found }) => found), open: [...open, ...rounds.flatMap((round) => round.open)] }
  }

  async #ask(leader: Node, queries: readonly OffsetQuery[], timeoutMs: number, signal?: AbortSignal): Promise<Round> {
    const { cluster } = this.#client.metadata
    const byTopic = Map.groupBy(queries, ({ topic }) => topic)
    const request = {
      replicaId: -1,
      isolationLevel: this.#options.isolationLevel === 'read_committed' ? 1 : 0,
      timeoutMs: Math.ceil(timeoutMs),
      topics: [...byTopic].map(([name, list]) => ({
        name,
        partitions: list.map(({ partition, timestamp }) => ({
          partitionIndex: partition,
          currentLeaderEpoch: cluster.topics.get(name)?.partitions[partition]?.leaderEpoch ?? -1,
          timestamp,
        })),
      })),
    }
    const limit = Math.max(1, Math.min(this.#options.requestTimeoutMs, timeoutMs))
    const found: FoundOffset[] = []
    const open: OffsetQuery[] = []
    try {
      const response = await this.#client.request(leader, listOffsetsApi, request, { timeoutMs: limit, signal })
      for (const { name: topic, partitions } of response.topics) {
        for (const { partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch } of partitions) {
          if (errorCode === errorCodes.NONE) {
            found.push({ topic, partition, offset, timestamp, ...(leaderEpoch >= 0 ? { leaderEpoch } : {}) })
          } else if (errorCode === errorCodes.UNSUPPORTED_FOR_MESSAGE_FORMAT) {
            found.push({ topic, partition, offset: -1, timestamp: -1 })
          } else {
            const error = kafkaErrorFor(errorCode, { topic, partition })
            if (!error.retriable) throw error
            open.push(queries.find((query) => query.topic === topic && query.partition === partition)!)
          }
        }
      }
    } catch (error) {
      if (!(error instanceof KafkaError) || !isTransient(error)) throw error
      this.#client.metadata.requestUpdate()
      return { found: [], open: [...queries] }
    }
    if (open.length > 0) this.#client.metadata.requestUpdate()
    return { found, open }
  }
}
