import { configError } from '../errors.ts'
import type { Cluster, TopicInfo } from '../network/cluster.ts'
import { isTopicName } from '../record/topic-partition.ts'

/** Names of topics with their number of partitions. */
export type MockTopics = Readonly<Record<string, number>>

/** What the mocks say of the cluster: one broker that leads every partition. Throws CONFIG for what is no number of partitions. */
export function mockCluster(topics: MockTopics): Cluster {
  return {
    clusterId: 'mock-cluster',
    controllerId: 0,
    nodes: new Map([[0, { id: 0, host: 'localhost', port: 9092, rack: null }]]),
    topics: new Map(Object.entries(topics).map(([name, count]) => [name, mockTopic(name, count)])),
    topicNamesById: new Map(),
    topicErrors: new Map(),
  }
}

export function mockTopic(name: string, count: number): TopicInfo {
  if (!isTopicName(name)) throw configError('topics: a name must have 1 to 249 characters')
  if (!Number.isInteger(count) || count < 1) throw configError(`topics: "${name}" must have 1 partition or more, not ${String(count)}`)
  const partitions = Array.from({ length: count }, (_, partition) => ({
    topic: name,
    partition,
    leader: 0,
    leaderEpoch: 0,
    replicas: [0],
    inSyncReplicas: [0],
  }))
  return { name, id: undefined, isInternal: false, partitions }
}
