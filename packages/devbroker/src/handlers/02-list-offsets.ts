// ListOffsets, versions 1 to 9. Timestamps -1 latest, -2 earliest, -3 of the highest timestamp (v7), -4 earliest local (v8), -5 latest
// tiered (v9: there is none). Records are decoded only here, one batch per lookup by time.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { errorCodes } from '@sluice/protocol'
import {
  type ListOffsetsPartition,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  listOffsetsApi,
} from '@sluice/protocol/messages/list-offsets'
import type { Partition } from '../broker/partition.ts'
import { firstRecordAtTime, recordOfMaxTimestamp } from '../log/record-times.ts'
import { type ApiHandler, defineHandler, noResponse, type RequestContext } from './handler.ts'
import { leadershipError } from './leadership.ts'

const FIRST_WITH_LEADER_EPOCH = 4
/** Decoding takes its time; after so much of it, others have a turn. */
const MAX_WORK_MS = 10

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
  async handle(context, request) {
    const { clock } = context.cluster
    const duplicates = duplicatesOf(request)
    const topics = []
    let workingSince = clock.monotonic()
    for (const { name, partitions } of request.topics) {
      const answers = []
      for (const wanted of partitions) {
        const isDuplicate = duplicates.has(keyOf(name, wanted.partitionIndex))
        answers.push(
          isDuplicate ? { partitionIndex: wanted.partitionIndex, errorCode: errorCodes.INVALID_REQUEST } : answer(context, name, wanted),
        )
        if (clock.monotonic() - workingSince < MAX_WORK_MS) continue
        await nextTurn()
        if (context.signal.aborted) return noResponse
        workingSince = clock.monotonic()
      }
      topics.push({ name, partitions: answers })
    }
    return { topics }
  },
})

function answer(context: RequestContext, topic: string, { partitionIndex, currentLeaderEpoch, timestamp }: ListOffsetsPartition) {
  const partition = context.cluster.partition(topic, partitionIndex)
  const errorCode = leadershipError(context, partition, currentLeaderEpoch)
  if (partition === undefined || errorCode !== 0) return { partitionIndex, errorCode }
  if (timestamp < LATEST_TIERED) return { partitionIndex, errorCode: errorCodes.UNSUPPORTED_VERSION }
  const { offset, timestamp: time, leaderEpoch } = find(partition, timestamp)
  const found = { partitionIndex, errorCode: 0, offset, timestamp: time }
  return context.version >= FIRST_WITH_LEADER_EPOCH ? { ...found, leaderEpoch } : found
}

function keyOf(topic: string, partition: number): string {
  return `${partition} ${topic}`
}

/** Partitions that a request names more than once: Kafka answers these with INVALID_REQUEST. */
function duplicatesOf(request: ListOffsetsRequest): ReadonlySet<string> {
  const seen = new Set<string>()
  const duplicates = new Set<string>()
  for (const { name, partitions } of request.topics) {
    for (const { partitionIndex } of partitions) {
      const key = keyOf(name, partitionIndex)
      if (seen.has(key)) duplicates.add(key)
      else seen.add(key)
    }
  }
  return duplicates
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
