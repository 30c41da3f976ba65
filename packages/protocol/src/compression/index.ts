import { ProtocolError } from '../wire/protocol-error.ts'
import { type CompressionCodec, type CompressionLevels, type CompressionType, compressionTypes } from './codec.ts'
import type { Compressor } from './compressor.ts'
import { gzip } from './gzip.ts'
import { lz4 } from './lz4.ts'
import { snappy } from './snappy.ts'
import { zstd } from './zstd.ts'

export { type CompressionLevels, type CompressionType, compressionTypes } from './codec.ts'
export type { CompressionCallback, Compressor } from './compressor.ts'

const codecs: Readonly<Record<Exclude<CompressionType, 'none'>, CompressionCodec>> = { gzip, snappy, lz4, zstd }

/**
 * Makes a codec ready to compress, so that `compress` need not load its package on first use. Rejects with
 * UNSUPPORTED_CODEC, naming the npm package, when that is not installed. To decompress, no codec needs a package.
 */
export async function loadCompression(type: CompressionType): Promise<void> {
  await codecOf(type)?.load?.()
}

/** `level` as the Java client's compression.<type>.level, which has its own bounds per codec; undefined is the default. */
export function compress(type: CompressionType, bytes: Buffer, level?: number): Buffer {
  const codec = codecOf(type)
  if (codec === undefined) return bytes
  if (level !== undefined) checkLevel(type, codec.levels, level)
  return codec.compress(bytes, level)
}

/** As `compress`, on another thread. The codec must have been loaded (`loadCompression`), and 'none' has nothing to do. */
export function createCompressor(type: Exclude<CompressionType, 'none'>, level?: number): Compressor {
  const codec = codecOf(type)!
  if (level !== undefined) checkLevel(type, codec.levels, level)
  return codec.compressor(level)
}

/** A result larger than `maxBytes` is an OUT_OF_RANGE error, found before memory is taken for it. */
export function decompress(type: CompressionType, bytes: Buffer, maxBytes: number): Buffer {
  const codec = codecOf(type)
  return codec === undefined ? bytes : codec.decompress(bytes, maxBytes)
}

/** The levels a codec takes, or null when it has none. */
export function compressionLevels(type: CompressionType): CompressionLevels | null {
  return codecOf(type)?.levels ?? null
}

function checkLevel(type: CompressionType, levels: CompressionLevels | null, level: number): void {
  if (levels === null || level === levels.default) return
  if (!Number.isInteger(level) || level < levels.min || level > levels.max) {
    throw new ProtocolError('OUT_OF_RANGE', `compression "${type}" has levels ${levels.min} to ${levels.max}, and ${level} was given`)
  }
}

function codecOf(type: CompressionType): CompressionCodec | undefined {
  if (type === 'none') return undefined
  if (!compressionTypes.includes(type)) {
    throw new ProtocolError('UNSUPPORTED_CODEC', `compression "${type}" is not one of ${compressionTypes.join(', ')}`)
  }
  return codecs[type]
}
