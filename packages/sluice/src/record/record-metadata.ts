/** Where a record went. Offsets and timestamps are plain numbers; -1 stands for unknown, as in Java. */
export interface RecordMetadata {
  readonly topic: string
  /** -1 when the send failed before a partition was chosen. */
  readonly partition: number
  /** -1 when the broker gave none: `acks: 0`, a duplicate that an earlier attempt had written, or a failure. */
  readonly offset: number
  /** The broker's time for topics with LogAppendTime, else the record's own; -1 on failure. */
  readonly timestamp: number
  /** Bytes before compression; -1 for a null key. */
  readonly serializedKeySize: number
  /** Bytes before compression; -1 for a null value. */
  readonly serializedValueSize: number
  /** CRC-32C of the key's bytes followed by the value's, as on the ConsumerRecord; only when an interceptor or `recordAudit` asks for it, never on failure. */
  readonly checksum?: number
  /** Bytes of the record by itself, with its headers and before compression, as on the ConsumerRecord; only when asked for, never on failure. */
  readonly size?: number
  /** Why an interceptor dropped the record, which then was not sent. */
  readonly dropped?: string
  /** Why the record was sent to the dead-letter topic, which `topic` then names. */
  readonly deadLettered?: string
  /** An interceptor put these records in place of the one given: the metadata of each, in order. The other fields are those of the first. */
  readonly emitted?: readonly RecordMetadata[]
}
