import { forEachRecord, ProtocolError } from '@sluice/protocol'
import type { StoredBatch } from './partition-log.ts'

/** Enough for any batch of a sane producer; a bomb gets no further, and its first offset stands for it. */
const MAX_LOOKUP_BYTES = 32 * 1024 * 1024

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
    forEachRecord(
      batch.buffer,
      batch.start,
      (offset, timestamp) => {
        // A batch may claim a time that no response can carry.
        if (Number.isSafeInteger(timestamp) && better(timestamp, found)) found = { offset, timestamp }
      },
      MAX_LOOKUP_BYTES,
    )
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  return found ?? { offset: batch.baseOffset, timestamp: batch.maxTimestamp }
}
