import { constants, createGzip, gunzipSync, gzipSync } from 'node:zlib'
import { type CompressionCodec, STREAM_CHUNK_BYTES } from './codec.ts'
import { ZlibCompressor } from './compressor.ts'
import { fromZlibError } from './decompression-error.ts'

export const gzip: CompressionCodec = {
  levels: { min: 1, max: 9, default: -1 },

  compress(bytes, level) {
    return gzipSync(bytes, { level: level ?? -1 })
  },

  compressor(level) {
    return new ZlibCompressor(() => createGzip({ flush: constants.Z_FINISH, chunkSize: STREAM_CHUNK_BYTES, level: level ?? -1 }), true)
  },

  decompress(bytes, maxBytes) {
    try {
      return gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) })
    } catch (cause) {
      throw fromZlibError('gzip', cause, maxBytes)
    }
  },
}
