import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CommitContext, type ConsumerRecord, KafkaError, type RecordMetadata, type Verdict } from 'sluice'
import {
  type ConsumerRecordInit,
  consumeContext,
  consumerRecordOf,
  consumerRecordsOf,
  interceptorContract,
  recordContext,
  recordOf,
  testContext,
} from 'sluice/testing'
import { ScriptedRedis, turn } from '../redis/testing.ts'
import { type DedupeOptions, dedupe } from './index.ts'

interceptorContract(dedupe)
interceptorContract((options?: DedupeOptions) => dedupe({ name: 'dedupe-key', id: 'key', ...options }))
interceptorContract(
  (options?: DedupeOptions) => {
    const redis = new ScriptedRedis()
    redis.answer = (_command, [, count]) => Array(count).fill('granted')
    return dedupe({ name: 'dedupe-redis', id: 'key', redis, ...options })
  },
  { async: ['onSend', 'onConsume'] },
)

const metadata: RecordMetadata = { topic: 'topic', partition: 0, offset: 1, timestamp: 1, serializedKeySize: 2, serializedValueSize: 5 }

const withId = (id: string, more: ConsumerRecordInit = {}): ConsumerRecordInit => ({ headers: { id }, ...more })

/** An interceptor in a consumer; `consume` gives the offsets that are left of the records. */
function configured(options: DedupeOptions = {}, groupId: string | null = 'group') {
  const context = testContext({ groupId: groupId ?? undefined, side: 'consumer' })
  const interceptor = dedupe(options)
  interceptor.configure?.(context)
  const states = consumeContext()
  const consume = async (...records: ConsumerRecordInit[]): Promise<number[]> => {
    const given = await interceptor.onConsume?.(consumerRecordsOf(records), states)
    return [...(given as Iterable<ConsumerRecord>)].map(({ offset }) => offset)
  }
  const handle = (init: ConsumerRecordInit, handler: () => Promise<void> = async () => {}): Promise<unknown> => {
    const record = consumerRecordOf(init)
    return Promise.resolve(interceptor.handle?.(record, handler, recordContext(states.getState(record)) as never))
  }
  const commit = (): void => interceptor.onCommit?.([], states.commitContext() as CommitContext)
  return { context, interceptor, consume, handle, commit }
}

const fails = async (): Promise<void> => {
  throw new Error('handler')
}

test('dedupe - a record whose id came before is left out, in the same poll and in later ones', async () => {
  const { interceptor, consume } = configured()
  assert.deepEqual(await consume(withId('a'), withId('b'), withId('a'), {}, {}), [0, 1, 3, 4])
  assert.deepEqual(await consume(withId('b', { offset: 5 }), withId('c')), [6])
  assert.deepEqual(interceptor.counts(), { claimed: 3, duplicates: 2, inFlight: 0, withoutId: 2, unchecked: 0 })
})

test('dedupe - the chain is told "duplicate" as the reason', () => {
  const { interceptor } = configured()
  const reasons: unknown[] = []
  const records = consumerRecordsOf([withId('a'), withId('a')])
  const { map } = records
  records.map = (change) =>
    map.call(records, (record) => {
      const returned = change(record)
      if ('verdict' in returned) reasons.push(returned)
      return returned as never
    }) as never
  interceptor.onConsume?.(records, consumeContext())
  assert.deepEqual(reasons, [{ verdict: 'drop', reason: 'duplicate' }])
})

test('dedupe - a record that comes again before it was done is given out again, and its duplicates are not', async () => {
  const { consume } = configured()
  assert.deepEqual(await consume(withId('a', { offset: 3 })), [3])
  assert.deepEqual(await consume(withId('a', { offset: 3 }), withId('a', { offset: 9 })), [3])
})

test('dedupe - a handler that fails releases the id, so that the record and its duplicates may come again', async () => {
  const { consume, handle } = configured()
  await consume(withId('a', { offset: 3 }))
  await assert.rejects(handle(withId('a', { offset: 3 }), fails), /handler/)
  assert.deepEqual(await consume(withId('a', { offset: 7 })), [7])
})

test('dedupe - after the handler has ended well the id is done, also for the record itself', async () => {
  const { consume, handle } = configured()
  await consume(withId('a', { offset: 3 }))
  await handle(withId('a', { offset: 3 }))
  assert.deepEqual(await consume(withId('a', { offset: 3 }), withId('a', { offset: 4 })), [])
})

test('dedupe - a batch is confirmed or released as a whole', async () => {
  const { interceptor } = configured()
  const states = consumeContext()
  const records = consumerRecordsOf([withId('a'), withId('b')])
  const [batch] = records.byPartition()
  const left = (offset: number) =>
    (interceptor.onConsume!(consumerRecordsOf([withId('a', { offset }), withId('b')]), states) as typeof records).count
  interceptor.onConsume?.(records, states)
  await assert.rejects(async () => interceptor.handleBatch?.(batch!, fails, states as never))
  assert.equal(left(100), 2)
  const [again] = consumerRecordsOf([withId('a', { offset: 100 }), withId('b')]).byPartition()
  await interceptor.handleBatch?.(again!, async () => {}, states as never)
  assert.equal(left(200), 0)
})

test('dedupe - with poll an id is done once its offset is committed, and remembered for ttlMs from then', async () => {
  const { context, consume, commit } = configured({ ttlMs: 10_000, claimTtlMs: 1000 })
  await consume(withId('a'))
  commit()
  context.clock.advance(9999)
  assert.deepEqual(await consume(withId('a', { offset: 5 })), [])
  context.clock.advance(1)
  assert.deepEqual(await consume(withId('a', { offset: 6 })), [6])
})

test('dedupe - a claim that nobody confirms ends after claimTtlMs', async () => {
  const { context, consume } = configured({ claimTtlMs: 1000 })
  await consume(withId('a'))
  context.clock.advance(999)
  assert.deepEqual(await consume(withId('a', { offset: 5 })), [])
  context.clock.advance(1)
  assert.deepEqual(await consume(withId('a', { offset: 6 })), [6])
})

test('dedupe - without a group, where nobody commits, an id is done when its record is given out', async () => {
  const { context, consume } = configured({ claimTtlMs: 1000 }, null)
  await consume(withId('a'))
  context.clock.advance(2000)
  assert.deepEqual(await consume(withId('a', { offset: 5 })), [])
})

test('dedupe - ids of topics are their own unless perTopic is false', async () => {
  const apart = configured()
  assert.deepEqual(await apart.consume(withId('a'), withId('a', { topic: 'another' })), [0, 0])
  const together = configured({ perTopic: false })
  assert.deepEqual(await together.consume(withId('a'), withId('a', { topic: 'another' })), [0])
})

test('dedupe - the id is a key of any kind, or what a function finds', async () => {
  const keys: unknown[] = ['k', 7, Buffer.from([255, 0]), { a: 1 }, 'x'.repeat(500), null, '', Buffer.alloc(0)]
  const byKey = configured({ id: 'key' })
  const records = [...keys, ...keys].map((key) => ({ key }))
  assert.deepEqual(await byKey.consume(...records), [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15])
  const byFunction = configured({ id: ({ value }) => value?.order })
  assert.deepEqual(await byFunction.consume({ value: { order: 1 } }, { value: { order: 1 } }, { value: null }), [0, 2])
})

/** A producer's side; `send` gives the record's context, or the verdict. */
function sending(options: DedupeOptions = {}) {
  const interceptor = dedupe(options)
  interceptor.configure?.(testContext())
  const send = (id: string) => {
    const context = recordContext()
    const record = recordOf({ headers: { id } })
    const returned = interceptor.onSend?.(record, context) as Verdict | typeof record
    const end = (error: KafkaError | null = null, more: Partial<RecordMetadata> = {}): void =>
      interceptor.onAcknowledgement?.({ ...metadata, ...more }, error, record.headers, context)
    if (returned === record) return { verdict: 'record', end }
    return { ...(returned as Verdict), end } as { verdict: string; reason?: string; error?: KafkaError; end: typeof end }
  }
  return { interceptor, send }
}

test('dedupe - a send whose id was acknowledged is dropped', () => {
  const { interceptor, send } = sending()
  const first = send('a')
  assert.equal(first.verdict, 'record')
  first.end()
  const second = send('a')
  assert.deepEqual([second.verdict, (second as { reason?: string }).reason], ['drop', 'duplicate'])
  second.end(null, { dropped: 'duplicate' })
  assert.equal(send('a').verdict, 'drop')
  assert.equal(interceptor.counts().duplicates, 2)
})

test('dedupe - a send whose id is under way is rejected, as nobody knows yet whether the first is written', () => {
  const { send } = sending()
  const first = send('a')
  const second = send('a') as { verdict: string; error?: KafkaError; end: typeof first.end }
  assert.deepEqual([second.verdict, second.error?.code, second.error?.retriable], ['reject', 'DUPLICATE_IN_FLIGHT', true])
  second.end(second.error)
  first.end(new KafkaError('TIMEOUT', 'late'))
  assert.equal(send('a').verdict, 'record')
})

test('dedupe - a send that was dropped or dead-lettered by others releases its id', () => {
  for (const end of [{ dropped: 'noise' }, { deadLettered: 'bad' }]) {
    const { send } = sending()
    send('a').end(null, end)
    assert.equal(send('a').verdict, 'record')
  }
})

/** What the script does, without times. Its keys and what is asked for each are in the arguments. */
function redisModel() {
  const redis = new ScriptedRedis()
  const held = new Map<string, string>()
  redis.answer = (_command, [, count, ...rest]) =>
    rest.slice(0, Number(count)).map((name, index) => {
      const key = String(name)
      const [operation, owner] = rest.slice(Number(count) + 3 * index)
      const holder = held.get(key)
      if (operation === 'confirm') held.set(key, `+${owner}`)
      else if (operation === 'release') [`?${owner}`, `+${owner}`].includes(String(holder)) && held.delete(key)
      else if (holder?.startsWith('+')) return 'done'
      else if (holder !== undefined && holder !== `?${owner}`) return 'held'
      else held.set(key, `${operation}${owner}`)
      return 'granted'
    })
  return { redis, held }
}

test('dedupe - two consumers that share a Redis share ids, but not with other groups, and no id is readable there', async () => {
  const { redis, held } = redisModel()
  const one = configured({ redis })
  const two = configured({ redis })
  const others = configured({ redis }, 'others')
  assert.deepEqual(await one.consume(withId('secret'), withId('b'), withId('secret')), [0, 1])
  assert.deepEqual(await two.consume(withId('secret', { offset: 0 }), withId('secret', { offset: 50 })), [0])
  assert.deepEqual(await others.consume(withId('secret', { offset: 60 })), [60])
  await two.handle(withId('secret', { offset: 0 }))
  assert.deepEqual(await one.consume(withId('secret', { offset: 0 })), [])
  assert.equal(held.size, 3)
  for (const key of held.keys()) assert.match(key, /^sluice:dedupe:[\w-]{22}$/)
})

test('dedupe - what a poll asks of Redis is one command, in a cluster one for each key', async () => {
  const records = Array.from({ length: 300 }, (_, n) => withId(String(n % 200)))
  const { redis } = redisModel()
  const { consume } = configured({ redis })
  assert.equal((await consume(...records)).length, 200)
  assert.equal(redis.calls.length, 1)
  const { redis: parts } = redisModel()
  const inCluster = configured({ redis: Object.assign(parts, { isCluster: true }) })
  assert.equal((await inCluster.consume(...records)).length, 200)
  assert.deepEqual([parts.calls.length, new Set(parts.calls.map(([, , count]) => count))], [300, new Set([1])])
})

test('dedupe - a failed handler releases in Redis only what is its own', async () => {
  const { redis, held } = redisModel()
  const one = configured({ redis })
  await one.consume(withId('a'))
  const [key] = held.keys()
  held.set(key!, '?another-place')
  await assert.rejects(one.handle(withId('a'), fails))
  assert.equal(held.get(key!), '?another-place')
  held.set(key!, '?topic-0@0')
  await assert.rejects(one.handle(withId('a'), fails))
  assert.equal(held.size, 0)
})

test('dedupe - while Redis is away records pass unchecked, one line is logged, and few commands are tried', async () => {
  const { redis } = redisModel()
  const { answer } = redis
  const { context, interceptor, consume } = configured({ redis })
  redis.answer = () => {
    throw new Error('connection is closed')
  }
  for (let n = 0; n < 100; n++) assert.deepEqual(await consume(withId('a', { offset: n })), [n])
  assert.equal(redis.calls.length, 1)
  assert.deepEqual(
    context.logger.lines.map(({ level }) => level),
    ['warn'],
  )
  redis.answer = answer
  context.clock.advance(2000)
  assert.deepEqual(await consume(withId('a', { offset: 200 })), [200])
  assert.deepEqual(await consume(withId('a', { offset: 201 })), [])
  assert.deepEqual(
    context.logger.lines.map(({ level }) => level),
    ['warn', 'info'],
  )
  assert.equal(interceptor.counts().unchecked, 100)
})

test('dedupe - a Redis that does not answer is waited for once, not for every record', async () => {
  const { redis } = redisModel()
  const { context, consume } = configured({ redis, redisTimeoutMs: 100 })
  redis.answer = () => new Promise(() => {})
  const first = consume(withId('a'), withId('b'), withId('c'))
  await turn()
  context.clock.advance(100)
  assert.deepEqual(await first, [0, 1, 2])
  const asked = redis.calls.length
  assert.deepEqual(await consume(withId('d', { offset: 10 })), [10])
  assert.equal(redis.calls.length, asked)
})

test('dedupe - onStoreError: closed fails the poll and the send instead', async () => {
  const { redis } = redisModel()
  const { interceptor, consume } = configured({ redis, onStoreError: 'closed' })
  redis.answer = () => {
    throw new Error('connection is closed')
  }
  assert.equal(interceptor.onError, 'fail')
  await assert.rejects(consume(withId('a')), { code: 'DEDUPE_STORE', retriable: true })
  await assert.rejects(async () => interceptor.onSend?.(recordOf({ headers: { id: 'a' } }), recordContext()), { code: 'DEDUPE_STORE' })
})

test('dedupe - close waits for confirmations under way, but not for ever', async () => {
  const { redis } = redisModel()
  const { context, interceptor, consume, commit } = configured({ redis })
  await consume(withId('a'))
  redis.answer = () => new Promise(() => {})
  commit()
  let isClosed = false
  const closed = Promise.resolve(interceptor.close?.()).then(() => {
    isClosed = true
  })
  await turn()
  assert.equal(isClosed, false)
  context.clock.advance(2000)
  await closed
})

test('dedupe - wrong options are refused by name', () => {
  assert.throws(() => dedupe({ id: 'header:' }), /id must be "key", "header:NAME" or a function, not "header:"/)
  assert.throws(() => dedupe({ onStoreError: 'shut' as never }), /onStoreError must be "open" or "closed"/)
  const { interceptor } = configured()
  assert.throws(() => interceptor.configure?.(testContext({ groupId: 'another' })), /one group, not "group" and "another"/)
})

for (const [what, reply] of Object.entries({ 'no list': null, 'a text': 'granted', 'an object without a text': [Object.create(null)] })) {
  test(`dedupe - an answer that is ${what} leaves nobody waiting: the record passes unchecked`, async () => {
    const redis = new ScriptedRedis()
    redis.answer = () => reply
    const { interceptor, consume } = configured({ redis })
    assert.deepEqual(await consume(withId('a')), [0])
    assert.equal(interceptor.counts().unchecked, 1)
  })
}
