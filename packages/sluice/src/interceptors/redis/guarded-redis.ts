import type { Clock, Logger } from 'sluice'
import type { RedisClient, RedisConnection } from './redis-client.ts'
import { PAUSE_MS, RedisGate } from './redis-gate.ts'

export interface GuardedRedisParts {
  readonly connection: RedisConnection
  readonly clock: Clock
  readonly logger: Logger
  /** Begins the lines that are logged: who works without Redis. */
  readonly interceptor: string
  readonly timeoutMs: number
}

/** Commands that fail at once while Redis is away. Says once when it goes and once when it comes back. */
export class GuardedRedis implements RedisClient {
  readonly #client: RedisClient
  readonly #gate: RedisGate

  constructor({ connection, clock, logger, interceptor, timeoutMs }: GuardedRedisParts) {
    this.#client = connection.client
    const away = `${interceptor}: Redis does not answer as it should; it is asked again every ${PAUSE_MS} ms`
    this.#gate = new RedisGate({ clock, logger, timeoutMs, away, back: `${interceptor}: Redis answers again`, trouble: connection.trouble })
  }

  call(command: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#gate.ask(() => this.#client.call(command, ...args))
  }
}
