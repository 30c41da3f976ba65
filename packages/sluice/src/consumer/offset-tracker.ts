import type { ConsumerRecord } from '../record/consumer-record.ts'

interface Stretch {
  readonly records: readonly ConsumerRecord[]
  /** Where reading goes on once all of `records` are done; past what interceptors left out. */
  readonly nextOffset: number
  /** The first record that is not done. */
  first: number
}

/** Which records of one partition are done, and up to where it is therefore safe to commit: never past a gap. */
export class OffsetTracker {
  #stretches: Stretch[] = []
  /** Done, but behind one that is not. */
  readonly #early = new Set<ConsumerRecord>()
  #committable: number
  #leaderEpoch: number | undefined

  constructor(startOffset: number) {
    this.#committable = startOffset
  }

  /** The offset to commit: everything before it is done. */
  get committable(): number {
    return this.#committable
  }

  /** Of the last record that is done. */
  get leaderEpoch(): number | undefined {
    return this.#leaderEpoch
  }

  get hasPending(): boolean {
    return this.#stretches.length > 0
  }

  /** Takes the records of one poll in the order in which they are handed out. */
  add(records: readonly ConsumerRecord[], nextOffset: number): void {
    this.#stretches.push({ records, nextOffset, first: 0 })
    this.#advance()
  }

  done(record: ConsumerRecord): void {
    const stretch = this.#stretches[0]
    if (stretch === undefined) return
    if (stretch.records[stretch.first] !== record) {
      this.#early.add(record)
      return
    }
    this.#pass(stretch, record)
    this.#advance()
  }

  #pass(stretch: Stretch, record: ConsumerRecord): void {
    stretch.first++
    // An interceptor may have put in records with offsets of its own making, and several in place of one.
    const next = record.offset + 1
    const following = stretch.records[stretch.first]
    if (following !== undefined && following.offset < next) return
    if (next > this.#committable && next <= stretch.nextOffset) {
      this.#committable = next
      this.#leaderEpoch = record.leaderEpoch
    }
  }

  #advance(): void {
    for (let stretch = this.#stretches[0]; stretch !== undefined; stretch = this.#stretches[0]) {
      if (this.#early.size > 0) {
        for (let record = stretch.records[stretch.first]; record !== undefined && this.#early.delete(record); ) {
          this.#pass(stretch, record)
          record = stretch.records[stretch.first]
        }
      }
      if (stretch.first < stretch.records.length) return
      this.#committable = Math.max(this.#committable, stretch.nextOffset)
      this.#stretches.shift()
    }
  }
}
