export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface OffsetAndMetadata {
  /** The next offset to read, not the last one read. */
  readonly offset: number
  readonly metadata?: string
  /** Leader epoch of the last record read, if it is known. */
  readonly leaderEpoch?: number
}

/** Brokers refuse longer names, and one that no string of the protocol can hold would stop every metadata request of the client. */
const MAX_TOPIC_LENGTH = 249

/** Whether this may be the name of a topic, as far as it need not be asked of a broker. */
export function isTopicName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TOPIC_LENGTH
}

export interface TopicPartitionOffset extends TopicPartition, OffsetAndMetadata {}
