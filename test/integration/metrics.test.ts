import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@sluice/devbroker'
import { KafkaConsumer, KafkaProducer, silentLogger, stringSerializer } from 'sluice'
import { needs, testCluster } from '../support/test-cluster.ts'

test('metrics - a producer counts requests, bytes, latency and connections', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const producer = new KafkaProducer({
    bootstrapServers: cluster.bootstrapServers,
    logger: silentLogger,
    valueSerializer: stringSerializer,
  })
  assert.equal(producer.metrics()['request-latency-avg'], Number.NaN)
  for (let i = 0; i < 3; i++) await producer.send({ topic, value: 'x'.repeat(1000) })
  const metrics = producer.metrics()
  assert.ok(metrics['request-total'] >= 5, 'ApiVersions, Metadata and three Produce at least')
  assert.equal(metrics['request-rate'] > 0, true)
  assert.ok(metrics['request-latency-avg'] > 0 && metrics['request-latency-avg'] <= metrics['request-latency-max'])
  assert.ok(metrics['outgoing-byte-total'] > 3000 && metrics['outgoing-byte-total'] < 6000)
  assert.ok(metrics['incoming-byte-total'] > 100)
  assert.equal(metrics['produce-throttle-time-max'], 0)
  assert.ok(metrics['connection-count'] >= 1)
  assert.equal(metrics['requests-in-flight'], 0)
  assert.ok(metrics['metadata-age'] >= 0 && metrics['metadata-age'] < 60)
  await producer.close()
  assert.equal(producer.metrics()['connection-count'], 0)
})

test('metrics - a throttled answer shows', needs({ devBroker: 'needs its faults' }), async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  await using producer = new KafkaProducer({ bootstrapServers: cluster.bootstrapServers, logger: silentLogger })
  cluster.devBroker.faults.push('Produce', Fault.throttle(40))
  await producer.send({ topic, value: Buffer.from('v') })
  assert.equal(producer.metrics()['produce-throttle-time-max'], 40)
})

test('metrics - a consumer counts records, bytes, fetches, commits, rebalances and lag', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(2)
  const common = { bootstrapServers: cluster.bootstrapServers, logger: silentLogger }
  await using producer = new KafkaProducer({ ...common, valueSerializer: stringSerializer, compressionType: 'gzip' })
  await Promise.all(Array.from({ length: 10 }, () => producer.send({ topic, partition: 0, value: 'x'.repeat(1000) })))
  await using consumer = new KafkaConsumer({
    ...common,
    groupId: cluster.unique('group'),
    autoOffsetReset: 'earliest',
    maxPollRecords: 4,
    heartbeatIntervalMs: 20,
    enableAutoCommit: false,
  })
  assert.equal(consumer.metrics()['last-poll-seconds-ago'], -1)
  consumer.subscribe([topic])
  let taken = 0
  let lag: number | undefined
  while (taken < 10) {
    taken += (await consumer.poll({ timeoutMs: 200 })).count
    if (taken === 4) lag = consumer.metrics()['records-lag-max']
  }
  assert.equal(lag, 6)
  await consumer.commit()
  // Time for a heartbeat.
  while (!(consumer.metrics()['heartbeat-rate'] > 0)) await consumer.poll({ timeoutMs: 20 })
  const metrics = consumer.metrics()
  assert.equal(metrics['records-consumed-total'], 10)
  assert.equal(metrics['records-consumed-rate'] > 0, true)
  assert.ok(metrics['bytes-consumed-total'] > 10_000 && metrics['bytes-consumed-total'] < 10_200, `${metrics['bytes-consumed-total']}`)
  assert.ok(metrics['fetch-total'] >= 1)
  assert.ok(metrics['fetch-size-avg'] > 0 && metrics['fetch-size-avg'] < 1000, 'as fetched: compressed')
  assert.ok(metrics['fetch-latency-avg'] <= metrics['fetch-latency-max'])
  assert.ok(metrics['records-per-request-avg'] > 0 && metrics['records-per-request-avg'] <= 10)
  assert.equal(metrics['commit-total'], 1)
  assert.ok(metrics['commit-latency-avg'] > 0)
  assert.equal(metrics['rebalance-total'], 1)
  assert.ok(metrics['rebalance-latency-avg'] > 0)
  assert.equal(metrics['assigned-partitions'], 2)
  assert.ok(metrics['last-poll-seconds-ago'] >= 0 && metrics['last-poll-seconds-ago'] < 10)
})
