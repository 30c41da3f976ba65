import { BATCH_HEADER_BYTES } from './record-batch.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

/** A header as it is read; structurally the `Header` of the library. */
export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** Headers as they are written: keys and values in turn. A string is written as UTF-8. */
export type FlatHeaders = readonly (string | Uint8Array | null)[]

export function flatHeaders(headers: readonly RecordHeader[]): FlatHeaders {
  return headers.flatMap(({ key, value }) => [key, value])
}

/**
 * Most bytes that a record takes beside key, value and headers (Java: DefaultRecord.MAX_RECORD_OVERHEAD): length 5,
 * offset delta 5, timestamp delta 10, attributes 1.
 */
export const MAX_RECORD_OVERHEAD = 21

/** Encoded bytes of a null key or value. */
const NULL_SIZE = 1
const NO_HEADERS: FlatHeaders = []

/** Bytes of all headers with their count: what `encodedRecordSize` wants. 1 for none. */
export function encodedHeadersSize(headers: FlatHeaders): number {
  let size = varintSize(headers.length / 2)
  for (let i = 0; i < headers.length; i++) {
    const field = headers[i]!
    const length = field === null ? -1 : typeof field === 'string' ? utf8Length(field) : field.length
    size += fieldSize(length)
  }
  return size
}

/** Exact bytes of a record in a batch, its length prefix included. A length of -1 stands for null. */
export function encodedRecordSize(
  offsetDelta: number,
  timestampDelta: number,
  keyLength: number,
  valueLength: number,
  headersSize: number,
): number {
  const body = recordBodySize(offsetDelta, timestampDelta, keyLength, valueLength, headersSize)
  return varintSize(body) + body
}

function recordBodySize(offsetDelta: number, timestampDelta: number, keyLength: number, valueLength: number, headersSize: number): number {
  return 1 + varlongSize(timestampDelta) + varintSize(offsetDelta) + fieldSize(keyLength) + fieldSize(valueLength) + headersSize
}

function fieldSize(length: number): number {
  return length < 0 ? NULL_SIZE : varintSize(length) + length
}

/**
 * Upper bound of a batch with this one record, whatever its deltas (Java: AbstractRecords.estimateSizeInBytesUpperBound).
 * A length of -1 stands for null.
 */
export function estimateSizeUpperBound(keyLength: number, valueLength: number, headersSize: number): number {
  return BATCH_HEADER_BYTES + MAX_RECORD_OVERHEAD + fieldSize(keyLength) + fieldSize(valueLength) + headersSize
}

/**
 * Writes one record at `at` and returns where the next one goes. Key and value are regions of a source, which may be a
 * scratch buffer used again at once; a length of -1 stands for null. `target` must have room for `encodedRecordSize`.
 * `headersSize` is what `encodedHeadersSize` gives, for who knows it already.
 */
export function writeRecord(
  target: Buffer,
  at: number,
  offsetDelta: number,
  timestampDelta: number,
  keySource: Buffer | null,
  keyStart: number,
  keyLength: number,
  valueSource: Buffer | null,
  valueStart: number,
  valueLength: number,
  headers: FlatHeaders = NO_HEADERS,
  headersSize: number = encodedHeadersSize(headers),
): number {
  at = writeVarint(target, at, recordBodySize(offsetDelta, timestampDelta, keyLength, valueLength, headersSize))
  target[at++] = 0
  at = writeVarlong(target, at, timestampDelta)
  at = writeVarint(target, at, offsetDelta)
  at = writeVarint(target, at, keyLength)
  if (keyLength > 0) at = copyBytes(keySource!, keyStart, keyLength, target, at)
  at = writeVarint(target, at, valueLength)
  if (valueLength > 0) at = copyBytes(valueSource!, valueStart, valueLength, target, at)
  if (headers.length === 0) {
    target[at++] = 0
    return at
  }
  return writeHeaders(target, at, headers)
}

function writeHeaders(target: Buffer, at: number, headers: FlatHeaders): number {
  at = writeVarint(target, at, headers.length / 2)
  for (let i = 0; i < headers.length; i++) {
    const field = headers[i]!
    if (typeof field === 'string') at = writeText(target, at, field)
    else if (field === null) at = writeVarint(target, at, -1)
    else at = writeBytes(target, at, field)
  }
  return at
}

function writeText(target: Buffer, at: number, text: string): number {
  const { length } = text
  if (length <= TEXT_LOOP_UP_TO) {
    // Up to 63 bytes the length takes one byte, as the zigzag of it.
    let next = at
    target[next++] = length << 1
    let c = 0
    for (; c < length; c++) {
      const code = text.charCodeAt(c)
      if (code > 0x7f) break
      target[next++] = code
    }
    if (c === length) return next
  }
  const bytes = Buffer.byteLength(text)
  at = writeVarint(target, at, bytes)
  return at + target.write(text, at, bytes, 'utf8')
}

function writeBytes(target: Buffer, at: number, bytes: Uint8Array): number {
  const { length } = bytes
  at = writeVarint(target, at, length)
  if (length > BYTE_LOOP_UP_TO) {
    target.set(bytes, at)
    return at + length
  }
  for (let b = 0; b < length; b++) target[at++] = bytes[b]!
  return at
}

/** Where a copy begins to cost less than a loop; measured on Node 24, where a copy takes 40 ns and a byte 1 ns. */
const BYTE_LOOP_UP_TO = 32
/** The same for ASCII text, where the way into C++ is longer; a UUID takes the loop. */
const TEXT_LOOP_UP_TO = 48

/** `Buffer.byteLength`, without the way into C++ for the short ASCII texts that headers have. */
function utf8Length(text: string): number {
  if (text.length > TEXT_LOOP_UP_TO) return Buffer.byteLength(text)
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text)
  return text.length
}

/** Neither way makes a view of the source, as `set(subarray)` would. */
function copyBytes(source: Buffer, start: number, length: number, target: Buffer, at: number): number {
  if (length > BYTE_LOOP_UP_TO) {
    source.copy(target, at, start, start + length)
    return at + length
  }
  for (const end = start + length; start < end; ) target[at++] = source[start++]!
  return at
}
