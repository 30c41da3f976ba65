import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import { type Headers, RecordHeaders } from '../record/headers.ts'
import { checkNames, normalizeRecord, type ProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { SerializedRecord } from '../record/serialized-record.ts'
import { type EmittedRecord, isVerdict, type Verdict } from '../record/verdict.ts'
import { checkEmitted, isObject, isPromise, noSuchVerdict, settledWithin } from './hook-call.ts'
import type { InterceptorMember } from './interceptor-member.ts'
import type { InterceptorMeter } from './interceptor-stats.ts'
import type { ProducerInterceptor } from './producer-interceptor.ts'
import { SendContext } from './send-context.ts'

/** The two stages in which a producer's interceptors may change a record. */
export type SendStage = 'onSend' | 'onSerialized'
/** What passes through them. */
export type PassingRecord<S extends SendStage> = S extends 'onSend' ? ProducerRecord : SerializedRecord

/** How a chain ends instead of with a record; `record` is what it was when the verdict fell. */
export type SendVerdict<S extends SendStage = SendStage> = { readonly record: PassingRecord<S> } & (
  | { readonly verdict: 'drop'; readonly reason: string }
  | { readonly verdict: 'reject'; readonly error: Error }
  | { readonly verdict: 'deadLetter'; readonly error: Error; readonly interceptor: string }
  /** Each has been through the interceptors behind the one that emitted it. */
  | { readonly verdict: 'emit'; readonly emitted: readonly EmittedOutcome<S>[] }
)

/** What became of one of several records in place of one. */
export interface EmittedOutcome<S extends SendStage> {
  readonly context: SendContext
  readonly outcome: SendOutcome<S>
}

/** An `emit` before its records went on through the chain; `after` is the slot of the interceptor. */
interface Emission<S extends SendStage> {
  readonly verdict: 'emission'
  readonly records: readonly PassingRecord<S>[]
  readonly after: number
  readonly record: PassingRecord<S>
}

export type SendOutcome<S extends SendStage> = PassingRecord<S> | SendVerdict<S>

/** An interceptor in its place in one chain. */
export interface ProducerMember {
  readonly member: InterceptorMember<ProducerInterceptor>
  readonly interceptor: ProducerInterceptor
  readonly meter: InterceptorMeter
  readonly slot: number
  readonly isPerRecord: boolean
}

/** The hooks to run for one topic, in list order. Never changed: a record keeps those it began with. */
export interface SendHooks {
  readonly chain: ProducerChain
  readonly members: readonly ProducerMember[]
  readonly onSend: readonly ProducerMember[]
  readonly onSerialized: readonly ProducerMember[]
  readonly onAcknowledgement: readonly ProducerMember[]
  /** In scope, but switched off. */
  readonly passedBy: readonly ProducerMember[]
}

/** Topics come from the application's own records; a client that invents names without end must not fill the memory. */
const MAX_CACHED_TOPICS = 10_000
/** One pass in so many is measured. */
const SAMPLE_MASK = 127

/**
 * One list of interceptors as a producer runs it. It never changes; `replace` puts another in its place, and this one
 * goes on to acknowledge the records that it has seen.
 */
export class ProducerChain {
  readonly isEmpty: boolean
  /** An interceptor asks for `checksum` and `size`. */
  readonly needsRecordAudit: boolean
  readonly members: readonly ProducerMember[]
  /** Records that are not acknowledged yet. */
  pending = 0
  readonly #clock: Clock
  readonly #byTopic = new Map<string, SendHooks>()
  #lastTopic: string | undefined
  #lastHooks: SendHooks | undefined
  #passes = 0
  #onDrained: (() => void) | undefined

  constructor(members: readonly InterceptorMember<ProducerInterceptor>[], clock: Clock) {
    this.members = members.map((member, slot) => ({
      member,
      interceptor: member.interceptor,
      meter: member.meter,
      slot,
      isPerRecord: member.scope.isPerRecord,
    }))
    this.isEmpty = members.length === 0
    this.needsRecordAudit = members.some(({ interceptor }) => interceptor.needsRecordAudit === true)
    this.#clock = clock
  }

  /** A record enters the chain. Null when no interceptor is there for it: then there is nobody to acknowledge to either. */
  begin(topic: string): SendContext | null {
    if (this.isEmpty) return null
    const hooks = topic === this.#lastTopic ? this.#lastHooks! : this.#hooksFor(topic)
    if (hooks.passedBy.length > 0) for (const { meter } of hooks.passedBy) meter.passedBy++
    if (hooks.members.length === 0) return null
    this.pending++
    return new SendContext(hooks)
  }

  /**
   * Runs one stage. Synchronous hooks cost no promise; a promise comes back when one of them gave one. A verdict ends the
   * chain: later interceptors are not called, and yet told by `onAcknowledgement`.
   */
  run<S extends SendStage>(stage: S, record: PassingRecord<S>, context: SendContext): SendOutcome<S> | Promise<SendOutcome<S>> {
    return this.#walk(stage, record, context, 0)
  }

  /** Tells every interceptor that has seen the record, once; the producer calls it for each `begin`. */
  acknowledge(context: SendContext, metadata: RecordMetadata, error: KafkaError | null): void {
    if (context.isAcknowledged) return
    context.isAcknowledged = true
    const { hooks, headers } = context
    const told = hooks.onAcknowledgement
    for (let index = 0; index < told.length; index++) {
      const placed = told[index] as ProducerMember
      if (placed.isPerRecord && context.wasPassedBy(placed)) continue
      context.slot = placed.slot
      try {
        const returned: unknown = placed.interceptor.onAcknowledgement!(metadata, error, headers, context)
        if (returned !== undefined) placed.member.watch('onAcknowledgement', returned)
      } catch (cause) {
        placed.member.report('onAcknowledgement', cause, { topic: metadata?.topic, partition: metadata?.partition })
      }
    }
    this.pending--
    if (this.pending === 0) this.#onDrained?.()
  }

  /** Calls back once no record waits for its acknowledgement: at once, or later. No more records may enter. */
  whenDrained(callback: () => void): void {
    if (this.pending === 0) callback()
    else this.#onDrained = callback
  }

  /** An interceptor went off or on: the next record is asked for anew. */
  forgetHooks(): void {
    this.#byTopic.clear()
    this.#lastTopic = undefined
  }

  #hooksFor(topic: string): SendHooks {
    let hooks = this.#byTopic.get(topic)
    if (hooks === undefined) {
      const inScope = this.members.filter(({ member }) => member.sees(topic))
      hooks = hooksOf(
        this,
        inScope.filter(({ member }) => !member.isPassedBy),
        inScope.filter(({ member }) => member.isPassedBy),
      )
      if (this.#byTopic.size >= MAX_CACHED_TOPICS) this.#byTopic.clear()
      this.#byTopic.set(topic, hooks)
    }
    this.#lastTopic = topic
    this.#lastHooks = hooks
    return hooks
  }

  #walk<S extends SendStage>(
    stage: S,
    record: PassingRecord<S>,
    context: SendContext,
    from: number,
  ): SendOutcome<S> | Promise<SendOutcome<S>> {
    const isMeasured = (this.#passes++ & SAMPLE_MASK) === 0
    let last = record
    for (let index = from; index < context.hooks[stage].length; index++) {
      const placed = context.hooks[stage][index] as ProducerMember
      if (placed.isPerRecord && !context.sees(placed, last.headers)) continue
      context.slot = placed.slot
      const isTimed = isMeasured || placed.member.isSuspect
      let outcome: SendOutcome<S> | Emission<S>
      try {
        if (placed.member.isOff) throw switchedOff()
        placed.meter.calls++
        const began = isTimed ? this.#clock.monotonic() : 0
        const returned =
          stage === 'onSend'
            ? placed.interceptor.onSend!(last as ProducerRecord, context)
            : placed.interceptor.onSerialized!(last as SerializedRecord, context)
        if (returned !== last && isPromise(returned)) return this.#later(stage, returned, placed, index, last, context)
        const isSlow = isTimed && placed.member.measured(this.#clock.monotonic() - began)
        outcome = returned === last ? last : this.#accept(stage, returned, placed, last)
        if (placed.member.isStained && !isSlow) placed.member.succeeded()
        if (outcome === last) continue
      } catch (cause) {
        outcome = this.#failed(stage, cause, placed, last)
      }
      if ('verdict' in outcome) return this.#ended(stage, outcome as SendVerdict<S> | Emission<S>, context)
      last = this.#next(outcome as PassingRecord<S>, last, placed, context)
    }
    return last
  }

  async #later<S extends SendStage>(
    stage: S,
    promise: PromiseLike<unknown>,
    placed: ProducerMember,
    index: number,
    last: PassingRecord<S>,
    context: SendContext,
  ): Promise<SendOutcome<S>> {
    const { member } = placed
    const began = this.#clock.monotonic()
    let outcome: SendOutcome<S> | Emission<S>
    try {
      const returned = await settledWithin(promise, member.timeoutMs, this.#clock, () => {
        placed.meter.timeouts++
        context.abort(new KafkaError('TIMEOUT', `interceptor "${member.name}" took longer than its timeoutMs ${member.timeoutMs}`))
        context.renewSignal()
      })
      const isSlow = member.measured(this.#clock.monotonic() - began)
      outcome = returned === last ? last : this.#accept(stage, returned, placed, last)
      if (member.isStained && !isSlow) member.succeeded()
    } catch (cause) {
      outcome = this.#failed(stage, cause, placed, last)
    }
    // The producer gave the record up meanwhile; nobody looks at what comes of it.
    if (context.isAcknowledged) return last
    if ('verdict' in outcome) return this.#ended(stage, outcome as SendVerdict<S> | Emission<S>, context)
    return this.#walk(stage, this.#next(outcome as PassingRecord<S>, last, placed, context), context, index + 1)
  }

  /** What a hook returned, if it is a record or a verdict; throws when it is neither. */
  #accept<S extends SendStage>(stage: S, returned: unknown, placed: ProducerMember, last: PassingRecord<S>): SendOutcome<S> | Emission<S> {
    if (!isObject(returned)) throw returnedWrong(stage, returned)
    if (isVerdict(returned)) return obey(stage, returned, placed, last)
    return (
      stage === 'onSend' ? toRecord(returned as ProducerRecord) : toSerialized(returned, last as SerializedRecord)
    ) as PassingRecord<S>
  }

  /** Sends the records of an `emit` on through the rest of the chain; any other verdict stands. */
  #ended<S extends SendStage>(
    stage: S,
    verdict: SendVerdict<S> | Emission<S>,
    context: SendContext,
  ): SendVerdict<S> | Promise<SendVerdict<S>> {
    if (verdict.verdict !== 'emission') return verdict
    const { record, after } = verdict
    const { members } = context.hooks
    // In onSend the emitted records are acknowledged by themselves to those behind, and the original to the others. In
    // onSerialized all have seen the original already, so that it alone is acknowledged.
    if (stage === 'onSend')
      context.hooks = hooksOf(
        this,
        members.filter(({ slot }) => slot <= after),
      )
    const emitted = verdict.records.map((one) => {
      this.pending++
      const hooks = this.#hooksBehind(members, after, record.topic, one.topic)
      const behind = new SendContext(stage === 'onSend' ? hooks : { ...hooks, onAcknowledgement: [] })
      behind.deadLettered = context.deadLettered
      return { context: behind, outcome: this.#walk(stage, one, behind, 0) }
    })
    if (!emitted.some(({ outcome }) => outcome instanceof Promise)) {
      return { verdict: 'emit', emitted: emitted as EmittedOutcome<S>[], record } as unknown as SendVerdict<S>
    }
    return Promise.all(emitted.map(async (one) => ({ context: one.context, outcome: await one.outcome }))).then(
      (settled) => ({ verdict: 'emit', emitted: settled, record }) as unknown as SendVerdict<S>,
    )
  }

  #hooksBehind(members: readonly ProducerMember[], after: number, topic: string, newTopic: string): SendHooks {
    const inScope = topic === newTopic ? members : this.#hooksFor(newTopic).members
    return hooksOf(
      this,
      inScope.filter(({ slot }) => slot > after),
    )
  }

  #failed<S extends SendStage>(stage: S, cause: unknown, placed: ProducerMember, last: PassingRecord<S>): SendOutcome<S> {
    const { member } = placed
    const { topic, partition } = last
    if (member.onError === 'continue') {
      member.report(stage, cause, { topic, partition })
      return last
    }
    const error = member.failure(stage, cause, topic, partition)
    if (member.onError === 'fail') return { verdict: 'reject', error, record: last } as SendVerdict<S>
    placed.meter.deadLettered++
    return { verdict: 'deadLetter', error, record: last, interceptor: member.name } as SendVerdict<S>
  }

  /** The record for the next interceptor; when its topic changed, those behind this one are asked by the topic they would see. */
  #next<S extends SendStage>(
    outcome: PassingRecord<S>,
    last: PassingRecord<S>,
    placed: ProducerMember,
    context: SendContext,
  ): PassingRecord<S> {
    if (outcome.topic !== last.topic) {
      const before = context.hooks.members.filter(({ slot }) => slot <= placed.slot)
      const behind = this.#hooksBehind(context.hooks.members, placed.slot, last.topic, outcome.topic)
      context.hooks = hooksOf(this, [...before, ...behind.members])
    }
    return outcome
  }
}

function hooksOf(chain: ProducerChain, members: readonly ProducerMember[], passedBy: readonly ProducerMember[] = []): SendHooks {
  return {
    chain,
    members,
    onSend: members.filter(({ interceptor }) => interceptor.onSend !== undefined),
    onSerialized: members.filter(({ interceptor }) => interceptor.onSerialized !== undefined),
    onAcknowledgement: members.filter(({ interceptor }) => interceptor.onAcknowledgement !== undefined),
    passedBy,
  }
}

function obey<S extends SendStage>(
  stage: S,
  verdict: Verdict,
  { member, meter, slot }: ProducerMember,
  record: PassingRecord<S>,
): SendVerdict<S> | Emission<S> {
  switch (verdict.verdict) {
    case 'drop': {
      const reason = typeof verdict.reason === 'string' && verdict.reason !== '' ? verdict.reason : member.name
      meter.countDropped(reason)
      return { verdict: 'drop', reason, record } as SendVerdict<S>
    }
    case 'reject':
      meter.rejected++
      return { verdict: 'reject', error: toError(verdict.error, 'REJECTED', 'rejected', member.name, record), record } as SendVerdict<S>
    case 'deadLetter': {
      const error = toError(verdict.error, 'REJECTED', 'dead-lettered', member.name, record)
      meter.deadLettered++
      return { verdict: 'deadLetter', error, record, interceptor: member.name } as SendVerdict<S>
    }
    case 'emit': {
      if (!Array.isArray(verdict.records)) throw new TypeError(`emit takes a list of records, not ${typeof verdict.records}`)
      if (verdict.records.length === 0) {
        meter.countDropped('emitted nothing')
        return { verdict: 'drop', reason: 'emitted nothing', record } as SendVerdict<S>
      }
      const records = verdict.records.map((emitted) => emittedFrom(stage, emitted, record))
      meter.emitted += records.length
      return { verdict: 'emission', records, after: slot, record }
    }
    default:
      throw noSuchVerdict(stage, verdict)
  }
}

/** What an emitted record leaves out is the original's; headers are never shared, since each is sent on its own. */
function emittedFrom<S extends SendStage>(stage: S, emitted: EmittedRecord, original: PassingRecord<S>): PassingRecord<S> {
  checkEmitted(emitted)
  checkNames(emitted, original.topic)
  const headers = RecordHeaders.from(emitted.headers ?? original.headers)
  const { topic = original.topic, partition, timestamp = original.timestamp } = emitted
  const key = emitted.key === undefined ? original.key : emitted.key
  const value = emitted.value === undefined ? original.value : emitted.value
  const record = { topic, partition, key, value, timestamp, headers }
  const whole =
    stage === 'onSend'
      ? toRecord(record)
      : toSerialized({ ...record, partition: undefined }, { ...original, partition: undefined } as SerializedRecord)
  return whole as PassingRecord<S>
}

/** A copy, so that a getter that throws does it here, and nothing changes later what was checked. */
function toRecord(returned: ProducerRecord): ProducerRecord {
  const { topic, partition, key = null, value = null, timestamp, headers } = returned
  if (typeof topic !== 'string') throw returnedWrong('onSend', returned)
  checkNames(returned, topic)
  return normalizeRecord({ topic, partition, key, value, timestamp, headers })
}

function toSerialized(returned: object, last: SerializedRecord): SerializedRecord {
  const { topic, partition, key, value, timestamp, headers } = returned as Partial<SerializedRecord>
  if (topic !== last.topic || partition !== last.partition) {
    throw new TypeError('onSerialized changed the topic or the partition, which are settled by then; change them in onSend')
  }
  checkNames(returned, topic)
  const whole = normalizeRecord({ topic, partition, key: null, value: null, timestamp, headers: headers as Headers })
  return { topic, partition, timestamp, headers: whole.headers, key: bytesOf('key', key), value: bytesOf('value', value) }
}

function bytesOf(what: string, bytes: unknown): Buffer | null {
  if (bytes === null || bytes === undefined) return null
  if (Buffer.isBuffer(bytes)) return bytes
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  throw new TypeError(`onSerialized returned a ${what} of type ${typeof bytes}; it must be bytes (Uint8Array) or null`)
}

function returnedWrong(stage: SendStage, returned: unknown): Error {
  const what = returned === null ? 'null' : isObject(returned) ? 'an object without a topic' : typeof returned
  return new TypeError(`${stage} returned ${what}; it must return the record, a changed copy, or a verdict such as drop(reason)`)
}

function switchedOff(): Error {
  return new Error('it failed too often in a row; it is tried again after retryAfterMs')
}

function toError(error: unknown, code: string, what: string, interceptor: string, { topic }: { readonly topic: string }): Error {
  if (error instanceof Error) return error
  return new KafkaError(code, `interceptor "${interceptor}" ${what} the record for topic "${topic}"`, { topic, cause: error })
}
