import type { Clock, Logger } from 'sluice'
import type { RedisClient } from './redis-client.ts'
import { within } from './within.ts'

export interface GuardedRedisParts {
  readonly client: RedisClient
  readonly clock: Clock
  readonly logger: Logger
  /** Begins the lines that are logged: who works without Redis. */
  readonly interceptor: string
  readonly timeoutMs: number
}

/** After a failure Redis is left alone for so long: a Redis that does not answer must not hold up every record. */
const PAUSE_MS = 2000

/** Commands that fail at once while Redis is away. Says once when it goes and once when it comes back. */
export class GuardedRedis implements RedisClient {
  readonly #parts: GuardedRedisParts
  #failure: unknown
  #isAway = false
  #pausedUntil = Number.NEGATIVE_INFINITY

  constructor(parts: GuardedRedisParts) {
    this.#parts = parts
  }

  async call(command: string, ...args: (string | number)[]): Promise<unknown> {
    const { client, clock, timeoutMs } = this.#parts
    if (this.#isAway && clock.monotonic() < this.#pausedUntil) throw this.#failure
    try {
      const reply = await within(client.call(command, ...args), timeoutMs, clock, 'Redis')
      if (this.#isAway) this.#returned()
      return reply
    } catch (cause) {
      this.#failed(cause)
      throw cause
    }
  }

  #failed(cause: unknown): void {
    const { clock, logger, interceptor } = this.#parts
    this.#failure = cause
    this.#pausedUntil = clock.monotonic() + PAUSE_MS
    if (this.#isAway) return
    this.#isAway = true
    logger.warn(`${interceptor}: Redis does not answer as it should; it is asked again every ${PAUSE_MS} ms`, { error: messageOf(cause) })
  }

  #returned(): void {
    this.#isAway = false
    this.#parts.logger.info(`${this.#parts.interceptor}: Redis answers again`)
  }
}

/** Redis quotes names of commands and keys at most, and keys are hashed. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : typeof cause
}
