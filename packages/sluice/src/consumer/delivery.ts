import { ConsumerRecords } from '../record/consumer-records.ts'
import type { FetchedPartition } from './fetcher.ts'
import type { InterceptedDelivery } from './intercepted-delivery.ts'

/** What one poll gave: the records as interceptors left them, and the partitions they came from. */
export interface Delivery<K, V> {
  readonly records: ConsumerRecords<K, V>
  readonly fetched: readonly FetchedPartition<K, V>[]
  /** What interceptors have to do with these records from here on; `done` is to be called on it. Null when there are none. */
  readonly intercepted: InterceptedDelivery<K, V> | null
}

/** What was fetched, and where reading goes on. */
export function recordsOf<K, V>(fetched: readonly FetchedPartition<K, V>[]): ConsumerRecords<K, V> {
  return new ConsumerRecords<K, V>(
    fetched.map(({ state, records }) => ({ topic: state.topic, partition: state.partition, records })),
    fetched.map(({ state, nextOffset, epoch }) => ({
      topic: state.topic,
      partition: state.partition,
      offset: nextOffset,
      ...(epoch === undefined ? {} : { leaderEpoch: epoch }),
    })),
  )
}
