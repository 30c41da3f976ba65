import { BATCH_HEADER_BYTES, crc32c, errorCodes, ProtocolError, type RecordBatchHeader, readBatchHeader } from '@sluice/protocol'

export interface BatchRules {
  readonly maxMessageBytes: number
  readonly verifyCrc: boolean
  /** zstd needs Produce v7 (KIP-110). */
  readonly zstdAllowed: boolean
}

export type BatchVerdict =
  | { readonly header: RecordBatchHeader; readonly errorCode: 0; readonly message: null }
  | { readonly header: null; readonly errorCode: number; readonly message: string }

const CRC_FROM = 21
const ZSTD = 4
const CODEC_BITS = 0x07
/** Length, attributes, two deltas, key, value and headers: a byte each at least. */
const MIN_RECORD_BYTES = 7
const TIMESTAMP_TYPE_BIT = 0x08

/** What a broker checks of a produced partition before it takes it (Java: ProduceRequest.validateRecords, LogValidator). Records are not decoded. */
export function validateBatch(records: Buffer | null, rules: BatchRules): BatchVerdict {
  if (records === null || records.length === 0)
    return refuse('INVALID_RECORD', 'a produce request must hold one record batch per partition')
  if (records.length < BATCH_HEADER_BYTES) {
    return refuse('CORRUPT_MESSAGE', `${records.length} bytes are less than the ${BATCH_HEADER_BYTES} of a batch header`)
  }
  const magic = records.readInt8(16)
  if (magic !== 2) return refuse('INVALID_RECORD', `message format v${magic} is not accepted, only v2`)
  const sizeInBytes = records.readInt32BE(8) + 12
  if (sizeInBytes < BATCH_HEADER_BYTES || sizeInBytes > records.length) {
    return refuse('CORRUPT_MESSAGE', `the batch says it has ${sizeInBytes} bytes and ${records.length} came`)
  }
  if (sizeInBytes < records.length) return refuse('INVALID_RECORD', 'a produce request must hold exactly one record batch per partition')
  if (sizeInBytes > rules.maxMessageBytes) {
    return refuse('MESSAGE_TOO_LARGE', `the batch has ${sizeInBytes} bytes, more than max.message.bytes ${rules.maxMessageBytes}`)
  }
  if (rules.verifyCrc && crc32c(records, CRC_FROM, records.length) !== records.readUInt32BE(17)) {
    return refuse('CORRUPT_MESSAGE', 'the checksum of the batch does not match')
  }
  const attributes = records.readInt16BE(21)
  const codec = attributes & CODEC_BITS
  if (codec > ZSTD) return refuse('UNSUPPORTED_COMPRESSION_TYPE', `compression ${codec} is not known`)
  if (codec === ZSTD && !rules.zstdAllowed) return refuse('UNSUPPORTED_COMPRESSION_TYPE', 'zstd needs Produce v7 or later')
  if ((attributes & TIMESTAMP_TYPE_BIT) !== 0)
    return refuse('INVALID_TIMESTAMP', 'a producer may not set the timestamp type to LogAppendTime')
  let header: RecordBatchHeader
  try {
    header = readBatchHeader(records, 0)
  } catch (error) {
    if (error instanceof ProtocolError) return refuse('CORRUPT_MESSAGE', error.message)
    throw error
  }
  if (header.isControl) return refuse('INVALID_RECORD', 'clients may not write control records')
  if (header.isTransactional) return refuse('INVALID_TXN_STATE', 'this broker has no transactions')
  if (header.recordsCount <= 0 || header.lastOffsetDelta !== header.recordsCount - 1) {
    return refuse('INVALID_RECORD', `the batch says ${header.recordsCount} records and a last offset delta of ${header.lastOffsetDelta}`)
  }
  if (header.compression === 'none' && header.recordsCount * MIN_RECORD_BYTES > sizeInBytes - BATCH_HEADER_BYTES) {
    return refuse('INVALID_RECORD', `${header.recordsCount} records cannot fit into a batch of ${sizeInBytes} bytes`)
  }
  return { header, errorCode: 0, message: null }
}

function refuse(code: keyof typeof errorCodes, message: string): BatchVerdict {
  return { header: null, errorCode: errorCodes[code], message }
}
