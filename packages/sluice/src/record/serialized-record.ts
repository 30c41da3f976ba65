import type { TimestampType } from './consumer-record.ts'
import type { Headers } from './headers.ts'

/**
 * A record between the serializers and its batch, as `onSerialized` sees it. To change it, return another:
 * `{ ...record, value }`. Topic and partition stay: change those in `onSend`.
 */
export interface SerializedRecord {
  readonly topic: string
  /** As given to `send`: the partitioner runs after this stage, on the key's bytes as they are then. */
  readonly partition: number | undefined
  /** Valid until the hook has returned, or its promise has settled: copy what is kept for longer. */
  readonly key: Buffer | null
  /** As `key`. */
  readonly value: Buffer | null
  readonly timestamp: number | undefined
  readonly headers: Headers
}

/** A record between the fetch and the deserializers, as `onFetched` sees it. To change it, return another. */
export interface RawRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: TimestampType
  /** A view of what was fetched: copy what is kept for long. */
  readonly key: Buffer | null
  /** As `key`. */
  readonly value: Buffer | null
  readonly headers: Headers
  readonly leaderEpoch: number | undefined
}
