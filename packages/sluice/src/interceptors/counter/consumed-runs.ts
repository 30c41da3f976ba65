/** Offsets `first` to before `next`, of which `records` were consumed. */
interface Run {
  first: number
  next: number
  records: number
}

const MAX_RUNS = 1000

/**
 * The records of one partition that were consumed and not committed yet, as runs of neighbouring offsets: a partition
 * without gaps is one run, however far the commits lag behind.
 */
export class ConsumedRuns {
  readonly #runs: Run[] = []

  /** In offset order. Records that come again, after a seek back, count again. */
  add(records: readonly { readonly offset: number }[]): void {
    const first = records[0]!.offset
    const last = records[records.length - 1]!.offset
    this.#forgetFrom(first)
    if (last - first + 1 === records.length) this.#append(first, records.length)
    else for (const { offset } of records) this.#append(offset, 1)
    // Very many gaps: the oldest runs become one, whose gaps are then counted by proportion if a commit falls into it.
    while (this.#runs.length > MAX_RUNS) {
      const [oldest] = this.#runs.splice(0, 1) as [Run]
      const second = this.#runs[0]!
      second.first = oldest.first
      second.records += oldest.records
    }
  }

  /** How many of them lie before `offset`; they are told once. */
  commit(offset: number): number {
    let committed = 0
    while (this.#runs.length > 0 && this.#runs[0]!.next <= offset) committed += this.#runs.shift()!.records
    const cut = this.#runs[0]
    if (cut === undefined || cut.first >= offset) return committed
    const before = recordsBefore(cut, offset)
    cut.records -= before
    cut.first = offset
    return committed + before
  }

  #append(first: number, records: number): void {
    const last = this.#runs[this.#runs.length - 1]
    if (last !== undefined && last.next === first) {
      last.next += records
      last.records += records
    } else this.#runs.push({ first, next: first + records, records })
  }

  #forgetFrom(offset: number): void {
    for (let last = this.#runs.at(-1); last !== undefined && last.next > offset; last = this.#runs.at(-1)) {
      if (last.first < offset) {
        last.records = recordsBefore(last, offset)
        last.next = offset
        return
      }
      this.#runs.pop()
    }
  }
}

function recordsBefore({ first, next, records }: Run, offset: number): number {
  return Math.round((records * (offset - first)) / (next - first))
}
