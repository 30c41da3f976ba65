import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RecordCursor } from './record-cursor.ts'
import { encodedHeadersSize, encodedRecordSize, type FlatHeaders, flatHeaders, writeRecord } from './record-encoder.ts'
import { seeded } from './testing/arbitraries.ts'

const text = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  // Lone surrogates, and pairs.
  fc.array(fc.constantFrom('a', 'é', '€', '\ud83d', '\ude00', '\ud800'), { maxLength: 70 }).map((parts) => parts.join('')),
)
const value = fc.oneof(
  text,
  fc.constant(null),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
)
const bytesOf = (field: string | Uint8Array | null): Buffer | null => (field === null ? null : Buffer.from(field as string))

function written(headers: FlatHeaders): { readonly record: Buffer; readonly around: Buffer } {
  const size = encodedRecordSize(0, 0, -1, -1, encodedHeadersSize(headers))
  const around = Buffer.alloc(size + 8, 0xee)
  const next = writeRecord(around, 3, 0, 0, null, 0, -1, null, 0, -1, headers)
  assert.equal(next - 3, size)
  return { record: around.subarray(3, next), around }
}

test('record encoder - headers given as text, bytes or null are read as the UTF-8 of Buffer.from', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, value), { maxLength: 8 }), (pairs) => {
      const { record, around } = written(pairs.flat())
      const cursor = new RecordCursor(record, 1, 0)
      assert.ok(cursor.next())
      assert.deepEqual(
        cursor.readHeaders(),
        pairs.map(([key, value]) => ({ key: Buffer.from(key).toString(), value: bytesOf(value) })),
      )
      assert.ok([...around.subarray(0, 3), ...around.subarray(3 + record.length)].every((byte) => byte === 0xee))
    }),
    seeded(t, 300),
  )
})

test('record encoder - a text is written as its bytes would be', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, value), { maxLength: 8 }), (pairs) => {
      const asBytes = flatHeaders(pairs.map(([key, value]) => ({ key, value: bytesOf(value) })))
      assert.deepEqual(written(pairs.flat()).record, written(asBytes).record)
    }),
    seeded(t, 300),
  )
})
