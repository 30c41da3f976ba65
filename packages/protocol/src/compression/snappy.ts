import type { CompressionCodec } from './codec.ts'
import { PromiseCompressor } from './compressor.ts'
import { corrupt, tooLarge } from './decompression-error.ts'
import { OptionalPackage } from './optional-package.ts'
import { decodeSnappyElements } from './snappy-block.ts'

interface SnappyPackage {
  compressSync(input: Buffer): Buffer
  compress(input: Buffer): Promise<Buffer>
}

/** The framing of xerial's snappy-java, which Java clients write: magic, version 1, lowest compatible version 1. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER = Buffer.concat([XERIAL_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
const XERIAL_BLOCK_BYTES = 32 * 1024

const snappyPackage = new OptionalPackage<SnappyPackage>('snappy', 'snappy')

export const snappy: CompressionCodec = {
  levels: null,

  load: () => snappyPackage.load(),

  compress(bytes) {
    const { compressSync } = snappyPackage.get()
    const chunks: Buffer[] = [XERIAL_HEADER]
    for (let at = 0; at < bytes.length; at += XERIAL_BLOCK_BYTES) {
      const block = compressSync(bytes.subarray(at, at + XERIAL_BLOCK_BYTES))
      chunks.push(lengthOf(block), block)
    }
    return Buffer.concat(chunks)
  },

  compressor() {
    const { compress } = snappyPackage.get()
    return new PromiseCompressor(async (bytes) => {
      const chunks: Buffer[] = [XERIAL_HEADER]
      for (let at = 0; at < bytes.length; at += XERIAL_BLOCK_BYTES) {
        const block = await compress(bytes.subarray(at, at + XERIAL_BLOCK_BYTES))
        chunks.push(lengthOf(block), block)
      }
      return chunks
    })
  },

  /** Xerial's framing, or one bare block as librdkafka writes it. */
  decompress(bytes, maxBytes) {
    const blocks = startsWithXerialMagic(bytes) ? xerialBlocks(bytes) : [blockAt(bytes, 0, bytes.length)]
    let total = 0
    for (const block of blocks) total += block.size
    if (total > maxBytes) throw tooLarge('snappy', maxBytes)
    const target = Buffer.allocUnsafe(total)
    let at = 0
    for (const { start, end, size } of blocks) {
      decodeSnappyElements(bytes, start, end, target, at, at + size)
      at += size
    }
    return target
  },
}

function lengthOf(block: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4)
  length.writeInt32BE(block.length)
  return length
}

interface Block {
  /** The elements, after the length. */
  readonly start: number
  readonly end: number
  /** Uncompressed. */
  readonly size: number
}

function startsWithXerialMagic(bytes: Buffer): boolean {
  return bytes.length >= XERIAL_MAGIC.length && bytes.compare(XERIAL_MAGIC, 0, XERIAL_MAGIC.length, 0, XERIAL_MAGIC.length) === 0
}

function xerialBlocks(bytes: Buffer): Block[] {
  const blocks: Block[] = []
  let at = XERIAL_HEADER.length
  if (bytes.length < at) throw corrupt('snappy', 'the framing ends within its header', bytes.length)
  while (at < bytes.length) {
    if (bytes.length - at < 4) throw corrupt('snappy', 'the framing ends within the length of a block', at)
    const length = bytes.readInt32BE(at)
    if (length < 0 || length > bytes.length - at - 4) throw corrupt('snappy', `a block of ${length} bytes does not fit`, at)
    blocks.push(blockAt(bytes, at + 4, at + 4 + length))
    at += 4 + length
  }
  return blocks
}

/** A block begins with its uncompressed size, an unsigned varint of 32 bits. */
function blockAt(bytes: Buffer, start: number, end: number): Block {
  let size = 0
  for (let i = 0; i < 5 && start + i < end; i++) {
    const byte = bytes[start + i]!
    size += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) {
      // Three bytes make at most 64, so a larger claim is a lie, refused before memory is taken for it.
      if (size > (end - start) * 22) throw corrupt('snappy', 'a block claims more bytes than it can hold', start)
      return { start: start + i + 1, end, size }
    }
  }
  throw corrupt('snappy', 'a block does not begin with its size', start)
}
