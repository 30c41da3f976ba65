import { LatencyHistogram } from './latency.ts'

/** What the run counts. */
export class RunFigures {
  produced = 0
  producedBytes = 0
  acknowledged = 0
  consumed = 0
  consumedBytes = 0
  failed = 0
  readonly droppedBy: Map<string, number> = new Map()
  readonly latency: LatencyHistogram = new LatencyHistogram()

  get dropped(): number {
    let total = 0
    for (const count of this.droppedBy.values()) total += count
    return total
  }

  /** Acknowledged and not consumed yet. */
  get lag(): number {
    return this.acknowledged - this.consumed
  }

  drop(interceptor: string): void {
    this.droppedBy.set(interceptor, (this.droppedBy.get(interceptor) ?? 0) + 1)
  }

  /** The last line of output, one JSON object. */
  summary(): string {
    return JSON.stringify({
      produced: this.produced,
      acknowledged: this.acknowledged,
      consumed: this.consumed,
      dropped: this.dropped,
      failed: this.failed,
      p50Ms: this.latency.percentile(0.5),
      p99Ms: this.latency.percentile(0.99),
    })
  }
}
