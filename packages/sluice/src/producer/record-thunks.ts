import type { KafkaError } from '../errors.ts'
import { isPromise } from '../interceptor/hook-call.ts'
import type { SendContext } from '../interceptor/send-context.ts'
import type { Logger } from '../logger.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import type { AcknowledgedRecords } from './acknowledged-records.ts'

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
      readonly records: AcknowledgedRecords
    }
  | { readonly error: KafkaError; readonly recordError: ((index: number) => KafkaError) | undefined }

/** Who is to be told about each record of a batch, in append order (Java: Thunk). Lists, so that a record costs no object. */
export class RecordThunks {
  readonly #topicPartition: TopicPartition
  readonly #logger: Logger
  /** Metadata gets KIP-42's `checksum` and `size`. */
  readonly #audit: boolean
  /** By record: the callback, or `resolve`. */
  #settlers: (SendCallback | Resolve)[]
  /** By record: null for a callback; undefined as long as all are. */
  #rejecters: (Reject | null)[] | undefined = undefined
  /** By record: the interceptors to tell, if any; undefined as long as no record has some. */
  #contexts: (SendContext | undefined)[] | undefined = undefined
  #count = 0
  #callbacks = 0

  /** Room for `expectedRecords` is made at once; there may be more. */
  constructor(topicPartition: TopicPartition, logger: Logger, audit = false, expectedRecords = 0) {
    this.#topicPartition = topicPartition
    this.#settlers = new Array(expectedRecords)
    this.#logger = logger
    this.#audit = audit
  }

  add(settle: SendCallback | Resolve, reject: Reject | null, context: SendContext | null): void {
    const index = this.#count++
    if (context !== null) this.#keep(index, context)
    this.#settlers[index] = settle
    if (reject === null) {
      this.#callbacks++
      if (this.#rejecters !== undefined) this.#rejecters[index] = null
    } else {
      if (this.#rejecters === undefined) this.#rejecters = new Array(this.#settlers.length).fill(null)
      this.#rejecters[index] = reject
    }
  }

  settler(index: number): SendCallback | Resolve {
    return this.#settlers[index]!
  }

  rejecter(index: number): Reject | null {
    return this.#rejecters?.[index] ?? null
  }

  /** Null when no interceptor is to be told. */
  context(index: number): SendContext | null {
    return this.#contexts?.[index] ?? null
  }

  /** Checksum and size will be asked for at least one of the records. */
  get needsAudit(): boolean {
    return this.#audit || (this.#contexts?.some((context) => context?.chain.needsRecordAudit) ?? false)
  }

  /**
   * For each record in append order the interceptors, then its callback; the promises settle after the last callback, so
   * that no code that awaits one runs before the batch is through.
   */
  settle(result: BatchResult): void {
    const failed = result.error === null ? undefined : this.#failedMetadata()
    const promisesOnly = this.#callbacks === 0 && this.#contexts === undefined
    const metadatas: RecordMetadata[] = []
    const count = this.#count
    for (let index = 0; index < count; index++) {
      const context = this.#contexts?.[index]
      const metadata = failed ?? this.#metadata(result as BatchResult & { error: null }, index, context)
      if (promisesOnly) this.#settlePromise(index, metadata, result)
      else if (this.#tell(index, metadata, result, context)) metadatas.push(metadata)
    }
    let next = 0
    if (metadatas.length > 0) {
      for (let index = 0; index < count; index++) {
        if (this.rejecter(index) !== null) this.#settlePromise(index, metadatas[next++]!, result)
      }
    }
    this.forget()
  }

  /** Callbacks hold on to the application's objects; a batch that waits for its socket need not. */
  forget(): void {
    this.#settlers = []
    this.#rejecters = undefined
    this.#count = 0
    this.#contexts = undefined
    this.#callbacks = 0
  }

  /** Interceptors and callback; true when a promise is left to be settled. */
  #tell(index: number, metadata: RecordMetadata, result: BatchResult, context: SendContext | undefined): boolean {
    const error = errorOf(result, index)
    context?.chain.acknowledge(context, metadata, error)
    if (this.rejecter(index) !== null) return true
    callSafely(this.#settlers[index]!, metadata, error, this.#logger)
    return false
  }

  #settlePromise(index: number, metadata: RecordMetadata, result: BatchResult): void {
    if (result.error === null) (this.#settlers[index] as Resolve)(metadata)
    else this.rejecter(index)!(errorOf(result, index)!)
  }

  /** What the encoded records say already (timestamps, sizes) is read from them and not kept twice. */
  #metadata(result: BatchResult & { error: null }, index: number, context: SendContext | undefined): RecordMetadata {
    const { records, baseOffset, logAppendTimeMs, baseTimestamp } = result
    records.next()
    const metadata: RecordMetadata = {
      topic: this.#topicPartition.topic,
      partition: this.#topicPartition.partition,
      offset: baseOffset < 0 ? -1 : baseOffset + index,
      timestamp: logAppendTimeMs < 0 ? baseTimestamp + records.timestampDelta : logAppendTimeMs,
      serializedKeySize: records.keyLength,
      serializedValueSize: records.valueLength,
    }
    if (!this.#audit && context === undefined) return metadata
    const audit = this.#audit || context!.chain.needsRecordAudit ? { checksum: records.checksum, size: records.size } : undefined
    const deadLettered = context?.deadLettered
    if (audit === undefined && deadLettered === undefined) return metadata
    return { ...metadata, ...audit, ...(deadLettered === undefined ? undefined : { deadLettered }) }
  }

  #keep(index: number, context: SendContext): void {
    if (this.#contexts === undefined) this.#contexts = new Array(index)
    this.#contexts[index] = context
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
