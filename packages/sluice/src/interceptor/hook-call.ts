import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/**
 * What a hook's promise settles with, or TIMEOUT. `onTimeout` runs first, to abort the hook's signal. What the promise
 * does later is nobody's unhandled rejection.
 */
export function settledWithin(promise: PromiseLike<unknown>, timeoutMs: number, clock: Clock, onTimeout: () => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => {
      onTimeout()
      reject(new KafkaError('TIMEOUT', `its promise did not settle within timeoutMs ${timeoutMs}`))
    }, timeoutMs)
    promise.then(
      (value) => {
        timer.cancel()
        resolve(value)
      },
      (cause) => {
        timer.cancel()
        reject(cause)
      },
    )
  })
}

/** What may be logged of a failure. The message of a SyntaxError is left out: JSON.parse quotes the data in it. */
export function asError(cause: unknown): Error {
  if (cause instanceof SyntaxError) return new Error('a SyntaxError, whose message may quote data')
  return cause instanceof Error ? cause : new Error(`a value of type ${typeof cause} was thrown`)
}

/** Counters worth a line in the log. */
export function whatIsKnown({ calls, errors, timeouts }: { calls: number; errors: number; timeouts: number }): Record<string, number> {
  return { calls, errors, timeouts }
}
