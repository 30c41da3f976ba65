import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import type { CompressionType, PartitionAssignorName } from 'sluice'
import { SeededRandom } from '../protocol/seeded-random.ts'
import { type TestCluster, testCluster } from '../support/test-cluster.ts'
import { confluentConsume, confluentMember, confluentProduce, testWithConfluent } from './interop/confluent.ts'
import { assertHandover } from './interop/group-handover.ts'
import { sluiceMember } from './interop/group-member.ts'
import {
  assertSameRecords,
  base64,
  expectedRecords,
  PARTITIONS,
  type ReadRecord,
  type SentRecord,
  sampleRecords,
} from './interop/interop-record.ts'
import { createReadyTopic, sluiceConsume, sluiceProduce, storedBatches, untilWritten } from './interop/sluice-peer.ts'

const compressions: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

describe("interop with Confluent's client (librdkafka)", { concurrency: 2, timeout: 180_000 }, () => {
  let cluster: TestCluster
  let bootstrapServers: string

  before(async () => {
    cluster = await testCluster()
    bootstrapServers = cluster.bootstrapServers
  })
  after(() => cluster[Symbol.asyncDispose]())

  async function assertStored(topic: string, compression: CompressionType, isIdempotent: boolean): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const batches = await storedBatches(cluster, topic, partition)
      // librdkafka leaves a batch alone that does not become smaller, as one of a few records.
      const withMany = batches.filter(({ recordsCount }) => recordsCount >= 50)
      assert.ok(withMany.length > 0)
      for (const batch of withMany) assert.equal(batch.compression, compression)
      for (const { producerId } of batches) assert.equal(producerId >= 0, isIdempotent)
    }
  }

  for (const compression of compressions) {
    testWithConfluent(`confluent - what we write with compression ${compression} it reads as it was sent`, async () => {
      const topic = await createReadyTopic(cluster, `from-sluice-${compression}`, PARTITIONS)
      const sent = sampleRecords(topic)
      await sluiceProduce({ bootstrapServers, compressionType: compression }, sent)
      const read = await confluentConsume(bootstrapServers, topic, PARTITIONS, sent.length)
      assertSameRecords(asCreateTime(read), expectedRecords(sent.map(withoutNullHeaders)))
    })

    testWithConfluent(`confluent - what it writes with compression ${compression} we read as it was sent`, async () => {
      const topic = await createReadyTopic(cluster, `from-confluent-${compression}`, PARTITIONS)
      const sent = sampleRecords(topic).map(withoutTimeZero)
      await confluentProduce(bootstrapServers, { 'compression.codec': compression, 'enable.idempotence': true, 'linger.ms': 200 }, sent)
      assertSameRecords(await sluiceConsume({ bootstrapServers }, topic), expectedRecords(sent))
      await assertStored(topic, compression, true)
    })
  }

  for (const acks of ['0', '1', 'all']) {
    testWithConfluent(`confluent - what it writes with acks ${acks} and zstd we read as it was sent`, async () => {
      const topic = await createReadyTopic(cluster, `from-confluent-acks-${acks}`, PARTITIONS)
      const sent = sampleRecords(topic, 300).map(withoutTimeZero)
      const metadata = await confluentProduce(bootstrapServers, { 'compression.codec': 'zstd', acks, 'linger.ms': 200 }, sent)
      for (const { offset } of metadata) assert.equal(offset >= 0, acks !== '0', `offset ${offset}`)
      await untilWritten(cluster, topic, sent.length)
      assertSameRecords(await sluiceConsume({ bootstrapServers }, topic), expectedRecords(sent))
      await assertStored(topic, 'zstd', false)
    })
  }

  testWithConfluent('confluent - both read and tell the time of appending, where the topic keeps that', async () => {
    const config = { 'message.timestamp.type': 'LogAppendTime' }
    const ours = await createReadyTopic(cluster, 'append-time-sluice', PARTITIONS, config)
    const theirs = await createReadyTopic(cluster, 'append-time-confluent', PARTITIONS, config)
    const fromSluice = sampleRecords(ours, 100)
    const fromConfluent = sampleRecords(theirs, 100)
    const [ourMetadata, theirMetadata] = await Promise.all([
      sluiceProduce({ bootstrapServers, compressionType: 'snappy' }, fromSluice),
      confluentProduce(bootstrapServers, { 'compression.codec': 'snappy', 'linger.ms': 5 }, fromConfluent),
    ])
    const read = await confluentConsume(bootstrapServers, ours, PARTITIONS, fromSluice.length)
    const expected = expectedRecords(fromSluice.map(withoutNullHeaders), ourMetadata).map((record) => ({
      ...record,
      timestampType: 'CreateTime',
    }))
    assertSameRecords(asCreateTime(read), expected)
    assertSameRecords(await sluiceConsume({ bootstrapServers }, theirs), expectedRecords(fromConfluent, theirMetadata))
  })

  testWithConfluent('confluent - its partitioner murmur2_random takes the partitions that ours takes', async () => {
    const random = new SeededRandom(11)
    const keys = Array.from({ length: 3000 }, () => random.bytes(random.integer(0, 64)))
    const topics = await Promise.all(['keys-sluice', 'keys-confluent'].map((name) => createReadyTopic(cluster, name, 7)))
    const toSend = (topic: string): SentRecord[] =>
      keys.map((key, n) => ({ topic, key: base64(key), value: base64(String(n)), headers: [] }))
    await sluiceProduce({ bootstrapServers }, toSend(topics[0]!))
    await confluentProduce(bootstrapServers, { partitioner: 'murmur2_random', 'linger.ms': 5 }, toSend(topics[1]!))
    const [ours, theirs] = await Promise.all(
      topics.map(async (topic) => {
        const read = await sluiceConsume({ bootstrapServers }, topic)
        return read.map(({ key, value, partition }) => ({ key, value, partition })).sort((a, b) => (a.value! < b.value! ? -1 : 1))
      }),
    )
    assert.equal(ours!.length, keys.length)
    assert.deepEqual(ours, theirs)
  })

  const strategies: readonly PartitionAssignorName[] = ['range', 'cooperative-sticky']
  for (const strategy of strategies) {
    for (const confluentFirst of [true, false]) {
      const [leader, follower] = confluentFirst ? ['Confluent', 'Sluice'] : ['Sluice', 'Confluent']
      testWithConfluent(
        `confluent - a group with ${strategy}, ${leader} first: partitions are shared, and no record is lost or seen twice`,
        async () => {
          const members = [confluentMember(bootstrapServers, strategy), sluiceMember(bootstrapServers, [strategy])] as const
          const [first, second] = confluentFirst ? members : members.toReversed()
          const name = `${leader}-${follower}-${strategy}`
          const { leaders } = await assertHandover({
            cluster,
            name,
            first: first!,
            second: second!,
            isCooperative: strategy === 'cooperative-sticky',
          })
          assert.deepEqual(leaders, new Set(confluentFirst ? ['second'] : ['first', 'third']))
        },
      )
    }
  }
})

/** The client does not tell the type of a timestamp. */
function asCreateTime(records: readonly Omit<ReadRecord, 'timestampType'>[]): ReadRecord[] {
  return records.map((record) => ({ ...record, timestampType: 'CreateTime' }))
}

/** It reads a header's null as an empty value. */
function withoutNullHeaders(record: SentRecord): SentRecord {
  return { ...record, headers: record.headers.map(([name, value]) => [name, value ?? ''] as const) }
}

/** librdkafka takes timestamp 0 for "now". */
function withoutTimeZero(record: SentRecord): SentRecord {
  return { ...record, timestamp: record.timestamp || 1 }
}
