import { ProtocolError } from '../wire/protocol-error.ts'
import type { CompressionCodec } from './codec.ts'
import { OptionalPackage } from './optional-package.ts'
import { tooLarge } from './zlib-error.ts'

interface SnappyPackage {
  compressSync(input: Buffer): Buffer
  uncompressSync(input: Buffer): Buffer
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
      const length = Buffer.allocUnsafe(4)
      length.writeInt32BE(block.length)
      chunks.push(length, block)
    }
    return Buffer.concat(chunks)
  },

  /** Xerial's framing, or one bare block as librdkafka writes it. */
  decompress(bytes, maxBytes) {
    if (!startsWithXerialMagic(bytes)) return decompressBlock(bytes, 0, bytes.length, maxBytes)
    const blocks: Buffer[] = []
    let total = 0
    let at = XERIAL_HEADER.length
    if (bytes.length < at) throw new ProtocolError('CORRUPT', 'the snappy framing ends within its header', bytes.length)
    while (at < bytes.length) {
      if (bytes.length - at < 4) throw new ProtocolError('CORRUPT', 'the snappy framing ends within a block length', at)
      const length = bytes.readInt32BE(at)
      if (length < 0 || length > bytes.length - at - 4) {
        throw new ProtocolError('CORRUPT', `a snappy block of ${length} bytes is outside the records`, at)
      }
      const block = decompressBlock(bytes, at + 4, at + 4 + length, maxBytes - total)
      blocks.push(block)
      total += block.length
      at += 4 + length
    }
    return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, total)
  },
}

function startsWithXerialMagic(bytes: Buffer): boolean {
  return bytes.length >= XERIAL_MAGIC.length && bytes.compare(XERIAL_MAGIC, 0, XERIAL_MAGIC.length, 0, XERIAL_MAGIC.length) === 0
}

function decompressBlock(bytes: Buffer, start: number, end: number, maxBytes: number): Buffer {
  const size = uncompressedSize(bytes, start, end)
  if (size > maxBytes) throw tooLarge('snappy', maxBytes)
  // Three bytes make at most 64, so a larger claim is a lie, refused before memory is taken for it.
  if (size > (end - start) * 32) throw new ProtocolError('CORRUPT', 'a snappy block claims more bytes than it can hold', start)
  try {
    return snappyPackage.get().uncompressSync(bytes.subarray(start, end))
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause
    throw new ProtocolError('CORRUPT', 'the records are not valid snappy', start, { cause })
  }
}

/** The length with which every snappy block begins: an unsigned varint of 32 bits. */
function uncompressedSize(bytes: Buffer, start: number, end: number): number {
  let size = 0
  for (let i = 0; i < 5 && start + i < end; i++) {
    const byte = bytes[start + i]!
    size += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return size
  }
  throw new ProtocolError('CORRUPT', 'a snappy block does not begin with its length', start)
}
