import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock, Timer } from '../clock.ts'
import type { SendOutcome } from '../interceptor/producer-chain.ts'
import type { SendContext } from '../interceptor/send-context.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { Reject, Resolve, SendCallback } from './record-thunks.ts'
import { SendQueue } from './send-queue.ts'

/** What `onSend` of a chain gives, now or later. */
export type OnSendOutcome = SendOutcome<'onSend'> | Promise<SendOutcome<'onSend'>>

/** A send whose interceptors have not finished, or one that was called after it. */
export class InterceptedSend {
  readonly record: ProducerRecord
  readonly settle: SendCallback | Resolve
  readonly reject: Reject | null
  readonly signal: AbortSignal | undefined
  /** Null when no interceptor is there for it, or the chain has not begun. */
  context: SendContext | null
  /** Undefined until the chain has finished. */
  outcome: SendOutcome<'onSend'> | undefined = undefined
  hasBegun = false
  /** Went on or failed: what its interceptors still do counts for nothing. */
  isDone = false
  /** Runs a function in the asynchronous context of the call of `send`, where its interceptors look for what belongs to it; undefined if its chain began there. */
  inCallersContext: (<T>(run: () => T) => T) | undefined = undefined
  /** Monotonic time at which it gives up, unless its chain has begun. */
  readonly deadlineMs: number
  #abortListener: (() => void) | undefined

  constructor(
    record: ProducerRecord,
    context: SendContext | null,
    settle: SendCallback | Resolve,
    reject: Reject | null,
    signal: AbortSignal | undefined,
    deadlineMs: number,
  ) {
    this.record = record
    this.context = context
    this.settle = settle
    this.reject = reject
    this.signal = signal
    this.deadlineMs = deadlineMs
  }

  onAbort(listener: () => void): void {
    this.#abortListener = listener
    this.signal!.addEventListener('abort', listener, { once: true })
  }

  finish(): void {
    this.isDone = true
    if (this.#abortListener !== undefined) this.signal!.removeEventListener('abort', this.#abortListener)
  }
}

export interface InterceptedSendsParts {
  readonly clock: Clock
  /** How many chains may be under way at the same time. */
  readonly concurrency: number
  /** Whether chains may begin: not while the interceptors are still configured. */
  readonly mayBegin: () => boolean
  /** Runs the chain. Never throws or rejects. */
  readonly begin: (send: InterceptedSend) => OnSendOutcome
  /** The send goes on with its outcome. */
  readonly release: (send: InterceptedSend) => void
  /** It has waited `maxBlockMs` for its chain to begin. */
  readonly expire: (send: InterceptedSend) => void
  /** The chain of a send that was given up has finished. */
  readonly discard: (outcome: SendOutcome<'onSend'>) => void
}

/**
 * Keeps the order of the calls of `send` while interceptors give promises: chains run side by side, and their sends go on
 * in the order in which they came. Empty, and never touched, as long as every hook is synchronous.
 */
export class InterceptedSends {
  readonly #parts: InterceptedSendsParts
  readonly #sends = new SendQueue<InterceptedSend>()
  /** Sends of the queue whose chain has begun; those behind them have not. */
  #begun = 0
  #running = 0
  #isPumping = false
  #timer: Timer | undefined

  constructor(parts: InterceptedSendsParts) {
    this.#parts = parts
  }

  get isEmpty(): boolean {
    return this.#sends.length === 0
  }

  /** With the promise of its outcome, if its chain has begun; only the first may have. */
  add(send: InterceptedSend, outcome?: Promise<SendOutcome<'onSend'>>): void {
    this.#sends.add(send)
    if (outcome !== undefined) {
      this.#begun++
      send.hasBegun = true
      this.#await(send, outcome)
    } else send.inCallersContext = AsyncLocalStorage.snapshot()
    this.pump()
  }

  /** Begins what may begin, and lets go on what is ready and has nothing before it. */
  pump(): void {
    // What is released may send again, from a callback or a serializer: that one is taken by the loop under way.
    if (this.#isPumping) return
    this.#isPumping = true
    const { mayBegin, concurrency, release } = this.#parts
    for (;;) {
      while (this.#begun < this.#sends.length && this.#running < concurrency && mayBegin()) this.#begin(this.#sends.at(this.#begun)!)
      const first = this.#sends.first
      if (first === undefined || !(first.isDone || first.outcome !== undefined)) break
      this.#sends.removeFirst()
      if (this.#begun > 0) this.#begun--
      if (!first.isDone) {
        first.finish()
        release(first)
      }
    }
    this.#isPumping = false
    this.#watchDeadline()
  }

  all(): readonly InterceptedSend[] {
    return this.#sends.all()
  }

  /** Resolves when every send that waits now has gone on or failed. */
  whenLeft(): Promise<void> {
    return this.#sends.whenLeft()
  }

  #begin(send: InterceptedSend): void {
    this.#begun++
    if (send.isDone) return
    send.hasBegun = true
    // It begins when another one has ended, and must not be taken for a part of that.
    const outcome = send.inCallersContext!(() => this.#parts.begin(send))
    if (outcome instanceof Promise) this.#await(send, outcome)
    else send.outcome = outcome
  }

  #await(send: InterceptedSend, promise: Promise<SendOutcome<'onSend'>>): void {
    this.#running++
    void promise.then((outcome) => {
      this.#running--
      if (send.isDone) this.#parts.discard(outcome)
      else send.outcome = outcome
      this.pump()
    })
  }

  /** All wait equally long, so the first that has not begun is the first to give up. */
  #watchDeadline(): void {
    if (this.#begun >= this.#sends.length) {
      this.#timer?.cancel()
      this.#timer = undefined
      return
    }
    if (this.#timer !== undefined) return
    const { clock, expire } = this.#parts
    const next = this.#firstWaiting()
    if (next === undefined) return
    this.#timer = clock.setTimer(
      () => {
        this.#timer = undefined
        const nowMs = clock.monotonic()
        // The queue stays as it is until all are through.
        this.#isPumping = true
        for (let index = this.#begun; index < this.#sends.length; index++) {
          const send = this.#sends.at(index)!
          if (send.isDone) continue
          if (send.deadlineMs > nowMs) break
          expire(send)
        }
        this.#isPumping = false
        this.pump()
      },
      Math.max(0, next.deadlineMs - clock.monotonic()),
    )
  }

  #firstWaiting(): InterceptedSend | undefined {
    for (let index = this.#begun; index < this.#sends.length; index++) {
      const send = this.#sends.at(index)!
      if (!send.isDone) return send
    }
    return undefined
  }
}
