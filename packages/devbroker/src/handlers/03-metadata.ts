// Metadata, versions 0 to 12. Creates topics that are asked for by name, unless the client or the broker says no. Unlike Kafka, a topic
// that was just created is answered with its leaders at once, not with LEADER_NOT_AVAILABLE first.
import { errorCodes } from '@sluice/protocol'
import { type MetadataRequest, type MetadataRequestTopic, type MetadataResponse, metadataApi } from '@sluice/protocol/messages/metadata'
import type { Cluster } from '../broker/cluster.ts'
import { illegalTopicName, type Topic } from '../broker/topic.ts'
import { DevBrokerError } from '../errors.ts'
import { distinct } from './distinct.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

const FIRST_WITHOUT_AUTO_CREATION = 4
const FIRST_BY_ID = 12
const ZERO_ID = 'A'.repeat(22)

export const metadataHandler: ApiHandler<MetadataRequest, MetadataResponse> = defineHandler({
  api: metadataApi,
  minVersion: 0,
  maxVersion: 12,
  handle({ cluster, version }, request) {
    const create = cluster.autoCreateTopics && (version < FIRST_WITHOUT_AUTO_CREATION || request.allowAutoTopicCreation)
    // Before version 1 an empty list stood for all topics.
    const all = request.topics === null || (version === 0 && request.topics.length === 0)
    const topics = all
      ? [...cluster.topics.values()].map((topic) => describe(cluster, topic))
      : distinct(request.topics!, ({ name, topicId }) => name ?? `id ${topicId}`).map((topic) => find(cluster, topic, create, version))
    return {
      brokers: cluster.liveNodes().map(({ id, host, port }) => ({ nodeId: id, host, port })),
      clusterId: cluster.clusterId,
      // Must be a node that is listed: kafkajs' admin looks it up.
      controllerId: cluster.controller()?.id ?? -1,
      topics,
    }
  },
})

function find(cluster: Cluster, wanted: MetadataRequestTopic, create: boolean, version: number) {
  if (wanted.name === null) {
    // Versions 10 and 11 have ids in the request and no way to answer without a name.
    if (version < FIRST_BY_ID) return failed('', errorCodes.INVALID_REQUEST, wanted.topicId)
    const topic = cluster.topicById(wanted.topicId)
    return topic === undefined ? failed(null, errorCodes.UNKNOWN_TOPIC_ID, wanted.topicId) : describe(cluster, topic)
  }
  const topic = cluster.topics.get(wanted.name)
  if (topic !== undefined) return describe(cluster, topic)
  if (wanted.topicId !== ZERO_ID) return failed(wanted.name, errorCodes.UNKNOWN_TOPIC_ID, wanted.topicId)
  return createOrRefuse(cluster, wanted.name, create)
}

function createOrRefuse(cluster: Cluster, name: string, create: boolean) {
  try {
    if (create) return describe(cluster, cluster.createTopic(name))
    const illegal = illegalTopicName(name)
    return failed(name, illegal === null ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : errorCodes.INVALID_TOPIC_EXCEPTION)
  } catch (error) {
    if (error instanceof DevBrokerError) return failed(name, error.errorCode)
    throw error
  }
}

function failed(name: string | null, errorCode: number, topicId: string = ZERO_ID) {
  return { errorCode, name, topicId, partitions: [] }
}

function describe(cluster: Cluster, topic: Topic) {
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.id,
    partitions: topic.partitions.map((partition) => ({
      errorCode: partition.leader === -1 ? errorCodes.LEADER_NOT_AVAILABLE : 0,
      partitionIndex: partition.index,
      leaderId: partition.leader,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.inSyncReplicas,
      offlineReplicas: partition.replicas.filter((id) => !cluster.nodes.get(id)?.isUp),
    })),
  }
}
