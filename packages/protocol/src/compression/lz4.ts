import { ProtocolError } from '../wire/protocol-error.ts'
import type { CompressionCodec } from './codec.ts'
import { PromiseCompressor } from './compressor.ts'
import { corrupt, tooLarge } from './decompression-error.ts'
import { decodeLz4Block } from './lz4-block.ts'
import { OptionalPackage } from './optional-package.ts'
import { xxh32 } from './xxh32.ts'

interface Lz4Package {
  /** One LZ4 block after its uncompressed size in four bytes. */
  compressSync(input: Buffer): Buffer
  compress(input: Buffer): Promise<Buffer>
}

const MAGIC = 0x184d2204
const SIZE_PREFIX_BYTES = 4
const STORED = 0x80000000

// The flags of the frame descriptor.
const VERSION_MASK = 0xc0
const VERSION_1 = 0x40
const BLOCK_INDEPENDENCE = 0x20
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY_ID = 0x01

const WRITTEN_FLAGS = VERSION_1 | BLOCK_INDEPENDENCE
/** 64 KiB, the block size of the Java client. */
const WRITTEN_BLOCK_DESCRIPTOR = 4 << 4
const WRITTEN_BLOCK_BYTES = 64 * 1024

const FRAME_START: Buffer = frameStart()
const FRAME_END: Buffer = Buffer.alloc(4)

const lz4Package = new OptionalPackage<Lz4Package>('lz4', 'lz4-napi')

/** LZ4 frames, as Java's Lz4BlockOutputStream writes them: independent blocks of 64 KiB, no content checksum. */
export const lz4: CompressionCodec = {
  /** Taken for the sake of Java's configurations; the package has one level only, which is fast. */
  levels: { min: 1, max: 17, default: 9 },

  load: () => lz4Package.load(),

  compress(bytes) {
    const { compressSync } = lz4Package.get()
    const chunks: Buffer[] = [FRAME_START]
    for (let at = 0; at < bytes.length; at += WRITTEN_BLOCK_BYTES) {
      const plain = bytes.subarray(at, at + WRITTEN_BLOCK_BYTES)
      chunks.push(blockOf(plain, compressSync(plain)))
    }
    chunks.push(FRAME_END)
    return Buffer.concat(chunks)
  },

  compressor() {
    const { compress } = lz4Package.get()
    return new PromiseCompressor(async (bytes) => {
      const chunks: Buffer[] = [FRAME_START]
      for (let at = 0; at < bytes.length; at += WRITTEN_BLOCK_BYTES) {
        const plain = bytes.subarray(at, at + WRITTEN_BLOCK_BYTES)
        chunks.push(blockOf(plain, await compress(plain)))
      }
      chunks.push(FRAME_END)
      return chunks
    })
  },

  decompress(bytes, maxBytes) {
    return new FrameReader(bytes, maxBytes).read()
  },
}

function frameStart(): Buffer {
  const header = Buffer.allocUnsafe(7)
  header.writeUInt32LE(MAGIC)
  header[4] = WRITTEN_FLAGS
  header[5] = WRITTEN_BLOCK_DESCRIPTOR
  header[6] = headerChecksum(header, 4, 6)
  return header
}

/** A block after its size, in a buffer of its own. What does not become smaller is stored as it is. */
function blockOf(plain: Buffer, packed: Buffer): Buffer {
  const packedLength = packed.length - SIZE_PREFIX_BYTES
  if (packedLength < plain.length) {
    // The size of the block takes the place of the package's own prefix.
    packed.writeUInt32LE(packedLength)
    return packed
  }
  const stored = Buffer.allocUnsafe(4 + plain.length)
  stored.writeUInt32LE((plain.length | STORED) >>> 0)
  stored.set(plain, 4)
  return stored
}

/** Reads one frame; the result grows block by block, and never beyond `maxBytes`. */
class FrameReader {
  readonly #bytes: Buffer
  readonly #maxBytes: number
  #at = 0
  #target: Buffer = Buffer.alloc(0)
  #filled = 0

  constructor(bytes: Buffer, maxBytes: number) {
    this.#bytes = bytes
    this.#maxBytes = maxBytes
  }

  read(): Buffer {
    if (this.#uint32() !== MAGIC) throw corrupt('lz4', 'there is no frame', 0)
    const descriptorAt = this.#at
    const flags = this.#uint8()
    const sizeCode = (this.#uint8() >>> 4) & 7
    if ((flags & VERSION_MASK) !== VERSION_1 || sizeCode < 4) {
      throw corrupt('lz4', 'the frame descriptor is unknown', descriptorAt)
    }
    if (flags & DICTIONARY_ID) throw new ProtocolError('UNSUPPORTED_CODEC', 'lz4 frames with a dictionary are not supported', descriptorAt)
    // The content size is a claim, and the blocks are counted anyway.
    if (flags & CONTENT_SIZE) this.#take(8)
    const checksum = headerChecksum(this.#bytes, descriptorAt, this.#at)
    if (this.#uint8() !== checksum) throw wrongChecksum('descriptor', this.#at - 1)

    const blockMaxBytes = 1 << (8 + 2 * sizeCode)
    for (let size = this.#uint32(); size !== 0; size = this.#uint32()) {
      const start = this.#at
      this.#block(size, blockMaxBytes, (flags & BLOCK_INDEPENDENCE) !== 0)
      if (flags & BLOCK_CHECKSUM) {
        const end = this.#at
        if (this.#uint32() !== xxh32(this.#bytes, start, end)) throw wrongChecksum('block', end)
      }
    }
    const content = this.#target.subarray(0, this.#filled)
    if (flags & CONTENT_CHECKSUM && this.#uint32() !== xxh32(content)) throw wrongChecksum('content', this.#at - 4)
    // Room was taken for the worst case; a result that fills little of it must not keep it alive.
    return content.length * 2 < this.#target.length ? Buffer.from(content) : content
  }

  #block(size: number, blockMaxBytes: number, independent: boolean): void {
    const stored = size >= STORED
    const length = stored ? size - STORED : size
    const start = this.#take(length)
    if (length > blockMaxBytes) throw corrupt('lz4', `a block of ${length} bytes exceeds ${blockMaxBytes}`, start)
    // One byte makes at most 255.
    this.#reserve(Math.min(blockMaxBytes, stored ? length : length * 255))
    if (stored) {
      if (length > this.#target.length - this.#filled) throw tooLarge('lz4', this.#maxBytes)
      this.#bytes.copy(this.#target, this.#filled, start, start + length)
      this.#filled += length
      return
    }
    const limit = Math.min(this.#target.length, this.#filled + blockMaxBytes)
    const windowStart = independent ? this.#filled : 0
    const next = decodeLz4Block(this.#bytes, start, start + length, this.#target, this.#filled, limit, windowStart)
    if (next < 0) {
      if (limit === this.#maxBytes) throw tooLarge('lz4', this.#maxBytes)
      throw corrupt('lz4', `a block decodes to more than ${blockMaxBytes} bytes`, start)
    }
    this.#filled = next
  }

  #reserve(bytes: number): void {
    const needed = this.#filled + bytes
    if (needed <= this.#target.length) return
    const capacity = Math.min(this.#maxBytes, Math.max(needed, this.#target.length * 2))
    if (capacity <= this.#target.length) return
    const target = Buffer.allocUnsafeSlow(capacity)
    this.#target.copy(target, 0, 0, this.#filled)
    this.#target = target
  }

  #take(length: number): number {
    const start = this.#at
    if (length > this.#bytes.length - start) throw corrupt('lz4', 'the frame is cut off', start)
    this.#at = start + length
    return start
  }

  #uint8(): number {
    return this.#bytes[this.#take(1)]!
  }

  #uint32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }
}

function wrongChecksum(part: string, at: number): ProtocolError {
  return corrupt('lz4', `the checksum of the ${part} does not match`, at)
}

/** The second byte of the descriptor's xxHash. */
function headerChecksum(bytes: Buffer, start: number, end: number): number {
  return (xxh32(bytes, start, end) >>> 8) & 0xff
}
