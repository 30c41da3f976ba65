import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DevBroker, type DevBrokerOptions, Fault } from '@sluice/devbroker'
import { Kafka, logLevel, Partitioners, type Producer, type ProducerConfig } from 'kafkajs'
import { needs } from '../support/test-cluster.ts'

const injected = needs({ devBroker: 'faults are injected' })
const log = { debug() {}, info() {}, warn() {}, error() {} }

function start(options: DevBrokerOptions = {}): Promise<DevBroker> {
  return DevBroker.start({ nodes: 3, topics: { orders: 1 }, log, ...options })
}

function connect(broker: DevBroker, requestTimeout = 5_000): Kafka {
  const brokers = broker.bootstrapServers.split(',')
  return new Kafka({ clientId: 'test', brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20, retries: 10 }, requestTimeout })
}

async function withProducer(broker: DevBroker, config: ProducerConfig, use: (producer: Producer) => Promise<void>): Promise<void> {
  const producer = connect(broker).producer({ createPartitioner: Partitioners.DefaultPartitioner, ...config })
  await producer.connect()
  try {
    await use(producer)
  } finally {
    await producer.disconnect()
  }
}

const send = (producer: Producer, value: string) => producer.send({ topic: 'orders', messages: [{ value }] })

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
  {
    what: 'an answer cut short, at the price of a duplicate',
    inject: ({ faults }) => faults.push('Produce', Fault.truncate(9)),
    stored: ['before', 'during', 'during'],
  },
  { what: 'a network of 200 ms', inject: ({ faults }) => void faults.latency({ ms: 200 }) },
]
for (const { what, inject, stored = ['before', 'during'] } of cases) {
  test(`faults with kafkajs - a producer gets over ${what}`, injected, async () => {
    await using broker = await start()
    await withProducer(broker, {}, async (producer) => {
      await send(producer, 'before')
      inject(broker)
      const began = performance.now()
      await send(producer, 'during')
      if (what.includes('200 ms')) assert.ok(performance.now() - began >= 199)
      broker.faults.assertConsumed()
      broker.faults.clear()
    })
    assert.deepEqual(await valuesOf(broker), stored)
  })
}

test('faults with kafkajs - an idempotent producer writes nothing twice when the answer is lost', injected, async () => {
  await using broker = await start()
  await withProducer(broker, { idempotent: true, maxInFlightRequests: 1 }, async (producer) => {
    await send(producer, 'before')
    broker.faults.push('Produce', Fault.dropAfter)
    await send(producer, 'during')
    broker.faults.assertConsumed()
  })
  assert.deepEqual(await valuesOf(broker), ['before', 'during'])
  const outcomes = broker.journal.requests({ api: 'Produce', clientId: 'test' }).map(({ outcome }) => outcome)
  assert.deepEqual(outcomes, ['answered', 'dropped', 'answered'])
})

test('faults with kafkajs - an error that no retry helps against surfaces at once', injected, async () => {
  await using broker = await start()
  await withProducer(broker, {}, async (producer) => {
    broker.faults.push('Produce', 'MESSAGE_TOO_LARGE')
    await assert.rejects(send(producer, 'x'), { type: 'MESSAGE_TOO_LARGE' })
  })
  assert.deepEqual(await valuesOf(broker), [])
})

test('faults with kafkajs - a consumer goes on after its coordinator moved, its member expired and fetches failed', injected, async () => {
  await using broker = await start()
  const kafka = connect(broker)
  const consumer = kafka.consumer({
    groupId: 'g',
    sessionTimeout: 3_000,
    rebalanceTimeout: 3_000,
    heartbeatInterval: 50,
    maxWaitTimeInMs: 50,
  })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  const seen = new Set<string>()
  let wanted: { value: string; resolve: () => void } | undefined
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen.add(message.value!.toString())
      if (wanted !== undefined && seen.has(wanted.value)) wanted.resolve()
    },
  })
  const arrives = async (value: string): Promise<void> => {
    await broker.produce('orders', [{ value }])
    if (!seen.has(value)) await new Promise<void>((resolve) => (wanted = { value, resolve }))
  }
  await arrives('first')
  broker.faults.push('Fetch', 'NOT_LEADER_OR_FOLLOWER', Fault.dropBefore)
  await arrives('after failed fetches')
  const coordinator = broker.coordinator('g')
  coordinator.moveTo((coordinator.id % 3) + 1)
  await arrives('after another coordinator')
  // A rejoin may be under way; an expired member is one that was in.
  for (const { memberId } of broker.group('g').members) broker.group('g').expire(memberId)
  await arrives('after the end of its session')
  await consumer.disconnect()
  broker.faults.assertConsumed()
})

test('faults with kafkajs - records that are put in without the wire lie where kafkajs would put them', injected, async () => {
  await using broker = await start({ topics: { orders: 7 } })
  const keys = Array.from({ length: 100 }, (_, i) => 'k'.repeat(i % 9) + i)
  await withProducer(broker, {}, async (producer) => {
    await producer.send({ topic: 'orders', messages: keys.map((key) => ({ key, value: 'wire' })) })
  })
  const places = await broker.produce(
    'orders',
    keys.map((key) => ({ key, value: 'direct' })),
  )
  const records = await broker.records('orders')
  const wire = new Map(
    records.filter(({ value }) => value!.toString() === 'wire').map(({ key, partition }) => [key!.toString(), partition]),
  )
  assert.deepEqual(
    places.map(({ partition }) => partition),
    keys.map((key) => wire.get(key)),
  )
})
