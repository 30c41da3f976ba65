import type { CompressionCallback, Compressor } from '@sluice/protocol'
import { compress } from '@sluice/protocol'

interface Job {
  readonly bytes: Buffer
  readonly done: CompressionCallback
}

/** Compressors whose work is done when the test says so, in whatever order it likes. */
export class ManualCompressors {
  readonly jobs: Job[] = []
  open = 0

  readonly newCompressor = (): Compressor => {
    this.open++
    return {
      compress: (bytes, done) => this.jobs.push({ bytes, done }),
      close: () => this.open--,
    }
  }

  /** Finishes a piece of work with what `gzip` makes of it, at this moment. */
  finish(index = 0): void {
    const [job] = this.jobs.splice(index, 1)
    job!.done(null, [compress('gzip', job!.bytes)])
  }

  fail(index = 0): void {
    const [job] = this.jobs.splice(index, 1)
    job!.done(new Error('codec'), [])
  }

  /** A codec that makes more of what it gets. */
  inflate(index = 0): void {
    const [job] = this.jobs.splice(index, 1)
    job!.done(null, [Buffer.alloc(job!.bytes.length + 300)])
  }
}
