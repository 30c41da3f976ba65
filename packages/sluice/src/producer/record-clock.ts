import type { Clock } from '../clock.ts'

/** After this many records the time is read again also within one turn of the event loop, as in a long loop of sends. */
const RECORDS_PER_READING = 64

/** Wall-clock time for records that bring none. One reading serves all records of a turn of the event loop. */
export class RecordClock {
  readonly #clock: Clock
  #nowMs = 0
  #readingsLeft = 0
  #invalidationScheduled = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    if (this.#readingsLeft-- > 0) return this.#nowMs
    this.#readingsLeft = RECORDS_PER_READING
    this.#nowMs = this.#clock.now()
    if (!this.#invalidationScheduled) {
      this.#invalidationScheduled = true
      setImmediate(this.#invalidate)
    }
    return this.#nowMs
  }

  readonly #invalidate = (): void => {
    this.#invalidationScheduled = false
    this.#readingsLeft = 0
  }
}
