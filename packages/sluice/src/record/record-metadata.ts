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
  /** CRC-32C of key and value bytes; only when an interceptor or `recordAudit` asks for it. */
  readonly checksum?: number
  /** The record's serialized size in bytes; only when an interceptor or `recordAudit` asks for it. */
  readonly size?: number
  /** Why an interceptor dropped the record, which then was not sent. */
  readonly dropped?: string
}
