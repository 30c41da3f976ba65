import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Api, errorCodes, readMessage, writeMessage } from '@sluice/protocol'
import { DevBroker } from '../dev-broker.ts'
import { apiHandlers } from '../handlers/index.ts'
import { WireClient } from '../testing/wire-client.ts'
import type { DevBrokerApi } from './api-messages.ts'
import { apiNames } from './error-places.ts'
import { firstError } from './journal.ts'

const ERROR = errorCodes.REQUEST_TIMED_OUT
const partition = { partition: 0, partitionIndex: 0, index: 0 }
const topic = { name: 'orders', topic: 'orders', partitions: [partition], partitionIndexes: [0], partitionData: [partition] }

/** Requests that name topic "orders", partition 0, group "g" or whatever else there is; fields that a version lacks are left out. */
const requests: Readonly<Partial<Record<DevBrokerApi, (version: number, topicId: string) => object>>> = {
  Produce: () => ({ acks: -1, topicData: [topic] }),
  Fetch: (version, topicId) => ({ topics: [version >= 13 ? { ...topic, topic: '', topicId } : topic] }),
  OffsetFetch: (version) => (version >= 8 ? { groups: [{ groupId: 'g', topics: [topic] }] } : { groupId: 'g', topics: [topic] }),
  FindCoordinator: (version) => (version >= 4 ? { coordinatorKeys: ['g'] } : { key: 'g' }),
  DescribeGroups: () => ({ groups: ['g'] }),
  DeleteGroups: () => ({ groupsNames: ['g'] }),
  DeleteTopics: (version) => (version >= 6 ? { topics: [{ name: 'orders' }] } : { topicNames: ['orders'] }),
  CreateTopics: () => ({ topics: [{ name: 'orders', numPartitions: 1, replicationFactor: 1 }] }),
  CreatePartitions: () => ({ topics: [{ name: 'orders', count: 5 }] }),
  DescribeConfigs: () => ({ resources: [{ resourceType: 2, resourceName: 'orders' }] }),
  AlterConfigs: () => ({ resources: [{ resourceType: 2, resourceName: 'orders' }] }),
  IncrementalAlterConfigs: () => ({ resources: [{ resourceType: 2, resourceName: 'orders' }] }),
  ...Object.fromEntries(
    ['ListOffsets', 'Metadata', 'OffsetCommit', 'DeleteRecords', 'OffsetForLeaderEpoch', 'OffsetDelete'].map((api) => [
      api,
      () => ({ topics: [topic], groupId: 'g' }),
    ]),
  ),
}

/** Every error code in a response, wherever it is. */
function errorsIn(value: any): number[] {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return []
  return Object.entries(value).flatMap(([key, each]) => (key === 'errorCode' ? [each as number] : errorsIn(each)))
}

test('error places - every API that is served has its place for errors', () => {
  assert.deepEqual([...apiNames].sort(), apiHandlers.map(({ api }) => api.name).sort())
})

for (const { api, minVersion, maxVersion } of apiHandlers) {
  const name = api.name as DevBrokerApi
  test(`error places - an injected error is told by ${name} in every version, and nothing is executed`, async () => {
    await using broker = await DevBroker.start({ topics: { orders: 1 } })
    const { host, port } = broker.node(1)
    await using client = await WireClient.connect(host, port)
    let topicId = ''
    broker.faults.on('Metadata', async (_request, next) => {
      const response = await next()
      topicId = response.topics[0]!.topicId
      return response
    })
    const metadata = apiHandlers.find((handler) => handler.api.name === 'Metadata')!.api as Api<any, any>
    await client.send(metadata, 12, { topics: null })
    broker.faults.clear()
    for (let version = minVersion; version <= maxVersion; version++) {
      const request = requests[name]?.(version, topicId) ?? {}
      // What the version cannot say is an error of this test, not a field that is lost.
      readMessage(api.request, writeMessage(api.request, request, version), 0, version)
      broker.faults.push(name, ERROR)
      const response = await client.send(api, version, request)
      assert.equal(firstError(response), ERROR, `version ${version}`)
      assert.ok(errorsIn(response).includes(ERROR), `version ${version}`)
      broker.faults.assertConsumed()
    }
    assert.deepEqual([broker.topics, broker.endOffsets('orders')], [['orders'], [0]])
  })
}

test('error places - an error for a topic stays with it, in lists of topics and in those of its partitions', async () => {
  await using broker = await DevBroker.start({ topics: { orders: 1, logs: 1 } })
  const { host, port } = broker.node(1)
  await using client = await WireClient.connect(host, port)
  const at = (name: string) => ({ name, topic: name, partitions: [partition], partitionIndexes: [0] })
  const both: Readonly<Partial<Record<DevBrokerApi, [version: number, request: object]>>> = {
    Metadata: [12, { topics: [{ name: 'orders' }, { name: 'logs' }] }],
    ListOffsets: [7, { topics: [at('orders'), at('logs')] }],
    OffsetCommit: [8, { groupId: 'g', generationIdOrMemberEpoch: -1, topics: [at('orders'), at('logs')] }],
    OffsetFetch: [9, { groups: [{ groupId: 'g', topics: [at('orders'), at('logs')] }] }],
    OffsetForLeaderEpoch: [4, { topics: [at('orders'), at('logs')] }],
    OffsetDelete: [0, { groupId: 'g', topics: [at('orders'), at('logs')] }],
    DescribeConfigs: [4, { resources: ['orders', 'logs'].map((resourceName) => ({ resourceType: 2, resourceName })) }],
    CreatePartitions: [3, { topics: ['orders', 'logs'].map((name) => ({ name, count: 2, assignments: null })) }],
  }
  for (const [name, [version, request]] of Object.entries(both)) {
    const { api } = apiHandlers.find((handler) => handler.api.name === name)!
    broker.faults.push(name as DevBrokerApi, ERROR, { topic: 'orders' })
    const errors = errorsIn(await client.send(api as Api<any, any>, version, request)).filter((code) => code !== 0)
    assert.deepEqual(errors, [ERROR], name)
    broker.faults.assertConsumed()
  }
})

test('error places - a topic that is to fail in metadata is not created, whether it is asked for by name or with all', async () => {
  await using broker = await DevBroker.start({ topics: { orders: 1 } })
  const { host, port } = broker.node(1)
  await using client = await WireClient.connect(host, port)
  const { api } = apiHandlers.find((handler) => handler.api.name === 'Metadata')!
  for (const version of [0, 1, 9, 12]) {
    broker.faults.push('Metadata', 'LEADER_NOT_AVAILABLE', 'LEADER_NOT_AVAILABLE')
    const named: any = await client.send(api, version, { topics: [{ name: 'new' }], allowAutoTopicCreation: true })
    assert.deepEqual([named.topics.map((each: any) => [each.name, each.errorCode]), named.brokers.length], [[['new', 5]], 1])
    const all: any = await client.send(api, version, { topics: version === 0 ? [] : null })
    assert.deepEqual(
      all.topics.map((each: any) => [each.name, each.errorCode, each.partitions.length]),
      [['orders', 5, 0]],
    )
  }
  assert.deepEqual(broker.topics, ['orders'])
})
