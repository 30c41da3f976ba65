import { KafkaError } from '../errors.ts'
import type { TopicPartition } from '../record/topic-partition.ts'

/**
 * Told when partitions come and go (Java: ConsumerRebalanceListener). The calls are made inside `poll` and `close`,
 * which wait for the promises they return; a rebalance takes as long, at most `maxPollIntervalMs`. What one throws
 * comes out of `poll` once the rebalance is through.
 */
export interface RebalanceListener {
  /** Before partitions are given up; with auto-commit on, after their offsets were committed. Not called for none. */
  onPartitionsRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>
  /** After every rebalance with the partitions that are new, also when there are none. Positions may be sought here. */
  onPartitionsAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>
  /** Partitions that another member may have already: nothing can be committed. Default: calls `onPartitionsRevoked`. */
  onPartitionsLost?(partitions: readonly TopicPartition[]): void | Promise<void>
}

const calls = ['onPartitionsRevoked', 'onPartitionsAssigned', 'onPartitionsLost'] as const

/** Refuses what would never be called: a function, or an object without any of the calls. */
export function checkListener(listener: unknown): void {
  if (listener === undefined || listener === null) return
  if (typeof listener === 'object') {
    const given = calls.map((call) => (listener as RebalanceListener)[call]).filter((call) => call !== undefined)
    if (given.length > 0 && given.every((call) => typeof call === 'function')) return
  }
  throw new KafkaError('INVALID_ARGUMENT', `a rebalance listener is an object with one or more of the functions ${calls.join(', ')}`)
}
