import { forEachRecord, ProtocolError } from '@sluice/protocol'
import type { StoredBatch } from './partition-log.ts'

export interface OffsetAtTime {
  readonly offset: number
  readonly timestamp: number
}

/**
 * The first record of the batch at or after `timestamp`. When the package for the batch's compression is not installed,
 * the batch's first offset stands for it.
 */
export function firstRecordAtTime(batch: StoredBatch, timestamp: number): OffsetAtTime {
  return pick(batch, (time, found) => found === null && time >= timestamp)
}

/** The first record of the batch with its highest timestamp. */
export function recordOfMaxTimestamp(batch: StoredBatch): OffsetAtTime {
  return pick(batch, (time, found) => found === null || time > found.timestamp)
}

function pick(batch: StoredBatch, better: (timestamp: number, found: OffsetAtTime | null) => boolean): OffsetAtTime {
  let found: OffsetAtTime | null = null
  try {
    forEachRecord(batch.buffer, batch.start, (offset, timestamp) => {
      if (better(timestamp, found)) found = { offset, timestamp }
    })
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  return found ?? { offset: batch.baseOffset, timestamp: batch.maxTimestamp }
}
