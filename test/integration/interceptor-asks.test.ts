// What users of other clients asked of interceptors; docs/interceptors/asks.md lists every ask with its number.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ConsumerInterceptor,
  type ConsumerOptions,
  deadLetter,
  drop,
  emit,
  KafkaConsumer,
  type KafkaError,
  KafkaProducer,
  type ProducerInterceptor,
  type ProducerOptions,
  type RecordMetadata,
  reject,
  silentLogger,
  stringDeserializer,
  stringSerializer,
} from 'sluice'
import { type TestCluster, testCluster } from '../support/test-cluster.ts'

type P = ProducerInterceptor<string, string>
type C = ConsumerInterceptor<string, string>

function producerOn(cluster: TestCluster, interceptors: readonly P[] = [], options: Partial<ProducerOptions<string, string>> = {}) {
  const { bootstrapServers } = cluster
  return new KafkaProducer<string, string>(
    { bootstrapServers, keySerializer: stringSerializer, valueSerializer: stringSerializer, logger: silentLogger, lingerMs: 0, ...options },
    interceptors,
  )
}

function consumerOn(cluster: TestCluster, interceptors: readonly C[] = [], options: Partial<ConsumerOptions<string, string>> = {}) {
  const { bootstrapServers } = cluster
  return new KafkaConsumer<string, string>(
    {
      bootstrapServers,
      groupId: cluster.unique('asks'),
      autoOffsetReset: 'earliest',
      keyDeserializer: stringDeserializer,
      valueDeserializer: stringDeserializer,
      logger: silentLogger,
      ...options,
    },
    interceptors,
  )
}

/** A topic of one partition with these values, and a consumer that stands before them. */
async function given(
  cluster: TestCluster,
  values: readonly string[],
  interceptors: readonly C[],
  options: Partial<ConsumerOptions<string, string>> = {},
) {
  const topic = await cluster.createTopic(1)
  await using producer = producerOn(cluster)
  await Promise.all(values.map((value) => producer.send({ topic, partition: 0, key: value, value })))
  const consumer = consumerOn(cluster, interceptors, options)
  consumer.subscribe([topic])
  return { topic, consumer }
}

/** Polls until `count` values have come. */
async function poll(consumer: KafkaConsumer<string, string>, count: number): Promise<string[]> {
  const values: string[] = []
  for (const end = Date.now() + 20_000; values.length < count && Date.now() < end; ) {
    for (const record of await consumer.poll({ timeoutMs: 500 })) values.push(record.value ?? '')
  }
  return values
}

/** Runs the handler until `count` records are through it, or skipped past it. */
async function run(consumer: KafkaConsumer<string, string>, until: () => boolean, eachRecord: (value: string) => unknown): Promise<void> {
  const stop = new AbortController()
  const watch = setInterval(() => until() && stop.abort(), 10)
  const limit = setTimeout(() => stop.abort(), 20_000)
  try {
    await consumer.run({ signal: stop.signal, eachRecord: async (record) => void (await eachRecord(record.value ?? '')) })
  } finally {
    clearInterval(watch)
    clearTimeout(limit)
  }
}

test('ask 1 4 9 - interceptors are objects that see each record before it is sent, after the write, before it is read, and every commit', async () => {
  await using cluster = await testCluster()
  const seen: string[] = []
  const topic = await cluster.createTopic(1)
  const shared: P & C = {
    name: 'both',
    onSend(record) {
      seen.push(`onSend ${record.value}`)
      return record
    },
    onAcknowledgement: (metadata) => void seen.push(`onAcknowledgement ${metadata.offset}`),
    onConsume(records) {
      seen.push(`onConsume ${records.count}`)
      return records
    },
    onCommit: (offsets) => void seen.push(`onCommit ${offsets[0]?.offset}`),
  }
  await using producer = producerOn(cluster, [shared])
  await producer.send({ topic, partition: 0, value: 'v' })
  await using consumer = consumerOn(cluster, [shared], { enableAutoCommit: false })
  consumer.subscribe([topic])
  assert.deepEqual(await poll(consumer, 1), ['v'])
  await consumer.commit()
  assert.deepEqual(seen, ['onSend v', 'onAcknowledgement 0', 'onConsume 1', 'onCommit 1'])
})

test('ask 5 6 - an acknowledgement comes with the headers as sent, and with what onSend kept for this record', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const seen: unknown[] = []
  const keeping: P = {
    name: 'keeps',
    onSend(record, context) {
      record.headers.set('trace', `t-${record.value}`)
      context.state = record.value
      return record
    },
    onAcknowledgement: (_metadata, _error, headers, context) => void seen.push([headers.getString('trace'), context.state]),
  }
  await using producer = producerOn(cluster, [keeping])
  await Promise.all(['a', 'b'].map((value) => producer.send({ topic, partition: 0, value })))
  assert.deepEqual(seen, [
    ['t-a', 'a'],
    ['t-b', 'b'],
  ])
})

test('ask 7 8 44, case 6.3 - each onSend has one acknowledgement with metadata and the true error, wherever the send ends', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const told: { metadata: RecordMetadata; code: string | undefined }[] = []
  let sends = 0
  const counting: P = {
    name: 'counts',
    onSend(record) {
      sends++
      return record
    },
    onAcknowledgement: (metadata, error) => void told.push({ metadata, code: error?.code }),
  }
  const deciding: P = {
    name: 'decides',
    onSend(record) {
      if (record.value === 'drop') return drop('asked')
      if (record.value === 'reject') return reject(new Error('asked'))
      if (record.value === 'hang') return new Promise(() => {})
      return record
    },
    onError: 'fail',
    timeoutMs: 100,
  }
  const failing = { serialize: (_topic: string, value: string) => (value === 'unserializable' ? assert.fail('asked') : Buffer.from(value)) }
  const producer = producerOn(cluster, [counting, deciding], { valueSerializer: failing, maxRequestSize: 2000, maxBlockMs: 2000 })
  const outcome = async (promise: Promise<RecordMetadata>): Promise<string> =>
    promise.then(
      ({ dropped }) => dropped ?? 'sent',
      (error: KafkaError) => error.code ?? 'as given',
    )
  const ends: Record<string, string> = {}
  for (const value of ['sent', 'drop', 'reject', 'hang', 'unserializable', 'x'.repeat(3000)]) {
    ends[value.slice(0, 20)] = await outcome(producer.send({ topic, partition: 0, value }))
  }
  ends.partition = await outcome(producer.send({ topic, partition: 9, value: 'no such partition' }))
  await producer.close()
  ends.closed = await outcome(producer.send({ topic, value: 'closed' }))
  assert.deepEqual(ends, {
    sent: 'sent',
    drop: 'asked',
    reject: 'as given',
    hang: 'INTERCEPTOR',
    unserializable: 'SERIALIZATION',
    xxxxxxxxxxxxxxxxxxxx: 'RECORD_TOO_LARGE',
    partition: 'TIMEOUT',
    closed: 'ILLEGAL_STATE',
  })
  assert.equal(sends, 8)
  assert.deepEqual(
    told.map(({ code }) => code),
    [undefined, undefined, 'REJECTED', 'INTERCEPTOR', 'SERIALIZATION', 'RECORD_TOO_LARGE', 'TIMEOUT', 'ILLEGAL_STATE'],
  )
  for (const { metadata } of told) assert.equal(metadata.topic, topic)
})

test('ask 7, case 6.3 - a forced close acknowledges what is pending, once', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const codes: (string | undefined)[] = []
  const producer = producerOn(cluster, [{ name: 'counts', onAcknowledgement: (_metadata, error) => void codes.push(error?.code) }], {
    lingerMs: 60_000,
    deliveryTimeoutMs: 120_000,
  })
  await producer.partitionsFor(topic)
  const settled = Promise.allSettled(Array.from({ length: 10 }, () => producer.send({ topic, value: 'v' })))
  await producer.close({ timeoutMs: 0 })
  await settled
  assert.deepEqual(codes, new Array(10).fill('CLOSED'))
})

test('ask 10 11 12, case 6.3 - handlers are wrapped as an onion: after-parts run for those that began, also on a throw and on a skip', async () => {
  await using cluster = await testCluster()
  const seen: string[] = []
  const layer = (name: string): C => ({
    name,
    async handle(record, next) {
      seen.push(`${name} before ${record.value}`)
      try {
        if (name === 'b' && record.value === 'skip') return
        await next()
        seen.push(`${name} success ${record.value}`)
      } catch (error) {
        seen.push(`${name} failure ${record.value}`)
        if (name === 'a') return
        throw error
      } finally {
        seen.push(`${name} after ${record.value}`)
      }
    },
  })
  const { consumer } = await given(cluster, ['ok', 'throw', 'skip', 'last'], [layer('a'), layer('b'), layer('c')])
  await using _ = consumer
  await run(
    consumer,
    () => seen.includes('a after last'),
    (value) => {
      seen.push(`handler ${value}`)
      if (value === 'throw') throw new Error('asked')
    },
  )
  const of = (value: string): string[] => seen.filter((line) => line.endsWith(value)).map((line) => line.slice(0, -value.length - 1))
  assert.deepEqual(of('ok'), [
    'a before',
    'b before',
    'c before',
    'handler',
    'c success',
    'c after',
    'b success',
    'b after',
    'a success',
    'a after',
  ])
  assert.deepEqual(of('throw'), [
    'a before',
    'b before',
    'c before',
    'handler',
    'c failure',
    'c after',
    'b failure',
    'b after',
    'a failure',
    'a after',
  ])
  assert.deepEqual(of('skip'), ['a before', 'b before', 'b after', 'a success', 'a after'])
  assert.deepEqual(of('last').length, 10)
})

test('ask 13 - a batch interceptor sees the whole batch, and what it returns is what comes', async () => {
  await using cluster = await testCluster()
  const { consumer } = await given(
    cluster,
    ['a', 'b', 'c'],
    [{ name: 'batch', onConsume: (records) => records.map((record) => ({ ...record, value: `${record.value} of ${records.count}` })) }],
  )
  await using _ = consumer
  const values = await poll(consumer, 3)
  assert.equal(values.length, 3)
  for (const value of values) assert.match(value, / of [123]$/)
})

test('ask 14, case 6.3 - records that are left out at the end of a batch are committed past', async () => {
  await using cluster = await testCluster()
  for (const filter of [
    { name: 'filter', onConsume: (records) => records.filter(({ value }) => !value?.startsWith('x')) },
    { name: 'verdict', onConsume: (records) => records.map((record) => (record.value?.startsWith('x') ? drop('x') : record)) },
    { name: 'bytes', onFetched: (record) => (record.value?.[0] === 0x78 ? drop('x') : record) },
  ] satisfies C[]) {
    const { topic, consumer } = await given(cluster, ['a', 'b', 'x1', 'x2'], [filter], { enableAutoCommit: false })
    await using _ = consumer
    assert.deepEqual(await poll(consumer, 2), ['a', 'b'])
    while ((await consumer.position({ topic, partition: 0 })) < 4) await consumer.poll({ timeoutMs: 100 })
    await consumer.commit()
    const [committed] = (await consumer.committed([{ topic, partition: 0 }])).values()
    assert.equal(committed?.offset, 4, filter.name)
    assert.equal(consumer.interceptors.stats()[0]?.dropped, 2, filter.name)
  }
})

test('ask 15 36, case 6.3 - the list is replaced while records flow: none is lost, doubled, or sees parts of two', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const list = (id: number): P[] => [
    { name: 'first', onSend: (record) => ({ ...record, value: `${record.value} ${id}` }) },
    { name: 'last', onSerialized: (record) => ({ ...record, value: Buffer.from(`${record.value} ${id}`) }) },
  ]
  const producer = producerOn(cluster, list(0), { lingerMs: 1 })
  let sent = 0
  let isOver = false
  const sending = (async () => {
    while (!isOver) {
      for (let i = 0; i < 50; i++) void producer.send({ topic, partition: 0, value: `${sent++}` })
      await sleep(1)
    }
  })()
  for (let id = 1; id <= 20; id++) {
    await sleep(5)
    await producer.interceptors.replace(list(id))
  }
  isOver = true
  await sending
  await producer.close()
  const records = await cluster.records(topic)
  assert.equal(records.length, sent)
  for (const [index, { value }] of records.entries()) {
    const [number, first, last] = String(value).split(' ')
    assert.equal(number, `${index}`)
    assert.equal(first, last)
  }
})

test('ask 17 18 45 - an interceptor sees the topics it is for; internal ones are out unless they are named', async () => {
  await using cluster = await testCluster()
  const [web, api] = [await cluster.createTopic(1, {}, 'web'), await cluster.createTopic(1, {}, 'api')]
  const seen: string[] = []
  const noting = (name: string, rest: Partial<P>): P => ({
    name,
    ...rest,
    onSend(record) {
      seen.push(`${name} ${record.topic.slice(0, 3)}`)
      return record
    },
  })
  await using producer = producerOn(cluster, [
    noting('by name', { topics: web }),
    noting('by pattern', { topics: 'api.*' }),
    noting('not', { when: { not: /^web/ } }),
    noting('other client', { when: { clients: 'nobody' } }),
  ])
  await producer.send({ topic: web, value: 'v' })
  await producer.send({ topic: api, value: 'v' })
  assert.deepEqual(seen, ['by name web', 'by pattern api', 'not api'])
})

test('ask 27, case 6.3 - a record that is sent again does not collect headers', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  await using producer = producerOn(cluster, [
    {
      name: 'stamps',
      onSend(record) {
        record.headers.set('stamp', '1')
        return record
      },
    },
  ])
  const record = { topic, partition: 0, value: 'v', headers: { own: '1' } }
  await producer.send(record)
  await producer.send(record)
  for (const { headers } of await cluster.records(topic))
    assert.deepEqual(
      headers.map(({ key }) => key),
      ['own', 'stamp'],
    )
})

test('ask 30 - an interceptor that waits for a schema now and then costs the others nothing, and keeps the order', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const schemas = new Map<string, string>()
  const fetching: P = {
    name: 'schema',
    onSend(record) {
      const known = schemas.get(record.topic)
      if (known !== undefined) return { ...record, value: `${known}${record.value}` }
      return sleep(20).then(() => {
        schemas.set(record.topic, 's:')
        return { ...record, value: `s:${record.value}` }
      })
    },
  }
  await using producer = producerOn(cluster, [fetching])
  const values = Array.from({ length: 50 }, (_, i) => `${i}`)
  await Promise.all(values.map((value) => producer.send({ topic, partition: 0, value })))
  assert.deepEqual(
    (await cluster.records(topic)).map(({ value }) => String(value)),
    values.map((value) => `s:${value}`),
  )
})

test('ask 31 33 - an interceptor of bytes encrypts and decrypts around any serializer, and what it cannot decrypt is not an empty poll', async () => {
  await using cluster = await testCluster()
  const flip = (bytes: Buffer | null): Buffer | null => bytes && Buffer.from(bytes.map((byte) => byte ^ 0xff))
  const crypt: P & C = {
    name: 'crypt',
    paired: true,
    onError: 'fail',
    onSerialized: (record) => ({ ...record, value: flip(record.value) }),
    onFetched(record) {
      if (record.value?.[0] === 0x21) throw new Error('no key')
      return { ...record, value: flip(record.value) }
    },
  }
  const suffix: P & C = {
    name: 'suffix',
    paired: true,
    onSerialized: (record) => ({ ...record, value: Buffer.concat([record.value!, Buffer.from('!')]) }),
    onFetched: (record) => ({ ...record, value: record.value!.subarray(0, -1) }),
  }
  const topic = await cluster.createTopic(1)
  await using producer = producerOn(cluster, [crypt, suffix])
  await producer.send({ topic, partition: 0, value: 'secret' })
  const [stored] = await cluster.records(topic)
  assert.doesNotMatch(String(stored?.value), /secret/)
  await using plain = producerOn(cluster)
  await plain.send({ topic, partition: 0, value: '!!' })
  // The list is the same on both sides: the paired ones take each other's places here.
  await using consumer = consumerOn(cluster, [crypt, suffix])
  consumer.subscribe([topic])
  const values: string[] = []
  await assert.rejects(
    async () => {
      for (;;) for (const record of await consumer.poll({ timeoutMs: 500 })) values.push(record.value ?? '')
    },
    { code: 'INTERCEPTOR', message: /"crypt" failed in onFetched/ },
  )
  assert.deepEqual(values, ['secret'])
  await assert.rejects(consumer.poll({ timeoutMs: 2000 }), { code: 'INTERCEPTOR' })
})

test('ask 32 - what protects data fails closed: nothing is sent when it throws, hangs or is switched off', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  let calls = 0
  await using producer = producerOn(cluster, [
    {
      name: 'encrypts',
      onError: 'fail',
      timeoutMs: 50,
      disableAfter: 4,
      onSerialized() {
        if (++calls % 2 === 0) return new Promise(() => {})
        throw new Error('no key')
      },
    },
  ])
  for (let i = 0; i < 6; i++) await assert.rejects(producer.send({ topic, value: 'secret' }), { code: 'INTERCEPTOR' })
  assert.equal(calls, 4)
  assert.deepEqual(await cluster.records(topic), [])
})

test('ask 34 43 - why records are gone, and what was swallowed, can be found', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const lines: string[] = []
  const warn = (message: string, fields?: object): void => void lines.push(`${message} ${JSON.stringify(fields)}`)
  await using producer = producerOn(
    cluster,
    [
      { name: 'filter', onSend: (record) => (record.value === 'old' ? drop('too old') : record) },
      {
        name: 'broken',
        onSend() {
          throw new Error('asked')
        },
      },
    ],
    { logger: { ...silentLogger, warn } },
  )
  for (const value of ['old', 'secret', 'secret']) await producer.send({ topic, value })
  const [filter, broken] = producer.interceptors.stats()
  assert.deepEqual(filter?.reasons, { 'too old': 1 })
  assert.equal(broken?.errors, 2)
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, new RegExp(`"broken" failed in onSend.*${topic}`))
  assert.doesNotMatch(lines[0]!, /secret/)
})

test('case 6.3 - a logger that throws takes no record with it', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const throwing = (): never => assert.fail('the logger')
  const logger = { debug: throwing, info: throwing, warn: throwing, error: throwing }
  const broken: P = {
    name: 'broken',
    onSend() {
      throw new Error('asked')
    },
  }
  const producer = new KafkaProducer<string, string>(
    { bootstrapServers: cluster.bootstrapServers, keySerializer: stringSerializer, valueSerializer: stringSerializer },
    [broken],
  )
  await producer.partitionsFor(topic)
  await producer.close()
  const chained = producerOn(cluster, [broken], { logger: { ...logger, info() {}, debug() {} } })
  assert.equal((await chained.send({ topic, value: 'v' })).offset, 0)
  await chained.close()
})

test('ask 39, case 6.3 - a dead letter is the record as it was, with headers that tell why and do not pile up', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const letters = cluster.unique('letters')
  await cluster.admin.createTopics([{ topic: letters, partitions: 1 }])
  await cluster.untilKnown(letters, 1)
  await using producer = producerOn(cluster)
  const headers = { own: 'h', 'dead-letter.message': 'an older one' }
  await producer.send({ topic, partition: 0, key: 'k', value: 'poison', headers })
  await producer.send({ topic, partition: 0, key: 'k', value: 'fine' })
  const consumer = consumerOn(
    cluster,
    [
      { name: 'changes', onConsume: (records) => records.map((record) => ({ ...record, value: `changed ${record.value}` })) },
      {
        name: 'parks',
        onConsume: (records) => records.map((record) => (record.value?.endsWith('poison') ? deadLetter(new Error('unreadable')) : record)),
      },
    ],
    { deadLetterTopic: letters },
  )
  consumer.subscribe([topic])
  assert.deepEqual(await poll(consumer, 1), ['changed fine'])
  await consumer.close()
  const [letter] = await cluster.records(letters)
  assert.deepEqual([String(letter?.key), String(letter?.value)], ['k', 'poison'])
  const told = Object.fromEntries(letter!.headers.map(({ key, value }) => [key, String(value)]))
  assert.equal(letter!.headers.filter(({ key }) => key === 'dead-letter.message').length, 1)
  assert.deepEqual(
    [
      told.own,
      told['dead-letter.topic'],
      told['dead-letter.partition'],
      told['dead-letter.offset'],
      told['dead-letter.message'],
      told['dead-letter.interceptor'],
    ],
    ['h', topic, '0', '0', 'unreadable', 'parks'],
  )
})

test('ask 41 - poison is skipped or parked on either side, and the rest goes on', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const skipping = <R extends { readonly value: Buffer | null }>(record: R): R | ReturnType<typeof drop> =>
    String(record.value).startsWith('poison') ? drop('poison') : record
  await using producer = producerOn(cluster, [{ name: 'skips', onSerialized: skipping }])
  await using plain = producerOn(cluster)
  await producer.send({ topic, partition: 0, value: 'poison 1' })
  await plain.send({ topic, partition: 0, value: 'poison 2' })
  await plain.send({ topic, partition: 0, value: 'fine' })
  await using consumer = consumerOn(cluster, [{ name: 'skips', onFetched: skipping }])
  consumer.subscribe([topic])
  assert.deepEqual(await poll(consumer, 1), ['fine'])
  assert.equal((await cluster.records(topic)).length, 2)
})

test('ask 42 - an interceptor cancels a send with an error of its own', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  class NotAllowed extends Error {}
  await using producer = producerOn(cluster, [{ name: 'guard', onSend: () => reject(new NotAllowed('not here')) }])
  await assert.rejects(producer.send({ topic, value: 'v' }), NotAllowed)
})

test('one record becomes several on either side, and who sent it learns of all', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  await using producer = producerOn(cluster, [
    { name: 'splits', onSend: (record) => emit(record.value!.split(',').map((value) => ({ value, partition: 0 }))) },
  ])
  const { emitted } = await producer.send({ topic, value: 'a,b,c' })
  assert.deepEqual(
    emitted?.map(({ offset }) => offset),
    [0, 1, 2],
  )
  await using consumer = consumerOn(cluster, [
    { name: 'doubles', onFetched: (record) => emit([{}, { value: Buffer.from(`${record.value} again`) }]) },
  ])
  consumer.subscribe([topic])
  assert.deepEqual(await poll(consumer, 6), ['a', 'a again', 'b', 'b again', 'c', 'c again'])
})

test('case 6.3 - an empty poll calls no hook', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  let calls = 0
  await using consumer = consumerOn(cluster, [
    {
      name: 'counts',
      onConsume(records) {
        calls++
        return records
      },
    },
  ])
  consumer.subscribe([topic])
  for (let i = 0; i < 3; i++) await consumer.poll({ timeoutMs: 100 })
  assert.equal(calls, 0)
})

test('ask 4 6 - what onConsume kept for a record is there in handle, and in onCommit once it is committed', async () => {
  await using cluster = await testCluster()
  const seen: string[] = []
  const keeping: C = {
    name: 'keeps',
    onConsume(records, context) {
      for (const record of records) context.setState(record, `state of ${record.value}`)
      return records
    },
    async handle(record, next, context) {
      seen.push(`handle ${record.value}: ${context.state}`)
      await next()
    },
    onCommit: (_offsets, { committed }) => void seen.push(...committed.map(({ offset, state }) => `committed ${offset}: ${state}`)),
  }
  const { consumer } = await given(cluster, ['a', 'b'], [keeping])
  await run(
    consumer,
    () => seen.length >= 2,
    () => {},
  )
  await consumer.close()
  assert.deepEqual(seen.toSorted(), ['committed 0: state of a', 'committed 1: state of b', 'handle a: state of a', 'handle b: state of b'])
})
