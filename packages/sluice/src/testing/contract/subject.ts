import assert from 'node:assert/strict'
import { isPromise } from '../../interceptor/hook-call.ts'
import type { ManualClock } from '../manual-clock.ts'
import { type TestContext, testContext } from '../test-context.ts'
import type { AnyInterceptor, InterceptorContractOptions, InterceptorFactory } from './contract-options.ts'

/** For so long the interceptor's clock keeps step with real time; then it runs ahead, so that nobody sits a long wait out. */
const IN_STEP_MS = 200
const STRIDE_MS = 1000
/** The default of the option. */
export const TIMEOUT_MS = 5000

/** The interceptor under test, made anew and configured for each check. */
export class Subject {
  readonly interceptor: AnyInterceptor
  readonly context: TestContext
  readonly #timeoutMs: number

  private constructor(interceptor: AnyInterceptor, context: TestContext, timeoutMs: number) {
    this.interceptor = interceptor
    this.context = context
    this.#timeoutMs = timeoutMs
  }

  /** Runs `check` with a configured interceptor, and closes it whatever happens. */
  static async use(
    factory: InterceptorFactory,
    { context, timeoutMs = TIMEOUT_MS }: InterceptorContractOptions,
    check: (subject: Subject) => unknown,
  ): Promise<void> {
    const subject = new Subject(factory() as AnyInterceptor, testContext(context), timeoutMs)
    await subject.settled(subject.interceptor.configure?.(subject.context), 'configure')
    try {
      await check(subject)
    } finally {
      await subject.settled(subject.interceptor.close?.(), 'close')
    }
  }

  /** What a hook's promise settles with, while the clock of the context runs. */
  settled<T>(returned: T | PromiseLike<T>, hook: string): Promise<T> {
    return settledInTime(returned, hook, this.context.clock, this.#timeoutMs)
  }
}

/** What a promise settles with, while `clock` runs; fails when that takes longer than `timeoutMs` of real time. */
export async function settledInTime<T>(returned: T | PromiseLike<T>, what: string, clock: ManualClock, timeoutMs: number): Promise<T> {
  if (!isPromise(returned)) return returned as T
  let isSettled = false
  const promise = Promise.resolve(returned).finally(() => {
    isSettled = true
  })
  promise.catch(() => {})
  const began = performance.now()
  let told = began
  while (!isSettled) {
    await new Promise((resolve) => setImmediate(resolve))
    const now = performance.now()
    assert.ok(now - began < timeoutMs, `the promise of ${what} did not settle within ${timeoutMs} ms`)
    if (!isSettled) clock.advance(now - began < IN_STEP_MS ? now - told : STRIDE_MS)
    told = now
  }
  return promise as Promise<T>
}
