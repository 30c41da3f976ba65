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
  keys(): readonly string[]
}

/** What a list without headers shares, so that an empty one costs no array. */
const NONE: readonly Header[] = Object.freeze([])

/** The list behind every record's `headers`. Costs one small object until the first header is added. */
export class RecordHeaders implements Headers {
  #list: Header[] | undefined = undefined
  #readOnly = false

  /** Always a fresh list, never the one given: what the producer and its interceptors add stays out of the caller's object. */
  static from(init: HeadersInit | undefined): RecordHeaders {
    const headers = new RecordHeaders()
    if (init === undefined || init === null) return headers
    if (init instanceof RecordHeaders) {
      if (init.#list !== undefined) headers.#list = init.#list.slice()
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

  /** Takes over a list that nobody else holds, as the fetcher reads it from a batch. */
  static ofList(list: Header[]): RecordHeaders {
    const headers = new RecordHeaders()
    if (list.length > 0) headers.#list = list
    return headers
  }

  get size(): number {
    return this.#list === undefined ? 0 : this.#list.length
  }

  get isReadOnly(): boolean {
    return this.#readOnly
  }

  /** The headers in order, for encoders: no copy is made, so it is not to be changed. */
  toList(): readonly Header[] {
    return this.#list ?? NONE
  }

  get(key: string): Buffer | null | undefined {
    const list = this.#list
    if (list === undefined) return undefined
    for (let index = list.length - 1; index >= 0; index--) {
      const header = list[index] as Header
      if (header.key === key) return header.value
    }
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
    return this.get(key) !== undefined
  }

  add(key: string, value: HeaderValue): this {
    this.#assertWritable(key)
    const header = { key: checkedKey(key), value: toBytes(key, value) }
    if (this.#list === undefined) this.#list = [header]
    else this.#list.push(header)
    return this
  }

  set(key: string, value: HeaderValue): this {
    this.#assertWritable(key)
    const bytes = toBytes(checkedKey(key), value)
    this.delete(key)
    return this.add(key, bytes)
  }

  delete(key: string): boolean {
    this.#assertWritable(key)
    const list = this.#list
    if (list === undefined || !this.has(key)) return false
    this.#list = list.filter((header) => header.key !== key)
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

function toBytes(key: string, value: unknown): Buffer | null {
  if (value === null) return null
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
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
