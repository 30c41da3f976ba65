/** A broker as metadata describes it. Bootstrap addresses have negative ids until the first metadata response. */
export interface Node {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionInfo {
  readonly topic: string
  readonly partition: number
  /** Node id of the leader; -1 when there is none at present. */
  readonly leader: number
  /** -1 when the broker does not say. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
}

export interface TopicInfo {
  readonly name: string
  /** Kafka's base64url form; undefined when the broker gives none. */
  readonly id: string | undefined
  readonly isInternal: boolean
  /** Indexed by partition number: `partitions[p].partition === p`. */
  readonly partitions: readonly PartitionInfo[]
}

/** One immutable picture of the cluster. A metadata update makes a new one. */
export interface Cluster {
  readonly clusterId: string | null
  readonly controllerId: number
  readonly nodes: ReadonlyMap<number, Node>
  readonly topics: ReadonlyMap<string, TopicInfo>
  readonly topicNamesById: ReadonlyMap<string, string>
  /** Topics that the last update answered with an error, such as INVALID_TOPIC_EXCEPTION or TOPIC_AUTHORIZATION_FAILED. */
  readonly topicErrors: ReadonlyMap<string, import('../errors.ts').KafkaError>
}
