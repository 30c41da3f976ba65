import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OffsetRangeSet, type OffsetRanges } from 'sluice/monitor-report'
import { contains, countOf, difference, endOf, intersection, noOffsets, rangeOf, union, unionAll, within } from './offset-ranges.ts'

const LAST = 80

function offsetsOf(ranges: OffsetRanges): number[] {
  const offsets: number[] = []
  for (let index = 0; index < ranges.length; index += 2) {
    for (let offset = ranges[index]!; offset < ranges[index]! + ranges[index + 1]!; offset++) offsets.push(offset)
  }
  return offsets
}

const someRanges = fc.array(fc.tuple(fc.nat(LAST), fc.nat(9)), { maxLength: 15 }).map((additions): OffsetRanges => {
  const set = new OffsetRangeSet()
  for (const [first, count] of additions) set.add(first, count)
  return set.toRanges()
})

/** Also: ascending, neither touching nor overlapping, none of them empty. */
function assertIs(ranges: OffsetRanges, expected: (offset: number) => boolean): void {
  const offsets = Array.from({ length: LAST + 20 }, (_, offset) => offset)
  assert.deepEqual(offsetsOf(ranges), offsets.filter(expected))
  for (let index = 0; index < ranges.length; index += 2) {
    assert.ok(ranges[index + 1]! > 0)
    if (index > 0) assert.ok(ranges[index]! > ranges[index - 2]! + ranges[index - 1]!)
  }
}

test('offset ranges - every operation does what it does to sets of single offsets', () => {
  fc.assert(
    fc.property(someRanges, someRanges, someRanges, fc.nat(LAST), fc.nat(LAST), (a, b, c, first, end) => {
      const [inA, inB, inC] = [a, b, c].map((ranges) => new Set(offsetsOf(ranges))) as [Set<number>, Set<number>, Set<number>]
      assertIs(union(a, b), (offset) => inA.has(offset) || inB.has(offset))
      assertIs(unionAll([a, b, c]), (offset) => inA.has(offset) || inB.has(offset) || inC.has(offset))
      assertIs(intersection(a, b), (offset) => inA.has(offset) && inB.has(offset))
      assertIs(difference(a, b), (offset) => inA.has(offset) && !inB.has(offset))
      assertIs(within(a, first, end), (offset) => inA.has(offset) && offset >= first && offset < end)
      assert.equal(countOf(a), inA.size)
      assert.equal(contains(a, first), inA.has(first))
      assert.equal(endOf(a), Math.max(-1, ...inA) + 1)
    }),
    { numRuns: 1000 },
  )
})

test('offset ranges - of none, and of an empty one', () => {
  assert.deepEqual(unionAll([]), noOffsets)
  assert.deepEqual(rangeOf(5, 5), noOffsets)
  assert.deepEqual(rangeOf(5, 8), [5, 3])
})
