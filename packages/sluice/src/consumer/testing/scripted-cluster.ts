import { encodeBatch } from '@sluice/protocol'
import { systemClock } from '../../clock.ts'
import type { ConsumerInterceptor } from '../../interceptor/consumer-interceptor.ts'
import { silentLogger } from '../../logger.ts'
import { type ClientParts, clientParts } from '../../network/client-parts.ts'
import { MockClient, type MockRequest } from '../../network/testing/mock-client.ts'
import type { ConsumerOptions } from '../../options/consumer-options.ts'
import { stringDeserializer } from '../../record/serdes.ts'
import { KafkaConsumer } from '../consumer.ts'

type Answer = (request: MockRequest) => object | undefined

/**
 * A cluster for the consumer's tests: one topic `t`, one group with one member, and an answer for each API that a test may
 * replace. Fetches get what `feed` has put there; otherwise they wait, as a long poll does.
 */
export class ScriptedCluster {
  readonly client: MockClient
  /** Every request, by the API's name, in order. */
  readonly log: MockRequest[] = []
  readonly answers: Record<string, Answer>
  readonly #fed = new Map<number, Buffer[]>()

  constructor(partitions = 1, nodes = 1) {
    this.answers = {
      FindCoordinator: () => ({ coordinators: [{ key: 'g', nodeId: 0, host: 'h', port: 1, errorCode: 0, errorMessage: null }] }),
      JoinGroup: ({ message }) => ({
        errorCode: 0,
        generationId: 1,
        protocolType: 'consumer',
        protocolName: 'range',
        leader: 'm',
        memberId: 'm',
        skipAssignment: false,
        members: [{ memberId: 'm', groupInstanceId: null, metadata: message.protocols[0].metadata }],
      }),
      SyncGroup: ({ message }) => ({ errorCode: 0, assignment: message.assignments[0].assignment }),
      Heartbeat: () => ({ errorCode: 0 }),
      LeaveGroup: () => ({ errorCode: 0, members: [] }),
      OffsetFetch: ({ message }) => ({ groups: message.groups.map(committedNothing) }),
      OffsetCommit: ({ message }) => commitResponse(message, 0),
      ListOffsets: ({ message }) => listOffsetsResponse(message),
      Fetch: (request) => this.#fetchResponse(request),
    }
    this.client = new MockClient({
      clock: systemClock,
      nodes,
      answer: (request) => {
        this.log.push(request)
        return this.answers[request.api.name]?.(request)
      },
    })
    this.client.updateMetadata({ t: { leaders: Array.from({ length: partitions }, (_, partition) => partition % nodes) } })
  }

  consumer(
    options: Partial<ConsumerOptions<string, string>> = {},
    interceptors: readonly ConsumerInterceptor<string, string>[] = [],
    parts: ClientParts = {},
  ): KafkaConsumer<string, string> {
    return new KafkaConsumer<string, string>(
      {
        bootstrapServers: 'unused:1',
        groupId: 'g',
        autoOffsetReset: 'earliest',
        retryBackoffMs: 1,
        logger: silentLogger,
        keyDeserializer: stringDeserializer,
        valueDeserializer: stringDeserializer,
        ...options,
        ...{ [clientParts]: { client: this.client, ...parts } },
      },
      interceptors,
    )
  }

  /** Values for the next fetch of the partition. A fetch that waits gets them at once. */
  feed(partition: number, values: readonly string[], baseOffset: number): void {
    this.feedBytes(
      partition,
      encodeBatch(
        values.map((value) => ({ value })),
        { baseOffset },
      ),
    )
  }

  feedBytes(partition: number, bytes: Buffer): void {
    const fed = this.#fed.get(partition)
    if (fed === undefined) this.#fed.set(partition, [bytes])
    else fed.push(bytes)
    for (const request of this.client.requests.filter(({ api }) => api.name === 'Fetch')) {
      const response = this.#fetchResponse(request)
      if (response !== undefined) request.respond(response)
    }
  }

  requests(api: string): MockRequest[] {
    return this.log.filter((request) => request.api.name === api)
  }

  #fetchResponse({ message }: MockRequest): object | undefined {
    for (const { partitions } of message.topics) {
      for (const { partition } of partitions) {
        const records = this.#fed.get(partition)?.shift()
        if (records !== undefined) return fetchResponse(partition, { records })
      }
    }
    return undefined
  }
}

export function fetchResponse(partition: number, data: object): object {
  const defaults = {
    errorCode: 0,
    highWatermark: 0,
    lastStableOffset: 0,
    logStartOffset: 0,
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: null,
  }
  return { errorCode: 0, responses: [{ topic: 't', topicId: '', partitions: [{ ...defaults, partitionIndex: partition, ...data }] }] }
}

export function commitResponse(message: any, errorCode: number): object {
  return {
    topics: message.topics.map(({ name, partitions }: any) => ({
      name,
      partitions: partitions.map(({ partitionIndex }: any) => ({ partitionIndex, errorCode })),
    })),
  }
}

function committedNothing({ groupId, topics }: any): object {
  return {
    groupId,
    errorCode: 0,
    topics: topics.map(({ name, partitionIndexes }: any) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex: number) => ({
        partitionIndex,
        committedOffset: -1,
        committedLeaderEpoch: -1,
        metadata: '',
        errorCode: 0,
      })),
    })),
  }
}

function listOffsetsResponse({ topics }: any): object {
  return {
    topics: topics.map(({ name, partitions }: any) => ({
      name,
      partitions: partitions.map(({ partitionIndex }: any) => ({
        partitionIndex,
        errorCode: 0,
        offset: 0,
        timestamp: -1,
        leaderEpoch: -1,
      })),
    })),
  }
}
