import { type Clock, KafkaError } from 'sluice'

/** What the promise settles with, or TIMEOUT. What it does later is nobody's unhandled rejection. */
export function within<T>(promise: Promise<T>, timeoutMs: number, clock: Clock, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(
      () => reject(new KafkaError('TIMEOUT', `${what} did not answer within ${timeoutMs} ms`, { retriable: true })),
      timeoutMs,
      false,
    )
    promise.then(resolve, reject).finally(() => timer.cancel())
  })
}

/** What the promise resolves with, or `instead` when time is over first. */
export function settledOr<T>(instead: T, promise: Promise<T>, timeoutMs: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => resolve(instead), timeoutMs)
    promise.then(resolve, reject).finally(() => timer.cancel())
  })
}
