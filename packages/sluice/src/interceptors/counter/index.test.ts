import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KafkaError, type RecordMetadata } from 'sluice'
import { consumeContext, consumerRecordsOf, interceptorContract, ManualClock, recordContext, recordOf, testContext } from 'sluice/testing'
import { ConsumedRuns } from './consumed-runs.ts'
import { type CounterSnapshot, counter } from './index.ts'

interceptorContract(counter)

const metadataOf = (overrides: Partial<RecordMetadata> = {}): RecordMetadata => ({
  topic: 'topic',
  partition: 0,
  offset: 1,
  timestamp: 1,
  serializedKeySize: 2,
  serializedValueSize: 5,
  ...overrides,
})

test('counter - every record that was sent is one of acknowledged, failed, dropped or dead-lettered', () => {
  const counts = counter()
  const ends: [Partial<RecordMetadata>, KafkaError | null][] = [
    [{}, null],
    [{ serializedKeySize: -1 }, null],
    [{ dropped: 'noise' }, null],
    [{ topic: 'topic.dlq', deadLettered: 'bad' }, null],
    [{ offset: -1 }, new KafkaError('TIMEOUT', 'late')],
  ]
  for (const [metadata, error] of ends) {
    const context = recordContext()
    const record = recordOf()
    assert.equal(counts.onSend?.(record, context), record)
    counts.onAcknowledgement?.(metadataOf(metadata), error, record.headers, context)
  }
  counts.onAcknowledgement?.(metadataOf({ dropped: 'by one before' }), null, recordOf().headers, recordContext())
  const { topics, total } = counts.snapshot()
  assert.deepEqual(Object.keys(topics), ['topic'])
  assert.deepEqual(total, {
    sent: 6,
    acknowledged: 2,
    acknowledgedBytes: 12,
    failed: 1,
    dropped: 2,
    deadLettered: 1,
    consumed: 0,
    consumedBytes: 0,
    handled: 0,
    handlerFailed: 0,
    committed: 0,
  })
})

test('counter - consumed, handled and committed records; bytes without those of null', async () => {
  const counts = counter()
  counts.configure?.(testContext({ groupId: 'group', side: 'consumer' }))
  const records = consumerRecordsOf([
    { value: 'abc' },
    { value: null, key: 'k' },
    { value: 'd', offset: 9 },
    { topic: 'other one', partition: 3, offset: 70 },
  ])
  counts.onConsume?.(records, consumeContext())
  for (const record of records) {
    const next = record.offset === 9 ? Promise.reject(new Error('no')) : Promise.resolve()
    await Promise.resolve(counts.handle?.(record, () => next, recordContext())).catch(() => {})
  }
  await counts.handleBatch?.({ topic: 'topic', partition: 0, records: records.records('topic') }, async () => {}, consumeContext())
  counts.onCommit?.([{ topic: 'topic', partition: 0, offset: 5 }], { committed: [] })
  const { topics } = counts.snapshot()
  const { consumed, consumedBytes, handled, handlerFailed, committed } = topics.topic!
  assert.deepEqual(
    { consumed, consumedBytes, handled, handlerFailed, committed },
    { consumed: 3, consumedBytes: 5, handled: 5, handlerFailed: 1, committed: 2 },
  )
  assert.equal(topics['other one']?.consumed, 1)
  counts.onCommit?.([{ topic: 'topic', partition: 0, offset: 10 }], { committed: [] })
  counts.onCommit?.([{ topic: 'topic', partition: 0, offset: 10 }], { committed: [] })
  assert.equal(counts.snapshot().topics.topic?.committed, 3)
})

test('counter - the failure of a handler goes on as it is', async () => {
  const counts = counter()
  const thrown = new Error('handler')
  const [record] = consumerRecordsOf([{}])
  await assert.rejects(
    async () => counts.handle?.(record!, () => Promise.reject(thrown), recordContext()),
    (error) => error === thrown,
  )
})

test('counter - topics beyond maxTopics are counted together, so that names without end take no memory', () => {
  const counts = counter({ maxTopics: 2 })
  for (let n = 0; n < 50; n++) counts.onSend?.(recordOf({ topic: `t${n}` }), recordContext())
  const { topics, total } = counts.snapshot()
  assert.deepEqual(Object.keys(topics), ['t0', 't1', 'other'])
  assert.equal(topics.other?.sent, 48)
  assert.equal(total.sent, 50)
})

test('counter - onSnapshot is called every everyMs and at the end; what it throws is logged and harms nobody', async () => {
  const context = testContext()
  const told: CounterSnapshot[] = []
  const counts = counter({
    everyMs: 1000,
    onSnapshot(snapshot) {
      told.push(snapshot)
      throw new Error('secret')
    },
  })
  counts.configure?.(context)
  counts.configure?.(testContext({ clock: new ManualClock() }))
  counts.onSend?.(recordOf(), recordContext())
  context.clock.advance(2500)
  assert.deepEqual(
    told.map(({ total }) => total.sent),
    [1, 1],
  )
  counts.onSend?.(recordOf(), recordContext())
  await counts.close?.()
  assert.equal(told.length, 2)
  await counts.close?.()
  assert.deepEqual(
    told.map(({ total }) => total.sent),
    [1, 1, 2],
  )
  context.clock.advance(10_000)
  assert.equal(told.length, 3)
  assert.equal(context.logger.text().includes('secret'), false)
})

test('counter - wrong options are refused by name', () => {
  assert.throws(() => counter({ maxTopics: 0 }), /counter: maxTopics must be a whole number from 1, not 0/)
  assert.throws(() => counter({ onSnapshot: 5 as never }), /onSnapshot must be a function/)
  assert.throws(() => counter({ maxTopic: 1 } as never), /did you mean "maxTopics"/)
})

test('counter - committed records are those a plain list would count, whatever the gaps and seeks', () => {
  const polls = fc.array(
    fc.record({ first: fc.nat(40), gaps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 0, maxLength: 8 }), commit: fc.nat(60) }),
  )
  fc.assert(
    fc.property(polls, (steps) => {
      const runs = new ConsumedRuns()
      let model: number[] = []
      for (const { first, gaps, commit } of steps) {
        const offsets = [first]
        for (const gap of gaps) offsets.push(offsets.at(-1)! + gap)
        runs.add(offsets.map((offset) => ({ offset })))
        model = [...model.filter((offset) => offset < first), ...offsets]
        assert.equal(runs.commit(commit), model.filter((offset) => offset < commit).length)
        model = model.filter((offset) => offset >= commit)
      }
    }),
  )
})

test('counter - a consumer that never commits keeps a bounded number of runs', () => {
  const runs = new ConsumedRuns()
  for (let offset = 0; offset < 30_000; offset += 3) runs.add([{ offset }])
  assert.equal(runs.commit(30_000), 10_000)
})
