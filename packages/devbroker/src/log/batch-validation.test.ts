import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BatchOptions, encodeBatch, errorCodes } from '@sluice/protocol'
import { type BatchRules, validateBatch } from './batch-validation.ts'

const rules: BatchRules = { maxMessageBytes: 1000, verifyCrc: true, zstdAllowed: true }

function batch(options: BatchOptions = {}, value = 'value'): Buffer {
  return encodeBatch([{ value }, { value }], options)
}

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = batch()
  change(bytes)
  return bytes
}

test('batch validation - a batch as producers send it passes', () => {
  const { header } = validateBatch(batch({ producerId: 5, producerEpoch: 0, baseSequence: 0 }), rules)
  assert.deepEqual([header?.recordsCount, header?.producerId], [2, 5])
})

const wrong: readonly [string, Buffer | null, keyof typeof errorCodes, Partial<BatchRules>?][] = [
  ['no batch at all', null, 'INVALID_RECORD'],
  ['an empty one', Buffer.alloc(0), 'INVALID_RECORD'],
  ['a header cut off', batch().subarray(0, 60), 'CORRUPT_MESSAGE'],
  ['records cut off', batch().subarray(0, 70), 'CORRUPT_MESSAGE'],
  ['two batches', Buffer.concat([batch(), batch()]), 'INVALID_RECORD'],
  ['a negative length', changed((bytes) => bytes.writeInt32BE(-5, 8)), 'CORRUPT_MESSAGE'],
  ['message format v1', changed((bytes) => bytes.writeInt8(1, 16)), 'INVALID_RECORD'],
  ['a changed byte', changed((bytes) => bytes.writeUInt8(bytes.readUInt8(70) ^ 1, 70)), 'CORRUPT_MESSAGE'],
  ['too many bytes', batch({}, 'x'.repeat(600)), 'MESSAGE_TOO_LARGE'],
  ['codec 5', changed((bytes) => bytes.writeInt16BE(5, 21)), 'UNSUPPORTED_COMPRESSION_TYPE', { verifyCrc: false }],
  ['zstd before Produce v7', batch({ compression: 'zstd' }), 'UNSUPPORTED_COMPRESSION_TYPE', { zstdAllowed: false }],
  ['the append time of the broker', batch({ timestampType: 'LogAppendTime' }), 'INVALID_TIMESTAMP'],
  ['a control record', batch({ isControl: true }), 'INVALID_RECORD'],
  ['a transaction', batch({ isTransactional: true, producerId: 1, producerEpoch: 0, baseSequence: 0 }), 'INVALID_TXN_STATE'],
  ['another last offset than the count says', batch({ lastOffsetDelta: 5 }), 'INVALID_RECORD'],
  ['no records', encodeBatch([]), 'INVALID_RECORD'],
  [
    'more records than its bytes can hold',
    changed((bytes) => bytes.writeInt32BE(1000, 57) && bytes.writeInt32BE(999, 23)),
    'INVALID_RECORD',
    { verifyCrc: false },
  ],
  ['a count below zero', changed((bytes) => bytes.writeInt32BE(-1, 57)), 'CORRUPT_MESSAGE', { verifyCrc: false }],
]

for (const [what, bytes, code, changedRules] of wrong) {
  test(`batch validation - ${what} is refused with ${code}`, () => {
    const verdict = validateBatch(bytes, { ...rules, ...changedRules })
    assert.equal(verdict.errorCode, errorCodes[code])
    assert.ok(verdict.message)
  })
}
