import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ConsumerInterceptor,
  type ConsumerRecord,
  type ConsumerRecords,
  deadLetter,
  deadLetterHeaderNames,
  drop,
  isKafkaError,
  jsonDeserializer,
  KafkaError,
  reject,
  silentLogger,
  stringDeserializer,
} from 'sluice'
import { MockConsumer, type MockConsumerOptions } from 'sluice/testing'

const t0 = { topic: 't', partition: 0 }
const t1 = { topic: 't', partition: 1 }

/** Assigned to partitions 0 and 1 of topic t. */
function mock(
  options: MockConsumerOptions<string, string> = {},
  ...interceptors: ConsumerInterceptor<string, string>[]
): MockConsumer<string, string> {
  const consumer = new MockConsumer<string, string>({ logger: silentLogger, ...options }, interceptors)
  consumer.assign([t0, t1])
  return consumer
}

function add(consumer: MockConsumer<string, string>, ...values: string[]): void {
  for (const value of values) consumer.addRecord({ ...t0, value })
}

const values = (records: Iterable<ConsumerRecord<unknown, unknown>>): unknown[] => [...records].map(({ value }) => value)
const withCode = (code: string) => (error: unknown) => isKafkaError(error) && error.code === code

test('MockConsumer - poll gives what was added, once, and moves the position', async () => {
  const consumer = mock()
  add(consumer, 'a', 'b')
  consumer.addRecord({ ...t1, value: 'c', offset: 7, leaderEpoch: 3 })
  const records = await consumer.poll()
  assert.deepEqual(values(records), ['a', 'b', 'c'])
  assert.deepEqual(records.nextOffsets, [
    { ...t0, offset: 2 },
    { ...t1, offset: 8, leaderEpoch: 3 },
  ])
  assert.deepEqual([await consumer.position(t0), await consumer.position(t1)], [2, 8])
  assert.equal((await consumer.poll({ timeoutMs: 60_000 })).isEmpty, true)
})

test('MockConsumer - an empty poll lets other code have its turn, so that a loop of polls ends', async () => {
  const consumer = mock()
  let isOver = false
  setImmediate(() => {
    isOver = true
  })
  let polls = 0
  while (!isOver) {
    await consumer.poll()
    polls++
  }
  assert.ok(polls > 0)
})

test('MockConsumer - records go to assigned partitions only', () => {
  const consumer = new MockConsumer<string, string>()
  assert.throws(() => consumer.addRecord({ ...t0, value: 'v' }), withCode('ILLEGAL_STATE'))
  consumer.assign([t1])
  assert.throws(() => consumer.addRecord({ ...t0, value: 'v' }), /partition 0 of topic "t", which is not assigned/)
  assert.throws(() => consumer.rebalance([t0]), /call subscribe first|assign\(\)/)
})

test('MockConsumer - maxPollRecords bounds a poll; what is left comes next', async () => {
  const consumer = mock()
  consumer.setMaxPollRecords(2)
  add(consumer, 'a', 'b', 'c')
  assert.deepEqual(values(await consumer.poll()), ['a', 'b'])
  assert.deepEqual(values(await consumer.poll()), ['c'])
  assert.throws(() => consumer.setMaxPollRecords(0), withCode('INVALID_ARGUMENT'))
})

test('MockConsumer - paused partitions keep their records until resume', async () => {
  const consumer = mock()
  add(consumer, 'a')
  consumer.addRecord({ ...t1, value: 'b' })
  consumer.pause([t0])
  assert.deepEqual([consumer.paused(), values(await consumer.poll())], [[t0], ['b']])
  consumer.resume([t0])
  assert.deepEqual(values(await consumer.poll()), ['a'])
})

test('MockConsumer - seek brings records again, and seekToEnd leaves them out', async () => {
  const consumer = mock()
  add(consumer, 'a', 'b', 'c')
  await consumer.poll()
  consumer.seek(t0, 1)
  assert.deepEqual(values(await consumer.poll()), ['b', 'c'])
  consumer.seekToBeginning()
  assert.deepEqual(values(await consumer.poll()), ['a', 'b', 'c'])
  add(consumer, 'd')
  consumer.seekToEnd([t0])
  assert.equal((await consumer.poll()).isEmpty, true)
  assert.equal(await consumer.position(t0), 4)
})

test('MockConsumer - offsets are those that the test says', async () => {
  const consumer = mock()
  consumer.updateBeginningOffsets([{ ...t0, offset: 10 }])
  consumer.updateEndOffsets([{ ...t1, offset: 99 }])
  add(consumer, 'a')
  assert.deepEqual(await consumer.beginningOffsets([t0, t1]), [
    { ...t0, offset: 10 },
    { ...t1, offset: 0 },
  ])
  assert.deepEqual(await consumer.endOffsets([t0, t1]), [
    { ...t0, offset: 11 },
    { ...t1, offset: 99 },
  ])
  assert.deepEqual((await consumer.poll()).nextOffsets, [{ ...t0, offset: 11 }])
  consumer.addRecord({ ...t0, value: 'late', timestamp: 5_000 })
  assert.deepEqual(
    await consumer.offsetsForTimes([
      { ...t1, timestamp: 1 },
      { ...t0, timestamp: 6_000 },
    ]),
    [{ ...t0, offset: 10, timestamp: 1_700_000_000_000 }],
  )
  const failure = new KafkaError('TIMEOUT', 'injected')
  consumer.setOffsetsException(failure)
  await assert.rejects(consumer.endOffsets([t0]), failure)
  assert.equal((await consumer.endOffsets([t0])).length, 1)
  consumer.seek(t0, 3)
  await assert.rejects(consumer.poll(), withCode('OFFSET_OUT_OF_RANGE'))
})

test('MockConsumer - reading begins at the committed offset, else where autoOffsetReset says', async () => {
  const consumer = mock()
  add(consumer, 'a', 'b')
  await consumer.commit([{ ...t0, offset: 1 }])
  assert.deepEqual(values(await consumer.poll()), ['b'])
  const latest = mock({ autoOffsetReset: 'latest' })
  add(latest, 'before')
  assert.equal((await latest.poll()).isEmpty, true)
  add(latest, 'after')
  assert.deepEqual(values(await latest.poll()), ['after'])
  await assert.rejects(mock({ autoOffsetReset: 'none' }).poll(), withCode('NO_OFFSET_FOR_PARTITION'))
})

test('MockConsumer - poll tasks run one for each poll, before it looks for records', async () => {
  const consumer = new MockConsumer<string, string>()
  consumer.subscribe(['t'])
  consumer.schedulePollTask(() => consumer.rebalance([t0]))
  consumer.scheduleNopPollTask()
  consumer.schedulePollTask(async () => add(consumer, 'a'))
  const seen: number[] = []
  for (let poll = 0; poll < 4; poll++) seen.push((await consumer.poll()).count)
  assert.deepEqual(seen, [0, 0, 1, 0])
})

test('MockConsumer - an injected exception is thrown by one poll', async () => {
  const consumer = mock()
  add(consumer, 'a')
  const failure = new KafkaError('TOPIC_AUTHORIZATION_FAILED', 'injected')
  consumer.setPollException(failure)
  await assert.rejects(consumer.poll(), failure)
  assert.deepEqual(values(await consumer.poll()), ['a'])
  consumer.schedulePollTask(() => {
    throw failure
  })
  await assert.rejects(consumer.poll(), failure)
})

test('MockConsumer - a rebalance tells the listener what goes and what comes, and commits before', async () => {
  const calls: string[] = []
  const names = (partitions: readonly { partition: number }[]): string => partitions.map(({ partition }) => partition).join(' ')
  const consumer = new MockConsumer<string, string>({}, [{ name: 'a', onCommit: () => void calls.push('commit') }])
  consumer.subscribe(['t'], {
    onPartitionsRevoked: (partitions) => void calls.push(`revoked ${names(partitions)}`),
    onPartitionsAssigned: (partitions) => void calls.push(`assigned ${names(partitions)}`),
  })
  assert.deepEqual([consumer.subscription(), consumer.assignment()], [['t'], []])
  void consumer.rebalance([t0])
  add(consumer, 'a')
  await consumer.poll()
  await consumer.rebalance([t1])
  assert.deepEqual(calls, ['assigned 0', 'commit', 'revoked 0', 'assigned 1'])
  assert.deepEqual([consumer.assignment(), consumer.groupMetadata().generationId], [[t1], 2])
  assert.deepEqual(await consumer.committed([t0, t1]), [{ ...t0, offset: 1 }])
})

test('MockConsumer - a listener that takes its time is waited for', async () => {
  const consumer = new MockConsumer<string, string>()
  const { promise, resolve } = Promise.withResolvers<void>()
  consumer.subscribe(['t'], { onPartitionsRevoked: () => promise })
  await consumer.rebalance([t0])
  const rebalanced = consumer.rebalance([t1])
  assert.deepEqual(consumer.assignment(), [t0])
  resolve()
  await rebalanced
  assert.deepEqual(consumer.assignment(), [t1])
})

test('MockConsumer - a pattern matches the topics that the test named', async () => {
  const consumer = new MockConsumer()
  consumer.updatePartitions('web-a', 2)
  consumer.subscribe(/^web-/)
  assert.deepEqual(consumer.subscription(), ['web-a'])
  consumer.updatePartitions('web-b', 1)
  consumer.updatePartitions('other', 1)
  assert.deepEqual(consumer.subscription(), ['web-a', 'web-b'])
  assert.deepEqual([(await consumer.partitionsFor('web-a')).length, await consumer.partitionsFor('unknown')], [2, []])
})

test('MockConsumer - the wish to rebalance is kept for the test to see', () => {
  const consumer = new MockConsumer()
  assert.equal(consumer.shouldRebalance(), false)
  consumer.enforceRebalance()
  assert.equal(consumer.shouldRebalance(), true)
  consumer.resetShouldRebalance()
  assert.equal(consumer.shouldRebalance(), false)
})

test('MockConsumer - for await waits for records, and leaving the loop commits what it had', async () => {
  const consumer = mock()
  add(consumer, 'a')
  setImmediate(() => add(consumer, 'b', 'c'))
  const seen: (string | null)[] = []
  for await (const { value } of consumer) {
    seen.push(value)
    if (value === 'b') break
  }
  assert.deepEqual(seen, ['a', 'b'])
  assert.deepEqual(await consumer.committed([t0]), [{ ...t0, offset: 2 }])
})

test('MockConsumer - run hands out records until a task aborts it; what is done is committed', async () => {
  const consumer = mock()
  const controller = new AbortController()
  const seen: (string | null)[] = []
  add(consumer, 'a')
  consumer.scheduleNopPollTask()
  consumer.schedulePollTask(() => add(consumer, 'b'))
  await consumer.run({
    signal: controller.signal,
    eachRecord({ value }) {
      seen.push(value)
      if (value === 'b') controller.abort()
    },
  })
  assert.deepEqual(seen, ['a', 'b'])
  assert.deepEqual(await consumer.committed([t0]), [{ ...t0, offset: 2 }])
})

test('MockConsumer - a record whose handler failed is not committed, and comes again', async () => {
  const consumer = mock()
  add(consumer, 'good', 'bad')
  const failure = new Error('of the handler')
  const handler = ({ value }: ConsumerRecord<string, string>): void => {
    if (value === 'bad') throw failure
  }
  await assert.rejects(consumer.run({ eachRecord: handler }), failure)
  assert.deepEqual(await consumer.committed([t0]), [{ ...t0, offset: 1 }])
  assert.deepEqual(values(await consumer.poll()), ['bad'])
})

test('MockConsumer - close ends a run, commits, and closes the interceptors last', async () => {
  const calls: string[] = []
  const consumer = mock({}, { name: 'a', onCommit: () => void calls.push('commit'), close: () => void calls.push('close') })
  const running = consumer.run({ eachRecord: () => {} })
  add(consumer, 'a')
  await new Promise((resolve) => setImmediate(resolve))
  await consumer.close()
  await running
  await consumer.close()
  assert.deepEqual([calls, consumer.closed()], [['commit', 'close'], true])
  await assert.rejects(consumer.poll(), withCode('CLOSED'))
  assert.throws(() => add(consumer, 'b'), withCode('CLOSED'))
})

test('MockConsumer - onConsume, handle and onCommit of interceptors run as in KafkaConsumer, with their states', async () => {
  const calls: string[] = []
  const interceptor: ConsumerInterceptor<string, string, string> = {
    name: 'a',
    onConsume(records: ConsumerRecords<string, string>, context) {
      for (const record of records) context.setState(record, `state of ${record.value}`)
      return records.map((record) => (record.value === 'drop' ? drop('not wanted') : record))
    },
    async handle(record, next, { state }) {
      calls.push(`before ${record.value}: ${state}`)
      await next()
      calls.push(`after ${record.value}`)
    },
    onCommit: (offsets, { committed }) => void calls.push(`commit ${offsets[0]?.offset}: ${committed.map(({ state }) => state)}`),
  }
  const consumer = mock({}, interceptor)
  add(consumer, 'a', 'drop', 'b')
  const controller = new AbortController()
  await consumer.run({
    signal: controller.signal,
    eachRecord({ value }) {
      if (value === 'b') controller.abort()
    },
  })
  assert.deepEqual(calls, [
    'before a: state of a',
    'after a',
    'before b: state of b',
    'after b',
    'commit 3: state of a,state of drop,state of b',
  ])
  assert.deepEqual(
    consumer.interceptors.stats().map(({ dropped, reasons }) => [dropped, reasons]),
    [[1, { 'not wanted': 1 }]],
  )
})

test('MockConsumer - asynchronous hooks and an asynchronous configure are waited for', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const slow: ConsumerInterceptor<string, string> = {
    name: 'slow',
    configure: () => promise,
    async onConsume(records) {
      await new Promise((resolve) => setImmediate(resolve))
      return records.filter(({ value }) => value !== 'b')
    },
  }
  const consumer = mock({}, slow)
  add(consumer, 'a', 'b')
  const polled = consumer.poll()
  resolve()
  assert.deepEqual(values(await polled), ['a'])
})

test('MockConsumer - onFetched works on bytes: of records added as bytes, and of objects where a deserializer is given', async () => {
  const upper: ConsumerInterceptor<string, string> = {
    name: 'upper',
    onFetched: (record) => ({ ...record, value: Buffer.from(record.value!.toString().toUpperCase()) }),
  }
  const consumer = mock({ keyDeserializer: stringDeserializer, valueDeserializer: stringDeserializer }, upper)
  add(consumer, 'a')
  consumer.addRawRecord({ ...t0, value: 'b' })
  assert.deepEqual(values(await consumer.poll()), ['A', 'B'])
  const without = mock({}, upper)
  add(without, 'a')
  await assert.rejects(without.poll(), /needs valueDeserializer/)
})

test('MockConsumer - records added as bytes are deserialized, and one that cannot be stops its partition', async () => {
  const consumer = new MockConsumer({ valueDeserializer: jsonDeserializer<{ id: number }>() })
  consumer.assign([t0])
  consumer.addRawRecord({ ...t0, value: '{"id":1}' })
  consumer.addRawRecord({ ...t0, value: 'not JSON' })
  assert.deepEqual(values(await consumer.poll()), [{ id: 1 }])
  await assert.rejects(consumer.poll(), withCode('SERIALIZATION'))
  consumer.seek(t0, 2)
  assert.equal((await consumer.poll()).isEmpty, true)
})

test('MockConsumer - a rejected record fails the poll once those before it are given out, and comes again', async () => {
  let rejects = true
  const guard: ConsumerInterceptor<string, string> = {
    name: 'guard',
    onConsume: (records) => records.map((record) => (rejects && record.value === 'bad' ? reject(new Error('no')) : record)),
  }
  const consumer = mock({}, guard)
  add(consumer, 'good', 'bad')
  assert.deepEqual(values(await consumer.poll()), ['good'])
  await assert.rejects(consumer.poll(), /no/)
  rejects = false
  assert.deepEqual(values(await consumer.poll()), ['bad'])
})

test('MockConsumer - dead letters are kept, with the bytes of the record and where it came from', async () => {
  const judge: ConsumerInterceptor<string, string> = {
    name: 'judge',
    onConsume: (records) => records.map((record) => (record.value === 'bad' ? deadLetter(new Error('broken')) : record)),
  }
  const consumer = mock({}, judge)
  consumer.addRecord({ ...t0, value: 'good' })
  consumer.addRecord({ ...t0, key: 'k', value: 'bad', offset: 5, headers: { source: 'web' } })
  assert.deepEqual(values(await consumer.poll()), ['good'])
  const [letter] = consumer.deadLetters()
  assert.deepEqual([letter?.topic, letter?.key?.toString(), letter?.value?.toString()], ['t.dlq', 'k', 'bad'])
  const { headers } = letter!
  assert.deepEqual(
    [headers.getString('source'), headers.getString(deadLetterHeaderNames.offset), headers.getString(deadLetterHeaderNames.message)],
    ['web', '5', 'broken'],
  )
})

test('MockConsumer - records that come again have headers of their own, and audit fields when asked for', async () => {
  const marking: ConsumerInterceptor<string, string> = {
    name: 'marking',
    needsRecordAudit: true,
    onConsume(records) {
      for (const { headers } of records) headers.add('seen', '1')
      return records
    },
  }
  const consumer = mock({}, marking)
  add(consumer, 'a')
  await consumer.poll()
  consumer.seek(t0, 0)
  const [record] = await consumer.poll()
  assert.deepEqual([record?.headers.getAll('seen').length, typeof record?.checksum, typeof record?.size], [1, 'number', 'number'])
})

test('MockConsumer - what is wrong is told', async () => {
  const config = (pattern: RegExp) => (error: unknown) => isKafkaError(error) && error.code === 'CONFIG' && pattern.test(error.message)
  assert.throws(() => new MockConsumer({ autoOffsetRest: 'latest' } as never), config(/did you mean "autoOffsetReset"/))
  assert.throws(() => new MockConsumer({ autoOffsetReset: 'first' as never }), config(/must be "earliest"/))
  const consumer = mock()
  assert.throws(() => consumer.seek(t0, -1), withCode('INVALID_ARGUMENT'))
  assert.throws(() => consumer.seek({ topic: 'other', partition: 0 }, 1), withCode('ILLEGAL_STATE'))
  await assert.rejects(consumer.commit([{ ...t0, offset: -1 }]), withCode('INVALID_ARGUMENT'))
  await assert.rejects(new MockConsumer().poll(), withCode('ILLEGAL_STATE'))
})

test('MockConsumer - unsubscribe gives everything up, and is closed at the end of its block', async () => {
  await using consumer = new MockConsumer<string, string>()
  consumer.subscribe(['t'])
  await consumer.rebalance([t0])
  await consumer.unsubscribe()
  assert.deepEqual([consumer.subscription(), consumer.assignment()], [[], []])
  consumer.assign([t1])
})
