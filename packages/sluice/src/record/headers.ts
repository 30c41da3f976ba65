/** Anything a header's value may be given as; strings become UTF-8, and null stays null. */
export type HeaderValue = string | Uint8Array | null

/** Headers as an application may give them. An object keeps its insertion order; an array may repeat a key. */
export type HeadersInit =
  | Headers
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>
  | readonly (readonly [key: string, value: HeaderValue])[]

export interface Header {
  readonly key: string
  readonly value: Buffer | null
}

/**
 * A record's headers: an ordered list in which a key may occur more than once (Java: Headers). Values are bytes or null.
 * After the record was handed to the producer's accumulator the list is read only, and a change throws ILLEGAL_STATE.
 */
export interface Headers extends Iterable<Header> {
  readonly size: number
  /** The last value with this key: bytes, null if it was sent as null, undefined if the key is absent. */
  get(key: string): Buffer | null | undefined
  /** The last value with this key as UTF-8. */
  getString(key: string): string | null | undefined
  getAll(key: string): readonly (Buffer | null)[]
  has(key: string): boolean
  /** Adds at the end, also when the key is there already. */
  add(key: string, value: HeaderValue): this
  /** Removes every header with this key, then adds. */
  set(key: string, value: HeaderValue): this
  /** Removes every header with this key; true if there was one. */
  delete(key: string): boolean
  keys(): readonly string[]
}
