// DeleteRecords, versions 0 to 2. Offset -1 deletes everything that is there.
import { errorCodes } from '@sluice/protocol'
import { type DeleteRecordsRequest, type DeleteRecordsResponse, deleteRecordsApi } from '@sluice/protocol/messages/delete-records'
import { type ApiHandler, defineHandler } from './handler.ts'
import { leadershipError } from './leadership.ts'

const HIGH_WATERMARK = -1

export const deleteRecordsHandler: ApiHandler<DeleteRecordsRequest, DeleteRecordsResponse> = defineHandler({
  api: deleteRecordsApi,
  minVersion: 0,
  maxVersion: 2,
  handle(context, request) {
    return {
      topics: request.topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.map(({ partitionIndex, offset }) => {
          const partition = context.cluster.partition(topic.name, partitionIndex)
          const errorCode = leadershipError(context, partition, -1)
          if (partition === undefined || errorCode !== 0) return { partitionIndex, lowWatermark: -1, errorCode }
          const { log } = partition
          const target = offset === HIGH_WATERMARK ? log.endOffset : offset
          if (target < 0 || target > log.endOffset) return { partitionIndex, lowWatermark: -1, errorCode: errorCodes.OFFSET_OUT_OF_RANGE }
          log.deleteBefore(target)
          return { partitionIndex, lowWatermark: log.startOffset, errorCode: 0 }
        }),
      })),
    }
  },
})
