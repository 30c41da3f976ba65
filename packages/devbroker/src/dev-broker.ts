import { Credentials, saslMechanisms } from './auth/credentials.ts'
import { Cluster } from './broker/cluster.ts'
import { BrokerNode } from './broker/node.ts'
import type { Partition } from './broker/partition.ts'
import { Router } from './broker/router.ts'
import type { Topic } from './broker/topic.ts'
import { DevBrokerError } from './errors.ts'
import type { DevBrokerApi } from './faults/api-messages.ts'
import { checkApi } from './faults/check-api.ts'
import { Faults } from './faults/faults.ts'
import { type DevBrokerJournal, Journal } from './faults/journal.ts'
import { apiHandlers } from './handlers/index.ts'
import { type DecodedRecord, decodeRecords } from './log/decoded-records.ts'
import { checkTopicOptions, type DevBrokerOptions, resolveOptions, type TopicOptions, topicEntries } from './options.ts'
import { type NewRecord, type ProducedRecord, produceRecords } from './produce-records.ts'
import {
  CoordinatorView,
  type DevBrokerCoordinator,
  type DevBrokerGroup,
  type DevBrokerNode,
  type DevBrokerPartition,
  GroupView,
  PartitionView,
} from './views.ts'

/** What an old broker would serve: the lowest and highest version per API, or null for an API that it does not have. */
export type ApiCaps = Readonly<Partial<Record<DevBrokerApi, readonly [min: number, max: number] | null>>>

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
  readonly #router: Router
  /** What goes wrong on purpose: queued errors and drops, latency, full disks, hooks, chaos. */
  readonly faults: Faults
  /** The last `journalSize` requests that came. */
  readonly journal: DevBrokerJournal
  #closing: Promise<void> | undefined

  private constructor(cluster: Cluster, router: Router) {
    this.#cluster = cluster
    this.#router = router
    this.faults = new Faults(cluster)
    this.journal = cluster.journal ?? new Journal(0, cluster.clock)
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
    const broker = new DevBroker(cluster, router)
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

  /** The node that coordinates a group, now and after it has changed. Its properties throw COORDINATOR_NOT_AVAILABLE while every node is down. */
  coordinator(groupId: string): DevBrokerCoordinator {
    return new CoordinatorView(this.#cluster, groupId)
  }

  /** A consumer group, which need not exist yet. */
  group(groupId: string): DevBrokerGroup {
    return new GroupView(this.#cluster, groupId)
  }

  /**
   * Serves APIs in the given versions only, or with null not at all, like an old broker; the others again in full. What is
   * announced follows; requests in other versions close the connection. `{}` ends it. Throws INVALID_OPTION for versions that
   * the broker does not have.
   */
  caps(caps: ApiCaps): void {
    const limits = new Map<number, readonly [min: number, max: number] | null>()
    for (const [name, cap] of Object.entries(caps)) {
      checkApi(name)
      const { api, minVersion, maxVersion } = apiHandlers.find((handler) => handler.api.name === name)!
      if (cap !== null && !(cap[0] >= minVersion && cap[1] >= cap[0] && cap[1] <= maxVersion)) {
        const message = `${name} cannot be served in versions ${cap.join(' to ')}: there are ${minVersion} to ${maxVersion}`
        throw new DevBrokerError('INVALID_OPTION', message)
      }
      limits.set(api.key, cap)
    }
    this.#router.limit(limits)
  }

  /** Puts records into a topic without going over the wire; consumers that wait get them at once. Throws, such as MESSAGE_TOO_LARGE. */
  async produce(topic: string, records: readonly NewRecord[]): Promise<ProducedRecord[]> {
    return produceRecords(this.#topic(topic), records, this.#cluster.clock)
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
