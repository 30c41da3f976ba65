import type { Compressor } from '@sluice/protocol'
import type { ProducerBatch } from './producer-batch.ts'

/** Half of libuv's threads, so that the application's files and host names do not wait for batches. */
const LANES = 2

/**
 * Has batches compressed by other threads, oldest first and a few at a time. A batch that waits here takes no more
 * records and is not drained, and its memory is held even if it is done meanwhile.
 */
export class BatchCompressor {
  readonly #newLane: () => Compressor
  readonly #onDone: (batch: ProducerBatch, error: Error | null) => void
  readonly #waiting: ProducerBatch[] = []
  readonly #idle: Compressor[] = []
  #running = 0
  #closed = false

  /** `onDone` is called once for each batch, in a later turn than its `add`; it must not throw. */
  constructor(newLane: () => Compressor, onDone: (batch: ProducerBatch, error: Error | null) => void) {
    this.#newLane = newLane
    this.#onDone = onDone
  }

  add(batch: ProducerBatch): void {
    batch.beginCompression()
    this.#waiting.push(batch)
    this.#startWaiting()
  }

  /** Gives up the codec's memory. What was added is still finished. */
  close(): void {
    this.#closed = true
    for (const lane of this.#idle.splice(0)) lane.close()
  }

  #startWaiting(): void {
    while (this.#waiting.length > 0 && this.#running < LANES) {
      const batch = this.#waiting.shift()!
      this.#running++
      if (batch.isDone) queueMicrotask(() => this.#ended(batch, null, [], undefined))
      else this.#start(batch)
    }
  }

  #start(batch: ProducerBatch): void {
    try {
      const lane = this.#idle.pop() ?? this.#newLane()
      lane.compress(batch.records(), (error, compressed) => this.#ended(batch, error, compressed, lane))
    } catch (error) {
      queueMicrotask(() => this.#ended(batch, error as Error, [], undefined))
    }
  }

  #ended(batch: ProducerBatch, error: Error | null, compressed: readonly Buffer[], lane: Compressor | undefined): void {
    this.#running--
    if (this.#closed) lane?.close()
    else if (lane !== undefined) this.#idle.push(lane)
    this.#startWaiting()
    let failure = error
    try {
      batch.endCompression(compressed)
    } catch (cause) {
      failure = cause as Error
    }
    this.#onDone(batch, failure)
  }
}
