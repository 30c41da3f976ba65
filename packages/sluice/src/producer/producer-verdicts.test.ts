import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaError } from '../errors.ts'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import { deadLetter, drop, emit, reject } from '../record/verdict.ts'
import { ProducerFixture, recorder, turns } from './testing/producer-fixture.ts'

type Interceptor = ProducerInterceptor<string, string>

const upper: Interceptor = {
  name: 'upper',
  onSerialized: (record) => ({ ...record, value: Buffer.from(String(record.value).toUpperCase()) }),
}

test('onSerialized - what it returns is what is sent, and the key decides the partition as it is then', async () => {
  const seen: (string | null)[] = []
  const { producer, sent } = new ProducerFixture({}, [
    upper,
    {
      name: 'rekey',
      onSerialized(record) {
        seen.push(String(record.key), String(record.value))
        return { ...record, key: Buffer.from('b') }
      },
    },
  ])
  const first = await producer.send({ topic: 't', key: 'a', value: 'v' })
  const plain = await new ProducerFixture().producer.send({ topic: 't', key: 'b', value: 'v' })
  assert.deepEqual(seen, ['a', 'V'])
  assert.equal(first.partition, plain.partition)
  assert.deepEqual(sent[first.partition], ['V'])
  assert.equal(first.serializedKeySize, 1)
  await producer.close()
})

test('onSerialized - sizes of the metadata are those of the bytes that were sent', async () => {
  const { producer } = new ProducerFixture({}, [{ name: 'seal', onSerialized: (record) => ({ ...record, value: Buffer.alloc(40) }) }])
  assert.equal((await producer.send({ topic: 't', value: 'v' })).serializedValueSize, 40)
  await producer.close()
})

test('onSerialized - topic and partition are settled; a change of either is a failure that says so', async () => {
  for (const change of [{ topic: 'other' }, { partition: 2 }]) {
    const moving: Interceptor = { name: 'moves', onError: 'fail', onSerialized: (record) => ({ ...record, ...change }) }
    const { producer } = new ProducerFixture({}, [moving])
    await assert.rejects(producer.send({ topic: 't', partition: 0, value: 'v' }), (error: KafkaError) => {
      assert.equal(error.code, 'INTERCEPTOR')
      assert.match((error.cause as Error).message, /settled by then/)
      return true
    })
    await producer.close()
  }
})

for (const stage of ['onSend', 'onSerialized'] as const) {
  const returning = (verdict: unknown): Interceptor => ({ name: 'decides', [stage]: () => verdict }) as Interceptor

  test(`${stage} - a dropped record resolves with its reason, is not sent, and is acknowledged once to all`, async () => {
    const acks = recorder()
    const { producer, sent } = new ProducerFixture({}, [returning(drop('too old')), acks])
    const metadata = await producer.send({ topic: 't', value: 'v' })
    assert.deepEqual([metadata.dropped, metadata.offset, metadata.topic], ['too old', -1, 't'])
    assert.deepEqual(sent, [[], [], []])
    assert.deepEqual(
      acks.acks.map((ack) => [ack.metadata.dropped, ack.error]),
      [['too old', null]],
    )
    assert.deepEqual(producer.interceptors.stats()[0]?.reasons, { 'too old': 1 })
    await producer.close()
  })

  test(`${stage} - a rejected record rejects with that very error, and is acknowledged once to all`, async () => {
    const acks = recorder()
    const error = new Error('not allowed')
    const { producer, sent } = new ProducerFixture({}, [acks, returning(reject(error))])
    await assert.rejects(producer.send({ topic: 't', value: 'v' }), error)
    assert.deepEqual(sent, [[], [], []])
    assert.deepEqual(
      acks.acks.map((ack) => [ack.error?.code, ack.error?.cause]),
      [['REJECTED', error]],
    )
    await producer.close()
  })

  test(`${stage} - emitted records take the place of one: sent in order, and the send resolves with the metadata of all`, async () => {
    const before = recorder('before')
    const after = recorder('after')
    const verdict = emit([{ value: 'one' }, { value: 'two', partition: 1 }, { value: 'three' }].map((init) => toBytes(stage, init)))
    const { producer, sent } = new ProducerFixture({}, [before, returning(verdict), after], ['t'])
    const metadata = await producer.send({ topic: 't', partition: 0, value: 'v' })
    assert.equal(metadata.emitted?.length, 3)
    assert.equal(metadata.offset, metadata.emitted?.[0]?.offset)
    assert.deepEqual(sent.flat().sort(), ['one', 'three', 'two'])
    assert.equal(before.acks.length, 1)
    assert.equal(before.acks[0]?.metadata.emitted?.length, 3)
    // In onSend those behind see the records that were emitted; in onSerialized they have seen the one given.
    assert.deepEqual([after.sends, after.acks.length], stage === 'onSend' ? [3, 3] : [1, 1])
    await producer.close()
  })

  test(`${stage} - emitting nothing is a drop`, async () => {
    const { producer } = new ProducerFixture({}, [returning(emit([]))])
    assert.equal((await producer.send({ topic: 't', value: 'v' })).dropped, 'emitted nothing')
    await producer.close()
  })

  test(`${stage} - when one of the emitted records fails, so does the send, after all have ended`, async () => {
    const error = new Error('no')
    const acks = recorder()
    let calls = 0
    const second: Interceptor = { name: 'second', [stage]: (record: unknown) => (++calls === 2 ? reject(error) : record) } as Interceptor
    const { producer } = new ProducerFixture({}, [acks, returning(emit([{}, {}, {}])), second])
    await assert.rejects(producer.send({ topic: 't', value: 'v' }), (thrown: KafkaError) => thrown.cause === error)
    assert.equal(acks.acks.length, 1)
    assert.equal(acks.acks[0]?.metadata.emitted?.filter(({ offset }) => offset >= 0).length, 2)
    await producer.close()
  })

  test(`${stage} - a dead letter goes to its topic with headers that tell why, and resolves with where it went`, async () => {
    const acks = recorder()
    const { producer, client } = new ProducerFixture({}, [returning(deadLetter(new Error('unreadable'))), acks], ['t', 't.dlq'])
    const metadata = await producer.send({ topic: 't', partition: 2, value: 'v', headers: { 'dead-letter.topic': 'older' } })
    assert.deepEqual([metadata.topic, metadata.deadLettered, metadata.offset >= 0], ['t.dlq', 'unreadable', true])
    assert.equal(acks.acks.length, 1)
    assert.equal(acks.acks[0]?.metadata.deadLettered, 'unreadable')
    assert.ok(acks.acks[0]!.headers >= 5)
    assert.equal(client.requests.length, 0)
    assert.equal(producer.interceptors.stats()[0]?.deadLettered, 1)
    await producer.close()
  })

  test(`${stage} - onError decides: continue goes on, fail rejects, deadLetter sends it there`, async () => {
    const failing = (onError: 'continue' | 'fail' | 'deadLetter'): Interceptor =>
      ({
        name: 'fails',
        onError,
        [stage]() {
          throw new Error('broken')
        },
      }) as Interceptor
    const run = (onError: 'continue' | 'fail' | 'deadLetter'): Promise<RecordMetadata> =>
      new ProducerFixture({}, [failing(onError)], ['t', 't.dlq']).producer.send({ topic: 't', value: 'v' })
    assert.equal((await run('continue')).topic, 't')
    await assert.rejects(run('fail'), { code: 'INTERCEPTOR', message: /"fails" failed in/ })
    const letter = await run('deadLetter')
    assert.deepEqual([letter.topic, letter.deadLettered], ['t.dlq', 'broken'])
  })

  test(`${stage} - promises keep the order of the calls, run side by side, and callbacks come as ever`, async () => {
    const releases: (() => void)[] = []
    const slow: Interceptor = {
      name: 'slow',
      [stage]: (record: ProducerRecord) => new Promise((resolve) => releases.push(() => resolve(record))),
    } as Interceptor
    const { producer, sent } = new ProducerFixture({ partitionerIgnoreKeys: true, interceptorConcurrency: 8 }, [slow])
    const done: number[] = []
    for (let i = 0; i < 10; i++) producer.send({ topic: 't', partition: 0, value: `v${i}` }, () => done.push(i))
    await turns()
    assert.equal(releases.length, 8)
    while (releases.length > 0) {
      releases.pop()!()
      await turns()
    }
    await producer.flush()
    assert.deepEqual(
      sent[0],
      Array.from({ length: 10 }, (_, i) => `v${i}`),
    )
    assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    await producer.close()
  })

  test(`${stage} - a promise that does not settle within timeoutMs is a failure, and its signal is aborted`, async () => {
    let signal: AbortSignal | undefined
    const hanging: Interceptor = {
      name: 'hangs',
      onError: 'fail',
      timeoutMs: 500,
      [stage](_record: unknown, context: { signal: AbortSignal }) {
        signal = context.signal
        return new Promise(() => {})
      },
    } as Interceptor
    const { producer, clock } = new ProducerFixture({}, [hanging])
    const rejected = assert.rejects(producer.send({ topic: 't', value: 'v' }), { code: 'INTERCEPTOR' })
    await turns()
    clock.advance(499)
    await turns()
    assert.equal(signal?.aborted, false)
    clock.advance(1)
    await rejected
    assert.equal(signal?.aborted, true)
    assert.equal(producer.interceptors.stats()[0]?.timeouts, 1)
    await producer.close()
  })

  test(`${stage} - the caller's signal gives a send up that waits for a promise; what comes of it later counts for nothing`, async () => {
    const acks = recorder()
    let release: (() => void) | undefined
    const slow: Interceptor = {
      name: 'slow',
      [stage]: () =>
        new Promise((resolve) => {
          release = () => resolve(emit([{}, {}]))
        }),
    } as Interceptor
    const { producer, sent } = new ProducerFixture({}, [acks, slow])
    const controller = new AbortController()
    const rejected = assert.rejects(producer.send({ topic: 't', value: 'v' }, { signal: controller.signal }), { code: 'ABORTED' })
    await turns()
    controller.abort()
    await rejected
    release!()
    await turns()
    assert.equal(acks.acks.length, 1)
    assert.deepEqual(sent, [[], [], []])
    await producer.close()
  })

  test(`${stage} - close waits for the promises of sends made before it; a forced one fails them`, async () => {
    for (const timeoutMs of [undefined, 0]) {
      const acks = recorder()
      let release: (() => void) | undefined
      const slow: Interceptor = {
        name: 'slow',
        [stage]: (record: unknown) =>
          new Promise((resolve) => {
            release = () => resolve(record)
          }),
      } as Interceptor
      const { producer, sent } = new ProducerFixture({}, [acks, slow])
      const ended = producer.send({ topic: 't', partition: 0, value: 'v' }).then(
        () => 'sent',
        (error) => error.code,
      )
      await turns()
      const closing = producer.close(timeoutMs === undefined ? {} : { timeoutMs })
      await turns()
      if (timeoutMs === undefined) release!()
      await closing
      assert.equal(await ended, timeoutMs === undefined ? 'sent' : 'CLOSED')
      assert.equal(acks.acks.length, 1)
      release!()
      await turns()
      assert.deepEqual(sent[0], timeoutMs === undefined ? ['v'] : [])
    }
  })
}

function toBytes(stage: 'onSend' | 'onSerialized', init: { value: string; partition?: number }): object {
  return stage === 'onSend' ? init : { value: Buffer.from(init.value) }
}

test('verdicts - a dead letter still goes through the bytes stage, so that what is encrypted elsewhere is not plain there', async () => {
  const { producer, sent } = new ProducerFixture({}, [{ name: 'dead', onSend: () => deadLetter(new Error('x')) }, upper], ['t', 't.dlq'])
  await producer.send({ topic: 't', value: 'secret' })
  assert.deepEqual(sent.flat(), ['SECRET'])
  await producer.close()
})

test('verdicts - a record that goes to the dead-letter topic is not sent there twice: the second verdict fails the send', async () => {
  const error = new Error('again')
  const { producer, sent } = new ProducerFixture(
    {},
    [
      { name: 'dead', onSend: () => deadLetter(new Error('x')) },
      { name: 'dead too', onSerialized: () => deadLetter(error) },
    ],
    ['t', 't.dlq'],
  )
  await assert.rejects(producer.send({ topic: 't', value: 'v' }), error)
  assert.deepEqual(sent.flat(), [])
  await producer.close()
})

test('verdicts - the option deadLetterTopic names the topic', async () => {
  const { producer } = new ProducerFixture(
    { deadLetterTopic: 'dead.{topic}' },
    [{ name: 'dead', onSend: () => deadLetter(new Error('x')) }],
    ['t', 'dead.t'],
  )
  assert.equal((await producer.send({ topic: 't', value: 'v' })).topic, 'dead.t')
  await producer.close()
})
