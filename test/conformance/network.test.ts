import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiVersionsApi } from '@sluice/protocol/messages/api-versions'
import { heartbeatApi } from '@sluice/protocol/messages/heartbeat'
import { initProducerIdApi } from '@sluice/protocol/messages/init-producer-id'
import { metadataApi } from '@sluice/protocol/messages/metadata'
import { produceApi } from '@sluice/protocol/messages/produce'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import { NetworkMetrics } from '../../packages/sluice/src/metrics/network-metrics.ts'
import type { Node } from '../../packages/sluice/src/network/cluster.ts'
import { Metadata } from '../../packages/sluice/src/network/metadata.ts'
import { NetworkClient } from '../../packages/sluice/src/network/network-client.ts'
import { ManualClock } from '../../packages/sluice/src/network/testing/manual-clock.ts'
import { everything, ScriptedBroker } from '../../packages/sluice/src/network/testing/scripted-broker.ts'
import { testOptions } from '../../packages/sluice/src/network/testing/test-options.ts'
import { until } from '../../packages/sluice/src/network/testing/until.ts'
import { KafkaProducer } from '../../packages/sluice/src/producer/producer.ts'

test('network client - attempts to connect run out of time each by its own start (NC-28)', async () => {
  const clock = new ManualClock()
  const options = testOptions(null, { socketConnectionSetupTimeoutMs: 1000, reconnectBackoffMs: 10_000, reconnectBackoffMaxMs: 10_000 })
  const metadata = new Metadata({ ...options, clock, logger: silentLogger })
  const answers: ((addresses: string[]) => void)[] = []
  const lookup = () => new Promise<string[]>((resolve) => answers.push(resolve))
  const client = new NetworkClient(options, metadata, { clock, logger: silentLogger, random: () => 0.5, lookup })
  const nodes = [5, 6, 7].map((id): Node => ({ id, host: `host-${id}`, port: 1, rack: null }))
  const connect = async (node: Node): Promise<void> => {
    client.ready(node)
    await null
    for (const answer of answers.splice(0)) answer(['127.0.0.1'])
    // The socket is made in a microtask and connects with the next I/O, which does not come before time has passed.
    for (let i = 0; i < 5; i++) await null
  }
  const failed = (): boolean[] => nodes.map((node) => client.connectionFailed(node))
  await connect(nodes[0]!)
  await connect(nodes[1]!)
  clock.advance(500)
  await connect(nodes[2]!)
  clock.advance(499)
  assert.deepEqual(failed(), [false, false, false])
  clock.advance(1)
  assert.deepEqual(failed(), [true, true, false])
  clock.advance(499)
  assert.deepEqual(failed(), [true, true, false])
  clock.advance(1)
  assert.deepEqual(failed(), [true, true, true])
  await client.close()
})

test('network client - throttle times of 400 and 100 ms at ApiVersions, then 200 and 300: 250 on average, 400 at most (SE-3)', async (t) => {
  const broker = await ScriptedBroker.start()
  // One connection to bootstrap, one to the node that the metadata names.
  const atApiVersions = [400, 100]
  broker.on(apiVersionsApi, (request) =>
    request.answer(apiVersionsApi, { throttleTimeMs: atApiVersions.shift() ?? 0, apiKeys: everything }),
  )
  const brokers = [{ nodeId: 1, host: '127.0.0.1', port: broker.port }]
  broker.on(metadataApi, (request) => request.answer(metadataApi, { throttleTimeMs: 200, brokers }))
  const clock = new ManualClock()
  const options = testOptions(broker)
  const metadata = new Metadata({ ...options, clock, logger: silentLogger })
  const metrics = new NetworkMetrics(clock.monotonic())
  const client = new NetworkClient(options, metadata, { clock, logger: silentLogger, random: () => 0.5, metrics })
  t.after(async () => {
    await client.close()
    await broker.stop()
  })
  await until(() => {
    clock.advance(1)
    return metadata.cluster.nodes.has(1)
  })
  const node = metadata.cluster.nodes.get(1)!
  await until(() => {
    clock.advance(1)
    return client.ready(node)
  })
  const answer = client.request(node, heartbeatApi, { memberId: 'm' })
  const request = await broker.next(heartbeatApi)
  request.answer(heartbeatApi, { throttleTimeMs: 300 })
  await answer
  const now = clock.monotonic()
  assert.deepEqual([metrics.throttleTime.average(now), metrics.throttleTime.max(now)], [250, 400])
})

test('producer - with one request in flight and metadata pending, the producer id is asked for after it, and then sent with (SE-10)', async (t) => {
  const broker = await ScriptedBroker.start()
  t.after(() => broker.stop())
  const order: string[] = []
  const producer = new KafkaProducer({
    bootstrapServers: broker.address,
    logger: silentLogger,
    maxInFlightRequestsPerConnection: 1,
    lingerMs: 0,
  })
  const send = producer.send({ topic: 't', partition: 0, value: Buffer.from('v') })
  const brokers = [{ nodeId: 1, host: '127.0.0.1', port: broker.port }]
  const partitions = [{ partitionIndex: 0, leaderId: 1, leaderEpoch: 1, replicaNodes: [1], isrNodes: [1] }]
  for (let asked = 0; asked === 0; ) {
    const request = await broker.next(metadataApi)
    order.push('Metadata')
    const names = request.body(metadataApi).topics?.map(({ name }) => name) ?? []
    if (names.includes('t')) asked++
    request.answer(metadataApi, { clusterId: 'c', brokers, controllerId: 1, topics: names.map((name) => ({ name, partitions })) })
  }
  const idRequest = await broker.next(initProducerIdApi)
  order.push('InitProducerId')
  idRequest.answer(initProducerIdApi, { errorCode: 0, producerId: 7, producerEpoch: 0 })
  const produce = await broker.next(produceApi)
  order.push('Produce')
  const { topicId, name } = produce.body(produceApi).topicData[0]!
  produce.answer(produceApi, { responses: [{ name, topicId, partitionResponses: [{ index: 0, errorCode: 0, baseOffset: 3 }] }] })
  assert.equal((await send).offset, 3)
  assert.equal(order[0], 'Metadata')
  assert.deepEqual(order.slice(-2), ['InitProducerId', 'Produce'])
  await producer.close()
})
