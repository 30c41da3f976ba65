import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DevBroker } from '@sluice/devbroker'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { localhostCertificate } from '../../packages/sluice/src/network/testing/certificates.ts'

test('devbroker with tls - kafkajs comes in over TLS, with SASL inside it, and plain text does not', async () => {
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  await using broker = await DevBroker.start({
    nodes: 2,
    topics: ['orders'],
    tls: localhostCertificate,
    sasl: { users: { alice: 'secret' } },
    log,
  })
  const connect = (config: Partial<KafkaConfig>) =>
    new Kafka({
      brokers: broker.bootstrapServers.split(','),
      sasl: { mechanism: 'plain', username: 'alice', password: 'secret' },
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
      connectionTimeout: 1_000,
      ...config,
    }).admin()
  const secure = connect({ ssl: { ca: [localhostCertificate.cert] } })
  await secure.connect()
  assert.deepEqual(await secure.listTopics(), ['orders'])
  await secure.disconnect()
  const plain = connect({})
  await assert.rejects(plain.connect())
  await plain.disconnect()
})
