import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compact, duration, exact, percent } from './figures.ts'
import { amountLine, bar, shareLine, unicodeGlyphs } from './glyphs.ts'
import { deliveredShare, drainMs, matchesFilter, sortStreams } from './stream-figures.ts'
import { orders, rows, streamRow } from './testing/seeded.ts'
import { cut, widthOf } from './text.ts'

test('figures - a duration takes five columns at most, a rate five, from nothing to years', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 8e11, noNaN: true }), (ms) => {
      assert.ok(duration(ms).length <= 5, duration(ms))
    }),
  )
  fc.assert(
    fc.property(fc.double({ min: 0, max: 9e14, noNaN: true }), (value) => {
      assert.ok(compact(value).length <= 5, compact(value))
    }),
  )
})

test('figures - limits of units', () => {
  assert.deepEqual([0, 0.42, 84, 300, 1210, 57_000, 3_420_000, 7_200_000, 432_000_000].map(duration), [
    '0ms',
    '0.4ms',
    '84ms',
    '300ms',
    '1.2s',
    '57s',
    '57m',
    '2h',
    '5d',
  ])
  assert.deepEqual([0, 0.25, 12.54, 999.4, 999.5, 4_100_000].map(compact), ['0', '0.25', '12.5', '999', '1k', '4.1M'])
  assert.deepEqual([12, 999_999, 1_000_000].map(exact), ['12', '999999', '1M'])
  assert.deepEqual([1, 0.999_999_9, 0.999, 0.5, 0].map(percent), ['100%', '99.999%', '99.900%', '50.0%', '0.0%'])
})

test('glyphs - a bar has its width, and is full only for all of it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 40 }), (share, width) => {
      const drawn = bar(share, width, unicodeGlyphs)
      assert.equal(widthOf(drawn), width)
      assert.equal(drawn === '█'.repeat(width), share === 1)
    }),
  )
})

test('glyphs - a window in which little is missing is lower than one in which nothing is', () => {
  assert.equal(shareLine([1, 0.9999, 0, null], 10, unicodeGlyphs), '█▇▁·')
  assert.equal(amountLine([0, 1, 50, 100, null], 10, unicodeGlyphs), '▁▂▅█·')
  assert.equal(amountLine([0, 0], 10, unicodeGlyphs), '▁▁')
})

test('text - wide letters take two columns, marks none, and a cut never goes beyond', () => {
  assert.deepEqual(['abc', 'ウェブ', '\u{1f680}', 'größe', 'e\u0301', '👩‍🚀', '█▏░'].map(widthOf), [3, 6, 2, 5, 1, 2, 3])
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, width) => {
      assert.ok(widthOf(cut(text, width, '…')) <= width)
    }),
  )
})

test('streams - lost is what is missing, expired or overwritten; what is lag is not lost', () => {
  assert.equal(deliveredShare(streamRow({ topic: 't', group: 'g', consumed: 6, missing: 1, expired: 2, overwritten: 1, lag: 90 })), 0.6)
  assert.equal(deliveredShare(streamRow({ topic: 't', group: 'g', lag: 90 })), null)
  assert.equal(deliveredShare(streamRow({ topic: 't', group: null, consumed: 3 })), null)
})

test('streams - worst first is lost records, then repeated ones, then time; names decide between equals', () => {
  const names = (order: Parameters<typeof sortStreams>[1]) => sortStreams(rows, order).map(({ topic, group }) => `${topic}/${group}`)
  assert.deepEqual(names('worst').slice(0, 3), ['orders/billing', 'orders/search', 'audit/null'])
  assert.deepEqual(names('lag').slice(0, 2), ['orders/search', 'orders/billing'])
  assert.deepEqual(names('latency').slice(0, 2), ['orders/billing', 'clicks/sessions'])
  assert.deepEqual(names('name').slice(0, 2), ['audit/null', 'clicks/sessions'])
})

test('streams - a lag that shrinks has an end, one that grows has none', () => {
  assert.equal(drainMs({ ...orders, lag: 100, producedPerSec: 10, consumedPerSec: 60 }), 2000)
  assert.equal(drainMs({ ...orders, lag: 100, producedPerSec: 60, consumedPerSec: 60 }), Number.POSITIVE_INFINITY)
  assert.equal(drainMs({ ...orders, lag: 0 }), 0)
})

test('streams - a star in a name stands for any characters, as a regular expression would have it', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 8 })
  fc.assert(
    fc.property(letters, letters, (pattern, name) => {
      const expected = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(name)
      assert.equal(matchesFilter({ topics: [pattern], groups: [] }, streamRow({ topic: name, group: 'g' })), expected)
    }),
  )
})
