import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import type { LogFields } from '../logger.ts'
import { drop, emit } from '../record/verdict.ts'
import { ProducerFixture, recorder, turns } from './testing/producer-fixture.ts'

type Interceptor = ProducerInterceptor<string, string>

test('state - what an interceptor keeps in onSend it finds in onSerialized and onAcknowledgement of the same record, and no other does', async () => {
  const found: unknown[] = []
  const keeping = (name: string): Interceptor => ({
    name,
    onSend(record, context) {
      assert.equal(context.state, undefined)
      context.state = `${name} ${record.value}`
      return record
    },
    onSerialized(record, context) {
      context.state += '!'
      return record
    },
    onAcknowledgement: (_metadata, _error, _headers, context) => void found.push(context.state),
  })
  const { producer } = new ProducerFixture({}, [keeping('a'), recorder(), keeping('b')])
  await Promise.all([producer.send({ topic: 't', partition: 0, value: '1' }), producer.send({ topic: 't', partition: 0, value: '2' })])
  assert.deepEqual(found, ['a 1!', 'b 1!', 'a 2!', 'b 2!'])
  await producer.close()
})

test('state - it is kept over promises of hooks, failures, drops and emitted records', async () => {
  const found: unknown[] = []
  const keeping: Interceptor = {
    name: 'keeps',
    async onSend(record, context) {
      await null
      context.state = record.value
      return record
    },
    onAcknowledgement: (_metadata, error, _headers, context) => void found.push([context.state, error?.code]),
  }
  const deciding: Interceptor = {
    name: 'decides',
    onSend(record) {
      if (record.value === 'dropped') return drop('x')
      if (record.value === 'doubled') return emit([{}, {}])
      if (record.value === 'too large') return { ...record, value: 'x'.repeat(2_000_000) }
      return record
    },
  }
  const { producer } = new ProducerFixture({}, [keeping, deciding])
  const sends = ['sent', 'dropped', 'doubled', 'too large'].map((value) => producer.send({ topic: 't', partition: 0, value }))
  await Promise.allSettled(sends)
  assert.deepEqual(found.toSorted(), [
    ['doubled', undefined],
    ['dropped', undefined],
    ['sent', undefined],
    ['too large', 'RECORD_TOO_LARGE'],
  ])
  await producer.close()
})

test('scope - by header the interceptor sees, and is told of, only the records that have it where it stands', async () => {
  const scoped = { ...recorder('scoped'), when: { header: 'tenant' } }
  const stamping: Interceptor = {
    name: 'stamps',
    onSend(record) {
      if (record.value === 'late') record.headers.add('tenant', 'a')
      return record
    },
  }
  const { producer } = new ProducerFixture({}, [stamping, scoped])
  await Promise.all([
    producer.send({ topic: 't', value: 'without' }),
    producer.send({ topic: 't', value: 'with', headers: { tenant: 'b' } }),
    producer.send({ topic: 't', value: 'late' }),
  ])
  assert.deepEqual([scoped.sends, scoped.acks.length], [2, 2])
  await producer.close()
})

test('scope - internal topics pass the interceptors by, unless they are named', async () => {
  const [plain, named] = [recorder('plain'), { ...recorder('named'), topics: '__internal' }]
  const { producer } = new ProducerFixture({}, [plain, named], ['__internal'])
  await producer.send({ topic: '__internal', value: 'v' })
  assert.deepEqual([plain.sends, plain.acks.length, named.sends, named.acks.length], [0, 0, 1, 1])
  await producer.close()
})

test('replace - records are acknowledged by the list they began with, and the old one is closed after the last of them', async () => {
  const [before, after] = [recorder('before'), recorder('after')]
  const fixture = new ProducerFixture({}, [before])
  const { producer } = fixture
  fixture.hold = true
  const first = producer.send({ topic: 't', partition: 0, value: '1' })
  await turns()
  await producer.interceptors.replace([after])
  const second = producer.send({ topic: 't', partition: 0, value: '2' })
  await turns()
  assert.equal(before.closed, 0)
  fixture.answerAll()
  await Promise.all([first, second])
  await turns()
  assert.deepEqual([before.sends, before.acks.length, before.closed], [1, 1, 1])
  assert.deepEqual([after.sends, after.acks.length, after.closed], [1, 1, 0])
  await producer.close()
  assert.deepEqual([before.closed, after.closed], [1, 1])
})

test('replace - an interceptor that is in both lists goes on: not configured again, not closed, still counting', async () => {
  let configured = 0
  const staying: Interceptor & { closed: number } = Object.assign(recorder('stays'), { configure: () => void configured++ })
  const { producer } = new ProducerFixture({}, [staying])
  await producer.send({ topic: 't', value: '1' })
  await producer.interceptors.replace([recorder('new'), staying])
  await producer.send({ topic: 't', value: '2' })
  assert.deepEqual([configured, staying.closed], [1, 0])
  assert.deepEqual(
    producer.interceptors.stats().map(({ name, calls }) => [name, calls]),
    [
      ['new', 1],
      ['stays', 2],
    ],
  )
  await producer.interceptors.replace([])
  await turns()
  assert.equal(staying.closed, 1)
  await producer.send({ topic: 't', value: '3' })
  await producer.close()
})

test('replace - a list that fails to configure leaves the old one running; what was begun of it is closed', async () => {
  const [old, begun] = [recorder('old'), recorder('begun')]
  const failing: Interceptor = { name: 'fails', configure: () => Promise.reject(new Error('no key')) }
  const { producer } = new ProducerFixture({}, [old])
  await assert.rejects(producer.interceptors.replace([begun, old, failing]), {
    code: 'CONFIG',
    message: /"fails" failed in configure: no key/,
  })
  await assert.rejects(producer.interceptors.replace([{} as Interceptor]), { code: 'CONFIG', message: /interceptors\[0\] needs a name/ })
  await producer.send({ topic: 't', value: 'v' })
  await turns()
  assert.deepEqual([old.acks.length, old.closed, begun.closed], [1, 0, 1])
  assert.deepEqual(producer.interceptors.list(), [old])
  await producer.close()
  await assert.rejects(producer.interceptors.replace([]), { code: 'ILLEGAL_STATE' })
})

test('replace - no record sees parts of two lists, whatever the promises do', async () => {
  const list = (id: number): Interceptor[] => [
    { name: 'first', onSend: (record) => ({ ...record, value: `${record.value} ${id}` }) },
    {
      name: 'slow',
      async onSend(record) {
        await null
        return record
      },
    },
    { name: 'last', onSerialized: (record) => ({ ...record, value: Buffer.from(`${record.value} ${id}`) }) },
  ]
  const { producer, sent } = new ProducerFixture({}, list(0))
  const sends: Promise<unknown>[] = []
  for (let id = 1; id <= 20; id++) {
    for (let i = 0; i < 5; i++) sends.push(producer.send({ topic: 't', partition: 0, value: 'v' }))
    await producer.interceptors.replace(list(id))
  }
  await Promise.all(sends)
  assert.equal(sent[0]?.length, 100)
  for (const value of sent[0]!) {
    const [, first, last] = value.split(' ')
    assert.equal(first, last)
  }
  await producer.close()
})

test('replace - the new list is told of the cluster, and asks for audit fields if it needs them', async () => {
  const seen: (string | null)[] = []
  const fixture = new ProducerFixture()
  const { producer } = fixture
  await producer.send({ topic: 't', value: '1' })
  fixture.know('t')
  const auditing: Interceptor = { name: 'audits', needsRecordAudit: true, onClusterUpdate: ({ clusterId }) => void seen.push(clusterId) }
  await producer.interceptors.replace([{ ...recorder(), ...auditing }])
  const { checksum, size } = await producer.send({ topic: 't', value: '2' })
  assert.deepEqual(seen, ['mock-cluster'])
  assert.ok(checksum !== undefined && size !== undefined)
  await producer.close()
})

test('configure - records wait for a promise of it, in order; when it rejects, every send fails with CONFIG', async () => {
  for (const fails of [false, true]) {
    let settle: (() => void) | undefined
    const slow: Interceptor = {
      name: 'slow',
      configure: () =>
        new Promise((resolve, reject) => {
          settle = () => (fails ? reject(new Error('no key')) : resolve())
        }),
    }
    const seen = recorder()
    const { producer, sent } = new ProducerFixture({}, [slow, seen])
    const sends = ['1', '2'].map((value) => producer.send({ topic: 't', partition: 0, value }))
    const settled = Promise.allSettled(sends)
    await turns()
    assert.equal(seen.sends, 0)
    settle!()
    const ends = await settled
    if (fails) {
      for (const end of ends) assert.equal((end as PromiseRejectedResult).reason.code, 'CONFIG')
      await assert.rejects(producer.send({ topic: 't', value: '3' }), { code: 'CONFIG', message: /"slow" failed in configure: no key/ })
    } else assert.deepEqual(sent[0], ['1', '2'])
    await producer.close()
  }
})

test('order - sends that wait for promises before them give up after maxBlockMs, and the others go on', async () => {
  let release: (() => void) | undefined
  const slow: Interceptor = {
    name: 'slow',
    timeoutMs: 600_000,
    onSend: (record) =>
      record.value === '1'
        ? new Promise((resolve) => {
            release = () => resolve(record)
          })
        : record,
  }
  const { producer, clock, sent } = new ProducerFixture({ maxBlockMs: 1000, interceptorConcurrency: 1 }, [slow])
  const first = producer.send({ topic: 't', partition: 0, value: '1' })
  const second = assert.rejects(producer.send({ topic: 't', partition: 0, value: '2' }), { code: 'TIMEOUT', message: /maxBlockMs/ })
  await turns()
  clock.advance(1000)
  await second
  release!()
  await first
  await producer.send({ topic: 't', partition: 0, value: '3' })
  assert.deepEqual(sent[0], ['1', '3'])
  await producer.close()
})

test('order - a send made from within a hook, a serializer or a callback is sent too, once', async () => {
  let again = true
  const nested: Promise<unknown>[] = []
  const sending: Interceptor = {
    name: 'sends',
    async onSend(record) {
      await null
      if (again) {
        again = false
        nested.push(fixture.producer.send({ topic: 't', partition: 0, value: 'nested' }))
      }
      return record
    },
  }
  const fixture = new ProducerFixture({}, [sending])
  await fixture.producer.send({ topic: 't', partition: 0, value: 'v' })
  await Promise.all(nested)
  assert.deepEqual(fixture.sent[0], ['v', 'nested'])
  await fixture.producer.close()
})

test('disableAfter - after failures in a row the interceptor is passed by, loudly, and one record tries it again', async () => {
  const lines: [string, string][] = []
  const log = (level: string) => (message: string, _fields?: LogFields) => void lines.push([level, message])
  const logger = { debug() {}, info: log('info'), warn: log('warn'), error: log('error') }
  let broken = true
  let calls = 0
  const failing: Interceptor = {
    name: 'fails',
    disableAfter: { failures: 3, retryAfterMs: 1000 },
    onSend(record) {
      calls++
      if (broken) throw new Error('broken')
      return record
    },
  }
  const { producer, clock } = new ProducerFixture({ logger }, [failing])
  const send = (): Promise<unknown> => producer.send({ topic: 't', value: 'v' })
  const state = (): string | undefined => producer.interceptors.stats()[0]?.state
  for (let i = 0; i < 5; i++) await send()
  assert.deepEqual([calls, state(), producer.interceptors.stats()[0]?.passedBy], [3, 'off', 2])
  assert.equal(lines.filter(([level, message]) => level === 'error' && /"fails" is switched off/.test(message)).length, 1)
  clock.advance(1000)
  assert.equal(state(), 'trying')
  await send()
  assert.deepEqual([calls, state()], [4, 'off'])
  broken = false
  clock.advance(1000)
  await send()
  await send()
  assert.deepEqual([calls, state()], [6, 'on'])
  assert.equal(lines.filter(([, message]) => /"fails" works again/.test(message)).length, 1)
  await producer.close()
})

test('disableAfter - what protects data is not passed by: its records fail while it is off', async () => {
  let calls = 0
  const protecting: Interceptor = {
    name: 'encrypts',
    onError: 'fail',
    disableAfter: 2,
    onSend() {
      calls++
      throw new Error('no key')
    },
  }
  const { producer, sent } = new ProducerFixture({}, [protecting])
  for (let i = 0; i < 5; i++) await assert.rejects(producer.send({ topic: 't', value: 'v' }), { code: 'INTERCEPTOR' })
  await assert.rejects(producer.send({ topic: 't', value: 'v' }), { message: /is switched off after failures/ })
  assert.equal(calls, 2)
  assert.deepEqual(sent.flat(), [])
  await producer.close()
})

test('disableAfter - a promise that takes longer than slowMs counts as a failure', async () => {
  const releases: (() => void)[] = []
  const slow: Interceptor = {
    name: 'slow',
    disableAfter: { failures: 1, slowMs: 50 },
    onSend: (record) => new Promise((resolve) => releases.push(() => resolve(record))),
  }
  const { producer, clock } = new ProducerFixture({}, [slow])
  const first = producer.send({ topic: 't', value: 'v' })
  clock.advance(51)
  releases[0]!()
  await first
  assert.equal(producer.interceptors.stats()[0]?.state, 'off')
  await producer.send({ topic: 't', value: 'v' })
  assert.equal(releases.length, 1)
  await producer.close()
})

test('stats - calls are counted, and one pass in 128 is measured', async () => {
  const { producer } = new ProducerFixture({}, [recorder()])
  for (let i = 0; i < 256; i++) void producer.send({ topic: 't', value: 'v' })
  await producer.flush()
  const [stats] = producer.interceptors.stats()
  assert.deepEqual([stats?.calls, stats?.measuredCalls], [256, 2])
  await producer.close()
})

test('ask 47 - a record that no broker answers for is acknowledged at the delivery timeout, and its state is let go', async () => {
  let acknowledged = 0
  const states = new Set<object>()
  const keeping: Interceptor = {
    name: 'keeps',
    onSend(record, context) {
      context.state = { of: record.value }
      states.add(context.state)
      return record
    },
    onAcknowledgement(_metadata, error, _headers, context) {
      acknowledged++
      assert.equal(error?.code, 'TIMEOUT')
      states.delete(context.state)
    },
  }
  const fixture = new ProducerFixture({ deliveryTimeoutMs: 120_000, requestTimeoutMs: 30_000 }, [keeping])
  fixture.hold = true
  const sends = Promise.allSettled(Array.from({ length: 100 }, (_, i) => fixture.producer.send({ topic: 't', value: `${i}` })))
  for (let i = 0; i < 121; i++) {
    await turns(1)
    fixture.clock.advance(1000)
  }
  await sends
  assert.deepEqual([acknowledged, states.size], [100, 0])
  await fixture.producer.close({ timeoutMs: 0 })
})

test('configure - a promise that does not settle within timeoutMs is a failure: no record, replace or close waits for ever', async () => {
  const hanging: Interceptor = { name: 'hangs', timeoutMs: 500, configure: () => new Promise(() => {}) }
  const { producer, clock } = new ProducerFixture({}, [hanging])
  const rejected = assert.rejects(producer.send({ topic: 't', value: 'v' }), { code: 'CONFIG', message: /"hangs" failed in configure/ })
  await turns()
  clock.advance(500)
  await rejected
  await producer.close()
})
