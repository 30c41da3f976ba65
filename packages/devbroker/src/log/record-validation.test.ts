import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BatchOptions, type BatchRecord, compressionTypes, encodeBatch, errorCodes, readBatchHeader } from '@sluice/protocol'
import { type RecordRules, validateRecords } from './record-validation.ts'

const NOW = 1_700_000_000_000
const HOUR_MS = 3_600_000
/** Kafka's defaults. */
const rules: RecordRules = {
  compacted: false,
  logAppendTime: false,
  timestampBeforeMaxMs: Number('9223372036854775807'),
  timestampAfterMaxMs: HOUR_MS,
}

function validate(records: readonly BatchRecord[], changed: Partial<RecordRules> = {}, options: BatchOptions = {}) {
  const batch = encodeBatch(records, { timestamp: NOW, ...options })
  return validateRecords(batch, readBatchHeader(batch, 0), { ...rules, ...changed }, NOW)
}

test('record validation - a time within the bounds, the bounds themselves and no time at all pass', () => {
  assert.equal(validate([{ timestamp: 0 }, { timestamp: NOW }, { timestamp: NOW + HOUR_MS }]), null)
  assert.equal(validate([{ timestamp: -1 }], { timestampBeforeMaxMs: 1000 }), null)
  assert.equal(validate([{ timestamp: NOW - 1000 }], { timestampBeforeMaxMs: 1000 }), null)
})

for (const compression of compressionTypes) {
  test(`record validation - ${compression}: a time too far ahead or behind is INVALID_TIMESTAMP, and the records are named`, () => {
    const records = [{ timestamp: NOW }, { timestamp: NOW + HOUR_MS + 1 }, { timestamp: NOW - 1001 }]
    const refused = validate(records, { timestampBeforeMaxMs: 1000 }, { compression })
    assert.equal(refused?.errorCode, errorCodes.INVALID_TIMESTAMP)
    assert.deepEqual(
      refused?.recordErrors.map(({ batchIndex }) => batchIndex),
      [1, 2],
    )
    assert.match(`${refused?.recordErrors[0]?.batchIndexErrorMessage}`, /^timestamp 1700003600001 is not from /)
  })
}

test('record validation - where the broker stamps records, their times do not matter', () => {
  assert.equal(validate([{ timestamp: NOW + 10 * HOUR_MS }], { logAppendTime: true }), null)
})

test('record validation - a compacted topic takes keys of any length, and a record without one is INVALID_RECORD', () => {
  assert.equal(validate([{ key: 'k' }, { key: '' }], { compacted: true }), null)
  assert.equal(validate([{ value: 'v' }]), null)
  const refused = validate([{ key: 'k' }, { value: 'v' }], { compacted: true, logAppendTime: true })
  assert.equal(refused?.errorCode, errorCodes.INVALID_RECORD)
  assert.deepEqual(
    refused?.recordErrors.map(({ batchIndex }) => batchIndex),
    [1],
  )
})

test('record validation - with both in one batch the answer is INVALID_TIMESTAMP, as Kafka says', () => {
  const refused = validate([{ value: 'v' }, { key: 'k', timestamp: NOW + 2 * HOUR_MS }], { compacted: true })
  assert.equal(refused?.errorCode, errorCodes.INVALID_TIMESTAMP)
  assert.equal(refused?.recordErrors.length, 2)
})
