import type { ProducerBatch } from './producer-batch.ts'

/** One `flush`: the batches that were incomplete when it was called, and the parts of those that are split meanwhile. */
export class FlushWaiter {
  readonly done: Promise<void>
  #remaining = 0
  readonly #resolve: () => void

  constructor(batches: Iterable<ProducerBatch>) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.done = promise
    this.#resolve = resolve
    for (const batch of batches) this.await(batch)
    if (this.#remaining === 0) resolve()
  }

  await(batch: ProducerBatch): void {
    this.#remaining++
    batch.flushWaiters ??= []
    batch.flushWaiters.push(this)
  }

  /** A batch is complete, or its parts are awaited in its place. */
  completed(): void {
    if (--this.#remaining === 0) this.#resolve()
  }
}
