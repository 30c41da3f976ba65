import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import { ConsumerRecords } from '../record/consumer-records.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import { deadLetter, drop, emit, reject, type Verdict } from '../record/verdict.ts'
import type { KafkaConsumer } from './consumer.ts'
import { LogCluster } from './testing/log-cluster.ts'

type Strings = KafkaConsumer<string, string>
type Interceptor = ConsumerInterceptor<string, string>

const p0 = { topic: 't', partition: 0 }

/** What polls give until so many records came, or an error: values, and the error's message. */
async function polled(consumer: Strings, count: number): Promise<string[]> {
  const all: string[] = []
  for (let turn = 0; all.length < count && turn < 200; turn++) {
    try {
      for (const { value } of await consumer.poll({ timeoutMs: 20 })) all.push(`${value}`)
    } catch (error) {
      all.push(`! ${(error as Error).message}`)
      break
    }
  }
  return all
}

/** Looks at records by value; in `onFetched` as text. */
function judging(verdicts: Readonly<Record<string, () => Verdict>>, stage: 'onFetched' | 'onConsume' | 'slow'): Interceptor {
  if (stage === 'onConsume') {
    return { name: 'judge', onConsume: (records) => records.map((record) => verdicts[record.value ?? '']?.() ?? record) }
  }
  const judge = (record: RawRecord): RawRecord | Verdict => verdicts[`${record.value}`]?.() ?? record
  if (stage === 'onFetched') return { name: 'judge', onFetched: judge }
  return {
    name: 'judge',
    async onFetched(record) {
      // Later ones are ready first.
      for (let turn = 5 - (record.offset % 5); turn > 0; turn--) await new Promise(setImmediate)
      return judge(record)
    },
  }
}

for (const stage of ['onFetched', 'slow', 'onConsume'] as const) {
  test(`interception - ${stage}: dropped records are left out, at the tail too, and their offsets are passed`, async () => {
    const cluster = new LogCluster([['a', 'b', 'c', 'd']])
    const consumer = cluster.assigned({}, [judging({ b: () => drop('unwanted'), d: () => drop('unwanted') }, stage)])
    assert.deepEqual(await polled(consumer, 2), ['a', 'c'])
    assert.equal(await consumer.position(p0), 4)
    await consumer.commit()
    assert.equal(cluster.committed(), 4)
    assert.deepEqual(consumer.interceptors.stats()[0]!.reasons, { unwanted: 2 })
    await consumer.close()
  })

  test(`interception - ${stage}: a rejected record lets those before it through, then poll rejects at it, every time`, async () => {
    const cluster = new LogCluster([['a', 'b', 'c']])
    const consumer = cluster.assigned({}, [judging({ b: () => reject(new Error('not b')) }, stage)])
    assert.deepEqual(await polled(consumer, 9), ['a', '! not b'])
    assert.equal(await consumer.position(p0), 1)
    assert.deepEqual(await polled(consumer, 9), ['! not b'])
    await consumer.commit()
    assert.equal(cluster.committed(), 1, 'nothing behind a rejected record is committed')
    consumer.seek(p0, 2)
    assert.deepEqual(await polled(consumer, 1), ['c'])
    await consumer.close()
  })

  test(`interception - ${stage}: emitted records take one's place, with its offset, and those left out are kept`, async () => {
    const cluster = new LogCluster([['a', 'b', 'c']])
    const seen: string[] = []
    const consumer = cluster.assigned({}, [
      judging({ b: () => emit([{ value: Buffer.from('b1') }, { value: Buffer.from('b2'), headers: { x: '1' } }, {}]) }, stage),
      {
        name: 'see',
        onConsume(records) {
          for (const { value, offset, headers } of records) seen.push(`${value}@${offset}${headers.getString('x') ?? ''}`)
          return records
        },
      },
    ])
    await polled(consumer, 5)
    assert.deepEqual(seen, ['a@0', 'b1@1', 'b2@11', 'b@1', 'c@2'])
    assert.equal(consumer.interceptors.stats()[0]!.emitted, 3)
    await consumer.close()
  })

  test(`interception - ${stage}: a dead letter holds the record as it was fetched, and counts as consumed`, async () => {
    const cluster = new LogCluster([[{ key: 'k', value: 'a', headers: { 'dead-letter.error': 'old', own: '1' } }, 'b']])
    const changed: Interceptor = {
      name: 'change',
      onFetched: (record) => ({ ...record, value: record.offset === 0 ? Buffer.from('changed') : record.value }),
    }
    const consumer = cluster.assigned({ deadLetterTopic: 'dead-{topic}' }, [
      changed,
      judging({ changed: () => deadLetter(new TypeError('bad')) }, stage),
    ])
    assert.deepEqual(await polled(consumer, 1), ['b'])
    assert.equal(await consumer.position(p0), 2)
    const { 'dead-letter.timestamp': timestamp, ...headers } = cluster.letters[0]!.headers
    assert.equal(timestamp, '0')
    assert.deepEqual(
      [{ ...cluster.letters[0]!, headers }, cluster.letters.length],
      [
        {
          topic: 'dead-t',
          key: 'k',
          value: 'a',
          headers: {
            own: '1',
            'dead-letter.topic': 't',
            'dead-letter.partition': '0',
            'dead-letter.offset': '0',
            'dead-letter.interceptor': 'judge',
            'dead-letter.error': 'TypeError',
            'dead-letter.message': 'bad',
          },
        },
        1,
      ],
    )
    assert.equal(consumer.interceptors.stats()[1]!.deadLettered, 1)
    await consumer.close()
  })

  test(`interception - ${stage}: a dead letter that cannot be written stops the partition there, and comes again`, async () => {
    const cluster = new LogCluster([['a', 'b', 'c']])
    cluster.refusesLetters = 29
    const consumer = cluster.assigned({}, [judging({ b: () => deadLetter(new Error('bad')) }, stage)])
    const [first, failure] = await polled(consumer, 9)
    assert.equal(first, 'a')
    assert.match(failure!, /offset 1 of partition 0 of topic "t" could not be written to its dead-letter topic "t.dlq"/)
    assert.equal(await consumer.position(p0), 1)
    cluster.refusesLetters = 0
    assert.deepEqual(await polled(consumer, 1), ['c'])
    assert.deepEqual(
      cluster.letters.map(({ value }) => value),
      ['b'],
    )
    await consumer.close()
  })

  test(`interception - ${stage}: onError decides what a failure brings about`, async () => {
    const failing = (onError: 'continue' | 'fail' | 'deadLetter'): Interceptor => {
      const fail = (): Verdict => {
        throw new Error('broken')
      }
      return { ...judging({ b: fail }, stage), onError }
    }
    const run = async (onError: 'continue' | 'fail' | 'deadLetter', count: number): Promise<[string[], LogCluster]> => {
      const cluster = new LogCluster([['a', 'b', 'c']])
      const consumer = cluster.assigned({}, [failing(onError)])
      const given = await polled(consumer, count)
      await consumer.close()
      return [given, cluster]
    }
    assert.deepEqual((await run('continue', 3))[0], ['a', 'b', 'c'])
    const failed = (await run('fail', 9))[0]
    assert.match(failed.pop()!, /^! interceptor "judge" failed in on(Fetched|Consume) for topic "t" and has onError: "fail"/)
    assert.deepEqual(failed, stage === 'onConsume' ? [] : ['a'])
    const [kept, cluster] = await run('deadLetter', stage === 'onConsume' ? 0 : 2)
    assert.deepEqual(kept, stage === 'onConsume' ? [] : ['a', 'c'])
    if (stage !== 'onConsume')
      assert.deepEqual([cluster.letters[0]!.value, cluster.letters[0]!.headers['dead-letter.message']], ['b', 'broken'])
  })
}

test('interception - onConsume: onError deadLetter sends all the records that it was given', async () => {
  const cluster = new LogCluster([['a', 'b'], ['c']])
  const consumer = cluster.assigned({}, [
    {
      name: 'broken',
      onError: 'deadLetter',
      onConsume() {
        throw new Error('broken')
      },
    },
  ])
  while (cluster.letters.length < 3) assert.equal((await consumer.poll({ timeoutMs: 20 })).count, 0)
  assert.deepEqual(cluster.letters.map(({ value }) => value).sort(), ['a', 'b', 'c'])
  assert.equal(await consumer.position(p0), 2)
  await consumer.close()
})

test('interception - a verdict in place of the records is one for each of them', async () => {
  for (const verdict of [drop('all'), deadLetter(new Error('all')), reject(new Error('all'))]) {
    const cluster = new LogCluster([['a', 'b']])
    const consumer = cluster.assigned({}, [{ name: 'all', onConsume: () => verdict }])
    const given = verdict.verdict === 'reject' ? await polled(consumer, 1) : [(await consumer.poll()).count]
    const [{ reasons, deadLettered, rejected }] = consumer.interceptors.stats() as any
    if (verdict.verdict === 'reject') assert.deepEqual([given, rejected, await consumer.position(p0)], [['! all'], 2, 0])
    else assert.equal(await consumer.position(p0), 2)
    if (verdict.verdict === 'drop') assert.deepEqual([given, reasons], [[0], { all: 2 }])
    if (verdict.verdict === 'deadLetter') assert.deepEqual([given, deadLettered, cluster.letters.length], [[0], 2, 2])
    await consumer.close()
  }
})

test('interception - promises of onFetched run side by side, within interceptorConcurrency, and records keep their order', async () => {
  const values = Array.from({ length: 12 }, (_, index) => `${index}`)
  const cluster = new LogCluster([values])
  let [running, most] = [0, 0]
  const consumer = cluster.assigned({ interceptorConcurrency: 3 }, [
    {
      name: 'slow',
      async onFetched(record) {
        most = Math.max(most, ++running)
        for (let turn = (record.offset * 7) % 5; turn >= 0; turn--) await new Promise(setImmediate)
        running--
        return record
      },
    },
  ])
  assert.deepEqual(await polled(consumer, 12), values)
  assert.equal(most, 3)
  await consumer.close()
})

test('interception - while hooks give promises nothing of the poll is committed, and close or a signal puts it all back', async () => {
  for (const how of ['signal', 'close'] as const) {
    const cluster = new LogCluster([['a', 'b']])
    let signal: AbortSignal | undefined
    const consumer = cluster.assigned({}, [
      {
        name: 'never',
        onConsume(records, context) {
          signal = context.signal
          return records.isEmpty ? records : new Promise(() => {})
        },
      },
    ])
    const stop = new AbortController()
    const polling = (async () => {
      for (;;) await consumer.poll({ timeoutMs: 50, signal: stop.signal })
    })()
    while (signal === undefined) await new Promise(setImmediate)
    assert.equal(await consumer.position(p0), 0)
    await consumer.commit()
    assert.equal(cluster.committed(), 0)
    if (how === 'signal') stop.abort()
    else await consumer.close()
    await assert.rejects(polling, { code: how === 'signal' ? 'ABORTED' : 'CLOSED' })
    assert.equal(signal.aborted, true)
    assert.equal(cluster.committed(), 0)
    await consumer.close()
  }
})

test('interception - a seek while hooks give promises throws away what was fetched before it', async () => {
  const cluster = new LogCluster([['a', 'b', 'c']])
  let release: (() => void) | undefined
  const consumer = cluster.assigned({}, [
    {
      name: 'slow',
      onFetched: (record) => (record.offset === 0 ? new Promise((resolve) => (release = () => resolve(record))) : record),
    },
  ])
  const polling = polled(consumer, 1)
  while (release === undefined) await new Promise(setImmediate)
  consumer.seek(p0, 2)
  release()
  assert.deepEqual(await polling, ['c'])
  await consumer.close()
})

test('interception - a record that cannot be deserialized after onFetched stops the partition there', async () => {
  const cluster = new LogCluster([['a', 'b']])
  const valueDeserializer = {
    deserialize(_topic: string, data: Buffer): string {
      if (`${data}` === 'b!') throw new Error('no')
      return `${data}`
    },
  }
  const consumer = cluster.assigned({ valueDeserializer }, [
    { name: 'shout', onFetched: (record) => ({ ...record, value: Buffer.from(`${record.value}!`) }) },
  ])
  const [first, failure] = await polled(consumer, 9)
  assert.deepEqual([first, await consumer.position(p0)], ['a!', 1])
  assert.match(failure!, /the value could not be deserialized at offset 1/)
  await consumer.close()
})

test('interception - polls wait for an asynchronous configure as long as they may; when it fails they reject with CONFIG', async () => {
  const cluster = new LogCluster([['a']])
  let configured: (() => void) | undefined
  const waiting: Interceptor = { name: 'wait', configure: () => new Promise((resolve) => (configured = resolve)) }
  const consumer = cluster.assigned({}, [waiting])
  assert.equal((await consumer.poll({ timeoutMs: 20 })).count, 0)
  configured!()
  assert.deepEqual(await polled(consumer, 1), ['a'])
  await consumer.close()
  const broken = new LogCluster([['a']]).assigned({}, [{ name: 'broken', configure: () => Promise.reject(new Error('no')) }])
  await assert.rejects(broken.poll({ timeoutMs: 1000 }), { code: 'CONFIG' })
  await broken.close()
})

test('interception - a record that an interceptor added under a partition of its own may be rejected too, or asked for as a dead letter', async () => {
  for (const [verdict, message] of [
    [reject(new Error('not this one')), /^! not this one$/],
    [deadLetter(new Error('x')), /^! interceptor "judge" asked for a dead letter of offset 0 .* where no record was fetched/],
  ] as const) {
    const consumer = new LogCluster([['a']]).assigned({}, [
      {
        name: 'add',
        onConsume(records) {
          const added = [...records].map((record) => ({ ...record, topic: 'made', value: 'added' }))
          return new ConsumerRecords([...records.byPartition(), { topic: 'made', partition: 0, records: added }], records.nextOffsets)
        },
      },
      { name: 'judge', onConsume: (records) => records.map((record) => (record.value === 'added' ? verdict : record)) },
    ])
    assert.match((await polled(consumer, 9)).join(), message)
    assert.equal(await consumer.position(p0), 0)
    await consumer.close()
  }
})
