import { isKafkaError, KafkaError } from '../errors.ts'
import type { ProducerInterceptors, SendVerdict } from '../interceptor/producer-interceptors.ts'
import type { Logger } from '../logger.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { callSafely, type Reject, type Resolve, type SendCallback } from './record-thunks.ts'

/** Ends the sends that reach no batch, so that each of them is acknowledged too: interceptors first, then callback or promise. */
export class SendEnding {
  readonly #interceptors: ProducerInterceptors
  readonly #logger: Logger

  constructor(interceptors: ProducerInterceptors, logger: Logger) {
    this.#interceptors = interceptors
    this.#logger = logger
  }

  /** An interceptor's verdict: dropped is a success of its own kind, rejected a failure. */
  obey(verdict: SendVerdict, settle: SendCallback | Resolve, reject: Reject | null): void {
    if (verdict.verdict === 'reject') {
      this.fail(verdict.record, -1, verdict.error, settle, reject)
      return
    }
    const metadata = this.#interceptors.onDropped({ ...verdict, verdict: 'drop' })
    if (reject === null) this.#callLater(settle as SendCallback, metadata, null)
    else (settle as Resolve)(metadata)
  }

  /** Every failure after the interceptors. `partition` is the one chosen, -1 when none was; then the record's own is told. */
  fail(record: ProducerRecord, partition: number, thrown: Error, settle: SendCallback | Resolve, reject: Reject | null): void {
    const { topic } = record
    const error = isKafkaError(thrown)
      ? thrown
      : new KafkaError('REJECTED', `the send to topic "${topic}" failed`, { topic, cause: thrown })
    this.#interceptors.onSendError(record, partition < 0 ? null : { topic, partition }, error)
    if (reject === null) this.#callLater(settle as SendCallback, failedMetadata(topic, partition < 0 ? record.partition : partition), error)
    else reject(thrown)
  }

  /** What is no record at all; interceptors were not called. */
  refuse(error: KafkaError, settle: SendCallback | Resolve, reject: Reject | null): void {
    if (reject === null) this.#callLater(settle as SendCallback, failedMetadata('', undefined), error)
    else reject(error)
  }

  /** No callback runs before `send` has returned. */
  #callLater(callback: SendCallback, metadata: RecordMetadata, error: KafkaError | null): void {
    queueMicrotask(() => callSafely(callback, metadata, error, this.#logger))
  }
}

function failedMetadata(topic: string, partition: number | undefined): RecordMetadata {
  return { topic, partition: partition ?? -1, offset: -1, timestamp: -1, serializedKeySize: -1, serializedValueSize: -1 }
}
