import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consoleLogger, type LogFields } from './logger.ts'

test('consoleLogger - one line for each call: objects as JSON, and nobody who names something begins another line', (t) => {
  const written = t.mock.method(process.stderr, 'write', () => true)
  const lineOf = (message: string, fields: LogFields): unknown => {
    consoleLogger.warn(message, fields)
    return written.mock.calls.at(-1)?.arguments[0]
  }
  const circular: { self?: object } = {}
  circular.self = circular
  assert.equal(
    lineOf('it failed', {
      topic: 'orders',
      partition: 1,
      error: new Error('no "way"'),
      at: null,
      more: { code: 'X' },
      circular,
      not: undefined,
    }),
    'sluice warn: it failed topic=orders partition=1 error="no \\"way\\"" at=null more={"code":"X"} circular=[object Object] not=undefined\n',
  )
  assert.equal(lineOf('a', { key: 'k\nsluice error: b' }), 'sluice warn: a key="k\\nsluice error: b"\n')
  assert.equal(lineOf('a\u001b[31m\u2028b', { key: '\u009bx' }), 'sluice warn: a\\u001b[31m\\u2028b key=\\u009bx\n')
})
