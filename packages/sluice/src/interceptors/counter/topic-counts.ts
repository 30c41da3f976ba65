import { ConsumedRuns } from './consumed-runs.ts'

/** What happened to the records of one topic. Bytes are those of keys and values, before compression. */
export interface TopicCounts {
  /** Records that entered `send`. */
  readonly sent: number
  readonly acknowledged: number
  readonly acknowledgedBytes: number
  /** Sends that failed at whatever step, rejected ones included. */
  readonly failed: number
  /** Dropped by an interceptor of the producer. */
  readonly dropped: number
  /** Sent to the dead-letter topic by an interceptor of the producer. Counted for the topic they were meant for. */
  readonly deadLettered: number
  /** Records that polls gave out, as far as interceptors before this one let them through. */
  readonly consumed: number
  readonly consumedBytes: number
  /** Records whose handler (`eachRecord` or `eachBatch` of `run`) ended well. */
  readonly handled: number
  /** Records whose handler failed; for `eachBatch` all of the batch. */
  readonly handlerFailed: number
  /** Consumed records that a commit covers. */
  readonly committed: number
}

/** The counters of one topic. Plain fields: they are touched for every record. */
export class TopicCounter implements TopicCounts {
  sent = 0
  acknowledged = 0
  acknowledgedBytes = 0
  failed = 0
  dropped = 0
  deadLettered = 0
  consumed = 0
  consumedBytes = 0
  handled = 0
  handlerFailed = 0
  committed = 0
  readonly #runs = new Map<number, ConsumedRuns>()

  runs(partition: number): ConsumedRuns {
    let runs = this.#runs.get(partition)
    if (runs === undefined) this.#runs.set(partition, (runs = new ConsumedRuns()))
    return runs
  }

  counts(): TopicCounts {
    return { ...this }
  }
}

export function totalOf(all: Iterable<TopicCounter>): TopicCounts {
  const total: Record<string, number> = new TopicCounter().counts() as never
  for (const counts of all) for (const [name, count] of Object.entries(counts.counts())) total[name]! += count
  return total as unknown as TopicCounts
}
