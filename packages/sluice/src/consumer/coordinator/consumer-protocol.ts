import { ProtocolError, Reader, Writer } from '@sluice/protocol'
import { consumerProtocolAssignment } from '@sluice/protocol/messages/consumer-protocol-assignment'
import { consumerProtocolSubscription } from '@sluice/protocol/messages/consumer-protocol-subscription'
import type { TopicPartition } from '../../record/topic-partition.ts'
import { compareText } from '../assignors/assignor.ts'

/** Kafka's name for the kind of group that consumers form. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/** What a member tells the leader about itself (Java: ConsumerPartitionAssignor.Subscription). */
export interface Subscription {
  readonly topics: readonly string[]
  readonly userData: Buffer | null
  readonly ownedPartitions: readonly TopicPartition[]
  /** -1 when it is not known. */
  readonly generationId: number
  readonly rackId: string | null
}

export function encodeSubscription(subscription: Subscription): Buffer {
  const version = consumerProtocolSubscription.maxVersion
  const writer = new Writer()
  writer.int16(version)
  consumerProtocolSubscription.write(
    writer,
    {
      topics: [...subscription.topics].sort(compareText),
      userData: subscription.userData,
      // In one order, so that a leader decides by it and not by what was fetched last (Java: serializeSubscription).
      ownedPartitions: byTopic([...subscription.ownedPartitions].sort(comparePartitions)),
      generationId: subscription.generationId,
      rackId: subscription.rackId,
    },
    version,
  )
  return writer.toBuffer()
}

/** Reads any version; of one that is newer than ours, the part that we know. */
export function decodeSubscription(bytes: Buffer): Subscription {
  const reader = new Reader(bytes)
  const version = knownVersion(reader.int16(), consumerProtocolSubscription.maxVersion, 'subscription')
  const { topics, userData, ownedPartitions, generationId, rackId } = consumerProtocolSubscription.read(reader, version)
  return { topics, userData, ownedPartitions: flat(ownedPartitions), generationId, rackId }
}

export function encodeAssignment(partitions: readonly TopicPartition[], userData: Buffer | null = null): Buffer {
  const version = consumerProtocolAssignment.maxVersion
  const writer = new Writer()
  writer.int16(version)
  consumerProtocolAssignment.write(writer, { assignedPartitions: byTopic(partitions), userData }, version)
  return writer.toBuffer()
}

/** An empty assignment is how a leader says that there is nothing. */
export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new Reader(bytes)
  const version = knownVersion(reader.int16(), consumerProtocolAssignment.maxVersion, 'assignment')
  return flat(consumerProtocolAssignment.read(reader, version).assignedPartitions)
}

function knownVersion(version: number, maxVersion: number, what: string): number {
  if (version < 0) throw new ProtocolError('UNSUPPORTED_VERSION', `version ${version} of the consumer protocol's ${what}`, 0)
  return Math.min(version, maxVersion)
}

function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  return compareText(a.topic, b.topic) || a.partition - b.partition
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const list = topics.get(topic)
    if (list === undefined) topics.set(topic, [partition])
    else list.push(partition)
  }
  return [...topics].map(([topic, list]) => ({ topic, partitions: list }))
}

function flat(topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}
