import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { KafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import type { SslOptions } from './client-network-options.ts'
import { Connection } from './connection.ts'
import { elsewhereCertificate, localhostCertificate } from './testing/certificates.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { ScriptedBroker } from './testing/scripted-broker.ts'
import { until } from './testing/until.ts'

async function connectTo(t: TestContext, broker: ScriptedBroker, ssl: SslOptions | null, host = 'localhost') {
  const closed: KafkaError[] = []
  const connection = new Connection(
    {
      host,
      port: broker.port,
      address: '127.0.0.1',
      clientId: 'c',
      ssl,
      sasl: null,
      setupTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
      connectionsMaxIdleMs: -1,
      maxInFlightRequests: 5,
      maxResponseBytes: 1024 * 1024,
      clock: new ManualClock(),
      logger: silentLogger,
      random: Math.random,
    },
    { onState() {}, onClosed: (_, error) => closed.push(error), onRoom() {}, onTimeout() {}, onThrottle() {} },
  )
  t.after(async () => {
    if (connection.state !== 'closed') await connection.close({ code: 'CLOSED' } as KafkaError)
    await broker.stop()
  })
  await until(() => connection.state === 'ready' || closed.length > 0)
  return { connection, closed }
}

test('tls - a certificate that is trusted lets requests through, by name and by address', async (t) => {
  for (const host of ['localhost', '127.0.0.1']) {
    const broker = await ScriptedBroker.start(localhostCertificate)
    const { connection, closed } = await connectTo(t, broker, { ca: localhostCertificate.cert }, host)
    assert.deepEqual(closed, [])
    assert.equal(connection.state, 'ready')
  }
})

test('tls - a certificate that is not trusted is AUTHENTICATION and not retriable', async (t) => {
  const { closed } = await connectTo(t, await ScriptedBroker.start(localhostCertificate), {})
  assert.equal(closed[0]!.code, 'AUTHENTICATION')
  assert.equal(closed[0]!.retriable, false)
  assert.match(closed[0]!.message, /TLS handshake with localhost:\d+ failed/)
})

test('tls - a certificate for another name is refused, unless that name is asked for', async (t) => {
  const ca = elsewhereCertificate.cert
  const { closed } = await connectTo(t, await ScriptedBroker.start(elsewhereCertificate), { ca })
  assert.equal(closed[0]!.code, 'AUTHENTICATION')
  assert.match(closed[0]!.message, /localhost/)
  const { connection } = await connectTo(t, await ScriptedBroker.start(elsewhereCertificate), { ca, servername: 'elsewhere.example' })
  assert.equal(connection.state, 'ready')
})

test('tls - a broker that wants a client certificate refuses one without and takes one with it', async (t) => {
  const server = { ...localhostCertificate, requestCert: true, rejectUnauthorized: true, ca: localhostCertificate.cert }
  const { closed } = await connectTo(t, await ScriptedBroker.start(server), { ca: localhostCertificate.cert })
  assert.equal(closed.length, 1)
  const { connection } = await connectTo(t, await ScriptedBroker.start(server), { ...localhostCertificate, ca: localhostCertificate.cert })
  assert.equal(connection.state, 'ready')
})

test('tls - plaintext to a TLS listener says which option to change', async (t) => {
  const { closed } = await connectTo(t, await ScriptedBroker.start(localhostCertificate), null)
  assert.match(closed[0]!.message, /TLS/)
  assert.match(closed[0]!.message, /securityProtocol/)
})

test('tls - TLS to a plaintext listener says which option to change', async (t) => {
  const { closed } = await connectTo(t, await ScriptedBroker.start(), {})
  assert.equal(closed[0]!.code, 'NETWORK')
  assert.match(closed[0]!.message, /plaintext listener \(securityProtocol\)/)
})

test('tls - TLS to a server that answers in clear text is AUTHENTICATION', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}).end('220 mail.example ESMTP\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const { closed } = await connectTo(t, { port, stop: async () => {} } as ScriptedBroker, {})
  assert.equal(closed[0]!.code, 'AUTHENTICATION')
  assert.match(closed[0]!.message, /does not speak TLS/)
})
