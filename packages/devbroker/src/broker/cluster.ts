import { randomBytes } from 'node:crypto'
import type { Credentials } from '../auth/credentials.ts'
import type { Clock } from '../clock.ts'
import { DevBrokerError } from '../errors.ts'
import type { FaultInjector } from '../faults/faults.ts'
import { Journal } from '../faults/journal.ts'
import { GroupCoordinator } from '../groups/group-coordinator.ts'
import { MemoryBudget } from '../log/memory-budget.ts'
import type { Logger } from '../logger.ts'
import type { BrokerNode } from './node.ts'
import { Partition } from './partition.ts'
import { illegalTopicName, Topic } from './topic.ts'
import { TopicConfig } from './topic-config.ts'

export interface ClusterOptions {
  readonly clusterId: string
  readonly clock: Clock
  readonly logger: Logger
  readonly autoCreateTopics: boolean
  readonly defaultPartitions: number
  readonly maxMemoryBytes: number
  readonly verifyCrc: boolean
  readonly groupInitialRebalanceDelayMs: number
  /** How many requests the journal keeps; 0 for none. */
  readonly journalSize?: number
  /** Null when clients need not authenticate. */
  readonly credentials: Credentials | null
}

export interface NewTopic {
  /** Default: `defaultPartitions`. */
  readonly partitions?: number
  /** Default: 3, or the number of nodes if that is smaller. */
  readonly replicationFactor?: number
  /** Node ids per partition, in place of the two numbers. */
  readonly assignments?: readonly (readonly number[])[]
  readonly configs?: Iterable<readonly [string, string]>
}

/** More than this per topic is taken for a mistake. */
const MAX_PARTITIONS = 10_000
/** Of all topics together: each takes about a kilobyte, records aside, and any client may ask for more. */
export const MAX_PARTITIONS_OF_ALL = 100_000
const DEFAULT_REPLICATION_FACTOR = 3

/** All state of the broker, on one thread. A node is no more than an address through which clients reach it. */
export class Cluster {
  readonly clusterId: string
  readonly clock: Clock
  readonly logger: Logger
  readonly autoCreateTopics: boolean
  readonly verifyCrc: boolean
  readonly defaultPartitions: number
  readonly groupInitialRebalanceDelayMs: number
  readonly credentials: Credentials | null
  readonly groups: GroupCoordinator
  readonly budget: MemoryBudget
  /** By id, in order of id. */
  readonly nodes: Map<number, BrokerNode> = new Map()
  readonly topics: Map<string, Topic> = new Map()
  /** Null while requests are not noted. */
  readonly journal: Journal | null
  /** Null while nothing is to go wrong. */
  injector: FaultInjector | null = null
  readonly #topicsById: Map<string, Topic> = new Map()
  #live: ReadonlySet<number> = new Set()
  /** Groups that were given a coordinator; it counts while its node is up. */
  readonly #movedGroups: Map<string, number> = new Map()
  #nextProducerId = 1000
  #partitionCount = 0
  /** Where the leader of the next topic's first partition goes. */
  #rotation = 0

  constructor(options: ClusterOptions) {
    this.clusterId = options.clusterId
    this.clock = options.clock
    this.logger = options.logger
    this.autoCreateTopics = options.autoCreateTopics
    this.verifyCrc = options.verifyCrc
    this.credentials = options.credentials
    this.budget = new MemoryBudget(options.maxMemoryBytes, options.logger)
    this.defaultPartitions = options.defaultPartitions
    this.groupInitialRebalanceDelayMs = options.groupInitialRebalanceDelayMs
    const { journalSize = 0 } = options
    this.journal = journalSize === 0 ? null : new Journal(journalSize, options.clock)
    this.groups = new GroupCoordinator({
      clock: options.clock,
      initialRebalanceDelayMs: options.groupInitialRebalanceDelayMs,
      topicPartitions: (topic) => this.topics.get(topic)?.partitions.length,
    })
  }

  addNode(node: BrokerNode): void {
    this.nodes.set(node.id, node)
  }

  get defaultReplicationFactor(): number {
    return Math.min(DEFAULT_REPLICATION_FACTOR, this.nodes.size)
  }

  liveNodes(): BrokerNode[] {
    return [...this.nodes.values()].filter((node) => node.isUp)
  }

  /** The live node with the lowest id; undefined when all are down. */
  controller(): BrokerNode | undefined {
    for (const node of this.nodes.values()) if (node.isUp) return node
    return undefined
  }

  /** The live node that coordinates a group; undefined when all are down. The keys of a node that is down go to the next one. */
  coordinatorFor(key: string): BrokerNode | undefined {
    const id = this.#coordinatorIn(this.#live, key)
    return id === undefined ? undefined : this.nodes.get(id)
  }

  /** Makes `nodeId` the coordinator of a group: what waits at the old one is answered with NOT_COORDINATOR. */
  moveCoordinator(groupId: string, nodeId: number): void {
    const node = this.nodes.get(nodeId)
    if (!node?.isUp) {
      const message = `group "${groupId}" cannot move to node ${nodeId}: ${node === undefined ? 'there is no such node' : 'it is down'}`
      throw new DevBrokerError('BROKER_NOT_AVAILABLE', message)
    }
    if (this.coordinatorFor(groupId) === node) return
    this.#movedGroups.set(groupId, nodeId)
    this.groups.coordinatorMoved((each) => each === groupId)
  }

  #coordinatorIn(live: ReadonlySet<number>, key: string): number | undefined {
    const moved = this.#movedGroups.get(key)
    if (moved !== undefined && live.has(moved)) return moved
    const ids = [...this.nodes.keys()]
    const first = hash(key) % ids.length
    for (let i = 0; i < ids.length; i++) {
      const id = ids[(first + i) % ids.length]!
      if (live.has(id)) return id
    }
    return undefined
  }

  topicById(id: string): Topic | undefined {
    return this.#topicsById.get(id)
  }

  partition(topic: string, partition: number): Partition | undefined {
    return this.topics.get(topic)?.partitions[partition]
  }

  nextProducerId(): number {
    return this.#nextProducerId++
  }

  /** Throws `DevBrokerError` with Kafka's error name. With `validateOnly` the topic is returned but not kept. */
  createTopic(name: string, wanted: NewTopic = {}, validateOnly = false): Topic {
    const illegal = illegalTopicName(name)
    if (illegal !== null) throw new DevBrokerError('INVALID_TOPIC_EXCEPTION', illegal)
    if (this.topics.has(name)) throw new DevBrokerError('TOPIC_ALREADY_EXISTS', `topic "${name}" exists already`)
    const assignments = this.#assignments(name, wanted)
    this.#checkRoom(name, assignments.length)
    const topic = new Topic(name, randomBytes(16).toString('base64url'), new TopicConfig(wanted.configs))
    for (const replicas of assignments) this.#addPartition(topic, replicas)
    if (!validateOnly) {
      this.#rotation++
      this.topics.set(name, topic)
      this.#topicsById.set(topic.id, topic)
      this.#partitionCount += topic.partitions.length
    }
    return topic
  }

  #assignments(name: string, wanted: NewTopic): readonly (readonly number[])[] {
    if (wanted.assignments !== undefined) {
      const count = wanted.assignments.length
      if (count > MAX_PARTITIONS) throw new DevBrokerError('INVALID_PARTITIONS', `topic "${name}" cannot have ${count} partitions`)
      for (const replicas of wanted.assignments) this.#checkReplicas(name, replicas)
      return wanted.assignments
    }
    const count = wanted.partitions ?? this.defaultPartitions
    if (!Number.isInteger(count) || count < 1 || count > MAX_PARTITIONS) {
      throw new DevBrokerError('INVALID_PARTITIONS', `topic "${name}" cannot have ${count} partitions: 1 to ${MAX_PARTITIONS} are possible`)
    }
    const factor = wanted.replicationFactor ?? this.defaultReplicationFactor
    if (!Number.isInteger(factor) || factor < 1 || factor > this.nodes.size) {
      const message = `topic "${name}" cannot have replication factor ${factor}: there are ${this.nodes.size} nodes`
      throw new DevBrokerError('INVALID_REPLICATION_FACTOR', message)
    }
    return Array.from({ length: count }, (_, partition) => this.#spread(this.#rotation + partition, factor))
  }

  #spread(first: number, factor: number): number[] {
    const ids = [...this.nodes.keys()]
    return Array.from({ length: factor }, (_, replica) => ids[(first + replica) % ids.length]!)
  }

  #checkReplicas(name: string, replicas: readonly number[]): void {
    const known = replicas.every((id) => this.nodes.has(id))
    if (replicas.length === 0 || !known || new Set(replicas).size !== replicas.length) {
      const message = `topic "${name}": [${replicas.slice(0, 20).join(', ')}] is not a list of different node ids out of ${[...this.nodes.keys()].join(', ')}`
      throw new DevBrokerError('INVALID_REPLICA_ASSIGNMENT', message)
    }
  }

  #checkRoom(name: string, partitions: number): void {
    if (this.#partitionCount + partitions <= MAX_PARTITIONS_OF_ALL) return
    const message = `topic "${name}" cannot have ${partitions} partitions more: this broker has ${this.#partitionCount}, and ${MAX_PARTITIONS_OF_ALL} at most`
    throw new DevBrokerError('INVALID_PARTITIONS', message)
  }

  #addPartition(topic: Topic, replicas: readonly number[]): void {
    const partition = new Partition(topic, topic.partitions.length, [...replicas], this.budget, this.clock)
    topic.partitions.push(partition)
    this.#elect(partition)
  }

  /** Adds partitions until there are `count`. Throws INVALID_PARTITIONS when there are as many already. */
  createPartitions(topic: Topic, count: number, assignments: readonly (readonly number[])[] | undefined, validateOnly: boolean): void {
    const present = topic.partitions.length
    if (count <= present || count > MAX_PARTITIONS) {
      const message = `topic "${topic.name}" has ${present} partitions: it can be given more than that, up to ${MAX_PARTITIONS}, not ${count}`
      throw new DevBrokerError('INVALID_PARTITIONS', message)
    }
    if (assignments !== undefined && assignments.length !== count - present) {
      const message = `topic "${topic.name}": ${assignments.length} assignments for ${count - present} new partitions`
      throw new DevBrokerError('INVALID_REPLICA_ASSIGNMENT', message)
    }
    for (const replicas of assignments ?? []) this.#checkReplicas(topic.name, replicas)
    this.#checkRoom(topic.name, count - present)
    if (validateOnly) return
    this.#partitionCount += count - present
    const factor = topic.replicationFactor
    const first = [...this.nodes.keys()].indexOf(topic.partitions[0]!.replicas[0]!)
    for (let index = present; index < count; index++) {
      this.#addPartition(topic, assignments?.[index - present] ?? this.#spread(first + index, factor))
    }
  }

  /** Forgets the topic and all its records. */
  deleteTopic(topic: Topic): void {
    this.topics.delete(topic.name)
    this.#topicsById.delete(topic.id)
    this.#partitionCount -= topic.partitions.length
    this.groups.topicDeleted(topic.name)
    for (const partition of topic.partitions) {
      partition.log.close()
      partition.changed()
    }
  }

  /** Forgets everything; the nodes are down by then. */
  close(): void {
    this.journal?.close()
    this.groups.close()
    for (const topic of [...this.topics.values()]) this.deleteTopic(topic)
  }

  /** Makes `nodeId` the leader, in a new epoch. A node that holds no replica takes the place of the old leader. */
  moveLeader(partition: Partition, nodeId: number): void {
    const node = this.nodes.get(nodeId)
    const name = `${partition.topic.name}-${partition.index}`
    if (node === undefined)
      throw new DevBrokerError('BROKER_NOT_AVAILABLE', `partition ${name} cannot move to node ${nodeId}: there is no such node`)
    if (!node.isUp) throw new DevBrokerError('BROKER_NOT_AVAILABLE', `partition ${name} cannot move to node ${nodeId}: it is down`)
    if (!partition.replicas.includes(nodeId)) {
      const given = partition.leader === -1 ? partition.replicas[0] : partition.leader
      partition.replicas = partition.replicas.map((id) => (id === given ? nodeId : id))
    }
    this.#refreshInSync(partition)
    partition.setLeader(nodeId)
  }

  /** Called when a node came up or went down: partitions without a live leader get the first replica that is up, and groups move. */
  nodesChanged(): void {
    const before = this.#live
    this.#live = new Set(this.liveNodes().map(({ id }) => id))
    for (const topic of this.topics.values()) {
      for (const partition of topic.partitions) this.#elect(partition)
    }
    this.groups.coordinatorMoved((groupId) => this.#coordinatorIn(before, groupId) !== this.#coordinatorIn(this.#live, groupId))
  }

  #elect(partition: Partition): void {
    this.#refreshInSync(partition)
    if (partition.leader !== -1 && partition.inSyncReplicas.includes(partition.leader)) return
    partition.setLeader(partition.inSyncReplicas[0] ?? -1)
  }

  #refreshInSync(partition: Partition): void {
    partition.inSyncReplicas = partition.replicas.filter((id) => this.nodes.get(id)?.isUp === true)
  }
}

/** Java's String.hashCode, made positive: the same key has the same coordinator in every run. */
function hash(key: string): number {
  let value = 0
  for (let i = 0; i < key.length; i++) value = (Math.imul(31, value) + key.charCodeAt(i)) | 0
  return value & 0x7fffffff
}
