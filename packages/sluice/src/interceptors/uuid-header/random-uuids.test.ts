import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomUuids } from './random-uuids.ts'

test('randomUuids - are UUIDs of version 4 in lower case, and none comes twice', () => {
  const next = randomUuids()
  const all = Array.from({ length: 2000 }, next)
  for (const uuid of all) assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(new Set(all).size, all.length)
})

test('randomUuids - every random digit takes every value', () => {
  const next = randomUuids()
  const seen = Array.from({ length: 36 }, () => new Set<string>())
  for (let n = 0; n < 2000; n++) for (const [place, digit] of [...next()].entries()) seen[place]!.add(digit)
  const counts = seen.map((digits) => digits.size)
  const wanted = counts.map((_, place) => ([8, 13, 14, 18, 23].includes(place) ? 1 : place === 19 ? 4 : 16))
  assert.deepEqual(counts, wanted)
})
