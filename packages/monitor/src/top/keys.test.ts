import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from 'sluice/testing'
import { KeyReader } from './key-reader.ts'
import { decodeKeys } from './keys.ts'

test('keys - letters, control keys and the sequences of terminals have names', () => {
  assert.deepEqual(decodeKeys('q?\r \x7f\x03\x1a\x0c'), ['q', '?', 'enter', 'space', 'backspace', 'ctrl-c', 'ctrl-z', 'ctrl-l'])
  assert.deepEqual(decodeKeys('\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1b[4~ö\u{1f680}'), [
    'up',
    'down',
    'pageup',
    'pagedown',
    'home',
    'end',
    'ö',
    '\u{1f680}',
  ])
})

test('keys - what is not known of is passed over as a whole: no letter of it is a key', () => {
  assert.deepEqual(decodeKeys('\x1b[1;5A\x1b[200~\x1b[<0;10;20M\x01j'), ['j'])
})

test('keys - a sequence that comes in pieces is one key, and an escape alone is one a moment later', () => {
  const clock = new ManualClock()
  const keys: string[] = []
  const reader = new KeyReader(clock, (key) => keys.push(key))
  for (const piece of ['\x1b', '[', 'A', 'x\x1b[', '6', '~']) reader.push(piece)
  assert.deepEqual(keys, ['up', 'x', 'pagedown'])
  reader.push('\x1b')
  assert.deepEqual(keys.slice(3), [])
  clock.advance(50)
  assert.deepEqual(keys.slice(3), ['escape'])
})

test('keys - however the pieces are cut, the keys are the same', () => {
  const sequence = fc.constantFrom('\x1b[A', '\x1bOB', '\x1b[6~', 'q', ' ', '\r', '\x1b[1;5C')
  fc.assert(
    fc.property(fc.array(sequence, { maxLength: 20 }), fc.array(fc.nat(4)), (sequences, cuts) => {
      const text = sequences.join('')
      const keys: string[] = []
      const reader = new KeyReader(new ManualClock(), (key) => keys.push(key))
      let at = 0
      for (const cut of [...cuts, text.length]) {
        reader.push(text.slice(at, at + cut))
        at += cut
      }
      assert.deepEqual(keys, decodeKeys(text))
    }),
  )
})
