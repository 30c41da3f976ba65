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

export interface TopicPartitionOffset extends TopicPartition, OffsetAndMetadata {}
