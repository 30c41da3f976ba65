import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { estimateClock } from './clock-estimate.ts'

test('clock estimate - the true offset lies within the bound, however uneven the ways there and back are', () => {
  const way = fc.integer({ min: 0, max: 200 })
  fc.assert(
    fc.property(fc.integer({ min: -5000, max: 5000 }), fc.array(fc.tuple(way, way), { minLength: 1, maxLength: 32 }), (ahead, ways) => {
      const probes = ways.map(([there, back], index) => {
        const receivedAt = 1_764_000_000_000 + index * 5000
        return { sentAt: receivedAt - there + ahead, ackedAt: receivedAt + back + ahead, receivedAt }
      })
      const { aheadMs, errorMs } = estimateClock(probes)!
      assert.ok(Math.abs(aheadMs - ahead) <= errorMs, `${aheadMs} ±${errorMs}, truly ${ahead}`)
      const quickest = Math.min(...ways.map(([there, back]) => there + back))
      assert.ok(errorMs <= quickest / 2 + 5)
    }),
  )
})

test('clock estimate - a clock that was set back between sending and acknowledgement tells nothing', () => {
  assert.equal(estimateClock([{ sentAt: 100, ackedAt: 90, receivedAt: 50 }]), undefined)
  assert.equal(estimateClock([]), undefined)
})
