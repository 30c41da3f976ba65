import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch, errorCodes } from '@sluice/protocol'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import { until } from '../network/testing/until.ts'
import type { KafkaConsumer } from './consumer.ts'
import { fetchResponse, ScriptedCluster } from './testing/scripted-cluster.ts'

type Strings = KafkaConsumer<string, string>
const p0 = { topic: 't', partition: 0 }

async function assigned(cluster: ScriptedCluster, consumer: Strings): Promise<Strings> {
  consumer.assign(cluster.client.metadata.cluster.topics.get('t')!.partitions.map(({ partition }) => ({ topic: 't', partition })))
  while (cluster.client.requests.every(({ api }) => api.name !== 'Fetch')) await consumer.poll({ timeoutMs: 5 })
  return consumer
}

async function values(consumer: Strings, count: number): Promise<(string | null)[]> {
  const all: (string | null)[] = []
  while (all.length < count) for (const { value } of await consumer.poll({ timeoutMs: 50 })) all.push(value)
  return all
}

test('consumer - the interceptor is configured on construction and closed once (KC-1, KC-3)', async () => {
  const cluster = new ScriptedCluster()
  const events: string[] = []
  const consumer = cluster.consumer({}, [
    {
      name: 'watch',
      configure: ({ clientId, groupId }) => void events.push(`configure ${clientId.replace(/\d+$/, 'N')} ${groupId}`),
      close: () => void events.push('close'),
    },
  ])
  assert.deepEqual(events, ['configure consumer-g-N g'])
  await consumer.close({ timeoutMs: 0 })
  await consumer.close()
  assert.deepEqual(events, ['configure consumer-g-N g', 'close'])
})

test('consumer - onConsume sees what poll returns, and what it changes is what the application gets (KC-11)', async () => {
  const cluster = new ScriptedCluster()
  const upperCase: ConsumerInterceptor<string, string> = {
    name: 'upper-case',
    onConsume: (records) => records.map((record) => ({ ...record, value: `${record.value!.toUpperCase()}!` })),
  }
  const consumer = await assigned(cluster, cluster.consumer({}, [upperCase]))
  cluster.feed(0, ['a', 'b'], 0)
  assert.deepEqual(await values(consumer, 2), ['A!', 'B!'])
  await consumer.close()
})

test('consumer - an interceptor that throws: logged, and the records go on; with onError fail poll rejects', async () => {
  const broken = (onError?: 'fail'): ConsumerInterceptor<string, string> => ({
    name: 'broken',
    onError,
    onConsume() {
      throw new Error('no')
    },
  })
  const lenient = new ScriptedCluster()
  const consumer = await assigned(lenient, lenient.consumer({}, [broken()]))
  lenient.feed(0, ['a'], 0)
  assert.deepEqual(await values(consumer, 1), ['a'])
  await consumer.close()
  const strict = new ScriptedCluster()
  const failing = await assigned(strict, strict.consumer({}, [broken('fail')]))
  strict.feed(0, ['a'], 0)
  await assert.rejects(values(failing, 1), { code: 'INTERCEPTOR' })
  assert.equal(await failing.position(p0), 0, 'the record that was not given comes again')
  await failing.close()
})

test('consumer - onConsume is also called when the position moved without records, with where reading goes on', async () => {
  const cluster = new ScriptedCluster()
  const seen: [number, number | undefined][] = []
  const consumer = await assigned(
    cluster,
    cluster.consumer({}, [
      {
        name: 'watch',
        onConsume(records) {
          seen.push([records.count, records.nextOffsets[0]?.offset])
          return records
        },
      },
    ]),
  )
  cluster.feedBytes(0, encodeBatch([], { baseOffset: 0, lastOffsetDelta: 8 }))
  assert.equal((await consumer.poll({ timeoutMs: 1000 })).count, 0)
  assert.deepEqual(seen, [[0, 9]])
  assert.equal(await consumer.position(p0), 9)
  await consumer.poll({ timeoutMs: 5 })
  assert.equal(seen.length, 1)
  await consumer.close()
})

test('consumer - fetches one node at a time once, ahead of the application, and no more than fits', async () => {
  const cluster = new ScriptedCluster(2, 2)
  const consumer = await assigned(cluster, cluster.consumer({ maxPartitionFetchBytes: 200, maxPollRecords: 1 }))
  assert.deepEqual(cluster.client.requests.map(({ node }) => node.id).sort(), [0, 1])
  cluster.feed(0, ['x'.repeat(150), 'y'.repeat(150)], 0)
  await values(consumer, 1)
  assert.equal(cluster.client.requests.filter(({ node }) => node.id === 0).length, 0, 'enough is buffered')
  await values(consumer, 1)
  await consumer.poll({ timeoutMs: 5 })
  const next = cluster.client.requests.find(({ node }) => node.id === 0)!
  assert.equal(next.message.topics[0].partitions[0].fetchOffset, 2)
  await consumer.close()
})

test('consumer - what was fetched for a position from before a seek is dropped', async () => {
  const cluster = new ScriptedCluster()
  const consumer = await assigned(cluster, cluster.consumer())
  consumer.seek(p0, 100)
  cluster.feed(0, ['old'], 0)
  cluster.feed(0, ['new'], 100)
  assert.deepEqual(await values(consumer, 1), ['new'])
  await consumer.close()
})

test('consumer - a paused partition keeps what it has, the others go on', async () => {
  const cluster = new ScriptedCluster(2, 2)
  const consumer = await assigned(cluster, cluster.consumer())
  cluster.feed(0, ['held'], 0)
  consumer.pause([p0])
  cluster.feed(1, ['other'], 0)
  assert.deepEqual(await values(consumer, 1), ['other'])
  assert.equal((await consumer.poll({ timeoutMs: 5 })).count, 0)
  const fetches = cluster.requests('Fetch').filter(({ node }) => node.id === 0).length
  consumer.resume([p0])
  assert.deepEqual(await values(consumer, 1), ['held'])
  assert.equal(cluster.requests('Fetch').filter(({ node }) => node.id === 0).length, fetches + 1, 'only the next fetch went out')
  await consumer.close()
})

test('consumer - poll gives at most maxPollRecords, of several partitions if need be', async () => {
  const cluster = new ScriptedCluster(2, 2)
  const consumer = await assigned(cluster, cluster.consumer({ maxPollRecords: 3 }))
  cluster.feed(0, ['a', 'b'], 0)
  cluster.feed(1, ['c', 'd'], 0)
  await new Promise((resolve) => setImmediate(resolve))
  const records = await consumer.poll({ timeoutMs: 50 })
  assert.deepEqual(
    [...records].map(({ value }) => value),
    ['a', 'b', 'c'],
  )
  assert.deepEqual(
    records.nextOffsets.map(({ partition, offset }) => [partition, offset]),
    [
      [0, 2],
      [1, 1],
    ],
  )
  await consumer.close()
})

for (const name of [
  'NOT_LEADER_OR_FOLLOWER',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_SERVER_ERROR',
] as const) {
  test(`consumer - a fetch that ends with ${name} is sent again after the backoff`, async () => {
    const cluster = new ScriptedCluster()
    const consumer = await assigned(cluster, cluster.consumer())
    cluster.client.requests.find(({ api }) => api.name === 'Fetch')!.respond(fetchResponse(0, { errorCode: errorCodes[name] }))
    cluster.feed(0, ['a'], 0)
    assert.deepEqual(await values(consumer, 1), ['a'])
    await consumer.close()
  })
}

test('consumer - a fetch that is not allowed fails poll', async () => {
  const cluster = new ScriptedCluster()
  const consumer = await assigned(cluster, cluster.consumer())
  const code = errorCodes.TOPIC_AUTHORIZATION_FAILED
  cluster.client.requests.find(({ api }) => api.name === 'Fetch')!.respond(fetchResponse(0, { errorCode: code }))
  await assert.rejects(values(consumer, 1), { code: 'TOPIC_AUTHORIZATION_FAILED', topic: 't' })
  await consumer.close()
})

test('consumer - a follower that the broker names is read from, and the leader again when it fails (KIP-392)', async () => {
  const cluster = new ScriptedCluster(1, 2)
  const consumer = await assigned(cluster, cluster.consumer({ clientRack: 'r1' }))
  const [first] = cluster.client.requests
  assert.deepEqual([first!.node.id, first!.message.rackId], [0, 'r1'])
  first!.respond(fetchResponse(0, { preferredReadReplica: 1 }))
  while (!cluster.client.requests.some(({ node }) => node.id === 1)) await consumer.poll({ timeoutMs: 5 })
  cluster.client.requests[0]!.respond(fetchResponse(0, { errorCode: errorCodes.OFFSET_OUT_OF_RANGE }))
  while (!cluster.client.requests.some(({ node }) => node.id === 0)) await consumer.poll({ timeoutMs: 5 })
  await consumer.close()
})

test('consumer - a batch larger than the limits allow says which options to raise', async () => {
  const cluster = new ScriptedCluster()
  const consumer = await assigned(cluster, cluster.consumer())
  cluster.feedBytes(0, encodeBatch([{ value: 'x'.repeat(100) }]).subarray(0, 90))
  await assert.rejects(values(consumer, 1), { code: 'RECORD_TOO_LARGE', message: /maxPartitionFetchBytes/ })
  await consumer.close()
})

for (const code of [
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
  'NOT_COORDINATOR',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'ILLEGAL_GENERATION',
] as const) {
  for (const api of ['JoinGroup', 'SyncGroup']) {
    test(`group - ${api} that ends with ${code} is tried again`, async () => {
      const cluster = new ScriptedCluster()
      const answer = cluster.answers[api]!
      let count = 0
      cluster.answers[api] = (request) => (count++ === 0 ? { ...answer(request), errorCode: errorCodes[code] } : answer(request))
      const consumer = cluster.consumer({ enableAutoCommit: false })
      consumer.subscribe(['t'])
      while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 10 })
      const ids = cluster.requests('JoinGroup').map(({ message }) => message.memberId)
      assert.deepEqual(ids, ['', api === 'SyncGroup' && code !== 'UNKNOWN_MEMBER_ID' ? 'm' : ''])
      await consumer.close()
    })
  }
}

for (const code of [
  'GROUP_AUTHORIZATION_FAILED',
  'INCONSISTENT_GROUP_PROTOCOL',
  'FENCED_INSTANCE_ID',
  'INVALID_SESSION_TIMEOUT',
  'GROUP_MAX_SIZE_REACHED',
] as const) {
  test(`group - JoinGroup that ends with ${code} fails poll`, async () => {
    const cluster = new ScriptedCluster()
    cluster.answers.JoinGroup = () => ({ errorCode: errorCodes[code] })
    const consumer = cluster.consumer()
    consumer.subscribe(['t'])
    await assert.rejects(values(consumer, 1), { code })
    await consumer.close()
  })
}

test('group - a member id that the coordinator demands is taken and used at once', async () => {
  const cluster = new ScriptedCluster()
  const join = cluster.answers.JoinGroup!
  cluster.answers.JoinGroup = (request) =>
    request.message.memberId === '' ? { errorCode: errorCodes.MEMBER_ID_REQUIRED, memberId: 'given' } : join(request)
  const consumer = cluster.consumer()
  consumer.subscribe(['t'])
  while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 10 })
  assert.deepEqual(
    cluster.requests('JoinGroup').map(({ message }) => message.memberId),
    ['', 'given'],
  )
  await consumer.close()
})

for (const [code, event] of [
  ['REBALANCE_IN_PROGRESS', 'revoked'],
  ['UNKNOWN_MEMBER_ID', 'lost'],
  ['ILLEGAL_GENERATION', 'lost'],
] as const) {
  test(`group - a heartbeat that ends with ${code}: the partitions count as ${event}, and the member joins again`, async () => {
    const cluster = new ScriptedCluster()
    const events: string[] = []
    const consumer = cluster.consumer({ heartbeatIntervalMs: 5 })
    consumer.subscribe(['t'], {
      onPartitionsAssigned: () => void events.push('assigned'),
      onPartitionsRevoked: () => void events.push('revoked'),
      onPartitionsLost: () => void events.push('lost'),
    })
    while (events.length === 0) await consumer.poll({ timeoutMs: 10 })
    let count = 0
    cluster.answers.Heartbeat = () => ({ errorCode: count++ === 0 ? errorCodes[code] : 0 })
    while (events.length < 3) await consumer.poll({ timeoutMs: 10 })
    assert.deepEqual(events, ['assigned', event, 'assigned'])
    await consumer.close()
  })
}

test('group - heartbeats go on while the application works and does not poll', async () => {
  const cluster = new ScriptedCluster()
  const consumer = cluster.consumer({ heartbeatIntervalMs: 5 })
  consumer.subscribe(['t'])
  while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 10 })
  await until(() => cluster.requests('Heartbeat').length >= 3, 'heartbeats')
  await consumer.close()
})

test('group - the leader rebalances when a topic gets more partitions', async () => {
  const cluster = new ScriptedCluster()
  const consumer = cluster.consumer()
  consumer.subscribe(['t'])
  while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 10 })
  cluster.client.updateMetadata({ t: { leaders: [0, 0] } })
  while (consumer.assignment().length < 2) await consumer.poll({ timeoutMs: 10 })
  await consumer.close()
})

test('group - another subscription is joined with at the next poll, and what went is revoked', async () => {
  const cluster = new ScriptedCluster()
  cluster.client.updateMetadata({ t: { leaders: [0] }, u: { leaders: [0] } })
  const consumer = cluster.consumer()
  consumer.subscribe(['t'])
  while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 10 })
  consumer.subscribe(['u'])
  while (consumer.assignment()[0]?.topic !== 'u') await consumer.poll({ timeoutMs: 10 })
  assert.deepEqual(consumer.subscription(), ['u'])
  await consumer.unsubscribe()
  assert.deepEqual(consumer.assignment(), [])
  await assert.rejects(consumer.poll(), { code: 'ILLEGAL_STATE' })
  await consumer.close()
})

test('group - a listener that throws fails poll once the rebalance is through', async () => {
  const cluster = new ScriptedCluster()
  const consumer = cluster.consumer()
  const failure = new Error('from the listener')
  consumer.subscribe(['t'], {
    onPartitionsAssigned() {
      throw failure
    },
  })
  await assert.rejects(async () => {
    for (;;) await consumer.poll({ timeoutMs: 20 })
  }, failure)
  assert.deepEqual(consumer.assignment(), [p0])
  await consumer.close()
})

test('group - the listener is waited for, may seek, and may close the consumer', async () => {
  const cluster = new ScriptedCluster()
  const consumer = cluster.consumer()
  consumer.subscribe(['t'], {
    async onPartitionsAssigned(partitions) {
      await new Promise((resolve) => setImmediate(resolve))
      for (const partition of partitions) consumer.seek(partition, 42)
    },
  })
  while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 10 })
  assert.equal(await consumer.position(p0), 42)
  await consumer.close()
  const other = new ScriptedCluster()
  const closing = other.consumer()
  closing.subscribe(['t'], { onPartitionsAssigned: () => closing.close() })
  await assert.rejects(values(closing, 1), { code: 'CLOSED' })
})

test('run - a handler of a partition that was lost delays nothing, and the partition waits for it when it comes back', async () => {
  const cluster = new ScriptedCluster()
  const consumer = cluster.consumer({ heartbeatIntervalMs: 5 })
  const events: string[] = []
  consumer.subscribe(['t'], { onPartitionsLost: () => void events.push('lost'), onPartitionsAssigned: () => void events.push('assigned') })
  cluster.feed(0, ['a', 'b'], 0)
  const stop = new AbortController()
  let release = (): void => {}
  const running = consumer.run({
    signal: stop.signal,
    async eachRecord({ value }) {
      events.push(`begin ${value}`)
      if (events.filter((event) => event === 'begin a').length === 1) await new Promise<void>((resolve) => (release = resolve))
      events.push(`end ${value}`)
    },
  })
  await until(() => events.includes('begin a'), 'the first record')
  let count = 0
  cluster.answers.Heartbeat = () => ({ errorCode: count++ === 0 ? errorCodes.UNKNOWN_MEMBER_ID : 0 })
  await until(() => events.filter((event) => event === 'assigned').length === 2, 'the new membership')
  // The fetch from before the loss has to end first.
  cluster.client.requests.find(({ api }) => api.name === 'Fetch')!.respond(fetchResponse(0, {}))
  cluster.feed(0, ['a', 'b'], 0)
  await new Promise((resolve) => setImmediate(resolve))
  release()
  await until(() => events.includes('end b'), 'the last record')
  stop.abort()
  await running
  assert.deepEqual(events, ['assigned', 'begin a', 'lost', 'assigned', 'end a', 'begin a', 'end a', 'begin b', 'end b'])
  await consumer.close()
})

test('iterator - break while the group rebalances goes through the rebalance and then commits', async () => {
  const cluster = new ScriptedCluster()
  const consumer = cluster.consumer({ partitionAssignmentStrategy: ['cooperative-sticky'], heartbeatIntervalMs: 5 })
  const join = cluster.answers.JoinGroup!
  cluster.answers.JoinGroup = (request) => ({ ...join(request), protocolName: 'cooperative-sticky' })
  consumer.subscribe(['t'])
  cluster.feed(0, ['a', 'b'], 0)
  const iterator = consumer[Symbol.asyncIterator]()
  assert.equal((await iterator.next()).value!.value, 'a')
  assert.equal((await iterator.next()).value!.value, 'b')
  cluster.answers.JoinGroup = () => undefined
  cluster.answers.Heartbeat = () => ({ errorCode: errorCodes.REBALANCE_IN_PROGRESS })
  const more = iterator.next()
  await until(() => cluster.client.requests.some(({ api }) => api.name === 'JoinGroup'), 'the rebalance')
  cluster.feed(0, ['c'], 2)
  assert.equal((await more).value!.value, 'c')
  cluster.answers.Heartbeat = () => ({ errorCode: 0 })
  const leaving = iterator.return!()
  const request = cluster.client.requests.find(({ api }) => api.name === 'JoinGroup')!
  request.respond({ ...join(request), protocolName: 'cooperative-sticky' })
  await leaving
  const last = cluster.requests('OffsetCommit').at(-1)!.message.topics[0].partitions[0]
  assert.equal(last.committedOffset, 3)
  await consumer.close()
})

for (const outcome of ['succeeds', 'has to be repeated'] as const) {
  test(`group - close during a rebalance of a cooperative member waits for it, so that its records are not read twice; the join ${outcome}`, async () => {
    const cluster = new ScriptedCluster()
    const consumer = cluster.consumer({ partitionAssignmentStrategy: ['cooperative-sticky'], heartbeatIntervalMs: 5 })
    const join = (request: Parameters<(typeof cluster.answers)['x']>[0]) => ({ ...answer(request), protocolName: 'cooperative-sticky' })
    const answer = cluster.answers.JoinGroup!
    cluster.answers.JoinGroup = join
    consumer.subscribe(['t'])
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 10 })
    cluster.answers.JoinGroup = () => undefined
    cluster.answers.Heartbeat = () => ({ errorCode: errorCodes.REBALANCE_IN_PROGRESS })
    while (!cluster.client.requests.some(({ api }) => api.name === 'JoinGroup')) await consumer.poll({ timeoutMs: 5 })
    cluster.feed(0, ['a', 'b'], 0)
    assert.deepEqual(await values(consumer, 2), ['a', 'b'])
    const closing = consumer.close()
    cluster.answers.JoinGroup = join
    const request = cluster.client.requests.find(({ api }) => api.name === 'JoinGroup')!
    request.respond(outcome === 'succeeds' ? join(request)! : { errorCode: errorCodes.REBALANCE_IN_PROGRESS })
    await closing
    assert.equal(cluster.requests('OffsetCommit').at(-1)!.message.topics[0].partitions[0].committedOffset, 2)
    assert.equal(cluster.log.at(-1)!.api.name, 'LeaveGroup')
  })
}

test('iterator - a consumer that is closed in the loop gives no more records', async () => {
  const cluster = new ScriptedCluster()
  const consumer = await assigned(cluster, cluster.consumer())
  cluster.feed(0, ['a', 'b', 'c'], 0)
  const had: (string | null)[] = []
  for await (const { value } of consumer) {
    had.push(value)
    await consumer.close()
  }
  assert.deepEqual(had, ['a'])
  assert.equal(cluster.requests('OffsetCommit').at(-1)!.message.topics[0].partitions[0].committedOffset, 1)
})

test('consumer - subscribe and assign refuse what cannot be', async () => {
  const cluster = new ScriptedCluster()
  const consumer = cluster.consumer()
  assert.throws(() => consumer.subscribe(['']), { code: 'INVALID_ARGUMENT' })
  assert.throws(() => consumer.assign([{ topic: 't', partition: -1 }]), { code: 'INVALID_ARGUMENT' })
  await assert.rejects(consumer.run({}), { code: 'INVALID_ARGUMENT' })
  await assert.rejects(consumer.run({ eachRecord: () => {}, concurrency: 0 }), { code: 'INVALID_ARGUMENT' })
  const alone = cluster.consumer({ groupId: undefined })
  assert.throws(() => alone.subscribe(['t']), { code: 'INVALID_GROUP_ID' })
  await consumer.close()
  assert.throws(() => consumer.subscribe(['t']), { code: 'CLOSED' })
  await alone.close()
})
