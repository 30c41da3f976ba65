import { forEachRecord, type RecordBatchHeader, readBatchHeader } from '@sluice/protocol'
import type { PartitionProduceResponse, ProduceResponse } from '@sluice/protocol/messages/produce'
import type { MockRequest } from '../../network/testing/mock-client.ts'

/** One partition's part of a ProduceRequest, read back. */
export interface ProducedBatch {
  readonly topic: string
  readonly partition: number
  readonly header: RecordBatchHeader
  readonly keys: (string | null)[]
  readonly values: (string | null)[]
}

export function producedBatches(request: MockRequest): ProducedBatch[] {
  const batches: ProducedBatch[] = []
  for (const { name, partitionData } of request.message.topicData) {
    for (const { index, records } of partitionData) {
      const keys: (string | null)[] = []
      const values: (string | null)[] = []
      forEachRecord(records, 0, (_offset, _timestamp, cursor) => {
        keys.push(cursor.key()?.toString() ?? null)
        values.push(cursor.value()?.toString() ?? null)
      })
      batches.push({ topic: name, partition: index, header: readBatchHeader(records, 0), keys, values })
    }
  }
  return batches
}

/** The only batch of a request. */
export function producedBatch(request: MockRequest): ProducedBatch {
  const batches = producedBatches(request)
  if (batches.length !== 1) throw new Error(`the request has ${batches.length} batches`)
  return batches[0]!
}

export type PartitionAnswer = Partial<PartitionProduceResponse>

/** An answer for every partition of the request; `answer` gives what differs from offset 0 without error. */
export function produceResponse(
  request: MockRequest,
  answer: PartitionAnswer | ((batch: ProducedBatch) => PartitionAnswer) = {},
): ProduceResponse {
  const batches = producedBatches(request)
  return {
    throttleTimeMs: 0,
    nodeEndpoints: [],
    responses: [...new Set(batches.map(({ topic }) => topic))].map((name) => ({
      name,
      topicId: '',
      partitionResponses: batches
        .filter(({ topic }) => topic === name)
        .map((batch) => ({
          index: batch.partition,
          errorCode: 0,
          baseOffset: 0,
          logAppendTimeMs: -1,
          logStartOffset: 0,
          recordErrors: [],
          errorMessage: null,
          currentLeader: { leaderId: -1, leaderEpoch: -1 },
          ...(typeof answer === 'function' ? answer(batch) : answer),
        })),
    })),
  }
}
