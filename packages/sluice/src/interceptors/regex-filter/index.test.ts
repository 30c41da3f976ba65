import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConsumerRecords, isKafkaError, RecordHeaders } from 'sluice'
import { type RegexFilterOptions, regexFilter } from './index.ts'

function passes(options: RegexFilterOptions | undefined, value: unknown): boolean {
  const record = { topic: 't', partition: undefined, key: null, value, timestamp: undefined, headers: new RecordHeaders() }
  const returned = regexFilter(options).onSend?.(record, {} as never)
  if (returned === record) return true
  assert.equal((returned as { verdict?: string }).verdict, 'drop')
  return false
}

test('regexFilter - searches anywhere in the value; excludeEvents turns it round', () => {
  assert.equal(passes({ regex: 'error' }, 'an error here'), true)
  assert.equal(passes({ regex: '^error' }, 'an error here'), false)
  assert.equal(passes({ regex: '^\\[.*\\] \\[error\\]', excludeEvents: true }, '[Sun] [error] x'), false)
  assert.equal(passes({ regex: /ERROR/gi }, 'error'), true)
  assert.equal(passes({ regex: /ERROR/gi }, 'error'), true)
})

test('regexFilter - the default regex lets everything pass, also an empty or null value', () => {
  for (const value of ['', null, 'x', Buffer.alloc(0)]) assert.equal(passes(undefined, value), true)
})

test('regexFilter - excludeEvents without a regex drops all, so it must be meant', () => {
  assert.throws(
    () => regexFilter({ excludeEvents: true }),
    (error) => isKafkaError(error) && error.code === 'CONFIG' && /drops every record/.test(error.message),
  )
  assert.equal(passes({ excludeEvents: true, compat: 'flume' }, ''), false)
  assert.equal(passes({ excludeEvents: true, regex: '.*' }, 'x'), false)
})

test('regexFilter - bytes are read in the charset, objects as their JSON', () => {
  assert.equal(passes({ regex: '^é$' }, Buffer.from('é')), true)
  assert.equal(passes({ regex: '^é$' }, new Uint8Array(Buffer.from('é'))), true)
  assert.equal(passes({ regex: '^é$', charset: 'latin1' }, Buffer.from([0xe9])), true)
  assert.equal(passes({ regex: '^é$' }, Buffer.from([0xe9])), false)
  assert.equal(passes({ regex: '"level":"debug"' }, { level: 'debug' }), true)
})

test('regexFilter - the same regex gives the same answer for every record', () => {
  const filter = regexFilter({ regex: /a/y })
  const record = { topic: 't', partition: undefined, key: null, value: 'aa', timestamp: undefined, headers: new RecordHeaders() }
  for (let i = 0; i < 5; i++) assert.equal(filter.onSend?.(record, {} as never), record)
})

test('regexFilter - on the consumer it leaves records out and positions as they are', () => {
  const record = (offset: number, value: string) => ({ topic: 't', partition: 0, offset, value, headers: new RecordHeaders() }) as never
  const given = new ConsumerRecords(
    [{ topic: 't', partition: 0, records: [record(0, 'DEBUG a'), record(1, 'INFO b')] }],
    [{ topic: 't', partition: 0, offset: 2 }],
  )
  const after = regexFilter({ regex: '^DEBUG', excludeEvents: true }).onConsume?.(given, {} as never) as ConsumerRecords
  assert.deepEqual(
    [...(after ?? [])].map(({ offset }) => offset),
    [1],
  )
  assert.deepEqual(after?.nextOffsets, given.nextOffsets)
})

test("regexFilter - what is Java's alone is refused, and leading flags are understood", () => {
  assert.equal(passes({ regex: '(?is)error.end' }, 'an ERROR\nend'), true)
  assert.equal(passes({ regex: '\\p{Lu}' }, 'é'), false)
  assert.equal(passes({ regex: '\\\\Q' }, '\\Q'), true)
  for (const regex of ['\\Qa.b\\E', 'a\\z', '(?>a)', 'a++', '(', '[']) {
    assert.throws(
      () => regexFilter({ regex }),
      (error) => isKafkaError(error) && error.code === 'CONFIG',
    )
  }
  assert.throws(() => regexFilter({ regex: 5 as never }), /must be a string or a RegExp/)
  assert.throws(() => regexFilter({ charset: 'UTF-7' as never }), /charset must be a charset that is known/)
  assert.throws(() => regexFilter({ excludeEvent: true } as never), /did you mean "excludeEvents"/)
})
