import { ProtocolError } from './protocol-error.ts'

const TWO_POW_32 = 4294967296
const UUID_BYTES = 16
const UUID_CHARACTERS = 22
const MAX_STRING_BYTES = 0x7fff

/** Byte values at least this long are referenced, not copied; a socket writes the chunks with one `writev`. */
const REFERENCE_FROM_BYTES = 1024

/**
 * Writes Kafka's primitive types. Large byte values (record batches) are kept as references: they must stay unchanged
 * until the bytes have left the socket.
 */
export class Writer {
  #buffer: Buffer
  #position = 0
  /** Where the part of `#buffer` begins that is not in `#chunks` yet. */
  #start = 0
  #chunks: Buffer[] = []
  #chunkBytes = 0

  constructor(initialCapacity = 256) {
    this.#buffer = Buffer.allocUnsafe(initialCapacity)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#chunkBytes + this.#position - this.#start
  }

  #reserve(bytes: number): number {
    const at = this.#position
    if (at + bytes > this.#buffer.length) this.#grow(bytes)
    const start = this.#position
    this.#position = start + bytes
    return start
  }

  #grow(bytes: number): void {
    const pending = this.#position - this.#start
    const next = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, pending + bytes))
    this.#buffer.copy(next, 0, this.#start, this.#position)
    this.#buffer = next
    this.#start = 0
    this.#position = pending
  }

  bool(value: boolean): void {
    const at = this.#reserve(1)
    this.#buffer[at] = value ? 1 : 0
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) throw outOfRange('int8', value)
    this.#byte(value)
  }

  uint8(value: number): void {
    if ((value & 0xff) !== value) throw outOfRange('uint8', value)
    this.#byte(value)
  }

  #byte(value: number): void {
    const at = this.#reserve(1)
    this.#buffer[at] = value
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) throw outOfRange('int16', value)
    this.#twoBytes(value)
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange('uint16', value)
    this.#twoBytes(value)
  }

  #twoBytes(value: number): void {
    const at = this.#reserve(2)
    this.#buffer[at] = value >> 8
    this.#buffer[at + 1] = value
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw outOfRange('int32', value)
    this.#fourBytes(value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw outOfRange('uint32', value)
    this.#fourBytes(value)
  }

  #fourBytes(value: number): void {
    const at = this.#reserve(4)
    const b = this.#buffer
    b[at] = value >> 24
    b[at + 1] = value >> 16
    b[at + 2] = value >> 8
    b[at + 3] = value
  }

  /** Within ±(2^53-1). */
  int64(value: number): void {
    if (!Number.isSafeInteger(value)) throw outOfRange('int64', value)
    const high = Math.floor(value / TWO_POW_32)
    this.#fourBytes(high)
    this.#fourBytes(value - high * TWO_POW_32)
  }

  float64(value: number): void {
    const at = this.#reserve(8)
    this.#buffer.writeDoubleBE(value, at)
  }

  /** `value` in Kafka's notation: 22 characters of URL-safe base64. */
  uuid(value: string): void {
    const at = this.#reserve(UUID_BYTES)
    const written = this.#buffer.write(value, at, UUID_BYTES, 'base64url')
    if (written !== UUID_BYTES || value.length !== UUID_CHARACTERS)
      throw new ProtocolError('MALFORMED', `"${value}" is not a UUID in base64url`)
  }

  unsignedVarint(value: number): void {
    let rest = value >>> 0
    if (rest !== value) throw outOfRange('unsigned varint', value)
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.#byte(rest)
  }

  string(value: string): void {
    const length = textLength(value)
    this.#twoBytes(length)
    this.#text(value, length)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  compactString(value: string): void {
    const length = textLength(value)
    this.unsignedVarint(length + 1)
    this.#text(value, length)
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.int8(0)
    else this.compactString(value)
  }

  bytes(value: Bytes): void {
    this.int32(byteLength(value))
    this.raw(value)
  }

  nullableBytes(value: Bytes | null): void {
    if (value === null) this.int32(-1)
    else this.bytes(value)
  }

  compactBytes(value: Bytes): void {
    this.unsignedVarint(byteLength(value) + 1)
    this.raw(value)
  }

  compactNullableBytes(value: Bytes | null): void {
    if (value === null) this.int8(0)
    else this.compactBytes(value)
  }

  arrayCount(count: number): void {
    this.int32(count)
  }

  compactArrayCount(count: number): void {
    this.unsignedVarint(count + 1)
  }

  /** Bytes without a length; long ones by reference. */
  raw(value: Bytes): void {
    if (Array.isArray(value)) {
      for (const chunk of value as readonly Buffer[]) this.raw(chunk)
      return
    }
    const chunk = value as Buffer
    if (chunk.length < REFERENCE_FROM_BYTES) {
      const at = this.#reserve(chunk.length)
      this.#buffer.set(chunk, at)
      return
    }
    this.#cut()
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.length
  }

  /** One tagged field: tag, size, and what `content` holds. */
  taggedField(tag: number, content: Writer): void {
    this.unsignedVarint(tag)
    this.unsignedVarint(content.length)
    for (const chunk of content.chunks()) this.raw(chunk)
  }

  /** Everything written, in order; the writer may not be used afterwards. */
  chunks(): Buffer[] {
    this.#cut()
    return this.#chunks
  }

  /** Everything written, in one buffer. */
  toBuffer(): Buffer {
    const chunks = this.chunks()
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }

  #cut(): void {
    if (this.#position === this.#start) return
    const chunk = this.#buffer.subarray(this.#start, this.#position)
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.length
    this.#start = this.#position
  }

  #text(value: string, length: number): void {
    const at = this.#reserve(length)
    this.#buffer.write(value, at, length, 'utf8')
  }
}

/** Bytes to write: one buffer, or several that follow one another. */
export type Bytes = Buffer | readonly Buffer[]

export function byteLength(value: Bytes): number {
  if (!Array.isArray(value)) return (value as Buffer).length
  let total = 0
  for (const chunk of value as readonly Buffer[]) total += chunk.length
  return total
}

/** Kafka holds every string to what a non-compact length can say. */
function textLength(value: string): number {
  const length = Buffer.byteLength(value)
  if (length > MAX_STRING_BYTES) throw new ProtocolError('OUT_OF_RANGE', `a string of ${length} bytes is longer than ${MAX_STRING_BYTES}`)
  return length
}

function outOfRange(type: string, value: number): ProtocolError {
  return new ProtocolError('OUT_OF_RANGE', `${value} is not an ${type}`)
}
