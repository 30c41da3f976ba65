import type { Clock } from '../clock.ts'
import { isObserved, publish } from '../diagnostics.ts'
import { configError, KafkaError } from '../errors.ts'
import type { LogFields, Logger } from '../logger.ts'
import type { ClusterResource, InterceptorContext, OnError, TopicSelector } from './interceptor-context.ts'
import { checkTopicSelector, selectsTopic } from './topic-selector.ts'

/** What the two kinds of interceptor have in common. */
export interface AnyInterceptor {
  readonly name: string
  readonly onError?: OnError
  readonly topics?: TopicSelector
  readonly needsRecordAudit?: boolean
  configure?(context: InterceptorContext): void
  onClusterUpdate?(cluster: ClusterResource): void
  close?(): void | Promise<void>
}

/** What one interceptor of a chain did so far. */
export interface InterceptorStats {
  readonly name: string
  /** Records it took out: dropped by verdict, or left out of what `onConsume` returned. */
  readonly dropped: number
  /** Records it rejected by verdict. */
  readonly rejected: number
  /** Calls of a hook that threw, or returned what it may not. */
  readonly errors: number
  /** `dropped` by reason; after 100 different reasons the rest counts as `other`. */
  readonly reasons: Readonly<Record<string, number>>
}

/** A client's chain of interceptors, as the application sees it. */
export interface InterceptorChain {
  /** One row per interceptor, in list order. */
  stats(): readonly InterceptorStats[]
}

/** After a first warning an interceptor's failures are counted, and told at most this often. */
const WARNING_INTERVAL_MS = 10_000
const MAX_REASONS = 100

/** One interceptor in its place in a chain: its counters, and how its failures are told. */
export class InterceptorMember<I extends AnyInterceptor> {
  readonly interceptor: I
  readonly name: string
  readonly isFatal: boolean
  dropped = 0
  rejected = 0
  errors = 0
  readonly #reasons = new Map<string, number>()
  readonly #clientId: string
  readonly #logger: Logger
  readonly #clock: Clock
  #warnAgainAt = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(interceptor: I, position: number, context: InterceptorContext) {
    if (typeof interceptor !== 'object' || interceptor === null) {
      throw configError(`interceptors[${position}] must be an object, not ${interceptor === null ? 'null' : typeof interceptor}`)
    }
    const { name, onError, topics, needsRecordAudit } = interceptor
    if (typeof name !== 'string' || name === '') throw configError(`interceptors[${position}] needs a name: a non-empty string`)
    if (onError !== undefined && onError !== 'continue' && onError !== 'fail') {
      throw configError(`interceptor "${name}": onError must be "continue" or "fail", not ${JSON.stringify(onError)}`)
    }
    if (needsRecordAudit !== undefined && typeof needsRecordAudit !== 'boolean') {
      throw configError(`interceptor "${name}": needsRecordAudit must be true or false, not ${typeof needsRecordAudit}`)
    }
    checkTopicSelector(topics, name)
    this.interceptor = interceptor
    this.name = name
    this.isFatal = onError === 'fail'
    this.#clientId = context.clientId
    this.#logger = context.logger
    this.#clock = context.clock
  }

  countDropped(reason: string, records = 1): void {
    this.dropped += records
    const known = this.#reasons.has(reason) || this.#reasons.size < MAX_REASONS ? reason : 'other'
    this.#reasons.set(known, (this.#reasons.get(known) ?? 0) + records)
  }

  /** Counts and logs a failure that is then swallowed. Never throws itself. */
  report(hook: string, cause: unknown, fields?: LogFields): void {
    this.errors++
    this.#publish(hook, cause, fields?.topic as string | undefined, fields?.partition as number | undefined)
    const now = this.#clock.monotonic()
    if (now < this.#warnAgainAt) {
      this.#untold++
      return
    }
    this.#warnAgainAt = now + WARNING_INTERVAL_MS
    const more = this.#untold === 0 ? undefined : { notLogged: this.#untold }
    this.#untold = 0
    this.#warn(`interceptor "${this.name}" failed in ${hook}`, { interceptor: this.name, hook, ...fields, error: asError(cause), ...more })
  }

  /** What a hook whose result counts for nothing returned: nobody awaits a promise, and yet its rejection is nobody's unhandled one. */
  watch(hook: string, returned: unknown): void {
    if (isPromise(returned)) returned.then(undefined, (cause) => this.report(hook, cause))
  }

  /** The error that a send or poll fails with under `onError: 'fail'`. */
  failure(hook: string, cause: unknown, topic?: string, partition?: number): KafkaError {
    this.errors++
    this.#publish(hook, cause, topic, partition)
    const where = topic === undefined ? '' : ` for topic "${topic}"`
    return new KafkaError('INTERCEPTOR', `interceptor "${this.name}" failed in ${hook}${where} and has onError: "fail"; see cause`, {
      cause,
      ...(topic === undefined ? {} : { topic }),
      ...(partition === undefined ? {} : { partition }),
    })
  }

  clusterUpdate(cluster: ClusterResource): void {
    try {
      this.watch('onClusterUpdate', this.interceptor.onClusterUpdate?.(cluster))
    } catch (cause) {
      this.report('onClusterUpdate', cause)
    }
  }

  async close(): Promise<void> {
    try {
      await this.interceptor.close?.()
    } catch (cause) {
      this.errors++
      this.#publish('close', cause)
      this.#warn(`interceptor "${this.name}" failed in close`, { interceptor: this.name, hook: 'close', error: asError(cause) })
    }
  }

  stats(): InterceptorStats {
    const { name, dropped, rejected, errors } = this
    return { name, dropped, rejected, errors, reasons: Object.fromEntries(this.#reasons) }
  }

  #publish(hook: string, error: unknown, topic?: string, partition?: number): void {
    if (!isObserved('sluice:interceptor:error')) return
    publish('sluice:interceptor:error', { clientId: this.#clientId, interceptor: this.name, hook, topic, partition, error })
  }

  #warn(message: string, fields: LogFields): void {
    try {
      this.#logger.warn(message, fields)
    } catch {
      // A logger that throws must not take the application's record with it.
    }
  }
}

/** Puts the list in place and configures it in list order. When one throws, it and those before it are closed, and none stays half made. */
export function configureMembers<I extends AnyInterceptor>(
  interceptors: readonly I[],
  context: InterceptorContext,
): InterceptorMember<I>[] {
  if (!Array.isArray(interceptors)) throw configError('interceptors must be a list')
  const members = interceptors.map((interceptor, position) => new InterceptorMember(interceptor, position, context))
  for (const [position, member] of members.entries()) {
    try {
      const returned: unknown = member.interceptor.configure?.(context)
      if (isPromise(returned)) throw notAwaited(returned, 'configure')
    } catch (cause) {
      for (const begun of [member, ...members.slice(0, position)]) void begun.close()
      throw new KafkaError('CONFIG', `interceptor "${member.name}" failed in configure: ${asError(cause).message}`, { cause })
    }
  }
  return members
}

/** Closes each in list order, whatever the others do. */
export async function closeMembers(members: readonly InterceptorMember<AnyInterceptor>[]): Promise<void> {
  for (const member of members) await member.close()
}

/** Whether the interceptor sees this topic. */
export function inScope(member: InterceptorMember<AnyInterceptor>, topic: string): boolean {
  try {
    return selectsTopic(member.interceptor.topics, topic)
  } catch (cause) {
    // An interceptor that protects data must not be skipped because its scope cannot be asked.
    member.report('topics', cause, { topic })
    return true
  }
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** The error for a promise where none is awaited; what becomes of the promise is nobody's unhandled rejection. */
export function notAwaited(promise: PromiseLike<unknown>, hook: string): Error {
  promise.then(undefined, () => {})
  return new TypeError(`${hook} returned a promise; asynchronous hooks are not supported yet by this version`)
}

/** What may be logged of a failure. The message of a SyntaxError is left out: JSON.parse quotes the data in it. */
function asError(cause: unknown): Error {
  if (cause instanceof SyntaxError) return new Error('a SyntaxError, whose message may quote data')
  return cause instanceof Error ? cause : new Error(`a value of type ${typeof cause} was thrown`)
}
