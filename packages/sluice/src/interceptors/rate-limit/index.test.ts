import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ConsumerRecord, type ConsumerRecords, KafkaError, type Verdict } from 'sluice'
import {
  consumeContext,
  consumerRecordOf,
  consumerRecordsOf,
  interceptorContract,
  ManualClock,
  recordContext,
  recordOf,
  serializedRecordOf,
  testContext,
} from 'sluice/testing'
import { turn } from '../redis/testing.ts'
import { type RateLimitOptions, rateLimit, type SharedLimiter } from './index.ts'

interceptorContract(rateLimit, { async: ['onSend', 'onConsume'] })
interceptorContract(
  (options?: RateLimitOptions) => rateLimit({ name: 'rate-limit-bytes', unit: 'bytes', points: 1e8, mode: 'reject', ...options }),
  {
    async: ['onSerialized', 'onConsume'],
  },
)
interceptorContract((options?: RateLimitOptions) => rateLimit({ name: 'rate-limit-handler', pace: 'handler', ...options }), {
  async: ['onSend'],
})

/** Counts in windows as rate-limiter-flexible does, refused points included, by a clock of the test's. */
class WindowLimiter implements SharedLimiter {
  readonly points: number
  readonly duration: number
  readonly #clock: ManualClock
  readonly windows = new Map<string, { consumed: number; end: number }>()
  asked = 0

  constructor(clock: ManualClock, points: number, duration = 1) {
    this.#clock = clock
    this.points = points
    this.duration = duration
  }

  async consume(key: string, points: number): Promise<{ msBeforeNext: number }> {
    this.asked++
    const now = this.#clock.monotonic()
    let window = this.windows.get(key)
    if (window === undefined || window.end <= now) this.windows.set(key, (window = { consumed: 0, end: now + this.duration * 1000 }))
    window.consumed += points
    const result = { msBeforeNext: window.end - now, consumedPoints: window.consumed }
    if (window.consumed > this.points) throw result
    return result
  }
}

async function settle(): Promise<void> {
  for (let n = 0; n < 5; n++) await turn()
}

function configured(points: number, options: RateLimitOptions = {}) {
  const clock = new ManualClock()
  const context = testContext({ clock })
  const limiter = new WindowLimiter(clock, points)
  const interceptor = rateLimit({ limiter, ...options })
  interceptor.configure?.(context)
  /** Sends now; `passed` has the numbers of what has gone on, in order. */
  const passed: number[] = []
  const failures: unknown[] = []
  let sent = 0
  const send = (more: { topic?: string; value?: string } = {}) => {
    const number = sent++
    const context = recordContext()
    const returned =
      options.unit === 'bytes'
        ? interceptor.onSerialized?.(serializedRecordOf(more), context)
        : interceptor.onSend?.(recordOf(more), context)
    const ended = (outcome: unknown): void => {
      const verdict = outcome as Verdict
      if (verdict.verdict === 'reject') failures.push(verdict.error)
      else passed.push(number)
    }
    if (returned instanceof Promise) returned.then(ended, (error) => failures.push(error))
    else ended(returned)
    return { isPromise: returned instanceof Promise, abort: context.abort }
  }
  return { clock, interceptor, limiter, send, passed, failures }
}

test('rateLimit - while there is budget no record costs a promise, except the one that asks for more', async () => {
  const { send, limiter, passed } = configured(1000, { lease: 100 })
  let promises = 0
  for (let n = 0; n < 1000; n++) {
    if (send().isPromise) {
      promises++
      await settle()
    }
  }
  assert.deepEqual([promises, limiter.asked, passed.length], [10, 10, 1000])
})

test('rateLimit - what waits goes on in order, never more than points in a window, and none is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.oneof(fc.constant('send'), fc.integer({ min: 1, max: 900 })), { maxLength: 40 }),
      async (points, lease, steps) => {
        const { clock, send, passed, limiter } = configured(points, { lease })
        const sent: number[] = []
        const passedIn = new Map<number, number>()
        let counted = 0
        const check = (): void => {
          if (passed.length === counted) return
          const { end } = limiter.windows.get('test-client')!
          assert.ok(end > clock.monotonic(), 'points were spent after their window')
          passedIn.set(end, (passedIn.get(end) ?? 0) + passed.length - counted)
          assert.ok(passedIn.get(end)! <= points)
          counted = passed.length
        }
        for (const step of steps) {
          if (step === 'send') {
            sent.push(sent.length)
            send()
          } else clock.advance(step as number)
          await settle()
          check()
        }
        for (let second = 0; second < steps.length + 2; second++) {
          clock.advance(1000)
          await settle()
          check()
        }
        assert.deepEqual(passed, sent)
      },
    ),
    { numRuns: 60 },
  )
})

test('rateLimit - points that are left of a window are lost, and do not add to the next one', async () => {
  const { clock, send, passed } = configured(10)
  send()
  await settle()
  clock.advance(1000)
  for (let n = 0; n < 30; n++) send()
  await settle()
  assert.equal(passed.length, 11)
})

test('rateLimit - in mode reject it refuses with RATE_LIMITED and the time to the next window, without asking again', async () => {
  const { clock, send, passed, failures, limiter } = configured(2, { mode: 'reject' })
  send({ topic: 'orders' })
  await settle()
  clock.advance(400)
  for (let n = 0; n < 5; n++) {
    send({ topic: 'orders' })
    await settle()
  }
  assert.deepEqual([passed.length, failures.length], [2, 4])
  assert.equal(limiter.asked, 3)
  const { code, retriable, retryAfterMs, topic, message } = failures[3] as KafkaError & { retryAfterMs: number }
  assert.deepEqual([code, retriable, retryAfterMs, topic], ['RATE_LIMITED', true, 600, 'orders'])
  assert.match(message, /2 records per 1000 ms/)
  clock.advance(600)
  send()
  await settle()
  assert.equal(passed.length, 3)
})

test('rateLimit - unit bytes counts key and value as they are sent; a record beyond the limit is refused at once, for good', async () => {
  const { clock, send, passed, failures } = configured(100, { unit: 'bytes' })
  send({ value: 'x'.repeat(60) })
  send({ value: 'x'.repeat(60) })
  send({ value: 'x'.repeat(101) })
  await settle()
  assert.deepEqual(passed, [0])
  const [error] = failures as (KafkaError & { retryAfterMs: number })[]
  assert.deepEqual([error?.code, error?.retriable, error?.retryAfterMs], ['RATE_LIMITED', false, Number.POSITIVE_INFINITY])
  clock.advance(1000)
  await settle()
  assert.deepEqual(passed, [0, 1])
})

test('rateLimit - each topic, or each name that a function gives, has its own limit', async () => {
  for (const per of ['topic', ({ topic }: { topic: string }) => `name of ${topic}`] as const) {
    const { send, passed } = configured(1, { per })
    for (const topic of ['a', 'a', 'b', 'b', 'a']) send({ topic })
    await settle()
    assert.deepEqual(passed, [0, 2])
  }
})

test('rateLimit - names without end take no memory, and who waits is not forgotten', async () => {
  let name = 'first'
  const { clock, send, passed } = configured(2, { per: () => name, lease: 2, maxNames: 100 })
  for (let n = 0; n < 3; n++) send()
  for (let n = 0; n < 1000; n++) {
    name = `name ${n}`
    send()
    // Some have a point left in hand, and some have none.
    if (n % 2 === 0) send()
    await turn()
    assert.ok(clock.timers <= 102, `${clock.timers} names are remembered`)
  }
  await settle()
  assert.equal(passed.includes(2), false)
  clock.advance(1000)
  await settle()
  assert.equal(passed.length, 1503)
})

test('rateLimit - who is aborted leaves the line, and those behind go on', async () => {
  const { clock, send, passed, failures } = configured(1)
  send()
  const second = send()
  send()
  await settle()
  const reason = new KafkaError('TIMEOUT', 'over')
  second.abort(reason)
  await settle()
  assert.deepEqual(failures, [reason])
  clock.advance(1000)
  await settle()
  assert.deepEqual(passed, [0, 2])
})

test('rateLimit - when all have left or the client is closed, no timer is left', async () => {
  const { clock, interceptor, send } = configured(1)
  send()
  const waiting = [send(), send()]
  await settle()
  for (const { abort } of waiting) abort()
  await settle()
  await interceptor.close?.()
  assert.equal(clock.timers, 0)
})

test('rateLimit - who still waits when the client is closed is told', async () => {
  const { clock, interceptor, send, failures } = configured(1)
  send()
  send()
  await settle()
  await interceptor.close?.()
  await settle()
  assert.deepEqual([(failures[0] as KafkaError).code, clock.timers], ['CLOSED', 0])
})

test('rateLimit - a limiter whose store fails fails those who wait for it, and is asked again', async () => {
  const { interceptor, limiter, send, passed, failures } = configured(10)
  assert.equal(interceptor.onError, 'fail')
  const { consume } = limiter
  const broken = new Error('connection is closed')
  limiter.consume = () => Promise.reject(broken)
  send()
  send()
  await settle()
  assert.deepEqual(failures, [broken, broken])
  limiter.consume = consume
  send()
  await settle()
  assert.deepEqual(passed, [2])
})

test('rateLimit - processes that share a limiter share its points, whatever their leases', async () => {
  const clock = new ManualClock()
  const limiter = new WindowLimiter(clock, 25)
  const clients = [10, 7, 25].map((lease) => {
    const interceptor = rateLimit({ limiter, lease, mode: 'reject' })
    interceptor.configure?.(testContext({ clock }))
    return interceptor
  })
  let passed = 0
  for (let n = 0; n < 30; n++) {
    for (const client of clients) {
      const outcome = await client.onSend?.(recordOf(), recordContext())
      if (!('verdict' in outcome!)) passed++
    }
  }
  assert.equal(passed, 25)
})

test('rateLimit - poll waits until all of its records may pass', async () => {
  const { clock, interceptor } = configured(2)
  const records = consumerRecordsOf([{}, {}, {}, { topic: 'another' }, { topic: 'another' }])
  let given: unknown
  void Promise.resolve(interceptor.onConsume?.(records, consumeContext())).then((outcome) => {
    given = outcome
  })
  for (let second = 0; second < 2; second++) {
    await settle()
    assert.equal(given, undefined)
    clock.advance(1000)
  }
  await settle()
  assert.equal(given, records)
})

test('rateLimit - in mode reject a poll gives out what may pass of each partition', async () => {
  const { interceptor, limiter } = configured(3, { mode: 'reject', per: 'topic' })
  const records = consumerRecordsOf([...Array(5).fill({}), ...Array(2).fill({ topic: 'another' })])
  const given = (await interceptor.onConsume?.(records, consumeContext())) as ConsumerRecords
  assert.deepEqual([given.records('topic').length, given.records('another').length], [4, 2])
  assert.equal(limiter.windows.get('topic')?.consumed, 4)
})

test('rateLimit - pace: handler waits before each handler, and not in poll', async () => {
  const { clock, interceptor } = configured(1, { pace: 'handler' })
  assert.equal(interceptor.onConsume, undefined)
  const handled: number[] = []
  const handle = (offset: number) =>
    interceptor.handle?.(consumerRecordOf({ offset }), async () => void handled.push(offset), recordContext())
  const both = Promise.all([handle(1), handle(2)])
  await settle()
  assert.deepEqual(handled, [1])
  clock.advance(1000)
  await both
  assert.deepEqual(handled, [1, 2])
  const [batch] = consumerRecordsOf([{}, {}]).byPartition()
  const batched = interceptor.handleBatch?.(batch!, async () => void handled.push(3), consumeContext())
  for (let second = 0; second < 2; second++) {
    await settle()
    assert.deepEqual(handled, [1, 2])
    clock.advance(1000)
  }
  await batched
  assert.deepEqual(handled, [1, 2, 3])
})

test('rateLimit - in mode reject a handler is not called for what may not pass', async () => {
  const { interceptor } = configured(1, { pace: 'handler', mode: 'reject' })
  const records: ConsumerRecord[] = []
  const handle = () => interceptor.handle?.(consumerRecordOf(), async () => void records.push(consumerRecordOf()), recordContext())
  assert.equal(await handle(), undefined)
  const verdict = (await handle()) as Verdict & { error: KafkaError }
  assert.deepEqual([verdict.verdict, verdict.error.code, records.length], ['reject', 'RATE_LIMITED', 1])
})

test('rateLimit - a poll that could never end in time is refused when the consumer is made', () => {
  const consumer = testContext({ side: 'consumer', groupId: 'g', options: { maxPollRecords: 200 } })
  assert.throws(() => rateLimit({ points: 5 }).configure?.(consumer), /200 records \(maxPollRecords\) take up to 39000 ms.*pace: "handler"/)
  assert.throws(() => rateLimit({ points: 10 }).configure?.(testContext({ side: 'consumer' })), /500 records/)
  for (const options of [
    { points: 5, timeoutMs: 40_000 },
    { points: 5, pace: 'handler' },
    { points: 5, mode: 'reject' },
    { points: 10 },
  ] as const) {
    const interceptor = rateLimit(options)
    assert.doesNotThrow(() => interceptor.configure?.(consumer))
    interceptor.close?.()
  }
})

test('rateLimit - the limiter in memory is that of rate-limiter-flexible, and holds the limit in real time', async () => {
  const interceptor = rateLimit({ points: 5, durationMs: 60_000, mode: 'reject' })
  await interceptor.configure?.(testContext())
  let passed = 0
  for (let n = 0; n < 20; n++) if (!('verdict' in (await interceptor.onSend!(recordOf(), recordContext())))) passed++
  assert.equal(passed, 5)
  await interceptor.close?.()
})

test('rateLimit - wrong options are refused by name', () => {
  assert.throws(() => rateLimit({ points: 0 }), /points must be a whole number from 1, not 0/)
  assert.throws(() => rateLimit({ mode: 'drop' as never }), /mode must be "wait" or "reject", not "drop"/)
  assert.throws(() => rateLimit({ per: 'group' as never }), /per must be "client" or "topic"/)
  assert.throws(() => rateLimit({ limiter: {} as never }), /limiter must be a limiter of rate-limiter-flexible, not object/)
  assert.throws(() => rateLimit({ redis: 'redis://x', durationMs: 1500 }), /durationMs must be whole seconds with Redis, not 1500/)
  const redis = { call: async () => null }
  assert.throws(() => rateLimit({ redis, limiter: new WindowLimiter(new ManualClock(), 1) }), /either redis or limiter/)
})
