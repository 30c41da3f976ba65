import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressionTypes, crc32c } from '@sluice/protocol'
import {
  type ConsumerInterceptor,
  type ConsumerRecord,
  KafkaConsumer,
  KafkaProducer,
  type ProducerInterceptor,
  type RecordMetadata,
  silentLogger,
} from 'sluice'
import { testCluster } from '../support/test-cluster.ts'

interface Sample {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: readonly (readonly [key: string, value: Buffer | null])[]
}

const bytes = (text: string): Buffer => Buffer.from(text)
const samples: readonly Sample[] = [
  { key: bytes('key'), value: bytes('value') },
  { key: null, value: bytes('keyvalue') },
  { key: bytes('keyvalue'), value: null },
  { key: Buffer.alloc(0), value: Buffer.alloc(0) },
  { key: null, value: null },
  { key: bytes('k'), value: Buffer.alloc(3000, 'abc') },
  { key: bytes('k'), value: bytes('v'), headers: [['trace', bytes('1')]] },
  {
    key: bytes('k'),
    value: bytes('v'),
    headers: [
      ['ünïcode', null],
      ['', Buffer.alloc(200, 1)],
    ],
  },
]

interface Setting {
  readonly compressionType?: (typeof compressionTypes)[number]
  readonly recordAudit?: boolean
  readonly producerInterceptors?: readonly ProducerInterceptor[]
  readonly consumerInterceptors?: readonly ConsumerInterceptor[]
}

async function passThrough(setting: Setting): Promise<{ acknowledged: RecordMetadata[]; consumed: ConsumerRecord[] }> {
  const { compressionType = 'none', recordAudit = false, producerInterceptors = [], consumerInterceptors = [] } = setting
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const common = { bootstrapServers: cluster.bootstrapServers, logger: silentLogger, recordAudit }
  await using producer = new KafkaProducer({ ...common, compressionType }, producerInterceptors)
  // Ever further apart, so that the deltas take one byte to many; never in the future, which Kafka refuses.
  const now = Date.now()
  const timestampOf = (index: number): number => Math.max(0, now - 40 ** index)
  const acknowledged = await Promise.all(samples.map((sample, index) => producer.send({ topic, timestamp: timestampOf(index), ...sample })))
  await using consumer = new KafkaConsumer(common, consumerInterceptors)
  consumer.assign([{ topic, partition: 0 }])
  consumer.seek({ topic, partition: 0 }, 0)
  const consumed: ConsumerRecord[] = []
  const deadline = performance.now() + 10_000
  while (consumed.length < samples.length) {
    assert.ok(performance.now() < deadline, `consumed ${consumed.length} of ${samples.length}`)
    consumed.push(...(await consumer.poll({ timeoutMs: 200 })))
  }
  return { acknowledged, consumed }
}

const audits = (records: readonly { readonly checksum?: number; readonly size?: number }[]) =>
  records.map(({ checksum, size }) => ({ checksum, size }))

for (const compressionType of compressionTypes) {
  test(`record audit - checksum and size are the same on both sides with compression ${compressionType}`, async () => {
    const { acknowledged, consumed } = await passThrough({ compressionType, recordAudit: true })
    assert.deepEqual(audits(consumed), audits(acknowledged))
    const checksums = samples.map(({ key, value }) => crc32c(Buffer.concat([key ?? bytes(''), value ?? bytes('')])))
    assert.deepEqual(
      acknowledged.map(({ checksum }) => checksum),
      checksums,
    )
    // Length, attributes, two deltas, the lengths of key and value, the count of headers: one byte each, then the content.
    assert.equal(acknowledged[0]!.size, 7 + 'key'.length + 'value'.length)
    assert.equal(acknowledged[4]!.size, 7)
    assert.equal(acknowledged[6]!.size, 7 + 2 + (1 + 'trace'.length) + (1 + 1))
  })
}

test('record audit - without being asked for neither side has the fields', async () => {
  const { acknowledged, consumed } = await passThrough({})
  for (const record of [...acknowledged, ...consumed]) {
    assert.equal('checksum' in record, false)
    assert.equal('size' in record, false)
  }
})

test('record audit - an interceptor that asks gets the fields, and everybody after it', async () => {
  const told: RecordMetadata[] = []
  const seen: ConsumerRecord[] = []
  const { acknowledged, consumed } = await passThrough({
    producerInterceptors: [
      { name: 'indifferent', needsRecordAudit: false },
      {
        name: 'audit',
        needsRecordAudit: true,
        onAcknowledgement(metadata) {
          told.push(metadata)
        },
      },
    ],
    consumerInterceptors: [
      {
        name: 'audit',
        needsRecordAudit: true,
        onConsume(records) {
          seen.push(...records)
          return records
        },
      },
    ],
  })
  assert.ok(acknowledged.every(({ checksum, size }) => checksum !== undefined && size !== undefined))
  assert.deepEqual(audits(told), audits(acknowledged))
  assert.deepEqual(audits(seen), audits(acknowledged))
  assert.deepEqual(audits(consumed), audits(acknowledged))
})

test('record audit - the checksum is of the bytes on the wire, whatever the deserializer makes of them', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const common = { bootstrapServers: cluster.bootstrapServers, logger: silentLogger, recordAudit: true }
  await using producer = new KafkaProducer(common)
  const { checksum } = await producer.send({ topic, value: bytes('sealed') })
  const unseal = { deserialize: (_topic: string, data: Buffer) => data.fill('x') }
  await using consumer = new KafkaConsumer({ ...common, valueDeserializer: unseal })
  consumer.assign([{ topic, partition: 0 }])
  consumer.seek({ topic, partition: 0 }, 0)
  const [record] = [...(await consumer.poll({ timeoutMs: 5000 }))]
  assert.equal(String(record?.value), 'xxxxxx')
  assert.equal(record?.checksum, checksum)
})

test('record audit - a needsRecordAudit that is neither true nor false is refused', () => {
  const interceptor = { name: 'audit', needsRecordAudit: 1 } as unknown as ProducerInterceptor
  assert.throws(() => new KafkaProducer({ bootstrapServers: 'localhost:1', logger: silentLogger }, [interceptor]), {
    code: 'CONFIG',
    message: 'interceptor "audit": needsRecordAudit must be true or false, not number',
  })
})
