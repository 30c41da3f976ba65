import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch, errorCodes, type Writable } from '@sluice/protocol'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { fetchApi } from '@sluice/protocol/messages/fetch'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { type ProduceRequest, type ProduceResponse, produceApi } from '@sluice/protocol/messages/produce'
import { DevBroker } from '../dev-broker.ts'
import type { DevBrokerOptions } from '../options.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { WireClient } from '../testing/wire-client.ts'
import type { DevBrokerApi } from './api-messages.ts'
import { Fault } from './fault.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

function start(options: DevBrokerOptions = {}): Promise<DevBroker> {
  return DevBroker.start({ topics: { orders: 2 }, log: silent, ...options })
}

function connect(broker: DevBroker, node = 1): Promise<WireClient> {
  const { host, port } = broker.node(node)
  return WireClient.connect(host, port)
}

function produceRequest(partitions: readonly number[] = [0], fields: Partial<ProduceRequest> = {}): Writable<ProduceRequest> {
  const partitionData = partitions.map((index) => ({ index, records: encodeBatch([{ value: 'x' }]) }))
  return { acks: -1, ...fields, topicData: [{ name: 'orders', partitionData }] }
}

function produce(client: WireClient, partitions?: readonly number[]): Promise<ProduceResponse> {
  return client.send(produceApi, 9, produceRequest(partitions))
}

function errorsOf(response: ProduceResponse): [number, number][] {
  return response.responses[0]!.partitionResponses.map(({ index, errorCode }) => [index, errorCode])
}

/** Enough turns of the event loop for what was sent to arrive and be handled. */
async function settle(broker: DevBroker): Promise<void> {
  await using other = await connect(broker)
  await other.send(apiVersionsApi, 0, {})
  await other.send(apiVersionsApi, 0, {})
}

test('faults - queued errors are met in order, by name and by number, and nothing is executed', async () => {
  await using broker = await start()
  await using client = await connect(broker)
  broker.faults.push('Produce', 'NOT_LEADER_OR_FOLLOWER', 7)
  assert.deepEqual(errorsOf(await produce(client, [0, 1])), [
    [0, errorCodes.NOT_LEADER_OR_FOLLOWER],
    [1, errorCodes.NOT_LEADER_OR_FOLLOWER],
  ])
  assert.deepEqual(errorsOf(await produce(client)), [[0, errorCodes.REQUEST_TIMED_OUT]])
  assert.deepEqual(broker.endOffsets('orders'), [0, 0])
  broker.faults.assertConsumed()
  assert.deepEqual(errorsOf(await produce(client)), [[0, 0]])
  assert.deepEqual(broker.endOffsets('orders'), [1, 0])
})

test('faults - an error for one partition leaves the others of the request alone', async () => {
  await using broker = await start({ topics: { orders: 3 } })
  await using client = await connect(broker)
  broker.faults.push('Produce', 'KAFKA_STORAGE_ERROR', { topic: 'orders', partition: 1 })
  assert.deepEqual(errorsOf(await produce(client, [0])), [[0, 0]])
  assert.equal(broker.faults.pending().length, 1, 'a request without that partition does not meet it')
  const answer = errorsOf(await produce(client, [0, 1, 2]))
  assert.deepEqual(
    new Map(answer),
    new Map([
      [0, 0],
      [1, errorCodes.KAFKA_STORAGE_ERROR],
      [2, 0],
    ]),
  )
  assert.deepEqual(broker.endOffsets('orders'), [2, 0, 1])

  broker.faults.push('Fetch', 'NOT_LEADER_OR_FOLLOWER', { topic: 'orders', partition: 0 })
  const { topicId } = (await client.send(metadataApi, 12, { topics: [{ name: 'orders' }] })).topics[0]!
  const partitions = [0, 2].map((partition) => ({ partition, fetchOffset: 1, partitionMaxBytes: 1000 }))
  const fetched = await client.send(fetchApi, 16, { maxWaitMs: 60_000, minBytes: 1, maxBytes: 1000, topics: [{ topicId, partitions }] })
  const byPartition = new Map(fetched.responses[0]!.partitions.map((each) => [each.partitionIndex, each]))
  assert.equal(byPartition.get(0)!.errorCode, errorCodes.NOT_LEADER_OR_FOLLOWER)
  assert.deepEqual([byPartition.get(2)!.errorCode, byPartition.get(2)!.highWatermark], [0, 1], 'and a fetch with an error does not wait')
  broker.faults.assertConsumed()
})

test('faults - each scope has its own queue, and the narrowest comes first', async () => {
  await using broker = await start({ nodes: 2, topics: { orders: { partitions: 2, replicationFactor: 2 } } })
  for (const index of [0, 1]) broker.partition('orders', index).moveLeader(1)
  await using client = await connect(broker, 1)
  broker.faults.push('Produce', 'REQUEST_TIMED_OUT')
  broker.faults.push('Produce', 'NOT_ENOUGH_REPLICAS', { topic: 'orders', partition: 1 })
  broker.faults.push('Produce', 'KAFKA_STORAGE_ERROR', { node: 2 })
  assert.deepEqual(
    new Map(errorsOf(await produce(client, [0, 1]))),
    new Map([
      [0, 7],
      [1, 19],
    ]),
  )
  assert.deepEqual(errorsOf(await produce(client, [0])), [[0, 0]])
  assert.deepEqual(broker.faults.pending(), [{ api: 'Produce', fault: 'KAFKA_STORAGE_ERROR', node: 2 }])
  assert.throws(() => broker.faults.assertConsumed(), { code: 'FAULTS_LEFT', message: /Produce: KAFKA_STORAGE_ERROR \(node 2\)/ })
  broker.faults.clear()
  broker.faults.assertConsumed()
})

test('faults - a connection is dropped before the request is executed, or after it', async () => {
  await using broker = await start()
  broker.faults.push('Produce', Fault.dropBefore, Fault.dropAfter)
  await using before = await connect(broker)
  await assert.rejects(produce(before), /closed the connection/)
  assert.deepEqual(broker.endOffsets('orders'), [0, 0])
  await using after = await connect(broker)
  await assert.rejects(produce(after), /closed the connection/)
  assert.deepEqual(broker.endOffsets('orders'), [1, 0])
  const journal = broker.journal.requests({ api: 'Produce' })
  assert.deepEqual(
    journal.map(({ outcome, fault }) => [outcome, fault]),
    [
      ['dropped', 'dropBefore'],
      ['dropped', 'dropAfter'],
    ],
  )
})

test('faults - an idempotent batch whose answer was lost is not appended twice', async () => {
  await using broker = await start()
  broker.faults.push('Produce', Fault.dropAfter)
  const request = (): Writable<ProduceRequest> => {
    const records = encodeBatch([{ value: 'x' }], { producerId: 1, producerEpoch: 0, baseSequence: 0 })
    return { acks: -1, topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }] }
  }
  await using first = await connect(broker)
  await assert.rejects(first.send(produceApi, 9, request()))
  await using second = await connect(broker)
  const retried = await second.send(produceApi, 9, request())
  assert.deepEqual(errorsOf(retried), [[0, 0]])
  assert.deepEqual(broker.endOffsets('orders'), [1, 0])
})

for (const { fault, executed } of [
  { fault: Fault.noResponse, executed: 1 },
  { fault: Fault.noResponseBefore, executed: 0 },
]) {
  test(`faults - ${fault.kind}: nothing on that connection is answered any more, and it stays open`, async () => {
    await using broker = await start()
    broker.faults.push('Produce', fault)
    await using client = await connect(broker)
    const answers: string[] = []
    produce(client).then(
      () => answers.push('produce'),
      () => answers.push('closed'),
    )
    client.send(apiVersionsApi, 0, {}).then(
      () => answers.push('versions'),
      () => {},
    )
    await settle(broker)
    assert.deepEqual([answers, broker.endOffsets('orders')], [[], [executed, 0]])
    assert.equal(broker.journal.requests({ api: 'Produce' })[0]!.outcome, 'withheld')
    await using other = await connect(broker)
    assert.deepEqual(errorsOf(await produce(other)), [[0, 0]])
  })
}

test('faults - a truncated answer ends where it was told to, and the connection with it', async () => {
  await using broker = await start()
  for (const bytes of [0, 3, 10, 1_000_000]) {
    broker.faults.push('Produce', Fault.truncate(bytes))
    await using client = await connect(broker)
    await assert.rejects(produce(client), /closed the connection/)
    await client.closed()
  }
  assert.deepEqual(broker.endOffsets('orders'), [4, 0])
})

test('faults - delays run on the broker’s clock; an error or none can come late', async () => {
  const clock = new FakeClock()
  await using broker = await start({ clock })
  await using client = await connect(broker)
  broker.faults.push('Produce', Fault.delay(300), { error: 'NONE', delayMs: 200 }, { error: 'NOT_ENOUGH_REPLICAS', delayMs: 100 })
  const answered: number[] = []
  const answers = [0, 1, 2].map(() => produce(client).then((response) => answered.push(errorsOf(response)[0]![1])))
  for (const [index, ms] of [300, 200, 100].entries()) {
    await broker.journal.waitFor({ api: 'Produce', count: index + 1 })
    await settle(broker)
    assert.equal(answered.length, index)
    clock.advance(ms - 1)
    await settle(broker)
    assert.equal(answered.length, index, 'not before its time')
    clock.advance(1)
    await answers[index]
  }
  assert.deepEqual(
    [answered, broker.endOffsets('orders')],
    [
      [0, 0, errorCodes.NOT_ENOUGH_REPLICAS],
      [2, 0],
    ],
  )
  assert.deepEqual(
    broker.journal.requests({ api: 'Produce' }).map(({ latencyMs }) => latencyMs),
    [300, 200, 100],
  )
})

test('faults - no delay outlives the connection that it is for', async () => {
  const clock = new FakeClock()
  await using broker = await start({ clock })
  broker.faults.push('Produce', Fault.delay(60_000))
  await using delayed = await connect(broker)
  const cut = assert.rejects(produce(delayed), /closed the connection/)
  await broker.journal.waitFor({ api: 'Produce' })
  broker.faults.latency({ ms: 60_000 })
  await using slow = await connect(broker)
  const late = assert.rejects(produce(slow), /closed the connection/)
  await broker.journal.waitFor({ api: 'Produce', count: 2 })
  await new Promise(setImmediate)
  assert.equal(clock.pending, 2)
  await broker.close()
  await Promise.all([cut, late])
  assert.equal(clock.pending, 0)
})

test('faults - throttle tells the client, and answers as ever', async () => {
  await using broker = await start()
  await using client = await connect(broker)
  broker.faults.push('Produce', Fault.throttle(500))
  const response = await produce(client)
  assert.deepEqual([response.throttleTimeMs, errorsOf(response)], [500, [[0, 0]]])
  assert.equal((await produce(client)).throttleTimeMs, 0)
})

test('faults - who wants no acknowledgement learns of an error by losing the connection', async () => {
  await using broker = await start()
  broker.faults.push('Produce', 'KAFKA_STORAGE_ERROR', { topic: 'orders', partition: 1 })
  await using client = await connect(broker)
  client.sendOnly(produceApi, 9, produceRequest([0, 1], { acks: 0 }))
  await client.closed()
  assert.deepEqual(broker.endOffsets('orders'), [1, 0])
})

test('faults - ApiVersions refused as unsupported is answered in version 0, as Kafka does', async () => {
  await using broker = await start()
  broker.faults.push('ApiVersions', 'UNSUPPORTED_VERSION')
  await using client = await connect(broker)
  client.sendOnly(apiVersionsApi, 3, { clientSoftwareName: 'a', clientSoftwareVersion: '1' })
  const frame = await client.nextFrame()
  assert.deepEqual([frame.readInt16BE(4), frame.readInt32BE(6), frame.readInt16BE(10)], [errorCodes.UNSUPPORTED_VERSION, 1, 18])
})

test('latency - answers leave later, in order, and do not wait for one another', async () => {
  const clock = new FakeClock()
  await using broker = await start({ clock })
  await using client = await connect(broker)
  const end = broker.faults.latency({ node: 1, ms: 200 })
  const order: number[] = []
  const answers = [0, 1, 2].map((n) => produce(client).then(() => order.push(n)))
  await broker.journal.waitFor({ api: 'Produce', count: 3 })
  clock.advance(150)
  end()
  const direct = produce(client).then(() => order.push(3))
  await broker.journal.waitFor({ api: 'Produce', count: 4 })
  assert.deepEqual([order, broker.endOffsets('orders')], [[], [4, 0]], 'all four are executed, also while none was answered')
  clock.advance(50)
  await Promise.all([...answers, direct])
  assert.deepEqual(order, [0, 1, 2, 3])
})

test('disk full - produce fails with KAFKA_STORAGE_ERROR on that node only, until there is room again', async () => {
  const clock = new FakeClock()
  await using broker = await start({ clock, nodes: 2, topics: { orders: { partitions: 2, replicationFactor: 2 } } })
  broker.partition('orders', 0).moveLeader(1)
  broker.partition('orders', 1).moveLeader(2)
  await using one = await connect(broker, 1)
  await using two = await connect(broker, 2)
  broker.faults.diskFull({ node: 1, until: clock.now() + 1000 })
  assert.deepEqual([errorsOf(await produce(one, [0])), errorsOf(await produce(two, [1]))], [[[0, 56]], [[1, 0]]])
  clock.advance(1000)
  assert.deepEqual(errorsOf(await produce(one, [0])), [[0, 0]])
  const controller = new AbortController()
  broker.faults.diskFull({ until: controller.signal })
  assert.deepEqual(errorsOf(await produce(two, [1])), [[1, 56]])
  controller.abort()
  assert.deepEqual(errorsOf(await produce(two, [1])), [[1, 0]])
})

test('hooks - they see requests, change answers, and stop when they are removed', async () => {
  await using broker = await start({ nodes: 3 })
  await using client = await connect(broker)
  const seen: (string | null | undefined)[] = []
  const remove = broker.faults.on('Metadata', async (request, next, { api, version, clientId, node }) => {
    seen.push(request.topics?.[0]?.name, api, String(version), clientId, String(node))
    const response = await next()
    response.brokers.pop()
    return response
  })
  broker.faults.on('Metadata', (request) => {
    seen.push(`inner ${request.topics?.length}`)
  })
  const brokers = async () => (await client.send(metadataApi, 9, { topics: [{ name: 'orders' }] })).brokers.map(({ nodeId }) => nodeId)
  assert.deepEqual(await brokers(), [1, 2])
  assert.deepEqual(seen, ['orders', 'Metadata', '9', 'wire-client', '1', 'inner 1'])
  remove()
  assert.deepEqual(await brokers(), [1, 2, 3])
})

test('hooks - they can change a request, return a fault, and close the connection by throwing', async () => {
  await using broker = await start()
  const remove = broker.faults.on('Produce', (request, next) => next({ ...request, topicData: [] }))
  await using client = await connect(broker)
  assert.deepEqual((await produce(client)).responses, [])
  remove()
  const results = [Fault.dropAfter, Fault.error('MESSAGE_TOO_LARGE'), Fault.throttle(7), Fault.dropBefore]
  const end = broker.faults.on('Produce', () => results.shift())
  await assert.rejects(produce(client), /closed the connection/)
  assert.deepEqual(broker.endOffsets('orders'), [1, 0])
  await using second = await connect(broker)
  assert.deepEqual(errorsOf(await produce(second)), [[0, errorCodes.MESSAGE_TOO_LARGE]])
  assert.equal((await produce(second)).throttleTimeMs, 7)
  await assert.rejects(produce(second))
  assert.deepEqual(broker.endOffsets('orders'), [2, 0])
  end()
  broker.faults.on('Produce', () => {
    throw new Error('no')
  })
  await using third = await connect(broker)
  await assert.rejects(produce(third), /closed the connection/)
  assert.deepEqual(broker.endOffsets('orders'), [2, 0])
})

async function chaosRun(seed: number): Promise<string[]> {
  await using broker = await start()
  const stop = broker.faults.chaos({ seed, rates: { dropBefore: 0.2, dropAfter: 0.2, error: 0.3 }, apis: ['Produce'] })
  for (let i = 0; i < 40; i++) {
    await using client = await connect(broker)
    await produce(client, [0, 1]).catch(() => {})
  }
  stop()
  await using client = await connect(broker)
  assert.deepEqual(errorsOf(await produce(client)), [[0, 0]], 'stopped')
  return broker.journal.requests({ api: 'Produce' }).map(({ outcome, errorCode, fault }) => `${outcome} ${errorCode} ${fault}`)
}

test('chaos - a seed gives the same faults again, another seed others', async () => {
  const first = await chaosRun(7)
  assert.deepEqual(await chaosRun(7), first)
  assert.notDeepEqual(await chaosRun(8), first)
  const kinds = new Set(first.map((line) => line.split(' ')[2]))
  for (const kind of ['dropBefore', 'dropAfter', 'null']) assert.ok(kinds.has(kind), kind)
  assert.ok(
    first.some((line) => /^answered [1-9]/.test(line)),
    'some errors',
  )
})

test('faults - names that are not known come with the nearest one', async () => {
  await using broker = await start()
  const { faults } = broker
  const refused = (act: () => unknown, message: RegExp) => assert.throws(act, { name: 'DevBrokerError', message })
  refused(() => faults.push('Produc' as DevBrokerApi, 7), /no API "Produc"; did you mean "Produce"\?/)
  refused(() => faults.push('Produce', 'NOT_LEADER' as 'NONE'), /no error "NOT_LEADER"; did you mean "NOT_LEADER_OR_FOLLOWER"\?/)
  refused(() => faults.push('Produce', 9999), /no error 9999/)
  refused(() => faults.push('Produce', 7, { topics: 'orders' } as object), /"topics"; did you mean "topic"\?/)
  refused(() => faults.push('Produce', { delay: 5 } as object, 7), /"delay"; did you mean "delayMs"\?/)
  refused(() => faults.push('Produce', 7, { node: 9 }), /there is no node 9/)
  refused(() => faults.push('Produce', 7, { partition: 1 }), /needs the topic/)
  refused(() => faults.latency({ ms: -1 }), /ms must be a number from 0 on/)
  refused(() => faults.chaos({ rates: { dropBefore: 0.6, dropAfter: 0.6 } }), /must not exceed 1/)
  refused(() => faults.chaos({ rates: { drop: 1 } as object }), /unknown rate of chaos "drop"/)
  refused(() => faults.on('Fetsch' as 'Fetch', () => undefined), /did you mean "Fetch"/)
  refused(() => Fault.truncate(-1), /truncate must be/)
  assert.deepEqual(faults.pending(), [])
})
