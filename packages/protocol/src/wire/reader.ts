import { ProtocolError } from './protocol-error.ts'

const TWO_POW_32 = 4294967296
/**
 * Array elements of one message, unless the caller says otherwise: the metadata of a million partitions has fewer. The
 * smallest ones take two bytes on the wire and a hundred as objects, so that the size of a frame alone bounds too little.
 */
const DEFAULT_MAX_ELEMENTS = 10_000_000
/** A byte order mark is part of the text. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Reads Kafka's primitive types from a buffer. Every length and count is checked against what remains before any
 * memory is taken for it; a violation throws `ProtocolError` with the byte position. Byte values are views, not copies.
 */
export class Reader {
  readonly buffer: Buffer
  position: number
  readonly end: number
  #elementsLeft: number

  /** `maxElements` bounds the elements of all arrays together. */
  constructor(buffer: Buffer, position = 0, end: number = buffer.length, maxElements: number = DEFAULT_MAX_ELEMENTS) {
    this.buffer = buffer
    this.position = position
    this.end = end
    this.#elementsLeft = maxElements
  }

  get remaining(): number {
    return this.end - this.position
  }

  /** Advances by `length` bytes and returns where they start. */
  take(length: number): number {
    const start = this.position
    if (length < 0) throw new ProtocolError('OUT_OF_RANGE', `negative length ${length}`, start)
    if (length > this.end - start) {
      throw new ProtocolError('TRUNCATED', `${length} bytes are needed and ${this.end - start} remain`, start)
    }
    this.position = start + length
    return start
  }

  bool(): boolean {
    return this.buffer[this.take(1)] !== 0
  }

  int8(): number {
    return (this.buffer[this.take(1)]! << 24) >> 24
  }

  uint8(): number {
    return this.buffer[this.take(1)]!
  }

  int16(): number {
    const at = this.take(2)
    return ((this.buffer[at]! << 24) >> 16) | this.buffer[at + 1]!
  }

  uint16(): number {
    const at = this.take(2)
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!
  }

  int32(): number {
    const at = this.take(4)
    const b = this.buffer
    return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  /** An int64 as a number; a value beyond ±(2^53-1) is an error, since no offset, timestamp or id gets there. */
  int64(): number {
    const at = this.position
    const high = this.int32()
    const value = high * TWO_POW_32 + this.uint32()
    if (!Number.isSafeInteger(value)) throw new ProtocolError('OUT_OF_RANGE', 'int64 outside ±(2^53-1)', at)
    return value
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8))
  }

  /** Sixteen bytes in Kafka's own notation: URL-safe base64 without padding, 22 characters. */
  uuid(): string {
    const at = this.take(16)
    return this.buffer.toString('base64url', at, at + 16)
  }

  unsignedVarint(): number {
    const at = this.position
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.uint8()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) throw new ProtocolError('OUT_OF_RANGE', 'varint exceeds 32 bits', at)
        return value >>> 0
      }
    }
    throw new ProtocolError('OUT_OF_RANGE', 'varint longer than 5 bytes', at)
  }

  /** Zigzag, 32 bits. */
  varint(): number {
    const value = this.unsignedVarint()
    return (value >>> 1) ^ -(value & 1)
  }

  /** Zigzag, 64 bits, as a number within ±(2^53-1). */
  varlong(): number {
    const at = this.position
    const first = this.uint8()
    // The lowest bit is the sign; what is above it would not fit into a number together with it.
    let magnitude = (first & 0x7f) >> 1
    let scale = 64
    for (let byte = first, bytes = 1; byte > 0x7f; bytes++) {
      if (bytes === 10) throw new ProtocolError('OUT_OF_RANGE', 'varlong longer than 10 bytes', at)
      byte = this.uint8()
      magnitude += (byte & 0x7f) * scale
      scale *= 128
    }
    const value = (first & 1) === 0 ? magnitude : -magnitude - 1
    if (!Number.isSafeInteger(value)) throw new ProtocolError('OUT_OF_RANGE', 'varlong outside ±(2^53-1)', at)
    return value
  }

  string(): string {
    const at = this.position
    const value = this.nullableString()
    if (value === null) throw new ProtocolError('MALFORMED', 'null where a string is required', at)
    return value
  }

  nullableString(): string | null {
    const length = this.int16()
    return length === -1 ? null : this.#text(length)
  }

  compactString(): string {
    const at = this.position
    const value = this.compactNullableString()
    if (value === null) throw new ProtocolError('MALFORMED', 'null where a string is required', at)
    return value
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint() - 1
    return length === -1 ? null : this.#text(length)
  }

  bytes(): Buffer {
    const at = this.position
    const value = this.nullableBytes()
    if (value === null) throw new ProtocolError('MALFORMED', 'null where bytes are required', at)
    return value
  }

  nullableBytes(): Buffer | null {
    const length = this.int32()
    return length === -1 ? null : this.raw(length)
  }

  compactBytes(): Buffer {
    const at = this.position
    const value = this.compactNullableBytes()
    if (value === null) throw new ProtocolError('MALFORMED', 'null where bytes are required', at)
    return value
  }

  compactNullableBytes(): Buffer | null {
    const length = this.unsignedVarint() - 1
    return length === -1 ? null : this.raw(length)
  }

  /** A view of the next `length` bytes. */
  raw(length: number): Buffer {
    const at = this.take(length)
    return this.buffer.subarray(at, at + length)
  }

  /**
   * The count of an array, or -1 for null. Rejected when the elements, at `minElementSize` bytes each, cannot fit into
   * what remains, so that a hostile count never sizes an allocation.
   */
  arrayCount(minElementSize: number): number {
    const at = this.position
    return this.#checkCount(this.int32(), minElementSize, at)
  }

  compactArrayCount(minElementSize: number): number {
    const at = this.position
    return this.#checkCount(this.unsignedVarint() - 1, minElementSize, at)
  }

  #checkCount(count: number, minElementSize: number, at: number): number {
    if (count < -1) throw new ProtocolError('OUT_OF_RANGE', `negative array count ${count}`, at)
    if (count * Math.max(1, minElementSize) > this.remaining) {
      throw new ProtocolError('OUT_OF_RANGE', `${count} array elements cannot fit into the ${this.remaining} bytes that remain`, at)
    }
    if (count > 0) this.#elementsLeft -= count
    if (this.#elementsLeft < 0) throw new ProtocolError('OUT_OF_RANGE', `${count} more array elements are too many for one message`, at)
    return count
  }

  #text(length: number): string {
    const at = this.take(length)
    if (length > 64) return utf8.decode(this.buffer.subarray(at, at + length))
    return this.buffer.toString('utf8', at, at + length)
  }
}
