import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { DevBroker, Fault } from '@sluice/devbroker'
import { needs } from '../support/test-cluster.ts'

const injected = needs({ devBroker: 'faults are injected' })
const log = { debug() {}, info() {}, warn() {}, error() {} }

function start(): Promise<DevBroker> {
  return DevBroker.start({ nodes: 3, topics: { orders: 1 }, log })
}

function settings(broker: DevBroker) {
  return { clientId: 'test', bootstrapBrokers: broker.bootstrapServers.split(','), retries: 5, retryDelay: 50 }
}

async function withProducer(broker: DevBroker, idempotent: boolean, use: (send: (value: string) => Promise<unknown>) => Promise<void>) {
  const producer = new Producer({ ...settings(broker), serializers: stringSerializers, idempotent })
  try {
    await use((value) => producer.send({ acks: -1, messages: [{ topic: 'orders', partition: 0, value }] }))
  } finally {
    await producer.close()
  }
}

async function valuesOf(broker: DevBroker): Promise<(string | undefined)[]> {
  return (await broker.records('orders')).map(({ value }) => value?.toString())
}

const cases: readonly { readonly what: string; readonly inject: (broker: DevBroker) => void; readonly stored?: readonly string[] }[] = [
  {
    what: 'a leader that moves',
    inject: (broker) => {
      const partition = broker.partition('orders', 0)
      partition.moveLeader((partition.leader % 3) + 1)
    },
  },
  { what: 'two timeouts', inject: ({ faults }) => faults.push('Produce', 'REQUEST_TIMED_OUT', 7) },
  { what: 'a connection that drops before the append', inject: ({ faults }) => faults.push('Produce', Fault.dropBefore) },
  {
    what: 'a connection that drops after the append, at the price of a duplicate',
    inject: ({ faults }) => faults.push('Produce', Fault.dropAfter),
    stored: ['before', 'during', 'during'],
  },
  { what: 'a disk without room', inject: ({ faults }) => faults.push('Produce', 'KAFKA_STORAGE_ERROR') },
  { what: 'a network of 200 ms', inject: ({ faults }) => void faults.latency({ ms: 200 }) },
]
for (const { what, inject, stored = ['before', 'during'] } of cases) {
  test(`faults with @platformatic/kafka - a producer gets over ${what}`, injected, async () => {
    await using broker = await start()
    await withProducer(broker, false, async (send) => {
      await send('before')
      inject(broker)
      const began = performance.now()
      await send('during')
      if (what.includes('200 ms')) assert.ok(performance.now() - began >= 199)
      broker.faults.assertConsumed()
      broker.faults.clear()
    })
    assert.deepEqual(await valuesOf(broker), stored)
  })
}

test('faults with @platformatic/kafka - an idempotent producer writes nothing twice when the answer is lost', injected, async () => {
  await using broker = await start()
  await withProducer(broker, true, async (send) => {
    await send('before')
    broker.faults.push('Produce', Fault.dropAfter)
    await send('during')
    broker.faults.assertConsumed()
  })
  assert.deepEqual(await valuesOf(broker), ['before', 'during'])
})

test('faults with @platformatic/kafka - a consumer gets over failed fetches', injected, async () => {
  await using broker = await start()
  const consumer = new Consumer({
    ...settings(broker),
    groupId: 'g',
    deserializers: stringDeserializers,
    sessionTimeout: 6_000,
    rebalanceTimeout: 6_000,
    heartbeatInterval: 100,
    maxWaitTime: 50,
  })
  const stream = await consumer.consume({ topics: ['orders'], mode: 'earliest' })
  broker.faults.push('Fetch', 'NOT_LEADER_OR_FOLLOWER', 'REQUEST_TIMED_OUT')
  await broker.produce('orders', [{ value: 'x' }])
  for await (const { value } of stream) {
    assert.equal(value, 'x')
    break
  }
  await consumer.close(true)
  broker.faults.assertConsumed()
})
