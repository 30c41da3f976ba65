import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { heartbeatApi } from '@sluice/protocol/messages/heartbeat'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { saslAuthenticateApi } from '@sluice/protocol/messages/sasl-authenticate'
import { saslHandshakeApi } from '@sluice/protocol/messages/sasl-handshake'
import { KafkaError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { OAuthBearerToken, SaslOptions } from '../client-network-options.ts'
import { Connection } from '../connection.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { ScriptedBroker } from '../testing/scripted-broker.ts'
import { until } from '../testing/until.ts'

type Answer = { errorCode?: number; errorMessage?: string; authBytes?: Buffer; sessionLifetimeMs?: number }

/** A broker whose answers to SaslAuthenticate the test decides, and a connection to it. */
async function setUp(
  t: TestContext,
  sasl: SaslOptions,
  answer: (said: string, round: number) => Answer,
  mechanisms = [sasl.mechanism as string],
) {
  const broker = await ScriptedBroker.start()
  const said: string[] = []
  const handshakes: number[] = []
  broker.on(saslHandshakeApi, (request) => {
    handshakes.push(request.apiVersion)
    const known = mechanisms.includes(request.body(saslHandshakeApi).mechanism)
    request.answer(saslHandshakeApi, { errorCode: known ? 0 : 33, mechanisms })
  })
  broker.on(saslAuthenticateApi, (request) => {
    const text = request.body(saslAuthenticateApi).authBytes.toString()
    said.push(text)
    request.answer(saslAuthenticateApi, answer(text, said.length))
  })
  broker.on(heartbeatApi, (request) => request.answer(heartbeatApi, {}))
  const clock = new ManualClock()
  const closed: KafkaError[] = []
  const logged: string[] = []
  const log = (message: string, fields?: unknown) => logged.push(`${message} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const states: string[] = []
  const connection = new Connection(
    {
      host: '127.0.0.1',
      port: broker.port,
      address: '127.0.0.1',
      clientId: 'c',
      ssl: null,
      sasl,
      setupTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
      connectionsMaxIdleMs: -1,
      maxInFlightRequests: 5,
      maxResponseBytes: 1024 * 1024,
      clock,
      logger,
      random: () => 0.5,
    },
    {
      onState: (_, state) => states.push(state),
      onClosed: (_, error) => closed.push(error),
      onRoom() {},
      onTimeout() {},
      onThrottle() {},
    },
  )
  t.after(async () => {
    if (connection.state !== 'closed') await connection.close(new KafkaError('CLOSED', 'test over'))
    await broker.stop()
  })
  const ready = () => until(() => connection.state === 'ready' || closed.length > 0)
  return { broker, clock, connection, closed, states, said, handshakes, logged, ready }
}

const SECRET = 'hunter2-secret'
const plain: SaslOptions = { mechanism: 'PLAIN', username: 'alice', password: SECRET }

test('sasl - PLAIN sends name and password after a handshake of version 1', async (t) => {
  const { ready, said, states, handshakes, connection } = await setUp(t, { ...plain, username: async () => 'alice' }, () => ({}))
  await ready()
  assert.equal(connection.state, 'ready')
  assert.deepEqual(states, ['checking_api_versions', 'authenticating', 'ready'])
  assert.deepEqual(said, [`\0alice\0${SECRET}`])
  assert.deepEqual(handshakes, [1])
})

test('sasl - a refusal is AUTHENTICATION with the reason of the broker and no secret in error or log', async (t) => {
  const { ready, closed, logged } = await setUp(t, plain, () => ({ errorCode: 58, errorMessage: 'invalid credentials' }))
  await ready()
  assert.equal(closed[0]!.code, 'AUTHENTICATION')
  assert.equal(closed[0]!.retriable, false)
  assert.match(closed[0]!.message, /PLAIN.*invalid credentials/)
  assert.ok(!JSON.stringify([closed[0]!.stack, closed[0]!.message, logged]).includes(SECRET))
})

test('sasl - a mechanism that the broker lacks is refused with what it offers', async (t) => {
  const { ready, closed, said } = await setUp(t, plain, () => ({}), ['SCRAM-SHA-512', 'OAUTHBEARER'])
  await ready()
  assert.equal(closed[0]!.code, 'AUTHENTICATION')
  assert.match(closed[0]!.message, /PLAIN; it offers SCRAM-SHA-512, OAUTHBEARER/)
  assert.deepEqual(said, [])
})

test('sasl - a provider that fails or gives nothing ends the connection with AUTHENTICATION', async (t) => {
  const failing = () => {
    throw new Error('vault is sealed')
  }
  for (const password of [failing, () => '', () => 'nul\0byte']) {
    const { ready, closed, said } = await setUp(t, { ...plain, password }, () => ({}))
    await ready()
    assert.equal(closed[0]!.code, 'AUTHENTICATION')
    assert.match(closed[0]!.message, /password/)
    assert.deepEqual(said, [])
  }
})

test('sasl - SCRAM with a broker that does not know the password is refused by the client', async (t) => {
  const { ready, closed, said, connection } = await setUp(
    t,
    { mechanism: 'SCRAM-SHA-256', username: 'alice', password: SECRET },
    (text, round) => {
      if (round > 1) return { authBytes: Buffer.from(`v=${Buffer.alloc(32, 1).toString('base64')}`) }
      return { authBytes: Buffer.from(`r=${/r=(.*)$/.exec(text)![1]}server,s=c2FsdA==,i=4096`) }
    },
  )
  await ready()
  assert.equal(connection.state, 'closed')
  assert.match(closed[0]!.message, /signature is wrong/)
  assert.equal(said.length, 2)
  assert.ok(!said.join().includes(SECRET))
})

test('sasl - OAUTHBEARER sends token and extensions, asked for anew each time', async (t) => {
  let calls = 0
  const sasl: SaslOptions = {
    mechanism: 'OAUTHBEARER',
    token: async () => ({ value: `token${++calls}`, extensions: { logicalCluster: 'lkc-1' } }),
  }
  const { ready, said, connection } = await setUp(t, sasl, () => ({}))
  await ready()
  assert.equal(connection.state, 'ready')
  assert.deepEqual(said, ['n,,\x01auth=Bearer token1\x01logicalCluster=lkc-1\x01\x01'])
})

test('sasl - OAUTHBEARER answers a refusal with the byte that ends it, and says its status', async (t) => {
  const { ready, said, closed } = await setUp(t, { mechanism: 'OAUTHBEARER', token: () => SECRET }, (_, round) =>
    round === 1 ? { authBytes: Buffer.from('{"status":"invalid_token"}') } : {},
  )
  await ready()
  assert.deepEqual(said.slice(1), ['\x01'])
  assert.equal(closed[0]!.code, 'AUTHENTICATION')
  assert.match(closed[0]!.message, /invalid_token/)
  assert.ok(!closed[0]!.message.includes(SECRET))
})

test('sasl - a token or extension that would break out of its field is not sent', async (t) => {
  const tokens: (string | OAuthBearerToken)[] = [
    '',
    'two words',
    'ctrl\x01auth',
    { value: 'ok', extensions: { auth: 'x' } },
    { value: 'ok', extensions: { a: 'x\x01' } },
  ]
  for (const token of tokens) {
    const { ready, said, closed } = await setUp(t, { mechanism: 'OAUTHBEARER', token: () => token }, () => ({}))
    await ready()
    assert.equal(closed[0]!.code, 'AUTHENTICATION')
    assert.deepEqual(said, [])
  }
})

test('sasl - a session is renewed before it ends, without a request in between (KIP-368)', async (t) => {
  const { clock, connection, ready, said, broker } = await setUp(t, plain, () => ({ sessionLifetimeMs: 10_000 }))
  await ready()
  clock.advance(8999)
  assert.equal(connection.canSendRequest(), true)
  const order: string[] = []
  broker.on(heartbeatApi, (request) => {
    order.push('heartbeat')
    request.answer(heartbeatApi, {})
  })
  connection.send(heartbeatApi, {}, {}, () => order.push('answered'))
  clock.advance(1)
  assert.equal(connection.canSendRequest(), false)
  await until(() => connection.canSendRequest())
  assert.deepEqual(order, ['heartbeat', 'answered'])
  assert.equal(said.length, 2)
  clock.advance(9000)
  await until(() => said.length === 3 && connection.canSendRequest())
})

test('sasl - a renewal that is refused closes the connection; what was sent before gets its answer', async (t) => {
  const { broker, clock, connection, closed, ready } = await setUp(t, plain, (_, round) =>
    round === 1 ? { sessionLifetimeMs: 10_000 } : { errorCode: 58, errorMessage: 'revoked' },
  )
  await ready()
  broker.on(metadataApi, (request) => request.answer(metadataApi, {}))
  const outcomes: (string | undefined)[] = []
  connection.send(metadataApi, {}, {}, (error) => outcomes.push(error?.code))
  clock.advance(9000)
  await until(() => closed.length === 1)
  assert.match(closed[0]!.message, /revoked/)
  assert.deepEqual(outcomes, [undefined])
})

test('sasl - a provider that never answers ends the connection in time, at first and at a renewal', async (t) => {
  let asked = 0
  const password = () => (++asked === 2 ? new Promise<string>(() => {}) : Promise.resolve('secret'))
  const renewed = await setUp(t, { mechanism: 'PLAIN', username: 'alice', password }, () => ({ sessionLifetimeMs: 10_000 }))
  await renewed.ready()
  assert.equal(renewed.connection.state, 'ready')
  await until(() => {
    renewed.clock.advance(100)
    return renewed.closed.length > 0
  })
  assert.equal(asked, 2)
  const first = await setUp(t, { mechanism: 'PLAIN', username: 'alice', password: () => new Promise<string>(() => {}) }, () => ({}))
  await until(() => first.states.includes('authenticating'))
  await until(() => {
    first.clock.advance(100)
    return first.closed.length > 0
  })
  for (const { closed } of [renewed, first]) {
    assert.equal(closed[0]!.code, 'NETWORK')
    assert.match(closed[0]!.message, /authentication.*30000 ms \(requestTimeoutMs\)/)
  }
})

test('sasl - a challenge without end is refused, and words of a broker are cut to what a log has room for', async (t) => {
  const sasl: SaslOptions = { mechanism: 'SCRAM-SHA-256', username: 'alice', password: 'secret' }
  const long = await setUp(t, sasl, () => ({ authBytes: Buffer.alloc(600 * 1024, 'A') }))
  await long.ready()
  assert.equal(long.closed[0]!.code, 'AUTHENTICATION')
  assert.match(long.closed[0]!.message, /614400 bytes, more than 524288/)
  const wordy = await setUp(t, sasl, () => ({ errorCode: 58, errorMessage: 'no'.repeat(10_000) }))
  await wordy.ready()
  assert.ok(wordy.closed[0]!.message.length < 1200)
})
