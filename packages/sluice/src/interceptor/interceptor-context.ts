import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import type { InterceptorStats } from './interceptor-stats.ts'

/** What an interceptor is told once, before the first record. */
export interface InterceptorContext {
  /** The resolved client id, also when none was configured (`producer-1`). */
  readonly clientId: string
  /** The consumer's group; undefined for a producer or without a group. */
  readonly groupId: string | undefined
  /** Which client's chain this is. @default a producer's, when a test leaves it out */
  readonly side?: 'producer' | 'consumer'
  /** The options as the application gave them, without defaults (Java: `originals()`). */
  readonly options: Readonly<Record<string, unknown>>
  readonly logger: Logger
  readonly clock: Clock
  /** What the client's `metrics()` gives at the time of the call. */
  readonly metrics?: () => Readonly<Record<string, number>>
  /** The cluster's id at the time of the call; null before the first metadata. */
  readonly clusterId?: () => string | null
  /** What `client.interceptors.stats()` gives: a row for each interceptor of the list in force. */
  readonly stats?: () => readonly InterceptorStats[]
}

/** The cluster an interceptor works on (Java: ClusterResource). */
export interface ClusterResource {
  readonly clusterId: string | null
}

/**
 * Topics by name, pattern or test, or several of these. A string of the characters a topic may have (letters, digits,
 * `.`, `_`, `-`) is a whole name. Any other string is a regular expression: `web.*` must match the whole name, and
 * `/^web/i` is written as in JavaScript. Patterns of both kinds are what a configuration file can say.
 */
export type TopicSelector = string | RegExp | ((topic: string) => boolean) | readonly TopicSelector[]

/** Client ids or groups by whole name, pattern (also as a string `/.../`) or test, or several of these. */
export type NameSelector = string | RegExp | ((name: string) => boolean) | readonly NameSelector[]

/** Which records an interceptor sees, beyond its `topics`. All that is given must hold. */
export interface InterceptorScope {
  /** Topics it does not see, also when `topics` names them. */
  readonly not?: TopicSelector
  /** Only in clients with these ids. */
  readonly clients?: NameSelector
  /** Only in consumers of these groups; a producer has none. */
  readonly groups?: NameSelector
  /** Only records that have this header where the interceptor stands; with `value` (text) only those whose last one holds it. */
  readonly header?: string | { readonly key: string; readonly value?: string }
  /** Internal topics (`__...`, `_sluice...`) too, which else it sees only if `topics` names them. @default false */
  readonly internalTopics?: boolean
}

export type OnError =
  /** Log, and go on with the last good record (KIP-42). */
  | 'continue'
  /** Fail the send, or the poll. */
  | 'fail'
  /** Send the record to the dead-letter topic in place of its own. */
  | 'deadLetter'

/** When an interceptor is switched off for a while. */
export interface DisableAfter {
  /** So many failures with no success between them. */
  readonly failures: number
  /** A call that takes longer counts as a failure. Synchronous calls are measured in samples until one is slow, then each until one is not. @default never */
  readonly slowMs?: number
  /** How long it stays off; then one record is tried, which switches it on again or off for as long. @default 60000 */
  readonly retryAfterMs?: number
}

/** What every interceptor may say about itself, producer or consumer. */
export interface InterceptorSettings {
  /** Names the interceptor in logs, errors and statistics. */
  readonly name: string
  /** What happens when a hook throws, its promise rejects, or it returns what it may not. Default `'continue'`. */
  readonly onError?: OnError
  /** Which topics it sees. Default: all but internal ones. */
  readonly topics?: TopicSelector
  /** Narrows further which records it sees. Default: no more than `topics`. */
  readonly when?: InterceptorScope
  /** How long a promise of a hook may take before it counts as failed. Milliseconds. Default 30000. */
  readonly timeoutMs?: number
  /**
   * Switches the interceptor off after so many failures in a row, loudly. While it is off, records pass it by; with
   * `onError` `'fail'` or `'deadLetter'` they fail or are dead-lettered at once, for what protects data must not be passed
   * by. Default: never.
   */
  readonly disableAfter?: number | DisableAfter
  /** Undoes on consume what it does on produce: in a consumer's chain the paired ones run in reverse, each in the place of another. Default false. */
  readonly paired?: boolean
  /** Asks for `checksum` and `size` (KIP-42) on RecordMetadata and ConsumerRecord, which else are left out to save the work. Default false. */
  readonly needsRecordAudit?: boolean

  /**
   * Called once for each client, before the first record, in list order. Records wait for a promise. When it throws or
   * rejects, creating the client fails: the constructor throws, or every send and poll rejects with CONFIG.
   */
  configure?(context: InterceptorContext): void | Promise<void>

  /** Called on every metadata update. */
  onClusterUpdate?(cluster: ClusterResource): void

  /** Called once for each client, after the last acknowledgement or commit. */
  close?(): void | Promise<void>
}

/** What belongs to one record and one interceptor, from hook to hook. */
export interface RecordContext<S = any> {
  /**
   * Anything the interceptor wants to find again in a later hook of the same record; undefined before it is set. Read and
   * set it before the hook has returned or its promise has settled.
   */
  state: S | undefined
  /** Aborted when the hook's `timeoutMs` is over, when the caller gave the send up, and when the client is closed by force. */
  readonly signal: AbortSignal
}

/** The records of one poll, with the `state` of each. */
export interface ConsumeContext<S = any> {
  /** The state that an earlier hook of this interceptor set for the record. */
  getState(record: TopicPartition & { readonly offset: number }): S | undefined
  setState(record: TopicPartition & { readonly offset: number }, state: S): void
  /** As of RecordContext. */
  readonly signal: AbortSignal
  /** What those before this one have dropped or dead-lettered of this poll, in `onFetched` and `onConsume`. */
  readonly leftOut?: readonly LeftOutRecord[]
}

/** A record of a poll that an interceptor took out. */
export interface LeftOutRecord extends TopicPartition {
  readonly offset: number
  readonly interceptor: string
  readonly reason: string
}

/** What a commit covers. */
export interface CommitContext<S = any> {
  /** Records before the committed offsets for which this interceptor set a state, in offset order; told once, then forgotten. */
  readonly committed: readonly (TopicPartition & { readonly offset: number; readonly state: S })[]
}
