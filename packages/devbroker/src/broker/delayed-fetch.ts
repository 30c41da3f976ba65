import type { Clock, Timer } from '../clock.ts'
import type { Partition, PartitionWatcher } from './partition.ts'

/**
 * Waits for partitions until so many bytes were appended to them, one of them changed, the time is over or the client is
 * gone, whichever comes first (Java: DelayedFetch). It carries no data: the fetch reads afresh afterwards.
 */
export class DelayedFetch implements PartitionWatcher {
  readonly #partitions: readonly Partition[]
  readonly #signal: AbortSignal
  readonly #done: () => void
  readonly #timer: Timer
  #missingBytes: number
  #completed = false

  constructor(partitions: readonly Partition[], missingBytes: number, waitMs: number, clock: Clock, signal: AbortSignal, done: () => void) {
    this.#partitions = partitions
    this.#missingBytes = missingBytes
    this.#signal = signal
    this.#done = done
    this.#timer = clock.setTimer(this.#complete, waitMs, false)
    signal.addEventListener('abort', this.#complete)
    for (const partition of partitions) partition.watch(this)
    if (signal.aborted) this.#complete()
  }

  onAppend(sizeInBytes: number): void {
    this.#missingBytes -= sizeInBytes
    if (this.#missingBytes <= 0) this.#complete()
  }

  onChange(): void {
    this.#complete()
  }

  #complete = (): void => {
    if (this.#completed) return
    this.#completed = true
    this.#timer.cancel()
    this.#signal.removeEventListener('abort', this.#complete)
    for (const partition of this.#partitions) partition.unwatch(this)
    this.#done()
  }
}
