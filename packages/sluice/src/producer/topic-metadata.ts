import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { Cluster, TopicInfo } from '../network/cluster.ts'
import type { Metadata } from '../network/metadata.ts'

/** What of a record matters for metadata. */
export interface Destination {
  readonly topic: string
  readonly partition: number | undefined
}

/** The topic, if it is known and has the partition that the record names. */
export function topicOf(cluster: Cluster, { topic, partition }: Destination): TopicInfo | undefined {
  const info = cluster.topics.get(topic)
  if (info === undefined || info.partitions.length === 0) return undefined
  return partition === undefined || partition < info.partitions.length ? info : undefined
}

/**
 * Waits until topic and partition are known (Java: waitOnMetadata). A topic that may not be used fails at once; one that
 * does not exist yet, or has not enough partitions, may come to be until the deadline.
 */
export async function waitForTopic(
  metadata: Metadata,
  destination: Destination,
  deadlineMs: number,
  maxBlockMs: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<TopicInfo> {
  const { topic } = destination
  for (let attempt = 0; ; attempt++) {
    metadata.add(topic)
    const { cluster } = metadata
    const refused = metadata.topicError(topic)
    if (refused !== undefined && !refused.retriable && (attempt > 0 || refused.code === 'INVALID_TOPIC_EXCEPTION')) throw refused
    const info = topicOf(cluster, destination)
    if (info !== undefined) return info
    const version = metadata.requestUpdateForTopic(topic)
    const remainingMs = deadlineMs - clock.monotonic()
    if (remainingMs <= 0) throw notPresent(cluster, destination, maxBlockMs, refused)
    try {
      await metadata.awaitUpdate(version, remainingMs, signal)
    } catch (error) {
      const code = (error as KafkaError).code
      if (code === 'TIMEOUT') throw notPresent(metadata.cluster, destination, maxBlockMs, metadata.topicError(topic) ?? error)
      if (code === 'CLOSED')
        throw new KafkaError('CLOSED', `the producer was closed while a send to topic "${topic}" waited for metadata`, { topic })
      throw error
    }
  }
}

function notPresent(cluster: Cluster, { topic, partition }: Destination, maxBlockMs: number, cause: unknown): KafkaError {
  const info = cluster.topics.get(topic)
  const within = `within maxBlockMs (max.block.ms) ${maxBlockMs} ms`
  const why = cause instanceof KafkaError ? `: ${cause.message}` : ''
  const message =
    info === undefined || partition === undefined
      ? `topic "${topic}" did not appear in the metadata ${within}${why}`
      : `partition ${partition} of topic "${topic}" did not appear in the metadata ${within}; the topic has ${info.partitions.length}`
  return new KafkaError('TIMEOUT', message, { retriable: true, topic, partition, cause })
}
