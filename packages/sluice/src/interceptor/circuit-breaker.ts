import type { Clock, Timer } from '../clock.ts'
import { configError } from '../errors.ts'
import type { DisableAfter } from './interceptor-context.ts'

/** `on` runs; `off` is passed by; `trying` is given one record to see whether it works again. */
export type BreakerState = 'on' | 'off' | 'trying'

const RETRY_AFTER_MS = 60_000
const KEYS = ['failures', 'slowMs', 'retryAfterMs']

/** Switches one interceptor off after failures in a row, and lets it try again (`disableAfter`). */
export class CircuitBreaker {
  readonly slowMs: number
  readonly #failures: number
  readonly #retryAfterMs: number
  readonly #clock: Clock
  readonly #onChange: (state: BreakerState) => void
  #inARow = 0
  #state: BreakerState = 'on'
  #timer: Timer | undefined
  #isClosed = false

  /** `onChange` is told of every change, after it. */
  constructor(options: Required<DisableAfter>, clock: Clock, onChange: (state: BreakerState) => void) {
    this.#failures = options.failures
    this.slowMs = options.slowMs
    this.#retryAfterMs = options.retryAfterMs
    this.#clock = clock
    this.#onChange = onChange
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Any failures since the last success: only then must a success be told. */
  get isStained(): boolean {
    return this.#inARow > 0
  }

  succeeded(): void {
    this.#inARow = 0
    if (this.#state === 'trying') this.#become('on')
  }

  failed(): void {
    this.#inARow++
    if (this.#state === 'off' || this.#isClosed) return
    if (this.#state === 'on' && this.#inARow < this.#failures) return
    this.#become('off')
    this.#timer = this.#clock.setTimer(() => this.#become('trying'), this.#retryAfterMs, false)
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #become(state: BreakerState): void {
    this.#state = state
    this.#onChange(state)
  }
}

/** The options behind `disableAfter`; null when it is left out. Throws CONFIG naming the interceptor. */
export function breakerOptions(given: number | DisableAfter | undefined, interceptor: string): Required<DisableAfter> | null {
  if (given === undefined) return null
  const where = `interceptor "${interceptor}": disableAfter`
  if (typeof given !== 'number' && (typeof given !== 'object' || given === null)) {
    throw configError(
      `${where} must be a number of failures or { failures, slowMs, retryAfterMs }, not ${given === null ? 'null' : typeof given}`,
    )
  }
  const options: DisableAfter = typeof given === 'number' ? { failures: given } : given
  for (const key of Object.keys(options))
    if (!KEYS.includes(key)) throw configError(`${where} has no "${key}"; it takes ${KEYS.join(', ')}`)
  const { failures, slowMs = Number.POSITIVE_INFINITY, retryAfterMs = RETRY_AFTER_MS } = options
  if (!Number.isInteger(failures) || failures < 1)
    throw configError(`${where}: failures must be a whole number from 1, not ${String(failures)}`)
  if (!(typeof slowMs === 'number' && slowMs > 0)) throw configError(`${where}: slowMs must be a number above 0, not ${String(slowMs)}`)
  if (!(typeof retryAfterMs === 'number' && retryAfterMs > 0 && retryAfterMs < Number.POSITIVE_INFINITY)) {
    throw configError(`${where}: retryAfterMs must be a number of milliseconds above 0, not ${String(retryAfterMs)}`)
  }
  return { failures, slowMs, retryAfterMs }
}
