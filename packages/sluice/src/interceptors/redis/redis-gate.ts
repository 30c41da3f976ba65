import type { Clock, Logger } from 'sluice'
import { within } from './within.ts'

export interface RedisGateParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly timeoutMs: number
  /** Logged as a warning when Redis goes, and as information when it is back. */
  readonly away: string
  readonly back: string
  /** What is told in place of what a command failed with, if anything. @default nothing */
  readonly trouble?: () => Error | undefined
  /** A rejection that is an answer of a Redis that works. @default none */
  readonly isAnswer?: (cause: unknown) => boolean
}

/** After a failure Redis is left alone for so long. */
export const PAUSE_MS = 2000

/**
 * What is asked of Redis goes through here: while Redis is away it fails at once. A Redis that takes its time to fail is
 * waited for only once: from then on it is tried beside the records, one try at a time, until it answers.
 */
export class RedisGate {
  readonly #parts: RedisGateParts
  #failure: unknown
  #isAway = false
  #isSlow = false
  #isTrying = false
  #pausedUntil = Number.NEGATIVE_INFINITY

  constructor(parts: RedisGateParts) {
    this.#parts = parts
  }

  async ask<T>(command: () => Promise<T>): Promise<T> {
    if (!this.#isAway) return this.#try(command)
    if (this.#isTrying || this.#parts.clock.monotonic() < this.#pausedUntil) throw this.#failure
    if (!this.#isSlow) return this.#try(command)
    this.#isTrying = true
    const failure = this.#failure
    this.#try(command).then(
      () => void (this.#isTrying = false),
      () => void (this.#isTrying = false),
    )
    throw failure
  }

  async #try<T>(command: () => Promise<T>): Promise<T> {
    const { clock, timeoutMs, isAnswer } = this.#parts
    const began = clock.monotonic()
    try {
      const reply = await within(command(), timeoutMs, clock, 'Redis')
      this.#returned()
      return reply
    } catch (cause) {
      if (isAnswer?.(cause)) this.#returned()
      else this.#failed(cause, clock.monotonic() - began)
      throw cause
    }
  }

  #failed(cause: unknown, tookMs: number): void {
    const { clock, logger, away, timeoutMs, trouble } = this.#parts
    this.#failure = cause
    this.#isSlow = tookMs >= timeoutMs / 2
    this.#pausedUntil = clock.monotonic() + PAUSE_MS
    if (this.#isAway) return
    this.#isAway = true
    logger.warn(away, { error: messageOf(trouble?.() ?? cause) })
  }

  #returned(): void {
    if (!this.#isAway) return
    this.#isAway = false
    this.#parts.logger.info(this.#parts.back)
  }
}

/** What Redis itself says of unknown commands quotes their arguments, and so names that come from records. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/,? with args beginning with:[\s\S]*$/, '') : typeof cause
}
