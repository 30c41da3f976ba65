import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { deadLetter, emit, type Verdict } from '../record/verdict.ts'
import { ProducerFixture, turns } from './testing/producer-fixture.ts'

type Interceptor = ProducerInterceptor<string, string>
type Returned = ReturnType<NonNullable<Interceptor['onSend']>>
type Record = ProducerRecord<string, string>

const changed = (record: Record): Record => ({ ...record, value: 'changed' })

/** A record whose property throws when it is read once too often. */
function brittle(record: Record, property: string, reads: number): Record {
  let left = reads
  return new Proxy(changed(record), {
    get(target, name) {
      if (name === property && left-- === 0) throw new Error('not again')
      return Reflect.get(target, name)
    },
  })
}

/** How one send ends, and what its interceptor counted. */
async function ended(give: (record: Record) => unknown, isLate: boolean, settings: Partial<Interceptor> = {}) {
  let acks = 0
  const bad: Interceptor = {
    name: 'bad',
    timeoutMs: 1000,
    ...settings,
    onSend: (record) => (isLate ? Promise.resolve().then(() => give(record)) : give(record)) as Returned,
    onAcknowledgement: () => void acks++,
  }
  const { producer, clock, sent } = new ProducerFixture({ deadLetterTopic: 't' }, [bad])
  let outcome: RecordMetadata | { readonly error: Error } | undefined
  void producer.send({ topic: 't', partition: 0, value: 'v' }).then(
    (metadata) => void (outcome = metadata),
    (error) => void (outcome = { error }),
  )
  for (let i = 0; i < 4; i++) {
    await turns()
    clock.advance(400)
  }
  await turns()
  const [stats] = producer.interceptors.stats()
  await producer.close({ timeoutMs: 0 })
  return { outcome, acks, sent: sent.flat(), errors: stats!.errors, timeouts: stats!.timeouts }
}

for (const isLate of [false, true]) {
  const how = isLate ? 'later' : 'at once'

  test(`hostile records - a property that throws, however late, is a failure of the hook that gave it ${how}`, async () => {
    for (const property of ['topic', 'partition', 'timestamp', 'key', 'value', 'headers']) {
      for (let reads = 0; reads < 6; reads++) {
        const { sent, acks, errors } = await ended((record) => brittle(record, property, reads), isLate)
        assert.deepEqual([acks, sent], [1, [errors === 0 ? 'changed' : 'v']], `${property} after ${reads} reads`)
      }
    }
  })

  test(`hostile promises - one that throws, settles twice, or gives one that never settles ends within timeoutMs, given ${how}`, async () => {
    // biome-ignore-start lint/suspicious/noThenProperty: these are what is tested
    const throwing = await ended(() => ({ then: () => assert.fail('no') }), isLate)
    assert.deepEqual([throwing.sent, throwing.acks, throwing.errors, throwing.timeouts], [['v'], 1, 1, 0])
    const twice = await ended((record) => ({ then: (give: (one: unknown) => void) => [give(changed(record)), give(undefined)] }), isLate)
    assert.deepEqual([twice.sent, twice.acks, twice.errors], [['changed'], 1, 0])
    const never = await ended(() => ({ then: (give: (one: unknown) => void) => give({ then() {} }) }), isLate)
    assert.deepEqual([never.sent, never.acks, never.timeouts], [['v'], 1, 1])
    // biome-ignore-end lint/suspicious/noThenProperty: as above
  })

  test(`hostile errors - whatever an error holds, its dead letter is written ${how}`, async () => {
    const unreadable = Object.defineProperty(new Error('x'), 'message', { get: () => assert.fail('no') })
    const errors: readonly [Error, string][] = [
      [Object.assign(new Error('said'), { name: undefined }), 'said'],
      [Object.assign(new Error('x'), { message: 5 }), 'Error'],
      [unreadable, 'Error'],
      [new Error('', { cause: unreadable }), 'Error'],
      [new Error(''), 'Error'],
      [new Error('x'.repeat(3_000_000)), `${'x'.repeat(1000)}…`],
    ]
    for (const [error, told] of errors) {
      const { outcome, sent, acks } = await ended(() => deadLetter(error), isLate)
      assert.deepEqual([(outcome as RecordMetadata).deadLettered, sent, acks], [told, ['v'], 1])
    }
  })
}

test('mistakes - a misspelt property of a changed or emitted record is named, not ignored', async () => {
  const misspelt = (record: Record): Record => ({ ...record, valeu: '****' }) as Record
  for (const give of [misspelt, (record: Record): Verdict => emit([misspelt(record)])]) {
    const { outcome, sent } = await ended(give, false, { onError: 'fail' })
    const { cause } = (outcome as { readonly error: Error }).error
    assert.match((cause as Error).message, /unknown property "valeu"; did you mean "value"\?/)
    assert.deepEqual(sent, [])
  }
})

test('mistakes - a promise within emit, and a verdict that does not exist, are told without quoting what was given', async () => {
  const failure = async (given: unknown): Promise<string> => {
    const { outcome, acks } = await ended(() => given, false, { onError: 'fail' })
    assert.equal(acks, 1)
    return ((outcome as { readonly error: Error }).error.cause as Error).message
  }
  assert.match(await failure(emit([Promise.resolve({ value: 'x' })] as never)), /promises.*await/)
  assert.match(await failure({ verdict: 'dorp', reason: 'x' }), /did you mean "drop"/)
  assert.doesNotMatch(await failure({ verdict: 'guilty of 4111', suspect: 'x' }), /guilty/)
})

test('order - a send made from within onSerialized does not overwrite the bytes of the one that is being serialized', async () => {
  const releases: (() => void)[] = []
  let producer: ProducerFixture['producer']
  const slow: Interceptor = {
    name: 'slow',
    topics: 'a',
    onSerialized: (record) => new Promise((resolve) => releases.push(() => resolve(record))),
  }
  const audit: Interceptor = {
    name: 'audit',
    topics: 'b',
    onSerialized(record) {
      void producer.send({ topic: 'a', partition: 1, value: 'audit of b' })
      return record
    },
  }
  const fixture = new ProducerFixture({}, [slow, audit], ['a', 'b'])
  ;({ producer } = fixture)
  void producer.send({ topic: 'a', partition: 1, value: 'first' })
  await turns()
  void producer.send({ topic: 'b', partition: 2, value: 'b' })
  while (releases.length > 0) {
    for (const release of releases.splice(0)) release()
    await turns()
  }
  await producer.flush()
  assert.deepEqual(fixture.sent, [[], ['first', 'audit of b'], ['b']])
  await producer.close()
})

for (const call of ['flush', 'close'] as const) {
  test(`${call} - it waits for a dead letter that onSerialized asked for meanwhile, in a topic not known yet`, async () => {
    let release = (): void => {}
    const failing: Interceptor = {
      name: 'failing',
      onSerialized: () =>
        new Promise((resolve) => {
          release = () => resolve(deadLetter(new Error('no')))
        }),
    }
    const fixture = new ProducerFixture({}, [failing])
    const { producer, sent } = fixture
    const send = producer.send({ topic: 't', partition: 0, value: 'v' })
    await turns()
    let isOver = false
    const over = producer[call]().then(() => void (isOver = true))
    release()
    await turns(10)
    assert.equal(isOver, false)
    fixture.know('t', 't.dlq')
    await over
    assert.equal(sent.flat().length, 1)
    assert.equal((await send).deadLettered, 'no')
    await producer.close()
  })
}

test('signal - a hook that looks at it only after the send was given up finds it aborted', async () => {
  const given = new AbortController()
  const { promise, resolve } = Promise.withResolvers<void>()
  const seen: boolean[] = []
  const late: Interceptor = {
    name: 'late',
    async onSend(record, context) {
      await promise
      seen.push(context.signal.aborted)
      return record
    },
  }
  const { producer } = new ProducerFixture({}, [late])
  const send = producer.send({ topic: 't', value: 'v' }, { signal: given.signal })
  given.abort()
  await assert.rejects(send, { code: 'ABORTED' })
  resolve()
  await turns()
  assert.deepEqual(seen, [true])
  await producer.close()
})

for (const isLate of [false, true]) {
  test(`disableAfter - slowMs counts slow ${isLate ? 'promises' : 'calls'} in a row, and a fast one ends the row`, async () => {
    let slowness = 100
    const fixture: ProducerFixture = new ProducerFixture({}, [
      {
        name: 'slow',
        disableAfter: { failures: 3, slowMs: 50 },
        onSend(record) {
          const work = (): typeof record => {
            fixture.clock.advance(slowness)
            return record
          }
          return isLate ? Promise.resolve().then(work) : work()
        },
      },
    ])
    const state = (): string | undefined => fixture.producer.interceptors.stats()[0]?.state
    const send = (): Promise<unknown> => fixture.producer.send({ topic: 't', value: 'v' })
    await send()
    await send()
    slowness = 1
    await send()
    slowness = 100
    // Synchronous calls are measured in samples until one is slow.
    for (let i = 0; i < 130 && state() === 'on'; i++) await send()
    assert.equal(state(), 'off')
    assert.ok(fixture.producer.interceptors.stats()[0]!.measuredCalls >= 6)
    await fixture.producer.close()
  })
}

for (const stage of ['onSend', 'onSerialized'] as const) {
  test(`exactly once - what ${stage} emitted in the place of a send that is given up while it waits for its turn is acknowledged too`, async () => {
    const { promise: slow, resolve } = Promise.withResolvers<void>()
    let [entered, left] = [0, 0]
    const emitting: Interceptor = {
      name: 'emitting',
      async [stage](record: { readonly value: unknown }) {
        if (String(record.value) === 'emits') return emit([{}, {}])
        await slow
        return record
      },
    }
    const behind: Interceptor = {
      name: 'behind',
      onSend(record) {
        entered++
        return record
      },
      onAcknowledgement: () => void left++,
    }
    const { producer } = new ProducerFixture({}, [emitting, behind])
    const before = producer.interceptors as unknown as { readonly chain: { readonly pending: number } }
    const first = producer.send({ topic: 't', partition: 0, value: 'slow' })
    const given = new AbortController()
    const second = producer.send({ topic: 't', partition: 0, value: 'emits' }, { signal: given.signal })
    await turns()
    given.abort()
    await assert.rejects(second, { code: 'ABORTED' })
    resolve()
    await first
    await producer.close()
    assert.ok(entered >= 2)
    assert.equal(left, entered)
    assert.equal(before.chain.pending, 0)
  })
}
