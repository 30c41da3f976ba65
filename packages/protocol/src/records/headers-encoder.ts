import type { RecordHeader } from './record-encoder.ts'
import { writeVarint } from './varint.ts'

/** Headers as they are written: keys and values in turn. A string is written as UTF-8. */
export type FlatHeaders = readonly (string | Uint8Array | null)[]

export function flatHeaders(headers: readonly RecordHeader[]): FlatHeaders {
  return headers.flatMap(({ key, value }) => [key, value])
}

/** In bytes of their own. */
export function encodeHeaders(headers: FlatHeaders): Buffer {
  const encoder = new HeadersEncoder()
  const size = encoder.encode(headers)
  return encoder.bytes.subarray(0, size)
}

const INITIAL_BYTES = 256
/** What one record made larger is not kept for the next. */
const MAX_KEPT_BYTES = 64 * 1024
/** A length in front of a field, and the count in front of all, take at most so much. */
const MAX_VARINT_BYTES = 5
/** UTF-8 bytes of a UTF-16 unit, at most. */
const MAX_BYTES_PER_UNIT = 3
/** Where a copy begins to cost less than a loop, and the way into C++ than reading the characters; measured on Node 24. */
const BYTE_LOOP_UP_TO = 16
const TEXT_LOOP_UP_TO = 16

/**
 * Encodes the headers of one record after the other into the same bytes. Records that follow each other mostly have the
 * same keys, and many of the same values: a text that is already where it belongs is not written again. (Bytes are, since
 * they may have changed meanwhile.)
 */
export class HeadersEncoder {
  /** The headers with their count, from 0 to what `encode` returned, until its next call. */
  bytes: Buffer = Buffer.allocUnsafe(INITIAL_BYTES)
  /** By field: the text that lies in `bytes`, null for anything else, and where it begins and ends. */
  #texts: (string | null)[] = []
  #starts: number[] = []
  #ends: number[] = []
  /** Where the first field begins, behind the count. 0 when `bytes` cannot be built on. */
  #first = 0

  /** Returns how many bytes they take. */
  encode(headers: FlatHeaders): number {
    if (headers.length !== this.#texts.length || this.#first === 0 || this.bytes.length > MAX_KEPT_BYTES) this.#begin(headers.length)
    const texts = this.#texts
    const starts = this.#starts
    const ends = this.#ends
    let at = this.#first
    // Should this throw, the fields behind may be overwritten.
    this.#first = 0
    const first = at
    for (let i = 0; i < headers.length; i++) {
      const field = headers[i]!
      const isText = typeof field === 'string'
      // What is written lies before `at`: a field that begins there has not been touched.
      if (isText && starts[i] === at && texts[i] === field) {
        at = ends[i]!
        continue
      }
      texts[i] = isText ? field : null
      starts[i] = at
      if (isText) at = this.#writeText(at, field)
      else at = field === null ? this.#writeNull(at) : this.#writeBytes(at, field)
      ends[i] = at
    }
    this.#first = first
    return at
  }

  #begin(fields: number): void {
    if (this.bytes.length > MAX_KEPT_BYTES) this.bytes = Buffer.allocUnsafe(INITIAL_BYTES)
    this.#texts = new Array(fields).fill(null)
    this.#starts = new Array(fields).fill(0)
    this.#ends = new Array(fields).fill(0)
    this.#first = writeVarint(this.bytes, 0, fields / 2)
  }

  #writeText(at: number, text: string): number {
    const { length } = text
    this.#makeRoom(at, length * MAX_BYTES_PER_UNIT)
    const { bytes } = this
    if (length > TEXT_LOOP_UP_TO) return this.#writeLongText(at, text)
    // A length below 64 is one byte, doubled by the zigzag.
    bytes[at] = length << 1
    for (let c = 0; c < length; c++) {
      const unit = text.charCodeAt(c)
      if (unit > 0x7f) return this.#writeLongText(at, text)
      bytes[at + 1 + c] = unit
    }
    return at + 1 + length
  }

  #writeLongText(at: number, text: string): number {
    const { bytes } = this
    if (text.length < 64) {
      // Mostly the length will be one byte, and is known once the text is written.
      const size = bytes.write(text, at + 1, 'utf8')
      if (size < 64) {
        bytes[at] = size << 1
        return at + 1 + size
      }
    }
    const size = Buffer.byteLength(text)
    at = writeVarint(bytes, at, size)
    return at + bytes.write(text, at, size, 'utf8')
  }

  #writeNull(at: number): number {
    this.#makeRoom(at, 0)
    return writeVarint(this.bytes, at, -1)
  }

  #writeBytes(at: number, value: Uint8Array): number {
    const { length } = value
    this.#makeRoom(at, length)
    const { bytes } = this
    at = writeVarint(bytes, at, length)
    if (length > BYTE_LOOP_UP_TO) bytes.set(value, at)
    else for (let b = 0; b < length; b++) bytes[at + b] = value[b]!
    return at + length
  }

  #makeRoom(at: number, length: number): void {
    const needed = at + MAX_VARINT_BYTES + length
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(needed * 2)
    // All of it: fields behind this one may stay where they are.
    this.bytes.copy(larger)
    this.bytes = larger
  }
}
