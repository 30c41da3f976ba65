import { LatencyHistogram } from './latency-histogram.ts'

/** What is counted of one topic. */
export class TopicLatencies {
  sent = 0
  failed = 0
  /** Records without a time to measure from. */
  unmeasured = 0
  #consumed: LatencyHistogram | undefined = undefined
  #handled: LatencyHistogram | undefined = undefined

  /** Made when they are first needed: a producer needs none. */
  get consumed(): LatencyHistogram {
    this.#consumed ??= new LatencyHistogram()
    return this.#consumed
  }

  get handled(): LatencyHistogram {
    this.#handled ??= new LatencyHistogram()
    return this.#handled
  }

  add(other: TopicLatencies): void {
    this.sent += other.sent
    this.failed += other.failed
    this.unmeasured += other.unmeasured
    if (other.#consumed !== undefined) this.consumed.add(other.#consumed)
    if (other.#handled !== undefined) this.handled.add(other.#handled)
  }
}
