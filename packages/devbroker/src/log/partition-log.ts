import type { RecordBatchHeader } from '@sluice/protocol'
import type { MemoryBudget } from './memory-budget.ts'

/** One batch as it lies in memory: `buffer[start..end)` are exactly the bytes that a fetch returns. */
export interface StoredBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  readonly maxTimestamp: number
  /** The highest timestamp of this batch and all before it; never falls, so that a search by time is binary even when timestamps are unordered. */
  readonly highestTimestamp: number
  readonly leaderEpoch: number
}

export interface LogRead {
  readonly chunks: Buffer[]
  readonly sizeInBytes: number
}

/** What a batch costs besides its bytes: its entry in the index. */
const INDEX_ENTRY_BYTES = 128

/** Batches below this are copied next to one another, so that they do not pin the request they came in; larger ones stay where they are. */
const SLAB_BATCH_BYTES = 16 * 1024
const MIN_SLAB_BYTES = 4 * 1024
const MAX_SLAB_BYTES = 256 * 1024

/**
 * The log of one partition: raw batches in memory, as received. The end offset is also the high watermark, since
 * nothing is replicated.
 */
export class PartitionLog {
  readonly #budget: MemoryBudget
  #batches: StoredBatch[] = []
  /** Index of the first batch that still counts. */
  #head = 0
  #startOffset = 0
  #endOffset = 0
  #sizeInBytes = 0
  #slab: Buffer = Buffer.alloc(0)
  #slabUsed = 0
  /** Where each leader epoch began. */
  readonly #epochs: { readonly epoch: number; readonly startOffset: number }[] = []

  constructor(budget: MemoryBudget) {
    this.#budget = budget
  }

  get startOffset(): number {
    return this.#startOffset
  }

  /** The offset that the next record gets. */
  get endOffset(): number {
    return this.#endOffset
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes
  }

  get batchCount(): number {
    return this.#batches.length - this.#head
  }

  /** The batches that are there, oldest first. */
  *batches(): IterableIterator<StoredBatch> {
    for (let i = this.#head; i < this.#batches.length; i++) yield this.#batches[i]!
  }

  /**
   * Appends one batch that has been validated. Its base offset and leader epoch are written into `batch` itself; both lie
   * before the bytes that the checksum covers. Returns the base offset, or -1 when there is no memory left for it.
   */
  append(batch: Buffer, header: RecordBatchHeader, leaderEpoch: number): number {
    if (!this.#budget.take(batch.length + INDEX_ENTRY_BYTES)) return -1
    const baseOffset = this.#endOffset
    batch.writeBigInt64BE(BigInt(baseOffset), 0)
    batch.writeInt32BE(leaderEpoch, 12)
    const last = this.#batches.length > this.#head ? this.#batches[this.#batches.length - 1] : undefined
    const { buffer, start } = this.#place(batch)
    this.#batches.push({
      baseOffset,
      lastOffset: baseOffset + header.lastOffsetDelta,
      buffer,
      start,
      end: start + batch.length,
      maxTimestamp: header.maxTimestamp,
      highestTimestamp: last === undefined ? header.maxTimestamp : Math.max(last.highestTimestamp, header.maxTimestamp),
      leaderEpoch,
    })
    this.#endOffset = baseOffset + header.lastOffsetDelta + 1
    this.#sizeInBytes += batch.length
    return baseOffset
  }

  #place(batch: Buffer): { buffer: Buffer; start: number } {
    const size = batch.length
    if (size >= SLAB_BATCH_BYTES) {
      if (size * 2 >= batch.buffer.byteLength) return { buffer: batch, start: 0 }
      const copy = Buffer.allocUnsafeSlow(size)
      batch.copy(copy)
      return { buffer: copy, start: 0 }
    }
    if (this.#slabUsed + size > this.#slab.length) {
      const wanted = Math.min(MAX_SLAB_BYTES, Math.max(MIN_SLAB_BYTES, this.#slab.length * 2))
      this.#slab = Buffer.allocUnsafeSlow(Math.max(size, wanted))
      this.#slabUsed = 0
    }
    const start = this.#slabUsed
    batch.copy(this.#slab, start)
    this.#slabUsed = start + size
    return { buffer: this.#slab, start }
  }

  /**
   * Whole batches from the one that holds `offset`, up to `maxBytes`; the first one even when it is larger, if
   * `atLeastOne`. The offset must lie between start and end.
   */
  read(offset: number, maxBytes: number, atLeastOne: boolean): LogRead {
    const chunks: Buffer[] = []
    let sizeInBytes = 0
    let run: { buffer: Buffer; start: number; end: number } | null = null
    for (let i = this.#indexOf(offset); i < this.#batches.length; i++) {
      const batch = this.#batches[i]!
      const size = batch.end - batch.start
      if (sizeInBytes + size > maxBytes && !(atLeastOne && sizeInBytes === 0)) break
      sizeInBytes += size
      if (run !== null && run.buffer === batch.buffer && run.end === batch.start) {
        run.end = batch.end
      } else {
        if (run !== null) chunks.push(run.buffer.subarray(run.start, run.end))
        run = { buffer: batch.buffer, start: batch.start, end: batch.end }
      }
    }
    if (run !== null) chunks.push(run.buffer.subarray(run.start, run.end))
    return { chunks, sizeInBytes }
  }

  /** Index of the batch that holds `offset`, or of the first one after it. */
  #indexOf(offset: number): number {
    let low = this.#head
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The first batch with a record at or after `timestamp`. */
  batchAtTime(timestamp: number): StoredBatch | undefined {
    let low = this.#head
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle]!.highestTimestamp < timestamp) low = middle + 1
      else high = middle
    }
    // Batches that retention removed may have set the highest timestamp of those that remain.
    while (low < this.#batches.length && this.#batches[low]!.maxTimestamp < timestamp) low++
    return this.#batches[low]
  }

  /** The first batch with the highest timestamp of all. */
  batchOfMaxTimestamp(): StoredBatch | undefined {
    let found: StoredBatch | undefined
    for (let i = this.#head; i < this.#batches.length; i++) {
      const batch = this.#batches[i]!
      if (found === undefined || batch.maxTimestamp > found.maxTimestamp) found = batch
    }
    return found
  }

  /** Moves the start to `offset` and frees the batches that lie wholly before it. */
  deleteBefore(offset: number): void {
    if (offset <= this.#startOffset) return
    this.#startOffset = Math.min(offset, this.#endOffset)
    while (this.#head < this.#batches.length && this.#batches[this.#head]!.lastOffset < this.#startOffset) this.#dropFirst()
  }

  /** Drops batches from the head while `retentionBytes` would still be held without them, and those whose newest record is older than `oldestTimestamp`. */
  applyRetention(retentionBytes: number, oldestTimestamp: number): void {
    while (this.#head < this.#batches.length) {
      const first = this.#batches[this.#head]!
      const tooMuch = retentionBytes >= 0 && this.#sizeInBytes - (first.end - first.start) >= retentionBytes
      if (!tooMuch && first.maxTimestamp >= oldestTimestamp) return
      this.#dropFirst()
      this.#startOffset = Math.max(this.#startOffset, first.lastOffset + 1)
    }
  }

  #dropFirst(): void {
    const batch = this.#batches[this.#head]!
    this.#batches[this.#head] = undefined as never
    this.#head++
    const size = batch.end - batch.start
    this.#sizeInBytes -= size
    this.#budget.give(size + INDEX_ENTRY_BYTES)
    if (this.#head === this.#batches.length) {
      this.#batches = []
      this.#head = 0
      this.#slab = Buffer.alloc(0)
      this.#slabUsed = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head)
      this.#head = 0
    }
  }

  /** Gives all memory back; the log is not used afterwards. */
  close(): void {
    while (this.#head < this.#batches.length) this.#dropFirst()
  }

  /** A new leader took over: records from here on carry `epoch`. */
  beginEpoch(epoch: number): void {
    this.#epochs.push({ epoch, startOffset: this.#endOffset })
  }

  /** The largest epoch up to `epoch` and the offset where it ended (KIP-320); -1 and -1 when `epoch` lies in the future. */
  endOfEpoch(epoch: number): { readonly epoch: number; readonly endOffset: number } {
    const latest = this.#epochs[this.#epochs.length - 1]
    if (latest === undefined || epoch > latest.epoch) return { epoch: -1, endOffset: -1 }
    if (epoch === latest.epoch) return { epoch, endOffset: this.#endOffset }
    let floor = -1
    for (const entry of this.#epochs) {
      if (entry.epoch > epoch) return { epoch: floor === -1 ? epoch : floor, endOffset: Math.max(entry.startOffset, this.#startOffset) }
      floor = entry.epoch
    }
    return { epoch: -1, endOffset: -1 }
  }
}
