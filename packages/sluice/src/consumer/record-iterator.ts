import { isKafkaError } from '../errors.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import type { PartitionRecords } from '../record/consumer-records.ts'
import type { OffsetTracker } from './offset-tracker.ts'
import { endTracking, isGivenUp, type RecordSource, track } from './record-source.ts'
import type { PartitionState } from './subscription-state.ts'

/** How long one poll under the iterator waits; then it looks at the group again and goes on. */
const POLL_MS = 1000

/**
 * `for await (const record of consumer)`. A record counts as done when the next one is asked for, and also when the loop
 * is left at it: JavaScript does not say whether by `break` or by an exception. Whoever needs a record again after an
 * exception uses `run`.
 */
export class RecordIterator<K, V> implements AsyncIterator<ConsumerRecord<K, V>, undefined> {
  readonly #source: RecordSource<K, V>
  #trackers: ReadonlyMap<string, OffsetTracker> = new Map()
  #partitions: readonly PartitionRecords<K, V>[] = []
  #partition = 0
  #index = 0
  #state: PartitionState | undefined
  #tracker: OffsetTracker | undefined
  #isOver = false

  constructor(source: RecordSource<K, V>) {
    this.#source = source
  }

  async next(): Promise<IteratorResult<ConsumerRecord<K, V>, undefined>> {
    while (!this.#isOver && !this.#source.closing.aborted) {
      const records = this.#partitions[this.#partition]?.records
      if (records !== undefined && this.#index < records.length) {
        if (isGivenUp(this.#state, this.#tracker)) {
          this.#index = records.length
          continue
        }
        const record = records[this.#index++]!
        this.#tracker?.done(record)
        return { done: false, value: record }
      }
      if (records !== undefined && this.#partition + 1 < this.#partitions.length) this.#enter(this.#partition + 1)
      else await this.#poll()
    }
    return { done: true, value: undefined }
  }

  /** `break`, `return` or an exception in the loop: commits what is done. The consumer stays open. */
  async return(): Promise<IteratorResult<ConsumerRecord<K, V>, undefined>> {
    if (!this.#isOver) {
      this.#isOver = true
      endTracking(this.#source.subscriptions)
      if (!this.#source.closing.aborted) await this.#source.commitDone()
    }
    return { done: true, value: undefined }
  }

  #enter(partition: number): void {
    this.#partition = partition
    this.#index = 0
    const { topic, partition: number } = this.#partitions[partition]!
    this.#state = this.#source.subscriptions.get(topic, number)
    this.#tracker = this.#trackers.get(`${topic}-${number}`)
  }

  async #poll(): Promise<void> {
    this.#partitions = []
    try {
      const delivery = await this.#source.next({ timeoutMs: POLL_MS })
      if (delivery === null) return
      // No interceptor has to do with these records any more but for their commit.
      delivery.intercepted?.done()
      this.#trackers = track(delivery)
      this.#partitions = delivery.records.byPartition()
      if (this.#partitions.length > 0) this.#enter(0)
    } catch (error) {
      // The application closed the consumer, which has committed already.
      if (isKafkaError(error) && error.code === 'CLOSED') {
        this.#isOver = true
        return
      }
      endTracking(this.#source.subscriptions)
      throw error
    }
  }
}
