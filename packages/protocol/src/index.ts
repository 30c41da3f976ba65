// The APIs and their errors.
export { type ErrorName, errorCodes, type KafkaErrorRow, kafkaErrors } from './error-codes.ts'
export { type ApiRow, apiKeys, apiRow, apiRows, isFlexible } from './generated/api-keys.ts'

// The wire.

export {
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FrameSplitter,
  type RequestHeader,
  readMessage,
  writeMessage,
} from './wire/frames.ts'
export type { Api, MessageCodec, Writable } from './wire/message-codec.ts'
export { ProtocolError, type ProtocolErrorCode } from './wire/protocol-error.ts'
export { Reader } from './wire/reader.ts'
export { type Bytes, Writer } from './wire/writer.ts'

// Record batches (message format v2).

export {
  type CompressionCallback,
  type CompressionLevels,
  type CompressionType,
  type Compressor,
  compress,
  compressionLevels,
  compressionTypes,
  createCompressor,
  decompress,
  loadCompression,
} from './compression/index.ts'
export { crc32c } from './records/crc32c.ts'
export { encodeHeaders, type FlatHeaders, flatHeaders, HeadersEncoder } from './records/headers-encoder.ts'
export {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  COMPRESSION_MASK,
  CONTROL_FLAG,
  CRC_AT,
  CURRENT_MAGIC,
  completeBatchSize,
  forEachBatch,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  LOG_OVERHEAD,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  NO_PARTITION_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  PARTITION_LEADER_EPOCH_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORDS_AT,
  RECORDS_COUNT_AT,
  type RecordBatchFields,
  type RecordBatchHeader,
  readBatchHeader,
  TIMESTAMP_TYPE_FLAG,
  TRANSACTIONAL_FLAG,
  verifyBatchCrc,
  writeBatchCrc,
  writeBatchHeader,
} from './records/record-batch.ts'
export { type BatchOptions, type BatchRecord, encodeBatch, RecordBatchBuilder } from './records/record-batch-builder.ts'
export {
  DEFAULT_MAX_RECORDS_BYTES,
  type DecodedHeader,
  forEachRecord,
  RecordCursor,
  recordsPayload,
  recordTimestamp,
} from './records/record-cursor.ts'
export {
  encodedRecordSize,
  estimateSizeUpperBound,
  MAX_RECORD_OVERHEAD,
  type RecordHeader,
  writeRecord,
} from './records/record-encoder.ts'
export { type Position, readVarint, readVarlong, varintSize, varlongSize, writeVarint, writeVarlong } from './records/varint.ts'
