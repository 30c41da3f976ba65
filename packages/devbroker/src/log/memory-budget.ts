import type { Logger } from '../logger.ts'

/** What the logs of all partitions may hold together. At the limit produces are refused; nothing is dropped behind anyone's back. */
export class MemoryBudget {
  readonly limitBytes: number
  readonly #logger: Logger
  #usedBytes = 0
  #told = false

  constructor(limitBytes: number, logger: Logger) {
    this.limitBytes = limitBytes
    this.#logger = logger
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** False when `bytes` more would exceed the limit. The first refusal is logged, and again after room was made. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.limitBytes) {
      if (!this.#told) {
        this.#told = true
        this.#logger.warn(
          `the logs hold ${this.#usedBytes} of maxMemoryBytes ${this.limitBytes}: produce requests are refused with KAFKA_STORAGE_ERROR; ` +
            'raise maxMemoryBytes, set retention.bytes or retention.ms on a topic, or delete records',
        )
      }
      return false
    }
    this.#usedBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
    this.#told = false
  }
}
