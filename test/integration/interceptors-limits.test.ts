import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ConsumerInterceptor,
  KafkaConsumer,
  type KafkaError,
  KafkaProducer,
  type ProducerInterceptor,
  silentLogger,
  stringDeserializer,
  stringSerializer,
} from 'sluice'
import { dedupe, latency, rateLimit } from 'sluice/interceptors'
import { type TestCluster, testCluster } from '../support/test-cluster.ts'

interface World {
  readonly cluster: TestCluster
  producer(interceptors: readonly ProducerInterceptor[], options?: object): KafkaProducer<string, string>
  consumer(interceptors: readonly ConsumerInterceptor[], options: { readonly groupId: string }): KafkaConsumer<string, string>
}

async function withClients(use: (world: World) => Promise<void>): Promise<void> {
  await using cluster = await testCluster()
  await using closing = new AsyncDisposableStack()
  const common = { bootstrapServers: cluster.bootstrapServers, logger: silentLogger }
  await use({
    cluster,
    producer: (interceptors, options = {}) =>
      closing.use(
        new KafkaProducer(
          { ...common, lingerMs: 0, keySerializer: stringSerializer, valueSerializer: stringSerializer, ...options },
          interceptors,
        ),
      ),
    consumer: (interceptors, options) =>
      closing.use(
        new KafkaConsumer(
          {
            ...common,
            autoOffsetReset: 'earliest',
            fetchMaxWaitMs: 50,
            heartbeatIntervalMs: 100,
            enableAutoCommit: false,
            keyDeserializer: stringDeserializer,
            valueDeserializer: stringDeserializer,
            ...options,
          },
          interceptors,
        ),
      ),
  })
}

async function pollFor(consumer: KafkaConsumer<string, string>, count: number): Promise<string[]> {
  const values: string[] = []
  const deadline = performance.now() + 10_000
  while (values.length < count) {
    assert.ok(performance.now() < deadline, `only ${values.length} of ${count} records came`)
    for (const { value } of await consumer.poll({ timeoutMs: 100 })) values.push(value!)
  }
  return values
}

test('dedupe with poll - what was not committed comes again, and what was committed is done', () =>
  withClients(async ({ cluster, producer, consumer }) => {
    const topic = await cluster.createTopic(1)
    const groupId = cluster.unique('group')
    const sender = producer([])
    for (const id of ['a', 'b', 'a', 'c']) await sender.send({ topic, value: id, headers: { id } })
    const interceptor = dedupe()
    const first = consumer([interceptor], { groupId })
    first.subscribe([topic])
    assert.deepEqual(await pollFor(first, 3), ['a', 'b', 'c'])
    await first.close()
    const second = consumer([interceptor], { groupId })
    second.subscribe([topic])
    assert.deepEqual(await pollFor(second, 3), ['a', 'b', 'c'])
    await second.commit()
    for (const id of ['b', 'd']) await sender.send({ topic, value: id, headers: { id } })
    assert.deepEqual(await pollFor(second, 1), ['d'])
    assert.equal(second.interceptors.stats()[0]?.dropped, 2)
  }))

test('dedupe with run - a record whose handler fails comes again, although its id was claimed', () =>
  withClients(async ({ cluster, producer, consumer }) => {
    const topic = await cluster.createTopic(1)
    const sender = producer([])
    for (const id of ['a', 'a', 'b']) await sender.send({ topic, value: id, headers: { id } })
    const reader = consumer([dedupe()], { groupId: cluster.unique('group') })
    reader.subscribe([topic])
    const stop = new AbortController()
    const handled: string[] = []
    let failures = 2
    for (let run = 0; run < 3; run++) {
      const running = reader.run({
        signal: stop.signal,
        eachRecord({ value }) {
          if (value === 'a' && failures-- > 0) throw new Error('handler')
          handled.push(value!)
          if (value === 'b') stop.abort()
        },
      })
      if (run < 2) await assert.rejects(running, /handler/)
      else await running
    }
    assert.deepEqual(handled, ['a', 'b'])
  }))

test('dedupe on a producer - an id is sent once, and one that failed may be sent again', () =>
  withClients(async ({ cluster, producer }) => {
    const topic = await cluster.createTopic(1)
    const sender = producer([dedupe({ id: 'key' })], { maxRequestSize: 1000 })
    const send = (value: string) => sender.send({ topic, key: 'k', value })
    await assert.rejects(send('x'.repeat(2000)), { code: 'RECORD_TOO_LARGE' })
    const [first, second] = await Promise.allSettled([send('one'), send('two')])
    assert.equal(first.status, 'fulfilled')
    assert.equal(((second as PromiseRejectedResult).reason as KafkaError).code, 'DUPLICATE_IN_FLIGHT')
    assert.equal((await send('three')).dropped, 'duplicate')
    assert.deepEqual(
      (await cluster.records(topic, 0)).map(({ value }) => value?.toString()),
      ['one'],
    )
  }))

test('rateLimit on a producer - records wait in order, and none is lost', () =>
  withClients(async ({ cluster, producer }) => {
    const topic = await cluster.createTopic(1)
    const sender = producer([rateLimit({ points: 20, durationMs: 100 })])
    const began = performance.now()
    const sent = await Promise.all(Array.from({ length: 100 }, (_, n) => sender.send({ topic, value: String(n) })))
    assert.ok(performance.now() - began >= 300, 'five windows of 100 ms began')
    assert.deepEqual(
      sent.map(({ offset }) => offset),
      sent.map((_, n) => n),
    )
    assert.deepEqual(
      (await cluster.records(topic, 0)).map(({ value }) => Number(value)),
      sent.map((_, n) => n),
    )
  }))

test('rateLimit on a producer - a wait ends with timeoutMs, and the record that is too much fails with the cause', () =>
  withClients(async ({ cluster, producer }) => {
    const topic = await cluster.createTopic(1)
    const sender = producer([rateLimit({ points: 1, durationMs: 600_000, timeoutMs: 50 })])
    await sender.send({ topic, value: 'a' })
    const error = (await sender.send({ topic, value: 'b' }).catch((reason) => reason)) as KafkaError
    assert.deepEqual([error.code, (error.cause as KafkaError).code], ['INTERCEPTOR', 'TIMEOUT'])
    const bytes = producer([rateLimit({ unit: 'bytes', points: 10, mode: 'reject', durationMs: 600_000 })])
    await bytes.send({ topic, key: '1234', value: '56789' })
    const refused = (await bytes.send({ topic, value: '12' }).catch((reason) => reason)) as KafkaError & { retryAfterMs: number }
    assert.deepEqual([refused.code, refused.topic, refused.retriable], ['RATE_LIMITED', topic, true])
    assert.ok(refused.retryAfterMs > 0 && refused.retryAfterMs <= 600_000)
  }))

test('rateLimit on a consumer - poll and handlers get every record, in order, no faster than allowed', () =>
  withClients(async ({ cluster, producer, consumer }) => {
    const topic = await cluster.createTopic(1)
    const sender = producer([])
    await Promise.all(Array.from({ length: 60 }, (_, n) => sender.send({ topic, value: String(n) })))
    const all = Array.from({ length: 60 }, (_, n) => String(n))
    const polling = consumer([rateLimit({ points: 20, durationMs: 100 })], { groupId: cluster.unique('group') })
    polling.subscribe([topic])
    assert.deepEqual(await pollFor(polling, 60), all)
    const running = consumer([rateLimit({ points: 20, durationMs: 100, pace: 'handler' })], { groupId: cluster.unique('group') })
    running.subscribe([topic])
    const stop = new AbortController()
    const handled: string[] = []
    const began = performance.now()
    await running.run({
      signal: stop.signal,
      eachRecord({ value }) {
        handled.push(value!)
        if (handled.length === 60) stop.abort()
      },
    })
    assert.deepEqual(handled, all)
    assert.ok(performance.now() - began >= 190, 'the last of three windows began 200 ms after the first')
  }))

test('rateLimit on a consumer - in mode reject, poll gives out what may pass, and the rest later', () =>
  withClients(async ({ cluster, producer, consumer }) => {
    const topic = await cluster.createTopic(1)
    const sender = producer([])
    await Promise.all(Array.from({ length: 10 }, (_, n) => sender.send({ topic, value: String(n) })))
    const reader = consumer([rateLimit({ points: 4, durationMs: 300, mode: 'reject' })], { groupId: cluster.unique('group') })
    reader.subscribe([topic])
    const values: string[] = []
    let refused = 0
    const deadline = performance.now() + 10_000
    while (values.length < 10) {
      assert.ok(performance.now() < deadline, `only ${values} came`)
      try {
        for (const { value } of await reader.poll({ timeoutMs: 100 })) values.push(value!)
      } catch (error) {
        const { code, retryAfterMs } = error as KafkaError & { retryAfterMs: number }
        assert.equal(code, 'RATE_LIMITED')
        refused++
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs))
      }
    }
    assert.deepEqual(values, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    assert.ok(refused >= 2)
  }))

test('latency - the header measures from the send whatever the timestamp is, also over a second hop', () =>
  withClients(async ({ cluster, producer, consumer }) => {
    const [first, second] = [await cluster.createTopic(1), await cluster.createTopic(1)]
    const byHeader = latency({ from: 'header' })
    const byTimestamp = latency()
    const sender = producer([byHeader])
    await sender.send({ topic: first, value: 'v', timestamp: Date.now() - 3_600_000 })
    const hop = consumer([], { groupId: cluster.unique('group') })
    hop.subscribe([first])
    const [record] = await hop.poll({ timeoutMs: 5000 })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await sender.send({ topic: second, value: 'v', headers: record!.headers, timestamp: record!.timestamp })
    const reader = consumer([byHeader, byTimestamp], { groupId: cluster.unique('group') })
    reader.subscribe([second])
    await pollFor(reader, 1)
    const { consumed, sent } = byHeader.snapshot()
    assert.equal(sent, 2)
    assert.ok(consumed.maxMs! >= 100 && consumed.maxMs! < 60_000, `${consumed.maxMs} ms`)
    assert.ok(byTimestamp.snapshot().consumed.maxMs! >= 3_600_000)
  }))
