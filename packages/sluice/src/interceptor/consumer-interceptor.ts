import type { ConsumerRecords } from '../record/consumer-records.ts'
import type { TopicPartitionOffset } from '../record/topic-partition.ts'
import type { ClusterResource, InterceptorContext, OnError, TopicSelector } from './interceptor-context.ts'

/**
 * Sees every batch of records before the application does, and every commit (KIP-42, Java: ConsumerInterceptor).
 * Hooks run in the order of the interceptor list, never reversed.
 */
export interface ConsumerInterceptor<K = any, V = any> {
  /** Names the interceptor in logs, errors and statistics. */
  readonly name: string
  /** What happens when a hook throws. Default `'continue'`. */
  readonly onError?: OnError
  /** Which topics it sees; it is given only their records. Default: all. */
  readonly topics?: TopicSelector
  /** Asks for `checksum` and `size` on each ConsumerRecord, which else are left out to save the work. Default false. */
  readonly needsRecordAudit?: boolean

  /** Called once, before the first record, in list order. When it throws, creating the client fails. */
  configure?(context: InterceptorContext): void

  /**
   * Called just before `poll` returns records, once per such poll, not when a poll times out. What it returns is what
   * the application gets: records may be left out, changed or added. Positions do not change: records that are left
   * out count as consumed.
   */
  onConsume?(records: ConsumerRecords<K, V>): ConsumerRecords<K, V>

  /** Called after every successful commit, automatic ones included, with the offsets that were committed. */
  onCommit?(offsets: readonly TopicPartitionOffset[]): void

  /** Called on every metadata update, before the first `onConsume`. */
  onClusterUpdate?(cluster: ClusterResource): void

  /** Called once, after the last commit. */
  close?(): void | Promise<void>
}
