import { Credentials, saslMechanisms } from './auth/credentials.ts'
import { Cluster } from './broker/cluster.ts'
import { BrokerNode } from './broker/node.ts'
import type { Partition } from './broker/partition.ts'
import { Router } from './broker/router.ts'
import type { Topic } from './broker/topic.ts'
import { DevBrokerError } from './errors.ts'
import { apiHandlers } from './handlers/index.ts'
import { type DecodedRecord, decodeRecords } from './log/decoded-records.ts'
import { checkTopicOptions, type DevBrokerOptions, resolveOptions, type TopicOptions, topicEntries } from './options.ts'

/** One node, as tests see it. */
export interface DevBrokerNode {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly isUp: boolean
  /** Stops listening and drops every connection; leadership goes to other replicas that are up. Data is not lost. */
  down(): Promise<void>
  /** Listens again, on the same port. */
  up(): Promise<void>
}

/** One partition, as tests see it. */
export interface DevBrokerPartition {
  readonly topic: string
  readonly partition: number
  /** Node id; -1 while no replica is up. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly startOffset: number
  readonly endOffset: number
  /** Makes another node the leader, in a new epoch; the old one answers NOT_LEADER_OR_FOLLOWER from now on. */
  moveLeader(nodeId: number): void
}

/**
 * A Kafka-protocol broker inside this process, for development and tests: several nodes on loopback ports, records in
 * memory. It does not replicate, keep anything on disk or authorize, and must not be taken for Kafka.
 *
 * @example
 * await using broker = await DevBroker.start({ nodes: 3, topics: { orders: 6 } })
 * connect(broker.bootstrapServers)
 */
export class DevBroker implements AsyncDisposable {
  readonly #cluster: Cluster
  #closing: Promise<void> | undefined

  private constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Listens on every node before it resolves. Rejects with `DevBrokerError` when an option is wrong or a port is taken; then nothing is left behind. */
  static async start(options: DevBrokerOptions = {}): Promise<DevBroker> {
    const resolved = resolveOptions(options)
    const { sasl, tls, host, advertisedHost, port } = resolved
    const cluster = new Cluster({
      ...resolved,
      logger: resolved.log,
      credentials: sasl === undefined ? null : new Credentials(sasl.users, sasl.mechanisms ?? saslMechanisms),
    })
    const router = new Router(apiHandlers)
    for (let id = 1; id <= resolved.nodes; id++) {
      const nodePort = port === 0 ? 0 : port + id - 1
      cluster.addNode(new BrokerNode({ id, host, advertisedHost, port: nodePort, tls: tls ?? null }, cluster, router))
    }
    const broker = new DevBroker(cluster)
    try {
      await Promise.all([...cluster.nodes.values()].map((node) => node.up()))
      for (const [name, topic] of topicEntries(resolved.topics)) broker.createTopic(name, topic)
    } catch (error) {
      await broker.close()
      throw error
    }
    return broker
  }

  /** `host:port` of every node, separated by commas. */
  get bootstrapServers(): string {
    return [...this.#cluster.nodes.values()].map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',')
  }

  get clusterId(): string {
    return this.#cluster.clusterId
  }

  /** In order of id. */
  get nodes(): readonly DevBrokerNode[] {
    return [...this.#cluster.nodes.values()]
  }

  /** Names, in order of creation. */
  get topics(): readonly string[] {
    return [...this.#cluster.topics.keys()]
  }

  /** Bytes that records take at present, of `maxMemoryBytes`. */
  get memoryBytes(): number {
    return this.#cluster.budget.usedBytes
  }

  /** Throws `DevBrokerError` with Kafka's name, such as TOPIC_ALREADY_EXISTS or INVALID_REPLICATION_FACTOR. */
  createTopic(name: string, topic: number | TopicOptions = {}): void {
    this.#assertOpen()
    const { partitions, replicationFactor, configs } = typeof topic === 'number' ? { partitions: topic } : checkTopicOptions(topic)
    const texts = Object.entries(configs ?? {}).map(([key, value]) => [key, String(value)] as const)
    this.#cluster.createTopic(name, { partitions, replicationFactor, configs: texts })
  }

  deleteTopic(name: string): void {
    this.#cluster.deleteTopic(this.#topic(name))
  }

  node(id: number): DevBrokerNode {
    const node = this.#cluster.nodes.get(id)
    if (node !== undefined) return node
    throw new DevBrokerError('BROKER_NOT_AVAILABLE', `there is no node ${id}, only ${[...this.#cluster.nodes.keys()].join(', ')}`)
  }

  partition(topic: string, partition: number): DevBrokerPartition {
    return new PartitionView(this.#cluster, this.#partition(topic, partition))
  }

  /** The node that coordinates a group; undefined while all are down. */
  coordinator(groupId: string): DevBrokerNode | undefined {
    return this.#cluster.coordinatorFor(groupId)
  }

  /**
   * Every record of a topic, or of one of its partitions, decoded without going over the wire: for assertions. By partition,
   * then by offset. Batches in snappy or lz4 need the same optional packages as a client.
   */
  async records(topic: string, partition?: number): Promise<DecodedRecord[]> {
    const partitions = partition === undefined ? this.#topic(topic).partitions : [this.#partition(topic, partition)]
    const records: DecodedRecord[] = []
    for (const { log, index } of partitions) for (const record of await decodeRecords(log, index)) records.push(record)
    return records
  }

  /** The offset that the next record gets, by partition. */
  endOffsets(topic: string): number[] {
    return this.#topic(topic).partitions.map(({ log }) => log.endOffset)
  }

  /** Drops every connection, stops listening, forgets all records. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#cluster.nodes.values()].map((node) => node.down()))
    this.#cluster.close()
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new DevBrokerError('CLOSED', 'the development broker is closed')
  }

  #topic(name: string): Topic {
    const topic = this.#cluster.topics.get(name)
    if (topic !== undefined) return topic
    this.#assertOpen()
    throw new DevBrokerError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic "${name}"`)
  }

  #partition(topic: string, index: number): Partition {
    const { partitions } = this.#topic(topic)
    const partition = partitions[index]
    if (partition !== undefined) return partition
    const message = `topic "${topic}" has no partition ${index}, only 0 to ${partitions.length - 1}`
    throw new DevBrokerError('UNKNOWN_TOPIC_OR_PARTITION', message)
  }
}

class PartitionView implements DevBrokerPartition {
  readonly #cluster: Cluster
  readonly #partition: Partition

  constructor(cluster: Cluster, partition: Partition) {
    this.#cluster = cluster
    this.#partition = partition
  }

  get topic(): string {
    return this.#partition.topic.name
  }

  get partition(): number {
    return this.#partition.index
  }

  get leader(): number {
    return this.#partition.leader
  }

  get leaderEpoch(): number {
    return this.#partition.leaderEpoch
  }

  get replicas(): readonly number[] {
    return this.#partition.replicas
  }

  get startOffset(): number {
    return this.#partition.log.startOffset
  }

  get endOffset(): number {
    return this.#partition.log.endOffset
  }

  moveLeader(nodeId: number): void {
    this.#cluster.moveLeader(this.#partition, nodeId)
  }
}
