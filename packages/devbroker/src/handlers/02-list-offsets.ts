// ListOffsets, versions 1 to 9. Timestamps -1 latest, -2 earliest, -3 of the highest timestamp (v7), -4 earliest local (v8), -5 latest
// tiered (v9: there is none). Records are decoded only here, one batch per lookup by time.
import { errorCodes } from '@sluice/protocol'
import { type ListOffsetsRequest, type ListOffsetsResponse, listOffsetsApi } from '@sluice/protocol/messages/list-offsets'
import type { Partition } from '../broker/partition.ts'
import { firstRecordAtTime, recordOfMaxTimestamp } from '../log/record-times.ts'
import { type ApiHandler, defineHandler } from './handler.ts'
import { leadershipError } from './leadership.ts'

const FIRST_WITH_LEADER_EPOCH = 4

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5

interface FoundOffset {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

const NOT_FOUND: FoundOffset = { offset: -1, timestamp: -1, leaderEpoch: -1 }

export const listOffsetsHandler: ApiHandler<ListOffsetsRequest, ListOffsetsResponse> = defineHandler({
  api: listOffsetsApi,
  minVersion: 1,
  maxVersion: 9,
  handle(context, request) {
    return {
      topics: request.topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.map(({ partitionIndex, currentLeaderEpoch, timestamp }) => {
          if (isRepeated(topic.partitions, partitionIndex)) return { partitionIndex, errorCode: errorCodes.INVALID_REQUEST }
          const partition = context.cluster.partition(topic.name, partitionIndex)
          const errorCode = leadershipError(context, partition, currentLeaderEpoch)
          if (partition === undefined || errorCode !== 0) return { partitionIndex, errorCode }
          if (timestamp < LATEST_TIERED) return { partitionIndex, errorCode: errorCodes.UNSUPPORTED_VERSION }
          const { offset, timestamp: time, leaderEpoch } = find(partition, timestamp)
          const found = { partitionIndex, errorCode: 0, offset, timestamp: time }
          return context.version >= FIRST_WITH_LEADER_EPOCH ? { ...found, leaderEpoch } : found
        }),
      })),
    }
  },
})

function isRepeated(partitions: ListOffsetsRequest['topics'][0]['partitions'], index: number): boolean {
  return partitions.filter(({ partitionIndex }) => partitionIndex === index).length > 1
}

function find(partition: Partition, timestamp: number): FoundOffset {
  partition.applyRetention()
  const { log, leaderEpoch } = partition
  switch (timestamp) {
    case LATEST:
      return { offset: log.endOffset, timestamp: -1, leaderEpoch }
    case EARLIEST:
    case EARLIEST_LOCAL: {
      const [first] = log.batches()
      return { offset: log.startOffset, timestamp: -1, leaderEpoch: first?.leaderEpoch ?? leaderEpoch }
    }
    case LATEST_TIERED:
      return NOT_FOUND
    case MAX_TIMESTAMP: {
      const batch = log.batchOfMaxTimestamp()
      return batch === undefined ? NOT_FOUND : { ...recordOfMaxTimestamp(batch), leaderEpoch: batch.leaderEpoch }
    }
    default: {
      const batch = log.batchAtTime(timestamp)
      return batch === undefined ? NOT_FOUND : { ...firstRecordAtTime(batch, timestamp), leaderEpoch: batch.leaderEpoch }
    }
  }
}
