// CreatePartitions, versions 0 to 3, on any node.
import { errorCodes } from '@sluice/protocol'
import {
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
  createPartitionsApi,
} from '@sluice/protocol/messages/create-partitions'
import { DevBrokerError } from '../errors.ts'
import { quoted } from '../quoted.ts'
import { type ApiHandler, defineHandler } from './handler.ts'

export const createPartitionsHandler: ApiHandler<CreatePartitionsRequest, CreatePartitionsResponse> = defineHandler({
  api: createPartitionsApi,
  minVersion: 0,
  maxVersion: 3,
  handle({ cluster }, request) {
    return {
      results: request.topics.map(({ name, count, assignments }) => {
        const topic = cluster.topics.get(name)
        if (topic === undefined)
          return { name, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: `there is no topic ${quoted(name)}` }
        try {
          cluster.createPartitions(
            topic,
            count,
            assignments?.map(({ brokerIds }) => brokerIds),
            request.validateOnly,
          )
          return { name, errorCode: 0, errorMessage: null }
        } catch (error) {
          if (error instanceof DevBrokerError) return { name, errorCode: error.errorCode, errorMessage: error.message }
          throw error
        }
      }),
    }
  },
})
