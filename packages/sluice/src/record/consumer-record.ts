import type { Headers } from './headers.ts'

/** Whose clock gave `timestamp`. */
export type TimestampType = 'CreateTime' | 'LogAppendTime'

export interface ConsumerRecord<K = any, V = any> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: TimestampType
  readonly key: K | null
  readonly value: V | null
  readonly headers: Headers
  /** -1 for a null key. */
  readonly serializedKeySize: number
  /** -1 for a null value. */
  readonly serializedValueSize: number
  readonly leaderEpoch: number | undefined
  /** CRC-32C of the key's bytes followed by the value's, before deserialization; only when an interceptor or `recordAudit` asks for it. */
  readonly checksum?: number
  /** Bytes of the record by itself, with its headers and before compression, wherever it lay in which batch; only when asked for. */
  readonly size?: number
}
