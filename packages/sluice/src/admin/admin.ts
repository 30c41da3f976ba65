import { errorCodes } from '@sluice/protocol'
import { createTopicsApi } from '@sluice/protocol/messages/create-topics'
import { deleteTopicsApi } from '@sluice/protocol/messages/delete-topics'
import { describeConfigsApi } from '@sluice/protocol/messages/describe-configs'
import { listOffsetsApi } from '@sluice/protocol/messages/list-offsets'
import { type MetadataResponse, metadataApi } from '@sluice/protocol/messages/metadata'
import { type Clock, systemClock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import { kafkaErrorFor } from '../network/broker-error.ts'
import { partsOf } from '../network/client-parts.ts'
import type { Node, PartitionInfo, TopicInfo } from '../network/cluster.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import { Metadata } from '../network/metadata.ts'
import { NetworkClient } from '../network/network-client.ts'
import type { AdminOptions, ResolvedAdminOptions } from '../options/admin-options.ts'
import { checkCallOptions } from '../options/call-options.ts'
import { resolveAdminOptions } from '../options/resolve-options.ts'
import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import { type Attempt, type CallOptions, ClusterCalls } from './cluster-calls.ts'
import { GroupCalls, type GroupDescription, type GroupListing } from './group-calls.ts'

export interface NewTopic {
  readonly topic: string
  /** @default the broker's num.partitions */
  readonly partitions?: number
  /** @default the broker's default.replication.factor */
  readonly replicationFactor?: number
  /** Topic configurations by Kafka's names, such as `retention.ms`. */
  readonly configs?: Readonly<Record<string, string | number | boolean>>
}

export interface ClusterDescription {
  readonly clusterId: string | null
  /** -1 when there is none at present. */
  readonly controllerId: number
  readonly nodes: readonly Node[]
}

export interface ConfigResource {
  readonly type: 'topic' | 'broker'
  /** The topic, or the broker's id. */
  readonly name: string
}

export interface ConfigEntry {
  readonly name: string
  /** Null when it is sensitive or not set. */
  readonly value: string | null
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  /** True when nobody has set it. */
  readonly isDefault: boolean
}

export interface ResourceConfigs extends ConfigResource {
  readonly entries: readonly ConfigEntry[]
}

/** `earliest`, `latest`, the record with the largest timestamp, or the first at or after a time in milliseconds since 1970. */
export type OffsetSpec = 'earliest' | 'latest' | 'maxTimestamp' | number

export interface ListedOffset extends TopicPartitionOffset {
  /** Of the record at the offset, when a time was asked for; else -1. */
  readonly timestamp: number
}

const resourceTypes = { topic: 2, broker: 4 } as const
const offsetSpecs = { latest: -1, earliest: -2, maxTimestamp: -3 } as const
const NEW_TOPIC: readonly string[] = ['topic', 'partitions', 'replicationFactor', 'configs']
const DEFAULT_CONFIG_SOURCE = 5
/** Version 6 of DeleteTopics takes names in another field; before, and beside it, there are names only. */
const FIRST_DELETE_VERSION_WITH_STATES = 6
/** Before version 4 a topic has to be created with the numbers spelled out. */
const FIRST_CREATE_VERSION_WITH_DEFAULTS = 4

/** What an application, a test or a script needs to set up and look at a cluster (Java: Admin). */
export class KafkaAdmin implements AsyncDisposable {
  readonly #options: ResolvedAdminOptions
  readonly #client: KafkaClient
  readonly #calls: ClusterCalls
  readonly #groups: GroupCalls
  readonly #closing = new AbortController()

  /** Throws CONFIG for options that are missing, unknown or wrong. */
  constructor(options: AdminOptions) {
    const parts = partsOf(options)
    const clock = parts.clock ?? systemClock
    this.#options = resolveAdminOptions(options)
    this.#client = parts.client ?? connect(this.#options, clock)
    this.#calls = new ClusterCalls(this.#client, this.#options, clock, this.#closing.signal)
    this.#groups = new GroupCalls(this.#calls)
  }

  /** Creates all of the topics; rejects with the first one's error, such as TOPIC_ALREADY_EXISTS, when some could not be. */
  async createTopics(topics: readonly NewTopic[], options: CallOptions = {}): Promise<void> {
    for (const topic of topics) checkCallOptions('createTopics', topic, NEW_TOPIC)
    await this.#calls.run('createTopics', options, async (part) => {
      const response = await this.#calls.request(
        await this.#calls.controller(part),
        createTopicsApi,
        (version) => ({
          topics: topics.map(({ topic, partitions, replicationFactor, configs }) => ({
            name: topic,
            numPartitions: partitions ?? (version >= FIRST_CREATE_VERSION_WITH_DEFAULTS ? -1 : 1),
            replicationFactor: replicationFactor ?? (version >= FIRST_CREATE_VERSION_WITH_DEFAULTS ? -1 : 1),
            configs: Object.entries(configs ?? {}).map(([name, value]) => ({ name, value: String(value) })),
          })),
          timeoutMs: Math.ceil(part.remainingMs),
        }),
        part,
      )
      for (const { name, errorCode, errorMessage } of response.topics) {
        if (errorCode !== errorCodes.NONE) throw kafkaErrorFor(errorCode, { topic: name, message: errorMessage })
      }
    })
  }

  /** Deletes all of the topics; rejects with the first one's error when some could not be. */
  async deleteTopics(topics: readonly string[], options: CallOptions = {}): Promise<void> {
    const missing = await this.#calls.run('deleteTopics', options, async (part) => {
      const timeoutMs = Math.ceil(part.remainingMs)
      const response = await this.#calls.request(
        await this.#calls.controller(part),
        deleteTopicsApi,
        (version) =>
          version >= FIRST_DELETE_VERSION_WITH_STATES
            ? { topics: topics.map((name) => ({ name })), timeoutMs }
            : { topicNames: topics, timeoutMs },
        part,
      )
      let unknown: KafkaError | undefined
      for (const { name, errorCode, errorMessage } of response.responses) {
        if (errorCode === errorCodes.NONE) continue
        const error = kafkaErrorFor(errorCode, { topic: name ?? undefined, message: errorMessage })
        // Retriable elsewhere, since a topic may be on its way; one that is to be deleted will not come by waiting.
        if (errorCode !== errorCodes.UNKNOWN_TOPIC_OR_PARTITION) throw error
        unknown ??= error
      }
      return unknown
    })
    if (missing !== undefined) throw missing
  }

  /** The names of all topics, sorted; internal ones such as `__consumer_offsets` on demand. */
  async listTopics(options: CallOptions & { readonly listInternal?: boolean } = {}): Promise<string[]> {
    const { topics } = await this.#calls.run('listTopics', options, (part) => this.#metadata(null, part))
    const wanted = topics.filter(
      ({ isInternal, errorCode }) => errorCode === errorCodes.NONE && (!isInternal || options.listInternal === true),
    )
    return wanted.map(({ name }) => name ?? '').sort()
  }

  /** In the order of `topics`; rejects with UNKNOWN_TOPIC_OR_PARTITION when one does not exist. */
  async describeTopics(topics: readonly string[], options: CallOptions = {}): Promise<TopicInfo[]> {
    return this.#calls.run('describeTopics', options, async (part) => {
      const response = await this.#metadata(topics, part)
      return topics.map((name) => topicInfo(name, response))
    })
  }

  async describeCluster(options: CallOptions = {}): Promise<ClusterDescription> {
    const { clusterId, controllerId, brokers } = await this.#calls.run('describeCluster', options, (part) => this.#metadata([], part))
    return { clusterId, controllerId, nodes: brokers.map(({ nodeId, host, port, rack }) => ({ id: nodeId, host, port, rack })) }
  }

  async describeConfigs(resources: readonly ConfigResource[], options: CallOptions = {}): Promise<ResourceConfigs[]> {
    return Promise.all(
      resources.map((resource) => this.#calls.run('describeConfigs', options, (part) => this.#describeConfigs(resource, part))),
    )
  }

  /** Asks the leaders. A partition without a record as late as the time asked for is left out. */
  async listOffsets(
    queries: readonly (TopicPartition & { readonly at: OffsetSpec })[],
    options: CallOptions = {},
  ): Promise<ListedOffset[]> {
    for (const { topic, at } of queries) {
      if (typeof at === 'number' ? Number.isSafeInteger(at) && at >= 0 : Object.hasOwn(offsetSpecs, at ?? '')) continue
      const message = `listOffsets: at must be "earliest", "latest", "maxTimestamp" or milliseconds since 1970, not ${JSON.stringify(at)}`
      throw new KafkaError('INVALID_ARGUMENT', message, { topic })
    }
    const found = await this.#calls.run('listOffsets', options, async (part) => {
      const response = await this.#metadata([...new Set(queries.map(({ topic }) => topic))], part)
      const byLeader = Map.groupBy(queries, ({ topic, partition }) => leaderOf(response, topic, partition))
      const requests = [...byLeader].flatMap(([leader, asked]) => onceEach(asked).map((once) => ({ leader, asked: once })))
      const answers = await Promise.all(requests.map(({ leader, asked }) => this.#listOffsets(response, leader, asked, part)))
      return answers.flat()
    })
    return found.filter(({ offset }) => offset >= 0)
  }

  listGroups(options: CallOptions = {}): Promise<GroupListing[]> {
    return this.#groups.list(options)
  }

  /** In the order of `groupIds`. A group that does not exist is described as Dead, as brokers before 4.0 do. */
  describeGroups(groupIds: readonly string[], options: CallOptions = {}): Promise<GroupDescription[]> {
    return Promise.all(groupIds.map((groupId) => this.#groups.describe(groupId, options)))
  }

  /** Rejects with NON_EMPTY_GROUP while one has members. */
  async deleteGroups(groupIds: readonly string[], options: CallOptions = {}): Promise<void> {
    await Promise.all(groupIds.map((groupId) => this.#groups.delete(groupId, options)))
  }

  /** What the group has committed: everything, or of these partitions; those without are left out. */
  fetchOffsets(groupId: string, partitions?: readonly TopicPartition[], options: CallOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#groups.fetchOffsets(groupId, partitions, options)
  }

  /** Calls that wait reject with CLOSED. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#client.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #metadata(topics: readonly string[] | null, part: Attempt): Promise<MetadataResponse> {
    const message = { topics: topics?.map((name) => ({ name })) ?? null, allowAutoTopicCreation: false }
    return this.#calls.request(this.#calls.anyNode(), metadataApi, message, part)
  }

  async #describeConfigs({ type, name }: ConfigResource, part: Attempt): Promise<ResourceConfigs> {
    const node = type === 'broker' ? (await this.#calls.allNodes(part)).find(({ id }) => String(id) === name) : this.#calls.anyNode()
    if (node === undefined) throw new KafkaError('INVALID_ARGUMENT', `the cluster has no broker ${name}`)
    const resources = [{ resourceType: resourceTypes[type], resourceName: name, configurationKeys: null }]
    const { results } = await this.#calls.request(node, describeConfigsApi, { resources }, part)
    const result = results[0]!
    if (result.errorCode !== errorCodes.NONE) throw kafkaErrorFor(result.errorCode, { message: result.errorMessage })
    return {
      type,
      name,
      entries: result.configs.map((config) => ({
        name: config.name,
        value: config.value,
        isReadOnly: config.readOnly,
        isSensitive: config.isSensitive,
        isDefault: config.configSource === DEFAULT_CONFIG_SOURCE,
      })),
    }
  }

  async #listOffsets(
    metadata: MetadataResponse,
    leader: number,
    queries: readonly (TopicPartition & { readonly at: OffsetSpec })[],
    part: Attempt,
  ): Promise<ListedOffset[]> {
    const broker = metadata.brokers.find(({ nodeId }) => nodeId === leader)
    if (broker === undefined) throw new KafkaError('LEADER_NOT_AVAILABLE', 'a partition has no leader at present', { retriable: true })
    const node = { id: broker.nodeId, host: broker.host, port: broker.port, rack: broker.rack }
    const topics = [...Map.groupBy(queries, ({ topic }) => topic)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, at }) => ({
        partitionIndex: partition,
        timestamp: typeof at === 'number' ? at : offsetSpecs[at],
      })),
    }))
    const response = await this.#calls.request(node, listOffsetsApi, { replicaId: -1, topics }, part)
    return response.topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch }) => {
        if (errorCode !== errorCodes.NONE) throw kafkaErrorFor(errorCode, { topic, partition })
        return { topic, partition, offset, timestamp, ...(leaderEpoch >= 0 ? { leaderEpoch } : {}) }
      }),
    )
  }
}

function connect(options: ResolvedAdminOptions, clock: Clock): KafkaClient {
  const { logger } = options
  const metadata = new Metadata({ ...options, allowAutoTopicCreation: false, clock })
  return new NetworkClient({ ...options, maxInFlightRequestsPerConnection: 100 }, metadata, { clock, logger })
}

function topicInfo(name: string, response: MetadataResponse): TopicInfo {
  const topic = response.topics.find((candidate) => candidate.name === name)
  const errorCode = topic?.errorCode ?? errorCodes.UNKNOWN_TOPIC_OR_PARTITION
  if (topic === undefined || errorCode !== errorCodes.NONE) throw final(kafkaErrorFor(errorCode, { topic: name }))
  const partitions: PartitionInfo[] = topic.partitions.map((partition) => ({
    topic: name,
    partition: partition.partitionIndex,
    leader: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    inSyncReplicas: partition.isrNodes,
  }))
  partitions.sort((a, b) => a.partition - b.partition)
  return { name, id: topic.topicId, isInternal: topic.isInternal, partitions }
}

/** Brokers refuse a request that names a partition twice, so each of these names it once at most. */
function onceEach<T extends TopicPartition>(queries: readonly T[]): T[][] {
  const requests: T[][] = []
  const counts = new Map<string, number>()
  for (const query of queries) {
    const name = `${query.topic}-${query.partition}`
    const count = counts.get(name) ?? 0
    counts.set(name, count + 1)
    requests[count] ??= []
    requests[count].push(query)
  }
  return requests
}

function leaderOf(response: MetadataResponse, topic: string, partition: number): number {
  const found = topicInfo(topic, response).partitions.find((candidate) => candidate.partition === partition)
  if (found === undefined) throw final(kafkaErrorFor(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, { topic, partition }))
  return found.leader
}

/** For an admin client a topic that does not exist is an answer; nobody is about to create it. */
function final(error: KafkaError): KafkaError {
  if (error.code !== 'UNKNOWN_TOPIC_OR_PARTITION') return error
  return new KafkaError(error.code, error.message, { topic: error.topic, partition: error.partition })
}
