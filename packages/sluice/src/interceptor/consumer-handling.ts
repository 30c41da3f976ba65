import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import type { PartitionRecords } from '../record/consumer-records.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import { isVerdict, type Verdict } from '../record/verdict.ts'
import type { ConsumerMember } from './consumer-chain.ts'
import { HandlingContext } from './consumer-context.ts'
import type { ConsumerStates } from './consumer-states.ts'
import { obey, switchedOff } from './consumer-verdicts.ts'
import { isObject } from './hook-call.ts'

/** What the interceptors around a handler work with; the same for all records of one partition's batch. */
export interface HandlingParts {
  /** Those with the hook, outermost first. */
  readonly members: readonly ConsumerMember[]
  /** Where the records were fetched from. */
  readonly place: TopicPartition
  readonly states: ConsumerStates
  readonly clock: Clock
  /** Fires when the partition is given up or the consumer is closed. */
  readonly signal: () => AbortSignal
  /** Resolves when the record that was fetched from `offset` is written to the dead-letter topic. */
  readonly deadLetter: (offset: number, error: Error, interceptor: string) => Promise<void>
}

type Handler<T> = (handled: T) => void | Promise<void>

/**
 * Runs handlers inside the `handle` or `handleBatch` of a chain. `timeoutMs` does not apply: a hook may wait as long as a
 * handler may.
 */
export abstract class Handling<T> {
  readonly parts: HandlingParts
  readonly #handler: Handler<T>

  constructor(parts: HandlingParts, handler: Handler<T>) {
    this.parts = parts
    this.#handler = handler
  }

  /** Resolves when it is done: handled, skipped, dropped or dead-lettered. Rejects with what the handler threw, or who stands for it. */
  run(handled: T): Promise<void> {
    return this.#around(0, handled)
  }

  protected abstract readonly hook: 'handle' | 'handleBatch'
  protected abstract sees(placed: ConsumerMember, handled: T): boolean
  protected abstract call(placed: ConsumerMember, handled: T, next: () => Promise<void>): unknown
  protected abstract records(handled: T): readonly ConsumerRecord[]
  /** Carries out a verdict; undefined when it is settled, else what runs in the place of `handled`. */
  protected abstract obey(verdict: Verdict, placed: ConsumerMember, handled: T): Promise<readonly T[] | undefined>

  async #around(from: number, handled: T): Promise<void> {
    const { members, clock } = this.parts
    let index = from
    while (index < members.length && members[index]!.isPerRecord && !this.sees(members[index]!, handled)) index++
    const placed = members[index]
    if (placed === undefined) {
      await this.#handler(handled)
      return
    }
    const { member, meter } = placed
    const next = new Next(() => this.#around(index + 1, handled), clock)
    const began = clock.monotonic()
    let returned: unknown
    let cause: unknown
    let hasThrown = false
    let isSlow = false
    if (member.isOff) {
      hasThrown = true
      cause = switchedOff()
    } else {
      meter.calls++
      try {
        returned = await this.call(placed, handled, next.call)
      } catch (thrown) {
        hasThrown = true
        cause = thrown
      }
      next.isOver = true
      isSlow = member.measured(clock.monotonic() - began - next.innerMs)
    }
    // A hook that did not wait for `next` has not dealt with what comes of it.
    if (next.running !== undefined) await (hasThrown ? next.running.catch(() => {}) : next.running)
    if (!hasThrown) {
      next.throwUnheard()
      try {
        const instead = await this.#settle(returned, next, placed, handled)
        if (member.isStained && !isSlow) member.succeeded()
        if (instead !== undefined) for (const one of instead) await this.#around(index + 1, one)
        return
      } catch (thrown) {
        if (!(thrown instanceof WrongReturn)) throw thrown
        cause = new TypeError(thrown.message)
      }
    } else if (next.isFailureOf(cause)) {
      // The handler's own error on its way out, maybe inside another.
      if (member.isStained && !isSlow) member.succeeded()
      throw cause
    }
    await this.#failed(cause, next, placed, handled, index)
  }

  async #settle(returned: unknown, next: Next, placed: ConsumerMember, handled: T): Promise<readonly T[] | undefined> {
    if (returned === undefined) {
      if (next.isUnused) placed.meter.countDropped('skipped', this.records(handled).length)
      return undefined
    }
    if (!isObject(returned) || !isVerdict(returned)) {
      throw new WrongReturn(`${this.hook} returned ${returned === null ? 'null' : typeof returned}; it must return nothing or a verdict`)
    }
    if (next.hasSucceeded)
      throw new WrongReturn(`${this.hook} returned a verdict after next() had succeeded: the record is handled already`)
    if (!next.isUnused && returned.verdict === 'emit') {
      throw new WrongReturn(`${this.hook} returned emit after next() was called; emit takes the place of a record before it is handled`)
    }
    return this.obey(returned, placed, handled)
  }

  /** The interceptor's own failure, as opposed to the handler's. */
  async #failed(cause: unknown, next: Next, { member, meter }: ConsumerMember, handled: T, index: number): Promise<void> {
    const { topic, partition } = this.parts.place
    if (member.onError === 'continue') {
      member.report(this.hook, cause, { topic, partition })
      if (next.isUnused) await this.#around(index + 1, handled)
      else if (!next.hasSucceeded) throw next.failure
      return
    }
    const error = member.failure(this.hook, cause, topic, partition)
    if (member.onError === 'fail') throw error
    for (const { offset } of this.records(handled)) {
      meter.deadLettered++
      await this.parts.deadLetter(offset, error, member.name)
    }
  }
}

/** Around `eachRecord`. */
export class RecordHandling extends Handling<ConsumerRecord> {
  protected readonly hook = 'handle'

  protected sees({ member }: ConsumerMember, record: ConsumerRecord): boolean {
    return member.seesHeaders(record.headers)
  }

  protected call({ interceptor, slot }: ConsumerMember, record: ConsumerRecord, next: () => Promise<void>): unknown {
    const { states, place, signal } = this.parts
    return interceptor.handle!(record, next, new HandlingContext(states, slot, place, record.offset, signal))
  }

  protected records(record: ConsumerRecord): readonly ConsumerRecord[] {
    return [record]
  }

  protected async obey(verdict: Verdict, placed: ConsumerMember, record: ConsumerRecord): Promise<readonly ConsumerRecord[] | undefined> {
    let obeyed: ReturnType<typeof obey<ConsumerRecord>>
    try {
      obeyed = obey(verdict, 'handle', placed, record)
    } catch (cause) {
      throw new WrongReturn((cause as Error).message)
    }
    if (obeyed.kind === 'rejected') throw obeyed.error
    if (obeyed.kind === 'deadLettered') await this.parts.deadLetter(record.offset, obeyed.error, placed.member.name)
    return obeyed.kind === 'emitted' ? obeyed.records : undefined
  }
}

/** Around `eachBatch`. An interceptor that asks for a header is called when any record has it. */
export class BatchHandling extends Handling<PartitionRecords> {
  protected readonly hook = 'handleBatch'

  protected sees({ member }: ConsumerMember, batch: PartitionRecords): boolean {
    return batch.records.some(({ headers }) => member.seesHeaders(headers))
  }

  protected call({ interceptor, slot }: ConsumerMember, batch: PartitionRecords, next: () => Promise<void>): unknown {
    const { states, place, signal } = this.parts
    return interceptor.handleBatch!(batch, next, new HandlingContext(states, slot, place, -1, signal))
  }

  protected records(batch: PartitionRecords): readonly ConsumerRecord[] {
    return batch.records
  }

  protected async obey(): Promise<never> {
    throw new WrongReturn('handleBatch returned a verdict, which only onConsume may give for a whole batch')
  }
}

/** What the hook itself did wrong, told apart from what the handler threw. */
class WrongReturn extends Error {}

/** What `next` gives: knows whether anybody, by `await` or else, waited for it. */
class NextPromise extends Promise<void> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  isHeard = false

  // biome-ignore-start lint/suspicious/noThenProperty: `await` calls it, as this is a promise
  override then<A = void, B = never>(
    // biome-ignore lint/suspicious/noConfusingVoidType: as of Promise<void>
    onFulfilled?: ((value: void) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isHeard = true
    return super.then(onFulfilled, onRejected)
  }
  // biome-ignore-end lint/suspicious/noThenProperty: as above
}

/** One hook's `next`. */
class Next {
  /** The call under way. */
  running: Promise<void> | undefined = undefined
  hasSucceeded = false
  /** The hook has ended. */
  isOver = false
  /** Time spent within. */
  innerMs = 0
  readonly #run: () => Promise<void>
  readonly #clock: Clock
  #failure: { readonly error: unknown } | undefined = undefined
  #given: NextPromise | undefined = undefined

  constructor(run: () => Promise<void>, clock: Clock) {
    this.#run = run
    this.#clock = clock
  }

  get isUnused(): boolean {
    return this.running === undefined && !this.hasSucceeded && this.#failure === undefined
  }

  get failure(): unknown {
    return this.#failure?.error
  }

  isFailureOf(cause: unknown): boolean {
    if (this.#failure === undefined || this.hasSucceeded) return false
    const { error } = this.#failure
    return cause === error || (cause instanceof Error && cause.cause !== undefined && cause.cause === error)
  }

  /** After a call that failed it may be called again: a retry. */
  readonly call = (): Promise<void> => {
    const began = this.#begin()
    const given = new NextPromise((resolve, reject) => void began.then(resolve, reject))
    // Whoever does not wait for it leaves no unhandled rejection.
    Promise.prototype.then.call(given, undefined, () => {})
    if (this.running === began) this.#given = given
    return given
  }

  /** Throws the failure of a call that the hook did not wait for: nobody has dealt with it. */
  throwUnheard(): void {
    if (this.#failure !== undefined && !this.hasSucceeded && this.#given?.isHeard === false) throw this.#failure.error
  }

  #begin(): Promise<void> {
    if (this.isOver) return Promise.reject(misused('next() was called after the hook had ended'))
    if (this.running !== undefined || this.hasSucceeded) return Promise.reject(misused('next() was called twice'))
    const began = this.#clock.monotonic()
    const running = this.#run().then(
      () => {
        this.#end(began)
        this.hasSucceeded = true
      },
      (error) => {
        this.#end(began)
        this.#failure = { error }
        throw error
      },
    )
    this.running = running
    return running
  }

  #end(began: number): void {
    this.innerMs += this.#clock.monotonic() - began
    this.running = undefined
  }
}

function misused(what: string): KafkaError {
  return new KafkaError('ILLEGAL_STATE', `${what}; only a call that failed may be repeated`)
}
