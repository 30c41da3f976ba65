import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  deadLetter,
  deadLetterHeaderNames,
  drop,
  emit,
  isKafkaError,
  jsonSerializer,
  KafkaError,
  type ProducerInterceptor,
  type RecordMetadata,
  reject,
  type SendOptions,
  silentLogger,
  stringSerializer,
} from 'sluice'
import { ManualClock, MockProducer, type MockProducerOptions } from 'sluice/testing'
import { partitionForKey } from '../producer/partitioner.ts'

const strings = { keySerializer: stringSerializer, valueSerializer: stringSerializer, logger: silentLogger }

function mock(
  options: MockProducerOptions<string, string> = {},
  ...interceptors: ProducerInterceptor<string, string>[]
): MockProducer<string, string> {
  return new MockProducer({ ...strings, ...options }, interceptors)
}

/** What each hook of one interceptor was called with, in order. */
function recorder(name: string, calls: string[]): ProducerInterceptor<string, string> {
  return {
    name,
    onSend(record) {
      calls.push(`${name} onSend ${record.value}`)
      return record
    },
    onAcknowledgement(metadata, error) {
      calls.push(`${name} ack ${metadata.dropped ?? metadata.offset} ${error?.code ?? 'ok'}`)
    },
  }
}

const withCode = (code: string) => (error: unknown) => isKafkaError(error) && error.code === code

test('MockProducer - completes sends by itself, with offsets by partition', async () => {
  const producer = mock()
  const first = await producer.send({ topic: 't', key: 'k', value: 'v' })
  const { timestamp, ...rest } = first
  assert.deepEqual(rest, { topic: 't', partition: 0, offset: 0, serializedKeySize: 1, serializedValueSize: 1 })
  assert.ok(Math.abs(timestamp - Date.now()) < 60_000)
  assert.equal((await producer.send({ topic: 't', value: 'w' })).offset, 1)
  assert.equal((await producer.send({ topic: 'u', value: 'w' })).offset, 0)
  assert.deepEqual(
    producer.history().map(({ topic, value }) => [topic, value]),
    [
      ['t', 'v'],
      ['t', 'w'],
      ['u', 'w'],
    ],
  )
})

test('MockProducer - without autoComplete the test ends each send, in the order of the calls', async () => {
  const producer = mock({ autoComplete: false })
  const first = producer.send({ topic: 't', value: 'a' })
  const told: [RecordMetadata, KafkaError | null][] = []
  producer.send({ topic: 't', value: 'b' }, (metadata, error) => told.push([metadata, error]))
  const third = producer.send({ topic: 't', value: 'c' })
  assert.equal(producer.flushed(), false)
  assert.equal(producer.completeNext(), true)
  assert.equal((await first).offset, 0)
  assert.deepEqual(told, [])
  const failure = new KafkaError('NOT_ENOUGH_REPLICAS', 'too few')
  assert.equal(producer.errorNext(failure), true)
  assert.deepEqual(told, [
    [{ topic: 't', partition: 0, offset: -1, timestamp: -1, serializedKeySize: -1, serializedValueSize: -1 }, failure],
  ])
  const own = new Error('of the test')
  producer.errorNext(own)
  await assert.rejects(third, own)
  assert.deepEqual([producer.completeNext(), producer.errorNext(own), producer.flushed()], [false, false, true])
})

test('MockProducer - callbacks do not run before send has returned, and get a KafkaError for any other error', async () => {
  const producer = mock()
  const offsets: number[] = []
  producer.send({ topic: 't', value: 'v' }, ({ offset }) => offsets.push(offset))
  assert.deepEqual(offsets, [])
  await producer.flush()
  assert.deepEqual(offsets, [0])
  const held = mock({ autoComplete: false })
  const cause = new TypeError('of the test')
  let error: KafkaError | null = null
  held.send({ topic: 't', value: 'v' }, (_metadata, given) => {
    error = given
  })
  held.errorNext(cause)
  assert.deepEqual([isKafkaError(error), (error as KafkaError | null)?.cause], [true, cause])
})

test('MockProducer - flush completes what waits; after close it rejects, as in Java', async () => {
  const producer = mock({ autoComplete: false })
  const sent = [producer.send({ topic: 't', value: 'a' }), producer.send({ topic: 't', value: 'b' })]
  await producer.flush()
  assert.deepEqual(
    (await Promise.all(sent)).map(({ offset }) => offset),
    [0, 1],
  )
  assert.equal(producer.flushed(), true)
  await producer.close()
  assert.equal(producer.closed(), true)
  await assert.rejects(producer.flush(), withCode('ILLEGAL_STATE'))
})

test('MockProducer - a partition is chosen as by KafkaProducer: the record’s own, the partitioner’s, or by key', async () => {
  const producer = mock({ topics: { orders: 10 } })
  const partitionOf = async (record: { key?: string; partition?: number }): Promise<number> =>
    (await producer.send({ topic: 'orders', value: 'v', ...record })).partition
  for (const key of ['o-1', 'o-2', '']) assert.equal(await partitionOf({ key }), partitionForKey(Buffer.from(key), 0, key.length, 10))
  assert.equal(await partitionOf({ key: 'o-1', partition: 7 }), 7)
  assert.equal(await partitionOf({}), 0)
  await assert.rejects(partitionOf({ partition: 10 }), /orders.*0 to 9, not 10/)
  assert.deepEqual((await producer.partitionsFor('orders')).map(({ partition, leader }) => [partition, leader]).at(-1), [9, 0])
  assert.deepEqual(await producer.partitionsFor('unknown'), [])
  let closed = 0
  const partitioner = {
    partition: (_topic: string, _key: unknown, keyBytes: Buffer | null) => keyBytes?.length ?? 1,
    close: () => closed++,
  }
  const partitioned = mock({ topics: { orders: 10 }, partitioner })
  assert.equal((await partitioned.send({ topic: 'orders', key: 'four', value: 'v' })).partition, 4)
  await assert.rejects(partitioned.send({ topic: 'orders', key: 'longer than it may be', value: 'v' }), withCode('INVALID_ARGUMENT'))
  await partitioned.close()
  assert.equal(closed, 1)
})

test('MockProducer - serializers run, so that a value they do not take fails the send', async () => {
  const producer = new MockProducer({ valueSerializer: jsonSerializer<{ id: number }>(), recordAudit: true })
  const metadata = await producer.send({ topic: 't', value: { id: 1 } })
  assert.deepEqual(
    [metadata.serializedKeySize, metadata.serializedValueSize, typeof metadata.checksum, typeof metadata.size],
    [-1, 8, 'number', 'number'],
  )
  assert.deepEqual(producer.serializedHistory()[0]?.value, Buffer.from('{"id":1}'))
  await assert.rejects(new MockProducer().send({ topic: 't', value: 'text' as never }), withCode('SERIALIZATION'))
})

test('MockProducer - clear forgets the history and the sends that wait', () => {
  const producer = mock({ autoComplete: false })
  producer.send({ topic: 't', value: 'v' }, () => assert.fail('it was forgotten'))
  assert.equal(producer.history().length, 1)
  producer.clear()
  assert.deepEqual([producer.history().length, producer.completeNext(), producer.flushed()], [0, false, true])
})

test('MockProducer - injected failures reach their call, and interceptors see a send that fails', async () => {
  const calls: string[] = []
  const producer = mock({}, recorder('a', calls))
  const failure = new KafkaError('TIMEOUT', 'injected')
  producer.sendException = failure
  await assert.rejects(producer.send({ topic: 't', value: 'v' }), failure)
  assert.deepEqual([calls, producer.history().length], [['a onSend v', 'a ack -1 TIMEOUT'], 0])
  producer.sendException = null
  await producer.send({ topic: 't', value: 'w' })
  producer.flushException = failure
  await assert.rejects(producer.flush(), failure)
  producer.partitionsForException = failure
  await assert.rejects(producer.partitionsFor('t'), failure)
  producer.closeException = failure
  await assert.rejects(producer.close(), failure)
  assert.equal(producer.closed(), false)
})

test('MockProducer - a closed one takes no records; its interceptors see them all the same', async () => {
  const calls: string[] = []
  const producer = mock({}, recorder('a', calls))
  await producer.close()
  await producer.close()
  await assert.rejects(producer.send({ topic: 't', value: 'v' }), withCode('ILLEGAL_STATE'))
  assert.deepEqual(calls, ['a onSend v', 'a ack -1 ILLEGAL_STATE'])
})

test('MockProducer - close completes what waits and closes the interceptors last; a forced one fails it', async () => {
  const calls: string[] = []
  const interceptor = { ...recorder('a', calls), close: () => void calls.push('a close') }
  const producer = mock({ autoComplete: false }, interceptor)
  const sent = producer.send({ topic: 't', value: 'v' })
  await producer.close()
  assert.equal((await sent).offset, 0)
  assert.deepEqual(calls, ['a onSend v', 'a ack 0 ok', 'a close'])
  const forced = mock({ autoComplete: false })
  const lost = assert.rejects(forced.send({ topic: 't', value: 'v' }), withCode('CLOSED'))
  await forced.close({ timeoutMs: 0 })
  await lost
})

test('MockProducer - verdicts end a send as in KafkaProducer, each record acknowledged once', async () => {
  const calls: string[] = []
  const boss: ProducerInterceptor<string, string> = {
    name: 'boss',
    onSend(record) {
      switch (record.value) {
        case 'drop':
          return drop('not wanted')
        case 'reject':
          return reject(new KafkaError('REJECTED', 'no'))
        case 'emit':
          return emit([{ value: 'one' }, { topic: 'other', value: 'two' }])
        case 'dead':
          return deadLetter(new Error('broken'))
        default:
          return record
      }
    },
  }
  const producer = mock({}, recorder('a', calls), boss, recorder('b', calls))
  assert.equal((await producer.send({ topic: 't', value: 'drop' })).dropped, 'not wanted')
  await assert.rejects(producer.send({ topic: 't', value: 'reject' }), withCode('REJECTED'))
  const emitted = await producer.send({ topic: 't', value: 'emit' })
  assert.deepEqual(
    emitted.emitted?.map(({ topic, offset }) => [topic, offset]),
    [
      ['t', 0],
      ['other', 0],
    ],
  )
  const dead = await producer.send({ topic: 't', value: 'dead' })
  assert.deepEqual([dead.topic, dead.deadLettered], ['t.dlq', 'broken'])
  assert.deepEqual(
    producer.history().map(({ topic, value }) => [topic, value]),
    [
      ['t', 'one'],
      ['other', 'two'],
      ['t.dlq', 'dead'],
    ],
  )
  assert.equal(producer.history()[2]?.headers.getString(deadLetterHeaderNames.interceptor), 'boss')
  assert.deepEqual(
    calls.filter((call) => call.includes(' ack ')),
    [
      'a ack not wanted ok',
      'b ack not wanted ok',
      'a ack -1 REJECTED',
      'b ack -1 REJECTED',
      'b ack 0 ok',
      'b ack 0 ok',
      'a ack 0 ok',
      'a ack 0 ok',
      'b ack 0 ok',
    ],
  )
  assert.deepEqual(
    producer.interceptors.stats().map(({ name, dropped, emitted, deadLettered }) => [name, dropped, emitted, deadLettered])[1],
    ['boss', 1, 2, 1],
  )
})

test('MockProducer - onSerialized sees the bytes and may change or drop them', async () => {
  const upper: ProducerInterceptor<string, string> = {
    name: 'upper',
    onSerialized: (record) =>
      record.value === null ? drop('no value') : { ...record, value: Buffer.from(record.value.toString().toUpperCase()) },
  }
  const producer = mock({}, upper)
  await producer.send({ topic: 't', value: 'v' })
  assert.deepEqual([producer.history()[0]?.value, producer.serializedHistory()[0]?.value?.toString()], ['v', 'V'])
  assert.equal((await producer.send({ topic: 't', value: null })).dropped, 'no value')
})

test('MockProducer - asynchronous hooks keep the order of the calls, and flush waits for them', async () => {
  const gates: (() => void)[] = []
  const wait = (): Promise<void> => new Promise((resolve) => gates.push(resolve))
  const slow: ProducerInterceptor<string, string> = {
    name: 'slow',
    onSend: (record) => (record.value === 'slow' ? wait().then(() => record) : record),
    onSerialized: (record) => (record.value?.toString() === 'slow bytes' ? wait().then(() => record) : record),
  }
  const producer = mock({}, slow)
  for (const value of ['slow', 'slow bytes', 'fast']) void producer.send({ topic: 't', value })
  assert.equal(producer.flushed(), false)
  const flushed = producer.flush()
  gates.shift()!()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(
    producer.history().map(({ value }) => value),
    ['slow'],
  )
  gates.shift()!()
  await flushed
  assert.deepEqual(
    producer.history().map(({ value }) => value),
    ['slow', 'slow bytes', 'fast'],
  )
})

test('MockProducer - an asynchronous configure is waited for; when it fails so does every send', async () => {
  const calls: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const producer = mock({}, { ...recorder('a', calls), configure: () => promise })
  const sent = producer.send({ topic: 't', value: 'v' })
  assert.deepEqual(calls, [])
  resolve()
  await sent
  assert.deepEqual(calls, ['a onSend v', 'a ack 0 ok'])
  const failing = mock({}, { ...recorder('b', []), configure: () => Promise.reject(new Error('no')) })
  await assert.rejects(failing.send({ topic: 't', value: 'v' }), withCode('CONFIG'))
  await assert.rejects(failing.send({ topic: 't', value: 'v' }), withCode('CONFIG'))
})

test('MockProducer - a signal gives a send up that waits for its interceptors', async () => {
  const producer = mock({ clock: new ManualClock() }, { name: 'never', onSend: () => new Promise(() => {}) })
  const controller = new AbortController()
  const sent = producer.send({ topic: 't', value: 'v' }, { signal: controller.signal })
  controller.abort()
  await assert.rejects(sent, withCode('ABORTED'))
  await assert.rejects(mock().send({ topic: 't', value: 'v' }, { signal: AbortSignal.abort() }), withCode('ABORTED'))
})

test('MockProducer - a hook that takes longer than its timeoutMs fails by the clock given', async () => {
  const clock = new ManualClock()
  const never: ProducerInterceptor<string, string> = { name: 'never', onError: 'fail', timeoutMs: 500, onSend: () => new Promise(() => {}) }
  const sent = mock({ clock }, never).send({ topic: 't', value: 'v' })
  clock.advance(500)
  await assert.rejects(sent, withCode('INTERCEPTOR'))
})

test('MockProducer - interceptors are replaced between two records', async () => {
  const calls: string[] = []
  const producer = mock({}, recorder('old', calls))
  await producer.send({ topic: 't', value: '1' })
  await producer.interceptors.replace([recorder('new', calls)])
  await producer.send({ topic: 't', value: '2' })
  assert.deepEqual(calls, ['old onSend 1', 'old ack 0 ok', 'new onSend 2', 'new ack 1 ok'])
})

test('MockProducer - metrics are those that the test set', () => {
  const producer = mock()
  assert.ok(Number.isNaN(producer.metrics()['record-send-total']))
  producer.setMockMetrics('record-send-total', 5)
  assert.equal(producer.metrics()['record-send-total'], 5)
})

test('MockProducer - what is wrong with options or a record is told, never thrown by send', async () => {
  const config = (pattern: RegExp) => (error: unknown) => isKafkaError(error) && error.code === 'CONFIG' && pattern.test(error.message)
  assert.throws(() => mock({ autocomplete: false } as never), config(/did you mean "autoComplete"/))
  assert.throws(() => mock({ topics: { t: 0 } }), config(/"t" must have 1 partition or more, not 0/))
  await assert.rejects(mock().send({ topic: '', value: 'v' }), withCode('INVALID_ARGUMENT'))
  await assert.rejects(mock().send({ topic: 't' }, { timeoutMs: 5 } as SendOptions), withCode('INVALID_ARGUMENT'))
  assert.doesNotThrow(() => mock().send({ topic: '' }, () => {}))
})

test('MockProducer - is closed at the end of its block', async () => {
  let closed = 0
  {
    await using producer = mock({}, { name: 'a', onSend: (record) => record, close: () => void closed++ })
    await producer.connect()
  }
  assert.equal(closed, 1)
})
