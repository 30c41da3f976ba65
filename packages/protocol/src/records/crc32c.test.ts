import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsCRC32C } from '@platformatic/kafka'
import fc from 'fast-check'
import { crc32c } from './crc32c.ts'
import { seeded } from './testing/arbitraries.ts'

test('crc32c - gives the published check values', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(Buffer.alloc(0)), 0)
  // RFC 3720, B.4
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa)
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
})

test('crc32c - agrees with another implementation on any bytes, range and alignment', (t) => {
  const range = fc
    .uint8Array({ maxLength: 600 })
    .chain((bytes) =>
      fc
        .tuple(fc.constant(bytes), fc.nat(bytes.length), fc.nat(bytes.length))
        .map(([b, x, y]) => ({ b, start: Math.min(x, y), end: Math.max(x, y) })),
    )
  fc.assert(
    fc.property(range, ({ b, start, end }) => {
      assert.equal(crc32c(b, start, end), jsCRC32C(Buffer.from(b.subarray(start, end))) >>> 0)
    }),
    seeded(t, 500),
  )
})

test('crc32c - goes on from a seed as if the bytes were in one piece', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
      const head = crc32c(bytes, 0, Math.min(cut, bytes.length))
      assert.equal(crc32c(bytes, Math.min(cut, bytes.length), bytes.length, head), crc32c(bytes))
    }),
    seeded(t, 200),
  )
})
