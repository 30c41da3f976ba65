import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import type { CompressionType, PartitionAssignorName } from 'sluice'
import { SeededRandom } from '../protocol/seeded-random.ts'
import { type TestCluster, testCluster } from '../support/test-cluster.ts'
import { assertHandover } from './interop/group-handover.ts'
import { kcatMember, sluiceMember } from './interop/group-member.ts'
import { base64, expectedRecords, PARTITIONS, type SentRecord, sampleRecords } from './interop/interop-record.ts'
import { assertKcatReads, kcat, testWithKcat } from './interop/kcat.ts'
import { createReadyTopic, sluiceConsume, sluiceProduce, storedBatches, untilWritten } from './interop/sluice-peer.ts'

const compressions: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

describe('interop with kcat (librdkafka)', { concurrency: 2, timeout: 180_000 }, () => {
  let cluster: TestCluster
  let bootstrapServers: string

  before(async () => {
    cluster = await testCluster()
    bootstrapServers = cluster.bootstrapServers
  })
  after(() => cluster[Symbol.asyncDispose]())

  async function assertCompression(topic: string, partition: number, compression: CompressionType): Promise<void> {
    const batches = await storedBatches(cluster, topic, partition)
    assert.deepEqual([...new Set(batches.map((batch) => batch.compression))], [compression])
  }

  for (const compression of compressions) {
    testWithKcat(`kcat - what we write with compression ${compression} it reads as it was sent`, async () => {
      const topic = await createReadyTopic(cluster, `from-sluice-${compression}`, PARTITIONS)
      const sent = sampleRecords(topic).map(printable)
      await sluiceProduce({ bootstrapServers, compressionType: compression }, sent)
      const expected = expectedRecords(sent)
      for (let partition = 0; partition < PARTITIONS; partition++) {
        await assertKcatReads(
          bootstrapServers,
          topic,
          partition,
          expected.filter((record) => record.partition === partition),
        )
        await assertCompression(topic, partition, compression)
      }
    })

    testWithKcat(`kcat - what it writes with compression ${compression} we read as it was sent`, async () => {
      const topic = await createReadyTopic(cluster, `from-kcat-${compression}`, PARTITIONS)
      const started = Date.now()
      // "K" before the first ":" is the key; -Z makes empty ones null.
      const lines = Array.from({ length: 1000 }, (_, i) =>
        i % 10 === 0 ? `:value ${i}` : i % 10 === 1 ? `tombstone ${i}:` : `ключ ${i}:値 🦊 ${i}`,
      )
      const headers = ['-H', 'twice=first', '-H', 'once=ünïcödé', '-H', 'twice=second', '-H', 'null', '-H', 'empty=']
      const produce = ['-P', '-t', topic, '-z', compression]
      // librdkafka leaves a batch alone that does not become smaller, as one of a few lines: these come in one.
      await kcat(bootstrapServers, [...produce, '-X', 'linger.ms=1000', '-p', '0', '-K', ':', '-Z', ...headers], lines.join('\n'))
      const large = Buffer.concat([new SeededRandom(7).bytes(450 * 1024), Buffer.alloc(450 * 1024, 'compressible ')])
      await kcat(bootstrapServers, [...produce, '-p', '1', '-k', 'large', '-D', '--the-end--'], large)
      await kcat(bootstrapServers, [...produce, '-p', '2', '-X', 'linger.ms=0', '-X', 'batch.num.messages=7'], lines.join('\n'))

      const read = await sluiceConsume({ bootstrapServers }, topic)
      for (const { timestamp, timestampType } of read) {
        assert.equal(timestampType, 'CreateTime')
        assert.ok(timestamp >= started && timestamp <= Date.now(), `timestamp ${timestamp}`)
      }
      const inPartition = (partition: number) =>
        read.filter((record) => record.partition === partition).map(({ offset, key, value, headers }) => ({ offset, key, value, headers }))
      const orNull = (text: string) => (text === '' ? null : base64(text))
      const named = [
        ['twice', base64('first')],
        ['once', base64('ünïcödé')],
        ['twice', base64('second')],
        ['null', null],
        ['empty', ''],
      ]
      assert.deepEqual(
        inPartition(0),
        lines.map((line, offset) => {
          const [key, value] = line.split(':')
          return { offset, key: orNull(key!), value: orNull(value!), headers: named }
        }),
      )
      assert.equal(inPartition(1).length, 1)
      assert.ok(Buffer.from(inPartition(1)[0]!.value!, 'base64').equals(large), 'the large value came back changed')
      assert.deepEqual(
        inPartition(2),
        lines.map((line, offset) => ({ offset, key: null, value: base64(line), headers: [] })),
      )
      for (const partition of [0, 1]) await assertCompression(topic, partition, compression)
      assert.ok((await storedBatches(cluster, topic, 2)).length > 100)
    })
  }

  for (const option of ['acks=0', 'acks=1', 'acks=all', 'enable.idempotence=true']) {
    testWithKcat(`kcat - what it writes with ${option} we read`, async () => {
      const topic = await createReadyTopic(cluster, 'from-kcat-acks', 1)
      const lines = Array.from({ length: 500 }, (_, i) => `${option} ${i}`)
      await kcat(bootstrapServers, ['-P', '-t', topic, '-X', option], lines.join('\n'))
      await untilWritten(cluster, topic, lines.length)
      const read = await sluiceConsume({ bootstrapServers }, topic)
      assert.deepEqual(
        read.map(({ value }) => value),
        lines.map(base64),
      )
      const [batch] = await storedBatches(cluster, topic, 0)
      assert.equal(batch!.producerId >= 0, option === 'enable.idempotence=true')
    })
  }

  const strategies: readonly PartitionAssignorName[] = ['range', 'roundrobin', 'cooperative-sticky']
  for (const strategy of strategies) {
    for (const kcatFirst of [true, false]) {
      const [leader, follower] = kcatFirst ? ['kcat', 'Sluice'] : ['Sluice', 'kcat']
      testWithKcat(
        `kcat - a group with ${strategy}, ${leader} first: partitions are shared, and no record is lost or seen twice`,
        async () => {
          const members = [kcatMember(bootstrapServers, strategy), sluiceMember(bootstrapServers, [strategy])] as const
          const [first, second] = kcatFirst ? members : members.toReversed()
          const name = `${leader}-${follower}-${strategy}`
          const { leaders } = await assertHandover({
            cluster,
            name,
            first: first!,
            second: second!,
            isCooperative: strategy === 'cooperative-sticky',
          })
          assert.deepEqual(leaders, new Set(kcatFirst ? ['second'] : ['first', 'third']))
        },
      )
    }
  }
})

/** kcat prints header values as text that ends at the first NUL. */
function printable(record: SentRecord): SentRecord {
  return { ...record, headers: record.headers.map(([name, value]) => [name, name === 'bytes' ? base64('not all bytes') : value] as const) }
}
