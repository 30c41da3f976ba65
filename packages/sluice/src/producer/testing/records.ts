import { RecordHeaders } from '../../record/headers.ts'
import { RecordBytes } from '../record-bytes.ts'

export interface TestRecord {
  readonly topic?: string
  readonly partition?: number
  readonly key?: string | null
  readonly value?: string | Buffer | null
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** A record as the serializers leave it. */
export function recordBytes({
  topic = 't',
  partition = 0,
  key = null,
  value = 'value',
  timestamp = 0,
  headers,
}: TestRecord = {}): RecordBytes {
  const bytes = new RecordBytes()
  bytes.topic = topic
  bytes.partition = partition
  bytes.timestamp = timestamp
  bytes.keySource = key === null ? null : Buffer.from(key)
  bytes.keyLength = bytes.keySource?.length ?? -1
  bytes.valueSource = value === null ? null : Buffer.from(value as string)
  bytes.valueLength = bytes.valueSource?.length ?? -1
  const list = RecordHeaders.from(headers)
  bytes.setHeaders(list.toFlat())
  return bytes
}
