import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConsumerRecords, RecordHeaders } from 'sluice'
import { staticHeader } from './index.ts'

const recordWith = (headers = new RecordHeaders()) => ({
  topic: 't',
  partition: undefined,
  key: null,
  value: null,
  timestamp: undefined,
  headers,
})

test('staticHeader - writes key: value when it is told nothing, as Flume does', () => {
  const record = recordWith()
  assert.equal(staticHeader().onSend?.(record, {} as never), record)
  assert.equal(record.headers.getString('key'), 'value')
})

test('staticHeader - keeps an existing header by default, and replaces every one with preserveExisting: false', () => {
  const kept = recordWith(new RecordHeaders().add('dc', 'old'))
  staticHeader({ key: 'dc', value: 'new' }).onSend?.(kept, {} as never)
  assert.deepEqual(kept.headers.getAll('dc').map(String), ['old'])
  const replaced = recordWith(new RecordHeaders().add('dc', 'old').add('dc', 'older'))
  staticHeader({ key: 'dc', value: 'new', preserveExisting: false }).onSend?.(replaced, {} as never)
  assert.deepEqual(replaced.headers.getAll('dc').map(String), ['new'])
})

test('staticHeader - on the consumer it adds the header to each record', () => {
  const record = (offset: number) => ({ topic: 't', partition: 0, offset, headers: new RecordHeaders() }) as never
  const records = new ConsumerRecords([{ topic: 't', partition: 0, records: [record(0), record(1)] }])
  const returned = staticHeader({ key: 'read-in', value: 'eu' }).onConsume?.(records, {} as never) as ConsumerRecords
  assert.deepEqual(
    [...(returned ?? [])].map(({ headers }) => headers.getString('read-in')),
    ['eu', 'eu'],
  )
})

test('staticHeader - common options reach the interceptor, and a wrong one is refused', () => {
  const interceptor = staticHeader({ name: 'dc', onError: 'fail', topics: 'orders' })
  assert.deepEqual([interceptor.name, interceptor.onError, interceptor.topics], ['dc', 'fail', 'orders'])
  assert.throws(() => staticHeader({ vlaue: 'x' } as never), /staticHeader: unknown option "vlaue"; did you mean "value"/)
})
