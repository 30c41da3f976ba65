// DeleteTopics, versions 1 to 6; by id or name since 6. Deletion is done when the answer leaves.
import { errorCodes } from '@sluice/protocol'
import { type DeleteTopicsRequest, type DeleteTopicsResponse, deleteTopicsApi } from '@sluice/protocol/messages/delete-topics'
import { type ApiHandler, defineHandler } from './handler.ts'

const FIRST_WITH_TOPIC_IDS = 6

export const deleteTopicsHandler: ApiHandler<DeleteTopicsRequest, DeleteTopicsResponse> = defineHandler({
  api: deleteTopicsApi,
  minVersion: 1,
  maxVersion: 6,
  handle({ cluster, version }, request) {
    const wanted: { name: string | null; topicId?: string }[] =
      version >= FIRST_WITH_TOPIC_IDS ? request.topics : request.topicNames.map((name) => ({ name }))
    return {
      responses: wanted.map(({ name, topicId }) => {
        const byId = name === null
        const topic = byId ? cluster.topicById(topicId!) : cluster.topics.get(name)
        if (topic === undefined)
          return { name, topicId, errorCode: byId ? errorCodes.UNKNOWN_TOPIC_ID : errorCodes.UNKNOWN_TOPIC_OR_PARTITION }
        cluster.deleteTopic(topic)
        return { name: topic.name, topicId: topic.id, errorCode: 0 }
      }),
    }
  },
})
