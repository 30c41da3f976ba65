import type { Clock } from '../clock.ts'
import { isObserved, publish } from '../diagnostics.ts'
import { configError, KafkaError } from '../errors.ts'
import type { LogFields, Logger } from '../logger.ts'
import type { Headers } from '../record/headers.ts'
import { type BreakerState, breakerOptions, CircuitBreaker } from './circuit-breaker.ts'
import { asError, isPromise, whatIsKnown } from './hook-call.ts'
import type { ClusterResource, InterceptorContext, InterceptorSettings, OnError } from './interceptor-context.ts'
import { checkShape, nameOfInterceptor } from './interceptor-shape.ts'
import { InterceptorMeter, type InterceptorStats } from './interceptor-stats.ts'
import { Scope } from './scope.ts'

/** After a first warning an interceptor's failures are counted, and told at most this often. */
const WARNING_INTERVAL_MS = 10_000
const TIMEOUT_MS = 30_000
const POLICIES: readonly unknown[] = ['continue', 'fail', 'deadLetter'] satisfies OnError[]

/**
 * One interceptor in a client: its scope, its counters, how its failures are told, and whether it is switched off. Chains
 * that follow one another share it as long as they hold the same object.
 */
export class InterceptorMember<I extends InterceptorSettings = InterceptorSettings> {
  readonly interceptor: I
  readonly name: string
  readonly onError: OnError
  readonly timeoutMs: number
  readonly isPaired: boolean
  readonly scope: Scope
  readonly meter: InterceptorMeter = new InterceptorMeter()
  /** Its breaker is open. What protects data is then not passed by: its records fail. */
  isOff = false
  /** The breaker counts failures since the last success, so a success must be told. */
  isStained = false
  /** It was slow lately, and `slowMs` asks whether it goes on so: its calls are measured, all of them. */
  isSuspect = false
  /** Chains that hold it and are not drained; it is closed with the last of them. */
  chains = 0
  readonly #breaker: CircuitBreaker | null
  readonly #onSwitched: () => void
  readonly #clientId: string
  readonly #logger: Logger
  readonly #clock: Clock
  #warnAgainAt = Number.NEGATIVE_INFINITY
  #untold = 0

  /** `position` is its place in the list, for errors about it; `onSwitched` is told when it goes off or on. */
  constructor(interceptor: I, position: number, context: InterceptorContext, onSwitched: () => void) {
    const name = nameOfInterceptor(interceptor, `interceptors[${position}]`)
    const { onError = 'continue', needsRecordAudit, paired, timeoutMs = TIMEOUT_MS } = interceptor
    const refuse = (what: string): never => {
      throw configError(`interceptor "${name}": ${what}`)
    }
    if (!POLICIES.includes(onError)) refuse(`onError must be "continue", "fail" or "deadLetter", not ${JSON.stringify(onError)}`)
    if (needsRecordAudit !== undefined && typeof needsRecordAudit !== 'boolean') {
      refuse(`needsRecordAudit must be true or false, not ${typeof needsRecordAudit}`)
    }
    if (paired !== undefined && typeof paired !== 'boolean') refuse(`paired must be true or false, not ${typeof paired}`)
    if (!(typeof timeoutMs === 'number' && timeoutMs > 0))
      refuse(`timeoutMs must be a number of milliseconds above 0, not ${String(timeoutMs)}`)
    const doubts = checkShape(interceptor, name, context.side ?? 'producer')
    this.interceptor = interceptor
    this.name = name
    this.onError = onError
    this.timeoutMs = timeoutMs
    this.isPaired = paired === true
    this.scope = new Scope(interceptor, context)
    this.#onSwitched = onSwitched
    this.#clientId = context.clientId
    this.#logger = context.logger
    this.#clock = context.clock
    const options = breakerOptions(interceptor.disableAfter, name)
    this.#breaker = options === null ? null : new CircuitBreaker(options, context.clock, (state) => this.#switched(state))
    for (const doubt of doubts) this.#warn(doubt, { interceptor: name })
  }

  /** While it is off its records go on without it, for nothing depends on it. */
  get isPassedBy(): boolean {
    return this.isOff && this.onError === 'continue'
  }

  /** Whether it sees this topic. */
  sees(topic: string): boolean {
    try {
      return this.scope.includesTopic(topic)
    } catch (cause) {
      // An interceptor that protects data must not be skipped because its scope cannot be asked.
      this.report('topics', cause, { topic })
      return true
    }
  }

  /** Whether it sees a record with these headers. */
  seesHeaders(headers: Headers): boolean {
    return this.scope.includesHeaders(headers)
  }

  /** A call that was measured, in milliseconds. True when it took longer than `slowMs`, which is no success. */
  measured(ms: number): boolean {
    this.meter.measured(ms)
    const isSlow = this.#breaker !== null && ms > this.#breaker.slowMs
    if (isSlow) {
      this.#countFailure()
      this.isSuspect = true
    }
    if (isObserved('sluice:interceptor:call'))
      publish('sluice:interceptor:call', { clientId: this.#clientId, interceptor: this.name, durationMs: ms })
    return isSlow
  }

  /** A call after failures went well; ask `isStained` first. */
  succeeded(): void {
    this.#breaker!.succeeded()
    this.isStained = this.#breaker!.isStained
    this.isSuspect = false
  }

  /** Counts and logs a failure that is then swallowed. Never throws itself. */
  report(hook: string, cause: unknown, fields?: LogFields): void {
    this.#count(hook, cause, fields?.topic as string | undefined, fields?.partition as number | undefined)
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

  /** The error that a send or poll fails with under `onError: 'fail'`, and that a dead letter tells. */
  failure(hook: string, cause: unknown, topic?: string, partition?: number): KafkaError {
    this.#count(hook, cause, topic, partition)
    const where = topic === undefined ? '' : ` for topic "${topic}"`
    const what = this.isOff ? 'is switched off after failures (disableAfter)' : `failed in ${hook}`
    return new KafkaError('INTERCEPTOR', `interceptor "${this.name}" ${what}${where} and has onError: "${this.onError}"; see cause`, {
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
    this.#breaker?.close()
    try {
      await this.interceptor.close?.()
    } catch (cause) {
      this.#count('close', cause)
      this.#warn(`interceptor "${this.name}" failed in close`, { interceptor: this.name, hook: 'close', error: asError(cause) })
    }
  }

  stats(): InterceptorStats {
    return this.meter.stats(this.name, this.#breaker?.state ?? 'on')
  }

  #count(hook: string, cause: unknown, topic?: string, partition?: number): void {
    this.meter.errors++
    if (!this.isOff) this.#countFailure()
    if (!isObserved('sluice:interceptor:error')) return
    publish('sluice:interceptor:error', { clientId: this.#clientId, interceptor: this.name, hook, topic, partition, error: cause })
  }

  #countFailure(): void {
    if (this.#breaker === null) return
    this.#breaker.failed()
    this.isStained = this.#breaker.isStained
  }

  #switched(state: BreakerState): void {
    this.isOff = state === 'off'
    this.#onSwitched()
    const consequence = this.onError === 'continue' ? 'records pass it by' : `its records are treated as onError: "${this.onError}" says`
    const fields = { interceptor: this.name, state, ...whatIsKnown(this.meter) }
    try {
      if (state === 'off') this.#logger.error(`interceptor "${this.name}" is switched off after failures; ${consequence}`, fields)
      else if (state === 'on') this.#logger.warn(`interceptor "${this.name}" works again and is switched on`, fields)
    } catch {
      // As in #warn.
    }
    if (isObserved('sluice:interceptor:state'))
      publish('sluice:interceptor:state', { clientId: this.#clientId, interceptor: this.name, state })
  }

  #warn(message: string, fields: LogFields): void {
    try {
      this.#logger.warn(message, fields)
    } catch {
      // A logger that throws must not take the application's record with it.
    }
  }
}
