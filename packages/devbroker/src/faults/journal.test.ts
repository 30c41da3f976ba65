import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch, errorCodes } from '@sluice/protocol'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { fetchApi } from '@sluice/protocol/messages/fetch'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { produceApi } from '@sluice/protocol/messages/produce'
import { DevBroker } from '../dev-broker.ts'
import type { DevBrokerOptions } from '../options.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { WireClient } from '../testing/wire-client.ts'
import type { DevBrokerApi } from './api-messages.ts'

function start(options: DevBrokerOptions = {}): Promise<DevBroker> {
  return DevBroker.start({ topics: { orders: 2 }, ...options })
}

function connect(broker: DevBroker, node = 1): Promise<WireClient> {
  const { host, port } = broker.node(node)
  return WireClient.connect(host, port)
}

function produce(client: WireClient, acks = 1, topic = 'orders') {
  const topicData = [{ name: topic, partitionData: [{ index: 0, records: encodeBatch([{ value: 'x' }]) }] }]
  if (acks === 0) return client.sendOnly(produceApi, 9, { acks, topicData })
  return client.send(produceApi, 9, { acks, topicData })
}

const fetchRequest = (topicId: string) => ({
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 1000,
  topics: [{ topicId, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
})

test('journal - it says what came, to whom, about what, how long it took and what became of it', async () => {
  const clock = new FakeClock(1000)
  await using broker = await start({ clock, nodes: 2, topics: { orders: { partitions: 1, replicationFactor: 2 } } })
  broker.partition('orders', 0).moveLeader(1)
  await using client = await connect(broker)
  const { topicId } = (await client.send(metadataApi, 12, { topics: [{ name: 'orders' }] })).topics[0]!
  const fetched = client.send(fetchApi, 13, fetchRequest(topicId))
  const [waiting] = await broker.journal.waitFor({ api: 'Fetch' })
  assert.deepEqual([waiting!.outcome, waiting!.latencyMs, waiting!.topics], ['pending', null, ['orders']])
  clock.advance(500)
  await fetched
  assert.deepEqual([waiting!.outcome, waiting!.latencyMs, waiting!.at], ['answered', 500, 1000])
  produce(client, 0)
  await produce(client)
  await using other = await connect(broker, 2)
  await produce(other)
  const entries = broker.journal.requests({ api: 'Produce' })
  assert.deepEqual(
    entries.map(({ node, version, clientId, outcome, errorCode, fault }) => [node, version, clientId, outcome, errorCode, fault]),
    [
      [1, 9, 'wire-client', 'unasked', 0, null],
      [1, 9, 'wire-client', 'answered', 0, null],
      [2, 9, 'wire-client', 'answered', errorCodes.NOT_LEADER_OR_FOLLOWER, null],
    ],
  )
  assert.equal(broker.journal.requests({ node: 2 }).length, 1)
  assert.deepEqual(broker.journal.requests({ clientId: 'someone' }), [])
})

test('journal - a request that nobody waits for any more is abandoned', async () => {
  const clock = new FakeClock()
  await using broker = await start({ clock })
  const client = await connect(broker)
  const { topicId } = (await client.send(metadataApi, 12, { topics: [{ name: 'orders' }] })).topics[0]!
  client.send(fetchApi, 13, fetchRequest(topicId)).catch(() => {})
  const [fetch] = await broker.journal.waitFor({ api: 'Fetch' })
  broker.faults.latency({ ms: 100 })
  await using slow = await connect(broker)
  produce(slow, 1)?.catch(() => {})
  const [late] = await broker.journal.waitFor({ api: 'Produce' })
  await client[Symbol.asyncDispose]()
  await broker.node(1).down()
  assert.deepEqual([fetch!.outcome, late!.outcome], ['abandoned', 'abandoned'])
})

test('journal - it keeps the last journalSize requests, and forgets them when told', async () => {
  await using broker = await start({ journalSize: 3 })
  await using client = await connect(broker)
  for (let version = 0; version < 3; version++) await client.send(apiVersionsApi, version, {})
  for (const topic of ['a', 'b']) await produce(client, 1, topic)
  assert.deepEqual(
    broker.journal.requests().map(({ api, version, topics }) => [api, version, topics]),
    [
      ['ApiVersions', 2, []],
      ['Produce', 9, ['a']],
      ['Produce', 9, ['b']],
    ],
  )
  broker.journal.clear()
  assert.deepEqual(broker.journal.requests(), [])
  await produce(client)
  assert.equal(broker.journal.requests().length, 1)
})

test('journal - waiting ends with the requests, the time, the signal or the broker', async () => {
  const clock = new FakeClock()
  const broker = await start({ clock })
  await using client = await connect(broker)
  const three = broker.journal.waitFor({ api: 'Produce', count: 3 })
  await produce(client)
  const two = broker.journal.waitFor({ api: 'Produce', count: 2 })
  for (let i = 0; i < 2; i++) await produce(client)
  assert.deepEqual([(await two).length >= 2, (await three).length], [true, 3])

  const late = assert.rejects(broker.journal.waitFor({ api: 'Fetch', count: 2, timeoutMs: 100 }), {
    code: 'REQUEST_TIMED_OUT',
    message: 'waited 100 ms for 2 requests Fetch: 0 came',
  })
  clock.advance(100)
  await late
  const controller = new AbortController()
  const aborted = assert.rejects(broker.journal.waitFor({ api: 'Fetch', signal: controller.signal }), /enough/)
  controller.abort(new Error('enough'))
  await aborted
  await assert.rejects(broker.journal.waitFor({ api: 'Fetch', signal: controller.signal }), /enough/)
  const closed = assert.rejects(broker.journal.waitFor({ api: 'Fetch' }), { code: 'CLOSED' })
  await broker.close()
  await closed
  assert.equal(clock.pending, 0)
})

test('journal - names that are not known are refused, and without a journal nothing can be waited for', async () => {
  await using broker = await start({ journalSize: 0 })
  await using client = await connect(broker)
  await produce(client)
  assert.deepEqual(broker.journal.requests(), [])
  await assert.rejects(broker.journal.waitFor({ api: 'Produce' }), /journalSize is 0/)
  assert.throws(() => broker.journal.requests({ api: 'produce' as DevBrokerApi }), /no API "produce"; did you mean "Produce"\?/)
  assert.throws(
    () => broker.journal.requests({ client: 'x' } as object),
    /unknown filter of the journal "client"; did you mean "clientId"\?/,
  )
})
