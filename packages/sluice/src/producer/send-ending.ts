import { isKafkaError, KafkaError } from '../errors.ts'
import { failedSendMetadata } from '../interceptor/producer-interceptors.ts'
import type { SendContext } from '../interceptor/send-context.ts'
import type { Logger } from '../logger.ts'
import { type Headers, RecordHeaders } from '../record/headers.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { callSafely, type Reject, type Resolve, type SendCallback } from './record-thunks.ts'

/** What tells where a record was to go; bytes or not makes no difference at its end. */
export type EndingRecord = Pick<ProducerRecord, 'topic' | 'partition' | 'headers'>

/** Ends the sends that reach no batch, so that each of them is acknowledged too: interceptors first, then callback or promise. */
export class SendEnding {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** An interceptor dropped the record: a success of its own kind. */
  drop(record: EndingRecord, reason: string, context: SendContext, settle: SendCallback | Resolve, reject: Reject | null): void {
    context.headers = readOnly(record.headers)
    this.end({ ...failedMetadata(record.topic, record.partition), dropped: reason }, null, context, settle, reject)
  }

  /** Every failure after the interceptors. `partition` is the one chosen, -1 when none was; then the record's own is told. */
  fail(
    record: EndingRecord,
    partition: number,
    thrown: Error,
    context: SendContext | null,
    settle: SendCallback | Resolve,
    reject: Reject | null,
  ): void {
    const { topic } = record
    const error = asKafkaError(thrown, topic)
    if (context !== null) {
      context.headers = readOnly(record.headers)
      const metadata = failedSendMetadata(record, partition < 0 ? null : { topic, partition }) as RecordMetadata
      context.chain.acknowledge(context, metadata, error)
    }
    if (reject === null) this.#callLater(settle as SendCallback, failedMetadata(topic, partition < 0 ? record.partition : partition), error)
    else reject(thrown)
  }

  /** The interceptors still to be told, then callback or promise. */
  end(
    metadata: RecordMetadata,
    error: KafkaError | null,
    context: SendContext,
    settle: SendCallback | Resolve,
    reject: Reject | null,
  ): void {
    context.chain.acknowledge(context, metadata, error)
    if (reject === null) this.#callLater(settle as SendCallback, metadata, error)
    else if (error === null) (settle as Resolve)(metadata)
    else reject(error)
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

function asKafkaError(thrown: Error, topic: string): KafkaError {
  return isKafkaError(thrown) ? thrown : new KafkaError('REJECTED', `the send to topic "${topic}" failed`, { topic, cause: thrown })
}

function readOnly(headers: Headers): Headers {
  return headers instanceof RecordHeaders ? headers.setReadOnly() : headers
}

function failedMetadata(topic: string, partition: number | undefined): RecordMetadata {
  return { topic, partition: partition ?? -1, offset: -1, timestamp: -1, serializedKeySize: -1, serializedValueSize: -1 }
}
