import { gunzipSync, gzipSync } from 'node:zlib'
import type { CompressionCodec } from './codec.ts'
import { fromZlibError } from './decompression-error.ts'

export const gzip: CompressionCodec = {
  levels: { min: 1, max: 9, default: -1 },

  compress(bytes, level) {
    return gzipSync(bytes, { level: level ?? -1 })
  },

  decompress(bytes, maxBytes) {
    try {
      return gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) })
    } catch (cause) {
      throw fromZlibError('gzip', cause, maxBytes)
    }
  },
}
