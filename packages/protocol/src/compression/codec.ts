import type { Compressor } from './compressor.ts'

/** Kafka's `compression.type`; the order is the codec's number in a batch's attributes. */
export const compressionTypes = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type CompressionType = (typeof compressionTypes)[number]

export interface CompressionCodec {
  /** Makes the optional package available that `compress` needs. */
  load?(): Promise<void>
  /** Loads that package synchronously if `load` has not been called. */
  compress(bytes: Buffer, level: number | undefined): Buffer
  /** The same result by another thread. */
  compressor(level: number | undefined): Compressor
  /** Never takes more than `maxBytes` for its result, whatever `bytes` claims; more is an OUT_OF_RANGE error. */
  decompress(bytes: Buffer, maxBytes: number): Buffer
  readonly levels: CompressionLevels | null
}

/** Bounds and default as in the Java client: compression.gzip.level, compression.lz4.level, compression.zstd.level. */
export interface CompressionLevels {
  readonly min: number
  readonly max: number
  readonly default: number
}

/** How much a compressing stream of node:zlib makes at a time; what a batch comes to. */
export const STREAM_CHUNK_BYTES: number = 64 * 1024
