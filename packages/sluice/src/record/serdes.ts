import type { Headers } from './headers.ts'

/** Turns a key or value into bytes. `null` stays null and is not given to a serializer. */
export interface Serializer<T> {
  /** May add headers. When it throws, the send fails with SERIALIZATION. */
  serialize(topic: string, data: T, headers: Headers): Uint8Array | null
  /**
   * Optional fast path that saves an intermediate buffer: writes the bytes into `target` at `offset` and returns how
   * many there are, or -1 when `target` has not enough room (the producer then comes back with a larger one).
   */
  serializeInto?(topic: string, data: T, headers: Headers, target: Buffer, offset: number): number
}

/** Turns bytes into a key or value. */
export interface Deserializer<T> {
  /** `data` is a view into a fetched batch: copy what is kept for long. When it throws, `poll` fails and names the position. */
  deserialize(topic: string, data: Buffer, headers: Headers): T
}

export type Serde<T> = Serializer<T> & Deserializer<T>
