import type { BreakerState } from './circuit-breaker.ts'

/** What one interceptor of a chain did so far. It keeps counting when `replace` takes the same object over. */
export interface InterceptorStats {
  readonly name: string
  /** Whether `disableAfter` has switched it off. */
  readonly state: BreakerState
  /** Calls of its hooks for records and batches, without those of `onAcknowledgement` and `onCommit`. */
  readonly calls: number
  /** Records it took out: dropped by verdict, left out of what `onConsume` returned, or skipped in `handle`. */
  readonly dropped: number
  /** Records it rejected by verdict. */
  readonly rejected: number
  /** Records it put in others' places. */
  readonly emitted: number
  /** Records it sent to the dead-letter topic, by verdict or by `onError`. */
  readonly deadLettered: number
  /** Calls of a hook that threw, were too late, or returned what they may not. */
  readonly errors: number
  /** Of these, promises that took longer than `timeoutMs`. */
  readonly timeouts: number
  /** Records that passed it by while it was switched off. */
  readonly passedBy: number
  /** `dropped` by reason; after 100 different reasons the rest counts as `other`. */
  readonly reasons: Readonly<Record<string, number>>
  /** How many of the calls were measured: one in 128, all that returned a promise, and with `slowMs` those after a slow one. */
  readonly measuredCalls: number
  /** Mean time of a measured call in microseconds, until its promise settled; NaN before the first. In `handle` without the time of `next`. */
  readonly meanMicros: number
  /** The longest measured call. */
  readonly maxMicros: number
}

const MAX_REASONS = 100

/** The counters of one interceptor. Plain fields: they are touched for every record. */
export class InterceptorMeter {
  calls = 0
  dropped = 0
  rejected = 0
  emitted = 0
  deadLettered = 0
  errors = 0
  timeouts = 0
  passedBy = 0
  #measuredCalls = 0
  #measuredMs = 0
  #maxMs = 0
  readonly #reasons = new Map<string, number>()

  countDropped(reason: string, records = 1): void {
    this.dropped += records
    const known = this.#reasons.has(reason) || this.#reasons.size < MAX_REASONS ? reason : 'other'
    this.#reasons.set(known, (this.#reasons.get(known) ?? 0) + records)
  }

  measured(ms: number): void {
    this.#measuredCalls++
    this.#measuredMs += ms
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  stats(name: string, state: BreakerState): InterceptorStats {
    const { calls, dropped, rejected, emitted, deadLettered, errors, timeouts, passedBy } = this
    return {
      name,
      state,
      calls,
      dropped,
      rejected,
      emitted,
      deadLettered,
      errors,
      timeouts,
      passedBy,
      reasons: Object.fromEntries(this.#reasons),
      measuredCalls: this.#measuredCalls,
      meanMicros: (this.#measuredMs / this.#measuredCalls) * 1000,
      maxMicros: this.#maxMs * 1000,
    }
  }
}
