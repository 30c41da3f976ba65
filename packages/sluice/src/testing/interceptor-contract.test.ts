import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  type ConsumerInterceptor,
  ConsumerRecords,
  commonOptions,
  drop,
  emit,
  interceptorOptions,
  isKafkaError,
  KafkaError,
  type ProducerInterceptor,
  type ProducerRecord,
} from 'sluice'
import { type InterceptorContractOptions, type InterceptorFactory, interceptorContract } from 'sluice/testing'

/** The titles of the checks that an interceptor fails, each with why; of all checks, or of those asked for. */
async function failuresOf(
  factory: InterceptorFactory,
  options: InterceptorContractOptions = {},
  asked: RegExp = /./,
): Promise<ReadonlyMap<string, string>> {
  const tests: [name: string, run: () => Promise<void>][] = []
  interceptorContract(factory, { ...options, test: (name, run) => tests.push([name, run]) })
  const failures = new Map<string, string>()
  for (const [name, run] of tests) {
    const title = name.replace(/^.*? contract - /, '')
    if (!asked.test(title)) continue
    try {
      await run()
    } catch (error) {
      failures.set(title, (error as Error).message)
    }
  }
  return failures
}

interface Mistake {
  readonly what: string
  readonly make: InterceptorFactory
  /** Of the check that must find it. */
  readonly title: RegExp
  readonly message?: RegExp
  readonly options?: InterceptorContractOptions
}

/** An `onSend` that lets the record pass. */
const also =
  (effect: (record: ProducerRecord) => unknown) =>
  (record: ProducerRecord): ProducerRecord => {
    effect(record)
    return record
  }

let made = 0
/** Of interceptors that do not clear their timers. */
const left: NodeJS.Timeout[] = []
after(() => {
  for (const timer of left) clearTimeout(timer)
})
const producer = (hooks: Omit<ProducerInterceptor, 'name'>) => (): ProducerInterceptor => ({ name: 'bad', ...hooks })
const consumer = (hooks: Omit<ConsumerInterceptor, 'name'>) => (): ConsumerInterceptor => ({ name: 'bad', ...hooks })

const mistakes: readonly Mistake[] = [
  { what: 'has no name', make: () => ({ onSend: (record: never) => record }) as never, title: /^it has a name/ },
  {
    what: 'has another name each time',
    make: () => ({ name: `n-${made++}`, onSend: (record) => record }),
    title: /^it has a name/,
    message: /statistics/,
  },
  {
    what: 'has an impossible setting',
    make: producer({ onError: 'ignore' as never, onSend: (record) => record }),
    title: /^it has a name/,
    message: /onError/,
  },
  { what: 'has no hook', make: producer({}), title: /^it has a hook/ },
  {
    what: 'ignores the common options',
    make: (_options: unknown) => ({ name: 'bad', onSend: (record) => record }),
    title: /^the common options/,
  },
  {
    what: 'takes any option',
    make: (options: object) => ({ name: 'bad', ...options, onSend: (record) => record }),
    title: /^an unknown option/,
  },
  {
    what: 'needs more than the minimal context',
    make: producer({ configure: ({ metrics }) => void metrics!(), onSend: (record) => record }),
    title: /^configure needs no more/,
  },
  { what: 'throws in a second close', make: closesOnce, title: /^close may be called twice/ },
  {
    what: 'throws for an unknown cluster',
    make: producer({ onClusterUpdate: ({ clusterId }) => void clusterId!.length }),
    title: /^onClusterUpdate/,
  },
  {
    what: 'returns nothing',
    make: producer({ onSend: (() => {}) as never }),
    title: /^onSend given an ordinary record/,
    message: /undefined/,
  },
  {
    what: 'throws for null',
    make: producer({ onSend: (record) => ({ ...record, value: record.value.trim() }) }),
    title: /^onSend given a null key and a null value/,
    options: { changes: ['value'] },
  },
  {
    what: 'refuses by throwing though it may not fail records',
    make: producer({ onSend: refuse }),
    title: /^onSend given an ordinary record/,
  },
  {
    what: 'changes the topic',
    make: producer({ onSend: (record) => ({ ...record, topic: 'other' }) }),
    title: /^onSend given an ordinary record/,
    message: /topic/,
  },
  {
    what: 'takes headers away',
    make: producer({ onSend: (record) => ({ ...record, headers: undefined as never }) }),
    title: /^onSend given an ordinary record/,
    message: /contract\.a/,
  },
  {
    what: 'writes into the value',
    make: producer({ onSend: scribble }),
    title: /^onSend given a value of 1 MiB/,
    message: /wrote into the caller's value/,
  },
  { what: 'writes into an object', make: producer({ onSend: mark }), title: /^onSend given an object as value/ },
  {
    what: 'writes into the record',
    make: producer({ onSend: (record) => Object.assign(record, { topic: 'other' }) }),
    title: /^onSend given an ordinary record/,
  },
  {
    what: 'adds a header each time',
    make: producer({ onSend: pileUp }),
    title: /^onSend adds no header a second time/,
    message: /set, not add/,
  },
  {
    what: 'promises without saying so',
    make: producer({ onSend: async (record) => record }),
    title: /^onSend given an ordinary record/,
    message: /promise/,
  },
  {
    what: 'drops without a reason',
    make: producer({ onSend: () => drop('') }),
    title: /^onSend given an ordinary record/,
    message: /reason/,
  },
  {
    what: 'invents a verdict',
    make: producer({ onSend: () => ({ verdict: 'skip' }) as never }),
    title: /^onSend given an ordinary record/,
    message: /does not exist/,
  },
  {
    what: 'returns text as bytes',
    make: producer({ onSerialized: (record) => ({ ...record, value: 'text' as never }) }),
    title: /^onSerialized given an ordinary record/,
    options: { changes: ['value'] },
  },
  {
    what: 'changes the partition of bytes',
    make: producer({ onSerialized: (record) => ({ ...record, partition: 7 }) }),
    title: /^onSerialized given an ordinary record/,
    message: /onSend/,
  },
  {
    what: 'writes headers on acknowledgement',
    make: producer({ onAcknowledgement: (_metadata, _error, headers) => void headers.add('a', '1') }),
    title: /^onAcknowledgement takes a success$/,
    message: /read only/,
  },
  {
    what: 'needs a state on acknowledgement',
    make: producer({ onAcknowledgement: (_metadata, _error, _headers, { state }) => void state.since }),
    title: /^onAcknowledgement takes a success$/,
  },
  {
    what: 'promises on acknowledgement',
    make: producer({ onAcknowledgement: (async () => {}) as never }),
    title: /^onAcknowledgement takes a dropped record/,
    message: /promise/,
  },
  {
    what: 'moves what was fetched',
    make: consumer({ onFetched: (record) => ({ ...record, offset: record.offset + 1 }) }),
    title: /^onFetched given an ordinary record/,
    message: /offset/,
  },
  {
    what: 'loses positions',
    make: consumer({ onConsume: (records) => new ConsumerRecords(records.byPartition()) }),
    title: /^onConsume given no records/,
    message: /nextOffsets/,
  },
  {
    what: 'returns a list',
    make: consumer({ onConsume: (records) => [...records] as never }),
    title: /^onConsume given no records/,
    message: /ConsumerRecords/,
  },
  {
    what: 'turns the order round',
    make: consumer({ onConsume: reverse }),
    title: /^onConsume given records of every kind/,
    message: /order/,
  },
  {
    what: 'needs a record',
    make: consumer({ onConsume: (records) => ([...records][0]!.topic === '' ? records : records) }),
    title: /^onConsume given no records/,
  },
  {
    what: 'changes what is consumed',
    make: consumer({ onConsume: (records) => records.map((record) => ({ ...record, value: 1 })) }),
    title: /^onConsume given an ordinary record/,
    message: /value/,
  },
  { what: 'emits what is no record', make: producer({ onSend: () => emit([{ topic: '' }]) }), title: /^in a producer/, message: /onSend/ },
  {
    what: 'drops in map without a reason',
    make: consumer({ onConsume: (records) => records.map(() => drop('')) }),
    title: /^onConsume given an ordinary record/,
    message: /reason/,
  },
  {
    what: 'fails for text',
    make: consumer({ onConsume: (records) => records.filter(({ value }) => value.id > 0) }),
    title: /^in a consumer/,
    message: /onConsume/,
  },
  { what: 'needs a commit', make: consumer({ onCommit: (offsets) => void offsets[0]!.offset }), title: /^onCommit takes an empty list/ },
  {
    what: 'calls next twice',
    make: consumer({ handle: (_record, next) => next().then(next) }),
    title: /^handle calls next at most once/,
    message: /2 times/,
  },
  {
    what: 'does not wait for the handler',
    make: consumer({ handle: (_record, next) => void next() }),
    title: /^handle calls next at most once/,
    message: /wait/,
  },
  {
    what: 'hides the error of the handler',
    make: consumer({ handle: (_record, next) => next().catch(() => Promise.reject(new Error('mine'))) }),
    title: /^handle passes on/,
  },
  {
    what: 'gives a verdict too late',
    make: consumer({ handle: async (_record, next) => next().then(() => drop('late')) }),
    title: /^handle calls next at most once/,
    message: /after it called next/,
  },
  { what: 'throws round a batch', make: consumer({ handleBatch: () => assert.fail('no') }), title: /^handleBatch calls next/ },
  { what: 'logs the value', make: logsValue, title: /^nothing of a key/, message: /value/ },
  {
    what: 'puts the key into an error',
    make: producer({ onError: 'fail', onSend: ({ key }) => fail(`no ${key}`) }),
    title: /^nothing of a key/,
    message: /key/,
  },
  { what: 'writes to the console', make: producer({ onSend: also(() => console.log('seen')) }), title: /^nothing is written/ },
  { what: 'leaves a timer', make: leavesTimer, title: /^after close no timer/, options: { timeoutMs: 20 } },
  { what: 'leaves a timer of the clock', make: leavesClockTimer, title: /^after close no timer/, message: /clock/ },
  {
    what: 'never settles',
    make: producer({ onSend: () => new Promise(() => {}) }),
    title: /^onSend given an ordinary record/,
    message: /did not settle/,
    options: { async: true, timeoutMs: 5 },
  },
  {
    what: 'is a pair that does not undo',
    make: badPair,
    title: /^paired: onFetched gives back what onSerialized got, an ordinary record/,
    options: { changes: ['value'] },
  },
]

for (const { what, make, title, message = /./, options } of mistakes) {
  test(`interceptorContract - finds an interceptor that ${what}`, async () => {
    const [found] = await failuresOf(make, options, title)
    assert.ok(found !== undefined, 'the check passed')
    assert.match(found[1], message)
  })
}

test('interceptorContract - a promise left to reject unheard is found', async () => {
  const { process: own } = globalThis
  const others = own.listeners('unhandledRejection')
  // This runner would count the rejection as a failure of this very test.
  own.removeAllListeners('unhandledRejection')
  try {
    const failures = await failuresOf(
      producer({ onSend: also(() => void Promise.reject(new Error('unheard'))) }),
      {},
      /^no promise is left/,
    )
    assert.equal(failures.size, 1)
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    for (const listener of others) own.on('unhandledRejection', listener)
  }
})

test('interceptorContract - an interceptor that does everything right passes, with every hook', async () => {
  assert.deepEqual([...(await failuresOf(model))], [])
})

test('interceptorContract - what an interceptor is there to change may change, and a refusal is no failure with onError fail', async () => {
  const changing = (): ProducerInterceptor => ({
    name: 'changing',
    onSend: (record) => ({ ...record, topic: 'elsewhere', value: 'masked' }),
  })
  assert.deepEqual([...(await failuresOf(changing, { changes: ['topic', 'value'] }))], [])
  assert.deepEqual([...(await failuresOf(producer({ onError: 'fail', onSend: refuse })))], [])
  const retrying = consumer({ handle: (_record, next) => next().catch(next) })
  assert.deepEqual([...(await failuresOf(retrying, { retries: true }))], [])
  assert.deepEqual([...(await failuresOf(producer({ onSend: async (record) => record }), { async: ['onSend'] }))], [])
})

test('interceptorContract - long waits of the interceptor are not sat out, for its clock runs ahead', async () => {
  const waiting = (): ProducerInterceptor => {
    let wait: (ms: number) => Promise<void>
    return {
      name: 'waiting',
      configure({ clock }) {
        wait = (ms) => new Promise((resolve) => clock.setTimer(resolve, ms))
      },
      async onSend(record) {
        if (record.value === null) await wait(20_000)
        return record
      },
    }
  }
  const options = { async: true, skip: { 'onSend adds no header a second time when a record passes again': 'it takes as long again' } }
  assert.deepEqual([...(await failuresOf(waiting, options))], [])
})

test('interceptorContract - a record it is meant for is among the samples', async () => {
  const seen: unknown[] = []
  const noting = producer({ onSend: also((record) => seen.push(record.value)) })
  await failuresOf(noting, { record: { topic: 'orders', value: 'an order' } })
  assert.ok(seen.includes('an order'))
})

test('interceptorContract - a check may be left out by its title, and a misspelt title or option is refused', async () => {
  const skip = { 'it has a hook, and every hook is a function': 'it is an example' }
  assert.deepEqual([...(await failuresOf(producer({}), { skip }))], [])
  const config = (pattern: RegExp) => (error: unknown) => isKafkaError(error) && error.code === 'CONFIG' && pattern.test(error.message)
  assert.throws(() => interceptorContract(producer({}), { skip: { 'it has a hok': 'x' } }), config(/skip names no check/))
  assert.throws(() => interceptorContract(producer({}), { change: [] } as never), config(/did you mean "changes"/))
  assert.throws(() => interceptorContract({} as never), config(/takes a function/))
})

function model(options?: object): ProducerInterceptor & ConsumerInterceptor {
  interceptorOptions('model', options, {})
  return {
    ...commonOptions('model', options),
    paired: true,
    onSend: also((record) => record.headers.set('seen', '1')),
    onSerialized: (record) => record,
    onAcknowledgement() {},
    onFetched: (record) => record,
    onConsume: (records) => records,
    handle: (_record, next) => next(),
    handleBatch: (_batch, next) => next(),
    onCommit() {},
    close() {},
  }
}

function fail(message: string): never {
  throw new KafkaError('REJECTED', message)
}

function refuse(): never {
  return fail('not allowed')
}

function closesOnce(): ProducerInterceptor {
  let open = true
  return {
    name: 'bad',
    onSend: (record) => record,
    close() {
      assert.ok(open, 'closed already')
      open = false
    },
  }
}

function scribble<R extends { readonly value: unknown }>(record: R): R {
  if (Buffer.isBuffer(record.value)) record.value.fill(0)
  return record
}

function mark<R extends { readonly value: unknown }>(record: R): R {
  if (typeof record.value === 'object' && record.value !== null && 'id' in record.value) record.value.id = 0
  return record
}

function pileUp<R extends { readonly headers: { add(key: string, value: string): unknown } }>(record: R): R {
  record.headers.add('hop', '1')
  return record
}

function reverse(records: ConsumerRecords): ConsumerRecords {
  return new ConsumerRecords(
    records.byPartition().map((partition) => ({ ...partition, records: partition.records.toReversed() })),
    records.nextOffsets,
  )
}

function logsValue(): ProducerInterceptor {
  let log: (value: unknown) => void = () => {}
  return {
    name: 'bad',
    configure({ logger }) {
      log = (value) => logger.info('seen', { record: { value } })
    },
    onSend: also((record) => log(record.value)),
  }
}

function leavesTimer(): ProducerInterceptor {
  return {
    name: 'bad',
    configure() {
      left.push(setTimeout(() => {}, 3_600_000))
    },
    onSend: (record) => record,
  }
}

function leavesClockTimer(): ProducerInterceptor {
  return {
    name: 'bad',
    configure({ clock }) {
      clock.setTimer(() => {}, 3_600_000)
    },
    onSend: (record) => record,
  }
}

function badPair(): ProducerInterceptor & ConsumerInterceptor {
  const flip = (value: Buffer | null) => (value === null ? null : Buffer.from(value.map((byte) => byte ^ 1)))
  return {
    name: 'bad',
    paired: true,
    onSerialized: (record) => ({ ...record, value: flip(record.value) }),
    onFetched: (record) => record,
  }
}
