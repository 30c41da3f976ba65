import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ProtocolError } from '../wire/protocol-error.ts'
import { seeded } from './testing/arbitraries.ts'
import { readVarint, readVarlong, varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

/** Zigzag and base 128 with BigInt: slow, and plainly right. */
function reference(value: number): Buffer {
  let zigzag = value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n
  const bytes: number[] = []
  while (zigzag > 0x7fn) {
    bytes.push(Number(zigzag & 0x7fn) | 0x80)
    zigzag >>= 7n
  }
  bytes.push(Number(zigzag))
  return Buffer.from(bytes)
}

function powersOfTwo(bits: number): number[] {
  const values = [0, -1]
  for (let bit = 0; bit < bits; bit++) for (const near of [-1, 0, 1]) values.push(2 ** bit + near, -(2 ** bit) + near)
  return values
}

function codes(error: unknown, ...allowed: string[]): true {
  assert.ok(error instanceof ProtocolError, String(error))
  assert.ok(allowed.includes(error.code), error.message)
  assert.ok(error.position >= 0)
  return true
}

test('varint - is zigzag in base 128, over all 32 bits', (t) => {
  const check = (value: number): void => {
    const expected = reference(value)
    const buffer = Buffer.alloc(12)
    assert.equal(writeVarint(buffer, 1, value), 1 + expected.length)
    assert.deepEqual(buffer.subarray(1, 1 + expected.length), expected)
    assert.equal(varintSize(value), expected.length)
    const cursor = { position: 1 }
    assert.equal(readVarint(buffer, cursor, 1 + expected.length), value)
    assert.equal(cursor.position, 1 + expected.length)
    assert.throws(
      () => readVarint(buffer, { position: 1 }, expected.length),
      (error) => codes(error, 'TRUNCATED'),
    )
  }
  for (const value of powersOfTwo(31)) check(value)
  check(0x7fffffff)
  check(-0x80000000)
  fc.assert(fc.property(fc.integer(), check), seeded(t, 500))
})

test('varlong - is zigzag in base 128, over ±(2^53-1)', (t) => {
  const check = (value: number): void => {
    const expected = reference(value)
    const buffer = Buffer.alloc(12)
    assert.equal(writeVarlong(buffer, 1, value), 1 + expected.length)
    assert.deepEqual(buffer.subarray(1, 1 + expected.length), expected, String(value))
    assert.equal(varlongSize(value), expected.length)
    const cursor = { position: 1 }
    assert.equal(readVarlong(buffer, cursor, 1 + expected.length), value)
    assert.equal(cursor.position, 1 + expected.length)
    assert.throws(
      () => readVarlong(buffer, { position: 1 }, expected.length),
      (error) => codes(error, 'TRUNCATED'),
    )
  }
  for (const value of powersOfTwo(53)) if (Number.isSafeInteger(value)) check(value)
  check(Number.MAX_SAFE_INTEGER)
  check(Number.MIN_SAFE_INTEGER)
  fc.assert(fc.property(fc.maxSafeInteger(), check), seeded(t, 500))
})

test('varint - refuses what is too long or too large, with the position', () => {
  const read = (read: typeof readVarint, bytes: number[]) => () => read(Buffer.from([0, ...bytes, 0, 0]), { position: 1 }, bytes.length + 3)
  assert.throws(read(readVarint, [0xff, 0xff, 0xff, 0xff, 0x1f]), (error) => codes(error, 'OUT_OF_RANGE'))
  assert.throws(read(readVarint, [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), (error) => codes(error, 'OUT_OF_RANGE'))
  assert.throws(read(readVarlong, new Array(11).fill(0xff)), (error) => codes(error, 'OUT_OF_RANGE'))
  for (const value of [2n ** 54n, 2n ** 54n - 1n, 2n ** 60n, 2n ** 64n - 1n]) {
    const bytes: number[] = []
    for (let rest = value; ; rest >>= 7n) {
      bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
      if (rest <= 0x7fn) break
    }
    assert.throws(read(readVarlong, bytes), (error) => codes(error, 'OUT_OF_RANGE'), `zigzag ${value}`)
  }
})

test('varlong - accepts padding with zero bits, as Java does', () => {
  const cursor = { position: 0 }
  assert.equal(readVarlong(Buffer.from([0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), cursor, 9), 1)
  assert.equal(cursor.position, 9)
})
