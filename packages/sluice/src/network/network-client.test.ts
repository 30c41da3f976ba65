import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { heartbeatApi } from '@sluice/protocol/messages/heartbeat'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import type { KafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import type { ClientNetworkOptions } from './client-network-options.ts'
import type { Node } from './cluster.ts'
import { Metadata } from './metadata.ts'
import { NetworkClient, type NetworkClientParts } from './network-client.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { everything, ScriptedBroker } from './testing/scripted-broker.ts'
import { testOptions } from './testing/test-options.ts'
import { until } from './testing/until.ts'

async function setUp(
  t: TestContext,
  options: Partial<ClientNetworkOptions> = {},
  script: (broker: ScriptedBroker) => void = (broker) => broker.serveMetadata({ orders: 2 }),
  parts: NetworkClientParts = {},
) {
  const broker = await ScriptedBroker.start()
  script(broker)
  const clock = new ManualClock()
  const resolved = testOptions(broker, options)
  const metadata = new Metadata({ ...resolved, clock, logger: silentLogger })
  const client = new NetworkClient(resolved, metadata, { clock, logger: silentLogger, random: () => 0.5, ...parts })
  t.after(async () => {
    await client.close()
    await broker.stop()
  })
  /** Lets time pass in small steps until the condition holds. */
  const pass = (condition: () => boolean, what?: string) =>
    until(() => {
      if (condition()) return true
      clock.advance(1)
      return false
    }, what)
  const bootNode = metadata.cluster.nodes.get(-1)!
  const nodeOf = (other: ScriptedBroker, id: number): Node => ({ id, host: '127.0.0.1', port: other.port, rack: null })
  const send = (node: Node, outcomes: string[], name: string, timeoutMs?: number) =>
    client.send(node, heartbeatApi, { memberId: name }, { timeoutMs }, (error) => outcomes.push(`${name} ${error?.code ?? 'ok'}`))
  return { broker, clock, metadata, client, pass, bootNode, nodeOf, send }
}

const noMetadata = () => {}

test('network client - metadata comes by itself, and a request goes to the node it names', async (t) => {
  const { broker, clock, client, metadata, pass } = await setUp(t)
  metadata.add('orders')
  const arrived = metadata.awaitUpdate((cluster) => cluster.topics.has('orders'), 5000)
  await pass(() => metadata.cluster.topics.has('orders'))
  await arrived
  assert.equal(metadata.cluster.clusterId, 'scripted')
  const node = metadata.cluster.nodes.get(1)!
  const answer = client.request(node, heartbeatApi, { memberId: 'm' })
  const request = await broker.next(heartbeatApi)
  request.answer(heartbeatApi, { errorCode: 27 })
  assert.equal((await answer).errorCode, 27)
  clock.advance(30_000)
})

test('network client - the least loaded node is one connecting, then one ready, then none within backoff (NC-1)', async (t) => {
  const { broker, clock, client, bootNode, pass } = await setUp(t, {}, noMetadata)
  assert.equal(client.leastLoadedNode(), bootNode)
  client.ready(bootNode)
  assert.equal(client.leastLoadedNode(), bootNode)
  await pass(() => client.ready(bootNode))
  assert.equal(client.leastLoadedNode(), bootNode)
  broker.sockets[0]!.destroy()
  await until(() => !client.ready(bootNode))
  assert.equal(client.connectionFailed(bootNode), true)
  assert.equal(client.leastLoadedNode(), null)
  assert.ok(client.pollDelayMs(bootNode) > 0 && client.pollDelayMs(bootNode) <= 60)
  clock.advance(60)
  assert.equal(client.leastLoadedNode(), bootNode)
})

test('network client - a node without room is no reason to bootstrap anew (NC-2)', async (t) => {
  const { client, bootNode, pass, send } = await setUp(t, { maxInFlightRequestsPerConnection: 1 }, (broker) =>
    broker.on(metadataApi, () => {}),
  )
  await pass(() => client.hasReadyConnection() && client.inFlightRequestCount(bootNode) === 1)
  assert.equal(client.leastLoadedNode(), null)
  assert.equal(client.hasReadyConnection(), true)
  assert.equal(client.ready(bootNode), false)
  assert.equal(client.pollDelayMs(bootNode), Number.POSITIVE_INFINITY)
  assert.throws(() => send(bootNode, [], 'a'), { code: 'ILLEGAL_STATE' })
})

test('network client - nodes that fail are tried in turn, the one tried longest ago first (NC-3)', async (t) => {
  const dead = await ScriptedBroker.start()
  const { port } = dead
  await dead.stop()
  let draw = 0
  const brokers = [1, 2, 3].map((nodeId) => ({ nodeId, host: '127.0.0.1', port }))
  // With this backoff the metadata refresh does not connect by itself again.
  const { clock, client, metadata, pass } = await setUp(
    t,
    { retryBackoffMs: 1e9, retryBackoffMaxMs: 1e9 },
    (broker) => broker.on(metadataApi, (request) => request.answer(metadataApi, { brokers })),
    { random: () => (draw = (draw + 0.37) % 1) },
  )
  await pass(() => metadata.cluster.nodes.size === 3)
  for (let round = 0; round < 10; round++) {
    const picked = new Set<number>()
    for (let i = 0; i < 3; i++) {
      const node = client.leastLoadedNode()!
      picked.add(node.id)
      client.ready(node)
      await until(() => client.connectionFailed(node))
      clock.advance(2000)
    }
    assert.deepEqual([...picked].sort(), [1, 2, 3])
  }
})

test('network client - a throttled node is not ready until the time is over, and wakes its waiters (NC-4)', async (t) => {
  const { broker, clock, client, bootNode, pass } = await setUp(t, {}, noMetadata)
  await pass(() => client.inFlightRequestCount(bootNode) === 1 && client.ready(bootNode))
  const first = client.request(bootNode, heartbeatApi, {})
  ;(await broker.next(metadataApi)).answer(metadataApi, { brokers: [{ nodeId: 1, host: '127.0.0.1', port: broker.port }] })
  ;(await broker.next(heartbeatApi)).answer(heartbeatApi, { throttleTimeMs: 100 })
  await first
  assert.equal(client.ready(bootNode), false)
  assert.equal(client.pollDelayMs(bootNode), 100)
  let woken = 0
  client.onWakeup(() => woken++)
  const second = client.request(bootNode, heartbeatApi, {})
  clock.advance(99)
  assert.equal(client.ready(bootNode), false)
  const before = woken
  clock.advance(1)
  assert.ok(woken > before)
  ;(await broker.next(heartbeatApi)).answer(heartbeatApi, {})
  await second
})

test('network client - a broker that throttles in its answer to ApiVersions is left in peace for that time', async (t) => {
  const { clock, client, metadata, bootNode, pass } = await setUp(t, {}, (broker) => {
    broker.serveMetadata()
    broker.on(apiVersionsApi, (request) => request.answer(apiVersionsApi, { throttleTimeMs: 500, apiKeys: everything }))
  })
  await pass(() => client.hasReadyConnection())
  assert.equal(client.ready(bootNode), false)
  assert.equal(client.inFlightRequestCount(), 0)
  const leftMs = client.pollDelayMs(bootNode)
  assert.ok(leftMs > 0 && leftMs <= 500)
  clock.advance(leftMs - 1)
  assert.equal(client.ready(bootNode), false)
  clock.advance(1)
  await pass(() => metadata.cluster.nodes.has(1))
})

test('network client - sending to a node that is not ready is an illegal state (NC-5)', async (t) => {
  const { bootNode, send } = await setUp(t)
  assert.throws(() => send(bootNode, [], 'a'), { code: 'ILLEGAL_STATE' })
})

test('network client - a name that does not resolve fails the attempt and throws nothing (NC-6)', async (t) => {
  const { client, pass } = await setUp(t, {}, undefined, {
    lookup: async (host) => {
      if (host === '127.0.0.1') return [host]
      throw Object.assign(new Error('no such host'), { code: 'ENOTFOUND' })
    },
  })
  const node = { id: 7, host: 'nowhere.invalid', port: 9092, rack: null }
  assert.equal(client.ready(node), false)
  await pass(() => client.connectionFailed(node))
  await assert.rejects(
    Promise.all([client.request(node, heartbeatApi, {}), pass(() => !client.connectionFailed(node))]),
    (error: KafkaError) => error.code === 'NETWORK' && /nowhere\.invalid.*ENOTFOUND/.test(error.message),
  )
})

test('network client - a name that never resolves fails the attempt in time', async (t) => {
  const { clock, client } = await setUp(t, { socketConnectionSetupTimeoutMs: 1000 }, undefined, {
    lookup: (host) => (host === '127.0.0.1' ? Promise.resolve([host]) : new Promise(() => {})),
  })
  const node = { id: 7, host: 'slow.invalid', port: 9092, rack: null }
  const answer = client.request(node, heartbeatApi, {}, { timeoutMs: 5000 })
  clock.advance(999)
  assert.equal(client.connectionFailed(node), false)
  clock.advance(1)
  assert.equal(client.connectionFailed(node), true)
  await assert.rejects(answer, { code: 'NETWORK', message: /slow\.invalid.*1000 ms/ })
})

test('network client - disconnecting a node fails its requests and obeys backoff before the next attempt (NC-7, NC-17)', async (t) => {
  const { clock, client, bootNode, pass, send } = await setUp(t)
  await pass(() => client.ready(bootNode))
  const outcomes: string[] = []
  send(bootNode, outcomes, 'a')
  client.disconnect(bootNode)
  assert.deepEqual(outcomes, ['a NETWORK'])
  assert.equal(client.inFlightRequestCount(bootNode), 0)
  assert.equal(client.ready(bootNode), false)
  assert.equal(client.connectionFailed(bootNode), true)
  const delay = client.pollDelayMs(bootNode)
  clock.advance(delay - 1)
  client.disconnect(bootNode)
  assert.equal(client.pollDelayMs(bootNode), 1)
})

test('network client - a request that times out asks for metadata (NC-8)', async (t) => {
  const { broker, clock, client, metadata, pass, send } = await setUp(t)
  await pass(() => metadata.cluster.nodes.has(1))
  const node = metadata.cluster.nodes.get(1)!
  await pass(() => client.ready(node))
  const outcomes: string[] = []
  send(node, outcomes, 'a', 1000)
  await broker.next(heartbeatApi)
  assert.equal(metadata.updateRequested, false)
  clock.advance(999)
  assert.deepEqual(outcomes, [])
  broker.off(metadataApi)
  clock.advance(1)
  assert.deepEqual(outcomes, ['a TIMEOUT'])
  assert.equal(metadata.updateRequested, true)
})

test('network client - an attempt to connect that takes too long fails, and the next may take longer (NC-9)', async (t) => {
  const resolve: ((addresses: string[]) => void)[] = []
  const { broker, clock, client, nodeOf } = await setUp(
    t,
    { socketConnectionSetupTimeoutMs: 1000 },
    (scripted) => scripted.off(apiVersionsApi),
    {
      lookup: () => new Promise((done) => resolve.push(done)),
    },
  )
  const node = nodeOf(broker, 5)
  client.ready(node)
  resolve.at(-1)!(['127.0.0.1'])
  // The socket is made in a microtask and connects with the next I/O, which does not come before time has passed.
  for (let i = 0; i < 5; i++) await null
  clock.advance(999)
  assert.equal(client.connectionFailed(node), false)
  clock.advance(1)
  assert.equal(client.connectionFailed(node), true)
})

test('network client - closing while a node connects leaves other nodes usable, and it can connect again (NC-22)', async (t) => {
  const { broker, clock, client, nodeOf, pass } = await setUp(t)
  const [first, second] = [nodeOf(broker, 5), nodeOf(broker, 6)]
  client.ready(first)
  client.ready(second)
  client.disconnect(first)
  await pass(() => client.ready(second))
  clock.advance(1000)
  await pass(() => client.ready(first))
})

test('network client - a broker that hangs up after ApiVersions is left alone for ever longer (NC-15)', async (t) => {
  const { broker, clock, client, nodeOf } = await setUp(t, {}, (scripted) =>
    scripted.on(apiVersionsApi, (request) => request.connection.socket.destroy()),
  )
  const node = nodeOf(broker, 5)
  for (const expected of [50, 100, 200, 400, 800]) {
    client.ready(node)
    await until(() => client.connectionFailed(node))
    assert.equal(client.pollDelayMs(node), expected)
    assert.equal(client.inFlightRequestCount(node), 0)
    clock.advance(expected)
  }
})

test('network client - a lost connection surfaces each request once (NC-14)', async (t) => {
  const { broker, client, bootNode, pass } = await setUp(t)
  await pass(() => client.ready(bootNode))
  const results = Promise.allSettled([client.request(bootNode, metadataApi, { topics: [] }), client.request(bootNode, heartbeatApi, {})])
  broker.off(metadataApi)
  await broker.next(heartbeatApi).then((request) => request.connection.socket.destroy())
  const [, heartbeat] = await results
  assert.equal(heartbeat!.status, 'rejected')
})

test('network client - request() waits for backoff and for room, and leaves in order', async (t) => {
  const { broker, client, bootNode, pass } = await setUp(t, { maxInFlightRequestsPerConnection: 2 })
  await pass(() => client.ready(bootNode))
  const answered: number[] = []
  const all = Array.from({ length: 20 }, (_, i) => client.request(bootNode, heartbeatApi, { generationId: i }).then(() => answered.push(i)))
  const seen: number[] = []
  let most = 0
  broker.on(heartbeatApi, (request) => {
    most = Math.max(most, client.inFlightRequestCount(bootNode))
    seen.push(request.body(heartbeatApi).generationId)
    request.answer(heartbeatApi, {})
  })
  await Promise.all(all)
  assert.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, i) => i),
  )
  assert.deepEqual(answered, seen)
  assert.ok(most <= 2)
})

test('network client - request() ends with its timeout or signal while it waits for a connection', async (t) => {
  const { broker, clock, client, nodeOf } = await setUp(t, {}, (scripted) => scripted.off(apiVersionsApi))
  const node = nodeOf(broker, 5)
  const controller = new AbortController()
  const timedOut = client.request(node, heartbeatApi, {}, { timeoutMs: 700 })
  const aborted = client.request(node, heartbeatApi, {}, { signal: controller.signal })
  controller.abort()
  await assert.rejects(aborted, { code: 'ABORTED' })
  await assert.rejects(client.request(node, heartbeatApi, {}, { signal: controller.signal }), { code: 'ABORTED' })
  clock.advance(700)
  await assert.rejects(timedOut, { code: 'TIMEOUT' })
})

test('network client - close fails what waits and what is in flight with CLOSED, also twice', async (t) => {
  const { broker, client, bootNode, nodeOf, pass, metadata, send } = await setUp(t)
  await pass(() => client.ready(bootNode))
  const outcomes: string[] = []
  send(bootNode, outcomes, 'in flight')
  const waiting = client.request(nodeOf(broker, 9), heartbeatApi, {})
  const metadataWait = metadata.awaitUpdate(() => false, 60_000)
  const closing = Promise.all([client.close(), client.close()])
  await assert.rejects(waiting, { code: 'CLOSED' })
  await assert.rejects(metadataWait, { code: 'CLOSED' })
  await closing
  assert.deepEqual(outcomes, ['in flight CLOSED'])
  assert.equal(client.ready(bootNode), false)
  await assert.rejects(client.request(bootNode, heartbeatApi, {}), { code: 'CLOSED' })
})

test('network client - a second address of a name is tried at once when the first refuses', async (t) => {
  const lookups: string[] = []
  const { broker, client, pass } = await setUp(t, {}, undefined, {
    lookup: async (host) => {
      lookups.push(host)
      return host === 'two' ? ['127.0.0.2', '127.0.0.1'] : [host]
    },
  })
  const node = { id: 8, host: 'two', port: broker.port, rack: null }
  const answer = client.request(node, heartbeatApi, {})
  broker.on(heartbeatApi, (request) => request.answer(heartbeatApi, {}))
  await pass(() => client.ready(node))
  await answer
  assert.equal(lookups.filter((host) => host === 'two').length, 1)
})

test('network client - when every known broker is gone, it starts again from the bootstrap servers', async (t) => {
  const other = await ScriptedBroker.start()
  t.after(() => other.stop())
  const goneLater = await ScriptedBroker.start()
  const { port } = goneLater
  const { clock, broker, metadata, pass, client } = await setUp(t, {}, (scripted) =>
    scripted.on(metadataApi, (request) =>
      request.answer(metadataApi, { brokers: [{ nodeId: 1, host: '127.0.0.1', port }], clusterId: 'first' }),
    ),
  )
  await pass(() => metadata.cluster.nodes.has(1))
  await goneLater.stop()
  broker.serveMetadata({ orders: 1 }, 2)
  metadata.add('orders')
  const wait = metadata.awaitUpdate((cluster) => cluster.topics.has('orders'), 60_000)
  await pass(() => metadata.cluster.nodes.has(2), 'the metadata of the second cluster')
  await wait
  assert.equal(client.connectionFailed(metadata.cluster.nodes.get(2)!), false)
  clock.advance(0)
})

test('network client - a broker that refuses a login does not keep metadata of another from being taken (NC-23)', async (t) => {
  const locked = await ScriptedBroker.start()
  t.after(() => locked.stop())
  locked.on(apiVersionsApi, (request) => request.connection.socket.write(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a])))
  const { broker, client, metadata, nodeOf, pass } = await setUp(t, {}, noMetadata)
  await pass(() => client.inFlightRequestCount() === 1)
  const request = await broker.next(metadataApi)
  const lockedNode = nodeOf(locked, 2)
  client.ready(lockedNode)
  await pass(() => client.authenticationError(lockedNode) !== null)
  assert.equal(client.authenticationError(lockedNode)!.code, 'AUTHENTICATION')
  await assert.rejects(client.request(lockedNode, heartbeatApi, {}), { code: 'AUTHENTICATION' })
  const { version } = metadata
  request.answer(metadataApi, { brokers: [{ nodeId: 1, host: '127.0.0.1', port: broker.port }] })
  await until(() => metadata.version === version + 1)
})

test('network client - a wait for metadata that times out says why there was none', async (t) => {
  const { broker, clock, metadata, pass } = await setUp(t, {}, (scripted) =>
    scripted.on(metadataApi, (request) => request.connection.socket.destroy()),
  )
  const wait = metadata.awaitUpdate(metadata.version, 5000)
  await pass(() => broker.connections === 2)
  clock.advance(5000)
  await assert.rejects(wait, {
    code: 'TIMEOUT',
    message: /closed the connection before it answered a request; .*SASL \(securityProtocol\)/,
  })
})

test('network client - a broker that cannot be used is warned about once, not at each attempt', async (t) => {
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (_: string, fields?: object) => warnings.push(JSON.stringify(fields)) }
  const hangUp = (scripted: ScriptedBroker) => scripted.on(metadataApi, (request) => request.connection.socket.destroy())
  const { broker, pass } = await setUp(t, {}, hangUp, { logger })
  await pass(() => broker.connections === 4)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /SASL/)
})

test('network client - metadata without brokers is asked again', async (t) => {
  let asked = 0
  const { broker, metadata, pass } = await setUp(t, {}, (scripted) =>
    scripted.on(metadataApi, (request) => {
      asked++
      request.answer(metadataApi, { brokers: [] })
      if (asked === 2) scripted.serveMetadata()
    }),
  )
  await pass(() => metadata.cluster.nodes.has(1))
  assert.equal(asked, 2)
  assert.equal(broker.connections, 1)
})

test('network client - an idle connection is closed without another one being opened for it', async (t) => {
  const { broker, clock, client, metadata, pass, bootNode } = await setUp(t, { connectionsMaxIdleMs: 10_000, metadataMaxAgeMs: 3_600_000 })
  await pass(() => metadata.cluster.nodes.has(1) && client.ready(bootNode))
  clock.advance(10_001)
  await until(() => broker.sockets[0]!.destroyed)
  clock.advance(5000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(broker.connections, 1)
})

test('network client - a node whose port is none is like one that cannot be reached, and no promise is left to reject', async (t) => {
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', onUnhandled)
  t.after(() => process.off('unhandledRejection', onUnhandled))
  const { client } = await setUp(t, {}, noMetadata)
  for (const port of [-1, 70_000]) {
    const node: Node = { id: port, host: '127.0.0.1', port, rack: null }
    await assert.rejects(
      client.request(node, heartbeatApi, {}),
      (error: KafkaError) => error.code === 'NETWORK' && error.retriable && error.message.includes(`127.0.0.1:${port}`),
    )
    assert.ok(client.connectionFailed(node))
  }
  await new Promise(setImmediate)
  assert.deepEqual(unhandled, [])
})

test('network client - TLS options that Node does not take end the wait for metadata with what is wrong', async (t) => {
  const ssl = { cert: 'no certificate', key: 'no key' }
  const { metadata, pass } = await setUp(t, { securityProtocol: 'SSL', ssl }, noMetadata)
  let failure: KafkaError | null = null
  metadata.awaitUpdate((cluster) => cluster.topics.has('orders'), 60_000).catch((error) => (failure = error))
  await pass(() => failure !== null)
  assert.equal(failure!.code, 'AUTHENTICATION')
  assert.match(failure!.message, /\(ssl\)/)
})

test('network client - a wait for metadata that every answer refuses says what the broker answered', async (t) => {
  const answers: readonly [RegExp, (broker: ScriptedBroker) => void][] = [
    [/speaks no version of Metadata/, (broker) => broker.on(apiVersionsApi, (request) => request.answer(apiVersionsApi, { apiKeys: [] }))],
    [/names no brokers/, (broker) => broker.on(metadataApi, (request) => request.answer(metadataApi, {}))],
    [/not authorized/, (broker) => broker.on(metadataApi, (request) => request.answer(metadataApi, { errorCode: 31 }))],
  ]
  for (const [expected, script] of answers) {
    const { clock, metadata } = await setUp(t, {}, script)
    const waiting = metadata.awaitUpdate((cluster) => cluster.topics.has('orders'), 1000)
    let ended = false
    waiting.catch(() => {}).finally(() => (ended = true))
    await until(() => {
      clock.advance(1)
      return ended
    })
    await assert.rejects(waiting, (error: KafkaError) => error.code === 'TIMEOUT' && expected.test(error.message))
  }
})

test('network client - a throttle time of weeks does not keep a request waiting that was in flight', async (t) => {
  const { broker, client, clock, nodeOf, pass } = await setUp(t, { requestTimeoutMs: 1000 })
  const node = nodeOf(broker, 7)
  await pass(() => client.ready(node))
  const answered = client.request(node, heartbeatApi, { memberId: 'throttled' })
  const request = await broker.next(heartbeatApi)
  const silent = client.request(node, heartbeatApi, { memberId: 'silent' })
  await broker.next(heartbeatApi)
  request.answer(heartbeatApi, { throttleTimeMs: 2 ** 31 - 1 })
  await answered
  let ended = false
  silent.catch(() => {}).finally(() => (ended = true))
  const start = clock.monotonic()
  await pass(() => ended)
  await assert.rejects(silent, { code: 'TIMEOUT' })
  assert.ok(clock.monotonic() - start <= 2001)
})
