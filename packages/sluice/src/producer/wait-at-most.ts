import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'

/** Waits for `promise`, but not beyond `timeoutMs` or the signal; then rejects with TIMEOUT or ABORTED while `promise` goes on. */
export async function waitAtMost<T>(
  promise: Promise<T>,
  what: string,
  { timeoutMs, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  clock: Clock,
): Promise<T> {
  if (timeoutMs === undefined && signal === undefined) return promise
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(new KafkaError('ABORTED', `${what} was aborted`, { cause: signal!.reason }))
  const timer =
    timeoutMs === undefined
      ? undefined
      : clock.setTimer(
          () => reject(new KafkaError('TIMEOUT', `${what} took longer than timeoutMs ${timeoutMs}`, { retriable: true })),
          timeoutMs,
        )
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, ended])
  } finally {
    timer?.cancel()
    signal?.removeEventListener('abort', onAbort)
  }
}
