import { ProtocolError } from '../wire/protocol-error.ts'

const TWO_POW_27 = 134217728
const TWO_POW_32 = 4294967296

/** Where a reader stands. The record cursor is one itself, so that reading a number allocates nothing. */
export interface Position {
  position: number
}

/** Bytes of a zigzag varint of 32 bits. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

/** Bytes of a zigzag varint of 64 bits; `value` within ±(2^53-1). */
export function varlongSize(value: number): number {
  if (value === (value | 0)) return varintSize(value)
  const magnitude = value < 0 ? -value - 1 : value
  // n bytes carry 7n bits, of which zigzag takes one.
  if (magnitude < 17179869184) return 5
  if (magnitude < 2199023255552) return 6
  return magnitude < 281474976710656 ? 7 : 8
}

/** Writes at `at` without a bounds check and returns where the next value goes. */
export function writeVarint(buffer: Uint8Array, at: number, value: number): number {
  let zigzag = (value << 1) ^ (value >> 31)
  if ((zigzag & ~0x7f) === 0) {
    buffer[at] = zigzag
    return at + 1
  }
  if ((zigzag & ~0x3fff) === 0) {
    buffer[at] = zigzag | 0x80
    buffer[at + 1] = zigzag >> 7
    return at + 2
  }
  while ((zigzag & ~0x7f) !== 0) {
    buffer[at++] = zigzag | 0x80
    zigzag >>>= 7
  }
  buffer[at++] = zigzag
  return at
}

/** As `writeVarint`, for values within ±(2^53-1). */
export function writeVarlong(buffer: Uint8Array, at: number, value: number): number {
  if (value === (value | 0)) return writeVarint(buffer, at, value)
  const high = Math.floor(value / TWO_POW_32)
  const sign = high >> 31
  let zigzagLow = ((value << 1) ^ sign) >>> 0
  let zigzagHigh = (((high << 1) | ((value >>> 31) & 1)) ^ sign) >>> 0
  while (zigzagHigh > 0 || zigzagLow > 0x7f) {
    buffer[at++] = (zigzagLow & 0x7f) | 0x80
    zigzagLow = ((zigzagLow >>> 7) | (zigzagHigh << 25)) >>> 0
    zigzagHigh >>>= 7
  }
  buffer[at++] = zigzagLow
  return at
}

/** Reads a zigzag varint of 32 bits that must lie before `end`, and advances `from`. */
export function readVarint(buffer: Uint8Array, from: Position, end: number): number {
  const at = from.position
  if (end - at >= 2) {
    const first = buffer[at]!
    if (first < 0x80) {
      from.position = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    const second = buffer[at + 1]!
    if (second < 0x80) {
      from.position = at + 2
      const zigzag = (first & 0x7f) | (second << 7)
      return (zigzag >>> 1) ^ -(zigzag & 1)
    }
  }
  return readLongVarint(buffer, from, end)
}

function readLongVarint(buffer: Uint8Array, from: Position, end: number): number {
  const start = from.position
  let zigzag = 0
  for (let i = 0; i < 5; i++) {
    const at = start + i
    if (at >= end) throw new ProtocolError('TRUNCATED', 'a varint runs past its end', start)
    const byte = buffer[at]!
    zigzag |= (byte & 0x7f) << (7 * i)
    if (byte < 0x80) {
      if (i === 4 && byte > 0x0f) break
      from.position = at + 1
      return (zigzag >>> 1) ^ -(zigzag & 1)
    }
  }
  throw new ProtocolError('OUT_OF_RANGE', 'varint exceeds 32 bits', start)
}

/** Reads a zigzag varint of 64 bits, which must lie before `end` and within ±(2^53-1), and advances `from`. */
export function readVarlong(buffer: Uint8Array, from: Position, end: number): number {
  const at = from.position
  if (end - at >= 2) {
    const first = buffer[at]!
    if (first < 0x80) {
      from.position = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    const second = buffer[at + 1]!
    if (second < 0x80) {
      from.position = at + 2
      const zigzag = (first & 0x7f) | (second << 7)
      return (zigzag >>> 1) ^ -(zigzag & 1)
    }
  }
  return readLongVarlong(buffer, from, end)
}

function readLongVarlong(buffer: Uint8Array, from: Position, end: number): number {
  const start = from.position
  let low28 = 0
  let next28 = 0
  let rest = 0
  for (let i = 0; i < 10; i++) {
    const at = start + i
    if (at >= end) throw new ProtocolError('TRUNCATED', 'a varlong runs past its end', start)
    const byte = buffer[at]!
    const bits = byte & 0x7f
    if (i < 4) low28 |= bits << (7 * i)
    else if (i < 8) next28 |= bits << (7 * (i - 4))
    else rest |= bits
    if (byte < 0x80) {
      from.position = at + 1
      // Halved before the parts are added: a zigzag value may need 54 bits.
      const half = (low28 >>> 1) + next28 * TWO_POW_27
      const value = low28 & 1 ? -half - 1 : half
      if (rest !== 0 || !Number.isSafeInteger(value)) throw new ProtocolError('OUT_OF_RANGE', 'varlong outside ±(2^53-1)', start)
      return value
    }
  }
  throw new ProtocolError('OUT_OF_RANGE', 'varlong longer than 10 bytes', start)
}
