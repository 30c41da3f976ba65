const LAST_BUCKET_MS = 60_000

/** Latencies in buckets of one millisecond; everything above a minute counts as a minute. */
export class LatencyHistogram {
  readonly #buckets = new Uint32Array(LAST_BUCKET_MS + 1)
  #count = 0

  record(latencyMs: number): void {
    const bucket = Math.min(LAST_BUCKET_MS, Math.max(0, Math.round(latencyMs)))
    this.#buckets[bucket]!++
    this.#count++
  }

  /** The smallest latency that `fraction` of all records kept within; null without records. */
  percentile(fraction: number): number | null {
    if (this.#count === 0) return null
    const wanted = Math.ceil(this.#count * fraction)
    let seen = 0
    for (let bucket = 0; bucket <= LAST_BUCKET_MS; bucket++) {
      seen += this.#buckets[bucket]!
      if (seen >= wanted) return bucket
    }
    return LAST_BUCKET_MS
  }
}
