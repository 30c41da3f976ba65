import type { ConsumerRecord } from '../record/consumer-record.ts'

interface Stretch {
  readonly records: readonly ConsumerRecord[]
  /** Where reading goes on once all of `records` are done; past what interceptors left out. */
  readonly nextOffset: number
  /** For each record the lowest offset behind it; null when they come in the order of their offsets. */
  readonly lowestBehind: readonly number[] | null
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
    this.#stretches.push({ records, nextOffset, lowestBehind: lowestBehind(records), first: 0 })
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
    // An interceptor may have sorted the records, put in some with offsets of its own making, or several in place of one.
    const next = record.offset + 1
    const following = stretch.lowestBehind?.[stretch.first - 1] ?? stretch.records[stretch.first]?.offset
    if (following !== undefined && following < next) return
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

function lowestBehind(records: readonly ConsumerRecord[]): readonly number[] | null {
  if (records.every(({ offset }, index) => index === 0 || records[index - 1]!.offset <= offset)) return null
  const lowest: number[] = new Array(records.length)
  let soFar = Number.POSITIVE_INFINITY
  for (let index = records.length - 1; index >= 0; index--) {
    lowest[index] = soFar
    soFar = Math.min(soFar, records[index]!.offset)
  }
  return lowest
}
