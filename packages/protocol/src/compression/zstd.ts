import * as zlib from 'node:zlib'
import { ProtocolError } from '../wire/protocol-error.ts'
import { type CompressionCodec, STREAM_CHUNK_BYTES } from './codec.ts'
import { ZlibCompressor } from './compressor.ts'
import { fromZlibError } from './decompression-error.ts'

export const zstd: CompressionCodec = {
  levels: { min: -131072, max: 22, default: 3 },

  compress(bytes, level) {
    requireZstd()
    return zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level ?? 3 } })
  },

  compressor(level) {
    requireZstd()
    const { ZSTD_e_end, ZSTD_c_compressionLevel } = zlib.constants
    const params = { [ZSTD_c_compressionLevel]: level ?? 3 }
    return new ZlibCompressor(() => zlib.createZstdCompress({ flush: ZSTD_e_end, chunkSize: STREAM_CHUNK_BYTES, params }), false)
  },

  decompress(bytes, maxBytes) {
    requireZstd()
    try {
      return zlib.zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, maxBytes) })
    } catch (cause) {
      throw fromZlibError('zstd', cause, maxBytes)
    }
  },
}

function requireZstd(): void {
  if (typeof zlib.zstdCompressSync !== 'function') {
    throw new ProtocolError('UNSUPPORTED_CODEC', `compression "zstd" needs Node.js 22.15 or later, and this is ${process.version}`)
  }
}
