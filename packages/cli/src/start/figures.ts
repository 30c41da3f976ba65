import type { InterceptorChain } from 'sluice'
import { LatencyHistogram } from './latency.ts'

/** What the run counts. */
export class RunFigures {
  produced = 0
  producedBytes = 0
  acknowledged = 0
  consumed = 0
  consumedBytes = 0
  dropped = 0
  failed = 0
  readonly latency: LatencyHistogram = new LatencyHistogram()
  /** The chain that drops, once there is one. */
  chain: InterceptorChain | undefined

  /** Acknowledged and not consumed yet. */
  get lag(): number {
    return this.acknowledged - this.consumed
  }

  /** Which interceptor dropped how many, as `name count`. */
  droppedBy(): string {
    const rows = (this.chain?.stats() ?? []).filter(({ dropped }) => dropped > 0)
    return rows.map(({ name, dropped }) => `${name} ${dropped}`).join('  ')
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
