import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type InterceptorContext, isKafkaError, RecordHeaders, silentLogger } from 'sluice'
import { timestampHeader } from './index.ts'

let time = 1_700_000_000_000
const context: InterceptorContext = {
  clientId: 'c',
  groupId: undefined,
  options: {},
  logger: silentLogger,
  clock: { now: () => time, monotonic: () => time, setTimer: () => ({ cancel() {} }) },
}
const recordWith = (headers = new RecordHeaders()) => ({
  topic: 't',
  partition: undefined,
  key: null,
  value: null,
  timestamp: undefined,
  headers,
})

test('timestampHeader - writes epoch milliseconds as decimal text, read anew for each record', () => {
  const interceptor = timestampHeader()
  interceptor.configure?.(context)
  const first = recordWith()
  assert.equal(interceptor.onSend?.(first, {} as never), first)
  time += 7
  const second = recordWith()
  interceptor.onSend?.(second, {} as never)
  assert.deepEqual([first.headers.getString('timestamp'), second.headers.getString('timestamp')], ['1700000000000', '1700000000007'])
})

test('timestampHeader - overwrites by default; with preserveExisting it keeps what is there, whatever it holds', () => {
  const headers = () => new RecordHeaders().add('at', null)
  const overwriting = timestampHeader({ headerName: 'at' })
  const record = recordWith(headers())
  overwriting.onSend?.(record, {} as never)
  assert.match(record.headers.getString('at') ?? '', /^\d{13}$/)
  assert.equal(record.headers.size, 1)
  const kept = recordWith(headers())
  timestampHeader({ headerName: 'at', preserveExisting: true }).onSend?.(kept, {} as never)
  assert.equal(kept.headers.get('at'), null)
})

test('timestampHeader - an unknown option is refused with the near name, a wrong value by its option', () => {
  const config = (pattern: RegExp) => (error: unknown) => isKafkaError(error) && error.code === 'CONFIG' && pattern.test(error.message)
  assert.throws(
    () => timestampHeader({ header: 'x' } as never),
    config(/timestampHeader: unknown option "header"; did you mean "headerName"/),
  )
  assert.throws(() => timestampHeader({ preserveExisting: 'true' as never }), config(/preserveExisting must be true or false, not string/))
  assert.throws(() => timestampHeader({ headerName: '' }), config(/headerName/))
  assert.throws(() => timestampHeader(null as never), config(/must be an object/))
})
