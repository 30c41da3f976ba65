import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { docsTables } from '../kafka/interceptor-trace/docs-tables.ts'

const page = new URL('../../docs/from-java.md', import.meta.url)
const BEGIN =
  '<!-- Written from the tables of test/kafka/interceptor-trace; SLUICE_RECORD=1 node --test test/docs/from-java.test.ts renews it. -->\n'

test('docs - from-java.md lists every deliberate difference that the trace against the Java client allows', () => {
  const text = readFileSync(page, 'utf8')
  const begin = text.indexOf(BEGIN)
  assert.ok(begin > 0, 'the line is missing after which the tables stand')
  const upToDate = text.slice(0, begin + BEGIN.length) + docsTables()
  if (process.env.SLUICE_RECORD === '1') writeFileSync(page, upToDate)
  assert.equal(readFileSync(page, 'utf8'), upToDate)
})
