import type { RecordCursor } from '@sluice/protocol'
import type { KafkaError } from '../errors.ts'
import { isPromise } from '../interceptor/interceptor-member.ts'
import type { ProducerInterceptors } from '../interceptor/producer-interceptors.ts'
import type { Logger } from '../logger.ts'
import type { Headers } from '../record/headers.ts'
import { recordChecksum, recordSize } from '../record/record-audit.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { TopicPartition } from '../record/topic-partition.ts'

/** Called once for a record sent with a callback. On failure `metadata` has offset -1 and `error` says why. */
export type SendCallback = (metadata: RecordMetadata, error: KafkaError | null) => void

/** What ends a promised send: `resolve` and `reject` of its promise. */
export type Resolve = (metadata: RecordMetadata) => void
export type Reject = (error: Error) => void

/** How a batch ended. */
export type BatchResult =
  | {
      readonly error: null
      readonly baseOffset: number
      readonly logAppendTimeMs: number
      readonly baseTimestamp: number
      readonly cursor: RecordCursor
    }
  | { readonly error: KafkaError; readonly recordError: ((index: number) => KafkaError) | undefined }

/** Who is to be told about each record of a batch, in append order (Java: Thunk). Lists, so that a record costs no object. */
export class RecordThunks {
  readonly #topicPartition: TopicPartition
  /** Null when the chain is empty: headers then need not be kept. */
  readonly #interceptors: ProducerInterceptors | null
  readonly #logger: Logger
  /** Metadata gets KIP-42's `checksum` and `size`. */
  readonly #audit: boolean
  /** By record: the callback, or `resolve`. */
  #settlers: (SendCallback | Resolve)[] = []
  /** By record: null for a callback. */
  #rejecters: (Reject | null)[] = []
  #headers: Headers[] = []
  #callbacks = 0

  constructor(topicPartition: TopicPartition, interceptors: ProducerInterceptors | null, logger: Logger, audit = false) {
    this.#topicPartition = topicPartition
    this.#interceptors = interceptors
    this.#logger = logger
    this.#audit = audit
  }

  add(settle: SendCallback | Resolve, reject: Reject | null, headers: Headers): void {
    this.#settlers.push(settle)
    this.#rejecters.push(reject)
    if (reject === null) this.#callbacks++
    if (this.#interceptors !== null) this.#headers.push(headers)
  }

  settler(index: number): SendCallback | Resolve {
    return this.#settlers[index]!
  }

  rejecter(index: number): Reject | null {
    return this.#rejecters[index]!
  }

  /** Undefined when nobody asks for headers. */
  headers(index: number): Headers | undefined {
    return this.#headers[index]
  }

  /**
   * For each record in append order the interceptors, then its callback; the promises settle after the last callback, so
   * that no code that awaits one runs before the batch is through.
   */
  settle(result: BatchResult): void {
    const settlers = this.#settlers
    const failed = result.error === null ? undefined : this.#failedMetadata()
    const promisesOnly = this.#callbacks === 0 && this.#interceptors === null
    const metadatas: RecordMetadata[] = []
    for (let index = 0; index < settlers.length; index++) {
      const metadata = failed ?? this.#metadata(result as BatchResult & { error: null }, index)
      if (promisesOnly) this.#settlePromise(index, metadata, result)
      else if (this.#tell(index, metadata, result)) metadatas.push(metadata)
    }
    let next = 0
    if (metadatas.length > 0) {
      for (let index = 0; index < settlers.length; index++) {
        if (this.#rejecters[index] !== null) this.#settlePromise(index, metadatas[next++]!, result)
      }
    }
    this.forget()
  }

  /** Callbacks hold on to the application's objects; a batch that waits for its socket need not. */
  forget(): void {
    this.#settlers = []
    this.#rejecters = []
    this.#headers = []
    this.#callbacks = 0
  }

  /** Interceptors and callback; true when a promise is left to be settled. */
  #tell(index: number, metadata: RecordMetadata, result: BatchResult): boolean {
    const error = errorOf(result, index)
    this.#interceptors?.onAcknowledgement(metadata, error, this.#headers[index]!)
    if (this.#rejecters[index] !== null) return true
    callSafely(this.#settlers[index]!, metadata, error, this.#logger)
    return false
  }

  #settlePromise(index: number, metadata: RecordMetadata, result: BatchResult): void {
    if (result.error === null) (this.#settlers[index] as Resolve)(metadata)
    else this.#rejecters[index]!(errorOf(result, index)!)
  }

  /** What the encoded records say already (timestamps, sizes) is read from them and not kept twice. */
  #metadata({ cursor, baseOffset, logAppendTimeMs, baseTimestamp }: BatchResult & { error: null }, index: number): RecordMetadata {
    cursor.next()
    const metadata: RecordMetadata = {
      topic: this.#topicPartition.topic,
      partition: this.#topicPartition.partition,
      offset: baseOffset < 0 ? -1 : baseOffset + index,
      timestamp: logAppendTimeMs < 0 ? baseTimestamp + cursor.timestampDelta : logAppendTimeMs,
      serializedKeySize: cursor.keyLength,
      serializedValueSize: cursor.valueLength,
    }
    return this.#audit ? { ...metadata, checksum: recordChecksum(cursor), size: recordSize(cursor) } : metadata
  }

  #failedMetadata(): RecordMetadata {
    const { topic, partition } = this.#topicPartition
    return { topic, partition, offset: -1, timestamp: -1, serializedKeySize: -1, serializedValueSize: -1 }
  }
}

/** What a callback throws is logged, also when it is asynchronous: an unhandled rejection would end the process. */
export function callSafely(callback: SendCallback, metadata: RecordMetadata, error: KafkaError | null, logger: Logger): void {
  try {
    const returned: unknown = callback(metadata, error)
    if (isPromise(returned)) returned.then(undefined, (thrown) => logThrown(thrown, metadata, logger))
  } catch (thrown) {
    logThrown(thrown, metadata, logger)
  }
}

function logThrown(error: unknown, { topic, partition }: RecordMetadata, logger: Logger): void {
  logger.error('a callback given to send threw', { topic, partition, error })
}

function errorOf(result: BatchResult, index: number): KafkaError | null {
  return result.error === null ? null : (result.recordError?.(index) ?? result.error)
}
