import { type Clock, KafkaError, type Timer } from 'sluice'
import { refusalOf, type SharedLimiter } from './shared-limiter.ts'

/** The code RATE_LIMITED; it may be tried again after so many milliseconds, unless it needs more than there ever is. */
export class RateLimitedError extends KafkaError {
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs: number, topic?: string) {
    super('RATE_LIMITED', message, { retriable: Number.isFinite(retryAfterMs), ...(topic === undefined ? {} : { topic }) })
    this.retryAfterMs = retryAfterMs
  }
}

export interface TokenBucketParts {
  readonly limiter: SharedLimiter
  /** The bucket's name with the limiter. */
  readonly key: string
  /** Points in a window. */
  readonly points: number
  /** Points that are taken from the limiter at once. */
  readonly lease: number
  /** The limiter's window in milliseconds. */
  readonly windowMs: number
  /** For errors: how much of what there is in which time. */
  readonly limit: string
  readonly clock: Clock
}

/** Somebody in line. */
interface Waiting {
  readonly points: number
  /** False: refused at once when the limiter has no more. */
  readonly isPatient: boolean
  readonly grant: () => void
  readonly refuse: (error: unknown) => void
}

/**
 * Points that were taken from the limiter in advance, for as long as its window lasts, so that most records cost no promise.
 * Who has to wait stands in line, and one question at a time goes to the limiter.
 */
export class TokenBucket {
  readonly #parts: TokenBucketParts
  readonly #line: Waiting[] = []
  #tokens = 0
  #isPumping = false
  /** The limiter said that there is nothing before; by the monotonic clock. */
  #emptyUntil = Number.NEGATIVE_INFINITY
  #expiresAt = Number.POSITIVE_INFINITY
  #expiry: Timer | null = null
  /** Ends the wait for the next window. */
  #resume: (() => void) | null = null

  constructor(parts: TokenBucketParts) {
    this.#parts = parts
  }

  /** Somebody waits. */
  get isBusy(): boolean {
    return this.#line.length > 0 || this.#isPumping
  }

  /** Nobody waits and nothing is in hand. */
  get isEmpty(): boolean {
    return this.#tokens === 0 && !this.isBusy
  }

  /** True when there were enough in hand: nothing else is to be done. */
  takeNow(points: number): boolean {
    if (points > this.#tokens || this.#line.length > 0) return false
    this.#tokens -= points
    return true
  }

  /** After `takeNow` was false: how long the limiter is known to have nothing; 0 when it must be asked. */
  emptyForMs(): number {
    return Math.max(0, this.#emptyUntil - this.#parts.clock.monotonic())
  }

  /**
   * Resolves when the points are taken, in the order of the calls. Rejects with RATE_LIMITED when there are none and `isPatient` is
   * false, with what the limiter fails with, and with the signal's reason.
   */
  take(points: number, isPatient: boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#line.splice(this.#line.indexOf(waiting), 1)
        if (this.#line.length === 0) this.#resume?.()
        reject(signal.reason)
      }
      const waiting: Waiting = {
        points,
        isPatient,
        grant: () => {
          signal.removeEventListener('abort', leave)
          resolve()
        },
        refuse: (error) => {
          signal.removeEventListener('abort', leave)
          reject(error)
        },
      }
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', leave, { once: true })
      this.#line.push(waiting)
      void this.#pump()
    })
  }

  /** Why a record that needs so much may not pass now. */
  refusal(points: number, topic?: string): RateLimitedError {
    const { points: most, limit } = this.#parts
    if (points > most)
      return new RateLimitedError(`a record of ${points} can never pass: the limit is ${limit}`, Number.POSITIVE_INFINITY, topic)
    return new RateLimitedError(`the limit of ${limit} is reached`, Math.ceil(this.emptyForMs()), topic)
  }

  /** Gives up what is in hand, and leaves no timer. Who still waits is told. */
  close(): void {
    this.#expire()
    this.#failed(new KafkaError('CLOSED', 'the client was closed while a record waited for its rate limit'))
    this.#resume?.()
  }

  /** Serves the line. Never rejects. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    for (let first = this.#line[0]; first !== undefined; first = this.#line[0]) {
      if (first.points <= this.#tokens) {
        this.#line.shift()
        this.#tokens -= first.points
        first.grant()
        continue
      }
      const emptyMs = this.emptyForMs()
      if (emptyMs === 0) await this.#ask(first)
      else if (first.isPatient) await this.#pause(emptyMs)
      else {
        this.#line.shift()
        first.refuse(this.refusal(first.points))
      }
    }
    this.#isPumping = false
  }

  async #ask(first: Waiting): Promise<void> {
    const { limiter, key, lease, clock } = this.#parts
    const wanted = Math.max(lease, first.points - this.#tokens)
    try {
      const { msBeforeNext } = await limiter.consume(key, wanted)
      this.#add(wanted, msBeforeNext)
    } catch (cause) {
      const refusal = refusalOf(cause)
      if (refusal === null) return this.#failed(cause)
      // The limiter counts what it refuses. What was left before nobody else can have now.
      const left = this.#parts.points - (refusal.consumedPoints - wanted)
      if (left > 0 && left < wanted) this.#add(left, refusal.msBeforeNext)
      this.#emptyUntil = clock.monotonic() + Math.max(1, refusal.msBeforeNext)
    }
  }

  #add(points: number, msBeforeNext: number): void {
    const { clock, windowMs } = this.#parts
    const expiresAt = msBeforeNext <= 0 ? Number.POSITIVE_INFINITY : clock.monotonic() + msBeforeNext
    // What is left of an earlier window is not spent in this one, which has points of its own.
    if (expiresAt > this.#expiresAt + windowMs / 2) this.#expire()
    this.#tokens += points
    if (this.#expiry !== null || msBeforeNext <= 0) return
    this.#expiresAt = expiresAt
    this.#expiry = clock.setTimer(() => this.#expire(), msBeforeNext, false)
  }

  #expire(): void {
    this.#expiry?.cancel()
    this.#expiry = null
    this.#expiresAt = Number.POSITIVE_INFINITY
    this.#tokens = 0
  }

  /** Until the limiter has something again, or nobody waits any more. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.clock.setTimer(() => this.#resume?.(), ms)
      this.#resume = () => {
        this.#resume = null
        timer.cancel()
        resolve()
      }
    })
  }

  /** Everybody in line is told; the next one asks anew. */
  #failed(cause: unknown): void {
    for (const { refuse } of this.#line.splice(0)) refuse(cause)
  }
}
