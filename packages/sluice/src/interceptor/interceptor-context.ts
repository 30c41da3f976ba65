import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'

/** What an interceptor is told once, before the first record. */
export interface InterceptorContext {
  /** The resolved client id, also when none was configured (`producer-1`). */
  readonly clientId: string
  /** The consumer's group; undefined for a producer or without a group. */
  readonly groupId: string | undefined
  /** The options as the application gave them, without defaults (Java: `originals()`). */
  readonly options: Readonly<Record<string, unknown>>
  readonly logger: Logger
  readonly clock: Clock
}

/** The cluster an interceptor works on (Java: ClusterResource). */
export interface ClusterResource {
  readonly clusterId: string | null
}

/** Which topics an interceptor sees: a name, a pattern, a test, or several of these. */
export type TopicSelector = string | RegExp | ((topic: string) => boolean) | readonly TopicSelector[]

export type OnError =
  /** Log, and go on with the last good record (KIP-42). */
  | 'continue'
  /** Fail the send, or the poll. */
  | 'fail'
