import type { Clock } from '../clock.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import { isVerdict } from '../record/verdict.ts'
import type { ConsumerMember } from './consumer-chain.ts'
import { FetchedContext } from './consumer-context.ts'
import type { ConsumerPass } from './consumer-pass.ts'
import { obey, switchedOff, toRaw } from './consumer-verdicts.ts'
import { isObject, isPromise } from './hook-call.ts'

/** The record that goes on, or those in its place: none when a verdict took it out. What else it asked for is in the pass. */
export type FetchedOutcome = RawRecord | readonly RawRecord[]

const NONE: readonly RawRecord[] = []
/** One record in so many is measured. */
const SAMPLE_MASK = 127

/** Runs `onFetched` of a chain for one record after the other. Synchronous hooks cost no promise. */
export class FetchedHooks {
  readonly #clock: Clock
  #runs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Never throws, and its promise never rejects: failures end as `onError` says. */
  run(record: RawRecord, members: readonly ConsumerMember[], pass: ConsumerPass): FetchedOutcome | Promise<FetchedOutcome> {
    return this.#walk(record, members, new FetchedContext(pass, record), pass, 0)
  }

  #walk(
    record: RawRecord,
    members: readonly ConsumerMember[],
    context: FetchedContext,
    pass: ConsumerPass,
    from: number,
  ): FetchedOutcome | Promise<FetchedOutcome> {
    const isMeasured = (this.#runs++ & SAMPLE_MASK) === 0
    let last = record
    for (let index = from; index < members.length; index++) {
      const placed = members[index] as ConsumerMember
      if (placed.isPerRecord && !placed.member.seesHeaders(last.headers)) continue
      context.slot = placed.slot
      const isTimed = isMeasured || placed.member.isSuspect
      let outcome: FetchedOutcome
      try {
        if (placed.member.isOff) throw switchedOff()
        placed.meter.calls++
        const began = isTimed ? this.#clock.monotonic() : 0
        const returned = placed.interceptor.onFetched!(last, context)
        if (isPromise(returned)) return this.#later(returned, placed, index, last, members, context, pass)
        const isSlow = isTimed && placed.member.measured(this.#clock.monotonic() - began)
        outcome = returned === last ? last : this.#accept(returned, placed, last, pass)
        if (placed.member.isStained && !isSlow) placed.member.succeeded()
        if (outcome === last) continue
      } catch (cause) {
        outcome = this.#failed(cause, placed, last, pass)
      }
      context.leave()
      if (isList(outcome)) return this.#spread(outcome, members, pass, index + 1)
      last = outcome
    }
    context.leave()
    return last
  }

  async #later(
    promise: PromiseLike<unknown>,
    placed: ConsumerMember,
    index: number,
    last: RawRecord,
    members: readonly ConsumerMember[],
    context: FetchedContext,
    pass: ConsumerPass,
  ): Promise<FetchedOutcome> {
    const { member } = placed
    const began = this.#clock.monotonic()
    let outcome: FetchedOutcome
    try {
      const returned = await pass.settled(promise, placed, (reason) => context.abort(reason))
      if (pass.isOver) return NONE
      const isSlow = member.measured(this.#clock.monotonic() - began)
      outcome = returned === last ? last : this.#accept(returned, placed, last, pass)
      if (member.isStained && !isSlow) member.succeeded()
    } catch (cause) {
      if (pass.isOver) return NONE
      outcome = this.#failed(cause, placed, last, pass)
    } finally {
      context.leave()
    }
    return isList(outcome) ? this.#spread(outcome, members, pass, index + 1) : this.#walk(outcome, members, context, pass, index + 1)
  }

  #accept(returned: unknown, placed: ConsumerMember, last: RawRecord, pass: ConsumerPass): FetchedOutcome {
    if (!isObject(returned)) {
      const what = returned === null ? 'null' : typeof returned
      throw new TypeError(`onFetched returned ${what}; it must return the record, a changed copy, or a verdict such as drop(reason)`)
    }
    let outcome: FetchedOutcome = NONE
    if (isVerdict(returned)) {
      const obeyed = obey(returned, 'onFetched', placed, last)
      if (obeyed.kind === 'emitted') outcome = obeyed.records
      else if (obeyed.kind === 'dropped') pass.leaveOut(last, last.offset, placed.member.name, obeyed.reason)
      else if (obeyed.kind === 'rejected') pass.reject(last, last.offset, obeyed.error)
      else if (obeyed.kind === 'deadLettered') this.#deadLetter(last, obeyed.error, placed, pass)
    } else outcome = toRaw(returned, last)
    return outcome
  }

  #failed(cause: unknown, placed: ConsumerMember, last: RawRecord, pass: ConsumerPass): FetchedOutcome {
    const { member, meter } = placed
    const { topic, partition } = last
    if (member.onError === 'continue') {
      member.report('onFetched', cause, { topic, partition })
      return last
    }
    const error = member.failure('onFetched', cause, topic, partition)
    if (member.onError === 'fail') pass.reject(last, last.offset, error)
    else {
      meter.deadLettered++
      this.#deadLetter(last, error, placed, pass)
    }
    return NONE
  }

  #deadLetter({ topic, partition, offset }: RawRecord, error: Error, { member }: ConsumerMember, pass: ConsumerPass): void {
    pass.deadLetters.push({ topic, partition, offset, error, interceptor: member.name })
    pass.leaveOut({ topic, partition }, offset, member.name, 'dead letter')
  }

  /** Records in another's place go on through the rest of the chain, each by itself. */
  #spread(
    records: readonly RawRecord[],
    members: readonly ConsumerMember[],
    pass: ConsumerPass,
    from: number,
  ): FetchedOutcome | Promise<FetchedOutcome> {
    if (records.length === 0 || from >= members.length) return records
    const outcomes = records.map((record) => this.#walk(record, members, new FetchedContext(pass, record), pass, from))
    if (!outcomes.some((outcome) => outcome instanceof Promise)) return (outcomes as FetchedOutcome[]).flat() as RawRecord[]
    return Promise.all(outcomes).then((settled) => settled.flat() as RawRecord[])
  }
}

function isList(outcome: FetchedOutcome): outcome is readonly RawRecord[] {
  return Array.isArray(outcome)
}
