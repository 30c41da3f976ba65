import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'

/** A point in time that several waits of one call share. */
export interface Deadline {
  /** On the monotonic clock. */
  readonly at: number
  remainingMs(): number
  readonly expired: boolean
}

export function deadlineIn(clock: Clock, timeoutMs: number): Deadline {
  const at = clock.monotonic() + timeoutMs
  return {
    at,
    remainingMs: () => Math.max(0, at - clock.monotonic()),
    get expired() {
      return clock.monotonic() >= at
    },
  }
}

/** Wakes whoever waits, when something changed that may let it go on. */
export class Wakeup {
  readonly #clock: Clock
  #waiting: (() => void)[] = []
  /** How often `notify` was called: for `wait`, so that no call between a look and the wait is missed. */
  count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  notify(): void {
    this.count++
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Resolves once `count` is no longer `seen`, after `timeoutMs`, or when `signal` aborts, whichever is first; never rejects. */
  wait(timeoutMs: number, signal?: AbortSignal, seen: number = this.count): Promise<void> {
    if (signal?.aborted || timeoutMs <= 0 || seen !== this.count) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        timer?.cancel()
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== wake)
        wake()
      }
      const timer = timeoutMs === Infinity ? undefined : this.#clock.setTimer(onAbort, timeoutMs)
      signal?.addEventListener('abort', onAbort)
      this.#waiting.push(wake)
    })
  }
}

/** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Wakeup(clock).wait(ms, signal)
}

/** True when `promise` settled in time; what it settled with is left to whoever awaits it. */
export async function settledWithin(promise: Promise<unknown>, clock: Clock, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  let settled = false
  const wakeup = new Wakeup(clock)
  const onSettled = (): void => {
    settled = true
    wakeup.notify()
  }
  promise.then(onSettled, onSettled)
  // A promise that is settled already says so within a microtask.
  await null
  if (!settled) await wakeup.wait(timeoutMs, signal)
  return settled
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal)
}

export function abortedError(signal: AbortSignal): KafkaError {
  return new KafkaError('ABORTED', "the caller's AbortSignal fired", { cause: signal.reason })
}
