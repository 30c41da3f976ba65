import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumerRecords } from 'sluice'
import { consumeContext, consumerRecordsOf, interceptorContract, recordContext, recordOf, testContext } from 'sluice/testing'
import { type FilterOptions, filter } from './index.ts'

interceptorContract((options?: FilterOptions) => filter({ expression: ({ value }) => value !== '', ...options }), {})
interceptorContract(() => filter({ name: 'filter (cel)', expression: 'type(value) != string || size(value) > 0' }))
interceptorContract(() => filter({ name: 'filter (jsonata)', expression: '$exists(value)', language: 'jsonata' }), {
  async: ['onSend', 'onConsume'],
})

const context = recordContext()

/** What becomes of values: true for those that pass, the reason for others. */
async function passed(options: FilterOptions, ...inits: object[]): Promise<unknown[]> {
  const interceptor = filter(options)
  await interceptor.configure!(testContext())
  return Promise.all(
    inits.map(async (init) => {
      const result = await interceptor.onSend!(recordOf(init), context)
      return 'verdict' in result ? (result as { reason: string }).reason : true
    }),
  )
}

const NO = 'does not match the filter'

test('filter - CEL reads every part of a record', async () => {
  const record = {
    topic: 'orders',
    partition: 3,
    key: 'k',
    value: { amount: 12, items: [{ qty: 1 }] },
    headers: { tenant: 'acme' },
    timestamp: 17,
  }
  for (const expression of [
    'value.amount > 10',
    'topic == "orders" && partition == 3 && timestamp == 17',
    'key.startsWith("k")',
    'headers["tenant"] == "acme" && !("other" in headers)',
    'value.items.exists(item, item.qty == 1)',
    'has(value.amount) && !has(value.none)',
    'value.amount * 2.0 == 24.0',
    'headers.tenant.indexOf("c") == 1',
  ]) {
    assert.deepEqual(await passed({ expression }, record), [true], expression)
    assert.deepEqual(await passed({ expression: `!(${expression})` }, record), [NO], expression)
  }
})

test('filter - JSONata reads the same, and what is not there is false', async () => {
  const record = { topic: 'orders', value: { amount: 12 }, headers: { tenant: 'acme' } }
  for (const expression of ['value.amount > 10', 'headers.tenant = "acme" and topic = "orders"']) {
    assert.deepEqual(await passed({ expression, language: 'jsonata' }, record), [true], expression)
  }
  assert.deepEqual(await passed({ expression: 'value.none > 10', language: 'jsonata' }, record), [NO])
})

test('filter - a function may be synchronous or not', async () => {
  const values = [{ value: 1 }, { value: 2 }]
  assert.deepEqual(await passed({ expression: ({ value }) => value === 1 }, ...values), [true, NO])
  assert.deepEqual(await passed({ expression: async ({ value }) => value === 2 }, ...values), [NO, true])
})

test('filter - keep: false drops what is meant, and the reason can be named', async () => {
  const values = [{ value: 1 }, { value: 2 }]
  const expression = 'value == 1'
  assert.deepEqual(await passed({ expression, keep: false }, ...values), ['matches the filter', true])
  assert.deepEqual(await passed({ expression, reason: 'not one' }, ...values), [true, 'not one'])
})

test('filter - what is wrong with an expression is told by configure, with the position', async () => {
  const refusal = async (expression: string, language?: 'jsonata') => {
    const error = await passed({ expression, ...(language && { language }) }).then(
      () => assert.fail('no error'),
      (found: Error) => found,
    )
    return error.message
  }
  assert.equal(
    await refusal('value.amount >> 10'),
    'filter: expression: this is no CEL: found > but expecting end of input (line 1, column 14)',
  )
  assert.match(await refusal('valu.amount > 10'), /^filter: expression: there is no name "valu"; there are topic, .* \(at character 0\)$/)
  assert.match(await refusal('topic == "a" && value.exists(i, j > 1)'), /there is no name "j".* \(at character 32\)$/)
  assert.match(await refusal('topic == "a" || contain(key)'), /there is no function "contain" \(at character \d+\)$/)
  assert.match(await refusal('value.(', 'jsonata'), /^filter: expression: this is no JSONata: .* \(at character 7\)$/)
  assert.throws(() => filter({ expression: ' ' }), /filter: expression must be an expression or a function/)
  assert.throws(() => filter({ expression: 'true', language: 'sql' as never }), /language must be "cel" or "jsonata", not "sql"/)
})

test('filter - what cannot be decided is an error without data, for onError', async () => {
  await assert.rejects(passed({ expression: 'value.amount > 10' }, { value: { sEcReT: 1 } }), {
    code: 'INVALID_ARGUMENT',
    message: 'filter: expression: the expression failed (at character 5)',
  })
  await assert.rejects(
    passed({ expression: 'headers[key] == "a"' }, { key: 'sEcReT' }),
    (error: Error) => !/sEcReT/.test(String(error.stack)),
  )
  await assert.rejects(passed({ expression: 'value' }, { value: 'sEcReT' }), {
    message: 'filter: expression gave string; it must give true or false',
  })
  await assert.rejects(passed({ expression: (() => {}) as never }, {}), {
    message: 'filter: expression gave undefined; it must give true or false',
  })
  await assert.rejects(
    passed({ expression: 'value + 1', language: 'jsonata' }, { value: 'sEcReT' }),
    (error: Error) => !/sEcReT/.test(String(error.stack)),
  )
})

test('filter - on a consumer the others of a poll are filtered when one cannot be decided', async () => {
  const kept = async (options: Partial<FilterOptions>) => {
    const interceptor = filter({ expression: 'value.n > 1', ...options })
    const client = testContext({ side: 'consumer' })
    await interceptor.configure!(client)
    const records = consumerRecordsOf<null, unknown>([{ value: { n: 1 } }, { value: 'text' }, { value: { n: 3 } }])
    const after = (await interceptor.onConsume!(records, consumeContext())) as ConsumerRecords
    return [[...after].map(({ offset }) => offset), client.logger.lines.length]
  }
  assert.deepEqual(await kept({}), [[1, 2], 1])
  assert.deepEqual(await kept({ onError: 'fail' }), [[2], 0])
  assert.deepEqual(await kept({ expression: 'value.n + 0 > 1', language: 'jsonata' }), [[2], 0])
  assert.deepEqual(await kept({ expression: async ({ value }) => value.n > 1 }), [[2], 0])
})

for (const name of ['constructor', '$typeName', '__proto__', 'toString', 'hasOwnProperty', 'then']) {
  test(`filter - in CEL a field or header named ${name}, which anyone may write, lets no record slip through`, async () => {
    const drops = async (expression: string, init: Parameters<typeof recordOf>[0]): Promise<boolean> => {
      const interceptor = filter({ expression, onError: 'fail' })
      await interceptor.configure?.(testContext())
      const result = (await interceptor.onSend?.(recordOf(init), recordContext())) as { verdict?: string } | undefined
      return result?.verdict === 'drop'
    }
    const value = JSON.parse(`{ "amount": 7, "lines": [{ "${name}": { "amount": 12 } }], "${name}": "x" }`)
    assert.equal(await drops('has(value.amount) && value.amount > 10', { value }), true)
    assert.equal(await drops('value.amount > 5 && value.lines.size() == 1', { value }), false)
    const headers = [
      [name, 'x'],
      ['tenant', 'other'],
    ] as const
    assert.equal(await drops('headers.tenant == "acme"', { value: null, headers }), true)
    assert.equal(await drops('headers.tenant == "other" && !("acme" in headers)', { value: null, headers }), false)
  })
}
