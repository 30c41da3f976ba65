import type { OffsetRanges } from './report.ts'

/**
 * A set of offsets as ascending ranges. Made for what a client sees: mostly the next offset, or a run of them, behind the
 * last range; anything else is merged where it belongs.
 */
export class OffsetRangeSet {
  /** First offset and count, pair by pair. */
  readonly #ranges: number[] = []

  /** How many ranges there are. */
  get size(): number {
    return this.#ranges.length / 2
  }

  /** How many offsets are in it. */
  get count(): number {
    let count = 0
    for (let index = 1; index < this.#ranges.length; index += 2) count += this.#ranges[index]!
    return count
  }

  /** Adds `count` offsets from `first` on; those that are in it already stay in it once. */
  add(first: number, count: number): void {
    if (count <= 0) return
    const ranges = this.#ranges
    const last = ranges.length - 2
    if (last < 0 || first > ranges[last]! + ranges[last + 1]!) ranges.push(first, count)
    else if (first === ranges[last]! + ranges[last + 1]!) ranges[last + 1]! += count
    else this.#merge(first, first + count)
  }

  /** The parts of `count` offsets from `first` on that are in it. */
  overlap(first: number, count: number): OffsetRanges {
    const ranges = this.#ranges
    const last = ranges.length - 2
    if (last < 0 || first >= ranges[last]! + ranges[last + 1]!) return NONE
    const end = first + count
    const parts: number[] = []
    for (let index = this.#firstEndingAfter(first); index < ranges.length && ranges[index]! < end; index += 2) {
      const from = Math.max(first, ranges[index]!)
      const to = Math.min(end, ranges[index]! + ranges[index + 1]!)
      if (to > from) parts.push(from, to - from)
    }
    return parts
  }

  /** A copy of the ranges. */
  toRanges(): OffsetRanges {
    return this.#ranges.slice()
  }

  /** Forgets the lowest ranges until no more than `most` are left; true if there were more. */
  keep(most: number): boolean {
    const excess = this.size - most
    if (excess <= 0) return false
    this.#ranges.splice(0, excess * 2)
    return true
  }

  /** Forgets everything below `offset`. */
  dropBelow(offset: number): void {
    const ranges = this.#ranges
    const index = this.#firstEndingAfter(offset)
    ranges.splice(0, index)
    if (ranges.length > 0 && ranges[0]! < offset) {
      ranges[1] = ranges[0]! + ranges[1]! - offset
      ranges[0] = offset
    }
  }

  #merge(first: number, end: number): void {
    const ranges = this.#ranges
    // Ranges that only touch are joined too.
    const at = this.#firstEndingAfter(first - 1)
    let from = first
    let to = end
    let behind = at
    while (behind < ranges.length && ranges[behind]! <= to) {
      from = Math.min(from, ranges[behind]!)
      to = Math.max(to, ranges[behind]! + ranges[behind + 1]!)
      behind += 2
    }
    ranges.splice(at, behind - at, from, to - from)
  }

  /** Index of the first range that ends after `offset`; the length when none does. */
  #firstEndingAfter(offset: number): number {
    const ranges = this.#ranges
    let low = 0
    let high = ranges.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ranges[middle * 2]! + ranges[middle * 2 + 1]! > offset) high = middle
      else low = middle + 1
    }
    return low * 2
  }
}

const NONE: OffsetRanges = Object.freeze([])
