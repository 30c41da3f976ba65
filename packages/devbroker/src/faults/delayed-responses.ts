import type { Clock, Timer } from '../clock.ts'
import type { RequestRecord } from './journal.ts'

interface DelayedResponse {
  readonly chunks: readonly Buffer[]
  readonly at: number
  readonly record: RequestRecord | null
}

/** Responses under way on a slow network: each leaves at its time, none before the one ahead of it, and none waits for the others' answers. */
export class DelayedResponses {
  readonly #clock: Clock
  readonly #write: (chunks: readonly Buffer[]) => void
  readonly #queue: DelayedResponse[] = []
  #timer: Timer | null = null
  #sizeInBytes = 0

  constructor(clock: Clock, write: (chunks: readonly Buffer[]) => void) {
    this.#write = write
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes
  }

  push(chunks: readonly Buffer[], delayMs: number, record: RequestRecord | null): void {
    const last = this.#queue.at(-1)?.at ?? 0
    this.#queue.push({ chunks, at: Math.max(last, this.#clock.monotonic() + delayMs), record })
    this.#sizeInBytes += sizeOf(chunks)
    this.#schedule()
  }

  /** The client is gone. */
  clear(): void {
    for (const { record } of this.#queue) record?.end('abandoned')
    this.#queue.length = 0
    this.#sizeInBytes = 0
    this.#timer?.cancel()
    this.#timer = null
  }

  #schedule(): void {
    const first = this.#queue[0]
    if (first === undefined || this.#timer !== null) return
    this.#timer = this.#clock.setTimer(this.#flush, Math.max(0, first.at - this.#clock.monotonic()), false)
  }

  #flush = (): void => {
    this.#timer = null
    // A timer may fire up to a millisecond early.
    const now = this.#clock.monotonic() + 1
    while (this.#queue.length > 0 && this.#queue[0]!.at <= now) {
      const { chunks, record } = this.#queue.shift()!
      this.#sizeInBytes -= sizeOf(chunks)
      record?.end('answered')
      this.#write(chunks)
    }
    this.#schedule()
  }
}

function sizeOf(chunks: readonly Buffer[]): number {
  let size = 0
  for (const { length } of chunks) size += length
  return size
}
