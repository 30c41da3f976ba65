import { errorCodes, forEachRecord, NO_TIMESTAMP, ProtocolError, type RecordBatchHeader } from '@sluice/protocol'

export interface RecordRules {
  /** A compacted topic takes no record without a key. */
  readonly compacted: boolean
  /** The broker stamps records, so what a producer says does not matter. */
  readonly logAppendTime: boolean
  /** How far a timestamp may lie behind and ahead of the broker's clock. */
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
}

/** What is wrong with one record of a batch (KIP-467). */
export interface RecordError {
  readonly batchIndex: number
  readonly batchIndexErrorMessage: string
}

export interface RefusedRecords {
  readonly errorCode: number
  readonly message: string
  readonly recordErrors: readonly RecordError[]
}

/** Enough for any batch of a sane producer; a bomb gets no further. */
const MAX_RECORDS_BYTES = 32 * 1024 * 1024

/**
 * What a broker checks of each record (Java: LogValidator); null when all may be appended. One bad record refuses the batch.
 * Records are decoded only where the topic or the times in the batch's header give a reason.
 */
export function validateRecords(records: Buffer, header: RecordBatchHeader, rules: RecordRules, now: number): RefusedRecords | null {
  const earliest = now - rules.timestampBeforeMaxMs
  const latest = now + rules.timestampAfterMaxMs
  const checksTimes = !rules.logAppendTime && (rules.timestampBeforeMaxMs < now || header.maxTimestamp > latest)
  if (!checksTimes && !rules.compacted) return null
  const recordErrors: RecordError[] = []
  let badTimes = 0
  let batchIndex = 0
  const refuse = (batchIndexErrorMessage: string): void => {
    recordErrors.push({ batchIndex, batchIndexErrorMessage })
  }
  try {
    const visit = (_offset: number, timestamp: number, { keyLength }: { readonly keyLength: number }): void => {
      if (rules.compacted && keyLength < 0) refuse('a compacted topic takes no record without a key')
      else if (checksTimes && timestamp !== NO_TIMESTAMP && (timestamp < earliest || timestamp > latest)) {
        badTimes++
        refuse(
          `timestamp ${timestamp} is not from ${earliest} to ${latest} (message.timestamp.before.max.ms, message.timestamp.after.max.ms)`,
        )
      }
      batchIndex++
    }
    forEachRecord(records, 0, visit, MAX_RECORDS_BYTES)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return { errorCode: errorCodes.INVALID_RECORD, message: error.message, recordErrors: [] }
  }
  if (recordErrors.length === 0) return null
  const errorCode = badTimes > 0 ? errorCodes.INVALID_TIMESTAMP : errorCodes.INVALID_RECORD
  return { errorCode, message: `${recordErrors.length} of ${header.recordsCount} records cannot be taken`, recordErrors }
}
