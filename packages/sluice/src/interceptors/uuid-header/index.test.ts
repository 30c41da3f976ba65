// The cases of Flume's TestUUIDInterceptor, the edges of its source, and what is new here
import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { consumerRecordsOf, interceptorContract, recordContext, recordOf, testContext } from 'sluice/testing'
import { type UuidHeaderOptions, uuidHeader } from './index.ts'

const VERSION_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

async function sent(options: UuidHeaderOptions, headers: Record<string, string | null> = {}) {
  const interceptor = uuidHeader(options)
  await interceptor.configure?.(testContext())
  const record = recordOf({ value: 'x', headers })
  assert.equal(interceptor.onSend?.(record, recordContext()), record)
  return record.headers
}

test('TestUUIDInterceptor.testBasic - an id is written', async () => {
  const headers = await sent({ compat: 'flume', headerName: 'id', preserveExisting: 'true' as never })
  assert.match(headers.getString('id') ?? '', VERSION_4)
})

test('TestUUIDInterceptor.testPreserveExisting - the one that is there stays, which is the default', async () => {
  assert.equal((await sent({ compat: 'flume', preserveExisting: 'true' as never }, { id: 'foo' })).getString('id'), 'foo')
  assert.equal((await sent({}, { id: 'foo' })).getString('id'), 'foo')
  assert.equal((await sent({}, { id: null })).get('id'), null)
  assert.match((await sent({ preserveExisting: false }, { id: 'foo' })).getString('id') ?? '', VERSION_4)
})

test('TestUUIDInterceptor.testPrefix - the prefix stands before the id', async () => {
  const id = (await sent({ compat: 'flume', prefix: 'bar#' })).getString('id') ?? ''
  assert.ok(id.startsWith('bar#'))
  assert.match(id.slice(4), VERSION_4)
})

test('uuidHeader - version 7 starts with the time', async () => {
  const before = Date.now()
  const id = (await sent({ version: 7 })).getString('id') ?? ''
  assert.match(id, VERSION_7)
  const time = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
  assert.ok(time >= before && time <= Date.now())
})

test('uuidHeader - where Node has no version 7, the package uuid makes it', async (t) => {
  const own = crypto.randomUUIDv7
  t.after(() => {
    Object.assign(crypto, { randomUUIDv7: own })
    syncBuiltinESMExports()
  })
  Object.assign(crypto, { randomUUIDv7: undefined })
  syncBuiltinESMExports()
  assert.match((await sent({ version: 7 })).getString('id') ?? '', VERSION_7)
  assert.throws(() => uuidHeader({ version: 7 }).onSend?.(recordOf(), recordContext()), /configure, which has not run yet/)
})

test('uuidHeader - no two records get the same id, on either side', async () => {
  const interceptor = uuidHeader({ headerName: 'event-id' })
  const records = consumerRecordsOf(Array.from({ length: 100 }, () => ({})))
  interceptor.onConsume?.(records, {} as never)
  assert.equal(new Set([...records].map(({ headers }) => headers.getString('event-id'))).size, 100)
})

test('uuidHeader - generate and isMatch stand for what Flume has subclasses for', async () => {
  const options: UuidHeaderOptions = { prefix: 'n-', generate: () => '1', isMatch: ({ headers }) => !headers.has('skip') }
  assert.equal((await sent(options)).getString('id'), 'n-1')
  assert.equal((await sent(options, { skip: '' })).get('id'), undefined)
})

test('uuidHeader - wrong options are refused', () => {
  assert.throws(() => uuidHeader({ version: 5 as never }), /version must be 4 or 7/)
  assert.throws(() => uuidHeader({ headername: 'x' } as never), /did you mean "headerName"/)
  assert.throws(() => uuidHeader({ generate: 'x' as never }), /generate must be a function, not string/)
})

interceptorContract(uuidHeader)
