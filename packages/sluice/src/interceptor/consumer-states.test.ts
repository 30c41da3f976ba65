import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConsumerStates } from './consumer-states.ts'

const at = (partition: number, offset: number) => ({ topic: 't', partition, offset })

test('states - a commit takes those before it, in offset order whatever order they were set in, and only once', () => {
  const states = new ConsumerStates(() => {})
  for (const offset of [5, 2, 9, 3]) states.set('t', 0, offset, 1, `s${offset}`)
  states.set('t', 1, 4, 0, 'other')
  assert.deepEqual(
    states.take([at(0, 9)]).map(({ offset, states: slots }) => [offset, slots[1]]),
    [
      [2, 's2'],
      [3, 's3'],
      [5, 's5'],
    ],
  )
  assert.deepEqual(states.take([at(0, 9)]), [])
  assert.equal(states.size, 2)
})

test('states - full, the oldest of the fullest partition go, and it is told', () => {
  let told = 0
  const states = new ConsumerStates(() => told++, 10)
  states.set('t', 1, 0, 0, 'kept')
  for (let offset = 0; offset < 50; offset++) states.set('t', 0, offset, 0, offset)
  assert.ok(states.size <= 10)
  assert.ok(told > 0)
  assert.equal(states.get('t', 0, 49, 0), 49)
  assert.equal(states.get('t', 0, 0, 0), undefined)
  assert.equal(states.get('t', 1, 0, 0), 'kept')
})

test('states - behaves as a map of all that was set, for any order of calls', () => {
  const partition = fc.integer({ min: 0, max: 2 })
  const offset = fc.integer({ min: 0, max: 12 })
  const slot = fc.integer({ min: 0, max: 2 })
  const call = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), partition, offset, slot, state: fc.option(fc.integer(), { nil: undefined }) }),
    fc.record({ kind: fc.constant('take' as const), partition, offset }),
    fc.record({ kind: fc.constant('forget' as const), partition, offset }),
  )
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const states = new ConsumerStates(() => assert.fail('is not full'))
      const model = new Map<string, { partition: number; offset: number; slots: unknown[] }>()
      for (const one of calls) {
        const isBehind = (entry: { partition: number; offset: number }): boolean =>
          entry.partition === one.partition && entry.offset >= one.offset
        if (one.kind === 'set') {
          states.set('t', one.partition, one.offset, one.slot, one.state)
          const key = `${one.partition}@${one.offset}`
          const entry = model.get(key)
          if (entry !== undefined) entry.slots[one.slot] = one.state
          else if (one.state !== undefined) {
            const slots: unknown[] = []
            slots[one.slot] = one.state
            model.set(key, { partition: one.partition, offset: one.offset, slots })
          }
        } else if (one.kind === 'take') {
          const taken = states.take([at(one.partition, one.offset)])
          const expected = [...model.values()].filter((entry) => entry.partition === one.partition && entry.offset < one.offset)
          assert.deepEqual(
            taken.map((entry) => entry.offset),
            expected.map((entry) => entry.offset).sort((a, b) => a - b),
          )
          for (const entry of expected) model.delete(`${entry.partition}@${entry.offset}`)
        } else {
          states.forget('t', one.partition, one.offset)
          for (const [key, entry] of model) if (isBehind(entry)) model.delete(key)
        }
        assert.equal(states.size, model.size)
      }
      for (const entry of model.values()) {
        for (let index = 0; index < 3; index++) assert.equal(states.get('t', entry.partition, entry.offset, index), entry.slots[index])
      }
    }),
  )
})
