import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { registerHooks, syncBuiltinESMExports } from 'node:module'
import { after, test } from 'node:test'
import { isKafkaError } from 'sluice'
import { recordContext, recordOf, testContext } from 'sluice/testing'
import { regexFilter } from '../regex-filter/index.ts'
import { uuidHeader } from '../uuid-header/index.ts'

// As if neither package were installed; a process of its own runs this file.
const hooks = registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== 're2js' && specifier !== 'uuid') return next(specifier, context)
    throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' })
  },
})
after(() => hooks.deregister())

const asksFor = (command: string) => (error: unknown) => isKafkaError(error) && error.code === 'CONFIG' && error.message.endsWith(command)

test("regexFilter - without re2js JavaScript's engine runs, and one warning says what to install", async () => {
  const context = testContext()
  const interceptor = regexFilter({ regex: 'a' })
  await interceptor.configure?.(context)
  const record = recordOf({ value: 'a' })
  assert.equal(interceptor.onSend?.(record, recordContext()), record)
  assert.deepEqual(
    context.logger.lines.map(({ level, message }) => [level, /npm install re2js/.test(message)]),
    [['warn', true]],
  )
})

test('regexFilter - when RE2 was asked for, a missing re2js is an error that says what to install', async () => {
  await assert.rejects(
    async () => await regexFilter({ regex: 'a', engine: 're2' }).configure?.(testContext()),
    asksFor('npm install re2js'),
  )
})

test("regexFilter - whoever asks for JavaScript's engine, or for Flume's ways, is not warned", async () => {
  const context = testContext()
  await regexFilter({ regex: 'a', engine: 'javascript' }).configure?.(context)
  await regexFilter({ regex: 'a', compat: 'flume' }).configure?.(context)
  assert.deepEqual(context.logger.lines, [])
})

test('uuidHeader - where neither Node nor the package has version 7, it says what to install', async (t) => {
  const own = crypto.randomUUIDv7
  t.after(() => {
    Object.assign(crypto, { randomUUIDv7: own })
    syncBuiltinESMExports()
  })
  Object.assign(crypto, { randomUUIDv7: undefined })
  syncBuiltinESMExports()
  await assert.rejects(async () => await uuidHeader({ version: 7 }).configure?.(testContext()), asksFor('npm install uuid'))
})
