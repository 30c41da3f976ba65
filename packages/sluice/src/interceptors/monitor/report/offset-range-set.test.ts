import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OffsetRangeSet } from './offset-range-set.ts'
import type { OffsetRanges } from './report.ts'

function offsetsOf(ranges: OffsetRanges): number[] {
  const offsets: number[] = []
  for (let i = 0; i < ranges.length; i += 2) for (let n = 0; n < ranges[i + 1]!; n++) offsets.push(ranges[i]! + n)
  return offsets
}

const additions = fc.array(fc.tuple(fc.nat(60), fc.nat(8)), { maxLength: 40 })

test('offset ranges - hold exactly what was added, ascending, neither touching nor overlapping', () => {
  fc.assert(
    fc.property(additions, fc.nat(70), fc.nat(20), (list, first, count) => {
      const set = new OffsetRangeSet()
      const truth = new Set<number>()
      for (const [from, length] of list) {
        set.add(from, length)
        for (let n = 0; n < length; n++) truth.add(from + n)
      }
      const ranges = set.toRanges()
      assert.deepEqual(
        offsetsOf(ranges),
        [...truth].sort((a, b) => a - b),
      )
      for (let i = 2; i < ranges.length; i += 2) assert.ok(ranges[i]! > ranges[i - 2]! + ranges[i - 1]!)
      assert.equal(set.count, truth.size)
      const overlap = Array.from({ length: count }, (_, n) => first + n).filter((offset) => truth.has(offset))
      assert.deepEqual(offsetsOf(set.overlap(first, count)), overlap)
      set.dropBelow(first)
      assert.deepEqual(
        offsetsOf(set.toRanges()),
        [...truth].filter((offset) => offset >= first).sort((a, b) => a - b),
      )
    }),
  )
})

test('offset ranges - keep gives up the lowest', () => {
  const set = new OffsetRangeSet()
  for (const first of [0, 10, 20]) set.add(first, 1)
  assert.equal(set.keep(3), false)
  assert.equal(set.keep(2), true)
  assert.deepEqual(set.toRanges(), [10, 1, 20, 1])
})
