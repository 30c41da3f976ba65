import type { Writable } from '@sluice/protocol'
import { type PartitionProduceResponse, type ProduceResponse, produceApi, type TopicProduceData } from '@sluice/protocol/messages/produce'
import { KafkaError } from '../errors.ts'
import { kafkaErrorFor, meansStaleMetadata } from '../network/broker-error.ts'
import type { Node } from '../network/cluster.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import type { ProducerBatch } from './producer-batch.ts'
import type { SequenceResponse } from './transaction-manager.ts'

/** The last version that names topics; later ones give their ids (KIP-516). */
const LAST_VERSION_WITH_NAMES = 12

/** What came of one batch in one request. */
export interface ProduceResult extends SequenceResponse {
  readonly error: KafkaError | null
  readonly logAppendTimeMs: number
  readonly refreshMetadata: boolean
  readonly recordErrors: PartitionProduceResponse['recordErrors']
  readonly errorMessage: string | null
  /** The leader that the broker named instead of itself. */
  readonly currentLeader: { readonly leaderId: number; readonly leaderEpoch: number } | undefined
  readonly nodes: readonly Node[]
}

export interface ProduceRequestOptions {
  readonly acks: -1 | 0 | 1
  readonly requestTimeoutMs: number
}

/**
 * Sends batches, each of another partition, to their leader in one ProduceRequest. `onResult` is called once for each of
 * them, `onReleased` once, when the socket holds none of their bytes any more.
 */
export function sendProduceRequest(
  client: KafkaClient,
  node: Node,
  batches: readonly ProducerBatch[],
  { acks, requestTimeoutMs }: ProduceRequestOptions,
  onResult: (batch: ProducerBatch, result: ProduceResult) => void,
  onReleased: () => void,
): void {
  const topicIds = client.metadata.cluster.topics
  const byTopic = new Map<string, ProducerBatch[]>()
  let allHaveIds = true
  for (const batch of batches) {
    const { topic } = batch.topicPartition
    const others = byTopic.get(topic)
    if (others !== undefined) others.push(batch)
    else byTopic.set(topic, [batch])
    allHaveIds &&= topicIds.get(topic)?.id !== undefined
  }
  const topicData: Writable<TopicProduceData>[] = []
  const namesById = new Map<string, string>()
  for (const [name, ofTopic] of byTopic) {
    const topicId = topicIds.get(name)?.id
    if (topicId !== undefined) namesById.set(topicId, name)
    topicData.push({
      name,
      topicId,
      partitionData: ofTopic.map((batch) => ({ index: batch.topicPartition.partition, records: batch.encode() })),
    })
  }
  client.send(
    node,
    produceApi,
    { transactionalId: null, acks, timeoutMs: requestTimeoutMs, topicData },
    { timeoutMs: requestTimeoutMs, expectResponse: acks !== 0, maxVersion: allHaveIds ? undefined : LAST_VERSION_WITH_NAMES },
    (error, response) => {
      if (error !== null) for (const batch of batches) onResult(batch, failedRequest(error, batch, node))
      else if (response === undefined) for (const batch of batches) onResult(batch, SENT_WITHOUT_ANSWER)
      else distribute(response, byTopic, namesById, node, onResult)
    },
    onReleased,
  )
}

const NOTHING_FURTHER = { logStartOffset: -1, recordErrors: [], errorMessage: null, currentLeader: undefined, nodes: [] }

/** `acks: 0`: the bytes went to the socket, and that counts. */
const SENT_WITHOUT_ANSWER: ProduceResult = {
  ...NOTHING_FURTHER,
  errorCode: 0,
  error: null,
  baseOffset: -1,
  logAppendTimeMs: -1,
  refreshMetadata: false,
}

function distribute(
  response: ProduceResponse,
  byTopic: ReadonlyMap<string, readonly ProducerBatch[]>,
  namesById: ReadonlyMap<string, string>,
  node: Node,
  onResult: (batch: ProducerBatch, result: ProduceResult) => void,
): void {
  const unanswered = new Map<string, Map<number, ProducerBatch>>()
  for (const [name, ofTopic] of byTopic) unanswered.set(name, new Map(ofTopic.map((batch) => [batch.topicPartition.partition, batch])))
  const nodes = response.nodeEndpoints.map(({ nodeId, host, port, rack }) => ({ id: nodeId, host, port, rack }))
  for (const { name, topicId, partitionResponses } of response.responses) {
    const ofTopic = unanswered.get(name === '' ? (namesById.get(topicId) ?? '') : name)
    for (const partition of partitionResponses) {
      const batch = ofTopic?.get(partition.index)
      if (batch === undefined) continue
      ofTopic!.delete(partition.index)
      onResult(batch, answered(partition, batch, nodes))
    }
  }
  for (const ofTopic of unanswered.values()) {
    for (const batch of ofTopic.values())
      onResult(batch, failedRequest(new KafkaError('CORRUPT', 'the answer leaves the partition out'), batch, node))
  }
}

function answered(partition: PartitionProduceResponse, batch: ProducerBatch, nodes: readonly Node[]): ProduceResult {
  const { errorCode, baseOffset, logAppendTimeMs, logStartOffset, recordErrors, errorMessage, currentLeader } = partition
  const { topic } = batch.topicPartition
  return {
    errorCode,
    error: errorCode === 0 ? null : kafkaErrorFor(errorCode, { topic, partition: partition.index, message: errorMessage }),
    baseOffset,
    logAppendTimeMs,
    logStartOffset,
    refreshMetadata: errorCode !== 0 && meansStaleMetadata(errorCode),
    recordErrors,
    errorMessage,
    currentLeader: currentLeader.leaderId >= 0 ? currentLeader : undefined,
    nodes,
  }
}

/** No usable answer: the broker may have taken the batch or not, and another attempt is due. */
function failedRequest(cause: KafkaError, batch: ProducerBatch, node: Node): ProduceResult {
  const { topic, partition } = batch.topicPartition
  const retriable = cause.code === 'NETWORK' || cause.code === 'TIMEOUT' || cause.code === 'CORRUPT'
  const message = `producing to topic "${topic}", partition ${partition} by node ${node.id} (${node.host}:${node.port}) failed: ${cause.message}`
  const error = new KafkaError(cause.code, message, { retriable, topic, partition, cause })
  return { ...NOTHING_FURTHER, errorCode: -1, error, baseOffset: -1, logAppendTimeMs: -1, refreshMetadata: retriable }
}

/**
 * Brokers that refuse a batch may name the records at fault (KIP-467). With one, the partition's error is its error; with
 * more it is not known which error belongs to which, so all are INVALID_RECORD. The others get an error that says so.
 */
export function recordErrorsOf(
  batch: ProducerBatch,
  result: ProduceResult,
  error: KafkaError,
): ((index: number) => KafkaError) | undefined {
  const { recordErrors, errorMessage } = result
  if (recordErrors.length === 0) return undefined
  const { topic, partition } = batch.topicPartition
  const errors = new Map<number, KafkaError>()
  for (const { batchIndex, batchIndexErrorMessage } of recordErrors) {
    const message = batchIndexErrorMessage ?? errorMessage ?? error.message
    errors.set(batchIndex, new KafkaError(recordErrors.length === 1 ? error.code : 'INVALID_RECORD', message, { topic, partition }))
  }
  const bystander = new KafkaError(
    'BATCH_REJECTED',
    `the record for topic "${topic}", partition ${partition} was not taken because its batch had invalid records; it may be sent again`,
    { retriable: true, topic, partition },
  )
  return (index) => errors.get(index) ?? bystander
}
