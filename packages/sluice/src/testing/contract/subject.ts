import assert from 'node:assert/strict'
import { isPromise } from '../../interceptor/hook-call.ts'
import { type TestContext, testContext } from '../test-context.ts'
import type { AnyInterceptor, InterceptorContractOptions, InterceptorFactory } from './contract-options.ts'

/** For so long the interceptor's clock keeps step with real time; then it runs ahead, so that nobody sits a long wait out. */
const IN_STEP_MS = 200
const STRIDE_MS = 1000

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
    { context, timeoutMs = 5000 }: InterceptorContractOptions,
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
  async settled<T>(returned: T | PromiseLike<T>, hook: string): Promise<T> {
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
      assert.ok(now - began < this.#timeoutMs, `the promise of ${hook} did not settle within ${this.#timeoutMs} ms`)
      if (!isSettled) this.context.clock.advance(now - began < IN_STEP_MS ? now - told : STRIDE_MS)
      told = now
    }
    return promise as Promise<T>
  }
}
