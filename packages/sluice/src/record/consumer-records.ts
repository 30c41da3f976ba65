import type { ConsumerRecord } from './consumer-record.ts'
import type { OffsetAndMetadata, TopicPartition } from './topic-partition.ts'

/** One partition's records of one poll, in offset order. */
export interface PartitionRecords<K = any, V = any> extends TopicPartition {
  readonly records: readonly ConsumerRecord<K, V>[]
}

/** What one `poll` returns: the records by partition, in the order they were fetched. Iterating goes through all of them. */
export class ConsumerRecords<K = any, V = any> implements Iterable<ConsumerRecord<K, V>> {
  readonly #partitions: readonly PartitionRecords<K, V>[]
  /** Where reading goes on after these records, also past records that interceptors left out. */
  readonly nextOffsets: readonly (TopicPartition & OffsetAndMetadata)[]
  readonly count: number

  constructor(partitions: readonly PartitionRecords<K, V>[], nextOffsets: readonly (TopicPartition & OffsetAndMetadata)[] = []) {
    this.#partitions = partitions.filter((partition) => partition.records.length > 0)
    this.nextOffsets = nextOffsets
    let count = 0
    for (const partition of this.#partitions) count += partition.records.length
    this.count = count
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  /** The records as they are held: one entry for each partition that has any. */
  byPartition(): readonly PartitionRecords<K, V>[] {
    return this.#partitions
  }

  /** The partitions that have records. */
  partitions(): readonly TopicPartition[] {
    return this.#partitions.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** One partition's records, or a topic's, in offset order. */
  records(of: TopicPartition | string): readonly ConsumerRecord<K, V>[] {
    if (typeof of === 'string') return this.#partitions.filter(({ topic }) => topic === of).flatMap(({ records }) => records)
    return this.#partitions.find(({ topic, partition }) => topic === of.topic && partition === of.partition)?.records ?? []
  }

  /** The same records after `keep` was asked for each; positions stay as they are. */
  filter(keep: (record: ConsumerRecord<K, V>) => boolean): ConsumerRecords<K, V> {
    return new ConsumerRecords(
      this.#partitions.map((partition) => ({ ...partition, records: partition.records.filter(keep) })),
      this.nextOffsets,
    )
  }

  /** The same partitions and positions with each record replaced. */
  map<K2, V2>(change: (record: ConsumerRecord<K, V>) => ConsumerRecord<K2, V2>): ConsumerRecords<K2, V2> {
    return new ConsumerRecords(
      this.#partitions.map((partition) => ({ ...partition, records: partition.records.map(change) })),
      this.nextOffsets,
    )
  }

  *[Symbol.iterator](): Iterator<ConsumerRecord<K, V>> {
    for (const partition of this.#partitions) yield* partition.records
  }
}
