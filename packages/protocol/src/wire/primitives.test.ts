import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProtocolError, type ProtocolErrorCode } from './protocol-error.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

const UUID = 'AAECAwQFBgcICQoLDA0ODw'

/** A type's method, and values with their bytes as Kafka writes them. */
const cases: readonly (readonly [method: keyof Writer & keyof Reader, value: unknown, hex: string])[] = [
  ['bool', true, '01'],
  ['bool', false, '00'],
  ['int8', -128, '80'],
  ['int8', 127, '7f'],
  ['uint8', 255, 'ff'],
  ['int16', -32768, '8000'],
  ['int16', -1, 'ffff'],
  ['int16', 32767, '7fff'],
  ['uint16', 65535, 'ffff'],
  ['int32', -2147483648, '80000000'],
  ['int32', -2, 'fffffffe'],
  ['int32', 2147483647, '7fffffff'],
  ['uint32', 4294967295, 'ffffffff'],
  ['int64', 0, '0000000000000000'],
  ['int64', -1, 'ffffffffffffffff'],
  ['int64', 4294967296, '0000000100000000'],
  ['int64', -4294967297, 'fffffffeffffffff'],
  ['int64', Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
  ['int64', Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
  ['float64', 1.5, '3ff8000000000000'],
  ['uuid', UUID, '000102030405060708090a0b0c0d0e0f'],
  ['unsignedVarint', 0, '00'],
  ['unsignedVarint', 127, '7f'],
  ['unsignedVarint', 128, '8001'],
  ['unsignedVarint', 300, 'ac02'],
  ['unsignedVarint', 4294967295, 'ffffffff0f'],
  ['string', '', '0000'],
  ['string', 'é', '0002c3a9'],
  ['nullableString', null, 'ffff'],
  ['nullableString', '\ufeffa', '0004efbbbf61'],
  ['compactString', '', '01'],
  ['compactString', 'ab', '036162'],
  ['compactNullableString', null, '00'],
  ['compactNullableString', '', '01'],
  ['bytes', Buffer.from([1, 2]), '000000020102'],
  ['nullableBytes', null, 'ffffffff'],
  ['nullableBytes', Buffer.alloc(0), '00000000'],
  ['compactBytes', Buffer.from([9]), '0209'],
  ['compactNullableBytes', null, '00'],
]

describe('wire primitives - each value has one form', () => {
  for (const [method, value, hex] of cases) {
    it(`${method} ${value instanceof Buffer ? value.toString('hex') : JSON.stringify(value)}`, () => {
      const writer = new Writer()
      ;(writer[method] as (value: unknown) => void)(value)
      assert.equal(writer.toBuffer().toString('hex'), hex)
      const reader = new Reader(Buffer.from(hex, 'hex'))
      assert.deepEqual((reader[method] as () => unknown).call(reader), value)
      assert.equal(reader.remaining, 0)
      for (let length = 0; length < hex.length / 2; length++) {
        const short = new Reader(Buffer.from(hex, 'hex'), 0, length)
        assert.throws(() => (short[method] as () => unknown).call(short), protocolError('TRUNCATED'))
      }
    })
  }

  it('a long string keeps its byte order mark and its characters', () => {
    for (const text of ['\ufeff'.repeat(40), `\ufeff${'漢字'.repeat(50)}`, 'x'.repeat(32767)]) {
      const writer = new Writer()
      writer.string(text)
      writer.compactString(text)
      const reader = new Reader(writer.toBuffer())
      assert.equal(reader.string(), text)
      assert.equal(reader.compactString(), text)
    }
  })

  it('zigzag varints of 32 and 64 bits', () => {
    const read = (hex: string): Reader => new Reader(Buffer.from(hex, 'hex'))
    assert.equal(read('00').varint(), 0)
    assert.equal(read('01').varint(), -1)
    assert.equal(read('feffffff0f').varint(), 2147483647)
    assert.equal(read('ffffffff0f').varint(), -2147483648)
    assert.equal(read('01').varlong(), -1)
    assert.equal(read('ffffffff0f').varlong(), -2147483648)
    assert.equal(read('feffffffffffff1f').varlong(), Number.MAX_SAFE_INTEGER)
    assert.equal(read('fdffffffffffff1f').varlong(), Number.MIN_SAFE_INTEGER)
    assert.equal(read('ffffffffffffff0f').varlong(), -(2 ** 52))
    assert.throws(() => read('8080808080808020').varlong(), protocolError('OUT_OF_RANGE'))
    assert.throws(() => read('ffffffffffffffffff01').varlong(), protocolError('OUT_OF_RANGE'))
    assert.throws(() => read('8080808080808080808001').varlong(), protocolError('OUT_OF_RANGE'))
  })
})

describe('wire primitives - what cannot be carried is refused', () => {
  const refusedValues: readonly (readonly [method: keyof Writer, values: readonly unknown[]])[] = [
    ['int8', [128, -129, 0.5, Number.NaN]],
    ['uint8', [-1, 256]],
    ['int16', [32768, -32769]],
    ['uint16', [-1, 65536]],
    ['int32', [2147483648, -2147483649, 1.5, Number.NaN]],
    ['uint32', [-1, 4294967296]],
    ['int64', [2 ** 53, -(2 ** 53), 0.5, Number.NaN, Number.POSITIVE_INFINITY]],
    ['unsignedVarint', [-1, 4294967296, 0.5]],
    ['string', ['x'.repeat(32768)]],
    ['compactString', ['é'.repeat(16384)]],
  ]
  for (const [method, values] of refusedValues) {
    it(`${method} out of its range`, () => {
      for (const value of values) {
        const writer = new Writer()
        assert.throws(() => (writer[method] as (value: unknown) => void)(value), protocolError('OUT_OF_RANGE'))
      }
    })
  }

  it('a uuid that is not 22 characters of base64url', () => {
    for (const value of ['', 'AAAA', `${UUID}A`, '00010203-0405-0607-0809-0a0b0c0d0e0f', `${UUID.slice(0, 21)}!`]) {
      assert.throws(() => new Writer().uuid(value), protocolError('MALFORMED'))
    }
  })

  it('more array elements in one message than it may have, whichever arrays they are in', () => {
    const reader = new Reader(Buffer.from('0000000300000000000000020303', 'hex'), 0, 14, 4)
    assert.equal(reader.arrayCount(1), 3)
    assert.equal(reader.arrayCount(1), 0)
    assert.throws(() => reader.arrayCount(1), protocolError('OUT_OF_RANGE'))
    const frame = Buffer.alloc(20_000_010)
    frame.writeInt32BE(10_000_001)
    assert.throws(() => new Reader(frame).arrayCount(1), protocolError('OUT_OF_RANGE'))
  })

  it('negative lengths, nulls, overlong varints and unsafe numbers on the wire', () => {
    const reader = (hex: string): Reader => new Reader(Buffer.from(`ffff${hex}`, 'hex'), 2)
    const at2 = (code: ProtocolErrorCode) => (error: unknown) => protocolError(code)(error) && (error as ProtocolError).position >= 2
    assert.throws(() => reader('fffe').nullableString(), at2('OUT_OF_RANGE'))
    assert.throws(() => reader('ffff').string(), at2('MALFORMED'))
    assert.throws(() => reader('00').compactString(), at2('MALFORMED'))
    assert.throws(() => reader('80000000').nullableBytes(), at2('OUT_OF_RANGE'))
    assert.throws(() => reader('ffffffff').bytes(), at2('MALFORMED'))
    assert.throws(() => reader('00').compactBytes(), at2('MALFORMED'))
    assert.throws(() => reader('ffffffff10').unsignedVarint(), at2('OUT_OF_RANGE'))
    assert.throws(() => reader('808080808001').unsignedVarint(), at2('OUT_OF_RANGE'))
    assert.throws(() => reader('0020000000000000').int64(), at2('OUT_OF_RANGE'))
    assert.throws(() => reader('8000000000000000').int64(), at2('OUT_OF_RANGE'))
  })

  it('an array that cannot fit into what remains', () => {
    const bytes = Buffer.from('0000000300000000', 'hex')
    assert.equal(new Reader(bytes).arrayCount(1), 3)
    assert.throws(() => new Reader(bytes).arrayCount(2), protocolError('OUT_OF_RANGE'))
    assert.equal(new Reader(Buffer.from('ffffffff', 'hex')).arrayCount(1), -1)
    assert.throws(() => new Reader(Buffer.from('fffffffe', 'hex')).arrayCount(1), protocolError('OUT_OF_RANGE'))
    assert.throws(() => new Reader(Buffer.from('7fffffff00', 'hex')).arrayCount(0), protocolError('OUT_OF_RANGE'))
    assert.equal(new Reader(Buffer.from('00', 'hex')).compactArrayCount(1), -1)
    assert.throws(() => new Reader(Buffer.from('ffffffff0f', 'hex')).compactArrayCount(1), protocolError('OUT_OF_RANGE'))
  })
})

describe('Writer - chunks', () => {
  it('copies small byte values and refers to large ones', () => {
    const small = Buffer.alloc(1023, 1)
    const large = Buffer.alloc(1024, 2)
    const writer = new Writer(16)
    writer.bytes(small)
    writer.bytes(large)
    writer.bytes([small, large])
    writer.int8(7)
    assert.equal(writer.length, 3 * 4 + 2 * 1023 + 2 * 1024 + 1)
    const chunks = writer.chunks()
    assert.equal(chunks.filter((chunk) => chunk === large).length, 2)
    const expected = [int32(1023), small, int32(1024), large, int32(2047), small, large, Buffer.from([7])]
    assert.ok(Buffer.concat(chunks).equals(Buffer.concat(expected)))
    small.fill(9)
    assert.ok(!Buffer.concat(chunks).includes(9))
  })

  it('grows from any capacity without losing a byte', () => {
    for (const capacity of [1, 2, 3, 7, 256]) {
      const writer = new Writer(capacity)
      const expected: Buffer[] = []
      for (let i = 0; i < 300; i++) {
        writer.int32(i)
        expected.push(int32(i))
        if (i % 50 !== 0) continue
        const large = Buffer.alloc(2000, i)
        writer.raw(large)
        expected.push(large)
      }
      assert.ok(writer.toBuffer().equals(Buffer.concat(expected)), `capacity ${capacity}`)
    }
    assert.equal(new Writer().toBuffer().length, 0)
  })

  it('a tagged field says its tag and its size', () => {
    const content = new Writer(64)
    content.compactString('ab')
    const writer = new Writer()
    writer.taggedField(200, content)
    assert.equal(writer.toBuffer().toString('hex'), 'c80103036162')
  })
})

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function protocolError(code: ProtocolErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof ProtocolError && error.code === code
}
