import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import {
  KafkaAdmin,
  KafkaConsumer,
  KafkaError,
  KafkaProducer,
  type Logger,
  type SaslOptions,
  type SecurityProtocol,
  type SslOptions,
} from 'sluice'
import { KafkaCluster } from '../../tools/kafka/kafka-cluster.ts'
import { kafkaVersionOfRun } from '../../tools/kafka/kafka-jars.ts'
import { type ListenerName, saslUser } from '../../tools/kafka/server-properties.ts'

/** A cluster of its own, so that it runs once, whatever cluster the run has. */
const SETUP_TIMEOUT_MS = 10_000
const CLOSING_TIMEOUT_MS = 3_000
const WRONG_PASSWORD = 'not-the-password-9'

let cluster: KafkaCluster
before(async () => {
  cluster = await KafkaCluster.start({ version: kafkaVersionOfRun(), brokers: 1, security: true })
  await using admin = new KafkaAdmin({ bootstrapServers: cluster.bootstrapServers })
  await admin.createTopics([{ topic: 'orders', partitions: 1 }])
})
after(() => cluster?.stop())

/** An unsecured JWT (KIP-255). */
function token(subject: string): string {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + 3600 })}.`
}

interface Access {
  readonly listener: ListenerName
  readonly securityProtocol: SecurityProtocol
  readonly sasl?: SaslOptions
  /** False: the system's authorities, who do not know the cluster's. */
  readonly trusted?: boolean
}

/** The three clients with this access, and whatever they log. */
function clients({ listener, securityProtocol, sasl, trusted = true }: Access, maxBlockMs = SETUP_TIMEOUT_MS) {
  const logged: string[] = []
  const log = (message: string, fields?: object): void => void logged.push(message, inspect(fields, { depth: 10 }))
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const ssl: SslOptions | undefined =
    securityProtocol.endsWith('SSL') && trusted ? { ca: readFileSync(cluster.certificates!.ca, 'utf8') } : undefined
  const options = {
    bootstrapServers: cluster.bootstrapServersOf(listener),
    securityProtocol,
    logger,
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
  }
  const admin = new KafkaAdmin(options)
  const producer = new KafkaProducer({ ...options, maxBlockMs })
  const consumer = new KafkaConsumer({ ...options, groupId: 'g', autoOffsetReset: 'earliest' })
  async function close(): Promise<void> {
    await Promise.all([admin.close(), producer.close({ timeoutMs: 0 }), consumer.close()])
  }
  return { admin, producer, consumer, logged, close }
}

const { username, password } = saslUser
const users: SaslOptions[] = [
  { mechanism: 'PLAIN', username, password },
  { mechanism: 'SCRAM-SHA-256', username, password },
  { mechanism: 'SCRAM-SHA-512', username, password: async () => password },
  { mechanism: 'OAUTHBEARER', token: () => token(username) },
]
const accesses: Access[] = [
  { listener: 'SSL', securityProtocol: 'SSL' },
  ...users.map((sasl): Access => ({ listener: 'SASL_PLAINTEXT', securityProtocol: 'SASL_PLAINTEXT', sasl })),
  ...users.map((sasl): Access => ({ listener: 'SASL_SSL', securityProtocol: 'SASL_SSL', sasl })),
]

for (const access of accesses) {
  const name = [access.securityProtocol, access.sasl?.mechanism].filter(Boolean).join(' with ')
  test(`security - ${name}: admin, producer and consumer do their work`, async () => {
    const { admin, producer, consumer, logged, close } = clients(access)
    try {
      assert.ok((await admin.listTopics()).includes('orders'))
      const { offset } = await producer.send({ topic: 'orders', value: Buffer.from(name) })
      consumer.assign([{ topic: 'orders', partition: 0 }])
      consumer.seek({ topic: 'orders', partition: 0 }, offset)
      const [record] = await consumer.poll({ timeoutMs: SETUP_TIMEOUT_MS })
      assert.equal((record!.value as Buffer).toString(), name)
      assertNoSecret(logged.join('\n'))
    } finally {
      await close()
    }
  })
}

interface Refusal extends Access {
  readonly what: string
  /** What the error says. */
  readonly says: RegExp
}

const wrong = (mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'): Refusal[] => [
  {
    what: `a wrong password with ${mechanism}`,
    listener: 'SASL_PLAINTEXT',
    securityProtocol: 'SASL_PLAINTEXT',
    sasl: { mechanism, username, password: WRONG_PASSWORD },
    says: /authenticat/i,
  },
  {
    what: `an unknown user with ${mechanism}`,
    listener: 'SASL_PLAINTEXT',
    securityProtocol: 'SASL_PLAINTEXT',
    sasl: { mechanism, username: 'nobody', password },
    says: /authenticat/i,
  },
]
const refusals: Refusal[] = [
  ...wrong('PLAIN'),
  ...wrong('SCRAM-SHA-256'),
  ...wrong('SCRAM-SHA-512'),
  {
    what: 'a wrong password inside TLS',
    listener: 'SASL_SSL',
    securityProtocol: 'SASL_SSL',
    sasl: { mechanism: 'SCRAM-SHA-512', username, password: WRONG_PASSWORD },
    says: /authenticat/i,
  },
  {
    what: 'a token that is none',
    listener: 'SASL_PLAINTEXT',
    securityProtocol: 'SASL_PLAINTEXT',
    sasl: { mechanism: 'OAUTHBEARER', token: () => `${WRONG_PASSWORD}.${WRONG_PASSWORD}.` },
    says: /authenticat/i,
  },
  { what: 'an expired certificate', listener: 'EXPIRED', securityProtocol: 'SSL', says: /expired/i },
  {
    what: 'a certificate of an unknown authority',
    listener: 'UNKNOWN_CA',
    securityProtocol: 'SSL',
    says: /TLS handshake.*(certificate|issuer)/i,
  },
  {
    what: 'a good certificate, and a client that does not know its authority',
    listener: 'SSL',
    securityProtocol: 'SSL',
    trusted: false,
    says: /certificate/i,
  },
  { what: 'a certificate for another host', listener: 'WRONG_HOST', securityProtocol: 'SSL', says: /127\.0\.0\.1.*elsewhere|altnames/i },
  { what: 'a plaintext client at a TLS port', listener: 'SSL', securityProtocol: 'PLAINTEXT', says: /TLS|securityProtocol/i },
]

for (const refusal of refusals) {
  test(`security - ${refusal.what}: a clear error in time from admin, producer and consumer, with no secret in it`, async () => {
    const { admin, producer, consumer, logged, close } = clients(refusal)
    try {
      consumer.assign([{ topic: 'orders', partition: 0 }])
      const errors = await Promise.all([
        failure('admin', admin.listTopics({ timeoutMs: SETUP_TIMEOUT_MS })),
        failure('send', producer.send({ topic: 'orders', value: Buffer.from('v') })),
        failure('poll', consumer.poll({ timeoutMs: SETUP_TIMEOUT_MS })),
      ])
      for (const { what, error, ms } of errors) {
        assert.ok(error instanceof KafkaError, `${what}: ${inspect(error)}`)
        assert.equal(error.code, 'AUTHENTICATION', `${what}: ${error.message}`)
        assert.match(error.message, refusal.says, what)
        assert.ok(ms < SETUP_TIMEOUT_MS, `${what} took ${ms} ms`)
        assertNoSecret(inspect(error, { depth: 10, showHidden: true }))
      }
      assertNoSecret(logged.join('\n'))
    } finally {
      await close()
    }
  })
}

/** Brokers only close the connection, as they also do when they restart, so clients try again until their time is up. */
const closings: Refusal[] = [
  {
    what: 'a TLS client at a plaintext port',
    listener: 'PLAINTEXT',
    securityProtocol: 'SSL',
    says: /TLS handshake.*plaintext listener \(securityProtocol\)/,
  },
  {
    what: 'a plaintext client at a SASL port',
    listener: 'SASL_PLAINTEXT',
    securityProtocol: 'PLAINTEXT',
    says: /may want SASL \(securityProtocol\)/,
  },
]

for (const closing of closings) {
  test(`security - ${closing.what}: the timeout names the option to change, and a poll that gets nothing logs it`, async () => {
    const { admin, producer, consumer, logged, close } = clients(closing, CLOSING_TIMEOUT_MS)
    try {
      consumer.assign([{ topic: 'orders', partition: 0 }])
      const [listing, sending, polled] = await Promise.all([
        failure('admin', admin.listTopics({ timeoutMs: CLOSING_TIMEOUT_MS })),
        failure('send', producer.send({ topic: 'orders', value: Buffer.from('v') })),
        consumer.poll({ timeoutMs: CLOSING_TIMEOUT_MS }),
      ])
      for (const { what, error, ms } of [listing, sending]) {
        assert.ok(error instanceof KafkaError, `${what}: ${inspect(error)}`)
        assert.equal(error.code, 'TIMEOUT', what)
        assert.match(error.message, closing.says, what)
        assert.ok(ms < SETUP_TIMEOUT_MS, `${what} took ${ms} ms`)
      }
      assert.equal(polled.count, 0)
      assert.match(logged.join('\n'), closing.says)
    } finally {
      await close()
    }
  })
}

async function failure(what: string, call: Promise<unknown>): Promise<{ what: string; error: unknown; ms: number }> {
  const startedAt = performance.now()
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { what, error, ms: Math.round(performance.now() - startedAt) }
}

function assertNoSecret(text: string): void {
  for (const secret of [password, WRONG_PASSWORD]) {
    for (const form of [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')]) {
      assert.ok(!text.includes(form), `a secret is in:\n${text}`)
    }
  }
}
