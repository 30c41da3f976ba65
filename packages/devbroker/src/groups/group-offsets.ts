import { errorCodes } from '@sluice/protocol'

/** Longest metadata that a committed offset may carry, in bytes (`offset.metadata.max.bytes`). */
export const MAX_OFFSET_METADATA_BYTES = 4096

/** The offset of a partition that has none. */
export const NO_OFFSET = -1

export interface CommittedOffset {
  readonly committedOffset: number
  /** -1 when the committer did not say. */
  readonly committedLeaderEpoch: number
  readonly metadata: string
}

const NONE_COMMITTED: CommittedOffset = { committedOffset: NO_OFFSET, committedLeaderEpoch: -1, metadata: '' }

/** The offsets that one group has committed, by topic and partition. */
export class GroupOffsets {
  readonly #topics = new Map<string, Map<number, CommittedOffset>>()

  get isEmpty(): boolean {
    return this.#topics.size === 0
  }

  /** Stores one offset; returns the error code. */
  commit(topic: string, partition: number, offset: CommittedOffset): number {
    if (Buffer.byteLength(offset.metadata) > MAX_OFFSET_METADATA_BYTES) return errorCodes.OFFSET_METADATA_TOO_LARGE
    let partitions = this.#topics.get(topic)
    if (partitions === undefined) this.#topics.set(topic, (partitions = new Map()))
    partitions.set(partition, offset)
    return errorCodes.NONE
  }

  fetch(topic: string, partition: number): CommittedOffset {
    return this.#topics.get(topic)?.get(partition) ?? NONE_COMMITTED
  }

  /** Every topic with the partitions that have an offset. */
  *topics(): IterableIterator<{ readonly name: string; readonly partitionIndexes: number[] }> {
    for (const [name, partitions] of this.#topics) yield { name, partitionIndexes: [...partitions.keys()] }
  }

  delete(topic: string, partition: number): void {
    const partitions = this.#topics.get(topic)
    if (partitions?.delete(partition) && partitions.size === 0) this.#topics.delete(topic)
  }

  deleteTopic(topic: string): void {
    this.#topics.delete(topic)
  }
}
