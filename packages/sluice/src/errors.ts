/**
 * Every error that Sluice throws, rejects with or hands to a callback.
 *
 * `code` says what happened: Kafka's own name for what a broker answered (`NOT_LEADER_OR_FOLLOWER`), or one of
 * `LocalErrorCode`. `retriable` says whether the same call may succeed later. The message names topic, partition, the
 * wrong value and the option to change; it never holds a key or a value.
 */
export class KafkaError extends Error {
  readonly code: string
  readonly retriable: boolean
  readonly topic?: string
  readonly partition?: number

  constructor(code: string, message: string, options: KafkaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'KafkaError'
    this.code = code
    this.retriable = options.retriable ?? false
    if (options.topic !== undefined) this.topic = options.topic
    if (options.partition !== undefined) this.partition = options.partition
  }
}

export interface KafkaErrorOptions {
  readonly retriable?: boolean
  readonly topic?: string
  readonly partition?: number
  readonly cause?: unknown
}

/** Codes of what happened on this side of the wire. */
export type LocalErrorCode =
  /** An option is missing, unknown, of the wrong type or in conflict with another (Java: ConfigException). */
  | 'CONFIG'
  /** The call came with arguments that cannot be right (Java: IllegalArgumentException). */
  | 'INVALID_ARGUMENT'
  /** The call is not allowed in this state, for example after `close` (Java: IllegalStateException). */
  | 'ILLEGAL_STATE'
  /** Time ran out: `maxBlockMs`, `deliveryTimeoutMs`, `defaultApiTimeoutMs` or a timeout given (Java: TimeoutException). */
  | 'TIMEOUT'
  /** No room in `bufferMemory` within `maxBlockMs` (Java: BufferExhaustedException). */
  | 'BUFFER_EXHAUSTED'
  /** A serializer or deserializer failed (Java: SerializationException). */
  | 'SERIALIZATION'
  /** The record is larger than `maxRequestSize` or `bufferMemory` (Java: RecordTooLargeException). */
  | 'RECORD_TOO_LARGE'
  /** An interceptor with `onError: 'fail'` failed, or returned what it may not. */
  | 'INTERCEPTOR'
  /** An interceptor rejected the record without an error of its own. */
  | 'REJECTED'
  /** The broker refused the batch because of other records in it (KIP-467); the record may be sent again. */
  | 'BATCH_REJECTED'
  /** The client was closed while the call waited. */
  | 'CLOSED'
  /** The connection was lost, refused or could not be set up in time (Java: DisconnectException, NetworkException). */
  | 'NETWORK'
  /** The caller's AbortSignal fired. */
  | 'ABORTED'
  /** TLS or SASL refused (Java: AuthenticationException). */
  | 'AUTHENTICATION'
  /** Broker and client share no version of an API (Java: UnsupportedVersionException). */
  | 'UNSUPPORTED_VERSION'
  /** Bytes from the broker do not follow the protocol, or a checksum does not match (Java: CorruptRecordException). */
  | 'CORRUPT'

/** True for a `KafkaError` of this or another copy of the package. */
export function isKafkaError(error: unknown): error is KafkaError {
  return error instanceof Error && error.name === 'KafkaError' && typeof (error as KafkaError).code === 'string'
}

/** An option or argument that is not what it must be. */
export function configError(message: string): KafkaError {
  return new KafkaError('CONFIG', message)
}
