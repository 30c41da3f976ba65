import { type CompressionType, compress } from '../compression/index.ts'
import { encodeHeaders, type FlatHeaders, flatHeaders } from './headers-encoder.ts'
import { BATCH_HEADER_BYTES, RECORDS_AT, writeBatchHeader } from './record-batch.ts'
import { encodedRecordSize, type RecordHeader, writeRecord } from './record-encoder.ts'

/** A record for `encodeBatch`: strings become UTF-8, and what is left out is null. */
export interface BatchRecord {
  readonly key?: string | Uint8Array | null
  readonly value?: string | Uint8Array | null
  readonly headers?: readonly RecordHeader[] | Readonly<Record<string, string | Uint8Array | null>>
  /** Milliseconds; the batch's `timestamp` by default. */
  readonly timestamp?: number
  /** From the batch's base offset; the place in the batch by default. Gaps occur in compacted topics. */
  readonly offsetDelta?: number
}

/** Fields of the header that are not found in the records; defaults as in `RecordBatchFields`. */
export interface BatchOptions {
  readonly baseOffset?: number
  readonly partitionLeaderEpoch?: number
  readonly compression?: CompressionType
  readonly compressionLevel?: number
  readonly timestampType?: 'CreateTime' | 'LogAppendTime'
  /** For records without a time of their own; 0 by default. */
  readonly timestamp?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** The last record's by default. */
  readonly lastOffsetDelta?: number
}

/** Collects records and makes them one batch: for tests and tools; the producer writes into its own buffers. */
export class RecordBatchBuilder {
  readonly #options: BatchOptions
  readonly #records: BatchRecord[] = []

  constructor(options: BatchOptions = {}) {
    this.#options = options
  }

  get recordsCount(): number {
    return this.#records.length
  }

  append(record: BatchRecord): this {
    this.#records.push(record)
    return this
  }

  build(): Buffer {
    return encodeBatch(this.#records, this.#options)
  }
}

/** One whole batch, checksum included. */
export function encodeBatch(records: readonly BatchRecord[], options: BatchOptions = {}): Buffer {
  const defaultTimestamp = options.timestamp ?? 0
  const baseTimestamp = records[0]?.timestamp ?? defaultTimestamp
  const parts = records.map((record, place) => ({
    key: toBuffer(record.key),
    value: toBuffer(record.value),
    headers: encodedHeaders(record.headers),
    timestamp: record.timestamp ?? defaultTimestamp,
    offsetDelta: record.offsetDelta ?? place,
  }))
  let recordsSize = 0
  let maxTimestamp = baseTimestamp
  for (const part of parts) {
    recordsSize += encodedRecordSize(
      part.offsetDelta,
      part.timestamp - baseTimestamp,
      part.key?.length ?? -1,
      part.value?.length ?? -1,
      part.headers?.length ?? 1,
    )
    if (part.timestamp > maxTimestamp) maxTimestamp = part.timestamp
  }

  let batch = Buffer.alloc(BATCH_HEADER_BYTES + recordsSize)
  let at = RECORDS_AT
  for (const { offsetDelta, timestamp, key, value, headers } of parts) {
    const headersSize = headers?.length ?? 1
    at = writeRecord(
      batch,
      at,
      offsetDelta,
      timestamp - baseTimestamp,
      key,
      0,
      key?.length ?? -1,
      value,
      0,
      value?.length ?? -1,
      headers,
      0,
      headersSize,
    )
  }
  const { compression = 'none', compressionLevel, timestamp: _, ...fields } = options
  if (compression !== 'none') {
    const compressed = compress(compression, batch.subarray(RECORDS_AT), compressionLevel)
    batch = Buffer.concat([batch.subarray(0, RECORDS_AT), compressed])
  }
  writeBatchHeader(batch, 0, {
    ...fields,
    compression,
    sizeInBytes: batch.length,
    lastOffsetDelta: options.lastOffsetDelta ?? parts.at(-1)?.offsetDelta ?? 0,
    recordsCount: parts.length,
    baseTimestamp,
    maxTimestamp,
  })
  return batch
}

function toBuffer(bytes: string | Uint8Array | null | undefined): Buffer | null {
  if (bytes === null || bytes === undefined) return null
  if (typeof bytes === 'string') return Buffer.from(bytes)
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

function encodedHeaders(headers: BatchRecord['headers']): Buffer | null {
  const fields: FlatHeaders = Array.isArray(headers)
    ? flatHeaders(headers as readonly RecordHeader[])
    : Object.entries(headers ?? {}).flat()
  return fields.length === 0 ? null : encodeHeaders(fields)
}
