import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KafkaError, SerializedRecord, Verdict } from 'sluice'
import {
  interceptorContract,
  MockProducer,
  rawRecordOf,
  recordContext,
  type SerializedRecordInit,
  serializedRecordOf,
  testContext,
} from 'sluice/testing'
import { type SizeGuardOptions, sizeGuard } from './index.ts'

interceptorContract(sizeGuard)
interceptorContract(() => sizeGuard({ name: 'size-guard (both sides)', onConsumer: true, maxBytes: 100, maxHeaders: 1, onExceed: 'drop' }))

const context = recordContext()

function guarded(options: SizeGuardOptions, init: SerializedRecordInit): SerializedRecord | Verdict {
  return sizeGuard(options).onSerialized!(serializedRecordOf(init), context) as SerializedRecord | Verdict
}

function reasonOf(result: SerializedRecord | Verdict): string | null {
  return 'verdict' in result
    ? result.verdict === 'drop'
      ? result.reason
      : (result as Verdict & { verdict: 'reject' }).error.message
    : null
}

test('sizeGuard - the bytes of key, value and headers count, and the limit itself may be reached', () => {
  const init = { key: 'ab', value: 'cde', headers: { ž: 'fg', n: null } }
  assert.equal(reasonOf(guarded({ maxBytes: 10 }, init)), null)
  assert.equal(
    reasonOf(guarded({ maxBytes: 9 }, init)),
    'a record for topic "topic" has 10 bytes of key, value and headers; sizeGuard allows 9 (maxBytes)',
  )
})

test('sizeGuard - the size is that of the parts, whatever they are', () => {
  const bytes = fc.option(fc.uint8Array({ maxLength: 20 }))
  const headers = fc.array(fc.tuple(fc.string({ maxLength: 5 }), bytes), { maxLength: 4 })
  fc.assert(
    fc.property(bytes, bytes, headers, (key, value, list) => {
      const size =
        (key?.length ?? 0) + (value?.length ?? 0) + list.reduce((sum, [name, one]) => sum + Buffer.byteLength(name) + (one?.length ?? 0), 0)
      const init = { key, value, headers: list.map(([name, one]) => [name, one] as const) }
      assert.equal(reasonOf(guarded({ maxBytes: Math.max(1, size) }, init)), null)
      if (size > 1) assert.notEqual(reasonOf(guarded({ maxBytes: size - 1 }, init)), null)
    }),
  )
})

test('sizeGuard - what is beyond is rejected with RECORD_TOO_LARGE, dropped or dead-lettered', () => {
  const init = { value: 'sEcReT-value' }
  const { verdict, error } = guarded({ maxBytes: 5 }, init) as Verdict & { verdict: 'reject' }
  assert.deepEqual([verdict, (error as KafkaError).code, (error as KafkaError).topic], ['reject', 'RECORD_TOO_LARGE', 'topic'])
  assert.equal(error.message.includes('sEcReT'), false)
  assert.deepEqual(guarded({ maxBytes: 5, onExceed: 'drop' }, init), { verdict: 'drop', reason: 'too large' })
  assert.equal((guarded({ maxBytes: 5, onExceed: 'deadLetter' }, init) as Verdict).verdict, 'deadLetter')
})

test('sizeGuard - headers can be limited in number', () => {
  const headers = { a: '1', b: '2' }
  assert.equal(reasonOf(guarded({ maxHeaders: 2 }, { headers })), null)
  assert.equal(
    reasonOf(guarded({ maxHeaders: 1 }, { headers })),
    'a record for topic "topic" has 2 headers; sizeGuard allows 1 (maxHeaders)',
  )
  assert.equal(reasonOf(guarded({ maxHeaders: 0 }, {})), null)
})

test('sizeGuard - large records are told of, one line for many', () => {
  const interceptor = sizeGuard({ warnBytes: 5 })
  const client = testContext()
  interceptor.configure!(client)
  for (const value of ['1234', '12345', '123456']) interceptor.onSerialized!(serializedRecordOf({ value }), context)
  assert.equal(client.logger.lines.length, 1)
  client.clock.advance(10_000)
  interceptor.onSerialized!(serializedRecordOf({ value: '123456' }), context)
  assert.deepEqual(client.logger.messages('warn'), ['size-guard: a record is large', 'size-guard: a record is large'])
  assert.equal(client.logger.text().includes('123456'), false)
})

test('sizeGuard - on a consumer it measures only if it is told to', () => {
  assert.equal(sizeGuard().onFetched, undefined)
  const fetched = sizeGuard({ onConsumer: true, maxBytes: 2 }).onFetched!(rawRecordOf({ value: 'abc' }), context) as Verdict
  assert.equal(fetched.verdict, 'reject')
})

test('sizeGuard - what a serializer made is measured, and send rejects', async () => {
  const producer = new MockProducer({ valueSerializer: { serialize: (_topic, text: string) => Buffer.from(text.repeat(2)) } }, [
    sizeGuard({ maxBytes: 6 }),
  ])
  assert.equal((await producer.send({ topic: 'topic', value: 'abc' }))!.dropped, undefined)
  await assert.rejects(producer.send({ topic: 'topic', value: 'abcd' })!, { code: 'RECORD_TOO_LARGE' })
})

test('sizeGuard - limits that cannot be meant are refused', () => {
  assert.throws(() => sizeGuard({ maxBytes: 0 }), /maxBytes must be a whole number from 1, not 0/)
  assert.throws(() => sizeGuard({ maxBytes: 5, warnBytes: 6 }), /warnBytes \(6\) is beyond maxBytes \(5\)/)
  assert.throws(() => sizeGuard({ onExceed: 'claimCheck' as never }), /onExceed must be "reject" or "drop" or "deadLetter"/)
})
