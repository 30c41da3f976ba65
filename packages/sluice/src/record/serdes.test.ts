import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isKafkaError } from '../errors.ts'
import { RecordHeaders } from './headers.ts'
import {
  bufferDeserializer,
  bufferSerializer,
  jsonDeserializer,
  jsonSerializer,
  type Serializer,
  stringDeserializer,
  stringSerializer,
} from './serdes.ts'

const headers = new RecordHeaders()

/** Both ways to serialize give the same bytes; into a target that is one byte too short nothing may be written. */
function bytesBothWays<T>(serializer: Serializer<T>, data: T): Buffer {
  const whole = Buffer.from(serializer.serialize('t', data, headers) as Uint8Array)
  const target = Buffer.alloc(whole.length + 2, 0xff)
  assert.equal(serializer.serializeInto?.('t', data, headers, target, 1), whole.length)
  assert.deepEqual(target.subarray(1, whole.length + 1), whole)
  assert.equal(target[0], 0xff)
  assert.equal(target[whole.length + 1], 0xff)
  assert.equal(serializer.serializeInto?.('t', data, headers, target.subarray(0, whole.length + 1), 1), whole.length)
  if (whole.length > 0) assert.equal(serializer.serializeInto?.('t', data, headers, target.subarray(0, whole.length), 1), -1)
  return whole
}

test('serdes - strings go through as UTF-8, directly and into a target', () => {
  const texts = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.string({ unit: 'binary-ascii', maxLength: 80 }))
  fc.assert(
    fc.property(texts, (text) => {
      assert.equal(stringDeserializer.deserialize('t', bytesBothWays(stringSerializer, text), headers), text)
    }),
  )
  // A lone surrogate has no UTF-8: both ways write U+FFFD.
  assert.equal(bytesBothWays(stringSerializer, 'a\ud800b').toString(), 'a\ufffdb')
})

test('serdes - JSON and bytes come back as they were', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const bytes = bytesBothWays(jsonSerializer(), value)
      assert.deepEqual(jsonDeserializer().deserialize('t', bytes, headers), JSON.parse(JSON.stringify(value)))
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array(), (value) => {
      assert.deepEqual(bufferDeserializer.deserialize('t', bytesBothWays(bufferSerializer, value as Buffer), headers), Buffer.from(value))
    }),
  )
})

test('serdes - a value of the wrong type is a SERIALIZATION error that names the serializer and not the value', () => {
  const cycle: Record<string, unknown> = { secret: 'secret' }
  cycle.self = cycle
  for (const [serializer, value, pattern] of [
    [stringSerializer, 4711, /stringSerializer.*number.*"t"/],
    [stringSerializer, Buffer.from('secret'), /stringSerializer.*bytes/],
    [bufferSerializer, 'secret', /bufferSerializer.*string/],
    [jsonSerializer(), undefined, /jsonSerializer.*undefined/],
    [jsonSerializer(), cycle, /jsonSerializer.*refers to itself/],
    [jsonSerializer(), { secret: 1n }, /jsonSerializer.*bigint/],
  ] as [Serializer<unknown>, unknown, RegExp][]) {
    const right = (error: unknown): boolean =>
      isKafkaError(error) && error.code === 'SERIALIZATION' && pattern.test(error.message) && !/secret|4711/.test(error.message)
    assert.throws(() => serializer.serialize('t', value, headers), right)
    assert.throws(() => serializer.serializeInto?.('t', value, headers, Buffer.alloc(9), 0), right)
  }
  assert.throws(
    () => jsonDeserializer().deserialize('t', Buffer.from('{"secret"'), headers),
    (error) => isKafkaError(error) && error.code === 'SERIALIZATION' && !/secret/.test(error.message),
  )
})
