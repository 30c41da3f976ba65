import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isKafkaError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { ConsumerRecords } from '../record/consumer-records.ts'
import { type HeadersInit, RecordHeaders } from '../record/headers.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import { deadLetter, drop, emit, reject, type Verdict } from '../record/verdict.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { RecordHandling } from './consumer-handling.ts'
import type { ConsumerInterceptor } from './consumer-interceptor.ts'
import { ConsumerInterceptors } from './consumer-interceptors.ts'
import type { ConsumerPass } from './consumer-pass.ts'

class Fixture {
  readonly clock: ManualClock = new ManualClock()
  readonly interceptors: ConsumerInterceptors

  constructor(...interceptors: ConsumerInterceptor[]) {
    const context = { clientId: 'c', groupId: 'g', options: {}, logger: silentLogger, clock: this.clock }
    this.interceptors = new ConsumerInterceptors(interceptors, context)
  }

  fetched(record: RawRecord, pass: ConsumerPass = this.interceptors.chain.begin()): unknown {
    return this.interceptors.chain.onFetched(record, pass)
  }

  consumed(records: ConsumerRecords, pass: ConsumerPass = this.interceptors.chain.begin()): ConsumerRecords | Promise<ConsumerRecords> {
    return this.interceptors.chain.onConsume(records, pass)
  }
}

function raw(offset: number, headers?: HeadersInit): RawRecord {
  const place = { topic: 't', partition: 0, offset, timestamp: 0, timestampType: 'CreateTime' as const, leaderEpoch: undefined }
  return { ...place, key: null, value: Buffer.from(`${offset}`), headers: RecordHeaders.from(headers) }
}

function record(offset: number, headers?: HeadersInit, partition = 0): ConsumerRecord {
  return { ...raw(offset, headers), partition, value: `${offset}`, serializedKeySize: -1, serializedValueSize: 1 }
}

function recordsOf(...records: readonly ConsumerRecord[]): ConsumerRecords {
  const end = (records.at(-1)?.offset ?? -1) + 1
  return new ConsumerRecords([{ topic: 't', partition: 0, records }], [{ topic: 't', partition: 0, offset: end }])
}

const valuesOf = (records: unknown): unknown[] => [...(records as ConsumerRecords)].map(({ value }) => value)

test('chain - paired interceptors run in reverse among themselves, each in the place of another', () => {
  const order: string[] = []
  const named = (name: string, paired = false): ConsumerInterceptor => ({
    name,
    paired,
    onFetched(given) {
      order.push(`fetched ${name}`)
      return given
    },
    onConsume(given) {
      order.push(`consumed ${name}`)
      return given
    },
    onCommit: () => void order.push(`committed ${name}`),
  })
  const fixture = new Fixture(named('A'), named('enc', true), named('B'), named('claim', true))
  fixture.fetched(raw(0))
  fixture.consumed(recordsOf(record(0)))
  fixture.interceptors.onCommit([{ topic: 't', partition: 0, offset: 1 }])
  const turned = ['A', 'claim', 'B', 'enc']
  assert.deepEqual(order, [
    ...turned.map((name) => `fetched ${name}`),
    ...turned.map((name) => `consumed ${name}`),
    ...['A', 'enc', 'B', 'claim'].map((name) => `committed ${name}`),
  ])
})

test('chain - a synchronous chain gives back the record or records themselves, and no promise', () => {
  const same: ConsumerInterceptor = { name: 'same', onFetched: (given) => given, onConsume: (given) => given }
  const fixture = new Fixture(same, same, same)
  const [one, many] = [raw(0), recordsOf(record(0), record(1))]
  assert.equal(fixture.fetched(one), one)
  assert.equal(fixture.consumed(many), many)
})

test('chain - verdicts of map: each is carried out once, also through filter and map after it, and the rest counts as filtered', () => {
  const verdicts: Record<string, Verdict> = {
    1: drop('odd'),
    2: emit([{ value: 'two' }, { value: 'deux' }]),
    3: deadLetter(new Error('three')),
    6: reject(new Error('six')),
  }
  const seen: unknown[] = []
  const fixture = new Fixture(
    {
      name: 'judge',
      onConsume: (records) =>
        records
          .map((one) => verdicts[one.offset] ?? one)
          .filter(({ offset }) => offset !== 4)
          .map((one) => ({ ...one, value: `${one.value}!` })),
    },
    {
      name: 'see',
      onConsume(records) {
        seen.push(...valuesOf(records), records.nextOffsets[0]!.offset)
        return records
      },
    },
  )
  const pass = fixture.interceptors.chain.begin()
  const after = fixture.consumed(recordsOf(...[0, 1, 2, 3, 4, 5, 6, 7].map((offset) => record(offset))), pass)
  assert.deepEqual(valuesOf(after), ['0!', 'two', 'deux', '5!'])
  assert.deepEqual(seen, ['0!', 'two', 'deux', '5!', 6], 'those behind see neither the rejected record nor what follows it')
  assert.deepEqual(pass.rejectionOf({ topic: 't', partition: 0 })?.offset, 6)
  assert.deepEqual(
    pass.deadLetters.map(({ offset, error, interceptor }) => [offset, error.message, interceptor]),
    [[3, 'three', 'judge']],
  )
  const { reasons, emitted, rejected, deadLettered } = fixture.interceptors.stats()[0]!
  assert.deepEqual(
    { reasons, emitted, rejected, deadLettered },
    { reasons: { odd: 1, filtered: 1 }, emitted: 2, rejected: 1, deadLettered: 1 },
  )
})

test('chain - one bad verdict among good ones fails the hook, and none of them is carried out', () => {
  const fixture = new Fixture({
    name: 'half',
    onConsume: (records) => records.map(({ offset }) => (offset === 0 ? deadLetter(new Error('x')) : ({ verdict: 'maybe' } as never))),
  })
  const pass = fixture.interceptors.chain.begin()
  const given = recordsOf(record(0), record(1))
  assert.equal(fixture.consumed(given, pass), given)
  const { errors, deadLettered } = fixture.interceptors.stats()[0]!
  assert.deepEqual([pass.deadLetters.length, errors, deadLettered], [0, 1, 0])
})

test('chain - map says what its function must return, and outside of a chain leaves judged records out', () => {
  assert.throws(() => recordsOf(record(0)).map(() => undefined as never), /must return the record, a changed copy, or a verdict/)
  assert.equal(recordsOf(record(0)).map(() => drop('x')).count, 0)
})

test('chain - a hook that is too late has failed, its signal is aborted, and what comes of it later counts for nothing', async () => {
  for (const hook of ['onFetched', 'onConsume'] as const) {
    let signal: AbortSignal | undefined
    let late: ((value: unknown) => void) | undefined
    const slow: ConsumerInterceptor = {
      name: 'slow',
      onError: 'fail',
      timeoutMs: 100,
      [hook](_given: unknown, context: { readonly signal: AbortSignal }) {
        signal = context.signal
        return new Promise((resolve) => {
          late = resolve
        })
      },
    }
    const fixture = new Fixture(slow)
    const pass = fixture.interceptors.chain.begin()
    const outcome = (async () => (hook === 'onFetched' ? fixture.fetched(raw(0), pass) : fixture.consumed(recordsOf(record(0)), pass)))()
    outcome.catch(() => {})
    await null
    fixture.clock.advance(99)
    assert.equal(signal!.aborted, false)
    fixture.clock.advance(1)
    if (hook === 'onFetched') {
      assert.deepEqual(await outcome, [])
      assert.ok(isKafkaError(pass.rejectionOf({ topic: 't', partition: 0 })?.error))
    } else await assert.rejects(outcome, { code: 'INTERCEPTOR' })
    assert.equal(signal!.aborted, true)
    late!('anything')
    const { timeouts, errors } = fixture.interceptors.stats()[0]!
    assert.deepEqual([timeouts, errors, fixture.clock.timers], [1, 1, 0])
  }
})

test('chain - a header narrows the records one by one, and what is kept from the interceptor stays in its place', () => {
  const seen: unknown[] = []
  const fixture = new Fixture({
    name: 'scoped',
    when: { header: { key: 'x', value: '1' } },
    onFetched: ({ offset }) => drop(`${offset}`),
    onConsume(records) {
      seen.push(valuesOf(records))
      return records.map((one) => (one.offset === 1 ? drop('one') : emit([{ value: 'a' }, { value: 'b' }])))
    },
  })
  const [unseen, scoped] = [raw(0, { x: '2' }), raw(1, { x: '1' })]
  assert.equal(fixture.fetched(unseen), unseen)
  assert.deepEqual(fixture.fetched(scoped), [])
  const headers: readonly (HeadersInit | undefined)[] = [undefined, { x: '1' }, { y: '1' }, { x: '1' }, { x: '2' }]
  const after = fixture.consumed(recordsOf(...headers.map((one, offset) => record(offset, one))))
  assert.deepEqual([seen, valuesOf(after)], [[['1', '3']], ['0', '2', 'a', 'b', '4']])
  const none = recordsOf(record(0), record(1))
  assert.equal(fixture.consumed(none), none, 'not called when no record has it')
  assert.equal(seen.length, 1)
})

test('chain - internal topics only for those that ask for them', () => {
  const seen: string[] = []
  const named = (name: string, rest: Partial<ConsumerInterceptor> = {}): ConsumerInterceptor => ({
    name,
    onConsume(records) {
      seen.push(name)
      return records
    },
    ...rest,
  })
  const fixture = new Fixture(
    named('all'),
    named('internal', { when: { internalTopics: true } }),
    named('other', { when: { groups: 'x' } }),
    named('not', { when: { not: /offsets/, internalTopics: true } }),
    named('mine', { when: { groups: ['g'], clients: /^c$/, internalTopics: true } }),
  )
  const place = { topic: '__consumer_offsets', partition: 0 }
  fixture.consumed(new ConsumerRecords([{ ...place, records: [{ ...record(0), ...place }] }], [{ ...place, offset: 1 }]))
  assert.deepEqual(seen, ['internal', 'mine'])
})

test('chain - disableAfter: off, its records pass it by and are counted; on again after a success', () => {
  let isBroken = true
  const fixture = new Fixture({
    name: 'flaky',
    disableAfter: { failures: 2, retryAfterMs: 1000 },
    onFetched(given) {
      if (isBroken) throw new Error('broken')
      return given
    },
  })
  const { interceptors, clock } = fixture
  const take = (offset: number): void => {
    interceptors.chain.countPassedBy('t', 1)
    assert.ok(interceptors.chain.hasOnFetched('t') === (interceptors.stats()[0]!.state !== 'off'))
    fixture.fetched(raw(offset))
  }
  take(0)
  take(1)
  assert.equal(interceptors.stats()[0]!.state, 'off')
  take(2)
  assert.deepEqual([interceptors.stats()[0]!.calls, interceptors.stats()[0]!.passedBy], [2, 1])
  clock.advance(1000)
  isBroken = false
  take(3)
  assert.deepEqual([interceptors.stats()[0]!.calls, interceptors.stats()[0]!.state], [3, 'on'])
})

test('chain - disableAfter with onError fail: while it is off its records are rejected, and no hook is called', () => {
  const fixture = new Fixture({
    name: 'guard',
    onError: 'fail',
    disableAfter: 1,
    onFetched() {
      throw new Error('broken')
    },
    onConsume: (records) => records,
  })
  fixture.fetched(raw(0))
  const pass = fixture.interceptors.chain.begin()
  assert.deepEqual(fixture.fetched(raw(1), pass), [])
  assert.match(pass.rejectionOf({ topic: 't', partition: 0 })!.error.message, /is switched off after failures/)
  assert.throws(() => fixture.consumed(recordsOf(record(1))), { code: 'INTERCEPTOR' })
  assert.equal(fixture.interceptors.stats()[0]!.calls, 1)
})

test('chain - one call in 128 of onFetched is measured, every batch, every promise, and of handle its own time', async () => {
  const fixture = new Fixture({ name: 'fetched', onFetched: (given) => given }, { name: 'batch', onConsume: (given) => given })
  for (let offset = 0; offset < 256; offset++) fixture.fetched(raw(offset))
  for (let batch = 0; batch < 3; batch++) fixture.consumed(recordsOf(record(batch)))
  assert.deepEqual(
    fixture.interceptors.stats().map(({ calls, measuredCalls }) => [calls, measuredCalls]),
    [
      [256, 2],
      [3, 3],
    ],
  )
  const around = new Fixture({
    name: 'around',
    async handle(_record, next) {
      around.clock.advance(3)
      await next()
      around.clock.advance(4)
    },
  })
  const { chain } = around.interceptors
  const parts = {
    members: chain.around('t', 'handle'),
    place: { topic: 't', partition: 0 },
    states: chain.states,
    clock: around.clock,
    signal: () => new AbortController().signal,
    deadLetter: () => Promise.reject(new Error('is not asked for')),
  }
  await new RecordHandling(parts, () => around.clock.advance(500)).run(record(0))
  assert.equal(around.interceptors.stats()[0]!.meanMicros, 7000)
})

test('chain - what onFetched may not return is a failure that says so', () => {
  for (const [returned, message] of [
    [undefined, /onFetched returned undefined; it must return the record/],
    [{}, /an object without a topic/],
    [{ ...raw(0), offset: 7 }, /another topic, partition or offset, which stay/],
    [{ ...raw(0), value: 'text' }, /a value of type string; it must be bytes/],
    [emit([{ partition: 3 }]), /another topic, partition or offset, which stay/],
    [emit(7 as never), /emit takes a list of records, not number/],
  ] as const) {
    const fixture = new Fixture({ name: 'wrong', onError: 'fail', onFetched: () => returned as never })
    const pass = fixture.interceptors.chain.begin()
    fixture.fetched(raw(0), pass)
    assert.match((pass.rejectionOf({ topic: 't', partition: 0 })!.error.cause as Error).message, message)
  }
})

test('chain - synchronous or with promises, onFetched comes to the same, for any verdicts of any interceptors', async () => {
  const choice = fc.constantFrom('keep', 'change', 'drop', 'emit', 'throw', 'dead', 'reject')
  const rows = fc.array(fc.record({ choices: fc.array(choice, { minLength: 6, maxLength: 6 }), isSlow: fc.boolean() }), { maxLength: 4 })
  const hookOf =
    (choices: readonly string[]) =>
    (given: RawRecord): RawRecord | Verdict => {
      switch (choices[given.offset]) {
        case 'change':
          return { ...given, value: Buffer.concat([given.value!, Buffer.from('c')]) }
        case 'drop':
          return drop('x')
        case 'emit':
          return emit([{}, { value: Buffer.from('e') }])
        case 'dead':
          return deadLetter(new Error('d'))
        case 'reject':
          return reject(new Error('r'))
        case 'throw':
          throw new Error('t')
        default:
          return given
      }
    }
  const run = async (interceptors: readonly ConsumerInterceptor[]): Promise<unknown> => {
    const fixture = new Fixture(...interceptors)
    const pass = fixture.interceptors.chain.begin()
    const outcomes: unknown[] = []
    for (let offset = 0; offset < 6; offset++) {
      const outcome = (await fixture.fetched(raw(offset), pass)) as RawRecord | RawRecord[]
      outcomes.push([outcome].flat().map(({ value }) => `${value}`))
    }
    const stats = fixture.interceptors.stats().map(({ meanMicros, maxMicros, measuredCalls, ...counts }) => counts)
    return { outcomes, letters: pass.deadLetters.length, end: pass.rejectionOf({ topic: 't', partition: 0 })?.offset, stats }
  }
  await fc.assert(
    fc.asyncProperty(rows, async (members) => {
      const at = (slow: (row: (typeof members)[number]) => boolean): ConsumerInterceptor[] =>
        members.map((row, index) => {
          const hook = hookOf(row.choices)
          return { name: `${index}`, onFetched: slow(row) ? async (given) => hook(given) : hook }
        })
      assert.deepEqual(await run(at(({ isSlow }) => isSlow)), await run(at(() => false)))
    }),
  )
})

test('chain - those behind are told what was taken out before them: by whom, and why', () => {
  const seen: unknown[] = []
  const fixture = new Fixture(
    { name: 'bytes', onFetched: (one) => (one.offset === 0 ? drop('old') : one) },
    { name: 'verdicts', onConsume: (records) => records.map((one) => (one.offset === 1 ? deadLetter(new Error('x')) : one)) },
    { name: 'filters', onConsume: (records) => records.filter(({ offset }) => offset !== 2) },
    {
      name: 'monitor',
      onConsume(records, { leftOut }) {
        seen.push(...(leftOut ?? []).map(({ offset, interceptor, reason }) => [offset, interceptor, reason]))
        return records
      },
    },
  )
  const pass = fixture.interceptors.chain.begin()
  fixture.fetched(raw(0), pass)
  fixture.consumed(recordsOf(record(1), record(2), record(3)), pass)
  assert.deepEqual(seen, [
    [0, 'bytes', 'old'],
    [1, 'verdicts', 'dead letter'],
    [2, 'filters', 'filtered'],
  ])
})

test('chain - a promise from a function given to records.map or records.filter is refused, and nobody hears it reject', async () => {
  const late = (async () => {
    throw new Error('nobody hears it')
  }) as () => never
  for (const method of ['map', 'filter'] as const) {
    const fixture = new Fixture({ name: 'late', onError: 'fail', onConsume: (records) => records[method](late) })
    const given = recordsOf(record(0), record(1))
    assert.throws(
      () => fixture.consumed(given),
      (error) => isKafkaError(error) && new RegExp(`records.${method}: the function returned a promise`).test(String(error.cause)),
    )
  }
  await new Promise(setImmediate)
})
