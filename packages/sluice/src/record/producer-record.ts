import type { Headers, HeadersInit } from './headers.ts'

/** What an application gives to `send`. */
export interface ProducerRecordInit<K, V> {
  readonly topic: string
  /** Chosen by the partitioner when it is left out. */
  readonly partition?: number
  readonly key?: K | null
  readonly value?: V | null
  /** Milliseconds since 1970; the time of `send` when it is left out. */
  readonly timestamp?: number
  readonly headers?: HeadersInit
}

/**
 * A record on its way through the producer, as interceptors see it. To change it, return another:
 * `{ ...record, value }`. Headers are one mutable list that belongs to this send, never to the caller's object.
 */
export interface ProducerRecord<K = any, V = any> {
  readonly topic: string
  readonly partition: number | undefined
  readonly key: K | null
  readonly value: V | null
  readonly timestamp: number | undefined
  readonly headers: Headers
}
