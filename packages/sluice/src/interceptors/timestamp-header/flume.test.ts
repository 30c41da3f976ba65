// The cases of Flume's TestTimestampInterceptor, and the edges of its source
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumerRecordsOf, interceptorContract, ManualClock, recordContext, recordOf, testContext } from 'sluice/testing'
import { type TimestampHeaderOptions, timestampHeader } from './index.ts'

const clock = new ManualClock()
const NOW = clock.now()

function sent(options: TimestampHeaderOptions | undefined, headers: Record<string, string | null> = {}) {
  const record = recordOf({ value: 'test event', headers })
  const interceptor = timestampHeader({ compat: 'flume', ...options })
  interceptor.configure?.(testContext({ clock }))
  assert.equal(interceptor.onSend?.(record, recordContext()), record)
  return record.headers
}

test('TestTimestampInterceptor.testBasic - the timestamp header is set to now', () => {
  assert.equal(sent({}).getString('timestamp'), String(NOW))
})

test('TestTimestampInterceptor.testPreserve - preserveExisting keeps the one that is there', () => {
  assert.equal(sent({ preserveExisting: 'true' as never }, { timestamp: '1' }).getString('timestamp'), '1')
})

test('TestTimestampInterceptor.testClobber - without it the header is replaced', () => {
  assert.equal(sent({ preserveExisting: 'false' as never }, { timestamp: '1' }).getString('timestamp'), String(NOW))
  assert.equal(sent({}, { timestamp: '1' }).getString('timestamp'), String(NOW))
})

test('TestTimestampInterceptor.testCustomHeader - headerName names it, and the default name is left alone', () => {
  const headers = sent({ headerName: 'timestampHeader' }, { timestamp: '1' })
  assert.equal(headers.getString('timestamp'), '1')
  assert.equal(headers.getString('timestampHeader'), String(NOW))
})

test('timestampHeader - with preserveExisting a value is kept whatever it holds: null, or no time at all', () => {
  assert.equal(sent({ preserveExisting: true }, { timestamp: null }).get('timestamp'), null)
  assert.equal(sent({ preserveExisting: true }, { timestamp: 'garbage' }).getString('timestamp'), 'garbage')
})

test("timestampHeader - Flume's booleans: only true, in any case and with blanks around, is true", () => {
  for (const yes of ['true', 'TRUE', ' True ', true]) {
    assert.equal(sent({ preserveExisting: yes as never }, { timestamp: '1' }).getString('timestamp'), '1')
  }
  for (const no of ['yes', '1', 'false', '', 'truely', 1, false, null]) {
    assert.equal(sent({ preserveExisting: no as never }, { timestamp: '1' }).getString('timestamp'), String(NOW))
  }
})

test('timestampHeader - on the consumer the clock is read for each record', () => {
  let time = NOW
  const interceptor = timestampHeader({ compat: 'flume' })
  interceptor.configure?.(testContext({ clock: { now: () => time++, monotonic: () => 0, setTimer: () => ({ cancel() {} }) } as never }))
  const records = consumerRecordsOf([{}, {}])
  interceptor.onConsume?.(records, {} as never)
  assert.deepEqual(
    [...records].map(({ headers }) => headers.getString('timestamp')),
    [String(NOW), String(NOW + 1)],
  )
})

interceptorContract(timestampHeader)
