import type * as RateLimiterFlexible from 'rate-limiter-flexible'
import { KafkaError } from 'sluice'

export type Library = typeof RateLimiterFlexible

export async function loadLibrary(): Promise<Library> {
  try {
    const loaded = await import('rate-limiter-flexible')
    return 'default' in loaded ? (loaded.default as Library) : loaded
  } catch (cause) {
    throw new KafkaError('CONFIG', 'rateLimit needs the package rate-limiter-flexible: npm install rate-limiter-flexible', { cause })
  }
}
