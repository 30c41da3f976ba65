import type { Clock } from 'sluice'

/** Resolves after `delayMs`, or when the signal is aborted. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.setTimer(end, Math.max(0, delayMs))
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
