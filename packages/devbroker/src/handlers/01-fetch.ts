// Fetch, versions 4 to 17; topics by id since 13. Waits until minBytes are there or maxWaitMs has passed, and then reads afresh.
// Fetch sessions (KIP-227) are not kept: session id 0 tells clients to send full requests.
// Missing: transactions (read_committed sees everything), followers as read replicas, log divergence.
import { errorCodes } from '@sluice/protocol'
import { type FetchPartition, type FetchRequest, type FetchResponse, type FetchTopic, fetchApi } from '@sluice/protocol/messages/fetch'
import { DelayedFetch } from '../broker/delayed-fetch.ts'
import type { Partition } from '../broker/partition.ts'
import { type ApiHandler, defineHandler, type RequestContext } from './handler.ts'
import { LeaderHints, type LeaderIdAndEpoch, leadershipError } from './leadership.ts'

const FIRST_WITH_TOPIC_IDS = 13
const FIRST_WITH_SESSIONS = 7
const FIRST_WITH_HINTS = 12
const FIRST_WITH_ENDPOINTS = 16
const READ_COMMITTED = 1
/** Kafka's fetch.max.bytes of the broker. */
const MAX_RESPONSE_BYTES = 55 * 1024 * 1024

interface PartitionAnswer {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset?: number
  readonly logStartOffset?: number
  readonly currentLeader?: LeaderIdAndEpoch
  readonly abortedTransactions?: [] | null
  readonly records: Buffer[]
}

interface FetchResult {
  readonly response: {
    readonly responses: { readonly topic: string; readonly topicId: string; readonly partitions: PartitionAnswer[] }[]
    readonly nodeEndpoints: { readonly nodeId: number; readonly host: string; readonly port: number }[]
  }
  readonly sizeInBytes: number
  readonly failed: boolean
  readonly partitions: readonly Partition[]
}

export const fetchHandler: ApiHandler<FetchRequest, FetchResponse> = defineHandler({
  api: fetchApi,
  minVersion: 4,
  maxVersion: 17,
  handle(context, request) {
    if (context.version >= FIRST_WITH_SESSIONS && request.sessionId !== 0) return { errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND }
    const result = readAll(context, request)
    const enough = result.failed || result.sizeInBytes >= request.minBytes
    if (enough || request.maxWaitMs <= 0 || result.partitions.length === 0) return result.response
    const missing = request.minBytes - result.sizeInBytes
    return new Promise((resolve) => {
      const finish = (): void => resolve(readAll(context, request).response)
      new DelayedFetch(result.partitions, missing, request.maxWaitMs, context.cluster.clock, context.signal, finish)
    })
  },
})

function readAll(context: RequestContext, request: FetchRequest): FetchResult {
  const hints = new LeaderHints(context, FIRST_WITH_HINTS, FIRST_WITH_ENDPOINTS)
  const partitions: Partition[] = []
  const maxBytes = Math.min(request.maxBytes, MAX_RESPONSE_BYTES)
  let sizeInBytes = 0
  let failed = false
  const responses = request.topics.map((wanted) => {
    const topic = topicOf(context, wanted)
    return {
      topic: topic?.name ?? wanted.topic,
      topicId: wanted.topicId,
      partitions: wanted.partitions.map((fetch) => {
        const partition = topic?.partitions[fetch.partition]
        const unknownId = topic === undefined && context.version >= FIRST_WITH_TOPIC_IDS
        const error = unknownId ? errorCodes.UNKNOWN_TOPIC_ID : leadershipError(context, partition, fetch.currentLeaderEpoch)
        if (partition === undefined || error !== 0) {
          failed = true
          return refuse(fetch, error, hints.hint(error, partition))
        }
        const answer = readOne(partition, fetch, request, maxBytes - sizeInBytes, sizeInBytes === 0)
        for (const chunk of answer.records) sizeInBytes += chunk.length
        if (answer.errorCode !== 0) failed = true
        else partitions.push(partition)
        return answer
      }),
    }
  })
  return { response: { responses, nodeEndpoints: hints.endpoints() }, sizeInBytes, failed, partitions }
}

function topicOf(context: RequestContext, wanted: FetchTopic) {
  if (context.version >= FIRST_WITH_TOPIC_IDS) return context.cluster.topicById(wanted.topicId)
  return context.cluster.topics.get(wanted.topic)
}

function readOne(
  partition: Partition,
  fetch: FetchPartition,
  request: FetchRequest,
  bytesLeft: number,
  nothingYet: boolean,
): PartitionAnswer {
  partition.applyRetention()
  const { log } = partition
  const outside = fetch.fetchOffset < log.startOffset || fetch.fetchOffset > log.endOffset
  if (outside) return refuse(fetch, errorCodes.OFFSET_OUT_OF_RANGE, undefined)
  const maxBytes = Math.min(fetch.partitionMaxBytes, bytesLeft)
  return {
    partitionIndex: fetch.partition,
    errorCode: 0,
    highWatermark: log.endOffset,
    lastStableOffset: log.endOffset,
    logStartOffset: log.startOffset,
    abortedTransactions: request.isolationLevel === READ_COMMITTED ? [] : null,
    records: log.read(fetch.fetchOffset, maxBytes, nothingYet).chunks,
  }
}

/** Records are empty, never null: librdkafka takes null for a wrong size. */
function refuse(fetch: FetchPartition, errorCode: number, currentLeader: LeaderIdAndEpoch | undefined): PartitionAnswer {
  return { partitionIndex: fetch.partition, errorCode, highWatermark: -1, currentLeader, abortedTransactions: null, records: [] }
}
