import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaError, type RecordMetadata } from 'sluice'
import {
  consumeContext,
  consumerRecordOf,
  consumerRecordsOf,
  interceptorContract,
  recordContext,
  recordOf,
  testContext,
} from 'sluice/testing'
import { ScriptedRedis, turn } from '../redis/testing.ts'
import { type LatencyOptions, latency } from './index.ts'

interceptorContract(latency)
interceptorContract((options?: LatencyOptions) => latency({ name: 'latency-header', from: 'header', ...options }))
interceptorContract((options?: LatencyOptions) => latency({ name: 'latency-redis', redis: new ScriptedRedis(), ...options }))

const metadataOf = (overrides: Partial<RecordMetadata> = {}): RecordMetadata => ({
  topic: 'topic',
  partition: 0,
  offset: 1,
  timestamp: 1,
  serializedKeySize: 2,
  serializedValueSize: 5,
  ...overrides,
})

/** An interceptor in a consumer, and how long ago records were sent. */
function configured(options: LatencyOptions = {}) {
  const context = testContext({ groupId: 'group', side: 'consumer' })
  const interceptor = latency(options)
  interceptor.configure?.(context)
  const consume = (...ages: number[]): void => {
    const records = consumerRecordsOf(ages.map((age) => ({ timestamp: context.clock.now() - age })))
    assert.equal(interceptor.onConsume?.(records, consumeContext()), records)
  }
  const acknowledge = (metadata: Partial<RecordMetadata> = {}, error: KafkaError | null = null): void =>
    interceptor.onAcknowledgement?.(metadataOf(metadata), error, recordOf().headers, recordContext())
  return { context, interceptor, consume, acknowledge }
}

/** The increments of one write. */
function writeOf(call: readonly (string | number)[]) {
  const [command, , count, ...rest] = call
  const keys = rest.slice(0, Number(count))
  const [number, , sent, measured, sum] = rest.slice(Number(count))
  return { command, keys, number, sent, measured, sum }
}

test('latency - from the timestamp to poll, and to the end of the handler', async () => {
  const { context, interceptor, consume } = configured()
  consume(10, 20, 30, 40)
  const record = consumerRecordOf({ timestamp: context.clock.now() - 5 })
  await interceptor.handle?.(record, async () => context.clock.advance(7), recordContext())
  const { consumed, handled, topics } = interceptor.snapshot()
  assert.deepEqual([consumed.count, consumed.averageMs, consumed.minMs, consumed.maxMs, consumed.p50Ms], [4, 25, 10, 40, 20])
  assert.deepEqual([handled.count, handled.averageMs], [1, 12])
  assert.equal(topics.topic?.consumed.count, 4)
})

test('latency - a handler that fails is not measured, and its error goes on as it is', async () => {
  const { interceptor } = configured()
  const thrown = new Error('handler')
  const [batch] = consumerRecordsOf([{}, {}]).byPartition()
  await assert.rejects(
    async () => interceptor.handle?.(consumerRecordOf(), () => Promise.reject(thrown), recordContext()),
    (error) => error === thrown,
  )
  await assert.rejects(
    async () => interceptor.handleBatch?.(batch!, () => Promise.reject(thrown), consumeContext()),
    (error) => error === thrown,
  )
  assert.equal(interceptor.snapshot().handled.count, 0)
  await interceptor.handleBatch?.(batch!, async () => {}, consumeContext())
  assert.equal(interceptor.snapshot().handled.count, 2)
})

test('latency - the header holds the time of the first send, and a record without one is counted as unmeasured', () => {
  const { context, interceptor } = configured({ from: 'header' })
  const record = recordOf({ timestamp: 5 })
  interceptor.onSend?.(record, recordContext())
  const sentAt = context.clock.now()
  assert.equal(record.headers.getString('sluice-sent-at'), String(sentAt))
  context.clock.advance(100)
  interceptor.onSend?.(record, recordContext())
  assert.equal(record.headers.getString('sluice-sent-at'), String(sentAt))
  const broken = { 'sluice-sent-at': 'yesterday' }
  interceptor.onConsume?.(consumerRecordsOf([{ headers: record.headers, timestamp: 1 }, { headers: broken }, {}]), consumeContext())
  const { consumed, unmeasured } = interceptor.snapshot()
  assert.deepEqual([consumed.count, consumed.maxMs, unmeasured], [1, 100, 2])
})

test('latency - clocks that differ give negative latencies, which are kept and counted', () => {
  const { interceptor, consume } = configured()
  consume(-30, -30, 10)
  const { consumed } = interceptor.snapshot()
  assert.deepEqual([consumed.negative, consumed.minMs, consumed.averageMs], [2, -30, -50 / 3])
  assert.equal(consumed.p50Ms, -30)
})

test('latency - only what brokers acknowledged counts as sent', () => {
  const { interceptor, acknowledge } = configured()
  acknowledge()
  acknowledge({ emitted: [metadataOf(), metadataOf()] })
  acknowledge({ dropped: 'noise' })
  acknowledge({ topic: 'topic.dlq', deadLettered: 'bad' })
  acknowledge({ offset: -1 }, new KafkaError('TIMEOUT', 'late'))
  const { sent, failed, topics } = interceptor.snapshot()
  assert.deepEqual([sent, failed], [3, 1])
  assert.deepEqual(Object.keys(topics), ['topic'])
})

test('latency - topics beyond maxTopics are told together, so that names without end take no memory', () => {
  const { interceptor } = configured({ maxTopics: 2 })
  for (let n = 0; n < 20; n++) interceptor.onConsume?.(consumerRecordsOf([{ topic: `t${n}` }]), consumeContext())
  const { topics, consumed } = interceptor.snapshot()
  assert.deepEqual(Object.keys(topics), ['t0', 't1', 'other'])
  assert.deepEqual([topics.other?.consumed.count, consumed.count], [18, 20])
})

test('latency - Redis gets one command for each interval with anything to tell, whatever the number of records', async () => {
  const redis = new ScriptedRedis()
  const { context, interceptor, consume, acknowledge } = configured({ redis, flushMs: 1000 })
  for (let n = 0; n < 500; n++) consume(10, 20)
  for (let n = 0; n < 300; n++) acknowledge()
  assert.equal(redis.calls.length, 0)
  context.clock.advance(1000)
  await turn()
  context.clock.advance(1000)
  await turn()
  assert.equal(redis.calls.length, 1)
  const { command, keys, number, sent, measured, sum } = writeOf(redis.calls[0]!)
  assert.deepEqual([command, number, sent, measured, sum], ['EVAL', 1, 300, 1000, 15_000])
  assert.deepEqual(keys.slice(1), ['totalSentMessage', 'totalMeasuredMessage', 'totalLatency', 'avgLatency', 'latencyHistogram:group'])
  consume(1)
  await interceptor.close?.()
  assert.deepEqual(writeOf(redis.calls[1]!).measured, 1)
})

test('latency - average: handled puts the latencies of handlers into the classic keys', async () => {
  const redis = new ScriptedRedis()
  const { context, interceptor, consume } = configured({ redis, average: 'handled', keys: { latency: 'mine' } })
  consume(10)
  await interceptor.handle?.(consumerRecordOf({ timestamp: context.clock.now() - 3 }), async () => {}, recordContext())
  await interceptor.close?.()
  const { keys, measured, sum } = writeOf(redis.calls[0]!)
  assert.deepEqual([measured, sum, keys[3]], [1, 3, 'mine'])
})

test('latency - while Redis is away the sums grow, one line is logged, and a write is repeated as it was', async () => {
  const redis = new ScriptedRedis()
  const { context, interceptor, consume } = configured({ redis, flushMs: 1000 })
  redis.answer = () => {
    throw new Error('connection is closed')
  }
  for (let second = 0; second < 50; second++) {
    consume(10)
    context.clock.advance(1000)
    await turn()
  }
  assert.deepEqual(
    context.logger.lines.map(({ level }) => level),
    ['warn'],
  )
  redis.answer = () => 1
  const tried = redis.calls.length
  context.clock.advance(1000)
  await turn()
  context.clock.advance(1000)
  await turn()
  const [repeated, rest] = redis.calls.slice(tried)
  assert.deepEqual(repeated, redis.calls[0])
  assert.deepEqual([writeOf(repeated!).number, writeOf(repeated!).measured], [1, 1])
  assert.deepEqual([writeOf(rest!).number, writeOf(rest!).measured], [2, 49])
  assert.deepEqual(
    context.logger.lines.map(({ level }) => level),
    ['warn', 'info'],
  )
  await interceptor.close?.()
})

test('latency - a Redis that never answers holds up neither records nor close', async () => {
  const redis = new ScriptedRedis()
  redis.answer = () => new Promise(() => {})
  const { context, interceptor, consume } = configured({ redis, flushMs: 1000, redisTimeoutMs: 10_000, closeTimeoutMs: 500 })
  consume(10)
  context.clock.advance(1000)
  consume(10)
  const closed = interceptor.close?.()
  context.clock.advance(500)
  await closed
  assert.match(context.logger.messages('warn').join(), /closed before Redis took the last sums/)
  assert.equal(interceptor.snapshot().consumed.count, 2)
})

test('latency - configured anew after its close, it does not write again what it wrote before', async () => {
  const redis = new ScriptedRedis()
  const { context, interceptor, consume } = configured({ redis })
  consume(10, 10)
  await interceptor.close?.()
  interceptor.configure?.(context)
  consume(10)
  await interceptor.close?.()
  assert.deepEqual(
    redis.calls.map((call) => writeOf(call).measured),
    [2, 1],
  )
})

test('latency - one object serves one group, as latencies of two would make one average', () => {
  const { interceptor } = configured()
  interceptor.configure?.(testContext())
  assert.throws(() => interceptor.configure?.(testContext({ groupId: 'another', side: 'consumer' })), /one group.*"group" and "another"/)
})

test('latency - stored() rejects without Redis', async () => {
  await assert.rejects(latency().stored(), { code: 'ILLEGAL_STATE' })
})

test('latency - wrong options are refused by name, and no part of a URL is told', () => {
  assert.throws(() => latency({ from: 'sent' as never }), /from must be "timestamp" or "header", not "sent"/)
  assert.throws(() => latency({ flushMs: 0 }), /flushMs must be a whole number from 1, not 0/)
  assert.throws(() => latency({ keys: { total: 'x' } as never }), /keys has no "total"/)
  assert.throws(
    () => latency({ redis: 'http://user:s3cret@host' }),
    (error: Error) => /redis:\/\//.test(error.message) && !error.message.includes('s3cret'),
  )
})

test('latency - a time far ahead, as anyone may write it, is no measurement; one that a clock may show is', async () => {
  const { context, interceptor } = configured()
  const { clock } = context
  const ahead = clock.now() + 86_400_000
  const timestamps = [9e18, ahead + 1, ahead, clock.now() - 5]
  interceptor.onConsume?.(consumerRecordsOf(timestamps.map((timestamp) => ({ timestamp }))), consumeContext())
  const { consumed, unmeasured } = interceptor.snapshot()
  assert.deepEqual([consumed.count, consumed.minMs, consumed.maxMs, unmeasured], [2, -86_400_000, 5, 2])
})
