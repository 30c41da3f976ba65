import type { TopicPartition } from '../record/topic-partition.ts'
import type { BuiltInPartitioner } from './built-in-partitioner.ts'
import { isBefore, type ProducerBatch } from './producer-batch.ts'

/** The batches of one partition that wait to be sent, oldest first; records go into the last one. There is one object for each partition. */
export class PartitionQueue implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** Node id; -1 while there is no leader. */
  leader = -1
  leaderEpoch = -1
  muted = false
  /** How many records the last batch got: about as many as the next one will. */
  recordsInLastBatch = 0
  readonly #batches: ProducerBatch[] = []

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get length(): number {
    return this.#batches.length
  }

  get first(): ProducerBatch | undefined {
    return this.#batches[0]
  }

  get last(): ProducerBatch | undefined {
    return this.#batches[this.#batches.length - 1]
  }

  batches(): readonly ProducerBatch[] {
    return [...this.#batches]
  }

  addLast(batch: ProducerBatch): void {
    const last = this.last
    if (last !== undefined) this.recordsInLastBatch = last.recordCount
    this.#batches.push(batch)
  }

  removeFirst(): ProducerBatch | undefined {
    const first = this.#batches.shift()
    if (first !== undefined) this.recordsInLastBatch = first.recordCount
    return first
  }

  /** Back to the front; behind batches whose sequence comes first, since the broker takes them only in order. */
  insert(batch: ProducerBatch): void {
    let at = 0
    if (batch.hasSequence) {
      while (at < this.#batches.length && this.#batches[at]!.hasSequence && isBefore(this.#batches[at]!.baseSequence, batch.baseSequence))
        at++
    }
    this.#batches.splice(at, 0, batch)
  }

  remove(batch: ProducerBatch): void {
    const at = this.#batches.indexOf(batch)
    if (at >= 0) this.#batches.splice(at, 1)
  }
}

/** What the accumulator keeps for one topic. */
export class TopicQueues {
  readonly topic: string
  readonly partitioner: BuiltInPartitioner
  /** In the order in which partitions were first used. */
  readonly all: PartitionQueue[] = []
  /** By partition number; holes for partitions that were not used. */
  readonly byPartition: (PartitionQueue | undefined)[] = []
  /** False when nothing was begun for a while: then no pass looks at it. */
  active = false
  lastBatchMs = 0
  /** What compression is expected to leave of a batch (Java: CompressionRatioEstimator). */
  compressionRatio = 1

  constructor(topic: string, partitioner: BuiltInPartitioner) {
    this.topic = topic
    this.partitioner = partitioner
  }

  get isEmpty(): boolean {
    for (const queue of this.all) if (queue.length > 0) return false
    return true
  }

  add(queue: PartitionQueue): void {
    this.all.push(queue)
    this.byPartition[queue.partition] = queue
  }
}
