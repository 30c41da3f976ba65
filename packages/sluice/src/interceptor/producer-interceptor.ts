import type { KafkaError } from '../errors.ts'
import type { Headers } from '../record/headers.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { SerializedRecord } from '../record/serialized-record.ts'
import type { Verdict } from '../record/verdict.ts'
import type { InterceptorSettings, RecordContext } from './interceptor-context.ts'

/**
 * Sees every record that a producer sends, and every acknowledgement (KIP-42, Java: ProducerInterceptor).
 * Implement the hooks you need. Hooks run in the order of the interceptor list, never reversed.
 */
export interface ProducerInterceptor<K = any, V = any, S = any> extends InterceptorSettings {
  /**
   * Called first thing in `send`, on the caller's tick unless an earlier record still waits for a promise of a hook,
   * before serialization and partitioning; also when the send then fails, and for a closed producer. Return the record, a
   * changed copy, a verdict, or a promise of one of these; later sends then wait their turn. May change `record.headers`
   * in place. When it fails, `onError` decides; with `'continue'` the next interceptor gets the last record that was returned.
   */
  onSend?(
    record: ProducerRecord<K, V>,
    context: RecordContext<S>,
  ): ProducerRecord<K, V> | Verdict | PromiseLike<ProducerRecord<K, V> | Verdict>

  /**
   * Called with the bytes of key and value, after the serializers and before the partitioner. As `onSend` otherwise; topic
   * and partition may not be changed any more.
   */
  onSerialized?(record: SerializedRecord, context: RecordContext<S>): SerializedRecord | Verdict | PromiseLike<SerializedRecord | Verdict>

  /**
   * Called exactly once for every `onSend` (or `onSerialized`): when the broker acknowledged, when the send failed at
   * whatever step, and when the record was dropped, rejected, dead-lettered or replaced. Runs before the callback and
   * before the promise settles. On failure the offset is -1, and the partition too if none was chosen yet. `headers` are
   * those of the record as sent; read only. A record that an earlier interceptor emitted is one of its own.
   */
  onAcknowledgement?(metadata: RecordMetadata, error: KafkaError | null, headers: Headers, context: RecordContext<S>): void
}
