import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryClaims } from './memory-claims.ts'

const times = { ttlMs: 1000, claimTtlMs: 100 }

test('dedupe in memory - what a plain list would say, whatever is claimed, confirmed, released and when', () => {
  const id = fc.constantFrom('a', 'b', 'c')
  const owner = fc.constantFrom('1', '2')
  const step = fc.oneof(
    fc.record({ what: fc.constantFrom('claim', 'confirm', 'release'), id, owner }),
    fc.record({ what: fc.constant('wait'), id, owner, ms: fc.constantFrom(1, 99, 100, 1000) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let now = 0
      const claims = new MemoryClaims(times, 1000, () => now)
      const model = new Map<string, { owner: string; isDone: boolean; until: number }>()
      for (const step of steps) {
        const found = model.get(step.id)
        const live = found !== undefined && found.until > now ? found : undefined
        const put = (isDone: boolean) => model.set(step.id, { owner: step.owner, isDone, until: now + (isDone ? 1000 : 100) })
        if ('ms' in step) now += step.ms
        else if (step.what === 'claim') {
          const expected = live === undefined || (!live.isDone && live.owner === step.owner) ? 'granted' : live.isDone ? 'done' : 'held'
          if (expected === 'granted') put(false)
          assert.equal(claims.claim(step.id, step.owner, false), expected)
        } else if (step.what === 'confirm') {
          if (live === undefined || live.owner === step.owner) put(true)
          claims.confirm(step.id, step.owner)
        } else {
          if (found?.owner === step.owner) model.delete(step.id)
          claims.release(step.id, step.owner)
        }
      }
    }),
  )
})

test('dedupe in memory - it holds no more than maxIds, and keeps those that were asked for last', () => {
  const claims = new MemoryClaims(times, 3, () => 0)
  for (const id of ['a', 'b', 'c']) claims.claim(id, '1', true)
  assert.equal(claims.claim('a', '2', true), 'done')
  for (let n = 0; n < 50; n++) {
    claims.claim(`n${n}`, '1', true)
    assert.equal(claims.claim('a', '2', true), 'done')
    assert.ok(claims.size <= 3)
  }
  assert.equal(claims.claim('b', '2', true), 'granted')
})

test('dedupe in memory - ids whose time is over leave as others come', () => {
  let now = 0
  const claims = new MemoryClaims(times, 1_000_000, () => now)
  for (let n = 0; n < 500; n++) claims.claim(`n${n}`, '1', true)
  now = 5000
  claims.claim('another', '1', true)
  assert.equal(claims.size, 1)
})
