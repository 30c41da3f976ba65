import { encodedRecordSize, encodeHeaders } from '@sluice/protocol'
import { type Headers, RecordHeaders } from '../record/headers.ts'
import { checksumOf } from '../record/record-audit.ts'

/** KIP-42's fields for a record with these bytes. */
export function auditOf(key: Buffer | null, value: Buffer | null, headers: Headers): { readonly checksum: number; readonly size: number } {
  const headersSize = encodeHeaders(RecordHeaders.from(headers).toFlat()).length
  const size = encodedRecordSize(0, 0, key === null ? -1 : key.length, value === null ? -1 : value.length, headersSize)
  return { checksum: checksumOf(key, value), size }
}
