import type { FlatHeaders } from '@sluice/protocol'
import { KafkaError } from '../errors.ts'

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
  /** Removes every header with one of these keys, all in one pass; true if there was one. */
  deleteAll(keys: ReadonlySet<string>): boolean
  keys(): readonly string[]
}

/** A value as it was given: a string stays one until somebody asks for its bytes, and mostly only the encoder does. */
type KeptValue = string | Buffer | null

/** What a list without headers shares, so that an empty one costs no array. */
const NONE: FlatHeaders = Object.freeze([])

/** The list behind every record's `headers`. Costs one small object until the first header is added, and an array from then on. */
export class RecordHeaders implements Headers {
  /** Keys and values in turn. */
  #flat: KeptValue[] | undefined = undefined
  #readOnly = false

  /** Always a fresh list, never the one given: what the producer and its interceptors add stays out of the caller's object. */
  static from(init: HeadersInit | undefined): RecordHeaders {
    const headers = new RecordHeaders()
    if (init === undefined || init === null) return headers
    if (init instanceof RecordHeaders) {
      if (init.#flat !== undefined) headers.#flat = init.#flat.slice()
      return headers
    }
    if (typeof init !== 'object') throw headersError(`an object, a list of [key, value] pairs or Headers, not ${kindOf(init)}`)
    if (Symbol.iterator in init) {
      for (const entry of init as Iterable<unknown>) {
        if (Array.isArray(entry)) {
          if (entry.length !== 2) throw headersError(`pairs of key and value, not an array of ${entry.length}`)
          headers.add(entry[0], entry[1])
        } else if (typeof entry === 'object' && entry !== null && 'key' in entry && 'value' in entry) {
          headers.add(entry.key as string, entry.value as HeaderValue)
        } else throw headersError(`pairs of key and value, not ${kindOf(entry)}`)
      }
      return headers
    }
    for (const key of Object.keys(init)) {
      const value = (init as Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>)[key]
      if (Array.isArray(value)) for (const one of value) headers.add(key, one)
      else headers.add(key, value as HeaderValue)
    }
    return headers
  }

  /** What the fetcher reads from a batch. */
  static ofList(list: readonly Header[]): RecordHeaders {
    const headers = new RecordHeaders()
    for (const { key, value } of list) headers.#append(key, value)
    return headers
  }

  get size(): number {
    return this.#flat === undefined ? 0 : this.#flat.length / 2
  }

  get isReadOnly(): boolean {
    return this.#readOnly
  }

  /** The headers in order; a list of the moment. */
  toList(): readonly Header[] {
    const list: Header[] = []
    const flat = this.#flat
    if (flat !== undefined) for (let at = 0; at < flat.length; at += 2) list.push({ key: flat[at] as string, value: bytesAt(flat, at + 1) })
    return list
  }

  /** Keys and values in turn, for encoders: no copy is made, so it is not to be changed. */
  toFlat(): FlatHeaders {
    return this.#flat ?? NONE
  }

  get(key: string): Buffer | null | undefined {
    const flat = this.#flat
    if (flat === undefined) return undefined
    for (let at = flat.length - 2; at >= 0; at -= 2) if (flat[at] === key) return bytesAt(flat, at + 1)
    return undefined
  }

  getString(key: string): string | null | undefined {
    const value = this.get(key)
    return value == null ? value : value.toString('utf8')
  }

  getAll(key: string): readonly (Buffer | null)[] {
    return this.toList()
      .filter((header) => header.key === key)
      .map((header) => header.value)
  }

  has(key: string): boolean {
    return this.#indexOf(key) >= 0
  }

  add(key: string, value: HeaderValue): this {
    this.#assertWritable(key)
    this.#append(checkedKey(key), toKept(key, value))
    return this
  }

  set(key: string, value: HeaderValue): this {
    this.#assertWritable(key)
    const kept = toKept(checkedKey(key), value)
    const first = this.#indexOf(key)
    if (first >= 0) this.#removeFrom(first, key)
    this.#append(key, kept)
    return this
  }

  delete(key: string): boolean {
    this.#assertWritable(key)
    const first = this.#indexOf(key)
    if (first < 0) return false
    this.#removeFrom(first, key)
    return true
  }

  deleteAll(keys: ReadonlySet<string>): boolean {
    const flat = this.#flat
    if (flat === undefined) return false
    let kept = 0
    for (let at = 0; at < flat.length; at += 2) {
      const key = flat[at] as string
      if (keys.has(key)) {
        this.#assertWritable(key)
        continue
      }
      flat[kept++] = key
      flat[kept++] = flat[at + 1] as KeptValue
    }
    if (kept === flat.length) return false
    flat.length = kept
    return true
  }

  keys(): readonly string[] {
    return [...new Set(this.toList().map((header) => header.key))]
  }

  /** From now on a change throws ILLEGAL_STATE (Java: RecordHeaders.setReadOnly). */
  setReadOnly(): this {
    this.#readOnly = true
    return this
  }

  [Symbol.iterator](): Iterator<Header> {
    return this.toList()[Symbol.iterator]()
  }

  #indexOf(key: string): number {
    const flat = this.#flat
    if (flat === undefined) return -1
    for (let at = 0; at < flat.length; at += 2) if (flat[at] === key) return at
    return -1
  }

  /** A new array for the first few: one that grows by `push` has room for 17 more at once, and lives as long as its record. */
  #append(key: string, value: KeptValue): void {
    const flat = this.#flat
    if (flat === undefined) this.#flat = [key, value]
    else if (flat.length === 2) this.#flat = [flat[0] as string, flat[1] as KeptValue, key, value]
    else if (flat.length === 4) this.#flat = [flat[0] as string, flat[1] as KeptValue, flat[2] as string, flat[3] as KeptValue, key, value]
    else flat.push(key, value)
  }

  #removeFrom(first: number, key: string): void {
    const flat = this.#flat!
    let kept = first
    for (let at = first + 2; at < flat.length; at += 2) {
      if (flat[at] === key) continue
      flat[kept++] = flat[at] as string
      flat[kept++] = flat[at + 1] as KeptValue
    }
    flat.length = kept
  }

  #assertWritable(key: string): void {
    if (this.#readOnly) {
      throw new KafkaError('ILLEGAL_STATE', `header "${key}" cannot be changed: the record's headers are read only once it is on its way`)
    }
  }
}

const none = new RecordHeaders().setReadOnly()

/** The shared, read-only list without headers. A record that interceptors may still add to needs its own `new RecordHeaders()`. */
export function emptyHeaders(): RecordHeaders {
  return none
}

function checkedKey(key: unknown): string {
  if (typeof key !== 'string') throw new KafkaError('INVALID_ARGUMENT', `a header's key must be a string, not ${kindOf(key)}`)
  return key
}

/** The bytes of a string are made once, so that who asks again gets the same object. */
function bytesAt(flat: KeptValue[], at: number): Buffer | null {
  const value = flat[at] as KeptValue
  return typeof value === 'string' ? (flat[at] = Buffer.from(value, 'utf8')) : value
}

function toKept(key: string, value: unknown): KeptValue {
  if (value === null || typeof value === 'string') return value
  if (Buffer.isBuffer(value)) return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  throw new KafkaError('INVALID_ARGUMENT', `header "${key}" must be a string, bytes (Uint8Array) or null, not ${kindOf(value)}`)
}

function headersError(what: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', `headers must be ${what}`)
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
}
