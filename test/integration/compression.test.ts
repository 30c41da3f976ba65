import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { compressionTypes } from '@sluice/protocol'
import { silentLogger } from '../../packages/sluice/src/logger.ts'
import { until } from '../../packages/sluice/src/network/testing/until.ts'
import type { ProducerOptions } from '../../packages/sluice/src/options/producer-options.ts'
import { KafkaProducer } from '../../packages/sluice/src/producer/producer.ts'
import { stringSerializer } from '../../packages/sluice/src/record/serdes.ts'
import { testCluster } from '../support/test-cluster.ts'

const PARTITIONS = 2
const RECORDS = 3000

async function setUp(t: TestContext, options: Partial<ProducerOptions<string, string>>) {
  const cluster = await testCluster({})
  t.after(() => cluster[Symbol.asyncDispose]())
  const topic = await cluster.createTopic(PARTITIONS)
  const producer = new KafkaProducer<string, string>({
    bootstrapServers: cluster.bootstrapServers,
    keySerializer: stringSerializer,
    valueSerializer: stringSerializer,
    logger: silentLogger,
    // A batch of 64 KiB is compressed by another thread.
    batchSize: 65_536,
    ...options,
  })
  return { cluster, topic, producer }
}

/** Neither all alike nor incompressible, so that batches grow beyond their first buffer. */
const textOf = (n: number): string => `${n} ${`status=${n % 7} path=/orders/${n * 7919} `.repeat(6)}`

for (const compressionType of compressionTypes.filter((type) => type !== 'none')) {
  test(`compression ${compressionType} - what other threads compress arrives whole, once and in order`, async (t) => {
    const { cluster, topic, producer } = await setUp(t, { compressionType, bufferMemory: 512 * 1024 })
    const sends = Array.from({ length: RECORDS }, (_, n) => producer.send({ topic, partition: n % PARTITIONS, value: textOf(n) }))
    const metadatas = await Promise.all(sends)
    await producer.close()
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const records = await cluster.records(topic, partition)
      assert.deepEqual(
        records.map(({ value }) => value?.toString()),
        Array.from({ length: RECORDS / PARTITIONS }, (_, i) => textOf(i * PARTITIONS + partition)),
      )
    }
    metadatas.forEach(({ offset, serializedValueSize }, n) => {
      assert.deepEqual([offset, serializedValueSize], [Math.floor(n / PARTITIONS), textOf(n).length])
    })
    assert.equal(producer.metrics()['buffer-available-bytes'], 512 * 1024)
  })

  test(`compression ${compressionType} - a forced close while threads compress ends every send once, and all memory comes back`, async (t) => {
    const { topic, producer } = await setUp(t, { compressionType })
    let ended = 0
    await producer.send({ topic, partition: 0, value: 'first' })
    for (let n = 0; n < RECORDS; n++) producer.send({ topic, partition: 0, value: textOf(n) }, () => ended++)
    await producer.close({ timeoutMs: 0 })
    assert.equal(ended, RECORDS)
    await until(() => producer.metrics()['buffer-available-bytes'] === 32 * 1024 * 1024, 'the memory')
    assert.equal(ended, RECORDS)
  })
}
