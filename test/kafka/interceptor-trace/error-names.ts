/** What an exception of the Java client is called in Sluice; both sides of the trace read this table. */
export interface ErrorName {
  /** Simple name of the Java class. */
  readonly java: string
  /** Part of the message, where Java has one class for several errors. */
  readonly says?: string
  /** In the trace. */
  readonly code: string
  /** Code of the `KafkaError`, where the trace's is another. */
  readonly sluice?: string
}

/** Java classes that are missing here stand for an error of the protocol: the code is that error's name, in both. */
export const errorNames: readonly ErrorName[] = [
  { java: 'TimeoutException', code: 'TIMEOUT' },
  { java: 'BufferExhaustedException', code: 'BUFFER_EXHAUSTED' },
  { java: 'RecordTooLargeException', code: 'RECORD_TOO_LARGE' },
  { java: 'RecordTooLargeException', code: 'RECORD_TOO_LARGE', sluice: 'MESSAGE_TOO_LARGE' },
  { java: 'SerializationException', code: 'SERIALIZATION' },
  { java: 'RecordDeserializationException', code: 'SERIALIZATION' },
  { java: 'IllegalStateException', code: 'ILLEGAL_STATE' },
  { java: 'IllegalArgumentException', code: 'INVALID_ARGUMENT' },
  { java: 'ConfigException', code: 'CONFIG' },
  { java: 'CommitFailedException', code: 'COMMIT_FAILED' },
  { java: 'KafkaException', says: 'Failed to construct', code: 'CONFIG' },
  { java: 'KafkaException', says: 'closed', code: 'CLOSED' },
  { java: 'KafkaException', says: 'part of a batch', code: 'BATCH_REJECTED' },
]
