import { type Clock, configError, type Logger } from 'sluice'
import { messageOf } from '../redis/guarded-redis.ts'
import type { RedisClient } from '../redis/redis-client.ts'
import { within } from '../redis/within.ts'
import type { Library } from './limiter-library.ts'
import { refusalOf, type SharedLimiter } from './shared-limiter.ts'

export interface RedisLimiterParts {
  readonly library: Library
  readonly redis: RedisClient
  readonly points: number
  readonly durationMs: number
  readonly keyPrefix: string
  readonly timeoutMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** After a failure Redis is left alone for so long. */
const PAUSE_MS = 2000

/** Counts in Redis; while Redis is away, each process counts by itself. */
export function redisLimiter(parts: RedisLimiterParts): SharedLimiter {
  const { library, redis, points, durationMs, keyPrefix, timeoutMs, clock, logger } = parts
  if (typeof (redis as { defineCommand?: unknown }).defineCommand !== 'function') {
    throw configError('rateLimit: redis must be a URL or an ioredis client; give any other store as "limiter"')
  }
  const duration = durationMs / 1000
  const shared = new library.RateLimiterRedis({ storeClient: redis, points, duration, keyPrefix, rejectIfRedisNotReady: true })
  const local = new library.RateLimiterMemory({ points, duration, keyPrefix })
  let isAway = false
  let pausedUntil = Number.NEGATIVE_INFINITY
  return {
    points,
    duration,
    async consume(key, wanted) {
      if (isAway && clock.monotonic() < pausedUntil) return local.consume(key, wanted)
      try {
        const taken = await within(shared.consume(key, wanted), timeoutMs, clock, 'Redis')
        returned()
        return taken
      } catch (cause) {
        if (refusalOf(cause) !== null) {
          returned()
          throw cause
        }
        pausedUntil = clock.monotonic() + PAUSE_MS
        if (!isAway)
          logger.warn('rate-limit: Redis does not answer as it should; this process keeps the limit by itself', { error: messageOf(cause) })
        isAway = true
        return local.consume(key, wanted)
      }
    },
  }

  function returned(): void {
    if (!isAway) return
    isAway = false
    logger.info('rate-limit: Redis answers again; the limit is shared')
  }
}
