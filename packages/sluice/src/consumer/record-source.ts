import type { TopicPartition } from '../record/topic-partition.ts'
import type { Delivery } from './delivery.ts'
import { OffsetTracker } from './offset-tracker.ts'
import type { PartitionState, SubscriptionState } from './subscription-state.ts'
import type { Wakeup } from './wait.ts'

export interface SourceOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Whether records of a partition are wanted now; asked again whenever something has happened. */
  readonly select?: (state: PartitionState) => boolean
  /** Ends the wait early, without records. */
  readonly isInterrupted?: () => boolean
  /** Whether the application makes progress, which `maxPollIntervalMs` is about. Default: it does. */
  readonly isAlive?: () => boolean
}

/** The consumer as `run` and the iterator use it. */
export interface RecordSource<K, V> {
  readonly subscriptions: SubscriptionState
  readonly wakeup: Wakeup
  readonly closing: AbortSignal
  /** Null when nothing came. Rejects with CLOSED when the consumer is closed meanwhile. */
  next(options: SourceOptions): Promise<Delivery<K, V> | null>
  /** Commits what is done, when auto-commit is on. */
  commitDone(): Promise<void>
  /** Waits for whatever still works on these partitions before they are given up. */
  setDrain(drain: ((partitions: readonly TopicPartition[]) => Promise<void>) | null): void
}

/** Notes which records of a delivery have to be done before their offsets are committed. Gives the trackers by `topic-partition`. */
export function track<K, V>({ records, fetched }: Delivery<K, V>): ReadonlyMap<string, OffsetTracker> {
  const trackers = new Map<string, OffsetTracker>()
  for (const { state, startOffset, nextOffset } of fetched) {
    state.tracker ??= new OffsetTracker(startOffset)
    state.tracker.add(records.records(state), nextOffset)
    trackers.set(`${state.topic}-${state.partition}`, state.tracker)
  }
  return trackers
}

/**
 * True when no more is to be handed out of what was polled: after a seek or the end of the assignment it no longer counts,
 * and of a paused partition it is given back here, to come again after `resume`.
 */
export function isGivenUp(state: PartitionState | undefined, tracker: OffsetTracker | undefined): boolean {
  if (state === undefined || tracker === undefined) return false
  if (state.tracker !== tracker) return true
  if (!state.isPaused) return false
  state.seek(tracker.committable, tracker.leaderEpoch)
  return true
}

/** Puts the positions back to what is done, so that whoever reads next begins there. */
export function endTracking(subscriptions: SubscriptionState): void {
  for (const state of subscriptions.partitions()) {
    const { tracker } = state
    if (tracker === null) continue
    if (tracker.hasPending) state.seek(tracker.committable, tracker.leaderEpoch)
    else state.tracker = null
  }
}
