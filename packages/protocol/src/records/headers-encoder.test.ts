import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeHeaders, type FlatHeaders, flatHeaders, HeadersEncoder } from './headers-encoder.ts'
import { RecordCursor } from './record-cursor.ts'
import { encodedRecordSize, writeRecord } from './record-encoder.ts'
import { seeded } from './testing/arbitraries.ts'

const text = fc.oneof(
  fc.constantFrom('', 'a', 'id', 'ü'),
  fc.string({ maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  // Lone surrogates, and pairs.
  fc.array(fc.constantFrom('a', 'é', '€', '\ud83d', '\ude00', '\ud800'), { maxLength: 70 }).map((parts) => parts.join('')),
  fc.nat(1000).map((length) => 'x'.repeat(length)),
)
const value = fc.oneof(
  text,
  fc.constant(null),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
)
const headers = fc.array(fc.tuple(text, value), { maxLength: 8 })
const bytesOf = (field: string | Uint8Array | null): Buffer | null => (field === null ? null : Buffer.from(field as string))

function read(encoded: Buffer): unknown {
  const record = Buffer.alloc(encodedRecordSize(0, 0, -1, -1, encoded.length))
  assert.equal(writeRecord(record, 0, 0, 0, null, 0, -1, null, 0, -1, encoded, 0, encoded.length), record.length)
  const cursor = new RecordCursor(record, 1, 0)
  assert.ok(cursor.next())
  return cursor.readHeaders()
}

test('headers encoder - text, bytes or null are read as the UTF-8 of Buffer.from', (t) => {
  fc.assert(
    fc.property(headers, (pairs) => {
      const wanted = pairs.map(([key, value]) => ({ key: Buffer.from(key).toString(), value: bytesOf(value) }))
      assert.deepEqual(read(encodeHeaders(pairs.flat())), wanted)
    }),
    seeded(t, 300),
  )
})

test('headers encoder - a text is encoded as its bytes are', (t) => {
  fc.assert(
    fc.property(headers, (pairs) => {
      const asBytes = flatHeaders(pairs.map(([key, value]) => ({ key, value: bytesOf(value) })))
      assert.deepEqual(encodeHeaders(pairs.flat()), encodeHeaders(asBytes))
    }),
    seeded(t, 300),
  )
})

test('headers encoder - what the records before left in its bytes does not show', (t) => {
  fc.assert(
    fc.property(fc.array(headers, { maxLength: 20 }), (records) => {
      const encoder = new HeadersEncoder()
      for (const pairs of records) {
        const fields: FlatHeaders = pairs.flat()
        const size = encoder.encode(fields)
        assert.deepEqual(encoder.bytes.subarray(0, size), encodeHeaders(fields))
      }
    }),
    seeded(t, 300),
  )
})

test('headers encoder - records of the same keys and lengths, some of whose values stay, do not get each other’s', (t) => {
  const few = fc.constantFrom('aa', 'bb', 'ccc', '', 'ü')
  const similar = fc.tuple(few, few, few).map(([a, b, c]): FlatHeaders => ['time', a, 'host', b, 'id', c])
  fc.assert(
    fc.property(fc.array(similar, { maxLength: 30 }), (records) => {
      const encoder = new HeadersEncoder()
      for (const fields of records) {
        const size = encoder.encode(fields)
        assert.deepEqual(encoder.bytes.subarray(0, size), encodeHeaders(fields))
      }
    }),
    seeded(t, 300),
  )
})

test('headers encoder - bytes that were changed since the last record are encoded as they are now', () => {
  const encoder = new HeadersEncoder()
  const bytes = Buffer.from('1')
  encoder.encode(['a', bytes])
  bytes[0] = 0x32
  const size = encoder.encode(['a', bytes])
  assert.deepEqual(encoder.bytes.subarray(0, size), encodeHeaders(['a', Buffer.from('2')]))
})

test('headers encoder - one that threw on the way encodes the next record as if nothing had been', () => {
  const encoder = new HeadersEncoder()
  encoder.encode(['a', '1', 'b', '2'])
  assert.throws(() => encoder.encode(['a', 'longer', 'b', 5 as never]))
  const size = encoder.encode(['a', '1', 'b', '2'])
  assert.deepEqual(encoder.bytes.subarray(0, size), encodeHeaders(['a', '1', 'b', '2']))
})

test('headers encoder - a large record does not make it large for ever', () => {
  const encoder = new HeadersEncoder()
  encoder.encode(['a', 'x'.repeat(1_000_000)])
  assert.ok(encoder.bytes.length > 1_000_000)
  encoder.encode(['a', 'x'])
  assert.ok(encoder.bytes.length < 1000)
})
