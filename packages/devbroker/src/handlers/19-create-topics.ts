// CreateTopics, versions 2 to 7, on any node. Unlike Kafka, names that differ in "." and "_" only do not collide.
import { errorCodes } from '@sluice/protocol'
import {
  type CreatableTopic,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  createTopicsApi,
} from '@sluice/protocol/messages/create-topics'
import { MAX_PARTITIONS_OF_ALL, type NewTopic } from '../broker/cluster.ts'
import { DevBrokerError } from '../errors.ts'
import { quoted } from '../quoted.ts'
import { type ApiHandler, defineHandler, type RequestContext } from './handler.ts'
import { describeTopicConfig } from './topic-configs.ts'

const BROKER_DEFAULT = -1

export const createTopicsHandler: ApiHandler<CreateTopicsRequest, CreateTopicsResponse> = defineHandler({
  api: createTopicsApi,
  minVersion: 2,
  maxVersion: 7,
  handle(context, request) {
    const seen = new Map<string, number>()
    for (const { name } of request.topics) seen.set(name, (seen.get(name) ?? 0) + 1)
    // Validation alone builds topics too, of which none counts for the next one.
    let partitions = 0
    return {
      topics: [...new Map(request.topics.map((topic) => [topic.name, topic])).values()].map((topic) => {
        if (seen.get(topic.name)! > 1) {
          return {
            name: topic.name,
            errorCode: errorCodes.INVALID_REQUEST,
            errorMessage: `topic ${quoted(topic.name)} occurs twice in the request`,
          }
        }
        if (partitions >= MAX_PARTITIONS_OF_ALL) {
          const errorMessage = `the topics of one request have more than ${MAX_PARTITIONS_OF_ALL} partitions`
          return { name: topic.name, errorCode: errorCodes.INVALID_PARTITIONS, errorMessage }
        }
        const answer = create(context, topic, request.validateOnly)
        partitions += answer.numPartitions ?? 0
        return answer
      }),
    }
  },
})

function create({ cluster }: RequestContext, wanted: CreatableTopic, validateOnly: boolean) {
  try {
    const topic = cluster.createTopic(wanted.name, toNewTopic(wanted), validateOnly)
    return {
      name: topic.name,
      topicId: topic.id,
      errorCode: 0,
      numPartitions: topic.partitions.length,
      replicationFactor: topic.replicationFactor,
      configs: describeTopicConfig(topic.config),
    }
  } catch (error) {
    if (error instanceof DevBrokerError) return { name: wanted.name, errorCode: error.errorCode, errorMessage: error.message }
    throw error
  }
}

function toNewTopic(wanted: CreatableTopic): NewTopic {
  const configs = wanted.configs.filter(({ value }) => value !== null).map(({ name, value }) => [name, value!] as const)
  if (wanted.assignments.length > 0) {
    if (wanted.numPartitions !== BROKER_DEFAULT || wanted.replicationFactor !== BROKER_DEFAULT) {
      const message = `topic ${quoted(wanted.name)}: with assignments, the numbers of partitions and replicas must both be -1`
      throw new DevBrokerError('INVALID_REQUEST', message)
    }
    const ordered = [...wanted.assignments].sort((a, b) => a.partitionIndex - b.partitionIndex)
    if (!ordered.every((assignment, index) => assignment.partitionIndex === index)) {
      throw new DevBrokerError(
        'INVALID_REPLICA_ASSIGNMENT',
        `topic ${quoted(wanted.name)}: partitions must be numbered from 0 without gaps`,
      )
    }
    return { assignments: ordered.map(({ brokerIds }) => brokerIds), configs }
  }
  return {
    partitions: wanted.numPartitions === BROKER_DEFAULT ? undefined : wanted.numPartitions,
    replicationFactor: wanted.replicationFactor === BROKER_DEFAULT ? undefined : wanted.replicationFactor,
    configs,
  }
}
