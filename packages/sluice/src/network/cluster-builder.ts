import type { MetadataResponse, MetadataResponseTopic } from '@sluice/protocol/messages/metadata'
import type { KafkaError } from '../errors.ts'
import { kafkaErrorFor, meansStaleMetadata } from './broker-error.ts'
import type { Cluster, Node, PartitionInfo, TopicInfo } from './cluster.ts'

/** Kafka's all-zero UUID: the broker gave no topic id. */
const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

export interface BuildOptions {
  /** A partial answer is merged into the picture before; a whole one replaces it. */
  readonly partial: boolean
  readonly retain: (topic: string, isInternal: boolean) => boolean
}

export interface BuiltCluster {
  readonly cluster: Cluster
  /** Some topic or partition has no usable answer yet: ask again. */
  readonly stale: boolean
  /** No leader, epoch, topic or error differs from the picture before. */
  readonly equivalent: boolean
  /** Errors of topics that may pass by themselves, such as UNKNOWN_TOPIC_OR_PARTITION; they are no part of the picture. */
  readonly passingErrors: ReadonlyMap<string, KafkaError>
}

export function bootstrapCluster(nodes: readonly Node[]): Cluster {
  return {
    clusterId: null,
    controllerId: -1,
    nodes: new Map(nodes.map((node) => [node.id, node])),
    topics: new Map(),
    topicNamesById: new Map(),
    topicErrors: new Map(),
  }
}

/** Makes the next picture of the cluster out of the one before and a Metadata response. */
export function buildCluster(before: Cluster, response: MetadataResponse, options: BuildOptions): BuiltCluster {
  const nodes = new Map<number, Node>()
  for (const broker of response.brokers) {
    nodes.set(broker.nodeId, { id: broker.nodeId, host: broker.host, port: broker.port, rack: broker.rack })
  }
  const topics = new Map<string, TopicInfo>()
  const topicErrors = new Map<string, KafkaError>()
  if (options.partial) {
    for (const [name, topic] of before.topics) if (options.retain(name, topic.isInternal)) topics.set(name, topic)
    for (const [name, error] of before.topicErrors) if (options.retain(name, false)) topicErrors.set(name, error)
  }
  const passingErrors = new Map<string, KafkaError>()
  let stale = false
  let equivalent = true
  for (const answer of response.topics) {
    const name = answer.name
    if (name === null || !options.retain(name, answer.isInternal)) continue
    topics.delete(name)
    topicErrors.delete(name)
    if (answer.errorCode !== 0) {
      const error = kafkaErrorFor(answer.errorCode, { topic: name })
      if (error.retriable || meansStaleMetadata(answer.errorCode)) {
        stale = true
        passingErrors.set(name, error)
      } else topicErrors.set(name, error)
      continue
    }
    const topic = buildTopic(name, answer, nodes, before.topics.get(name))
    if (topic.stale) stale = true
    if (!topic.equivalent) equivalent = false
    topics.set(name, topic.info)
  }
  const topicNamesById = new Map<string, string>()
  for (const topic of topics.values()) if (topic.id !== undefined) topicNamesById.set(topic.id, topic.name)
  const cluster: Cluster = {
    clusterId: response.clusterId,
    controllerId: response.controllerId,
    nodes,
    topics,
    topicNamesById,
    topicErrors,
  }
  return { cluster, stale, equivalent, passingErrors }
}

function buildTopic(
  name: string,
  answer: MetadataResponseTopic,
  nodes: ReadonlyMap<number, Node>,
  before: TopicInfo | undefined,
): { readonly info: TopicInfo; readonly stale: boolean; readonly equivalent: boolean } {
  const id = answer.topicId === NO_ID ? undefined : answer.topicId
  // A topic that was deleted and made again starts its epochs anew.
  const sameTopic = before !== undefined && (id === undefined || before.id === undefined || before.id === id)
  const partitions: PartitionInfo[] = []
  let stale = false
  let equivalent = before !== undefined && sameTopic && before.partitions.length === answer.partitions.length
  for (const answered of answer.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex)) {
    const partition = partitions.length
    if (answered.partitionIndex !== partition) {
      // Numbers have no gaps in Kafka; `partitions[p]` must be partition p, so what follows a gap is left out.
      stale = true
      break
    }
    if (meansStaleMetadata(answered.errorCode)) stale = true
    const earlier = sameTopic ? before.partitions[partition] : undefined
    if (earlier !== undefined && answered.leaderEpoch >= 0 && answered.leaderEpoch < earlier.leaderEpoch) {
      // Brokers learn of elections at different times: an older epoch never replaces a newer one.
      partitions.push(nodes.has(earlier.leader) ? earlier : { ...earlier, leader: -1 })
      continue
    }
    if (earlier?.leader !== answered.leaderId || earlier.leaderEpoch !== answered.leaderEpoch) equivalent = false
    partitions.push({
      topic: name,
      partition,
      leader: nodes.has(answered.leaderId) ? answered.leaderId : -1,
      leaderEpoch: answered.leaderEpoch,
      replicas: answered.replicaNodes,
      inSyncReplicas: answered.isrNodes,
    })
  }
  return { info: { name, id, isInternal: answer.isInternal, partitions }, stale, equivalent }
}

/** A picture in which one partition has another leader (KIP-951); `nodes` are brokers that the hint came with. */
export function withLeader(before: Cluster, partition: PartitionInfo, nodes: readonly Node[]): Cluster {
  const topic = before.topics.get(partition.topic)!
  const topics = new Map(before.topics)
  topics.set(topic.name, { ...topic, partitions: topic.partitions.with(partition.partition, partition) })
  const allNodes = new Map(before.nodes)
  for (const node of nodes) allNodes.set(node.id, node)
  return { ...before, topics, nodes: allNodes }
}
