import { KafkaError } from '../errors.ts'
import type { TopicInfo } from '../network/cluster.ts'

/** The partition that keyless records go to at present. A new object stands for each switch, so identity tells whether one happened. */
export interface StickyPartition {
  readonly partition: number
  producedBytes: number
}

/** Partitions with a weight each, as running sums: `cumulative[i]` is the weight of all up to `partitions[i]`. */
interface LoadStats {
  readonly cumulative: readonly number[]
  readonly partitions: readonly number[]
}

/**
 * Where keyless records of one topic go (Java: BuiltInPartitioner, KIP-794). They stick to one partition until about
 * `stickyBatchSize` bytes went there, then move on: uniformly, or, once every partition has had a batch, the more often
 * the shorter a partition's queue is.
 */
export class BuiltInPartitioner {
  readonly topic: string
  readonly #stickyBatchSize: number
  readonly #random: () => number
  #sticky: StickyPartition | undefined
  #loadStats: LoadStats | undefined

  /** `random` gives numbers in [0, 1), as Math.random. */
  constructor(topic: string, stickyBatchSize: number, random: () => number = Math.random) {
    if (stickyBatchSize < 1) {
      throw new KafkaError('INVALID_ARGUMENT', `the sticky partitioner needs a batch size of at least 1, not ${stickyBatchSize}`)
    }
    this.topic = topic
    this.#stickyBatchSize = stickyBatchSize
    this.#random = random
  }

  current(topic: TopicInfo): StickyPartition {
    return (this.#sticky ??= { partition: this.#next(topic), producedBytes: 0 })
  }

  /**
   * Counts bytes that went to `sticky`. The switch waits for a batch boundary (`enableSwitch`: no batch of the partition
   * is half full), so that it leaves no small batches behind, but not beyond twice the size.
   */
  update(sticky: StickyPartition, appendedBytes: number, topic: TopicInfo, enableSwitch: boolean): void {
    sticky.producedBytes += appendedBytes
    const size = this.#stickyBatchSize
    if ((sticky.producedBytes >= size && enableSwitch) || sticky.producedBytes >= size * 2) {
      this.#sticky = { partition: this.#next(topic), producedBytes: 0 }
    }
  }

  /** `queueSizes[i]` batches wait for `partitions[i]`; partitions left out are unavailable. `partitionCount` counts those too. */
  updateLoad(queueSizes: readonly number[] | undefined, partitions: readonly number[], partitionCount: number): void {
    this.#loadStats = undefined
    if (queueSizes === undefined || queueSizes.length < 1 || partitionCount < 2) return
    let longest = queueSizes[0]!
    let allEqual = true
    for (const size of queueSizes) {
      if (size !== longest) allEqual = false
      if (size > longest) longest = size
    }
    if (allEqual && queueSizes.length === partitionCount) return
    let sum = 0
    this.#loadStats = {
      cumulative: queueSizes.map((size) => (sum += longest + 1 - size)),
      partitions: partitions.slice(0, queueSizes.length),
    }
  }

  #next(topic: TopicInfo): number {
    const stats = this.#loadStats
    if (stats === undefined) {
      const available = topic.partitions.filter(({ leader }) => leader >= 0)
      const among = available.length > 0 ? available : topic.partitions
      return among[this.#below(among.length)]!.partition
    }
    const { cumulative, partitions } = stats
    const drawn = this.#below(cumulative[cumulative.length - 1]!)
    return partitions[cumulative.findIndex((sum) => sum > drawn)]!
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }
}
