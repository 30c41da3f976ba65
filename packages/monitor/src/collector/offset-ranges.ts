import type { OffsetRanges } from 'sluice/monitor-report'

// Sets of offsets as ascending pairs of first offset and count. None of these changes what it is given.

export const noOffsets: OffsetRanges = Object.freeze([])

/** From `first` up to, and without, `end`. */
export function rangeOf(first: number, end: number): OffsetRanges {
  return end > first ? [first, end - first] : noOffsets
}

export function countOf(ranges: OffsetRanges): number {
  let count = 0
  for (let index = 1; index < ranges.length; index += 2) count += ranges[index]!
  return count
}

export function union(a: OffsetRanges, b: OffsetRanges): OffsetRanges {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const result: number[] = []
  let at = 0
  let bt = 0
  while (at < a.length || bt < b.length) {
    const fromA = bt >= b.length || (at < a.length && a[at]! <= b[bt]!)
    const first = fromA ? a[at]! : b[bt]!
    const end = first + (fromA ? a[at + 1]! : b[bt + 1]!)
    if (fromA) at += 2
    else bt += 2
    const last = result.length - 2
    if (last >= 0 && first <= result[last]! + result[last + 1]!) {
      result[last + 1] = Math.max(result[last]! + result[last + 1]!, end) - result[last]!
    } else result.push(first, end - first)
  }
  return result
}

export function unionAll(sets: readonly OffsetRanges[]): OffsetRanges {
  if (sets.length <= 2) return union(sets[0] ?? noOffsets, sets[1] ?? noOffsets)
  const middle = sets.length >>> 1
  return union(unionAll(sets.slice(0, middle)), unionAll(sets.slice(middle)))
}

export function intersection(a: OffsetRanges, b: OffsetRanges): OffsetRanges {
  if (a.length === 0 || b.length === 0) return noOffsets
  const result: number[] = []
  let at = startFor(a, b[0]!)
  let bt = startFor(b, a[0]!)
  while (at < a.length && bt < b.length) {
    const endA = a[at]! + a[at + 1]!
    const endB = b[bt]! + b[bt + 1]!
    const first = Math.max(a[at]!, b[bt]!)
    const end = Math.min(endA, endB)
    if (end > first) result.push(first, end - first)
    if (endA < endB) at += 2
    else bt += 2
  }
  return result
}

/** What is in `a` and not in `b`. */
export function difference(a: OffsetRanges, b: OffsetRanges): OffsetRanges {
  if (a.length === 0 || b.length === 0) return a
  const result: number[] = []
  let bt = startFor(b, a[0]!)
  for (let at = 0; at < a.length; at += 2) {
    let first = a[at]!
    const end = first + a[at + 1]!
    while (bt < b.length && b[bt]! + b[bt + 1]! <= first) bt += 2
    for (let index = bt; index < b.length && b[index]! < end; index += 2) {
      if (b[index]! > first) result.push(first, b[index]! - first)
      first = Math.max(first, b[index]! + b[index + 1]!)
    }
    if (first < end) result.push(first, end - first)
  }
  return result
}

/** What is from `first` on, and before `end`. */
export function within(ranges: OffsetRanges, first: number, end: number): OffsetRanges {
  if (ranges.length === 0 || (first <= ranges[0]! && end >= endOf(ranges))) return end > first ? ranges : noOffsets
  return intersection(ranges, rangeOf(first, end))
}

export function contains(ranges: OffsetRanges, offset: number): boolean {
  const index = startFor(ranges, offset)
  return index < ranges.length && ranges[index]! <= offset
}

/** Behind the last offset; 0 for none. */
export function endOf(ranges: OffsetRanges): number {
  return ranges.length === 0 ? 0 : ranges[ranges.length - 2]! + ranges[ranges.length - 1]!
}

/** Index of the first pair that ends behind `offset`. */
function startFor(ranges: OffsetRanges, offset: number): number {
  let low = 0
  let high = ranges.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ranges[middle * 2]! + ranges[middle * 2 + 1]! > offset) high = middle
    else low = middle + 1
  }
  return low * 2
}
