import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import { until } from '../network/testing/until.ts'
import type { KafkaConsumer } from './consumer.ts'
import { LogCluster } from './testing/log-cluster.ts'

type Interceptor = ConsumerInterceptor<string, string, string>
type Strings = KafkaConsumer<string, string>

const p0 = { topic: 't', partition: 0 }

/** Sets a state for every record, and writes down what commits tell of. */
class Keeper implements Interceptor {
  readonly name: string
  readonly committed: string[] = []
  closes = 0
  /** What it has for the record now. */
  stateOf: (offset: number) => unknown = () => undefined

  constructor(name = 'keeper') {
    this.name = name
  }

  onFetched: Interceptor['onFetched'] = (record, context) => {
    context.state = `${this.name}${record.offset}`
    return record
  }

  onConsume: Interceptor['onConsume'] = (records, context) => {
    this.stateOf = (offset) => context.getState({ ...p0, offset })
    return records
  }

  onCommit: Interceptor['onCommit'] = (_offsets, { committed }) => {
    this.committed.push(...committed.map(({ offset, state }) => `${offset}:${state}`))
  }

  close(): void {
    this.closes++
  }
}

async function take(consumer: Strings, count: number): Promise<number[]> {
  const offsets: number[] = []
  while (offsets.length < count) for (const { offset } of await consumer.poll({ timeoutMs: 20 })) offsets.push(offset)
  return offsets
}

test('states - what onFetched and onConsume set is seen in handle and told once by the commit behind it, each interceptor its own', async () => {
  const cluster = new LogCluster([['a', 'b', 'c']])
  const events: string[] = []
  const following = (name: string): Interceptor => ({
    name,
    onFetched(record, context) {
      context.state = name
      return record
    },
    onConsume(records, context) {
      for (const record of records) context.setState(record, `${context.getState(record)}${record.offset}`)
      return records
    },
    async handle(_record, next, context) {
      const before = context.state
      context.state = `${before}h`
      await next()
      events.push(`${before}->${context.state}`)
    },
    onCommit(_offsets, { committed }) {
      for (const { topic, partition, offset, state } of committed) events.push(`committed ${topic}-${partition}@${offset} ${state}`)
    },
  })
  const consumer = cluster.consumer({}, [following('A'), following('B')])
  consumer.subscribe(['t'])
  const stop = new AbortController()
  await consumer.run({
    signal: stop.signal,
    eachRecord({ offset }) {
      if (offset === 1) stop.abort()
    },
  })
  assert.deepEqual(events, [
    'B0->B0h',
    'A0->A0h',
    'B1->B1h',
    'A1->A1h',
    'committed t-0@0 A0h',
    'committed t-0@1 A1h',
    'committed t-0@0 B0h',
    'committed t-0@1 B1h',
  ])
  events.length = 0
  await consumer.commit()
  assert.equal(events.length, 0, 'what was told is forgotten')
  await consumer.close()
})

test('states - a seek, an unsubscribe and a lost partition forget what no longer counts', async () => {
  const cluster = new LogCluster([['a', 'b', 'c', 'd']])
  const keeper = new Keeper()
  const consumer = cluster.consumer({ enableAutoCommit: false }, [keeper])
  consumer.subscribe(['t'])
  await take(consumer, 4)
  consumer.seek(p0, 2)
  await consumer.commit([{ ...p0, offset: 4 }])
  assert.deepEqual(keeper.committed, ['0:keeper0', '1:keeper1'], 'records behind the seek come again: their states are gone')
  await take(consumer, 2)
  assert.deepEqual([keeper.stateOf(2), keeper.stateOf(3)], ['keeper2', 'keeper3'])
  await consumer.unsubscribe()
  assert.deepEqual([keeper.stateOf(2), keeper.stateOf(3)], [undefined, undefined])
  await consumer.close()
})

test('states - without a group nothing is kept once the records are done', async () => {
  const cluster = new LogCluster([['a', 'b']])
  const seen: unknown[] = []
  const consumer = cluster.assigned({ groupId: undefined }, [
    {
      ...new Keeper(),
      onConsume(records, context) {
        for (let offset = 0; offset < 4; offset++) seen.push(context.getState({ ...p0, offset }))
        return records
      },
    },
  ])
  assert.deepEqual(await take(consumer, 2), [0, 1])
  cluster.append(0, 'c', 'd')
  assert.deepEqual(await take(consumer, 2), [2, 3])
  assert.deepEqual(seen, ['keeper0', 'keeper1', undefined, undefined, undefined, undefined, 'keeper2', 'keeper3'])
  await consumer.close()
})

test('replace - each poll goes through one chain, and a commit tells each chain of the records that it saw', async () => {
  const cluster = new LogCluster([['a', 'b']])
  const [old, fresh] = [new Keeper('old'), new Keeper('fresh')]
  const consumer = cluster.consumer({ enableAutoCommit: false }, [old])
  consumer.subscribe(['t'])
  await take(consumer, 2)
  await consumer.interceptors.replace([fresh])
  assert.equal(old.closes, 0, 'its records are not committed yet')
  cluster.append(0, 'c', 'd')
  await take(consumer, 2)
  await consumer.commit([{ ...p0, offset: 1 }])
  assert.deepEqual([old.committed, fresh.committed, old.closes], [['0:old0'], [], 0])
  await consumer.commit()
  assert.deepEqual(
    [old.committed, fresh.committed],
    [
      ['0:old0', '1:old1'],
      ['2:fresh2', '3:fresh3'],
    ],
  )
  await until(() => old.closes === 1)
  await consumer.close()
  assert.deepEqual([old.closes, fresh.closes], [1, 1])
})

test('replace - an interceptor in both lists goes on, and is told of each commit once, with the states of both', async () => {
  const cluster = new LogCluster([['a', 'b']])
  let commits = 0
  const keeper = new Keeper()
  const { onCommit } = keeper
  keeper.onCommit = (offsets, context) => {
    commits++
    onCommit!(offsets, context)
  }
  const consumer = cluster.consumer({ enableAutoCommit: false }, [keeper])
  consumer.subscribe(['t'])
  await take(consumer, 2)
  await consumer.interceptors.replace([{ name: 'before' }, keeper])
  cluster.append(0, 'c')
  await take(consumer, 1)
  await consumer.commit()
  assert.deepEqual([commits, keeper.committed], [1, ['0:keeper0', '1:keeper1', '2:keeper2']])
  assert.equal(keeper.closes, 0)
  await consumer.close()
  assert.equal(keeper.closes, 1)
})

test('replace - an old chain closes when its records are given up, and at the latest with the consumer', async () => {
  const cluster = new LogCluster([['a', 'b']])
  const [sought, kept] = [new Keeper('sought'), new Keeper('kept')]
  const consumer = cluster.consumer({ enableAutoCommit: false }, [sought])
  consumer.subscribe(['t'])
  await take(consumer, 2)
  await consumer.interceptors.replace([kept])
  consumer.seek(p0, 0)
  await until(() => sought.closes === 1)
  await take(consumer, 2)
  await consumer.interceptors.replace([])
  assert.equal(kept.closes, 0)
  await consumer.close()
  assert.equal(kept.closes, 1)
})

test('replace - handlers at work keep the chain of their records; it closes after them', async () => {
  const cluster = new LogCluster([['a', 'b']])
  const events: string[] = []
  const named = (name: string): Interceptor => ({
    name,
    async handle({ offset }, next) {
      events.push(`${name} ${offset}`)
      await next()
    },
    close: () => void events.push(`${name} closed`),
  })
  const consumer = cluster.consumer({}, [named('old')])
  consumer.subscribe(['t'])
  const stop = new AbortController()
  await consumer.run({
    signal: stop.signal,
    async eachRecord({ offset }) {
      if (offset === 0) {
        await consumer.interceptors.replace([named('new')])
        cluster.append(0, 'c')
      }
      if (offset === 2) stop.abort()
    },
  })
  await until(() => events.includes('old closed'))
  assert.deepEqual(events, ['old 0', 'old 1', 'old closed', 'new 2'])
  await consumer.close()
})

test('replace - a list that fails to configure leaves the old one at work', async () => {
  const cluster = new LogCluster([['a']])
  const keeper = new Keeper()
  const consumer = cluster.assigned({ enableAutoCommit: false }, [keeper])
  const broken: Interceptor = {
    name: 'broken',
    configure() {
      throw new Error('no')
    },
  }
  await assert.rejects(consumer.interceptors.replace([broken]), { code: 'CONFIG' })
  await take(consumer, 1)
  await consumer.commit()
  assert.deepEqual(keeper.committed, ['0:keeper0'])
  await consumer.close()
})
