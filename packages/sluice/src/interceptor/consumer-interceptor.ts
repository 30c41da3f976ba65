import type { ConsumerRecord } from '../record/consumer-record.ts'
import type { ConsumerRecords, PartitionRecords } from '../record/consumer-records.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import type { TopicPartitionOffset } from '../record/topic-partition.ts'
import type { Verdict } from '../record/verdict.ts'
import type { CommitContext, ConsumeContext, InterceptorSettings, RecordContext } from './interceptor-context.ts'

/**
 * Sees every batch of records before the application does, the handler of `run`, and every commit (KIP-42, Java:
 * ConsumerInterceptor). Hooks run in the order of the interceptor list; `paired` ones among themselves in reverse.
 */
export interface ConsumerInterceptor<K = any, V = any, S = any> extends InterceptorSettings {
  /**
   * Called with a record's bytes before the deserializers. Return the record, a changed copy, a verdict, or a promise of
   * one of these; records are given out in offset order whatever the promises do. Offset and partition stay.
   */
  onFetched?(record: RawRecord, context: RecordContext<S>): RawRecord | Verdict | PromiseLike<RawRecord | Verdict>

  /**
   * Called just before `poll` returns records, once per such poll, not when a poll times out. What it returns is what
   * the application gets: records may be left out, changed or added. Positions do not change: records that are left
   * out count as consumed. `records.map` takes a function that returns a verdict for a record; a verdict in place of the
   * records is one for each of them.
   */
  onConsume?(
    records: ConsumerRecords<K, V>,
    context: ConsumeContext<S>,
  ): ConsumerRecords<K, V> | Verdict | PromiseLike<ConsumerRecords<K, V> | Verdict>

  /**
   * Called around the `eachRecord` of `run`, the first of the list outermost. `next()` runs the rest and rejects with what
   * the handler threw; whoever does not rethrow has dealt with it, and after a failure `next()` may be called again. A record
   * for which `next` is never called is skipped and counts as consumed. A verdict may be returned before `next` was called,
   * and, `emit` aside, after it has failed. What the hook itself throws is subject to `onError`, before and after `next`.
   * `timeoutMs` does not apply: the signal fires when the partition is given up or the consumer is closed. Does not run for
   * `poll` and `for await`.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that only awaits `next` returns nothing
  handle?(record: ConsumerRecord<K, V>, next: () => Promise<void>, context: RecordContext<S>): PromiseLike<void | Verdict> | void | Verdict

  /** As `handle`, around the `eachBatch` of `run`; it gives no verdicts. One that asks for a header is called when any record has it. */
  handleBatch?(batch: PartitionRecords<K, V>, next: () => Promise<void>, context: ConsumeContext<S>): PromiseLike<void> | void

  /**
   * Called after every successful commit, automatic ones included, with the offsets that were committed. After `replace`, an
   * interceptor of the old list is told of commits until they cover what went through it.
   */
  onCommit?(offsets: readonly TopicPartitionOffset[], context: CommitContext<S>): void
}
