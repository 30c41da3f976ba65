import type { Cluster } from './broker/cluster.ts'
import type { Partition } from './broker/partition.ts'
import { DevBrokerError } from './errors.ts'

/** One node, as tests see it. */
export interface DevBrokerNode {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly isUp: boolean
  /** Stops listening and drops every connection; leadership goes to other replicas that are up. Data is not lost. */
  down(): Promise<void>
  /** Listens again, on the same port, and ends `pauseAccept`. */
  up(): Promise<void>
  /**
   * New connections are set up, but nothing on them is read or answered until `up`, like those of a broker that hangs. Those
   * that are there already go on.
   */
  pauseAccept(): void
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

/** The coordinator of a group: the node that it is at present, whichever that is. */
export interface DevBrokerCoordinator extends DevBrokerNode {
  readonly groupId: string
  /** Makes another node the coordinator; the old one answers NOT_COORDINATOR from now on. Members and offsets are kept. */
  moveTo(nodeId: number): void
}

export interface DevBrokerGroupMember {
  readonly memberId: string
  readonly clientId: string
  readonly groupInstanceId: string | null
}

/** One consumer group, as tests see it. */
export interface DevBrokerGroup {
  readonly groupId: string
  /** Kafka's name, such as `Stable`; `Dead` when there is no such group. */
  readonly state: string
  readonly members: readonly DevBrokerGroupMember[]
  /** Ends a member's session at once, as if its heartbeats had stopped. Throws UNKNOWN_MEMBER_ID. */
  expire(memberId: string): void
}

export class PartitionView implements DevBrokerPartition {
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

export class CoordinatorView implements DevBrokerCoordinator {
  readonly groupId: string
  readonly #cluster: Cluster

  constructor(cluster: Cluster, groupId: string) {
    this.#cluster = cluster
    this.groupId = groupId
  }

  get id(): number {
    return this.#node.id
  }

  get host(): string {
    return this.#node.host
  }

  get port(): number {
    return this.#node.port
  }

  get isUp(): boolean {
    return this.#cluster.coordinatorFor(this.groupId) !== undefined
  }

  down(): Promise<void> {
    return this.#node.down()
  }

  up(): Promise<void> {
    return this.#node.up()
  }

  pauseAccept(): void {
    this.#node.pauseAccept()
  }

  moveTo(nodeId: number): void {
    this.#cluster.moveCoordinator(this.groupId, nodeId)
  }

  get #node(): DevBrokerNode {
    const node = this.#cluster.coordinatorFor(this.groupId)
    if (node !== undefined) return node
    throw new DevBrokerError('COORDINATOR_NOT_AVAILABLE', `group "${this.groupId}" has no coordinator while every node is down`)
  }
}

export class GroupView implements DevBrokerGroup {
  readonly groupId: string
  readonly #cluster: Cluster

  constructor(cluster: Cluster, groupId: string) {
    this.#cluster = cluster
    this.groupId = groupId
  }

  get state(): string {
    return this.#cluster.groups.describe(this.groupId)?.state ?? 'Dead'
  }

  get members(): readonly DevBrokerGroupMember[] {
    const members = this.#cluster.groups.describe(this.groupId)?.members ?? []
    return members.map(({ memberId, clientId, groupInstanceId }) => ({ memberId, clientId, groupInstanceId }))
  }

  expire(memberId: string): void {
    if (this.#cluster.groups.expire(this.groupId, memberId)) return
    throw new DevBrokerError('UNKNOWN_MEMBER_ID', `group "${this.groupId}" has no member "${memberId}"`)
  }
}
