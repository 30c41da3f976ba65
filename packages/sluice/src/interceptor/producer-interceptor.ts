import type { KafkaError } from '../errors.ts'
import type { Headers } from '../record/headers.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { ClusterResource, InterceptorContext, OnError, TopicSelector } from './interceptor-context.ts'
import type { Verdict } from './verdict.ts'

/**
 * Sees every record that a producer sends, and every acknowledgement (KIP-42, Java: ProducerInterceptor).
 * Implement the hooks you need. Hooks run in the order of the interceptor list, never reversed.
 */
export interface ProducerInterceptor<K = any, V = any> {
  /** Names the interceptor in logs, errors and statistics. */
  readonly name: string
  /** What happens when a hook throws. Default `'continue'`. */
  readonly onError?: OnError
  /** Which topics it sees. Default: all. */
  readonly topics?: TopicSelector
  /** Asks for `checksum` and `size` on each RecordMetadata, which else are left out to save the work. Default false. */
  readonly needsRecordAudit?: boolean

  /** Called once, before the first record, in list order. When it throws, creating the client fails. */
  configure?(context: InterceptorContext): void

  /**
   * Called first thing in `send`, on the caller's tick, before serialization and partitioning; also when the send then
   * fails, and for a closed producer. Return the record, a changed copy, or a verdict. May change `record.headers` in
   * place. When it throws, the next interceptor gets the last record that was returned (`onError: 'continue'`).
   */
  onSend?(record: ProducerRecord<K, V>): ProducerRecord<K, V> | Verdict

  /**
   * Called exactly once for every `onSend`: when the broker acknowledged, when the send failed at whatever step, and
   * when the record was dropped or rejected. Runs before the callback and before the promise settles. On failure the
   * offset is -1, and the partition too if none was chosen yet. `headers` are those of the record as sent; read only.
   */
  onAcknowledgement?(metadata: RecordMetadata, error: KafkaError | null, headers: Headers): void

  /** Called on every metadata update, after the first `onSend` and before the first acknowledgement by a broker. */
  onClusterUpdate?(cluster: ClusterResource): void

  /** Called once, after the last acknowledgement. */
  close?(): void | Promise<void>
}
