import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ProducerRecord, ProducerRecordInit } from 'sluice'
import { interceptorContract, ManualClock, recordContext, recordOf, testContext } from 'sluice/testing'
import { type RouteOptions, route } from './index.ts'

interceptorContract(
  (options?: RouteOptions) =>
    route({
      rules: [{ when: { header: 'contract.a', value: 'žluť' }, topic: '{topic}.cs' }],
      regexRouter: { regex: 'con(.*)', replacement: 'c-$1' },
      ...options,
    }),
  { changes: ['topic'] },
)

const context = recordContext()

async function routed(
  options: RouteOptions,
  init: Partial<ProducerRecordInit<any, any>>,
  clock = new ManualClock(),
): Promise<ProducerRecord> {
  const interceptor = route(options)
  await interceptor.configure!(testContext({ clock }))
  return interceptor.onSend!(recordOf(init), context) as ProducerRecord
}

async function topicOf(options: RouteOptions, init: Partial<ProducerRecordInit<any, any>>): Promise<string> {
  return (await routed(options, init)).topic
}

test('route - the first rule that holds gives the topic, and without one it stays', async () => {
  const options: RouteOptions = {
    rules: [
      { when: { topic: ['orders', /^pay/], header: { key: 'region', value: 'eu' } }, topic: '{topic}.eu' },
      { when: { header: 'tenant' }, topic: '{header:tenant}.{topic}' },
      { when: { value: '"urgent":true' }, topic: 'urgent' },
      { when: ({ value }) => value?.size > 5, topic: 'large' },
      { when: { test: ({ key }) => key === 'k' }, topic: 'by-key' },
    ],
  }
  assert.equal(await topicOf(options, { topic: 'orders', headers: { region: 'eu', tenant: 't' } }), 'orders.eu')
  assert.equal(await topicOf(options, { topic: 'payments', headers: { region: 'eu' } }), 'payments.eu')
  assert.equal(await topicOf(options, { topic: 'logs', headers: { region: 'eu' } }), 'logs')
  assert.equal(await topicOf(options, { topic: 'logs', headers: { tenant: 'acme' } }), 'acme.logs')
  assert.equal(await topicOf(options, { value: { urgent: true } }), 'urgent')
  assert.equal(await topicOf(options, { value: { size: 6 } }), 'large')
  assert.equal(await topicOf(options, { key: 'k' }), 'by-key')
})

test('route - regexRouter renames topics that match as a whole, as in Connect', async () => {
  const options: RouteOptions = { regexRouter: { regex: '([a-z]+)-(\\d+)', replacement: '$2.$1' } }
  assert.equal(await topicOf(options, { topic: 'orders-17' }), '17.orders')
  assert.equal(await topicOf(options, { topic: 'x-orders-17' }), 'x-orders-17')
})

test("route - timestampRouter writes the record's time, on the clocks of the zone", async () => {
  const timestamp = Date.UTC(2026, 0, 31, 23, 30, 5)
  assert.equal(await topicOf({ timestampRouter: {} }, { topic: 'logs', timestamp }), 'logs-20260131')
  assert.equal(await topicOf({ timestampRouter: {}, timeZone: 'Asia/Tokyo' }, { topic: 'logs', timestamp }), 'logs-20260201')
  assert.equal(
    await topicOf({ timestampRouter: { topic: '{yy}.{MM}.{topic}.{HH-mm-ss}' } }, { topic: 'logs', timestamp }),
    '26.01.logs.23-30-05',
  )
})

test('route - a record without a time gets the one that its topic tells', async () => {
  const clock = new ManualClock()
  const { topic, timestamp } = await routed({ timestampRouter: { topic: '{topic}-{yyyy}' } }, { topic: 'logs' }, clock)
  assert.deepEqual([topic, timestamp], [`logs-${new Date(clock.now()).getUTCFullYear()}`, clock.now()])
  assert.equal((await routed({ rules: [{ topic: 'a' }] }, {})).timestamp, undefined)
})

test('route - dates in a zone are those of the calendar there, whatever the time', () => {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York', dateStyle: 'short', timeStyle: 'medium' })
  const interceptor = route({ timestampRouter: { topic: '{yyyy-MM-dd_HH-mm-ss}' }, timeZone: 'America/New_York' })
  interceptor.configure!(testContext())
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2037, 11, 31) }), (timestamp) => {
      const { topic } = interceptor.onSend!(recordOf({ timestamp }), context) as ProducerRecord
      assert.equal(topic, format.format(timestamp).replace(' ', '_').replaceAll(':', '-'))
    }),
  )
})

test('route - rules, then regexRouter, then timestampRouter, each on the topic of the one before', async () => {
  const options: RouteOptions = {
    rules: [{ when: { topic: 'a' }, topic: 'b' }],
    regexRouter: { regex: 'b', replacement: 'c' },
    timestampRouter: { topic: '{topic}-{yyyy}' },
  }
  assert.equal(await topicOf(options, { topic: 'a', timestamp: 0 }), 'c-1970')
})

test('route - the old topic is kept in a header, which can have another name or none', async () => {
  const rules = [{ topic: '{topic}.eu' }]
  assert.equal((await routed({ rules }, { topic: 'a' })).headers.getString('original-topic'), 'a')
  assert.equal((await routed({ rules, originalTopicHeader: 'from' }, { topic: 'a' })).headers.getString('from'), 'a')
  assert.deepEqual((await routed({ rules, originalTopicHeader: '' }, { topic: 'a' })).headers.keys(), ['routed-by.route'])
  assert.deepEqual((await routed({ rules: [{ topic: '{topic}' }] }, { topic: 'a' })).headers.keys(), [])
})

test('route - a record that is sent again to where it was routed stays there', async () => {
  const rules = [{ topic: '{topic}.eu' }]
  const once = await routed({ rules }, { topic: 'a' })
  assert.equal(await topicOf({ rules }, { topic: 'a.eu', headers: once.headers }), 'a.eu')
  assert.equal(await topicOf({ rules }, { topic: 'a', headers: once.headers }), 'a.eu')
  assert.equal(await topicOf({ rules, name: 'another' }, { topic: 'a.eu', headers: once.headers }), 'a.eu.eu')
})

test('route - what is no legal name is an error that names the pattern, not the name', async () => {
  await assert.rejects(topicOf({ rules: [{ topic: '{header:tenant}.x' }] }, { topic: 'a', headers: { tenant: 'sEcReT value' } }), {
    code: 'INVALID_ARGUMENT',
    message:
      'route: rules[0].topic "{header:tenant}.x" gives no legal name of a topic for "a": it must be 1 to 249 of a-z, A-Z, 0-9, ".", "_" and "-"',
  })
  await assert.rejects(
    topicOf({ regexRouter: { regex: '.*', replacement: 'a b' } }, {}),
    /regexRouter\.replacement "a b" gives no legal name/,
  )
  await assert.rejects(topicOf({ rules: [{ topic: '{header:tenant}' }] }, {}), /names a header that the record has not/)
  for (const name of ['.', '..', 'a'.repeat(250)]) await assert.rejects(topicOf({ rules: [{ topic: name }] }, {}), /no legal name/)
  assert.equal(await topicOf({ rules: [{ topic: 'a'.repeat(249) }] }, {}), 'a'.repeat(249))
})

test('route - mistakes are told when it is made', () => {
  assert.throws(() => route({}), /give rules, regexRouter or timestampRouter/)
  assert.throws(() => route({ rules: [{ topic: '{tpoic}' }] }), /rules\[0\]\.topic: \{tpoic\} is no placeholder/)
  assert.throws(() => route({ rules: [{ topic: '{topic' }] }), /brace without its counterpart/)
  assert.throws(() => route({ rules: [{ when: {}, topic: 'a' }] }), /rules\[0\]\.when must say something/)
  assert.throws(() => route({ rules: [{ whn: {}, topic: 'a' } as never] }), /unknown option "whn"; there are when, topic/)
  assert.throws(() => route({ timestampRouter: {}, timeZone: 'Mars/Base' }), /there is no time zone "Mars\/Base"/)
  assert.throws(() => route({ regexRouter: { regex: '(', replacement: 'a' } }), /route: regexRouter\.regex: /)
})
