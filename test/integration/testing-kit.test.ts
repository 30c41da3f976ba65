import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DevBroker } from '@sluice/devbroker'
import {
  type ConsumerInterceptor,
  type ConsumerRecords,
  deadLetter,
  drop,
  emit,
  KafkaConsumer,
  KafkaProducer,
  type Producer,
  type ProducerInterceptor,
  type RecordMetadata,
  reject,
  silentLogger,
  stringDeserializer,
  stringSerializer,
} from 'sluice'
import { MockConsumer, MockProducer } from 'sluice/testing'

/** Judges each record by its value; every hook and its outcome goes into `calls`. */
function producerChain(calls: string[]): ProducerInterceptor<string, string>[] {
  const told = (name: string): ProducerInterceptor<string, string>['onAcknowledgement'] => {
    return ({ topic, partition, offset, dropped, deadLettered, emitted }, error) =>
      void calls.push(
        `${name} ack ${topic}-${partition}@${offset} ${dropped ?? deadLettered ?? emitted?.length ?? ''} ${error?.code ?? 'ok'}`,
      )
  }
  return [
    { name: 'first', onSend: (record) => record, onAcknowledgement: told('first') },
    {
      name: 'judge',
      async onSend(record) {
        calls.push(`judge ${record.value}`)
        if (record.value === 'drop') return drop('not wanted')
        if (record.value === 'reject') return reject(new Error('no'))
        if (record.value === 'dead') return deadLetter(new Error('broken'))
        if (record.value === 'emit') return emit([{ value: 'one' }, { value: 'two' }])
        return record
      },
      onSerialized: (record) =>
        record.value?.toString() === 'late' ? drop('too late') : { ...record, value: Buffer.from(`${record.value}!`) },
    },
    { name: 'last', onSend: (record) => record, onAcknowledgement: told('last') },
  ]
}

async function produce(producer: Producer<string, string>): Promise<unknown[]> {
  const outcomes: unknown[] = []
  const noted = ({
    topic,
    partition,
    offset,
    serializedKeySize,
    serializedValueSize,
    dropped,
    deadLettered,
    emitted,
  }: RecordMetadata): unknown => [
    topic,
    partition,
    offset,
    serializedKeySize,
    serializedValueSize,
    dropped,
    deadLettered,
    emitted?.map(noted),
  ]
  for (const value of ['a', 'drop', 'late', 'reject', 'dead', 'emit', 'b', null]) {
    outcomes.push(
      await producer.send({ topic: 't', key: 'k', value, headers: { h: '1' } }).then(noted, (error: Error) => [error.name, error.message]),
    )
  }
  await producer.close()
  outcomes.push(await producer.send({ topic: 't', value: 'closed' }).catch((error) => error.code))
  return outcomes
}

test('MockProducer - every outcome and acknowledgement is what KafkaProducer gives, hook by hook', async () => {
  await using broker = await DevBroker.start({ topics: { t: 1, 't.dlq': 1 } })
  const common = { keySerializer: stringSerializer, valueSerializer: stringSerializer, logger: silentLogger }
  const realCalls: string[] = []
  const mockCalls: string[] = []
  const real = await produce(new KafkaProducer({ bootstrapServers: broker.bootstrapServers, ...common }, producerChain(realCalls)))
  const mocked = await produce(new MockProducer(common, producerChain(mockCalls)))
  assert.deepEqual(mocked, real)
  assert.deepEqual(mockCalls, realCalls)
  assert.ok(realCalls.length > 20)
})

function consumerChain(calls: string[]): ConsumerInterceptor<string, string, string>[] {
  return [
    {
      name: 'judge',
      onFetched: (record) => (record.value?.toString() === 'raw' ? drop('by its bytes') : record),
      onConsume(records: ConsumerRecords<string, string>, context) {
        for (const record of records) context.setState(record, `of ${record.value}`)
        return records.map((record) =>
          record.value === 'drop' ? drop('not wanted') : record.value === 'dead' ? deadLetter(new Error('broken')) : record,
        )
      },
      async handle(record, next, { state }) {
        calls.push(`handle ${record.value} ${state}`)
        await next()
        calls.push(`handled ${record.value}`)
      },
      onCommit: (offsets, { committed }) =>
        void calls.push(
          `commit ${offsets.map(({ partition, offset }) => `${partition}@${offset}`)} ${committed.map(({ state }) => state)}`,
        ),
    },
  ]
}

test('MockConsumer - run, verdicts, states and commits are what KafkaConsumer gives, hook by hook', async () => {
  const values = ['a', 'drop', 'raw', 'dead', 'b']
  const deserializers = { keyDeserializer: stringDeserializer, valueDeserializer: stringDeserializer }
  const work = async (consumer: KafkaConsumer<string, string> | MockConsumer<string, string>): Promise<void> => {
    const controller = new AbortController()
    const eachRecord = ({ value }: { value: string | null }): void => {
      if (value === 'b') controller.abort()
    }
    await consumer.run({ eachRecord, signal: controller.signal })
    await consumer.close()
  }

  await using broker = await DevBroker.start({ topics: { t: 1, 't.dlq': 1 } })
  const { bootstrapServers } = broker
  await using producer = new KafkaProducer({ bootstrapServers, valueSerializer: stringSerializer, lingerMs: 50 })
  await Promise.all(values.map((value) => producer.send({ topic: 't', value })))
  const realCalls: string[] = []
  const options = { groupId: 'g', autoOffsetReset: 'earliest', logger: silentLogger, ...deserializers } as const
  const real = new KafkaConsumer({ bootstrapServers, ...options }, consumerChain(realCalls))
  real.subscribe(['t'])
  await work(real)

  const mockCalls: string[] = []
  const mocked = new MockConsumer<string, string>({ ...deserializers, logger: silentLogger }, consumerChain(mockCalls))
  mocked.subscribe(['t'])
  await mocked.rebalance([{ topic: 't', partition: 0 }])
  for (const value of values) mocked.addRecord({ topic: 't', value })
  await work(mocked)
  assert.deepEqual(mockCalls, realCalls)
  assert.ok(realCalls.includes('commit 0@5 of a,of drop,of dead,of b'))
  assert.equal(mocked.deadLetters()[0]?.topic, 't.dlq')
})
