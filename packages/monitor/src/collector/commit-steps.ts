interface Step {
  readonly offset: number
  readonly at: number
}

/** With a report every five seconds, ten minutes. */
const MAX_STEPS = 128

/** When it became known that a position was reached: offsets and times both ascend. The same steps in any order make the same. */
export class CommitSteps {
  readonly #steps: Step[] = []

  add(offset: number, at: number): void {
    if (offset < 0) return
    const steps = this.#steps
    let index = steps.length
    while (index > 0 && steps[index - 1]!.offset >= offset) index--
    // One that is as far at least and known no later tells the same.
    if (index < steps.length && steps[index]!.at <= at) return
    let end = index
    while (end < steps.length && steps[end]!.offset === offset) end++
    let begin = index
    while (begin > 0 && steps[begin - 1]!.at >= at) begin--
    steps.splice(begin, end - begin, { offset, at })
    if (steps.length > MAX_STEPS) steps.shift()
  }

  addAll(other: CommitSteps): void {
    for (const { offset, at } of other.#steps) this.add(offset, at)
  }

  /** Pairs of offset and time, for `addList`. */
  toList(): number[] {
    return this.#steps.flatMap(({ offset, at }) => [offset, at])
  }

  addList(list: readonly number[]): void {
    for (let index = 0; index < list.length; index += 2) this.add(list[index]!, list[index + 1]!)
  }

  /** The furthest position; -1 for none. */
  get furthest(): number {
    return this.#steps.at(-1)?.offset ?? -1
  }

  /** The furthest position that was known at `time`; -1 for none. */
  reachedBy(time: number): number {
    for (let index = this.#steps.length - 1; index >= 0; index--) {
      const step = this.#steps[index]!
      if (step.at <= time) return step.offset
    }
    return -1
  }

  /** Since when it is known that the position is behind `offset`; Infinity when it is not. */
  passedAt(offset: number): number {
    return this.#steps[this.#after(offset)]?.at ?? Number.POSITIVE_INFINITY
  }

  /** Where `passedAt` may be another than at `offset`. */
  nextAfter(offset: number): number {
    return this.#steps[this.#after(offset)]?.offset ?? Number.POSITIVE_INFINITY
  }

  #after(offset: number): number {
    const steps = this.#steps
    let low = 0
    let high = steps.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (steps[middle]!.offset > offset) high = middle
      else low = middle + 1
    }
    return low
  }
}
