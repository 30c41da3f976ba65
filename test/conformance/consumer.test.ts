import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@sluice/protocol'
import type { KafkaConsumer } from '../../packages/sluice/src/consumer/consumer.ts'
import { commitResponse, ScriptedCluster } from '../../packages/sluice/src/consumer/testing/scripted-cluster.ts'
import type { ConsumerInterceptor } from '../../packages/sluice/src/interceptor/consumer-interceptor.ts'
import { bufferDeserializer } from '../../packages/sluice/src/record/serdes.ts'
import type { TopicPartitionOffset } from '../../packages/sluice/src/record/topic-partition.ts'

type Strings = ConsumerInterceptor<string, string>
const p0 = { topic: 't', partition: 0 }
const offsets = [{ ...p0, offset: 5 }]

/** A consumer with partition 0 assigned, which has asked for records. */
async function assigned(cluster: ScriptedCluster, consumer: KafkaConsumer<string, string>): Promise<KafkaConsumer<string, string>> {
  consumer.assign([p0])
  while (cluster.requests('Fetch').length === 0) await consumer.poll({ timeoutMs: 5 })
  return consumer
}

function committing(): { committed: (readonly TopicPartitionOffset[])[]; watch: Strings } {
  const committed: (readonly TopicPartitionOffset[])[] = []
  return { committed, watch: { name: 'watch', onCommit: (given) => void committed.push(given) } }
}

test('consumer - when commit resolves, onCommit has been called once (KC-5)', async () => {
  const cluster = new ScriptedCluster()
  const { committed, watch } = committing()
  const consumer = cluster.consumer({ enableAutoCommit: false }, [watch])
  consumer.assign([p0])
  await consumer.commit(offsets)
  assert.deepEqual(committed, [offsets])
  await consumer.close()
})

test('consumer - a commit that fails rejects with the error, and onCommit is not called (KC-6)', async () => {
  const cluster = new ScriptedCluster()
  const { committed, watch } = committing()
  cluster.answers.OffsetCommit = ({ message }) => commitResponse(message, errorCodes.OFFSET_METADATA_TOO_LARGE)
  const consumer = cluster.consumer({ enableAutoCommit: false }, [watch])
  consumer.assign([p0])
  await assert.rejects(consumer.commit(offsets), { code: 'OFFSET_METADATA_TOO_LARGE' })
  assert.deepEqual(committed, [])
  await consumer.close()
})

test('consumer - an interceptor made for strings changes nothing and stops nothing where records are bytes (KC-12)', async () => {
  const cluster = new ScriptedCluster()
  const upperCase: Strings = {
    name: 'upper-case',
    onConsume: (records) => records.map((record) => ({ ...record, value: record.value!.toUpperCase() })),
  }
  const bytes = { keyDeserializer: bufferDeserializer as never, valueDeserializer: bufferDeserializer as never }
  const consumer = await assigned(cluster, cluster.consumer(bytes, [upperCase]))
  cluster.feed(0, ['as it was'], 0)
  const [record] = [...(await consumer.poll({ timeoutMs: 1000 }))]
  assert.equal(String(record!.value), 'as it was')
  assert.equal(Buffer.isBuffer(record!.value), true)
  await consumer.close()
})

test('consumer - the commit that a change of subscription causes is told, and the one on close too (KC-13)', {
  timeout: 5000,
}, async () => {
  const cluster = new ScriptedCluster()
  cluster.client.updateMetadata({ t: { leaders: [0] }, u: { leaders: [0] } })
  const { committed, watch } = committing()
  const consumer = cluster.consumer({ enableAutoCommit: true, autoCommitIntervalMs: 1e9 }, [watch])
  const read = async (baseOffset: number): Promise<void> => {
    // A fetch from before the rebalance may take the first one, and what it brings is dropped.
    do cluster.feed(0, ['v'], baseOffset)
    while ((await consumer.poll({ timeoutMs: 20 })).count === 0)
  }
  consumer.subscribe(['t'])
  await read(0)
  assert.equal(committed.length, 0)
  consumer.subscribe(['t', 'u'])
  while (cluster.requests('JoinGroup').length < 2) await consumer.poll({ timeoutMs: 20 })
  const onChange: readonly unknown[] = [...committed]
  assert.deepEqual(onChange, [[{ ...p0, offset: 1 }]])
  await read(1)
  await consumer.close()
  assert.deepEqual(
    committed.slice(1).map((given) => given.find(({ topic }) => topic === 't')),
    [{ ...p0, offset: 2 }],
  )
})

test('consumer - an interceptor knows the cluster id before its first records (KC-14)', async () => {
  const cluster = new ScriptedCluster()
  const events: string[] = []
  const watch: Strings = {
    name: 'watch',
    onClusterUpdate: ({ clusterId }) => void events.push(`cluster ${clusterId}`),
    onConsume(records) {
      events.push('onConsume')
      return records
    },
  }
  const consumer = cluster.consumer({}, [watch])
  cluster.client.updateMetadata({ t: { leaders: [0] } })
  await assigned(cluster, consumer)
  cluster.feed(0, ['v'], 0)
  assert.equal((await consumer.poll({ timeoutMs: 1000 })).count, 1)
  assert.deepEqual(events, ['cluster mock-cluster', 'onConsume'])
  await consumer.close()
})

test('consumer - when an interceptor leaves no record, poll gives none, the position moves on and a commit goes past (DX-9)', async () => {
  const cluster = new ScriptedCluster()
  const { committed, watch } = committing()
  const nobody: Strings = { name: 'nobody', onConsume: (records) => records.filter(() => false) }
  const consumer = await assigned(cluster, cluster.consumer({ enableAutoCommit: false }, [nobody, watch]))
  cluster.feed(0, ['a', 'b', 'c'], 0)
  while ((await consumer.position(p0)) === 0) assert.equal((await consumer.poll({ timeoutMs: 20 })).count, 0)
  assert.equal(await consumer.position(p0), 3)
  await consumer.commit()
  assert.deepEqual(committed, [[{ ...p0, offset: 3 }]])
  await consumer.close()
})

test('consumer - a poll that finds nothing calls no interceptor (DX-10)', async () => {
  const cluster = new ScriptedCluster()
  let calls = 0
  const watch: Strings = {
    name: 'watch',
    onConsume(records) {
      calls++
      return records
    },
  }
  const consumer = await assigned(cluster, cluster.consumer({}, [watch]))
  assert.equal((await consumer.poll({ timeoutMs: 5 })).count, 0)
  assert.equal(calls, 0)
  cluster.feed(0, ['v'], 0)
  assert.equal((await consumer.poll({ timeoutMs: 1000 })).count, 1)
  assert.equal(calls, 1)
  await consumer.close()
})
