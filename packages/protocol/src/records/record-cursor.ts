import { decompress } from '../compression/index.ts'
import { ProtocolError } from '../wire/protocol-error.ts'
import { RECORDS_AT, type RecordBatchHeader, readBatchHeader } from './record-batch.ts'
import { type Position, readVarint, readVarlong } from './varint.ts'

/** Length, attributes, timestamp delta, offset delta, key, value, headers: one byte each at least. */
const MIN_RECORD_BYTES = 7
/** Length of the key, length of the value. */
const MIN_HEADER_BYTES = 2

/**
 * Uncompressed bytes of one batch, unless the caller says otherwise. Java's default message.max.bytes is 1 MiB
 * *compressed*; a broker set to accept far more still stays below this, and a decompression bomb cannot end the process.
 */
export const DEFAULT_MAX_RECORDS_BYTES: number = 256 * 1024 * 1024

export interface DecodedHeader {
  readonly key: string
  /** A view of the payload. */
  readonly value: Buffer | null
}

/**
 * The records section of the batch at `at`, decompressed if need be: bytes for a `RecordCursor`. A view of `buffer` when
 * the batch is not compressed.
 */
export function recordsPayload(
  header: RecordBatchHeader,
  buffer: Buffer,
  at: number,
  maxBytes: number = DEFAULT_MAX_RECORDS_BYTES,
): Buffer {
  const records = buffer.subarray(at + RECORDS_AT, at + header.sizeInBytes)
  return header.compression === 'none' ? records : decompress(header.compression, records, maxBytes)
}

/** The time of the record at the cursor: its own, or the broker's. */
export function recordTimestamp(header: RecordBatchHeader, cursor: RecordCursor): number {
  return header.timestampType === 'LogAppendTime' ? header.maxTimestamp : header.baseTimestamp + cursor.timestampDelta
}

/**
 * Walks over the records of one batch. The fields describe the record that `next` found; nothing is allocated for it.
 * Whatever does not add up throws `ProtocolError` with the position in `payload`.
 */
export class RecordCursor implements Position {
  readonly payload: Buffer
  /** Where the next record begins. */
  position: number
  readonly end: number
  /** Records that `next` has not found yet. */
  remaining: number

  offsetDelta = 0
  timestampDelta = 0
  keyStart = 0
  /** -1 for a null key. */
  keyLength = -1
  valueStart = 0
  /** -1 for a null value. */
  valueLength = -1
  headersCount = 0
  /** The first header's bytes, after the count. */
  headersStart = 0
  /** The whole record, its length prefix included. */
  sizeInBytes = 0

  /** `recordsCount` as the batch's header says. */
  constructor(payload: Buffer, recordsCount: number, start = 0, end: number = payload.length) {
    if (recordsCount * MIN_RECORD_BYTES > end - start) {
      throw new ProtocolError('OUT_OF_RANGE', `${recordsCount} records cannot fit into ${end - start} bytes`, start)
    }
    this.payload = payload
    this.position = start
    this.end = end
    this.remaining = recordsCount
  }

  /** Goes to the next record; false after the last one. */
  next(): boolean {
    const start = this.position
    if (this.remaining === 0) {
      if (start !== this.end) throw new ProtocolError('MALFORMED', `${this.end - start} bytes follow the last record`, start)
      return false
    }
    const payload = this.payload
    const bodyLength = readVarint(payload, this, this.end)
    const bodyStart = this.position
    if (bodyLength < MIN_RECORD_BYTES - 1 || bodyLength > this.end - bodyStart) {
      throw new ProtocolError('OUT_OF_RANGE', `a record of ${bodyLength} bytes where ${this.end - bodyStart} remain`, start)
    }
    const recordEnd = bodyStart + bodyLength
    // The attributes byte has no meaning yet.
    this.position = bodyStart + 1
    this.timestampDelta = readVarlong(payload, this, recordEnd)
    this.offsetDelta = readVarint(payload, this, recordEnd)
    if (this.offsetDelta < 0) throw new ProtocolError('OUT_OF_RANGE', `negative offset delta ${this.offsetDelta}`, bodyStart)
    this.keyLength = this.#fieldLength(recordEnd)
    this.keyStart = this.position
    if (this.keyLength > 0) this.position += this.keyLength
    this.valueLength = this.#fieldLength(recordEnd)
    this.valueStart = this.position
    if (this.valueLength > 0) this.position += this.valueLength
    this.#passHeaders(recordEnd)
    if (this.position !== recordEnd) {
      throw new ProtocolError('MALFORMED', `a record of ${bodyLength} bytes whose fields take ${this.position - bodyStart}`, start)
    }
    this.sizeInBytes = recordEnd - start
    this.remaining--
    return true
  }

  /** The headers of the current record; values are views of `payload`. */
  readHeaders(): DecodedHeader[] {
    const headers: DecodedHeader[] = []
    const recordEnd = this.position
    this.position = this.headersStart
    for (let i = 0; i < this.headersCount; i++) {
      const keyLength = readVarint(this.payload, this, recordEnd)
      const keyStart = this.position
      this.position += keyLength
      const key = this.payload.toString('utf8', keyStart, this.position)
      const valueLength = readVarint(this.payload, this, recordEnd)
      const valueStart = this.position
      if (valueLength > 0) this.position += valueLength
      headers.push({ key, value: valueLength < 0 ? null : this.payload.subarray(valueStart, this.position) })
    }
    return headers
  }

  /** A view of the current key, or null. */
  key(): Buffer | null {
    return this.keyLength < 0 ? null : this.payload.subarray(this.keyStart, this.keyStart + this.keyLength)
  }

  /** A view of the current value, or null. */
  value(): Buffer | null {
    return this.valueLength < 0 ? null : this.payload.subarray(this.valueStart, this.valueStart + this.valueLength)
  }

  #fieldLength(recordEnd: number): number {
    const at = this.position
    const length = readVarint(this.payload, this, recordEnd)
    if (length < -1 || length > recordEnd - this.position) {
      throw new ProtocolError('OUT_OF_RANGE', `a length of ${length} where ${recordEnd - this.position} bytes of the record remain`, at)
    }
    return length
  }

  #passHeaders(recordEnd: number): void {
    const at = this.position
    const count = readVarint(this.payload, this, recordEnd)
    if (count < 0 || count * MIN_HEADER_BYTES > recordEnd - this.position) {
      throw new ProtocolError('OUT_OF_RANGE', `${count} headers cannot fit into ${recordEnd - this.position} bytes`, at)
    }
    this.headersCount = count
    this.headersStart = this.position
    for (let i = 0; i < count; i++) {
      const keyAt = this.position
      const keyLength = this.#fieldLength(recordEnd)
      if (keyLength < 0) throw new ProtocolError('MALFORMED', 'a header without a key', keyAt)
      this.position += keyLength
      const valueLength = this.#fieldLength(recordEnd)
      if (valueLength > 0) this.position += valueLength
    }
  }
}

/** Calls `visit` for each record of the batch at `at`; ends of null fields are -1. Returns the batch's header. */
export function forEachRecord(
  buffer: Buffer,
  at: number,
  visit: (offset: number, timestamp: number, cursor: RecordCursor) => void,
  maxBytes: number = DEFAULT_MAX_RECORDS_BYTES,
): RecordBatchHeader {
  const header = readBatchHeader(buffer, at)
  const cursor = new RecordCursor(recordsPayload(header, buffer, at, maxBytes), header.recordsCount)
  while (cursor.next()) visit(header.baseOffset + cursor.offsetDelta, recordTimestamp(header, cursor), cursor)
  return header
}
