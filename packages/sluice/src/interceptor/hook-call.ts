import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'

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
    // A thenable that throws, or gives another one, is a promise all the same; a real promise comes back as it is.
    Promise.resolve(promise).then(
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

/** Throws for what `emit` may not take: a promise would count as a record that leaves everything out. */
export function checkEmitted(emitted: unknown): void {
  if (isPromise(emitted)) throw new TypeError('emit takes records, not promises of them: await them first')
  if (!isObject(emitted)) throw new TypeError(`emit takes records, not ${emitted === null ? 'null' : typeof emitted}`)
}

const VERDICTS = ['drop', 'reject', 'emit', 'deadLetter']

/** Does not quote it: whoever returned a value of the record in place of the record has data there. */
export function noSuchVerdict(hook: string, { verdict }: { readonly verdict: unknown }): TypeError {
  const near = typeof verdict === 'string' ? didYouMean(verdict, VERDICTS) : ''
  return new TypeError(`${hook} returned an object whose "verdict" is none of ${VERDICTS.join(', ')}${near}`)
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
