// OffsetForLeaderEpoch, versions 2 to 4 (KIP-320).
import {
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
  offsetForLeaderEpochApi,
} from '@sluice/protocol/messages/offset-for-leader-epoch'
import { type ApiHandler, defineHandler } from './handler.ts'
import { leadershipError } from './leadership.ts'

export const offsetForLeaderEpochHandler: ApiHandler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> = defineHandler({
  api: offsetForLeaderEpochApi,
  minVersion: 2,
  maxVersion: 4,
  handle(context, request) {
    return {
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((wanted) => {
          const partition = context.cluster.partition(topic, wanted.partition)
          const errorCode = leadershipError(context, partition, wanted.currentLeaderEpoch)
          if (partition === undefined || errorCode !== 0) return { errorCode, partition: wanted.partition }
          const { epoch, endOffset } = partition.log.endOfEpoch(wanted.leaderEpoch)
          return { errorCode: 0, partition: wanted.partition, leaderEpoch: epoch, endOffset }
        }),
      })),
    }
  },
})
