import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { KafkaAdmin } from '../../packages/sluice/src/admin/admin.ts'
import { KafkaConsumer } from '../../packages/sluice/src/consumer/consumer.ts'
import type { ConsumerInterceptor } from '../../packages/sluice/src/interceptor/consumer-interceptor.ts'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import { until } from '../../packages/sluice/src/network/testing/until.ts'
import type { ConsumerOptions } from '../../packages/sluice/src/options/consumer-options.ts'
import type { ConsumerRecord } from '../../packages/sluice/src/record/consumer-record.ts'
import { stringDeserializer } from '../../packages/sluice/src/record/serdes.ts'
import type { TopicPartition, TopicPartitionOffset } from '../../packages/sluice/src/record/topic-partition.ts'
import { needs, testCluster } from '../support/test-cluster.ts'
import { RecordFeed } from './record-feed.ts'

type Strings = KafkaConsumer<string, string>

async function setUp(t: TestContext, { nodes, partitions = 1 }: { nodes?: 1 | 3; partitions?: number } = {}) {
  const cluster = await testCluster({ nodes })
  const topic = await cluster.createTopic(partitions)
  const groupId = cluster.unique('group')
  const at = (partition: number): TopicPartition => ({ topic, partition })
  const feed = new RecordFeed(cluster.bootstrapServers)
  const consumers: Strings[] = []
  t.after(async () => {
    await Promise.all(consumers.map((made) => made.close()))
    await feed[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })
  function consumer(
    more: Partial<ConsumerOptions<string, string>> = {},
    interceptors: ConsumerInterceptor<string, string>[] = [],
  ): Strings {
    const made = new KafkaConsumer<string, string>(
      {
        bootstrapServers: cluster.bootstrapServers,
        groupId,
        autoOffsetReset: 'earliest',
        heartbeatIntervalMs: 50,
        retryBackoffMs: 20,
        fetchMaxWaitMs: 100,
        logger: silentLogger,
        keyDeserializer: stringDeserializer,
        valueDeserializer: stringDeserializer,
        ...more,
      },
      interceptors,
    )
    consumers.push(made)
    return made
  }
  return { cluster, topic, groupId, at, feed, consumer }
}

async function pollUntil(consumer: Strings, isEnough: (records: readonly ConsumerRecord<string, string>[]) => boolean) {
  const records: ConsumerRecord<string, string>[] = []
  const deadline = performance.now() + 10_000
  while (!isEnough(records)) {
    assert.ok(performance.now() < deadline, `polled in vain; got ${records.length} records`)
    records.push(...(await consumer.poll({ timeoutMs: 200 })))
  }
  return records
}

const names = (partitions: readonly TopicPartition[]) => partitions.map(({ topic, partition }) => `${topic}-${partition}`).sort()
const values = (records: Iterable<ConsumerRecord<string, string>>) => [...records].map(({ value }) => value)

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  test(`consumer - reads what was written with compression ${compression}, headers and nulls included`, async (t) => {
    const { topic, feed, consumer } = await setUp(t)
    await feed.write(topic, 0, [{ key: 'a', value: 'ä€😀', headers: { h: 'x' } }, { value: null }, { key: '', value: '' }], {
      compression,
      timestamp: 5,
    })
    const reader = consumer()
    reader.subscribe([topic])
    const [first, second, third] = await pollUntil(reader, ({ length }) => length >= 3)
    assert.deepEqual([first!.key, first!.value, first!.offset, first!.timestamp, first!.headers.getString('h')], ['a', 'ä€😀', 0, 5, 'x'])
    assert.deepEqual([second!.key, second!.value, second!.serializedKeySize, second!.serializedValueSize], [null, null, -1, -1])
    assert.deepEqual([third!.key, third!.value, third!.serializedKeySize, third!.headers.size], ['', '', 0, 0])
  })
}

for (const strategy of ['range', 'roundrobin', 'cooperative-sticky'] as const) {
  test(`consumer - a group with ${strategy} goes from one member to three to two, and nothing is lost or doubled`, async (t) => {
    const { topic, feed, consumer } = await setUp(t, { nodes: 3, partitions: 6 })
    const seen: string[] = []
    const total = 6 * 4000
    const feeding = (async () => {
      for (let from = 0; from < 4000; from += 1000) {
        await Promise.all(Array.from({ length: 6 }, (_, partition) => feed.fill(topic, partition, 1000, from)))
      }
    })()
    const members = Array.from({ length: 3 }, () => {
      const member = consumer({ partitionAssignmentStrategy: [strategy], maxPollRecords: 250, autoCommitIntervalMs: 100 })
      const stop = new AbortController()
      const consume = async () => {
        member.subscribe([topic])
        while (!stop.signal.aborted)
          for (const record of await member.poll({ timeoutMs: 50 })) seen.push(`${record.partition}:${record.offset}`)
        await member.close()
      }
      return { member, stop, consume }
    })
    const [a, b, c] = members as [(typeof members)[0], (typeof members)[0], (typeof members)[0]]
    const running = [a.consume()]
    await until(() => a.member.assignment().length === 6 && seen.length > 1000, 'the first member')
    running.push(b.consume(), c.consume())
    await until(() => members.every(({ member }) => member.assignment().length === 2), 'two partitions for each of three')
    b.stop.abort()
    await until(() => a.member.assignment().length === 3 && c.member.assignment().length === 3, 'three partitions for each of two')
    await feeding
    await until(() => seen.length >= total, 'all records')
    a.stop.abort()
    c.stop.abort()
    await Promise.all(running)
    assert.equal(seen.length, total)
    assert.equal(new Set(seen).size, total)
  })
}

test('consumer - a cooperative member keeps reading what it keeps, and revokes only what moves', async (t) => {
  const { topic, consumer } = await setUp(t, { partitions: 4 })
  const events: string[] = []
  const listener = {
    onPartitionsAssigned: (partitions: readonly TopicPartition[]) => void events.push(`+${names(partitions)}`),
    onPartitionsRevoked: (partitions: readonly TopicPartition[]) => void events.push(`-${names(partitions)}`),
  }
  const first = consumer({ partitionAssignmentStrategy: ['cooperative-sticky'] })
  first.subscribe([topic], listener)
  await pollUntil(first, () => first.assignment().length === 4)
  const second = consumer({ partitionAssignmentStrategy: ['cooperative-sticky'] })
  second.subscribe([topic])
  while (second.assignment().length < 2) await Promise.all([first.poll({ timeoutMs: 50 }), second.poll({ timeoutMs: 50 })])
  assert.equal(first.assignment().length, 2)
  assert.deepEqual(names([...first.assignment(), ...second.assignment()]), [`${topic}-0`, `${topic}-1`, `${topic}-2`, `${topic}-3`])
  const revoked = events.filter((event) => event.startsWith('-'))
  assert.deepEqual(revoked, [`-${names(second.assignment())}`])
  assert.equal(events[0], `+${topic}-0,${topic}-1,${topic}-2,${topic}-3`)
})

test('consumer - seek, position, pause and resume', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t, { partitions: 2 })
  await feed.fill(topic, 0, 20)
  await feed.fill(topic, 1, 20)
  const reader = consumer({ groupId: undefined })
  reader.assign([at(0), at(1)])
  assert.equal(await reader.position(at(0)), 0)
  reader.seek(at(0), 15)
  reader.pause([at(1)])
  assert.deepEqual(values(await pollUntil(reader, ({ length }) => length >= 5)), ['0:15', '0:16', '0:17', '0:18', '0:19'])
  assert.equal(await reader.position(at(0)), 20)
  reader.resume([at(1)])
  assert.deepEqual(reader.paused(), [])
  assert.equal((await pollUntil(reader, ({ length }) => length >= 20)).length, 20)
  reader.seekToBeginning([at(0)])
  assert.equal(values(await pollUntil(reader, ({ length }) => length > 0))[0], '0:0')
  reader.seekToEnd()
  assert.equal(await reader.position(at(1)), 20)
  assert.throws(() => reader.seek(at(7), 0), { code: 'ILLEGAL_STATE' })
})

test('consumer - offsets by time, at the beginning and at the end', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t, { partitions: 2 })
  await feed.write(topic, 0, [{ value: 'a', timestamp: 1000 }])
  await feed.write(topic, 0, [{ value: 'b', timestamp: 2000 }])
  const reader = consumer({ groupId: undefined })
  const found = await reader.offsetsForTimes([
    { ...at(0), timestamp: 1500 },
    { ...at(1), timestamp: 1500 },
  ])
  assert.deepEqual(
    found.map(({ partition, offset, timestamp }) => [partition, offset, timestamp]),
    [[0, 1, 2000]],
  )
  assert.deepEqual(
    (await reader.endOffsets([at(1), at(0)])).map(({ offset }) => offset),
    [0, 2],
  )
  assert.deepEqual(await reader.beginningOffsets([at(0)]), [{ ...at(0), offset: 0 }])
  assert.equal((await reader.partitionsFor(topic)).length, 2)
})

test('consumer - commits are kept: the next member of the group goes on where the last one stopped', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t)
  await feed.fill(topic, 0, 10)
  const first = consumer({ enableAutoCommit: false })
  first.subscribe([topic])
  await pollUntil(first, ({ length }) => length >= 10)
  await first.commit([{ ...at(0), offset: 4, metadata: 'note' }])
  assert.deepEqual(
    (await first.committed([at(0)])).map(({ offset, metadata }) => [offset, metadata]),
    [[4, 'note']],
  )
  await first.close()
  const second = consumer({ enableAutoCommit: false })
  second.subscribe([topic])
  assert.deepEqual(values(await pollUntil(second, ({ length }) => length >= 6))[0], '0:4')
})

test('consumer - a listener commits what it gives up because the consumer closes', async (t) => {
  const { cluster, topic, groupId, feed, consumer } = await setUp(t)
  await feed.fill(topic, 0, 10)
  const reader = consumer({ enableAutoCommit: false })
  reader.subscribe([topic], { onPartitionsRevoked: () => reader.commit() })
  await pollUntil(reader, ({ length }) => length >= 10)
  await reader.close()
  const committed = await cluster.admin.fetchOffsets(groupId)
  assert.deepEqual(
    committed.map(({ offset }) => offset),
    [10],
  )
})

test('consumer - auto-commit runs on its interval and on close, and interceptors hear of each', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t)
  await feed.fill(topic, 0, 10)
  const events: (string | readonly TopicPartitionOffset[])[] = []
  const interceptor: ConsumerInterceptor<string, string> = {
    name: 'watch',
    onCommit: (offsets) => void events.push(offsets),
    close: () => void events.push('close'),
  }
  const reader = consumer({ autoCommitIntervalMs: 20 }, [interceptor])
  reader.subscribe([topic])
  await pollUntil(reader, ({ length }) => length >= 10)
  await pollUntil(reader, () => events.some((offsets) => Array.isArray(offsets) && offsets[0]?.offset === 10))
  await feed.fill(topic, 0, 5, 10)
  await pollUntil(reader, ({ length }) => length >= 5)
  await reader.close()
  assert.equal(events.at(-1), 'close')
  const last = events.at(-2) as readonly TopicPartitionOffset[]
  assert.deepEqual(
    last.map(({ topic, partition, offset }) => ({ topic, partition, offset })),
    [{ ...at(0), offset: 15 }],
  )
  await assert.rejects(reader.poll(), { code: 'CLOSED' })
})

test('consumer - an interceptor that filters everything: poll gives nothing, and commits go past it', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t)
  await feed.fill(topic, 0, 10)
  let calls = 0
  const filter: ConsumerInterceptor<string, string> = {
    name: 'filter',
    onConsume(records) {
      calls++
      return records.filter(() => false)
    },
  }
  const reader = consumer({ enableAutoCommit: false }, [filter])
  reader.subscribe([topic])
  await pollUntil(reader, () => calls > 0)
  const before = calls
  assert.equal((await reader.poll({ timeoutMs: 20 })).count, 0)
  assert.equal(calls, before, 'a poll that times out does not call onConsume')
  await reader.commit()
  assert.deepEqual(
    (await reader.committed([at(0)])).map(({ offset }) => offset),
    [10],
  )
})

test('consumer - leaving for await by break commits what the loop has had, and no more', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t)
  await feed.fill(topic, 0, 100)
  const reader = consumer()
  reader.subscribe([topic])
  const had: string[] = []
  for await (const record of reader) {
    had.push(record.value!)
    if (had.length === 37) break
  }
  assert.deepEqual(
    (await reader.committed([at(0)])).map(({ offset }) => offset),
    [37],
  )
  for await (const record of reader) {
    had.push(record.value!)
    if (had.length === 100) break
  }
  assert.deepEqual(
    had,
    Array.from({ length: 100 }, (_, n) => `0:${n}`),
  )
})

test('consumer - for await ends when the consumer is closed from elsewhere', async (t) => {
  const { topic, consumer } = await setUp(t)
  const reader = consumer()
  reader.subscribe([topic])
  const loop = (async () => {
    for await (const _ of reader) assert.fail('there are no records')
  })()
  await until(() => reader.assignment().length === 1, 'an assignment')
  await reader.close()
  await loop
})

test('consumer - run keeps the order within partitions, works on several at once, and stops on its signal', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t, { partitions: 4 })
  for (let partition = 0; partition < 4; partition++) await feed.fill(topic, partition, 200)
  const reader = consumer({ maxPollRecords: 50 })
  reader.subscribe([topic])
  const stop = new AbortController()
  const seen: number[][] = [[], [], [], []]
  const active = new Set<number>()
  let most = 0
  await reader.run({
    concurrency: 3,
    signal: stop.signal,
    async eachRecord({ partition, offset }) {
      assert.ok(!active.has(partition), 'one record of a partition at a time')
      active.add(partition)
      most = Math.max(most, active.size)
      await new Promise((resolve) => setImmediate(resolve))
      seen[partition]!.push(offset)
      active.delete(partition)
      if (seen.every(({ length }) => length === 200)) stop.abort()
    },
  })
  assert.equal(most, 3)
  for (const offsets of seen) assert.deepEqual(offsets, [...Array(200).keys()])
  assert.deepEqual(
    (await reader.committed([at(0), at(1), at(2), at(3)])).map(({ offset }) => offset),
    [200, 200, 200, 200],
  )
})

test('consumer - a handler that throws ends run, and its record comes again', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t)
  await feed.fill(topic, 0, 20)
  const reader = consumer()
  reader.subscribe([topic])
  const seen: number[] = []
  const failure = new Error('no')
  const eachRecord = ({ offset }: { offset: number }): void => {
    seen.push(offset)
    if (offset === 7 && seen.filter((other) => other === 7).length === 1) throw failure
    if (offset === 19) stop.abort()
  }
  const stop = new AbortController()
  await assert.rejects(reader.run({ eachRecord }), failure)
  assert.deepEqual(
    (await reader.committed([at(0)])).map(({ offset }) => offset),
    [7],
  )
  await reader.run({ eachRecord, signal: stop.signal })
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, ...Array.from({ length: 13 }, (_, n) => n + 7)])
})

test('consumer - run with eachBatch gives one partition at a time', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t, { partitions: 2 })
  await feed.fill(topic, 0, 30)
  await feed.fill(topic, 1, 30)
  const reader = consumer()
  reader.subscribe([topic])
  const stop = new AbortController()
  let count = 0
  await reader.run({
    signal: stop.signal,
    eachBatch({ partition, records }) {
      assert.ok(records.every((record) => record.partition === partition))
      count += records.length
      if (count === 60) stop.abort()
    },
  })
  assert.deepEqual(
    (await reader.committed([at(0), at(1)])).map(({ offset }) => offset),
    [30, 30],
  )
})

test('consumer - a pattern takes in topics that are created later, but none that does not match', async (t) => {
  const { cluster, feed, consumer } = await setUp(t)
  const web = cluster.unique('web')
  const first = await cluster.createTopic(1, {}, `${web}.a`)
  await feed.fill(first, 0, 3)
  const reader = consumer({ metadataMaxAgeMs: 100 })
  reader.subscribe(new RegExp(`^${web}\\.`))
  await pollUntil(reader, ({ length }) => length >= 3)
  const second = await cluster.createTopic(2, {}, `${web}.b`)
  await feed.fill(second, 1, 3)
  await pollUntil(reader, ({ length }) => length >= 3)
  assert.deepEqual(names(reader.assignment()), [`${first}-0`, `${second}-0`, `${second}-1`])
  assert.deepEqual(reader.subscription().sort(), [first, second])
})

test('consumer - a record that cannot be deserialized fails poll with its position, until it is sought past', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t)
  await feed.fill(topic, 0, 5)
  const reader = consumer({
    valueDeserializer: {
      deserialize(_topic, data) {
        if (data.toString() === '0:2') throw new TypeError('not this one')
        return data.toString()
      },
    },
  })
  reader.subscribe([topic])
  assert.deepEqual(values(await pollUntil(reader, ({ length }) => length >= 2)), ['0:0', '0:1'])
  const isBad = { code: 'SERIALIZATION', topic, partition: 0, offset: 2 }
  await assert.rejects(reader.poll(), isBad)
  await assert.rejects(reader.poll(), isBad)
  assert.equal(await reader.position(at(0)), 2)
  reader.seek(at(0), 3)
  assert.deepEqual(values(await pollUntil(reader, ({ length }) => length >= 2)), ['0:3', '0:4'])
})

test('consumer - an offset out of range is reset as autoOffsetReset says, or fails', async (t) => {
  const { topic, at, feed, consumer } = await setUp(t)
  await feed.fill(topic, 0, 5)
  const lenient = consumer({ groupId: undefined })
  lenient.assign([at(0)])
  lenient.seek(at(0), 1000)
  assert.equal((await pollUntil(lenient, ({ length }) => length >= 5))[0]!.offset, 0)
  const strict = consumer({ groupId: undefined, autoOffsetReset: 'none' })
  strict.assign([at(0)])
  await assert.rejects(strict.poll({ timeoutMs: 3000 }), { code: 'NO_OFFSET_FOR_PARTITION' })
  strict.seek(at(0), 1000)
  await assert.rejects(strict.poll({ timeoutMs: 3000 }), { code: 'OFFSET_OUT_OF_RANGE' })
})

test('consumer - leaders that move are followed', needs({ nodes: 3 }), async (t) => {
  const { cluster, topic, feed, consumer } = await setUp(t, { nodes: 3 })
  await feed.fill(topic, 0, 5)
  const reader = consumer()
  reader.subscribe([topic])
  await pollUntil(reader, ({ length }) => length >= 5)
  await cluster.moveLeader(topic, 0)
  await using other = new RecordFeed(cluster.bootstrapServers)
  await other.fill(topic, 0, 5, 5)
  assert.deepEqual(values(await pollUntil(reader, ({ length }) => length >= 5)), ['0:5', '0:6', '0:7', '0:8', '0:9'])
})

test('consumer - a member that does not poll leaves, and what it had counts as lost', async (t) => {
  const { topic, feed, consumer } = await setUp(t, { partitions: 2 })
  await feed.fill(topic, 0, 5)
  const events: string[] = []
  const slow = consumer({ maxPollIntervalMs: 200 })
  slow.subscribe([topic], {
    onPartitionsLost: (partitions) => void events.push(`lost ${names(partitions)}`),
    onPartitionsRevoked: () => void events.push('revoked'),
  })
  await pollUntil(slow, ({ length }) => length >= 5)
  const quick = consumer()
  quick.subscribe([topic])
  await pollUntil(quick, () => quick.assignment().length === 2)
  await assert.rejects(slow.commit(), { code: 'COMMIT_FAILED' })
  while (slow.assignment().length !== 1) await Promise.all([slow.poll({ timeoutMs: 20 }), quick.poll({ timeoutMs: 20 })])
  assert.deepEqual(events, [`lost ${topic}-0,${topic}-1`])
})

test('consumer - poll ends on its signal, and only one may be under way', async (t) => {
  const { topic, consumer } = await setUp(t)
  const reader = consumer()
  await assert.rejects(reader.poll(), { code: 'ILLEGAL_STATE' })
  reader.subscribe([topic])
  const stop = new AbortController()
  const polling = reader.poll({ timeoutMs: 10_000, signal: stop.signal })
  await assert.rejects(reader.poll(), { code: 'ILLEGAL_STATE' })
  stop.abort()
  await assert.rejects(polling, { code: 'ABORTED' })
  assert.equal((await reader.poll({ timeoutMs: 0 })).count, 0)
})

test('consumer - a static member comes back without a rebalance and goes on', async (t) => {
  const { topic, feed, consumer } = await setUp(t, { partitions: 2 })
  await feed.fill(topic, 0, 3)
  const first = consumer({ groupInstanceId: 'one' })
  first.subscribe([topic])
  await pollUntil(first, ({ length }) => length >= 3)
  const { generationId } = first.groupMetadata()
  await first.close()
  await feed.fill(topic, 0, 3, 3)
  const again = consumer({ groupInstanceId: 'one' })
  again.subscribe([topic])
  assert.deepEqual(values(await pollUntil(again, ({ length }) => length >= 3)), ['0:3', '0:4', '0:5'])
  assert.equal(again.groupMetadata().generationId, generationId)
})

test(
  'consumer - a node that goes down and comes back, coordinator and leader, costs time but no record',
  needs({ devBroker: 'takes a node down' }),
  async (t) => {
    const { cluster, topic, groupId, feed, consumer } = await setUp(t, { nodes: 3, partitions: 3 })
    const reader = consumer({ reconnectBackoffMs: 10, reconnectBackoffMaxMs: 50, autoCommitIntervalMs: 50, requestTimeoutMs: 5000 })
    reader.subscribe([topic])
    await feed.fill(topic, 0, 10)
    const seen = await pollUntil(reader, ({ length }) => length >= 10)
    const coordinator = cluster.devBroker.coordinator(groupId)!
    await coordinator.down()
    await using other = new RecordFeed(
      cluster.devBroker.nodes
        .filter(({ isUp }) => isUp)
        .map(({ host, port }) => `${host}:${port}`)
        .join(','),
    )
    for (let partition = 0; partition < 3; partition++) await other.fill(topic, partition, 10, 10)
    seen.push(...(await pollUntil(reader, ({ length }) => length >= 30)))
    await coordinator.up()
    await reader.commit()
    for (let partition = 0; partition < 3; partition++) await other.fill(topic, partition, 10, 20)
    seen.push(...(await pollUntil(reader, ({ length }) => length >= 30)))
    assert.equal(new Set(seen.map(({ partition, offset }) => `${partition}:${offset}`)).size, 70)
    assert.equal(seen.length, 70)
  },
)

test('consumer - members with different strategies use the one that all of them know', async (t) => {
  const { cluster, topic, groupId, consumer } = await setUp(t, { partitions: 2 })
  const both = consumer()
  const one = consumer({ partitionAssignmentStrategy: ['cooperative-sticky'] })
  both.subscribe([topic])
  await pollUntil(both, () => both.assignment().length === 2)
  one.subscribe([topic])
  while (one.assignment().length !== 1 || both.assignment().length !== 1) {
    await Promise.all([both.poll({ timeoutMs: 20 }), one.poll({ timeoutMs: 20 })])
  }
  await using admin = new KafkaAdmin({ bootstrapServers: cluster.bootstrapServers, logger: silentLogger })
  assert.equal((await admin.describeGroups([groupId]))[0]!.protocol, 'cooperative-sticky')
})
