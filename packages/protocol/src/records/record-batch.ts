import { type CompressionType, compressionTypes } from '../compression/index.ts'
import { ProtocolError } from '../wire/protocol-error.ts'
import { crc32c } from './crc32c.ts'

// Where the fields of a batch (message format v2) lie, from its first byte on.
export const BASE_OFFSET_AT = 0
export const LENGTH_AT = 8
export const PARTITION_LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
/** What the checksum covers begins here: base offset and leader epoch may be patched without a new one. */
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const RECORDS_COUNT_AT = 57
export const RECORDS_AT = 61

export const BATCH_HEADER_BYTES = 61
/** Base offset and length, which the length does not count. */
export const LOG_OVERHEAD = 12
export const CURRENT_MAGIC = 2

export const COMPRESSION_MASK = 0x07
export const TIMESTAMP_TYPE_FLAG = 0x08
export const TRANSACTIONAL_FLAG = 0x10
export const CONTROL_FLAG = 0x20

export const NO_TIMESTAMP = -1
export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
export const NO_PARTITION_LEADER_EPOCH = -1

const TWO_POW_32 = 4294967296

export interface RecordBatchHeader {
  readonly baseOffset: number
  /** Bytes after the length field. */
  readonly batchLength: number
  readonly partitionLeaderEpoch: number
  readonly magic: number
  readonly crc: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  /** The append time of every record, when `timestampType` is LogAppendTime. */
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordsCount: number
  /** The whole batch. */
  readonly sizeInBytes: number
  readonly compression: CompressionType
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly isTransactional: boolean
  readonly isControl: boolean
}

/** What `writeBatchHeader` needs; what may be left out gets Kafka's "none" (-1), base offset 0 and no flags. */
export interface RecordBatchFields {
  /** The whole batch, header included. */
  readonly sizeInBytes: number
  readonly lastOffsetDelta: number
  readonly recordsCount: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly baseOffset?: number
  readonly partitionLeaderEpoch?: number
  readonly compression?: CompressionType
  readonly timestampType?: 'CreateTime' | 'LogAppendTime'
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
}

/**
 * Size of the whole batch that begins at `at`, or -1 when the bytes before `end` do not hold all of it. Throws for what
 * no further bytes could put right: a wrong magic or an impossible length.
 */
export function completeBatchSize(buffer: Buffer, at: number, end: number = buffer.length): number {
  if (end - at < LOG_OVERHEAD) return -1
  const batchLength = buffer.readInt32BE(at + LENGTH_AT)
  if (end - at > MAGIC_AT) checkMagic(buffer[at + MAGIC_AT]!, at)
  if (batchLength < BATCH_HEADER_BYTES - LOG_OVERHEAD) {
    throw new ProtocolError('OUT_OF_RANGE', `a record batch of length ${batchLength} is shorter than its header`, at + LENGTH_AT)
  }
  const size = LOG_OVERHEAD + batchLength
  return size > end - at ? -1 : size
}

/** Reads the header of the batch at `at`, all of which must lie before `end`. The checksum is not looked at. */
export function readBatchHeader(buffer: Buffer, at: number, end: number = buffer.length): RecordBatchHeader {
  const sizeInBytes = completeBatchSize(buffer, at, end)
  if (sizeInBytes < 0) throw new ProtocolError('TRUNCATED', `a record batch is cut off after ${Math.max(0, end - at)} bytes`, at)
  const attributes = buffer.readInt16BE(at + ATTRIBUTES_AT)
  const compression = compressionTypes[attributes & COMPRESSION_MASK]
  if (compression === undefined) {
    throw new ProtocolError('UNSUPPORTED_CODEC', `compression codec ${attributes & COMPRESSION_MASK} is not known`, at + ATTRIBUTES_AT)
  }
  return {
    baseOffset: readInt64(buffer, at + BASE_OFFSET_AT),
    batchLength: sizeInBytes - LOG_OVERHEAD,
    partitionLeaderEpoch: buffer.readInt32BE(at + PARTITION_LEADER_EPOCH_AT),
    magic: CURRENT_MAGIC,
    crc: buffer.readUInt32BE(at + CRC_AT),
    attributes,
    lastOffsetDelta: notNegative(buffer.readInt32BE(at + LAST_OFFSET_DELTA_AT), 'last offset delta', at + LAST_OFFSET_DELTA_AT),
    baseTimestamp: readInt64(buffer, at + BASE_TIMESTAMP_AT),
    maxTimestamp: readInt64(buffer, at + MAX_TIMESTAMP_AT),
    producerId: readInt64(buffer, at + PRODUCER_ID_AT),
    producerEpoch: buffer.readInt16BE(at + PRODUCER_EPOCH_AT),
    baseSequence: buffer.readInt32BE(at + BASE_SEQUENCE_AT),
    recordsCount: notNegative(buffer.readInt32BE(at + RECORDS_COUNT_AT), 'records count', at + RECORDS_COUNT_AT),
    sizeInBytes,
    compression,
    timestampType: attributes & TIMESTAMP_TYPE_FLAG ? 'LogAppendTime' : 'CreateTime',
    isTransactional: (attributes & TRANSACTIONAL_FLAG) !== 0,
    isControl: (attributes & CONTROL_FLAG) !== 0,
  }
}

/**
 * Writes the header of a batch whose records lie from `at + RECORDS_AT` to `at + sizeInBytes` already, since the
 * checksum covers them.
 */
export function writeBatchHeader(buffer: Buffer, at: number, fields: RecordBatchFields): void {
  let attributes = compressionTypes.indexOf(fields.compression ?? 'none')
  if (fields.timestampType === 'LogAppendTime') attributes |= TIMESTAMP_TYPE_FLAG
  if (fields.isTransactional) attributes |= TRANSACTIONAL_FLAG
  if (fields.isControl) attributes |= CONTROL_FLAG
  writeInt64(buffer, at + BASE_OFFSET_AT, fields.baseOffset ?? 0)
  buffer.writeInt32BE(fields.sizeInBytes - LOG_OVERHEAD, at + LENGTH_AT)
  buffer.writeInt32BE(fields.partitionLeaderEpoch ?? NO_PARTITION_LEADER_EPOCH, at + PARTITION_LEADER_EPOCH_AT)
  buffer[at + MAGIC_AT] = CURRENT_MAGIC
  buffer.writeInt16BE(attributes, at + ATTRIBUTES_AT)
  buffer.writeInt32BE(fields.lastOffsetDelta, at + LAST_OFFSET_DELTA_AT)
  writeInt64(buffer, at + BASE_TIMESTAMP_AT, fields.baseTimestamp)
  writeInt64(buffer, at + MAX_TIMESTAMP_AT, fields.maxTimestamp)
  writeInt64(buffer, at + PRODUCER_ID_AT, fields.producerId ?? NO_PRODUCER_ID)
  buffer.writeInt16BE(fields.producerEpoch ?? NO_PRODUCER_EPOCH, at + PRODUCER_EPOCH_AT)
  buffer.writeInt32BE(fields.baseSequence ?? NO_SEQUENCE, at + BASE_SEQUENCE_AT)
  buffer.writeInt32BE(fields.recordsCount, at + RECORDS_COUNT_AT)
  writeBatchCrc(buffer, at, fields.sizeInBytes)
}

/** Computes the checksum anew, after a field that it covers was changed. */
export function writeBatchCrc(buffer: Buffer, at: number, sizeInBytes: number): void {
  buffer.writeUInt32BE(crc32c(buffer, at + ATTRIBUTES_AT, at + sizeInBytes), at + CRC_AT)
}

/** Throws CORRUPT when the bytes of the batch at `at` do not have the checksum that it carries. */
export function verifyBatchCrc(buffer: Buffer, at: number, end: number = buffer.length): void {
  const size = completeBatchSize(buffer, at, end)
  if (size < 0) throw new ProtocolError('TRUNCATED', `a record batch is cut off after ${Math.max(0, end - at)} bytes`, at)
  const computed = crc32c(buffer, at + ATTRIBUTES_AT, at + size)
  const stored = buffer.readUInt32BE(at + CRC_AT)
  if (computed !== stored) {
    throw new ProtocolError('CORRUPT', `record batch checksum is ${hex(stored)}, and its bytes have ${hex(computed)}`, at + CRC_AT)
  }
}

/**
 * Calls `visit` with every whole batch in `buffer[at, end)` and returns where the first one begins that is not whole:
 * brokers cut the last batch of a fetch at the size limit.
 */
export function forEachBatch(
  buffer: Buffer,
  visit: (header: RecordBatchHeader, at: number) => void,
  at = 0,
  end: number = buffer.length,
): number {
  while (completeBatchSize(buffer, at, end) >= 0) {
    const header = readBatchHeader(buffer, at, end)
    visit(header, at)
    at += header.sizeInBytes
  }
  return at
}

/** An int64 as a number; beyond ±(2^53-1) is an error. */
export function readInt64(buffer: Buffer, at: number): number {
  const value = buffer.readInt32BE(at) * TWO_POW_32 + buffer.readUInt32BE(at + 4)
  if (!Number.isSafeInteger(value)) throw new ProtocolError('OUT_OF_RANGE', 'int64 outside ±(2^53-1)', at)
  return value
}

export function writeInt64(buffer: Buffer, at: number, value: number): void {
  buffer.writeInt32BE(Math.floor(value / TWO_POW_32), at)
  buffer.writeUInt32BE(value >>> 0, at + 4)
}

function checkMagic(magic: number, at: number): void {
  if (magic === CURRENT_MAGIC) return
  const message =
    magic < CURRENT_MAGIC
      ? `message format v${magic} is not supported: the topic holds records from before Kafka 0.11`
      : `message format v${magic} is not known`
  throw new ProtocolError('UNSUPPORTED_VERSION', message, at + MAGIC_AT)
}

function notNegative(value: number, field: string, at: number): number {
  if (value < 0) throw new ProtocolError('OUT_OF_RANGE', `negative ${field} ${value}`, at)
  return value
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
