/** Time as the broker sees it; tests put their own in. Milliseconds throughout. The shape is that of `sluice`'s clock, which fits as it is. */
export interface Clock {
  /** Wall-clock time since 1970, for log append time and retention. */
  now(): number
  /** Time that never goes back, for waits. */
  monotonic(): number
  /** Runs `callback` once after `delayMs`; the timer does not keep the process alive when `ref` is false. */
  setTimer(callback: () => void, delayMs: number, ref?: boolean): Timer
}

export interface Timer {
  cancel(): void
}

/** Node's longest timer; a longer delay would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  setTimer(callback, delayMs, ref = true) {
    const handle = setTimeout(callback, Math.min(MAX_TIMER_MS, Math.max(0, delayMs)))
    if (!ref) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
