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
  /** With --chaos: skipped by the consumer on purpose, and given out twice. */
  lost = 0
  doubled = 0
  /** What is to be told while the run goes on, a line each. */
  readonly told: string[] = []
  readonly latency: LatencyHistogram = new LatencyHistogram()
  /** The chain that drops, once there is one. */
  chain: InterceptorChain | undefined

  /** Acknowledged, not consumed yet, and not lost on purpose. */
  get lag(): number {
    return this.acknowledged - this.consumed - this.lost
  }

  tell(line: string): void {
    this.told.push(line)
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
      ...(this.lost + this.doubled > 0 ? { lost: this.lost, doubled: this.doubled } : {}),
      p50Ms: this.latency.percentile(0.5),
      p99Ms: this.latency.percentile(0.99),
    })
  }
}
