import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ConsumerInterceptor,
  type ConsumerOptions,
  deadLetter,
  drop,
  emit,
  KafkaConsumer,
  KafkaProducer,
  type ProducerInterceptor,
  type RawRecord,
  reject,
  type SerializedRecord,
  silentLogger,
  stringDeserializer,
  stringSerializer,
  type Verdict,
} from 'sluice'
import { type StoredRecord, type TestCluster, testCluster } from '../support/test-cluster.ts'

type Strings = KafkaConsumer<string, string>
type Interceptor = ConsumerInterceptor<string, string>

const text = { keyDeserializer: stringDeserializer, valueDeserializer: stringDeserializer, logger: silentLogger }

function producerOf(
  cluster: TestCluster,
  interceptors: readonly ProducerInterceptor<string, string>[] = [],
): KafkaProducer<string, string> {
  const { bootstrapServers } = cluster
  const serializers = { keySerializer: stringSerializer, valueSerializer: stringSerializer, logger: silentLogger }
  return new KafkaProducer({ bootstrapServers, ...serializers, compressionType: 'gzip', lingerMs: 5 }, interceptors)
}

function consumerOf(
  cluster: TestCluster,
  options: Partial<ConsumerOptions<string, string>>,
  interceptors: readonly Interceptor[],
): Strings {
  return new KafkaConsumer({ bootstrapServers: cluster.bootstrapServers, ...text, autoOffsetReset: 'earliest', ...options }, interceptors)
}

async function produce(cluster: TestCluster, topic: string, values: readonly string[]): Promise<void> {
  await using producer = producerOf(cluster)
  await Promise.all(values.map((value, index) => producer.send({ topic, partition: 0, key: `k${index}`, value, headers: { own: value } })))
}

/** Values until so many came, `done` says so, or poll fails: then the error's message. */
async function polled(consumer: Strings, count: number): Promise<string[]> {
  const all: string[] = []
  const end = performance.now() + 30_000
  while (all.length < count && performance.now() < end) {
    try {
      for (const { value } of await consumer.poll({ timeoutMs: 200 })) all.push(`${value}`)
    } catch (error) {
      all.push(`! ${(error as Error).message}`)
      break
    }
  }
  return all
}

const bodies = (records: readonly StoredRecord[]): unknown[] =>
  records.map(({ key, value, headers }) => [
    `${key}`,
    `${value}`,
    headers.filter((header) => !header.key.startsWith('dead-letter.')).map((header) => `${header.key}=${header.value}`),
  ])

for (const stage of ['onFetched', 'onConsume', 'handle'] as const) {
  test(`consumer interceptors - ${stage}: every verdict, and dead letters equal what was produced`, async () => {
    await using cluster = await testCluster()
    const topic = await cluster.createTopic(1)
    const deadLetterTopic = await cluster.createTopic(1, {}, 'dead')
    await produce(cluster, topic, ['keep', 'drop', 'emit', 'dead', 'keep', 'reject', 'drop'])
    const judge = (value: string): Verdict | null => {
      if (value === 'drop') return drop('unwanted')
      if (value === 'emit') return emit([{ value: Buffer.from('one') as never }, { value: Buffer.from('two') as never }])
      if (value === 'dead') return deadLetter(new RangeError('too bad'))
      return value === 'reject' ? reject(new Error('rejected')) : null
    }
    const hook: Partial<Interceptor> =
      stage === 'onFetched'
        ? { onFetched: async (record) => judge(`${record.value}`) ?? record }
        : stage === 'onConsume'
          ? { onConsume: async (records) => records.map((record) => judge(`${record.value}`) ?? record) }
          : {
              async handle({ value }, next) {
                const verdict = judge(`${value}`)
                if (verdict === null) await next()
                return verdict ?? undefined
              },
            }
    const groupId = cluster.unique('group')
    // Decrypted, decompressed or whatever: a dead letter is what was fetched.
    const changing: Interceptor = { name: 'change', onFetched: (record) => ({ ...record, headers: record.headers.add('changed', '1') }) }
    const consumer = consumerOf(cluster, { groupId, deadLetterTopic }, [changing, { name: 'judge', ...hook }])
    consumer.subscribe([topic])
    let given: string[] = []
    if (stage === 'handle') {
      const running = consumer.run({ eachRecord: ({ value }) => void given.push(`${value}`) })
      await assert.rejects(running, { message: 'rejected' })
      await consumer.commit([{ topic, partition: 0, offset: 5 }])
    } else {
      given = await polled(consumer, 99)
      assert.equal(given.pop(), '! rejected')
      assert.equal(await consumer.position({ topic, partition: 0 }), 5)
      await consumer.commit()
    }
    assert.deepEqual(given, ['keep', 'one', 'two', 'keep'])
    assert.deepEqual((await consumer.committed([{ topic, partition: 0 }]))[0]?.offset, 5)
    const [letter] = await cluster.records(deadLetterTopic)
    const [original] = (await cluster.records(topic)).filter(({ offset }) => offset === 3)
    assert.deepEqual(bodies([letter!]), bodies([original!]))
    assert.equal(letter!.timestamp, original!.timestamp)
    const told = Object.fromEntries(letter!.headers.map(({ key, value }) => [key, `${value}`]))
    assert.deepEqual(
      ['topic', 'partition', 'offset', 'interceptor', 'error', 'message'].map((name) => told[`dead-letter.${name}`]),
      [topic, '0', '3', 'judge', 'RangeError', 'too bad'],
    )
    consumer.seek({ topic, partition: 0 }, 6)
    if (stage !== 'handle') {
      for (const end = performance.now() + 30_000; performance.now() < end; ) {
        assert.equal((await consumer.poll({ timeoutMs: 100 })).count, 0)
        if ((await consumer.position({ topic, partition: 0 })) === 7) break
      }
      await consumer.commit()
      assert.equal((await consumer.committed([{ topic, partition: 0 }]))[0]?.offset, 7, 'a dropped tail is passed')
    }
    await consumer.close()
  })
}

test('consumer interceptors - promises of any length keep the order of a thousand records', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const values = Array.from({ length: 1000 }, (_, index) => `${index}`)
  await produce(cluster, topic, values)
  await using consumer = consumerOf(cluster, { groupId: cluster.unique('group'), interceptorConcurrency: 64 }, [
    {
      name: 'slow',
      async onFetched(record) {
        for (let turn = (record.offset * 31) % 7; turn > 0; turn--) await new Promise(setImmediate)
        return record
      },
    },
  ])
  consumer.subscribe([topic])
  assert.deepEqual(await polled(consumer, 1000), values)
})

test('consumer interceptors - handle runs as an onion, and state goes from onFetched to onCommit', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  await produce(cluster, topic, ['a', 'b'])
  const events: string[] = []
  const layer = (name: string): Interceptor => ({
    name,
    onFetched(record, context) {
      context.state = `${name}${record.offset}`
      return record
    },
    async handle(_record, next, context) {
      events.push(`${context.state}(`)
      await next()
      events.push(`)${context.state}`)
    },
    onCommit: (_offsets, { committed }) => void events.push(...committed.map(({ offset, state }) => `committed ${offset} ${state}`)),
  })
  await using consumer = consumerOf(cluster, { groupId: cluster.unique('group') }, [layer('A'), layer('B')])
  consumer.subscribe([topic])
  const stop = new AbortController()
  await consumer.run({
    signal: stop.signal,
    eachRecord({ value }) {
      events.push(`${value}`)
      if (value === 'b') stop.abort()
    },
  })
  const perRecord = (offset: number, value: string): string[] => [`A${offset}(`, `B${offset}(`, value, `)B${offset}`, `)A${offset}`]
  const commits = ['committed 0 A0', 'committed 1 A1', 'committed 0 B0', 'committed 1 B1']
  assert.deepEqual(
    events.filter((event) => !event.startsWith('committed')),
    [...perRecord(0, 'a'), ...perRecord(1, 'b')],
  )
  assert.deepEqual(events.filter((event) => event.startsWith('committed')).sort(), commits.sort())
})

test('consumer interceptors - paired ones undo on consume what the same list did on produce', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const wrapped = (name: string): ProducerInterceptor<string, string> & Interceptor => ({
    name,
    paired: true,
    onSerialized: (record): SerializedRecord => ({ ...record, value: Buffer.from(`${name}<${record.value}>`) }),
    onFetched(record): RawRecord {
      const [, inner] = new RegExp(`^${name}<(.*)>$`).exec(`${record.value}`) ?? []
      return { ...record, value: Buffer.from(inner ?? `not ${name}'s: ${record.value}`) }
    },
  })
  const list = [wrapped('enc'), { name: 'between' }, wrapped('claim')]
  await using producer = producerOf(cluster, list)
  await producer.send({ topic, value: 'plain' })
  assert.equal(`${(await cluster.records(topic))[0]!.value}`, 'claim<enc<plain>>')
  await using consumer = consumerOf(cluster, { groupId: cluster.unique('group') }, list)
  consumer.subscribe([topic])
  assert.deepEqual(await polled(consumer, 1), ['plain'])
})

test('consumer interceptors - replace under load loses nothing, doubles nothing, and each record sees one whole chain', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(3)
  const total = 3000
  let closed = 0
  const listOf = (generation: number): Interceptor[] => [
    {
      name: `mark ${generation}`,
      onFetched: (record) => ({ ...record, headers: record.headers.add('chain', `${generation}`) }),
      close: () => void closed++,
    },
    {
      name: `check ${generation}`,
      async onConsume(records) {
        if (generation % 2 === 0) await new Promise(setImmediate)
        for (const record of records) assert.deepEqual(record.headers.getAll('chain').map(String), [`${generation}`])
        return records
      },
      onError: 'fail',
    },
  ]
  await using producer = producerOf(cluster)
  const producing = (async () => {
    for (let index = 0; index < total; index++) {
      void producer.send({ topic, partition: index % 3, value: `${index}` })
      if (index % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await producer.flush()
  })()
  const consumer = consumerOf(cluster, { groupId: cluster.unique('group'), maxPollRecords: 20 }, listOf(0))
  consumer.subscribe([topic])
  const seen: string[] = []
  let generation = 0
  const chains = new Set<string>()
  for (let polls = 0; seen.length < total; polls++) {
    const polling = consumer.poll({ timeoutMs: 200 })
    const replacing = polls % 5 === 0 ? consumer.interceptors.replace(listOf(++generation)) : undefined
    for (const { value, headers } of await polling) {
      seen.push(`${value}`)
      chains.add(`${headers.getString('chain')}`)
    }
    await replacing
  }
  await producing
  assert.equal(seen.length, total)
  assert.equal(new Set(seen).size, total)
  assert.ok(chains.size > 3, `${chains.size} chains`)
  await consumer.close()
  assert.equal(closed, generation + 1, 'every chain was closed once')
})

test('consumer interceptors - a rebalance frees the states of partitions that go, and no others', {
  timeout: 60_000,
}, async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(2)
  await using producer = producerOf(cluster)
  for (const partition of [0, 1]) await producer.send({ topic, partition, value: `${partition}` })
  const told: string[] = []
  let stateOf: ((partition: number) => unknown) | undefined
  const keeper: Interceptor = {
    name: 'keeper',
    onFetched(record, context) {
      context.state = 'kept'
      return record
    },
    onConsume(records, context) {
      stateOf = (partition) => context.getState({ topic, partition, offset: 0 })
      return records
    },
    onCommit: (_offsets, { committed }) => void told.push(...committed.map(({ partition, offset }) => `${partition}@${offset}`)),
  }
  const groupId = cluster.unique('group')
  const options: Partial<ConsumerOptions<string, string>> = {
    groupId,
    enableAutoCommit: false,
    heartbeatIntervalMs: 100,
    partitionAssignmentStrategy: ['cooperative-sticky'],
  }
  await using first = consumerOf(cluster, options, [keeper])
  first.subscribe([topic])
  await polled(first, 2)
  assert.deepEqual([stateOf!(0), stateOf!(1)], ['kept', 'kept'])
  await using second = consumerOf(cluster, options, [])
  second.subscribe([topic])
  while (first.assignment().length !== 1 || second.assignment().length !== 1) {
    await Promise.all([first.poll({ timeoutMs: 50 }), second.poll({ timeoutMs: 50 })])
  }
  const [kept] = first.assignment()
  assert.equal(stateOf!(kept!.partition), 'kept')
  assert.equal(stateOf!(1 - kept!.partition), undefined)
  await first.commit()
  assert.deepEqual(told, [`${kept!.partition}@0`])
  assert.equal(stateOf!(kept!.partition), undefined)
})
