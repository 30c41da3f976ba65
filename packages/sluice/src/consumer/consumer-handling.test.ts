import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKafkaError } from '../errors.ts'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import { deadLetter, drop, emit, reject, type Verdict } from '../record/verdict.ts'
import type { KafkaConsumer } from './consumer.ts'
import { LogCluster } from './testing/log-cluster.ts'

type Interceptor = ConsumerInterceptor<string, string>
type OnError = 'continue' | 'fail' | 'deadLetter'

const p0 = { topic: 't', partition: 0 }

interface Run {
  readonly events: string[]
  readonly cluster: LogCluster
  readonly consumer: KafkaConsumer<string, string>
  /** What `run` rejected with. */
  readonly failure: unknown
}

/** Handles records until the last value, or a failure. `events` has what the handler saw. */
async function handled(
  values: readonly string[],
  interceptors: (events: string[]) => readonly Interceptor[],
  eachRecord: (value: string, events: string[]) => void | Promise<void> = () => {},
): Promise<Run> {
  const cluster = new LogCluster([values])
  const events: string[] = []
  const stop = new AbortController()
  const last: Interceptor = {
    name: 'last',
    async handle(record, next) {
      try {
        await next()
      } finally {
        if (record.offset === values.length - 1) stop.abort()
      }
    },
  }
  const consumer = cluster.consumer({}, [last, ...interceptors(events)])
  consumer.subscribe(['t'])
  let failure: unknown
  const eachHandled = ({ value }: { value: string | null }): void | Promise<void> => {
    events.push(`${value}`)
    return eachRecord(`${value}`, events)
  }
  await consumer.run({ signal: stop.signal, eachRecord: eachHandled }).catch((error) => {
    failure = error
  })
  await consumer.close()
  return { events, cluster, consumer, failure }
}

/** Writes down its before and after. */
function layer(name: string, events: string[]): Interceptor {
  return {
    name,
    async handle({ value }, next) {
      events.push(`${name}(${value}`)
      try {
        await next()
      } finally {
        events.push(`${value})${name}`)
      }
    },
  }
}

test('handling - the first of the list is outermost, and after-parts run for those that started', async () => {
  const { events, cluster } = await handled(['x'], (log) => [layer('a', log), layer('b', log)])
  assert.deepEqual(events, ['a(x', 'b(x', 'x', 'x)b', 'x)a'])
  assert.equal(cluster.committed(), 1)
})

test('handling - after-parts run when the handler throws; its error comes out of run, and the record comes again', async () => {
  const error = new Error('no y')
  const { events, cluster, failure, consumer } = await handled(
    ['x', 'y'],
    (log) => [layer('a', log), layer('b', log)],
    (value) => {
      if (value === 'y') throw error
    },
  )
  assert.deepEqual(events, ['a(x', 'b(x', 'x', 'x)b', 'x)a', 'a(y', 'b(y', 'y', 'y)b', 'y)a'])
  assert.equal(failure, error)
  assert.equal(cluster.committed(), 1)
  assert.ok(
    consumer.interceptors.stats().every(({ errors }) => errors === 0),
    "a handler's error is not the interceptor's",
  )
})

test('handling - a record for which next is never called is skipped: those inside do not run, its offset is done', async () => {
  const skip: Interceptor = {
    name: 'skip',
    handle: ({ value }, next) => (value === 'y' ? undefined : next()),
  }
  const { events, cluster, consumer } = await handled(['x', 'y'], (log) => [layer('a', log), skip, layer('b', log)])
  assert.deepEqual(events, ['a(x', 'b(x', 'x', 'x)b', 'x)a', 'a(y', 'y)a'])
  assert.equal(cluster.committed(), 2)
  assert.deepEqual(consumer.interceptors.stats()[2]!.reasons, { skipped: 1 })
})

test('handling - verdicts before next: drop, dead letter and emit settle the record, reject is as if the handler threw', async () => {
  const judge = (verdict: Verdict): Interceptor => ({ name: 'judge', handle: ({ value }, next) => (value === 'y' ? verdict : next()) })
  const error = new Error('rejected')
  for (const [verdict, expected, committed] of [
    [drop('unwanted'), ['x', 'z'], 3],
    [deadLetter(new Error('dead')), ['x', 'z'], 3],
    [emit([{ value: 'y1' }, { value: 'y2' }]), ['x', 'y1', 'y2', 'z'], 3],
    [emit([]), ['x', 'z'], 3],
    [reject(error), ['x'], 1],
  ] as const) {
    const { events, cluster, consumer, failure } = await handled(['x', 'y', 'z'], () => [judge(verdict)])
    const { reasons, deadLettered, emitted, rejected } = consumer.interceptors.stats()[1]!
    assert.deepEqual([events, cluster.committed()], [expected, committed])
    assert.equal(failure, verdict.verdict === 'reject' ? error : undefined)
    const counts = { reasons, deadLettered, emitted, rejected, letters: cluster.letters.map(({ value }) => value) }
    assert.deepEqual(counts, {
      reasons:
        verdict.verdict === 'drop'
          ? { unwanted: 1 }
          : verdict.verdict === 'emit' && verdict.records.length === 0
            ? { 'emitted nothing': 1 }
            : {},
      deadLettered: verdict.verdict === 'deadLetter' ? 1 : 0,
      emitted: verdict.verdict === 'emit' ? verdict.records.length : 0,
      rejected: verdict.verdict === 'reject' ? 1 : 0,
      letters: verdict.verdict === 'deadLetter' ? ['y'] : [],
    })
  }
})

test('handling - a failed next may be called again, and what failed for good may be dead-lettered', async () => {
  const retry: Interceptor = {
    name: 'retry',
    async handle(_record, next) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await next()
        } catch (error) {
          if (attempt === 3) return deadLetter(error as Error)
        }
      }
    },
  }
  let attempts = 0
  const { events, cluster, failure } = await handled(
    ['x', 'y', 'z'],
    () => [retry],
    (value) => {
      if (value === 'z' || (value === 'y' && ++attempts < 3)) throw new Error(`no ${value}`)
    },
  )
  assert.deepEqual(events, ['x', 'y', 'y', 'y', 'z', 'z', 'z'])
  assert.deepEqual([failure, cluster.committed()], [undefined, 3])
  assert.deepEqual([cluster.letters[0]!.value, cluster.letters[0]!.headers['dead-letter.message']], ['z', 'no z'])
})

test('handling - whoever does not rethrow has dealt with it; whoever does not wait for next has not', async () => {
  const swallow: Interceptor = { name: 'swallow', handle: (_record, next) => next().catch(() => {}) }
  const boom = (): never => {
    throw new Error('boom')
  }
  const dealtWith = await handled(['x'], () => [swallow], boom)
  assert.deepEqual([dealtWith.failure, dealtWith.cluster.committed()], [undefined, 1])
  const careless: Interceptor = {
    name: 'careless',
    handle(_record, next) {
      void next()
    },
  }
  const left = await handled(
    ['x'],
    () => [careless],
    async () => {
      await new Promise(setImmediate)
      boom()
    },
  )
  assert.deepEqual([(left.failure as Error).message, left.cluster.committed() ?? 0], ['boom', 0])
})

test("handling - an interceptor's own failure before next: onError decides", async () => {
  const broken = (onError: OnError): Interceptor => ({
    name: 'broken',
    onError,
    handle({ value }, next) {
      if (value === 'y') throw new Error('broken')
      return next()
    },
  })
  const run = (onError: OnError): Promise<Run> => handled(['x', 'y', 'z'], (log) => [broken(onError), layer('b', log)])
  const lenient = await run('continue')
  assert.deepEqual(lenient.events, ['b(x', 'x', 'x)b', 'b(y', 'y', 'y)b', 'b(z', 'z', 'z)b'])
  assert.equal(lenient.consumer.interceptors.stats()[1]!.errors, 1)
  const strict = await run('fail')
  assert.ok(isKafkaError(strict.failure) && strict.failure.code === 'INTERCEPTOR')
  assert.deepEqual([strict.events, strict.cluster.committed()], [['b(x', 'x', 'x)b'], 1])
  const dead = await run('deadLetter')
  assert.deepEqual([dead.events, dead.cluster.committed()], [['b(x', 'x', 'x)b', 'b(z', 'z', 'z)b'], 3])
  assert.deepEqual(
    dead.cluster.letters.map(({ value, headers }) => [value, headers['dead-letter.message']]),
    [['y', 'broken']],
  )
})

test("handling - an interceptor's own failure after next: reported, or what onError says, and the handler's error is not lost", async () => {
  const broken = (onError: OnError): Interceptor => ({
    name: 'broken',
    onError,
    async handle(_record, next) {
      await next().catch(() => {})
      throw new Error('broken')
    },
  })
  const run = (onError: OnError, fails: boolean): Promise<Run> =>
    handled(
      ['x'],
      () => [broken(onError)],
      () => {
        if (fails) throw new Error('handler')
      },
    )
  const message = ({ failure }: Run): unknown => (failure as Error | undefined)?.message
  assert.equal(message(await run('continue', false)), undefined)
  assert.equal(message(await run('continue', true)), 'handler')
  assert.match(`${message(await run('fail', false))}`, /interceptor "broken" failed in handle/)
  const dead = await run('deadLetter', false)
  assert.deepEqual([message(dead), dead.cluster.letters.length, dead.cluster.committed()], [undefined, 1, 1])
})

test('handling - next twice is an error, and so is a wrong return value; the record is handled once', async () => {
  const twice: Interceptor = {
    name: 'twice',
    async handle(_record, next) {
      await next()
      await next()
    },
  }
  for (const wrong of [
    twice,
    { name: 'wrong', handle: () => 'done' as never },
    { name: 'late', handle: async (_record: unknown, next: () => Promise<void>) => next().then(() => drop('late')) },
    { name: 'unknown', handle: () => ({ verdict: 'maybe' }) as never },
  ] satisfies Interceptor[]) {
    const { events, consumer, failure } = await handled(['x'], () => [wrong])
    assert.deepEqual([events, consumer.interceptors.stats()[1]!.errors, failure], [['x'], 1, undefined], wrong.name)
  }
  const late: (() => Promise<void>)[] = []
  const keeping: Interceptor = {
    name: 'keep',
    handle(_record, next) {
      late.push(next)
      return next()
    },
  }
  const { events } = await handled(['x'], () => [keeping])
  await assert.rejects(late[0]!(), { code: 'ILLEGAL_STATE' })
  assert.deepEqual(events, ['x'])
})

test('handling - not for poll and for await; handle only around eachRecord, handleBatch only around eachBatch', async () => {
  const calls: string[] = []
  const watch: Interceptor = {
    name: 'watch',
    async handle(record, next) {
      calls.push(`record ${record.offset}`)
      await next()
    },
    async handleBatch(batch, next, context) {
      calls.push(`batch of ${batch.records.length} ${context.signal.aborted}`)
      context.setState(batch.records[0]!, 'seen')
      await next()
    },
    onCommit: (_offsets, { committed }) => {
      if (committed.length > 0) calls.push(`committed ${committed.map(({ offset, state }) => `${offset} ${state}`)}`)
    },
  }
  const cluster = new LogCluster([['a', 'b']])
  const consumer = cluster.assigned({}, [watch])
  while ((await consumer.poll({ timeoutMs: 20 })).isEmpty);
  consumer.seek(p0, 0)
  for await (const { offset } of consumer) if (offset === 1) break
  assert.equal(calls.length, 0)
  consumer.seek(p0, 0)
  const stop = new AbortController()
  await consumer.run({
    signal: stop.signal,
    eachBatch(batch) {
      calls.push(`handler ${batch.records.length}`)
      stop.abort()
    },
  })
  assert.deepEqual(calls, ['batch of 2 false', 'handler 2', 'committed 0 seen'])
  await consumer.close()
})

test('handling - handleBatch: skipped batches are done, and onError deadLetter sends every record', async () => {
  for (const [name, onError, handleBatch] of [
    ['skip', 'continue', () => {}],
    [
      'broken',
      'deadLetter',
      () => {
        throw new Error('broken')
      },
    ],
  ] as const) {
    const cluster = new LogCluster([['a', 'b']])
    const consumer = cluster.consumer({}, [{ name, onError, handleBatch }])
    consumer.subscribe(['t'])
    const stop = new AbortController()
    const running = consumer.run({ signal: stop.signal, eachBatch: () => assert.fail('is not called') })
    while ((consumer.interceptors.stats()[0]!.calls as number) === 0 || (name === 'broken' && cluster.letters.length < 2)) {
      await new Promise(setImmediate)
    }
    stop.abort()
    await running
    await consumer.close()
    assert.equal(cluster.committed(), 2)
    if (name === 'skip') assert.deepEqual(consumer.interceptors.stats()[0]!.reasons, { skipped: 2 })
    else
      assert.deepEqual(
        cluster.letters.map(({ value }) => value),
        ['a', 'b'],
      )
  }
})

for (const how of ['close', 'unsubscribe'] as const) {
  test(`handling - the signal fires on ${how}, so that a hook may stop waiting`, { timeout: 5000 }, async () => {
    const cluster = new LogCluster([['a']])
    let reason: unknown
    let isWaiting = false
    const consumer = cluster.consumer({}, [
      {
        name: 'wait',
        async handle(_record, _next, { signal }) {
          isWaiting = true
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
          reason = signal.reason
          throw signal.reason
        },
        onError: 'fail',
      },
    ])
    consumer.subscribe(['t'])
    const running = consumer.run({ eachRecord: () => assert.fail('is not called') }).catch(() => {})
    while (!isWaiting) await new Promise(setImmediate)
    await consumer[how]()
    await running
    assert.ok(isKafkaError(reason) && reason.code === 'ABORTED')
    assert.equal(cluster.committed() ?? 0, 0)
    await consumer.close()
  })
}

for (const [how, handle] of [
  ['a plain one', (_record, next) => void next()],
  ['an asynchronous one', async (_record, next) => void next()],
  [
    'one with a verdict',
    (_record, next) => {
      void next()
      return drop('too late')
    },
  ],
] as readonly (readonly [string, NonNullable<Interceptor['handle']>])[]) {
  test(`handling - what the handler throws is not lost when the hook, ${how}, did not wait for next`, async () => {
    for (const isLate of [false, true]) {
      const eachRecord = (value: string): void | Promise<void> => {
        const work = (): void => {
          if (value === 'a') throw new Error('not a')
        }
        return isLate ? new Promise(setImmediate).then(work) : work()
      }
      const { failure, events } = await handled(['a', 'b'], () => [{ name: 'careless', onError: 'fail', handle }], eachRecord)
      assert.deepEqual([(failure as Error | undefined)?.message, events], ['not a', ['a']])
    }
  })
}

test('handling - a failure is dealt with by whoever waits for next, in whatever way', async () => {
  const ways: readonly NonNullable<Interceptor['handle']>[] = [
    async (_record, next) => {
      try {
        await next()
      } catch {}
    },
    (_record, next) => next().catch(() => {}),
    async (_record, next) => void (await Promise.allSettled([next()])),
  ]
  const eachRecord = (value: string): void => {
    if (value === 'a') throw new Error('not a')
  }
  for (const handle of ways) {
    const { failure, events } = await handled(['a', 'b'], () => [{ name: 'forgives', handle }], eachRecord)
    assert.deepEqual([failure, events], [undefined, ['a', 'b']])
  }
})
