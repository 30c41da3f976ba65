import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { S3Client } from '@aws-sdk/client-s3'
import {
  type ConsumerInterceptor,
  jsonDeserializer,
  jsonSerializer,
  KafkaConsumer,
  KafkaProducer,
  loadConfig,
  type ProducerInterceptor,
  silentLogger,
} from 'sluice'
import {
  accessPolicy,
  claimCheck,
  context as correlation,
  currentContext,
  filter,
  route,
  runWithContext,
  s3Store,
  sizeGuard,
  transform,
} from 'sluice/interceptors'
import { FakeS3 } from '../../packages/sluice/src/interceptors/claim-check/fake-s3.testing.ts'
import { type TestCluster, testCluster } from '../support/test-cluster.ts'

function producerOf(cluster: TestCluster, interceptors: readonly ProducerInterceptor[], options: object = {}): KafkaProducer<any, any> {
  const { bootstrapServers } = cluster
  return new KafkaProducer(
    { bootstrapServers, valueSerializer: jsonSerializer(), keySerializer: jsonSerializer(), logger: silentLogger, ...options },
    interceptors,
  )
}

function consumerOf(
  cluster: TestCluster,
  topic: string,
  interceptors: readonly ConsumerInterceptor[],
  options: object = {},
): KafkaConsumer<any, any> {
  const consumer = new KafkaConsumer<any, any>(
    {
      bootstrapServers: cluster.bootstrapServers,
      groupId: cluster.unique('group'),
      keyDeserializer: jsonDeserializer(),
      valueDeserializer: jsonDeserializer(),
      autoOffsetReset: 'earliest',
      logger: silentLogger,
      ...options,
    },
    interceptors,
  )
  consumer.subscribe([topic])
  return consumer
}

/** The first values that a consumer gives out. */
async function read(consumer: KafkaConsumer<any, any>, count: number): Promise<any[]> {
  const values: any[] = []
  for await (const { value } of consumer) {
    values.push(value)
    if (values.length === count) break
  }
  return values
}

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-policies-'))
  context.after(() => rmSync(path, { recursive: true }))
  return path
}

test('policies - filter, transform and route by name from a configuration file', async (context) => {
  await using cluster = await testCluster()
  const [orders, eu] = [await cluster.createTopic(1), cluster.unique('eu')]
  await cluster.admin.createTopics([{ topic: eu, partitions: 1 }])
  await cluster.untilKnown(eu, 1)
  const cwd = folder(context)
  writeFileSync(
    join(cwd, 'sluice.config.yaml'),
    `producer:
  interceptors:
    - filter: { expression: 'value.amount > 10', onError: fail }
    - transform:
        steps:
          - insert: { topicField: source, static: { app: shop } }
          - rename: { id: orderId }
          - cast: { orderId: string }
          - mask: { fields: [card.number], replacement: '****' }
          - valueToKey: [orderId]
    - route: { rules: [{ when: { header: { key: region, value: eu } }, topic: '${eu}' }] }
    - size-guard: { maxBytes: 10000 }
consumer:
  interceptors:
    - filter: { language: jsonata, expression: 'value.app = "shop"' }
    - transform: { jsonata: '{ "order": orderId, "card": card.number }' }
`,
  )
  const config = await loadConfig(undefined, { cwd })
  await using producer = producerOf(cluster, config.producer.interceptors as ProducerInterceptor[])
  const card = { number: '4111' }
  const sent = await Promise.all([
    producer.send({ topic: orders, value: { id: 1, amount: 12, card } }),
    producer.send({ topic: orders, value: { id: 2, amount: 7, card } }),
    producer.send({ topic: orders, value: { id: 3, amount: 99, card }, headers: { region: 'eu' } }),
  ])
  assert.deepEqual(
    sent.map(({ topic, dropped }) => dropped ?? topic),
    [orders, 'does not match the filter', eu],
  )
  assert.deepEqual(card, { number: '4111' })
  const [stored] = await cluster.records(orders)
  assert.deepEqual(JSON.parse(String(stored!.value)), { orderId: '1', amount: 12, card: { number: '****' }, source: orders, app: 'shop' })
  assert.deepEqual(JSON.parse(String(stored!.key)), { orderId: '1' })
  const [routed] = await cluster.records(eu)
  assert.equal(String(routed!.headers.find(({ key }) => key === 'original-topic')?.value), orders)
  await using consumer = consumerOf(cluster, eu, config.consumer.interceptors as ConsumerInterceptor[])
  assert.deepEqual({ ...(await read(consumer, 1))[0] }, { order: '3', card: '****' })
})

test('policies - while interceptors are configured and others wait, each record keeps the context of its own send', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const slow: ProducerInterceptor = { name: 'slow', onSend: async (record) => new Promise((resolve) => setImmediate(resolve, record)) }
  await using producer = producerOf(cluster, [filter({ expression: 'value.n >= 0' }), correlation(), slow], { interceptorConcurrency: 2 })
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => runWithContext({ correlationId: `c-${n}` }, () => producer.send({ topic, value: { n } }))),
  )
  const stored = await cluster.records(topic)
  assert.deepEqual(
    stored.map(({ value, headers }) => [JSON.parse(String(value)).n, String(headers[0]?.value)]),
    Array.from({ length: 20 }, (_, n) => [n, `c-${n}`]),
  )
})

test('policies - context goes from a record through its handler into what is sent there', async () => {
  await using cluster = await testCluster()
  const [orders, invoices] = [await cluster.createTopic(2), await cluster.createTopic(1, {}, 'invoices')]
  const options = { headers: ['tenant'] }
  await using producer = producerOf(cluster, [correlation(options)])
  for (let n = 0; n < 10; n++) {
    await runWithContext({ correlationId: `c-${n}` }, () =>
      producer.send({ topic: orders, partition: n % 2, value: n, headers: { tenant: `t-${n}` } }),
    )
  }
  await using consumer = consumerOf(cluster, orders, [correlation(options)])
  const controller = new AbortController()
  let handled = 0
  await consumer.run({
    signal: controller.signal,
    eachRecord: async ({ value }) => {
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(currentContext()?.correlationId, `c-${value}`)
      await producer.send({ topic: invoices, value })
      if (++handled === 10) controller.abort()
    },
  })
  assert.equal(currentContext(), undefined)
  for (const { value, headers } of await cluster.records(invoices)) {
    const of = Object.fromEntries(headers.map((header) => [header.key, String(header.value)]))
    assert.deepEqual(of, { 'x-correlation-id': `c-${value}`, tenant: `t-${value}` })
  }
})

test('policies - accessPolicy keeps a client from sending and reading what it may not', async () => {
  await using cluster = await testCluster()
  const [open, closed] = [await cluster.createTopic(1), await cluster.createTopic(1, {}, 'secret')]
  const rules = [
    { effect: 'allow', topics: open },
    { effect: 'allow', topics: closed, clients: 'admin' },
  ] as const
  await using producer = producerOf(cluster, [accessPolicy({ rules })], { clientId: 'shop' })
  await using admin = producerOf(cluster, [accessPolicy({ rules })], { clientId: 'admin' })
  await producer.send({ topic: open, value: 1 })
  await admin.send({ topic: closed, value: 2 })
  await assert.rejects(producer.send({ topic: closed, value: 3 }), {
    code: 'POLICY_VIOLATION',
    message: `access policy: client "shop" may not send to topic "${closed}"`,
  })
  assert.equal((await cluster.records(closed)).length, 1)
  await using reader = consumerOf(cluster, closed, [accessPolicy({ rules })], { clientId: 'reader', groupId: 'readers' })
  await assert.rejects(read(reader, 1), {
    code: 'POLICY_VIOLATION',
    message: `access policy: client "reader" of group "readers" may not read from topic "${closed}"`,
  })
  await using allowed = consumerOf(cluster, open, [accessPolicy({ rules })], { clientId: 'reader' })
  assert.deepEqual(await read(allowed, 1), [1])
})

test('policies - large bodies go to a bucket and come back in order, and what is not sent is deleted there', async (context) => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  await using server = await FakeS3.start('secret')
  const client = new S3Client({
    endpoint: server.endpoint,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
  })
  context.after(() => client.destroy())
  const claims = () => claimCheck({ store: s3Store({ bucket: 'claims', client }), thresholdBytes: 1000 })
  const values = Array.from({ length: 20 }, (_, n) => ({ n, body: 'x'.repeat(n % 3 === 0 ? 5000 : 10) }))
  {
    await using producer = producerOf(cluster, [claims(), sizeGuard({ maxBytes: 2000 })])
    await Promise.all(values.map((value) => producer.send({ topic, value })))
    assert.equal(server.objects.size, 7)
    const tooMany = { filler: 'x'.repeat(3000) }
    await assert.rejects(producer.send({ topic, value: values[0], headers: tooMany }), { code: 'RECORD_TOO_LARGE' })
  }
  assert.equal(server.objects.size, 7)
  assert.ok((await cluster.records(topic)).every(({ value }) => value!.length < 300))
  await using consumer = consumerOf(cluster, topic, [claims()])
  assert.deepEqual(await read(consumer, 20), values)

  server.objects.clear()
  await using later = consumerOf(cluster, topic, [claims()])
  await assert.rejects(read(later, 1), { code: 'CLAIM_MISSING' })
})

test('policies - a body that is stored encrypted comes back plain, for paired interceptors run in reverse', async (context) => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  const directory = folder(context)
  const flip = (bytes: Buffer | null): Buffer | null => bytes && Buffer.from(bytes.map((byte) => byte ^ 0xff))
  const cipher: ProducerInterceptor & ConsumerInterceptor = {
    name: 'cipher',
    paired: true,
    onError: 'fail',
    onSerialized: (record) => ({ ...record, value: flip(record.value) }),
    onFetched: (record) => ({ ...record, value: flip(record.value) }),
  }
  const chain = () => [cipher, claimCheck({ store: { directory }, thresholdBytes: 100 })]
  await using producer = producerOf(cluster, chain())
  await producer.send({ topic, value: 'secret '.repeat(50) })
  assert.equal(readdirSync(directory, { recursive: true }).length, 2)
  await using consumer = consumerOf(cluster, topic, chain())
  assert.deepEqual(await read(consumer, 1), ['secret '.repeat(50)])
})

test('policies - transform, filter and route are replaced while records are on their way', async () => {
  await using cluster = await testCluster()
  const topic = await cluster.createTopic(1)
  await using producer = producerOf(cluster, [transform({ steps: [{ mask: ['card'] }] })])
  await producer.send({ topic, value: { card: '1' } })
  await producer.interceptors.replace([
    transform({ steps: [{ remove: ['card'] }] }),
    route({ rules: [{ when: { topic: 'none' }, topic: 'x' }] }),
  ])
  await producer.send({ topic, value: { card: '2', id: 2 } })
  await assert.rejects(producer.interceptors.replace([filter({ expression: 'value.(' })]), { code: 'CONFIG' })
  await producer.send({ topic, value: { card: '3', id: 3 } })
  assert.deepEqual(
    (await cluster.records(topic)).map(({ value }) => JSON.parse(String(value))),
    [{ card: '' }, { id: 2 }, { id: 3 }],
  )
})
