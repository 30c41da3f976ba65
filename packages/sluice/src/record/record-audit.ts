import { crc32c, encodedRecordSize, type RecordCursor, varintSize } from '@sluice/protocol'

/**
 * KIP-42's `checksum`: CRC-32C over the key's bytes, then the value's; null adds nothing. (Java's was that of message
 * formats v0 and v1, and is gone since 3.0; format v2 has none for each record.)
 */
export function recordChecksum({ payload, keyStart, keyLength, valueStart, valueLength }: RecordCursor): number {
  const ofKey = keyLength > 0 ? crc32c(payload, keyStart, keyStart + keyLength) : 0
  return valueLength > 0 ? crc32c(payload, valueStart, valueStart + valueLength, ofKey) : ofKey
}

/** The same number for a key and a value that are at hand: what `checksum` is of a record with these bytes. */
export function checksumOf(key: Uint8Array | null, value: Uint8Array | null): number {
  const ofKey = key === null ? 0 : crc32c(key)
  return value === null ? ofKey : crc32c(value, 0, value.length, ofKey)
}

/**
 * KIP-42's `size`: the bytes of the record in format v2 as the first of a batch, before compression, without the batch's
 * header. So it depends on key, value and headers only, and not on the batch, which brokers may build anew.
 * Must be asked before the cursor's headers are read.
 */
export function recordSize({ position, headersStart, headersCount, keyLength, valueLength }: RecordCursor): number {
  return encodedRecordSize(0, 0, keyLength, valueLength, varintSize(headersCount) + position - headersStart)
}
