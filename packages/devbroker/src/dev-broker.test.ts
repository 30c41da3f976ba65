import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DevBroker } from './dev-broker.ts'
import type { DevBrokerOptions } from './options.ts'

test('dev broker - it starts with what was asked for, and can be closed twice', async () => {
  const broker = await DevBroker.start({ nodes: 3, topics: { orders: 6, logs: { partitions: 2, configs: { 'retention.bytes': 5 } } } })
  assert.match(broker.bootstrapServers, /^127\.0\.0\.1:\d+,127\.0\.0\.1:\d+,127\.0\.0\.1:\d+$/)
  assert.deepEqual(broker.topics, ['orders', 'logs'])
  assert.deepEqual(broker.endOffsets('orders'), [0, 0, 0, 0, 0, 0])
  assert.deepEqual(await broker.records('logs'), [])
  await Promise.all([broker.close(), broker.close()])
  assert.throws(() => broker.createTopic('more'), { code: 'CLOSED' })
})

test('dev broker - ports follow the first one, and a port that is taken is an error that leaves nothing open', async () => {
  await using first = await DevBroker.start()
  const { port } = first.nodes[0]!
  await assert.rejects(DevBroker.start({ port }), { code: 'NODE_DOWN', message: new RegExp(`cannot listen on 127.0.0.1:${port}`) })
})

const wrong: readonly [object, RegExp][] = [
  [{ topic: { orders: 1 } }, /unknown option "topic"; did you mean "topics"\?/],
  [{ nodes: 0 }, /nodes must be a whole number from 1/],
  [{ port: 70_000 }, /port must be/],
  [{ port: 65_535, nodes: 2 }, /port \+ nodes - 1/],
  [{ host: '0.0.0.0' }, /needs unsafeListen: true/],
  [{ maxMemoryBytes: -1 }, /maxMemoryBytes/],
  [{ sasl: { users: {}, mechanisms: ['KERBEROS'] } }, /"KERBEROS" is not known/],
  [{ sasl: { user: {} } }, /unknown sasl option "user"; did you mean "users"\?/],
  [{ topics: { orders: { partition: 3 } } }, /unknown topic option "partition"; did you mean "partitions"\?/],
]
for (const [options, message] of wrong) {
  test(`dev broker - ${JSON.stringify(options)} is refused`, async () => {
    await assert.rejects(DevBroker.start(options as DevBrokerOptions), { name: 'DevBrokerError', code: 'INVALID_OPTION', message })
  })
}

test('dev broker - topics that cannot be are refused with Kafka’s name for it', async () => {
  await assert.rejects(DevBroker.start({ topics: { orders: { replicationFactor: 2 } } }), { code: 'INVALID_REPLICATION_FACTOR' })
  await assert.rejects(DevBroker.start({ topics: ['a b'] }), { code: 'INVALID_TOPIC_EXCEPTION' })
  await assert.rejects(DevBroker.start({ topics: { orders: { configs: { 'retention.mss': 1 } } } }), { code: 'INVALID_CONFIG' })
  await using broker = await DevBroker.start({ topics: ['orders'] })
  assert.throws(() => broker.createTopic('orders'), { code: 'TOPIC_ALREADY_EXISTS' })
  assert.throws(() => broker.endOffsets('other'), { code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  assert.throws(() => broker.partition('orders', 1), { code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  assert.throws(() => broker.partition('orders', 0).moveLeader(2), { code: 'BROKER_NOT_AVAILABLE' })
  assert.throws(() => broker.node(2), { code: 'BROKER_NOT_AVAILABLE' })
})

test('dev broker - a group keeps its coordinator while other nodes go down', async () => {
  await using broker = await DevBroker.start({ nodes: 3 })
  const groups = Array.from({ length: 30 }, (_, i) => `group-${i}`)
  const before = groups.map((group) => broker.coordinator(group)!.id)
  assert.equal(new Set(before).size, 3)
  await broker.node(2).down()
  groups.forEach((group, i) => {
    const now = broker.coordinator(group)!.id
    if (before[i] === 2) assert.notEqual(now, 2)
    else assert.equal(now, before[i])
  })
  await broker.node(2).up()
  assert.deepEqual(
    groups.map((group) => broker.coordinator(group)!.id),
    before,
  )
})
