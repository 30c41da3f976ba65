// Produce, versions 3 to 11. 12 belongs to transactions of version 2, 13 uses topic ids. Topics are not created here: Metadata does that.
// Missing: transactions.
import { errorCodes } from '@sluice/protocol'
import { type PartitionProduceData, type ProduceRequest, type ProduceResponse, produceApi } from '@sluice/protocol/messages/produce'
import { ConnectionRefusal } from '../broker/connection-refusal.ts'
import type { RecordError } from '../log/record-validation.ts'
import { type ApiHandler, defineHandler, noResponse, type RequestContext } from './handler.ts'
import { LeaderHints, type LeaderIdAndEpoch, leadershipError } from './leadership.ts'

const ACKS_ALL = -1
const FIRST_WITH_ZSTD = 7
const FIRST_WITH_HINTS = 10

interface PartitionAnswer {
  readonly index: number
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs?: number
  readonly logStartOffset?: number
  readonly errorMessage?: string | null
  readonly recordErrors?: readonly RecordError[]
  readonly currentLeader?: LeaderIdAndEpoch
}

export const produceHandler: ApiHandler<ProduceRequest, ProduceResponse> = defineHandler({
  api: produceApi,
  minVersion: 3,
  maxVersion: 11,
  handle(context, request) {
    const hints = new LeaderHints(context, FIRST_WITH_HINTS, FIRST_WITH_HINTS)
    let failure = 0
    const responses = request.topicData.map((topic) => ({
      name: topic.name,
      partitionResponses: topic.partitionData.map((data) => {
        const answer = append(context, request, topic.name, data, hints)
        if (answer.errorCode !== 0) failure = answer.errorCode
        return answer
      }),
    }))
    if (request.acks !== 0) return { responses, nodeEndpoints: hints.endpoints() }
    // Nobody waits for an answer; like Kafka, say it by closing.
    if (failure !== 0) throw new ConnectionRefusal(`produced without acknowledgement, and that failed with error ${failure}`)
    return noResponse
  },
})

function append(
  context: RequestContext,
  request: ProduceRequest,
  topic: string,
  data: PartitionProduceData,
  hints: LeaderHints,
): PartitionAnswer {
  const refuse = (errorCode: number, errorMessage: string | null = null): PartitionAnswer => ({
    index: data.index,
    errorCode,
    baseOffset: -1,
    errorMessage,
  })
  if (request.acks !== 0 && request.acks !== 1 && request.acks !== ACKS_ALL) return refuse(errorCodes.INVALID_REQUIRED_ACKS)
  if (request.transactionalId !== null) return refuse(errorCodes.INVALID_TXN_STATE, 'this broker has no transactions')
  const partition = context.cluster.partition(topic, data.index)
  const errorCode = leadershipError(context, partition, -1)
  if (partition === undefined || errorCode !== 0) return { ...refuse(errorCode), currentLeader: hints.hint(errorCode, partition) }
  const inSync = partition.inSyncReplicas.length
  const needed = partition.topic.config.minInSyncReplicas
  if (request.acks === ACKS_ALL && inSync < needed) {
    return refuse(errorCodes.NOT_ENOUGH_REPLICAS, `${inSync} replicas are up, fewer than min.insync.replicas ${needed}`)
  }
  const options = { zstdAllowed: context.version >= FIRST_WITH_ZSTD, verifyCrc: context.cluster.verifyCrc }
  const result = partition.append(data.records, options)
  if (result.errorCode !== 0) return { ...refuse(result.errorCode, result.message), recordErrors: result.recordErrors }
  return {
    index: data.index,
    errorCode: 0,
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.logAppendTimeMs,
    logStartOffset: partition.log.startOffset,
  }
}
