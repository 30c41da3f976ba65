import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError } from '../errors.ts'
import { RecordHeaders } from './headers.ts'
import { normalizeRecord, toProducerRecord } from './producer-record.ts'

const refused = (pattern: RegExp) => (error: unknown) =>
  isKafkaError(error) && error.code === 'INVALID_ARGUMENT' && pattern.test(error.message)

test('producer record - what is left out is null or undefined, and headers belong to the send', () => {
  const headers = new RecordHeaders().add('a', '1')
  const record = toProducerRecord({ topic: 't', value: 'v', headers })
  assert.deepEqual(
    { ...record, headers: undefined },
    { topic: 't', partition: undefined, key: null, value: 'v', timestamp: undefined, headers: undefined },
  )
  record.headers.add('b', '2')
  assert.equal(headers.size, 1)
})

test('producer record - a topic that is missing is refused (KP-9)', () => {
  for (const topic of [null, undefined, '', 5, 'x'.repeat(250)]) assert.throws(() => toProducerRecord({ topic } as never), refused(/topic/))
  for (const init of [null, undefined, 'topic']) assert.throws(() => toProducerRecord(init as never), refused(/record must be an object/))
})

test('producer record - partition and timestamp are whole and not negative, as in Java', () => {
  for (const bad of [-1, 1.5, Number.NaN, '1', null, 2 ** 53]) {
    assert.throws(() => toProducerRecord({ topic: 't', partition: bad as never }), refused(/"t": partition/))
    assert.throws(() => toProducerRecord({ topic: 't', timestamp: bad as never }), refused(/"t": timestamp/))
  }
  assert.equal(toProducerRecord({ topic: 't', partition: 0, timestamp: 0 }).partition, 0)
})

test('producer record - a misspelt property is refused with the near name', () => {
  assert.throws(() => toProducerRecord({ topic: 't', partiton: 3 } as never), refused(/"partiton"; did you mean "partition"\?/))
})

test('producer record - what an interceptor returned is made whole, and an entire record is the same object', () => {
  const record = toProducerRecord({ topic: 't', value: 'v' })
  assert.equal(normalizeRecord(record), record)
  const short = normalizeRecord({ topic: 't', value: 'v', headers: { a: '1' } } as never)
  assert.equal(short.key, null)
  assert.equal(short.headers.getString('a'), '1')
  assert.throws(() => normalizeRecord({ ...record, partition: -2 }), refused(/partition/))
})
