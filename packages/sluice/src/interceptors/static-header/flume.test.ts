// The cases of Flume's TestStaticInterceptor, and the edges of its source
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumerRecordsOf, interceptorContract, recordContext, recordOf } from 'sluice/testing'
import { type StaticHeaderOptions, staticHeader } from './index.ts'

function sent(options: StaticHeaderOptions, headers: Record<string, string | null> = {}) {
  const record = recordOf({ value: 'test', headers })
  staticHeader({ compat: 'flume', ...options }).onSend?.(record, recordContext())
  return record.headers
}

test('TestStaticInterceptor.testDefaultKeyValue - key: value is written', () => {
  assert.equal(sent({}).getString('key'), 'value')
})

test('TestStaticInterceptor.testCustomKeyValue - what is configured is written', () => {
  assert.equal(sent({ key: 'myKey', value: 'myVal' }).getString('myKey'), 'myVal')
})

test('TestStaticInterceptor.testReplace - preserveExisting: false replaces', () => {
  assert.equal(
    sent({ preserveExisting: 'false' as never, value: 'replacement value' }, { key: 'incumbent value' }).getString('key'),
    'replacement value',
  )
})

test('TestStaticInterceptor.testPreserve - preserveExisting: true keeps, and it is the default', () => {
  const incumbent = { key: 'incumbent value' }
  assert.equal(sent({ preserveExisting: 'true' as never, value: 'replacement value' }, incumbent).getString('key'), 'incumbent value')
  assert.equal(sent({ value: 'replacement value' }, incumbent).getString('key'), 'incumbent value')
})

test('staticHeader - a header that is null is there, and is kept', () => {
  assert.equal(sent({}, { key: null }).get('key'), null)
})

test('staticHeader - a number of a configuration file is text, as everything is for Flume', () => {
  assert.equal(sent({ value: 5 as never }).getString('key'), '5')
  assert.throws(() => staticHeader({ value: 5 as never }), /value must be a string, not number/)
})

test('staticHeader - writes the same pair to each record of a poll', () => {
  const records = consumerRecordsOf([{}, { headers: { key: 'old' } }])
  staticHeader({ preserveExisting: false }).onConsume?.(records, {} as never)
  assert.deepEqual(
    [...records].map(({ headers }) => headers.getString('key')),
    ['value', 'value'],
  )
})

interceptorContract(staticHeader)
