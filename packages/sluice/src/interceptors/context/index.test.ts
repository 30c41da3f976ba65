import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProducerInterceptor, ProducerRecord, ProducerRecordInit } from 'sluice'
import {
  consumeContext,
  consumerRecordOf,
  consumerRecordsOf,
  interceptorContract,
  MockProducer,
  recordContext,
  recordOf,
} from 'sluice/testing'
import { type ContextOptions, type ContextValues, context, currentContext, runWithContext } from './index.ts'

interceptorContract(context, { record: { headers: { 'x-correlation-id': 'c-1' } } })
interceptorContract(() => context({ name: 'context (headers)', headers: ['tenant', 'contract.a'] }), { changes: ['headers'] })

const ID = 'x-correlation-id'

function sent(options: ContextOptions, init: Partial<ProducerRecordInit<any, any>> = {}): ProducerRecord['headers'] {
  return (context(options).onSend!(recordOf(init), recordContext()) as ProducerRecord).headers
}

/** What a handler sees of each of the records. */
async function seen(options: ContextOptions, ...headers: Record<string, string | null>[]): Promise<(ContextValues | undefined)[]> {
  const interceptor = context(options)
  const found: (ContextValues | undefined)[] = []
  await Promise.all(
    headers.map((one, offset) =>
      interceptor.handle!(
        consumerRecordOf({ headers: one, offset }),
        async () => {
          await new Promise((resolve) => setImmediate(resolve))
          found[offset] = currentContext()
        },
        recordContext(),
      ),
    ),
  )
  return found
}

test('context - what is sent gets the id of the context, in one header', () => {
  runWithContext({ correlationId: 'c-1' }, () => {
    assert.deepEqual(
      sent(
        {},
        {
          headers: [
            [ID, 'old'],
            [ID, 'older'],
          ],
        },
      )
        .getAll(ID)
        .map(String),
      ['c-1'],
    )
    assert.equal(sent({ correlationHeader: 'cid' }).getString('cid'), 'c-1')
  })
})

test('context - outside of any, a header that is there stays, and else an id is made', () => {
  assert.equal(sent({}, { headers: { [ID]: 'own' } }).getString(ID), 'own')
  assert.match(sent({}).getString(ID)!, /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  assert.equal(sent({ generate: () => 'made' }).getString(ID), 'made')
  for (const generate of [false, () => undefined]) assert.equal(sent({ generate }).has(ID), false)
})

test('context - a handler sees the ids of its record, also when many run at once, and nothing is left behind', async () => {
  const records = Array.from({ length: 50 }, (_, n) => ({ [ID]: `c-${n}`, tenant: `t-${n}`, other: 'x' }))
  const values = await seen({ headers: ['tenant'] }, ...records)
  for (const [offset, value] of values.entries()) {
    assert.deepEqual(value, {
      correlationId: `c-${offset}`,
      headers: { tenant: `t-${offset}` },
      record: { topic: 'topic', partition: 0, offset },
    })
  }
  assert.equal(currentContext(), undefined)
})

test('context - a record without an id gets one, and nothing of the context around', async () => {
  const [value] = await runWithContext({ correlationId: 'around', headers: { tenant: 'around' } }, () =>
    seen({ headers: ['tenant'], generate: () => 'made' }, {}),
  )
  assert.deepEqual([value?.correlationId, value?.headers], ['made', {}])
})

test('context - what is sent in a handler carries on id and chosen headers', async () => {
  const options = { headers: ['tenant'] }
  const record = consumerRecordOf({ headers: { [ID]: 'c-1', tenant: 'acme', other: 'x' } })
  const headers = await context(options).runInContext(record, async () => {
    await Promise.resolve()
    return sent(options, { headers: { tenant: 'own' } })
  })
  assert.deepEqual([...headers].map(({ key, value }) => [key, String(value)]).sort(), [
    ['tenant', 'acme'],
    [ID, 'c-1'],
  ])
})

test('context - of a batch it holds what all records have in common', async () => {
  const inBatch = async (...headers: Record<string, string>[]): Promise<ContextValues | undefined> => {
    const [batch] = consumerRecordsOf(headers.map((one) => ({ headers: one }))).byPartition()
    let found: ContextValues | undefined
    await context({ headers: ['tenant'], generate: () => 'made' }).handleBatch!(
      batch!,
      async () => void (found = currentContext()),
      consumeContext(),
    )
    return found
  }
  assert.deepEqual(await inBatch({ [ID]: 'a', tenant: 't' }, { [ID]: 'a', tenant: 't' }), {
    correlationId: 'a',
    headers: { tenant: 't' },
    record: { topic: 'topic', partition: 0 },
  })
  assert.deepEqual(await inBatch({ [ID]: 'a', tenant: 't' }, { [ID]: 'b', tenant: 't' }), {
    correlationId: 'made',
    headers: { tenant: 't' },
    record: { topic: 'topic', partition: 0 },
  })
})

test('context - values that others wrote are taken over only if they are short and of one line', async () => {
  const options = { generate: false, headers: ['tenant'], maxLength: 4 }
  const values = await seen(options, { [ID]: 'abcd', tenant: 'a\nb' }, { [ID]: 'abcde', tenant: '' }, { [ID]: null, tenant: '\u007f' })
  assert.deepEqual(
    values.map((value) => [value?.correlationId, value?.headers]),
    [
      ['abcd', {}],
      [undefined, {}],
      [undefined, {}],
    ],
  )
})

test('context - contexts nest, and what is left out is that around', () => {
  runWithContext({ correlationId: 'a', headers: { x: '1' } }, () => {
    runWithContext({ headers: { y: '2' } }, () => assert.deepEqual(currentContext(), { correlationId: 'a', headers: { x: '1', y: '2' } }))
    assert.deepEqual(currentContext()?.headers, { x: '1' })
    assert.throws(
      () =>
        runWithContext({ correlationId: 'b' }, () => {
          throw new Error('of fn')
        }),
      /of fn/,
    )
    assert.equal(currentContext()?.correlationId, 'a')
  })
  assert.equal(currentContext(), undefined)
})

test('context - each of many sends has the id of its caller, also behind one that waits', async () => {
  const slow: ProducerInterceptor = {
    name: 'slow',
    onSend: async (record) => {
      await new Promise((resolve) => setImmediate(resolve))
      return record
    },
  }
  for (const chain of [
    [slow, context()],
    [context(), slow],
  ]) {
    const producer = new MockProducer<null, null>({ interceptorConcurrency: 2 }, chain)
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        runWithContext({ correlationId: `c-${n}` }, () => producer.send({ topic: 'topic', partition: 0, headers: { n: String(n) } })),
      ),
    )
    const ids = producer.history().map(({ headers }) => [headers.getString('n'), headers.getString(ID)])
    assert.deepEqual(
      ids,
      ids.map(([n]) => [n, `c-${n}`]),
    )
    assert.equal(ids.length, 10)
    await producer.close()
  }
})

test('context - wrong options are told', () => {
  assert.throws(() => context({ headers: 'tenant' as never }), /context: headers must be a list of names of headers/)
  assert.throws(() => context({ generate: 'uuid' as never }), /generate must be true, false or a function, not string/)
})
