import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { findCoordinatorApi } from '@sluice/protocol/messages/find-coordinator'
import { heartbeatApi } from '@sluice/protocol/messages/heartbeat'
import { produceApi } from '@sluice/protocol/messages/produce'
import { KafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { everything, ScriptedBroker } from './testing/scripted-broker.ts'
import { until } from './testing/until.ts'

const heartbeat = (memberId: string) => ({ groupId: 'g', memberId })

/** More than a socket and the kernel take while nobody reads. */
const HUGE = Buffer.alloc(32 * 1024 * 1024)
const huge = { acks: 1, topicData: [{ name: 't', partitionData: [{ index: 0, records: HUGE }] }] }

async function setUp(t: TestContext, options: Partial<ConnectionOptions> = {}, script: (broker: ScriptedBroker) => void = () => {}) {
  const broker = await ScriptedBroker.start()
  script(broker)
  const clock = new ManualClock()
  const events: string[] = []
  const closed: KafkaError[] = []
  const throttles: number[] = []
  const connection = new Connection(
    {
      host: '127.0.0.1',
      port: broker.port,
      address: '127.0.0.1',
      clientId: 'client-1',
      ssl: null,
      sasl: null,
      setupTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
      connectionsMaxIdleMs: 540_000,
      maxInFlightRequests: 5,
      maxResponseBytes: 1024 * 1024,
      clock,
      logger: silentLogger,
      random: () => 0.5,
      ...options,
    },
    {
      onState: (_, state) => events.push(state),
      onClosed: (_, error) => {
        events.push('closed')
        closed.push(error)
      },
      onRoom: () => {},
      onTimeout: () => events.push('timeout'),
      onThrottle: (_connection, _key, _version, ms) => throttles.push(ms),
    },
  )
  t.after(async () => {
    if (connection.state !== 'closed') await connection.close(new KafkaError('CLOSED', 'test over'))
    await broker.stop()
  })
  /** What became of each request, in order. */
  const outcomes: string[] = []
  const send = (name: string, timeoutMs?: number) => {
    connection.send(
      heartbeatApi,
      heartbeat(name),
      { timeoutMs },
      (error) => outcomes.push(`${name} ${error?.code ?? 'ok'}`),
      () => outcomes.push(`${name} released`),
    )
  }
  const ready = () => until(() => connection.state === 'ready', 'the connection to be ready')
  return { broker, clock, connection, events, closed, throttles, outcomes, send, ready }
}

const settlements = (outcomes: string[]) => outcomes.filter((outcome) => !outcome.endsWith('released'))

test('connection - asks for versions first and tells each state once', async (t) => {
  const { connection, events, ready, send, broker } = await setUp(t)
  await ready()
  assert.deepEqual(events, ['checking_api_versions', 'ready'])
  assert.equal(connection.apiVersions!.usable(heartbeatApi), heartbeatApi.maxVersion)
  send('a')
  const request = await broker.next(heartbeatApi)
  assert.equal(request.clientId, 'client-1')
  assert.equal(request.body(heartbeatApi).memberId, 'a')
})

test('connection - several requests are on their way at once, and answers are matched in order', async (t) => {
  const { broker, ready, outcomes, send } = await setUp(t)
  await ready()
  for (const name of ['a', 'b', 'c']) send(name)
  const requests = [await broker.next(heartbeatApi), await broker.next(heartbeatApi), await broker.next(heartbeatApi)]
  assert.deepEqual(settlements(outcomes), [])
  for (const request of requests) request.answer(heartbeatApi, {})
  await until(() => outcomes.length === 6)
  assert.deepEqual(outcomes, ['a ok', 'a released', 'b ok', 'b released', 'c ok', 'c released'])
})

test('connection - 100 requests have 100 correlation ids, below those that Java keeps for SASL (NC-18)', async (t) => {
  const { broker, ready, send } = await setUp(t)
  await ready()
  const ids = new Set<number>()
  broker.on(heartbeatApi, (request) => {
    ids.add(request.correlationId)
  })
  for (let i = 0; i < 100; i++) send(`r${i}`)
  await until(() => ids.size === 100)
  assert.ok(Math.max(...ids) < 0x7fffffff - 7)
})

test('connection - a request that times out fails alone; its late answer is dropped and its neighbours get theirs', async (t) => {
  const { broker, clock, connection, events, ready, outcomes, send } = await setUp(t)
  await ready()
  send('slow', 1000)
  send('patient', 20_000)
  const slow = await broker.next(heartbeatApi)
  const patient = await broker.next(heartbeatApi)
  clock.advance(1000)
  assert.deepEqual(settlements(outcomes), ['slow TIMEOUT'])
  assert.ok(events.includes('timeout'))
  assert.equal(connection.inFlightRequestCount, 2)
  slow.answer(heartbeatApi, {})
  patient.answer(heartbeatApi, {})
  await until(() => settlements(outcomes).length === 2)
  assert.deepEqual(settlements(outcomes), ['slow TIMEOUT', 'patient ok'])
  assert.equal(connection.inFlightRequestCount, 0)
  assert.equal(connection.state, 'ready')
})

test('connection - when nothing comes for another request timeout, it is given up and the rest fails', async (t) => {
  const { broker, clock, connection, closed, ready, outcomes, send } = await setUp(t)
  await ready()
  send('lost', 1000)
  send('long', 100_000)
  await broker.next(heartbeatApi)
  await broker.next(heartbeatApi)
  clock.advance(30_999)
  assert.equal(connection.state, 'ready')
  clock.advance(1)
  assert.equal(connection.state, 'closed')
  assert.equal(closed[0]!.code, 'NETWORK')
  assert.deepEqual(settlements(outcomes), ['lost TIMEOUT', 'long NETWORK'])
})

test('connection - throttle time does not count against requests on their way', async (t) => {
  const { broker, clock, connection, throttles, ready, outcomes, send } = await setUp(t)
  await ready()
  send('a', 1000)
  send('b', 1000)
  const first = await broker.next(heartbeatApi)
  first.answer(heartbeatApi, { throttleTimeMs: 700 })
  await until(() => outcomes.length === 2)
  assert.deepEqual(throttles, [700])
  connection.excludeThrottleTime(700)
  clock.advance(1699)
  assert.deepEqual(settlements(outcomes), ['a ok'])
  clock.advance(1)
  assert.deepEqual(settlements(outcomes), ['a ok', 'b TIMEOUT'])
})

test('connection - a lost connection fails what is in flight in send order, as retriable', async (t) => {
  const { broker, closed, ready, outcomes, send } = await setUp(t)
  await ready()
  for (const name of ['a', 'b', 'c']) send(name)
  const request = await broker.next(heartbeatApi)
  request.connection.socket.destroy()
  await until(() => closed.length === 1)
  await until(() => outcomes.length === 6)
  assert.deepEqual(settlements(outcomes), ['a NETWORK', 'b NETWORK', 'c NETWORK'])
  assert.equal(closed[0]!.retriable, true)
})

test('connection - a timeout does not release bytes that the socket still holds; its end does', async (t) => {
  const { broker, clock, connection, ready } = await setUp(t)
  await ready()
  broker.sockets[0]!.pause()
  const outcomes: string[] = []
  connection.send(
    produceApi,
    huge,
    { timeoutMs: 1000 },
    (error) => outcomes.push(error?.code ?? 'ok'),
    () => outcomes.push('released'),
  )
  assert.equal(connection.canSendRequest(), false)
  clock.advance(1000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(outcomes, ['TIMEOUT'])
  clock.advance(30_000)
  assert.equal(connection.state, 'closed')
  assert.deepEqual(outcomes, ['TIMEOUT'])
  await until(() => outcomes.length === 2, 'the release')
  assert.deepEqual(outcomes, ['TIMEOUT', 'released'])
})

test('connection - bytes that leave the socket after the timeout are released then', async (t) => {
  const { broker, clock, connection, ready } = await setUp(t)
  await ready()
  broker.sockets[0]!.pause()
  const outcomes: string[] = []
  connection.send(
    produceApi,
    huge,
    { timeoutMs: 1000 },
    (error) => outcomes.push(error?.code ?? 'ok'),
    () => outcomes.push('released'),
  )
  clock.advance(1000)
  broker.sockets[0]!.resume()
  await until(() => outcomes.length === 2, 'the release')
  assert.deepEqual(outcomes, ['TIMEOUT', 'released'])
  assert.equal(connection.state, 'ready')
})

test('connection - a request without a response completes when the socket took it, and later answers still match', async (t) => {
  const { broker, connection, ready, outcomes, send } = await setUp(t)
  await ready()
  const silent: string[] = []
  connection.send(
    produceApi,
    { acks: 0 },
    { expectResponse: false },
    (error, response) => silent.push(`${error} ${response}`),
    () => silent.push('released'),
  )
  send('a')
  await broker.next(produceApi)
  const request = await broker.next(heartbeatApi)
  request.answer(heartbeatApi, {})
  await until(() => outcomes.length === 2)
  assert.deepEqual(silent, ['null undefined', 'released'])
  assert.equal(outcomes[0], 'a ok')
})

test('connection - an AbortSignal fails its request alone, and one that fired before sends nothing', async (t) => {
  const { broker, connection, ready, outcomes, send } = await setUp(t)
  await ready()
  const controller = new AbortController()
  const results: string[] = []
  const result = (name: string) => (error: KafkaError | null) => results.push(`${name} ${error?.code ?? 'ok'}`)
  connection.send(heartbeatApi, heartbeat('aborted'), { signal: controller.signal }, result('aborted'))
  send('kept')
  const aborted = await broker.next(heartbeatApi)
  const kept = await broker.next(heartbeatApi)
  controller.abort()
  assert.deepEqual(results, ['aborted ABORTED'])
  connection.send(heartbeatApi, heartbeat('late'), { signal: controller.signal }, result('late'))
  assert.deepEqual(results, ['aborted ABORTED'])
  aborted.answer(heartbeatApi, {})
  kept.answer(heartbeatApi, {})
  await until(() => outcomes.length === 2)
  assert.deepEqual(results, ['aborted ABORTED', 'late ABORTED'])
  assert.deepEqual(settlements(outcomes), ['kept ok'])
})

test('connection - a version that no side shares is refused before anything is sent', async (t) => {
  const { connection, ready } = await setUp(t, {}, (broker) =>
    broker.on(apiVersionsApi, (request) =>
      request.answer(apiVersionsApi, { apiKeys: [{ apiKey: heartbeatApi.key, minVersion: 0, maxVersion: 1 }] }),
    ),
  )
  await ready()
  const outcomes: string[] = []
  const add = (error: KafkaError | null, _: unknown, version: number) => outcomes.push(`${error?.code} ${version}`)
  connection.send(findCoordinatorApi, {}, {}, add, () => outcomes.push('released'))
  connection.send(heartbeatApi, heartbeat('a'), { minVersion: 2 }, add)
  connection.send(heartbeatApi, () => ({ groupInstanceId: 'needs version 3' }), {}, add)
  assert.deepEqual(outcomes, [])
  await until(() => outcomes.length === 4)
  assert.deepEqual(outcomes, ['UNSUPPORTED_VERSION -1', 'released', 'UNSUPPORTED_VERSION -1', 'UNSUPPORTED_VERSION 1'])
  assert.equal(connection.inFlightRequestCount, 0)
})

test('connection - a message may depend on the version', async (t) => {
  const { broker, connection, ready } = await setUp(t)
  await ready()
  connection.send(
    heartbeatApi,
    (version) => heartbeat(`v${version}`),
    { maxVersion: 2 },
    () => {},
  )
  const request = await broker.next(heartbeatApi)
  assert.equal(request.apiVersion, 2)
  assert.equal(request.body(heartbeatApi).memberId, 'v2')
})

test('connection - ApiVersions refused with a range is asked again in the newest version of that (NC-19)', async (t) => {
  const versions: number[] = []
  const { ready } = await setUp(t, {}, (broker) =>
    broker.on(apiVersionsApi, (request) => {
      versions.push(request.apiVersion)
      if (request.apiVersion <= 2) request.answer(apiVersionsApi, { apiKeys: everything })
      else request.answer(apiVersionsApi, { errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 2 }] }, 0)
    }),
  )
  await ready()
  assert.deepEqual(versions, [apiVersionsApi.maxVersion, 2])
})

test('connection - ApiVersions refused without a range is asked again in version 0 (NC-19)', async (t) => {
  const versions: number[] = []
  const { ready } = await setUp(t, {}, (broker) =>
    broker.on(apiVersionsApi, (request) => {
      versions.push(request.apiVersion)
      request.answer(apiVersionsApi, request.apiVersion === 0 ? { apiKeys: everything } : { errorCode: 35 }, 0)
    }),
  )
  await ready()
  assert.deepEqual(versions, [apiVersionsApi.maxVersion, 0])
})

test('connection - ApiVersions refused in every version ends the connection instead of asking for ever', async (t) => {
  const { closed } = await setUp(t, {}, (broker) =>
    broker.on(apiVersionsApi, (request) => request.answer(apiVersionsApi, { errorCode: 35 }, 0)),
  )
  await until(() => closed.length === 1)
  assert.equal(closed[0]!.code, 'UNSUPPORTED_VERSION')
})

test('connection - one that is not set up in time is closed', async (t) => {
  const { clock, closed, connection } = await setUp(t, { setupTimeoutMs: 500 })
  clock.advance(499)
  assert.equal(connection.state, 'connecting')
  clock.advance(1)
  assert.equal(closed[0]!.code, 'NETWORK')
  assert.match(closed[0]!.message, /500 ms .*socketConnectionSetupTimeoutMs/)
})

test('connection - a broker that never answers ApiVersions counts as unreachable', async (t) => {
  const { broker, clock, closed } = await setUp(t, {}, (scripted) => scripted.off(apiVersionsApi))
  await broker.next(apiVersionsApi)
  clock.advance(30_000)
  await until(() => closed.length === 1)
  assert.equal(closed[0]!.code, 'NETWORK')
})

test('connection - an idle one is closed on purpose', async (t) => {
  const { broker, clock, closed, connection, ready, outcomes, send } = await setUp(t, { connectionsMaxIdleMs: 60_000 })
  await ready()
  clock.advance(50_000)
  send('a')
  ;(await broker.next(heartbeatApi)).answer(heartbeatApi, {})
  await until(() => outcomes.length === 2)
  clock.advance(59_999)
  assert.equal(connection.state, 'ready')
  clock.advance(1)
  assert.equal(connection.state, 'closed')
  assert.equal(connection.closedHere, true)
  assert.match(closed[0]!.message, /connectionsMaxIdleMs/)
})

test('connection - a callback that throws does no harm to others', async (t) => {
  const { broker, connection, ready, outcomes, send } = await setUp(t)
  await ready()
  connection.send(heartbeatApi, heartbeat('bad'), {}, () => {
    throw new Error('callback')
  })
  send('good')
  for (let i = 0; i < 2; i++) (await broker.next(heartbeatApi)).answer(heartbeatApi, {})
  await until(() => outcomes.length === 2)
  assert.equal(outcomes[0], 'good ok')
})

const frame = (size: number, ...bytes: number[]) => Buffer.from([size >>> 24, size >>> 16, size >>> 8, size, ...bytes])

/** Bytes a hostile or broken broker may answer the first heartbeat (correlation id 1) with. */
const hostile: Record<string, { bytes: Buffer; message: RegExp }> = {
  'a negative frame size': { bytes: frame(-5), message: /-5/ },
  'a frame above the maximum': { bytes: frame(0x7fffffff), message: /2147483647/ },
  'an empty frame': { bytes: frame(0), message: /correlation id/ },
  'another correlation id': { bytes: frame(4, 0, 0, 0, 77), message: /77 arrived where 1 was expected/ },
  'a truncated body': { bytes: frame(5, 0, 0, 0, 1, 0), message: /Heartbeat response.*at byte/ },
  'endless tagged fields': { bytes: frame(10, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0), message: /at byte/ },
}
for (const [what, { bytes, message }] of Object.entries(hostile)) {
  test(`connection - ${what} fails the request with CORRUPT, the others with NETWORK, and closes`, async (t) => {
    const { broker, closed, ready, outcomes, send } = await setUp(t)
    await ready()
    send('a')
    send('b')
    const request = await broker.next(heartbeatApi)
    request.connection.socket.write(bytes)
    await until(() => outcomes.length === 4)
    assert.deepEqual(settlements(outcomes), ['a CORRUPT', 'b NETWORK'])
    assert.match(closed[0]!.message, message)
  })
}

test('connection - an answer that nobody asked for closes', async (t) => {
  const { broker, closed, ready } = await setUp(t)
  await ready()
  broker.sockets[0]!.write(frame(4, 0, 0, 0, 9))
  await until(() => closed.length === 1)
  assert.match(closed[0]!.message, /none was expected/)
})

test('connection - random bytes end it with an error and nothing else', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  t.diagnostic(`seed ${seed}`)
  let state = seed
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  for (let round = 0; round < 20; round++) {
    const { broker, closed, ready, outcomes, send } = await setUp(t)
    await ready()
    send('a')
    const request = await broker.next(heartbeatApi)
    const body = Buffer.from(Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)))
    const head = Buffer.alloc(8)
    head.writeInt32BE(body.length + 4)
    head.writeInt32BE(request.correlationId, 4)
    request.connection.socket.end(Buffer.concat([head, body]))
    await until(() => closed.length === 1 && outcomes.length === 2)
  }
})

test('connection - an HTTP server and a TLS listener are recognised', async (t) => {
  for (const [bytes, message] of [
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n'), /HTTP/],
    [Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a]), /securityProtocol/],
  ] as const) {
    const { broker, closed } = await setUp(t, {}, (scripted) => scripted.off(apiVersionsApi))
    const request = await broker.next(apiVersionsApi)
    request.connection.socket.write(bytes)
    await until(() => closed.length === 1)
    assert.match(closed[0]!.message, message)
  }
})

test('connection - a refused port is an error with the address and the reason', async (t) => {
  const broker = await ScriptedBroker.start()
  const { port } = broker
  await broker.stop()
  const { closed } = await setUp(t, { port })
  await until(() => closed.length === 1)
  assert.equal(closed[0]!.code, 'NETWORK')
  assert.match(closed[0]!.message, new RegExp(`127.0.0.1:${port}.*ECONNREFUSED`))
})
