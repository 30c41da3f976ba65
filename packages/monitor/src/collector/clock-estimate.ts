/** What one report says of its client's clock, given when the broker (or the collector) got the report that it speaks of. */
export interface ClockProbe {
  readonly sentAt: number
  readonly ackedAt: number
  readonly receivedAt: number
}

export interface ClockEstimate {
  /** The client's clock is ahead of the broker's by so many milliseconds. */
  readonly aheadMs: number
  /** Plus or minus. */
  readonly errorMs: number
}

/** Timestamps are whole milliseconds. */
const RESOLUTION_MS = 1
/** Clocks that nobody steers drift apart by so much at most, usually. */
const DRIFT = 20e-6

/**
 * After Cristian: the broker's time lay between sending and acknowledgement. Each probe so gives an interval that has the
 * truth in it; the narrowest one counts, made narrower by those that agree with it. Undefined without a usable probe.
 */
export function estimateClock(probes: readonly ClockProbe[]): ClockEstimate | undefined {
  const latest = probes.reduce((time, { receivedAt }) => Math.max(time, receivedAt), 0)
  const intervals = probes
    .filter(({ sentAt, ackedAt }) => ackedAt >= sentAt)
    .map(({ sentAt, ackedAt, receivedAt }) => {
      const slack = RESOLUTION_MS + DRIFT * (latest - receivedAt)
      return { low: sentAt - receivedAt - slack, high: ackedAt - receivedAt + slack }
    })
    .sort((a, b) => a.high - a.low - (b.high - b.low) || a.low - b.low)
  let [best] = intervals
  if (best === undefined) return undefined
  for (const { low, high } of intervals) {
    const narrower = { low: Math.max(best.low, low), high: Math.min(best.high, high) }
    if (narrower.low <= narrower.high) best = narrower
  }
  return { aheadMs: (best.low + best.high) / 2, errorMs: Math.max(RESOLUTION_MS, (best.high - best.low) / 2) }
}
