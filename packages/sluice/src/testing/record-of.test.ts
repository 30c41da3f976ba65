import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError, RecordHeaders } from 'sluice'
import {
  consumeContext,
  consumerRecordOf,
  consumerRecordsOf,
  ManualClock,
  rawRecordOf,
  recordContext,
  recordOf,
  serializedRecordOf,
  testContext,
} from 'sluice/testing'

test('recordOf - is what onSend gets: whole, with headers of its own', () => {
  const headers = new RecordHeaders().add('a', '1')
  const record = recordOf({ value: 'v', headers })
  assert.deepEqual(
    { ...record, headers: record.headers.keys() },
    { topic: 'topic', partition: undefined, key: null, value: 'v', timestamp: undefined, headers: ['a'] },
  )
  record.headers.add('b', '2')
  assert.equal(headers.size, 1)
})

test('recordOf - refuses what send refuses', () => {
  const invalid = (error: unknown): boolean => isKafkaError(error) && error.code === 'INVALID_ARGUMENT'
  assert.throws(() => recordOf({ topic: '' }), invalid)
  assert.throws(() => recordOf({ partition: -1 }), invalid)
  assert.throws(() => recordOf({ valeu: 1 } as never), invalid)
})

test('serializedRecordOf, rawRecordOf - strings stand for their UTF-8', () => {
  const serialized = serializedRecordOf({ key: 'é', value: new Uint8Array([1, 2]) })
  assert.deepEqual([serialized.key, serialized.value], [Buffer.from('é'), Buffer.from([1, 2])])
  const raw = rawRecordOf({ value: 'v', offset: 7, headers: { a: null } })
  assert.deepEqual([raw.key, raw.value, raw.offset, raw.partition, raw.headers.get('a')], [null, Buffer.from('v'), 7, 0, null])
})

test('consumerRecordOf - knows its serialized sizes', () => {
  const sizes = ({ serializedKeySize, serializedValueSize }: ReturnType<typeof consumerRecordOf>): number[] => [
    serializedKeySize,
    serializedValueSize,
  ]
  assert.deepEqual(sizes(consumerRecordOf()), [-1, -1])
  assert.deepEqual(sizes(consumerRecordOf({ key: 'é', value: Buffer.alloc(5) })), [2, 5])
  assert.deepEqual(sizes(consumerRecordOf({ value: { id: 1 }, serializedKeySize: 9 })), [9, 8])
})

test('consumerRecordsOf - offsets follow one another in each partition, and positions stand behind them', () => {
  const records = consumerRecordsOf([{ value: 'a' }, { partition: 1, offset: 10 }, { value: 'b' }, { partition: 1 }])
  assert.deepEqual(
    records.byPartition().map(({ partition, records }) => [partition, records.map(({ offset }) => offset)]),
    [
      [0, [0, 1]],
      [1, [10, 11]],
    ],
  )
  assert.deepEqual(
    records.nextOffsets.map(({ partition, offset }) => [partition, offset]),
    [
      [0, 2],
      [1, 12],
    ],
  )
  assert.equal(consumerRecordsOf([]).isEmpty, true)
})

test('testContext - keeps what is logged, with the causes of errors', () => {
  const { logger, clock, clientId } = testContext({ clientId: 'c' })
  logger.warn('it failed', { error: new Error('outer', { cause: new Error('inner') }) })
  logger.debug('detail')
  assert.deepEqual(
    [clientId, clock instanceof ManualClock, logger.messages('warn'), logger.messages()],
    ['c', true, ['it failed'], ['it failed', 'detail']],
  )
  assert.match(logger.text(), /warn it failed[\s\S]*inner/)
})

test('ManualClock - timers fire in the order of their time, also those that a timer sets', () => {
  const clock = new ManualClock()
  const began = clock.monotonic()
  const fired: [string, number][] = []
  const note = (name: string) => () => fired.push([name, clock.monotonic() - began])
  clock.setTimer(note('late'), 30)
  clock.setTimer(() => {
    note('first')()
    clock.setTimer(note('nested'), 5)
  }, 10)
  clock.setTimer(note('cancelled'), 20).cancel()
  clock.advance(29)
  assert.deepEqual(fired, [
    ['first', 10],
    ['nested', 15],
  ])
  clock.advance(1)
  assert.deepEqual(fired.at(-1), ['late', 30])
  assert.equal(clock.timers, 0)
})

test('recordContext, consumeContext - state stays from hook to hook, and the signal is the test’s to abort', () => {
  const context = recordContext<number>(1)
  context.state = 2
  context.abort('enough')
  assert.deepEqual([context.state, context.signal.aborted, context.signal.reason], [2, true, 'enough'])
  const consume = consumeContext<string>()
  const at = (offset: number) => ({ topic: 't', partition: 0, offset })
  consume.setState(at(5), 'b')
  consume.setState(at(3), 'a')
  assert.deepEqual([consume.getState(at(3)), consume.getState(at(4))], ['a', undefined])
  assert.deepEqual(consume.commitContext().committed, [
    { ...at(3), state: 'a' },
    { ...at(5), state: 'b' },
  ])
})
