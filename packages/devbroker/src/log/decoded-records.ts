import { type CompressionType, forEachRecord, loadCompression, readBatchHeader } from '@sluice/protocol'
import type { PartitionLog } from './partition-log.ts'

/** A record as it was produced, with its place in the log. */
export interface DecodedRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  /** How the producer compressed the batch that the record came in. */
  readonly compression: CompressionType
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}

/** Every record of a partition, oldest first; copies, so that nothing pins the log. */
export async function decodeRecords(log: PartitionLog, partition: number): Promise<DecodedRecord[]> {
  const records: DecodedRecord[] = []
  // A copy of the list: produces and retention may go on while a compression package is being loaded.
  for (const batch of [...log.batches()]) {
    const { compression } = readBatchHeader(batch.buffer, batch.start)
    await loadCompression(compression)
    forEachRecord(batch.buffer, batch.start, (offset, timestamp, cursor) => {
      if (offset < log.startOffset) return
      const headers = cursor.readHeaders().map(({ key, value }) => ({ key, value: copy(value) }))
      records.push({ partition, offset, timestamp, compression, key: copy(cursor.key()), value: copy(cursor.value()), headers })
    })
  }
  return records
}

function copy(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}
