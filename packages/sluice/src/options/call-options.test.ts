import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError } from '../errors.ts'
import { checkCallOptions } from './call-options.ts'

const refused = (pattern: RegExp) => (error: unknown) =>
  isKafkaError(error) && error.code === 'INVALID_ARGUMENT' && pattern.test(error.message)

test('call options - what may be given passes', () => {
  const good = [undefined, {}, { timeoutMs: undefined, signal: undefined }, { timeoutMs: 0 }, { timeoutMs: Infinity }]
  for (const options of [...good, { timeoutMs: 1.5, signal: new AbortController().signal }]) checkCallOptions('poll', options)
})

test('call options - a time that is none, a signal that is none and a misspelt name are refused, not taken for the default', () => {
  for (const timeoutMs of [Number.NaN, -1, '100', null, new Date()]) {
    assert.throws(() => checkCallOptions('poll', { timeoutMs }), refused(/^poll: timeoutMs must be 0 or more/))
  }
  for (const signal of [{}, 'x', null, new AbortController()]) {
    assert.throws(() => checkCallOptions('poll', { signal }), refused(/^poll: signal must be an AbortSignal/))
  }
  assert.throws(() => checkCallOptions('poll', { timeout: 5 }), refused(/"timeout"; did you mean "timeoutMs"\?/))
  assert.throws(() => checkCallOptions('send', { timeoutMs: 5 }, ['signal']), refused(/^send: has no option "timeoutMs"/))
  for (const options of [100, null, [], 'x']) assert.throws(() => checkCallOptions('poll', options), refused(/as an object such as/))
})
