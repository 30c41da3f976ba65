import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import {
  type ConsumerInterceptor,
  KafkaConsumer,
  type KafkaError,
  KafkaProducer,
  type ProducerInterceptor,
  stringDeserializer,
  stringSerializer,
} from 'sluice'
import { dedupe, latency, rateLimit } from 'sluice/interceptors'
import { CollectingLogger } from 'sluice/testing'
import { hasRedisServer, RedisServer } from '../../examples/latency-redis/redis-server.ts'
import { eventually } from '../support/eventually.ts'
import { needs, type TestCluster, testCluster } from '../support/test-cluster.ts'

const isInstalled = hasRedisServer()
const isRequired = process.env.SLUICE_REQUIRE_REDIS === '1'
const NOT_INSTALLED = 'REDIS-SERVER IS NOT INSTALLED: THIS TEST DID NOT RUN (apt-get install redis-server)'

interface World {
  readonly cluster: TestCluster
  readonly server: RedisServer
  readonly redis: Redis
  readonly log: CollectingLogger
  producer(...interceptors: ProducerInterceptor[]): KafkaProducer<string, string>
  consumer(groupId: string, ...interceptors: ConsumerInterceptor[]): KafkaConsumer<string, string>
}

/** Says so loudly when there is no Redis: a failure where it must be there, else a skip with the reason. */
function withRedis(name: string, body: (world: World) => Promise<void>, options: { readonly skip?: string } = {}): void {
  test(`redis - ${name}`, { timeout: 60_000, ...options }, async (context: TestContext) => {
    if (!isInstalled) {
      context.diagnostic(NOT_INSTALLED)
      if (isRequired) assert.fail(NOT_INSTALLED)
      return context.skip(NOT_INSTALLED)
    }
    await using closing = new AsyncDisposableStack()
    const cluster = closing.use(await testCluster())
    const server = closing.use(await RedisServer.start())
    const redis = closing.adopt(new Redis(server.url, { maxRetriesPerRequest: null }), (client) => client.disconnect())
    redis.on('error', () => {})
    const log = new CollectingLogger()
    const common = { bootstrapServers: cluster.bootstrapServers, logger: log }
    await body({
      cluster,
      server,
      redis,
      log,
      producer: (...interceptors) =>
        closing.use(
          new KafkaProducer({ ...common, lingerMs: 1, keySerializer: stringSerializer, valueSerializer: stringSerializer }, interceptors),
        ),
      consumer: (groupId, ...interceptors) =>
        closing.use(
          new KafkaConsumer(
            {
              ...common,
              groupId,
              autoOffsetReset: 'earliest',
              fetchMaxWaitMs: 50,
              heartbeatIntervalMs: 100,
              keyDeserializer: stringDeserializer,
              valueDeserializer: stringDeserializer,
            },
            interceptors,
          ),
        ),
    })
  })
}

async function sendMany(producer: KafkaProducer<string, string>, topic: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => producer.send({ topic, key: `k${n}`, value: String(n) })))
}

async function consumeMany(consumer: KafkaConsumer<string, string>, count: number): Promise<string[]> {
  const values: string[] = []
  const deadline = performance.now() + 20_000
  while (values.length < count) {
    assert.ok(performance.now() < deadline, `only ${values.length} of ${count} records came`)
    for (const { value } of await consumer.poll({ timeoutMs: 100 })) values.push(value!)
  }
  return values
}

const numbers = (...texts: (string | null)[]): number[] => texts.map(Number)

withRedis(
  'latency: the classic keys hold exactly what all producers sent and all consumers measured',
  async ({ cluster, redis, server, ...world }) => {
    const topic = await cluster.createTopic(4)
    const group = cluster.unique('group')
    const producers = [1, 2].map(() => world.producer(latency({ redis: server.url, flushMs: 50 })))
    await Promise.all(producers.map((producer) => sendMany(producer, topic, 1000)))
    const measuring = [1, 2].map(() => latency({ redis, flushMs: 50 }))
    const consumers = measuring.map((interceptor) => world.consumer(group, interceptor))
    const stop = new AbortController()
    for (const consumer of consumers) consumer.subscribe([topic])
    const runs = consumers.map((consumer) => consumer.run({ signal: stop.signal, eachRecord: () => {} }))
    await eventually(() => measuring.reduce((sum, interceptor) => sum + interceptor.snapshot().handled.count, 0), 2000)
    await eventually(async () => numbers(...(await redis.mget('totalSentMessage', 'totalMeasuredMessage'))), [2000, 2000])
    const [sum, average] = numbers(...(await redis.mget('totalLatency', 'avgLatency')))
    assert.equal(average, Number((sum! / 2000).toFixed(3)))
    await eventually(async () => (await measuring[0]!.stored()).handled.count, 2000)
    const { consumed, handled, averageMs } = await measuring[0]!.stored()
    assert.equal(averageMs, sum! / 2000)
    const mine = measuring.map((interceptor) => interceptor.snapshot())
    assert.equal(consumed.count, mine[0]!.consumed.count + mine[1]!.consumed.count)
    assert.equal(consumed.maxMs, Math.max(...mine.map((snapshot) => snapshot.consumed.maxMs ?? 0)))
    assert.equal(consumed.minMs, Math.min(...mine.map((snapshot) => snapshot.consumed.minMs ?? Number.POSITIVE_INFINITY)))
    assert.ok(handled.p99Ms! >= handled.p50Ms! && handled.p99Ms! <= handled.maxMs!)
    stop.abort()
    await Promise.all(runs)
  },
)

withRedis(
  'latency: Redis is killed and comes back, and not a record is missing or counted twice',
  async ({ cluster, server, redis, log, ...world }) => {
    const topic = await cluster.createTopic(1)
    const measuring = latency({ redis: server.url, flushMs: 20, redisTimeoutMs: 200 })
    const producer = world.producer(measuring)
    for (let round = 0; round < 3; round++) {
      await sendMany(producer, topic, 500)
      await server.kill()
      await sendMany(producer, topic, 500)
      await eventually(() => log.messages('warn').length, round + 1)
      await server.start()
      await eventually(() => log.messages('info').length, round + 1)
    }
    await producer.close()
    assert.equal(Number(await redis.get('totalSentMessage')), 3000)
    assert.match(log.messages('warn').join(), /Redis does not take the sums; they are kept/)
    assert.ok(!log.text().includes(server.url))
  },
)

withRedis(
  'latency: a write that Redis carries out after its answer was given up counts once',
  async ({ cluster, server, redis, log, ...world }) => {
    const topic = await cluster.createTopic(1)
    const producer = world.producer(latency({ redis, flushMs: 20, redisTimeoutMs: 50 }))
    await sendMany(producer, topic, 100)
    await eventually(async () => Number(await redis.get('totalSentMessage')), 100)
    server.freeze()
    await sendMany(producer, topic, 100)
    await eventually(() => log.messages('warn').length, 1)
    // Several tries of the same write lie in the connection by now.
    await new Promise((resolve) => setTimeout(resolve, 400))
    server.resume()
    await eventually(async () => Number(await redis.get('totalSentMessage')), 200)
    await sendMany(producer, topic, 50)
    await producer.close()
    assert.equal(Number(await redis.get('totalSentMessage')), 250)
  },
)

withRedis('latency: close writes what is left, and ends in time when Redis is away', async ({ cluster, server, redis, log, ...world }) => {
  const topic = await cluster.createTopic(1)
  const first = world.producer(latency({ redis: server.url, flushMs: 3_600_000 }))
  await sendMany(first, topic, 10)
  await first.close()
  assert.equal(await redis.get('totalSentMessage'), '10')
  const second = world.producer(latency({ redis: server.url, flushMs: 3_600_000, closeTimeoutMs: 100 }))
  await sendMany(second, topic, 10)
  await server.kill()
  await second.close()
  assert.match(log.messages('warn').at(-1)!, /closed before Redis took the last sums/)
})

withRedis('latency: keys that hold something else are told of and left as they are', async ({ cluster, server, redis, log, ...world }) => {
  const topic = await cluster.createTopic(1)
  await redis.set('avgLatency', 'not a number')
  const producer = world.producer(latency({ redis: server.url, flushMs: 20 }))
  await sendMany(producer, topic, 10)
  await eventually(() => log.messages('warn').length, 1)
  assert.match(log.text(), /avgLatency holds something else than a number/)
  assert.equal(await redis.get('totalSentMessage'), null)
  await redis.del('avgLatency')
  await eventually(async () => await redis.get('totalSentMessage'), '10')
})

withRedis(
  'dedupe: consumers of a group share ids, and a record whose handler failed comes again',
  async ({ cluster, server, redis, ...world }) => {
    const topic = await cluster.createTopic(3)
    const group = cluster.unique('group')
    const producer = world.producer()
    const total = 300
    // Every id three times, over all partitions.
    const copies = Array.from({ length: total * 3 }, (_, n) =>
      producer.send({ topic, partition: n % 3, value: String(Math.floor(n / 3)), headers: { id: `id-${Math.floor(n / 3)}` } }),
    )
    await Promise.all(copies)
    const handled: string[] = []
    const failed = new Set<string>()
    const interceptors = [dedupe({ redis }), dedupe({ redis: server.url })]
    const stop = new AbortController()
    const work = async (interceptor: ConsumerInterceptor): Promise<void> => {
      const consumer = world.consumer(group, interceptor)
      consumer.subscribe([topic])
      while (!stop.signal.aborted) {
        const run = consumer.run({
          signal: stop.signal,
          async eachRecord({ value }) {
            if (Number(value) % 100 === 7 && !failed.has(value!)) {
              failed.add(value!)
              throw new Error('handler')
            }
            handled.push(value!)
          },
        })
        await run.catch((error: Error) => assert.equal(error.message, 'handler'))
      }
    }
    const working = interceptors.map(work)
    await eventually(() => new Set(handled).size, total)
    await eventually(() => interceptors.reduce((sum, one) => sum + one.counts().duplicates, 0) >= total * 2, true)
    stop.abort()
    await Promise.all(working)
    assert.equal(failed.size, 3)
    assert.deepEqual([...handled].sort(), Array.from({ length: total }, (_, n) => String(n)).sort())
  },
)

withRedis(
  'dedupe: while Redis is away every record is given out, and afterwards it works again',
  async ({ cluster, server, redis, log, ...world }) => {
    const topic = await cluster.createTopic(1)
    const producer = world.producer()
    const send = (id: string) => producer.send({ topic, value: id, headers: { id } })
    const consumer = world.consumer(cluster.unique('group'), dedupe({ redis: server.url }))
    consumer.subscribe([topic])
    await Promise.all([send('a'), send('a'), send('b')])
    assert.deepEqual(await consumeMany(consumer, 2), ['a', 'b'])
    await server.kill()
    await Promise.all([send('b'), send('c'), send('c')])
    assert.deepEqual(await consumeMany(consumer, 3), ['b', 'c', 'c'])
    assert.deepEqual(log.messages('warn').filter((line) => line.startsWith('dedupe')).length, 1)
    await server.start()
    await eventually(async () => {
      await send(`probe-${Math.random()}`)
      await consumeMany(consumer, 1)
      return log.messages('info').includes('dedupe: Redis answers again')
    }, true)
    await Promise.all([send('b'), send('d'), send('d')])
    assert.deepEqual(await consumeMany(consumer, 1), ['d'])
    assert.ok((await redis.keys('sluice:dedupe:*')).length >= 3)
  },
)

withRedis(
  'dedupe: in a producer a send that was acknowledged is dropped in every process',
  async ({ cluster, server, redis, ...world }) => {
    const topic = await cluster.createTopic(1)
    const [one, two] = [world.producer(dedupe({ redis: server.url })), world.producer(dedupe({ redis }))]
    const record = { topic, value: 'v', headers: { id: 'x' } }
    assert.equal((await one.send(record)).offset, 0)
    await eventually(async () => (await redis.keys('*')).length, 1)
    await eventually(async () => (await redis.get((await redis.keys('*'))[0]!))?.[0], '+')
    assert.equal((await two.send(record)).dropped, 'duplicate')
    assert.equal((await cluster.records(topic, 0)).length, 1)
  },
)

withRedis(
  'rateLimit: processes share a limit through Redis, and keep it by themselves while it is away',
  async ({ cluster, server, redis, log, ...world }) => {
    const topic = await cluster.createTopic(1)
    const options = { points: 50, durationMs: 30_000, per: 'topic', mode: 'reject' } as const
    const producers = [
      world.producer(rateLimit({ ...options, redis: server.url, keyPrefix: 'one' })),
      world.producer(rateLimit({ ...options, redis, keyPrefix: 'one' })),
    ]
    const passing = async (producer: KafkaProducer<string, string>, count: number): Promise<number> => {
      const sends = Array.from({ length: count }, () => producer.send({ topic, value: 'v' }))
      const settled = await Promise.allSettled(sends)
      for (const one of settled) {
        if (one.status === 'rejected') assert.equal((one.reason as KafkaError).code, 'RATE_LIMITED')
      }
      return settled.filter(({ status }) => status === 'fulfilled').length
    }
    const [first, second] = await Promise.all(producers.map((producer) => passing(producer, 100)))
    assert.equal(first! + second!, 50)
    const alone = world.producer(rateLimit({ ...options, redis: server.url, keyPrefix: 'two' }))
    await server.kill()
    assert.equal(await passing(alone, 100), 50)
    assert.deepEqual(log.messages('warn'), ['rate-limit: Redis does not answer as it should; this process keeps the limit by itself'])
  },
)

withRedis(
  'a Redis that wants a password lets records pass, and the log says that it does, and not which was given',
  async ({ cluster, server, redis, log, ...world }) => {
    await redis.call('CONFIG', 'SET', 'requirepass', 'right')
    const topic = await cluster.createTopic(1)
    const url = server.url.replace('redis://', 'redis://:marker@')
    const producer = world.producer(
      dedupe({ redis: url, id: 'key' }),
      rateLimit({ redis: url }),
      latency({ redis: url, flushMs: 10, redisTimeoutMs: 500, closeTimeoutMs: 500 }),
    )
    await sendMany(producer, topic, 10)
    await eventually(() => log.messages('warn').filter((message) => message.startsWith('latency')).length, 1)
    const warnings = log.lines.filter(({ level, message }) => level === 'warn' && /Redis/.test(message))
    assert.equal(warnings.length, 3)
    for (const { fields } of warnings) assert.match(String(fields?.error), /WRONGPASS|NOAUTH/)
    await producer.close()
    assert.doesNotMatch(log.text(), /marker/)
  },
)

withRedis(
  'the example latency-redis prints what is in Redis',
  async ({ server }) => {
    const main = fileURLToPath(new URL('../../examples/latency-redis/main.ts', import.meta.url))
    const child = spawn(process.execPath, [main, '1'], {
      env: { ...process.env, REDIS_URL: server.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    const [code] = await once(child, 'close')
    assert.equal(code, 0, output)
    const told = (key: string): number => Number(new RegExp(`get ${key} +(\\S+)`).exec(output)?.[1])
    assert.ok(told('totalSentMessage') > 10, output)
    assert.equal(told('totalMeasuredMessage'), told('totalSentMessage'))
    assert.equal(told('avgLatency'), Number((told('totalLatency') / told('totalMeasuredMessage')).toFixed(3)))
  },
  needs({ devBroker: 'the example starts a broker of its own' }),
)
