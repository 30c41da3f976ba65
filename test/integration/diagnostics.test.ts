import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { Fault } from '@sluice/devbroker'
import {
  type DiagnosticsChannelName,
  type DiagnosticsMessages,
  diagnosticsChannels,
  KafkaConsumer,
  KafkaProducer,
  type ProducerOptions,
  silentLogger,
  stringDeserializer,
  stringSerializer,
} from 'sluice'
import { needs, type TestCluster, testCluster } from '../support/test-cluster.ts'

/** What is published for one client while the test runs. */
function observe<N extends DiagnosticsChannelName>(t: TestContext, name: N, clientId: string): DiagnosticsMessages[N][] {
  const messages: DiagnosticsMessages[N][] = []
  const listener = (message: unknown): void => {
    if ((message as DiagnosticsMessages[N]).clientId === clientId) messages.push(message as DiagnosticsMessages[N])
  }
  subscribe(name, listener)
  t.after(() => unsubscribe(name, listener))
  return messages
}

const producerOptions = (cluster: TestCluster, clientId: string): ProducerOptions<string, string> => ({
  bootstrapServers: cluster.bootstrapServers,
  clientId,
  logger: silentLogger,
  retryBackoffMs: 1,
  keySerializer: stringSerializer,
  valueSerializer: stringSerializer,
})

test('diagnostics - each attempt of a batch and its end are told', needs({ devBroker: 'needs its faults' }), async (t) => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const sends = observe(t, 'sluice:producer:send', 'sender')
  const batches = observe(t, 'sluice:producer:batch', 'sender')
  await using producer = new KafkaProducer(producerOptions(cluster, 'sender'))
  cluster.devBroker.faults.push('Produce', 'NOT_ENOUGH_REPLICAS')
  await Promise.all(['a', 'b'].map((value) => producer.send({ topic, value })))
  assert.deepEqual(
    sends.map(({ attempt, records, bytes, nodeId }) => ({ attempt, records, bytes, nodeId })),
    [
      { attempt: 0, records: 2, bytes: 77, nodeId: 1 },
      { attempt: 1, records: 2, bytes: 77, nodeId: 1 },
    ],
  )
  assert.ok(sends.every(({ ageMs }) => ageMs >= 0))
  const common = { clientId: 'sender', topic, partition: 0, bytes: 77 }
  assert.deepEqual(batches, [{ ...common, records: 2, retries: 1, baseOffset: 0, error: null }])
  cluster.devBroker.faults.push('Produce', 'TOPIC_AUTHORIZATION_FAILED')
  const error = await producer.send({ topic, value: 'ccccccccc' }).catch((thrown) => thrown)
  assert.deepEqual(batches[1], { ...common, records: 1, retries: 0, baseOffset: -1, error })
})

test('diagnostics - a batch that close gives up is told too', needs({ devBroker: 'needs its faults' }), async (t) => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const batches = observe(t, 'sluice:producer:batch', 'closer')
  const producer = new KafkaProducer(producerOptions(cluster, 'closer'))
  await producer.partitionsFor(topic)
  cluster.devBroker.faults.push('Produce', Fault.noResponse)
  const sending = assert.rejects(producer.send({ topic, value: 'v' }), { code: 'CLOSED' })
  await producer.close({ timeoutMs: 0 })
  await sending
  assert.deepEqual(
    batches.map(({ records, error }) => [records, error?.code]),
    [[1, 'CLOSED']],
  )
})

test('diagnostics - polls, commits and connections of a consumer are told', async (t) => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  await using producer = new KafkaProducer(producerOptions(cluster, 'feed'))
  for (const value of ['a', 'b', 'c']) await producer.send({ topic, value })
  const polls = observe(t, 'sluice:consumer:poll', 'reader')
  const commits = observe(t, 'sluice:consumer:commit', 'reader')
  const states = observe(t, 'sluice:connection:state', 'reader')
  const groupId = cluster.unique('group')
  const consumer = new KafkaConsumer(
    {
      bootstrapServers: cluster.bootstrapServers,
      clientId: 'reader',
      groupId,
      logger: silentLogger,
      enableAutoCommit: false,
      valueDeserializer: stringDeserializer,
    },
    [{ name: 'without-b', onConsume: (records) => records.filter(({ value }) => value !== 'b') }],
  )
  consumer.assign([{ topic, partition: 0 }])
  consumer.seek({ topic, partition: 0 }, 0)
  await consumer.poll({ timeoutMs: 5000 })
  assert.deepEqual(polls, [{ clientId: 'reader', groupId, records: 2, partitions: [{ topic, partition: 0, records: 3, nextOffset: 3 }] }])
  await consumer.commit()
  assert.deepEqual(commits, [{ clientId: 'reader', groupId, offsets: [{ topic, partition: 0, offset: 3 }], error: null }])
  const aborted = consumer.commit([{ topic, partition: 0, offset: 1 }], { signal: AbortSignal.abort() })
  const error = await aborted.catch((thrown) => thrown)
  assert.equal(error.code, 'ABORTED')
  assert.deepEqual(commits[1], { clientId: 'reader', groupId, offsets: [{ topic, partition: 0, offset: 1 }], error })
  const states0 = states.filter(({ nodeId }) => nodeId === states[0]!.nodeId).map(({ state }) => state)
  assert.deepEqual(states0.slice(0, 3), ['connecting', 'checking_api_versions', 'ready'])
  await consumer.close()
  const last = states.at(-1)!
  assert.deepEqual([last.state, last.error?.code], ['closed', 'CLOSED'])
  assert.equal(typeof last.port, 'number')
})

test('diagnostics - every failure of an interceptor is told, also what the log keeps quiet about', async (t) => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const errors = observe(t, 'sluice:interceptor:error', 'intercepted')
  const thrown = new Error('broken')
  const onSend = (): never => {
    throw thrown
  }
  const close = onSend
  const producer = new KafkaProducer(producerOptions(cluster, 'intercepted'), [{ name: 'broken', onSend, close }])
  await Promise.all(['a', 'b'].map((value) => producer.send({ topic, value, partition: 0 })))
  await producer.close()
  const common = { clientId: 'intercepted', interceptor: 'broken', error: thrown }
  const onSendFailed = { ...common, hook: 'onSend', topic, partition: 0 }
  assert.deepEqual(errors, [onSendFailed, onSendFailed, { ...common, hook: 'close', topic: undefined, partition: undefined }])
})

test('diagnostics - a subscriber that throws harms neither the send nor other subscribers; the process hears of it', async (t) => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const broken = (message: unknown): void => {
    if ((message as { clientId: string }).clientId === 'watched') throw new Error('subscriber')
  }
  subscribe('sluice:producer:batch', broken)
  const after = observe(t, 'sluice:producer:batch', 'watched')
  // The runner would count them as failures of this test.
  const others = process.listeners('uncaughtException')
  const uncaught: Error[] = []
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => uncaught.push(error))
  try {
    await using producer = new KafkaProducer(producerOptions(cluster, 'watched'))
    assert.equal((await producer.send({ topic, value: 'v' })).offset, 0)
    await new Promise(setImmediate)
  } finally {
    unsubscribe('sluice:producer:batch', broken)
    process.removeAllListeners('uncaughtException')
    for (const listener of others) process.on('uncaughtException', listener)
  }
  assert.deepEqual(
    uncaught.map(({ message }) => message),
    ['subscriber'],
  )
  assert.equal(after.length, 1)
})

test('docs - diagnostics.md lists exactly the channels there are', () => {
  const page = readFileSync(new URL('../../docs/diagnostics.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `sluice:'))
  assert.deepEqual(
    rows.map((row) => row.split(' | ').slice(0, 2).join(' | ')),
    Object.entries(diagnosticsChannels).map(([name, meaning]) => `| \`${name}\` | ${meaning}`),
  )
})
