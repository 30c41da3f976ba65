import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bufferDeserializer, type CompressionType, KafkaConsumer, type PartitionAssignorName, type ProducerOptions } from 'sluice'
import { partitionForKey } from '../../packages/sluice/src/producer/partitioner.ts'
import { runSeed, SeededRandom } from '../protocol/seeded-random.ts'
import { type TestCluster, testCluster } from '../support/test-cluster.ts'
import { assertHandover } from './interop/group-handover.ts'
import { javaMember, sluiceMember } from './interop/group-member.ts'
import {
  assertSameRecords,
  base64,
  expectedRecords,
  PARTITIONS,
  type SentMetadata,
  type SentRecord,
  sampleRecords,
} from './interop/interop-record.ts'
import { JavaAgent } from './interop/java-agent.ts'
import { createReadyTopic, sluiceConsume, sluiceProduce, storedBatches, untilWritten } from './interop/sluice-peer.ts'

const compressions: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

describe('interop with the Java client', { concurrency: 2, timeout: 180_000 }, () => {
  let cluster: TestCluster
  let java: JavaAgent
  let bootstrapServers: string

  before(async () => {
    cluster = await testCluster()
    bootstrapServers = cluster.bootstrapServers
    java = new JavaAgent(bootstrapServers)
  })
  after(async () => {
    await java[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
  })

  function createTopic(name: string, partitions: number, configs?: Readonly<Record<string, string>>): Promise<string> {
    return createReadyTopic(cluster, name, partitions, configs)
  }

  /** What both clients read has to be what was written. */
  async function assertBothRead(topic: string, sent: readonly SentRecord[], appended?: readonly SentMetadata[]): Promise<void> {
    const expected = expectedRecords(sent, appended)
    const [ours, theirs] = await Promise.all([sluiceConsume({ bootstrapServers }, topic), java.call('consume', { config: {}, topic })])
    assertSameRecords(ours, expected)
    assertSameRecords(theirs.records, expected)
  }

  async function assertStored(topic: string, compression: CompressionType, isIdempotent: boolean): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const batches = await storedBatches(cluster, topic, partition)
      assert.ok(batches.length > 1, `partition ${partition} has ${batches.length} batch`)
      for (const batch of batches) {
        assert.equal(batch.compression, compression)
        assert.equal(batch.producerId >= 0, isIdempotent, `producer id ${batch.producerId}`)
      }
    }
  }

  async function javaProduce(config: object, records: readonly SentRecord[]): Promise<SentMetadata[]> {
    return (await java.call('produce', { config, records })).metadata
  }

  for (const compression of compressions) {
    test(`java - what we write with compression ${compression} Java reads as it was sent`, async () => {
      const topic = await createTopic(`from-sluice-${compression}`, PARTITIONS)
      const sent = sampleRecords(topic)
      const metadata = await sluiceProduce({ bootstrapServers, compressionType: compression }, sent)
      assertMetadata(metadata, sent)
      await assertBothRead(topic, sent)
      await assertStored(topic, compression, true)
    })

    test(`java - what Java writes with compression ${compression} we read as it was sent`, async () => {
      const topic = await createTopic(`from-java-${compression}`, PARTITIONS)
      const sent = sampleRecords(topic)
      await javaProduce({ 'compression.type': compression }, sent)
      await assertBothRead(topic, sent)
      await assertStored(topic, compression, true)
    })
  }

  const plain: readonly Omit<ProducerOptions, 'bootstrapServers'>[] = [
    { acks: 0, enableIdempotence: false },
    { acks: 1, enableIdempotence: false },
    { acks: 'all', enableIdempotence: false },
    { acks: 'all', enableIdempotence: true, maxInFlightRequestsPerConnection: 1, lingerMs: 0 },
  ]
  for (const options of plain) {
    const { acks, enableIdempotence } = options
    test(`java - with acks ${acks}, idempotence ${enableIdempotence ? 'on' : 'off'} and lz4, each reads what the other writes`, async () => {
      const ours = await createTopic(`from-sluice-acks-${acks}`, PARTITIONS)
      const theirs = await createTopic(`from-java-acks-${acks}`, PARTITIONS)
      const isIdempotent = enableIdempotence === true
      const fromSluice = sampleRecords(ours, 300)
      const fromJava = sampleRecords(theirs, 300)
      const metadata = await sluiceProduce({ ...options, bootstrapServers, compressionType: 'lz4' }, fromSluice)
      assertMetadata(metadata, fromSluice, acks === 0)
      await javaProduce({ acks: String(acks), 'enable.idempotence': String(isIdempotent), 'compression.type': 'lz4' }, fromJava)
      await untilWritten(cluster, ours, fromSluice.length)
      await untilWritten(cluster, theirs, fromJava.length)
      await assertBothRead(ours, fromSluice)
      await assertBothRead(theirs, fromJava)
      await assertStored(ours, 'lz4', isIdempotent)
      await assertStored(theirs, 'lz4', isIdempotent)
    })
  }

  test('java - both tell and read the time of appending, where the topic keeps that', async () => {
    const ours = await createTopic('append-time-sluice', PARTITIONS, { 'message.timestamp.type': 'LogAppendTime' })
    const theirs = await createTopic('append-time-java', PARTITIONS, { 'message.timestamp.type': 'LogAppendTime' })
    const fromSluice = sampleRecords(ours, 100)
    const fromJava = sampleRecords(theirs, 100)
    const started = Date.now()
    const ourMetadata = await sluiceProduce({ bootstrapServers, compressionType: 'gzip' }, fromSluice)
    const theirMetadata = await javaProduce({ 'compression.type': 'gzip' }, fromJava)
    for (const { timestamp } of [...ourMetadata, ...theirMetadata]) assert.ok(timestamp >= started - 1000 && timestamp <= Date.now() + 1000)
    await assertBothRead(ours, fromSluice, ourMetadata)
    await assertBothRead(theirs, fromJava, theirMetadata)
  })

  test(`java - 100,000 random keys have the same partitions as with Java's partitioner (seed ${runSeed})`, async () => {
    const counts = [1, 3, 6, 7, 64]
    const keys = randomKeys(100_000)
    const { partitions } = await java.call('partitions', { keys: keys.map(base64), counts })
    counts.forEach((count, i) => {
      const different = keys.findIndex((key, k) => partitionForKey(key, 0, key.length, count) !== partitions[i][k])
      assert.equal(different, -1, `of ${count} partitions Java took another one for key ${keys[different]?.toString('hex')}`)
    })
  })

  test(`java - 10,000 records with random keys go to the partitions that Java sends them to (seed ${runSeed})`, async () => {
    const counts = [1, 3, 6, 7, 64]
    const keys = randomKeys(10_000)
    for (const [i, count] of counts.entries()) {
      const ours = await createTopic(`keys-sluice-${count}`, count)
      const theirs = await createTopic(`keys-java-${count}`, count)
      const share = keys.slice(i * 2000, (i + 1) * 2000)
      const toSend = (topic: string): SentRecord[] =>
        share.map((key, n) => ({ topic, key: base64(key), value: base64(String(n)), headers: [] }))
      await Promise.all([sluiceProduce({ bootstrapServers }, toSend(ours)), javaProduce({}, toSend(theirs))])
      const [fromOurs, fromTheirs] = await Promise.all(
        [ours, theirs].map(async (topic) => {
          const read = await sluiceConsume({ bootstrapServers }, topic)
          return read.map(({ value, key, partition }) => ({ value, key, partition })).sort((a, b) => (a.value! < b.value! ? -1 : 1))
        }),
      )
      assert.equal(fromOurs!.length, share.length)
      assert.deepEqual(fromOurs, fromTheirs)
    }
  })

  test('java - each reads the offset, epoch and metadata that the other committed', async () => {
    const topic = await createTopic('commits', 1)
    const groupId = cluster.unique('commits')
    const partition = { topic, partition: 0 }
    const config = { 'group.id': groupId }
    await sluiceProduce(
      { bootstrapServers },
      Array.from({ length: 20 }, () => ({ topic, key: null, value: '', headers: [] })),
    )
    await using consumer = new KafkaConsumer({
      bootstrapServers,
      groupId,
      enableAutoCommit: false,
      valueDeserializer: bufferDeserializer,
    })
    consumer.assign([partition])
    await consumer.commit([{ ...partition, offset: 7, leaderEpoch: 0, metadata: 'from Sluice ✓' }])
    const { id: _, ...read } = await java.call('committed', { config, ...partition })
    assert.deepEqual(read, { offset: 7, metadata: 'from Sluice ✓', leaderEpoch: 0 })
    await java.call('commit', { config, ...partition, offset: 11, metadata: 'from Java ✓' })
    assert.deepEqual(await consumer.committed([partition]), [{ ...partition, offset: 11, leaderEpoch: 0, metadata: 'from Java ✓' }])
    assert.equal(await consumer.position(partition), 11)
  })

  const strategies: readonly (readonly PartitionAssignorName[] | undefined)[] = [
    ['range'],
    ['roundrobin'],
    ['cooperative-sticky'],
    undefined,
  ]
  for (const strategy of strategies) {
    const named = strategy?.join() ?? 'the default strategies'
    for (const javaFirst of [true, false]) {
      const [leader, follower] = javaFirst ? ['Java', 'Sluice'] : ['Sluice', 'Java']
      test(`java - a group with ${named}, ${leader} first: partitions are shared, and no record is lost or seen twice`, async () => {
        const members = [javaMember(java, strategy), sluiceMember(bootstrapServers, strategy)] as const
        const [first, second] = javaFirst ? members : members.toReversed()
        const name = `${leader}-${follower}-${strategy ?? 'default'}`
        const { leaders } = await assertHandover({
          cluster,
          name,
          first: first!,
          second: second!,
          isCooperative: named === 'cooperative-sticky',
        })
        // The longest-standing member leads: the first one until it leaves, then the second, then the third.
        assert.deepEqual(leaders, new Set(javaFirst ? ['second'] : ['first', 'third']))
      })
    }
  }
})

function assertMetadata(metadata: readonly SentMetadata[], sent: readonly SentRecord[], unacknowledged = false): void {
  const next = new Map<number, number>()
  metadata.forEach(({ partition, offset, timestamp }, i) => {
    const expected = next.get(partition) ?? 0
    next.set(partition, expected + 1)
    assert.deepEqual(
      { partition, offset, timestamp },
      { partition: sent[i]!.partition, offset: unacknowledged ? -1 : expected, timestamp: sent[i]!.timestamp },
    )
  })
}

/** Of 0 to 64 bytes: random ones, and text of several scripts. */
function randomKeys(count: number): Buffer[] {
  const random = new SeededRandom(runSeed)
  const letters = ['a', 'Z', '0', '-', 'é', 'ß', 'ж', '中', '日', 'अ', '🦊', '\u0000']
  return Array.from({ length: count }, () => {
    if (random.chance(0.5)) return random.bytes(random.integer(0, 64))
    return Buffer.from(Array.from({ length: random.integer(0, 16) }, () => random.pick(letters)).join(''))
  })
}
