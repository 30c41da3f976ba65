import { type Clock, configError, type Logger } from 'sluice'
import type { RedisConnection } from '../redis/redis-client.ts'
import { RedisGate } from '../redis/redis-gate.ts'
import type { Library } from './limiter-library.ts'
import { refusalOf, type SharedLimiter } from './shared-limiter.ts'

export interface RedisLimiterParts {
  readonly library: Library
  readonly connection: RedisConnection
  readonly points: number
  readonly durationMs: number
  readonly keyPrefix: string
  readonly timeoutMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** Counts in Redis; while Redis is away, each process counts by itself. */
export function redisLimiter(parts: RedisLimiterParts): SharedLimiter {
  const { library, connection, points, durationMs, keyPrefix, timeoutMs, clock, logger } = parts
  const redis = connection.client
  if (typeof (redis as { defineCommand?: unknown }).defineCommand !== 'function') {
    throw configError('rateLimit: redis must be a URL or an ioredis client; give any other store as "limiter"')
  }
  const duration = durationMs / 1000
  const shared = new library.RateLimiterRedis({ storeClient: redis, points, duration, keyPrefix, rejectIfRedisNotReady: true })
  const local = new library.RateLimiterMemory({ points, duration, keyPrefix })
  const gate = new RedisGate({
    clock,
    logger,
    timeoutMs,
    away: 'rate-limit: Redis does not answer as it should; this process keeps the limit by itself',
    back: 'rate-limit: Redis answers again; the limit is shared',
    trouble: connection.trouble,
    isAnswer: (cause) => refusalOf(cause) !== null,
  })
  return {
    points,
    duration,
    async consume(key, wanted) {
      try {
        return await gate.ask(() => shared.consume(key, wanted))
      } catch (cause) {
        // Its no is an answer; everything else is for this process to decide.
        if (refusalOf(cause) !== null) throw cause
        return local.consume(key, wanted)
      }
    },
  }
}
