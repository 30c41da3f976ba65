import { forEachBatch, type RecordBatchHeader } from '@sluice/protocol'
import { fetchApi } from '@sluice/protocol/messages/fetch'
import { type ConsumerOptions, KafkaConsumer, KafkaProducer, type ProducerOptions, type RecordMetadata } from 'sluice'
import type { TestCluster } from '../../support/test-cluster.ts'
import { asReadRecord, fromBase64, type ReadRecord, type SentRecord } from './interop-record.ts'

const READ_TIMEOUT_MS = 60_000
const FETCH_BYTES = 16 * 1024 * 1024

/** Sends all records without waiting in between, as applications do under load. */
export async function sluiceProduce(options: ProducerOptions, records: readonly SentRecord[]): Promise<RecordMetadata[]> {
  await using producer = new KafkaProducer(options)
  return await Promise.all(
    records.map(({ key, value, headers, ...record }) =>
      producer.send({
        ...record,
        key: fromBase64(key),
        value: fromBase64(value),
        headers: headers.map(([name, bytes]) => [name, fromBase64(bytes)] as const),
      }),
    ),
  )
}

/** Everything in the topic, from the first offset to the end as it is now. */
export async function sluiceConsume(options: ConsumerOptions, topic: string): Promise<ReadRecord[]> {
  await using consumer = new KafkaConsumer(options)
  const partitions = (await consumer.partitionsFor(topic)).map(({ partition }) => ({ topic, partition }))
  const ends = await consumer.endOffsets(partitions)
  consumer.assign(partitions)
  consumer.seekToBeginning()
  const read: ReadRecord[] = []
  const signal = AbortSignal.timeout(READ_TIMEOUT_MS)
  const isBehind = async (): Promise<boolean> => {
    for (const end of ends) if ((await consumer.position(end)) < end.offset) return true
    return false
  }
  while (await isBehind()) {
    for (const record of await consumer.poll({ timeoutMs: 200, signal })) read.push(asReadRecord(record))
  }
  return read
}

/**
 * A topic that keeps records of any age. Kafka tells of leaders before they take records; a Java producer that sends in
 * between may get its second batch in and its first refused, and then tries in vain until `delivery.timeout.ms`
 * (OUT_OF_ORDER_SEQUENCE_NUMBER). Leaders that answer for their offsets take records.
 */
export async function createReadyTopic(
  cluster: TestCluster,
  name: string,
  partitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<string> {
  const topic = await cluster.createTopic(partitions, { 'retention.ms': '-1', ...configs }, name)
  await cluster.endOffsets(topic)
  return topic
}

/** The headers of the batches as the broker has them: how they were compressed, and by which producer they were written. */
export async function storedBatches({ connection, admin }: TestCluster, topic: string, partition: number): Promise<RecordBatchHeader[]> {
  const leader = await connection.leader(topic, partition)
  const [described] = await admin.describeTopics([topic])
  const headers: RecordBatchHeader[] = []
  for (;;) {
    const last = headers.at(-1)
    const fetchOffset = last === undefined ? 0 : last.baseOffset + last.lastOffsetDelta + 1
    const response = await connection.client.request(leader, fetchApi, (version) => ({
      maxWaitMs: 0,
      maxBytes: FETCH_BYTES,
      topics: [
        {
          ...(version >= 13 ? { topicId: described!.id! } : { topic }),
          partitions: [{ partition, fetchOffset, partitionMaxBytes: FETCH_BYTES }],
        },
      ],
    }))
    const { errorCode, records } = response.responses[0]!.partitions[0]!
    if (errorCode !== 0) throw new Error(`fetching ${topic}-${partition} failed with error ${errorCode}`)
    const before = headers.length
    if (records !== null) forEachBatch(records, (header) => void headers.push(header))
    if (headers.length === before) return headers
  }
}

/** Resolves when the topic has this many records: without acknowledgement a producer may end before the broker has seen the last ones. */
export async function untilWritten(cluster: TestCluster, topic: string, count: number): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const written = (await cluster.endOffsets(topic)).reduce((sum, end) => sum + end, 0)
    if (written === count) return
    if (performance.now() > deadline) throw new Error(`topic "${topic}" has ${written} records, not ${count}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
