import { type Position, readVarint } from '@sluice/protocol'
import { type Header, type Headers, type HeaderValue, RecordHeaders } from '../record/headers.ts'

/**
 * A fetched record's headers, decoded at the first use: most consumers never look at them. `start` is the first of
 * `count` headers that the cursor has checked already.
 */
export class FetchedHeaders implements Headers {
  #payload: Buffer | undefined
  readonly #start: number
  readonly #count: number
  #decoded: RecordHeaders | undefined

  constructor(payload: Buffer, start: number, count: number) {
    this.#payload = payload
    this.#start = start
    this.#count = count
  }

  get size(): number {
    return this.#decoded?.size ?? this.#count
  }

  get(key: string): Buffer | null | undefined {
    return this.#headers().get(key)
  }

  getString(key: string): string | null | undefined {
    return this.#headers().getString(key)
  }

  getAll(key: string): readonly (Buffer | null)[] {
    return this.#headers().getAll(key)
  }

  has(key: string): boolean {
    return this.#headers().has(key)
  }

  add(key: string, value: HeaderValue): this {
    this.#headers().add(key, value)
    return this
  }

  set(key: string, value: HeaderValue): this {
    this.#headers().set(key, value)
    return this
  }

  delete(key: string): boolean {
    return this.#headers().delete(key)
  }

  deleteAll(keys: ReadonlySet<string>): boolean {
    return this.#headers().deleteAll(keys)
  }

  keys(): readonly string[] {
    return this.#headers().keys()
  }

  [Symbol.iterator](): Iterator<Header> {
    return this.#headers()[Symbol.iterator]()
  }

  #headers(): RecordHeaders {
    if (this.#decoded === undefined) {
      this.#decoded = RecordHeaders.ofList(decode(this.#payload!, this.#start, this.#count))
      this.#payload = undefined
    }
    return this.#decoded
  }
}

function decode(payload: Buffer, start: number, count: number): Header[] {
  const headers: Header[] = []
  const at: Position = { position: start }
  for (let i = 0; i < count; i++) {
    const keyLength = readVarint(payload, at, payload.length)
    const keyStart = at.position
    at.position += keyLength
    const key = payload.toString('utf8', keyStart, at.position)
    const valueLength = readVarint(payload, at, payload.length)
    const valueStart = at.position
    if (valueLength > 0) at.position += valueLength
    headers.push({ key, value: valueLength < 0 ? null : payload.subarray(valueStart, at.position) })
  }
  return headers
}
