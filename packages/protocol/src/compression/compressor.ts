import type { Transform } from 'node:stream'

/** Compresses on the threads of libuv's pool, one piece at a time, so that the event loop goes on meanwhile. */
export interface Compressor {
  /**
   * What `compress` makes of `bytes`, in pieces, none of which is a view of `bytes`. `bytes` must stay as they are until
   * `done` is called: once, in a later turn, and with an empty list when there is an error. `done` must not throw.
   */
  compress(bytes: Buffer, done: CompressionCallback): void
  /** Gives up the codec's memory; a piece under way is still finished. */
  close(): void
}

export type CompressionCallback = (error: Error | null, compressed: readonly Buffer[]) => void

/** What the streams of node:zlib are; the types of some leave `reset` out. */
type ZlibStream = Transform & { reset?(): void; close(): void }

/**
 * A stream of node:zlib that ends its frame after every write. To make one anew for each piece, as node:zlib's functions
 * with callbacks do, takes the event loop three times as long, and its memory has to be cleared each time.
 */
export class ZlibCompressor implements Compressor {
  readonly #open: () => ZlibStream
  /** The codec begins a new frame only after `reset`. */
  readonly #resets: boolean
  #stream: ZlibStream | undefined
  #chunks: Buffer[] = []
  #done: CompressionCallback | undefined
  #closed = false

  /** `open` makes a stream that is set to finish with every write. */
  constructor(open: () => ZlibStream, resets: boolean) {
    this.#open = open
    this.#resets = resets
  }

  compress(bytes: Buffer, done: CompressionCallback): void {
    this.#done = done
    this.#stream ??= this.#opened()
    this.#stream.write(bytes, this.#onWritten)
  }

  close(): void {
    this.#closed = true
    if (this.#done !== undefined) return
    this.#stream?.close()
    this.#stream = undefined
  }

  #opened(): ZlibStream {
    const stream = this.#open()
    stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
    stream.on('error', (error) => {
      if (this.#stream === stream) this.#stream = undefined
      this.#end(error)
    })
    return stream
  }

  readonly #onWritten = (error?: Error | null): void => {
    // Comes with 'error' too.
    if (error || this.#stream === undefined) return
    while (this.#stream.readableLength > 0) this.#stream.read()
    if (this.#resets) this.#stream.reset!()
    this.#end(null)
  }

  #end(error: Error | null): void {
    const done = this.#done
    const chunks = this.#chunks
    this.#done = undefined
    this.#chunks = []
    if (this.#closed) this.close()
    done?.(error, error === null ? chunks : [])
  }
}

/** A function that compresses elsewhere and promises its result. */
export class PromiseCompressor implements Compressor {
  readonly #compress: (bytes: Buffer) => Promise<readonly Buffer[]>

  constructor(compress: (bytes: Buffer) => Promise<readonly Buffer[]>) {
    this.#compress = compress
  }

  compress(bytes: Buffer, done: CompressionCallback): void {
    this.#compress(bytes).then(
      (chunks) => done(null, chunks),
      (error) => done(error, []),
    )
  }

  close(): void {}
}
