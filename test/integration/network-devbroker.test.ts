import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { DevBroker, type DevBrokerOptions } from '@sluice/devbroker'
import { errorCodes } from '@sluice/protocol'
import { describeConfigsApi } from '@sluice/protocol/messages/describe-configs'
import { findCoordinatorApi } from '@sluice/protocol/messages/find-coordinator'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import type { ClientNetworkOptions, SaslOptions } from '../../packages/sluice/src/network/client-network-options.ts'
import { Metadata } from '../../packages/sluice/src/network/metadata.ts'
import { NetworkClient } from '../../packages/sluice/src/network/network-client.ts'
import { localhostCertificate } from '../../packages/sluice/src/network/testing/certificates.ts'
import { testOptions } from '../../packages/sluice/src/network/testing/test-options.ts'
import { needs, testCluster } from '../support/test-cluster.ts'

function connect(t: TestContext, client: Partial<ClientNetworkOptions>) {
  const options = testOptions(null, client)
  const metadata = new Metadata(options)
  const network = new NetworkClient(options, metadata, { logger: silentLogger })
  t.after(() => network.close())
  return { network, metadata }
}

test('network - every node is found and answers', async (t) => {
  const cluster = await testCluster({ nodes: 3 })
  t.after(() => cluster[Symbol.asyncDispose]())
  const topic = await cluster.createTopic(6)
  const { network, metadata } = connect(t, { bootstrapServers: cluster.bootstrapServers })
  metadata.add(topic)
  await metadata.awaitUpdate(({ topics }) => topics.has(topic), 5000)
  assert.equal(metadata.cluster.nodes.size, cluster.nodes)
  const { partitions } = metadata.cluster.topics.get(topic)!
  assert.deepEqual(
    partitions.map((partition) => partition.partition),
    [0, 1, 2, 3, 4, 5],
  )
  assert.ok(partitions.every((partition) => metadata.cluster.nodes.has(partition.leader)))
  for (const node of metadata.cluster.nodes.values()) {
    const response = await network.request(node, findCoordinatorApi, (version) =>
      version >= 4 ? { keyType: 0, coordinatorKeys: ['group'] } : { keyType: 0, key: 'group' },
    )
    assert.ok([0, errorCodes.COORDINATOR_NOT_AVAILABLE].includes(response.coordinators[0]?.errorCode ?? response.errorCode))
  }
  const answers = await Promise.all(
    Array.from({ length: 100 }, () =>
      network.request([...metadata.cluster.nodes.values()][0]!, describeConfigsApi, {
        resources: [{ resourceType: 2, resourceName: topic }],
      }),
    ),
  )
  assert.ok(answers.every((answer) => answer.results[0]!.resourceName === topic))
})

/** On the real Kafka, test/kafka/security.test.ts does the same. */
const secured = needs({ devBroker: 'a cluster of its own, with users' })

async function setUp(t: TestContext, broker: DevBrokerOptions, client: Partial<ClientNetworkOptions> = {}) {
  const devBroker = await DevBroker.start({ topics: { orders: 6 }, ...broker })
  t.after(() => devBroker.close())
  return connect(t, { bootstrapServers: devBroker.bootstrapServers, ...client })
}

const users = { alice: 'a-password', 'bob,=x': 'pässword ½' }
const mechanisms: SaslOptions[] = [
  { mechanism: 'PLAIN', username: 'alice', password: users.alice },
  { mechanism: 'SCRAM-SHA-256', username: 'alice', password: users.alice },
  { mechanism: 'SCRAM-SHA-512', username: 'bob,=x', password: async () => users['bob,=x'] },
  { mechanism: 'OAUTHBEARER', token: () => unsecuredToken() },
]

/** An unsecured JWT, as brokers take it for development (KIP-255). */
function unsecuredToken(): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  return `${part({ alg: 'none' })}.${part({ sub: 'alice', iat: now, exp: now + 3600 })}.`
}

for (const sasl of mechanisms) {
  for (const securityProtocol of ['SASL_PLAINTEXT', 'SASL_SSL'] as const) {
    test(`network on the dev broker - ${sasl.mechanism} over ${securityProtocol}`, secured, async (t) => {
      const tls = securityProtocol === 'SASL_SSL' ? localhostCertificate : undefined
      const { metadata } = await setUp(t, { sasl: { users }, tls }, { securityProtocol, sasl, ssl: { ca: localhostCertificate.cert } })
      metadata.add('orders')
      await metadata.awaitUpdate((cluster) => cluster.topics.has('orders'), 5000)
      assert.equal(metadata.cluster.topics.get('orders')!.partitions.length, 6)
    })
  }
}

for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
  test(`network on the dev broker - a wrong password for ${mechanism} ends the wait with AUTHENTICATION`, secured, async (t) => {
    const sasl = { mechanism, username: 'alice', password: 'wrong' }
    const { metadata } = await setUp(t, { sasl: { users } }, { securityProtocol: 'SASL_PLAINTEXT', sasl })
    await assert.rejects(
      metadata.awaitUpdate((cluster) => cluster.nodes.has(1), 5000),
      { code: 'AUTHENTICATION', retriable: false },
    )
  })
}
