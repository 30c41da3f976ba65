import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ConsumerRecords, isKafkaError, type KafkaError, type ProducerRecord } from 'sluice'
import { consumeContext, consumerRecordsOf, interceptorContract, recordContext, recordOf, testContext } from 'sluice/testing'
import { type CastType, type TransformOptions, type TransformStep, transform } from './index.ts'

interceptorContract((options?: TransformOptions) => transform({ steps: [{ mask: ['note'] }, { rename: { id: 'orderId' } }], ...options }), {
  changes: ['value'],
  record: { value: { id: 7, note: 'for me', lines: [{ price: 1 }] } },
})

const context = recordContext()

function valueAfter(value: unknown, ...steps: TransformStep[]): unknown {
  return recordAfter({ value }, steps).value
}

function recordAfter(init: object, steps: readonly TransformStep[], options: TransformOptions = {}): ProducerRecord {
  return transform({ ...options, steps }).onSend!(recordOf(init), context) as ProducerRecord
}

function errorOf(value: unknown, ...steps: TransformStep[]): string {
  try {
    valueAfter(value, ...steps)
  } catch (error) {
    assert.ok(isKafkaError(error))
    return error.message
  }
  throw new Error('no error')
}

test('transform - steps run in order, each on what the one before made', () => {
  const steps: TransformStep[] = [
    { extract: 'order' },
    { insert: { static: { source: 'web' }, topicField: 'topic' } },
    { rename: { id: 'orderId' } },
    { cast: { orderId: 'string' } },
    { mask: ['card'] },
    { remove: ['internal'] },
    { flatten: { delimiter: '_' } },
    { hoist: 'order' },
  ]
  const value = { order: { id: 7, card: '4111', internal: true, address: { city: 'Brno' } } }
  assert.deepEqual(valueAfter(value, ...steps), { order: { orderId: '7', card: '', address_city: 'Brno', source: 'web', topic: 'topic' } })
})

test('transform - a null value passes every step but hoist and valueToKey, as in Connect', () => {
  const passes: TransformStep[] = [
    { insert: { static: { a: 1 } } },
    { rename: { a: 'b' } },
    { cast: { a: 'int8' } },
    { cast: 'string' },
    { mask: ['a'] },
    { extract: 'a' },
    { flatten: true },
    { remove: ['a'] },
    { keep: ['a'] },
    { timestampFormat: { field: 'a', to: 'iso' } },
  ]
  for (const step of passes) assert.equal(valueAfter(null, step), null, JSON.stringify(step))
  assert.deepEqual(valueAfter(null, { hoist: 'a' }), { a: null })
  assert.equal(valueAfter(null, { hoist: { field: 'a', wrapNull: false } }), null)
  assert.equal(errorOf(null, { valueToKey: ['a'] }), 'transform: step 0 (valueToKey): the value is null, which has no fields for a key')
})

test('transform - a field that is null stays null, and one that is not there stays away', () => {
  const value = { a: null }
  assert.deepEqual(valueAfter(value, { cast: { a: 'int8', b: 'int8' } }), value)
  assert.deepEqual(valueAfter(value, { mask: ['a', 'b', 'c.d'] }), value)
  assert.deepEqual(valueAfter(value, { rename: { b: 'c' } }, { remove: ['b', 'c.d'] }), value)
  assert.equal(valueAfter(value, { extract: 'b' }), null)
})

test('transform - the application keeps its object, and parts that did not change are shared', () => {
  const value = { a: { b: 1 }, c: { d: 2 } }
  const after = valueAfter(value, { cast: { 'a.b': 'string' } }) as typeof value
  assert.deepEqual(
    [value, after],
    [
      { a: { b: 1 }, c: { d: 2 } },
      { a: { b: '1' }, c: { d: 2 } },
    ],
  )
  assert.equal(after.c, value.c)
  const record = recordOf({ value })
  assert.equal(transform({ steps: [{ mask: ['x'] }] }).onSend!(record, context), record)
  const list = recordOf({ value: { items: [{ n: 1 }, { n: 2 }] } })
  assert.equal(transform({ steps: [{ cast: { 'items.n': 'int32' } }, { remove: ['items.x'] }] }).onSend!(list, context), list)
})

test('transform - insert writes what is known of the record', () => {
  const init = { topic: 'orders', partition: 3, timestamp: 17, headers: { tenant: 't1' }, value: {} }
  const insert = {
    topicField: 'm.topic',
    partitionField: 'm.partition',
    timestampField: 'm.time',
    headerFields: { tenant: 'tenant', none: 'none' },
  }
  assert.deepEqual(recordAfter(init, [{ insert }]).value, { m: { topic: 'orders', partition: 3, time: 17 }, tenant: 't1' })
  assert.deepEqual(recordAfter({ value: {} }, [{ insert }]).value, { m: { topic: 'topic' } })
})

test('transform - static data is not shared between records', () => {
  const interceptor = transform({ steps: [{ insert: { static: { tags: ['a'] } } }] })
  const values = [1, 2].map(() => (interceptor.onSend!(recordOf({ value: {} }), context) as ProducerRecord).value)
  values[0].tags.push('b')
  assert.deepEqual(values[1], { tags: ['a'] })
})

test('transform - offsets can be inserted on a consumer only', async () => {
  const interceptor = transform({ steps: [{ insert: { offsetField: 'offset' } }] })
  assert.throws(() => interceptor.configure!(testContext()), /insert\.offsetField is for consumers/)
  interceptor.configure!(testContext({ side: 'consumer' }))
  const records = await interceptor.onConsume!(consumerRecordsOf([{ value: {}, offset: 42 }]), consumeContext())
  assert.deepEqual([...(records as ReturnType<typeof consumerRecordsOf>)][0]!.value, { offset: 42 })
})

test('transform - rename swaps, replaces what stood there, and keeps the order of the fields', () => {
  assert.deepEqual(valueAfter({ a: 1, b: 2 }, { rename: { a: 'b', b: 'a' } }), { b: 1, a: 2 })
  assert.deepEqual(Object.keys(valueAfter({ a: 1, b: 2, c: 3 }, { rename: { a: 'c' } }) as object), ['c', 'b'])
  assert.deepEqual(valueAfter({ a: { b: 1 } }, { rename: { 'a.b': 'c', a: 'd' } }), { d: { c: 1 } })
})

test('transform - paths go into every element of a list, and names with a dot stand in backticks', () => {
  const value = { items: [{ card: 'x', n: '1' }, { n: '2' }, null], 'a.b': { c: 'secret' } }
  const steps: TransformStep[] = [{ mask: { fields: ['items.card', '`a.b`.c'], replacement: '*' } }, { cast: { 'items.n': 'int32' } }]
  assert.deepEqual(valueAfter(value, ...steps), { items: [{ card: '*', n: 1 }, { n: 2 }, null], 'a.b': { c: '*' } })
  assert.deepEqual(valueAfter(value, { remove: ['items.n', '`a.b`'] }), { items: [{ card: 'x' }, {}, null] })
  assert.deepEqual(valueAfter(value, { rename: { 'items.n': 'm' } }, { extract: 'items' }), [{ card: 'x', m: '1' }, { m: '2' }, null])
})

test('transform - mask leaves nothing of a field, whatever its type', () => {
  const value = { s: 'x', n: 5, i: 5n, b: true, l: [1], o: { p: 1 }, d: new Date(5), y: Buffer.from('x') }
  assert.deepEqual(valueAfter(value, { mask: Object.keys(value) }), {
    s: '',
    n: 0,
    i: 0n,
    b: false,
    l: [],
    o: {},
    d: new Date(0),
    y: Buffer.alloc(0),
  })
  assert.deepEqual(valueAfter({ s: 'x', n: 5, i: 5n }, { mask: { fields: ['s', 'n', 'i'], replacement: '9' } }), { s: '9', n: 9, i: 9n })
  assert.match(
    errorOf({ n: 5 }, { mask: { fields: ['n'], replacement: '***' } }),
    /step 0 \(mask\): field n is a number, and the replacement is none/,
  )
  assert.match(
    errorOf({ b: true }, { mask: { fields: ['b'], replacement: '1' } }),
    /field b is a boolean, which no replacement can stand for/,
  )
})

test('transform - cast gives what Connect gives', () => {
  const table: readonly (readonly [unknown, CastType, unknown])[] = [
    [300, 'int8', 44],
    [-1.9, 'int8', -1],
    [5e9, 'int32', 705032704],
    [5e9 + 0.5, 'int32', 2147483647],
    [Number.NaN, 'int32', 0],
    [true, 'int16', 1],
    ['+12', 'int64', 12],
    ['9007199254740993', 'bigint', 9007199254740993n],
    [0.1, 'float32', Math.fround(0.1)],
    [' 1e3 ', 'float64', 1000],
    ['1.5f', 'float32', 1.5],
    [0.5, 'boolean', false],
    [2, 'boolean', true],
    ['TRUE', 'boolean', true],
    ['yes', 'boolean', false],
    [12n, 'string', '12'],
    [false, 'string', 'false'],
    [Buffer.from('ab'), 'string', 'YWI='],
    [new Date(5), 'int64', 5],
    [null, 'int8', null],
  ]
  for (const [value, type, expected] of table)
    assert.deepEqual(valueAfter({ a: value }, { cast: { a: type } }), { a: expected }, `${String(value)} as ${type}`)
  assert.equal(valueAfter('12', { cast: 'int32' }), 12)
  for (const [value, type] of [
    ['128', 'int8'],
    ['x', 'int32'],
    ['1.5', 'int32'],
    ['', 'float64'],
    [{}, 'string'],
    ['9007199254740993', 'int64'],
    [[[1]], 'int8'],
  ] as const) {
    assert.match(errorOf({ a: value }, { cast: { a: type } }), /^transform: step 0 \(cast\): field a is /)
  }
})

test('transform - flatten keeps lists and null, and every field has its name', () => {
  const value = { a: { b: { c: 1 }, n: null, after: 2 }, l: [{ x: 1 }], empty: {} }
  assert.deepEqual(valueAfter(value, { flatten: true }), { 'a.b.c': 1, 'a.n': null, 'a.after': 2, l: [{ x: 1 }] })
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.array(fc.integer()))
  const { tree } = fc.letrec<{ tree: object }>((tie) => ({
    tree: fc.dictionary(fc.stringMatching(/^[a-z_]{1,9}$/), fc.oneof({ withCrossShrink: true }, leaf, tie('tree') as never), {
      maxKeys: 4,
    }),
  }))
  const leaves = (at: object, prefix: string): [string, unknown][] =>
    Object.entries(at).flatMap(([name, one]) =>
      typeof one === 'object' && one !== null && !Array.isArray(one)
        ? leaves(one, `${prefix}${name}.`)
        : [[prefix + name, one] as [string, unknown]],
    )
  fc.assert(fc.property(tree, (data) => assert.deepEqual(Object.entries(valueAfter(data, { flatten: true }) as object), leaves(data, ''))))
})

test('transform - a field called __proto__ in the data is a field like others', () => {
  const value = JSON.parse('{"__proto__": "x", "a": {"__proto__": {"polluted": true}}}')
  assert.equal(JSON.stringify(valueAfter(value, { rename: { a: 'b' } })), '{"__proto__":"x","b":{"__proto__":{"polluted":true}}}')
  assert.equal(JSON.stringify(valueAfter(value, { flatten: true })), '{"__proto__":"x","a.__proto__.polluted":true}')
  assert.equal(({} as { polluted?: boolean }).polluted, undefined)
  assert.throws(() => transform({ steps: [{ mask: ['a.__proto__'] }] }), /a field cannot be named __proto__/)
})

test('transform - valueToKey makes the key, and target: "key" works on it', () => {
  const { key, value } = recordAfter({ key: 'old', value: { id: 1, b: { c: 2 } } }, [
    { valueToKey: ['id', 'b.c', 'none'] },
    { remove: ['id'] },
  ])
  assert.deepEqual([key, value], [{ id: 1, c: 2, none: null }, { b: { c: 2 } }])
  const keyed = recordAfter({ key: { id: 5 }, value: 'v' }, [{ extract: 'id' }], { target: 'key' })
  assert.deepEqual([keyed.key, keyed.value], [5, 'v'])
})

test('transform - timestampFormat reads and writes ISO 8601 and numbers', () => {
  const at = (field: unknown, to: 'iso' | 'seconds' | 'millis' | 'micros', from?: 'seconds' | 'micros') =>
    (valueAfter({ t: field }, { timestampFormat: { field: 't', to, ...(from && { from }) } }) as { t: unknown }).t
  assert.equal(at('2023-11-14T22:13:20Z', 'seconds'), 1_700_000_000)
  assert.equal(at(1_700_000_000, 'iso', 'seconds'), '2023-11-14T22:13:20.000Z')
  assert.equal(at(1_700_000_000_000, 'micros'), 1_700_000_000_000_000)
  assert.equal(at(1_700_000_000_000_000n, 'millis', 'micros'), 1_700_000_000_000)
  assert.equal(at(new Date(5), 'millis'), 5)
  assert.equal(at(null, 'iso'), null)
  assert.match(errorOf({ t: 'soon' }, { timestampFormat: { field: 't', to: 'iso' } }), /step 0 \(timestampFormat\): field t is no time/)
})

test('transform - data: "json" changes text and bytes, and gives back what it got', () => {
  const steps: TransformStep[] = [{ mask: ['card'] }]
  assert.equal(recordAfter({ value: '{"card":"1"}' }, steps, { data: 'json' }).value, '{"card":""}')
  assert.deepEqual(recordAfter({ value: Buffer.from('{"card":"1"}') }, steps, { data: 'json' }).value, Buffer.from('{"card":""}'))
  assert.throws(() => recordAfter({ value: 'sEcReT {' }, steps, { data: 'json' }), {
    message: 'transform: data: "json": the data is no JSON',
  })
})

test('transform - an error names step and field, and nothing of the data', () => {
  assert.equal(
    errorOf({ a: { b: 'sEcReT' } }, { mask: ['x'] }, { cast: { 'a.b': 'int8' } }),
    'transform: step 1 (cast): field a.b is a text that is no int8, or beyond its range',
  )
  assert.equal(errorOf('sEcReT', { mask: ['a'] }), 'transform: step 0 (mask): the value must be an object with fields, not a string')
  assert.equal(errorOf({ a: 'sEcReT' }, { mask: ['a.b'] }), 'transform: step 0 (mask): field a must be an object with fields, not a string')
  assert.match(errorOf({ a: new (class Card {})() }, { mask: ['a.b'] }), /field a must be an object with fields, not an object of a class/)
})

test('transform - on a consumer a record that fails does not take the others with it', async () => {
  const records = () => consumerRecordsOf<null, unknown>([{ value: { n: '1' } }, { value: 'broken' }, { value: { n: '3' } }])
  const passed = async (onError?: 'continue' | 'deadLetter') => {
    const interceptor = transform({ steps: [{ cast: { n: 'int32' } }], ...(onError && { onError }) })
    const client = testContext({ side: 'consumer' })
    interceptor.configure!(client)
    const after = (await interceptor.onConsume!(records(), consumeContext())) as ConsumerRecords
    return [[...after].map(({ value }) => value), client.logger.lines.length]
  }
  assert.deepEqual(await passed('continue'), [[{ n: 1 }, 'broken', { n: 3 }], 1])
  assert.deepEqual(await passed('deadLetter'), [[{ n: 1 }, { n: 3 }], 0])
  assert.deepEqual(await passed(), [[{ n: 1 }, { n: 3 }], 0])
})

test('transform - jsonata makes the value, after the steps, on either side', async () => {
  const interceptor = transform({
    steps: [{ rename: { n: 'count' } }],
    jsonata: '{ "double": count * 2, "topic": $topic, "tenant": $headers.tenant }',
  })
  await interceptor.configure!(testContext())
  const sent = (await interceptor.onSend!(recordOf({ value: { n: 2 }, headers: { tenant: 't' } }), context)) as ProducerRecord
  // JSONata makes objects without a prototype.
  assert.deepEqual({ ...sent.value }, { double: 4, topic: 'topic', tenant: 't' })
  const consumed = (await interceptor.onConsume!(
    consumerRecordsOf([{ value: { n: 1 } }, { value: null }]),
    consumeContext(),
  )) as ReturnType<typeof consumerRecordsOf>
  assert.deepEqual(
    [...consumed].map(({ value }) => value && { ...value }),
    [{ double: 2, topic: 'topic' }, null],
  )
})

test('transform - what jsonata says is wrong comes with the position, at the start or without data', async () => {
  await assert.rejects(
    async () => transform({ jsonata: '{ "a": ' }).configure!(testContext()),
    /^KafkaError: transform: jsonata: this is no JSONata: .* \(at character \d+\)$/,
  )
  const interceptor = transform({ jsonata: '$number(card)' })
  await interceptor.configure!(testContext())
  await assert.rejects(
    async () => interceptor.onSend!(recordOf({ value: { card: 'sEcReT' } }), context),
    (error: KafkaError) => {
      assert.match(error.message, /^transform: jsonata: the expression failed with D3030 \(at character \d+\)$/)
      assert.equal(error.cause, undefined)
      return true
    },
  )
  await assert.rejects(async () => interceptor.onSend!(recordOf({ value: {} }), context), /the expression gave nothing/)
})

test('transform - an expression that never ends is given up', async () => {
  const interceptor = transform({ jsonata: '($f := function($x) { $f($x + 1) }; $f(0))' })
  await interceptor.configure!(testContext())
  await assert.rejects(async () => interceptor.onSend!(recordOf({ value: {} }), context), /the expression failed with/)
})

test('transform - mistakes in steps are told with their place', () => {
  const wrong = (step: unknown) => () => transform({ steps: [{ hoist: 'a' }, step as TransformStep] })
  assert.throws(() => transform(), /give steps or jsonata/)
  assert.throws(wrong('mask'), /steps\[1\] must be an object, not string/)
  assert.throws(wrong({ msk: ['a'] }), /steps\[1\]: unknown option "msk"; there are insert, rename/)
  assert.throws(wrong({ mask: ['a'], remove: ['b'] }), /steps\[1\] must have one property.*not mask and remove/)
  assert.throws(wrong({ mask: [] }), /steps\[1\]\.mask\.fields must be a list with at least one element/)
  assert.throws(wrong({ cast: { a: 'int' } }), /steps\[1\]\.cast\.a must be "int8" or/)
  assert.throws(wrong({ remove: ['a..b'] }), /"a\.\.b" has an empty name in it/)
  assert.throws(wrong({ rename: { a: 'b.c' } }), /takes names of fields, not paths/)
  assert.throws(wrong({ insert: {} }), /steps\[1\]\.insert names nothing to insert/)
  assert.throws(() => transform({ target: 'key', steps: [{ valueToKey: ['a'] }] }), /valueToKey reads the value/)
})
