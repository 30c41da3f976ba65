// End-to-end latency in Redis: `node examples/latency-redis/main.ts [SECONDS]`. Uses the Redis at REDIS_URL, or starts one.
import { setTimeout as sleep } from 'node:timers/promises'
import { DevBroker } from '@sluice/devbroker'
import { Redis } from 'ioredis'
import { jsonDeserializer, jsonSerializer, KafkaConsumer, KafkaProducer } from 'sluice'
import { latency } from 'sluice/interceptors'
import { hasRedisServer, RedisServer } from './redis-server.ts'

const seconds = Number(process.argv[2] ?? 3)
const ORDERS_PER_SECOND = 200
const FLUSH_MS = 500

interface Order {
  readonly id: number
}

await using closing = new AsyncDisposableStack()
const url = process.env.REDIS_URL ?? (await ownRedis())
const broker = closing.use(await DevBroker.start({ topics: { orders: 3 } }))
const { bootstrapServers } = broker

// In a real application these are two processes: each has an interceptor of its own, and Redis has the sums of both.
const producer = closing.use(
  new KafkaProducer({ bootstrapServers, valueSerializer: jsonSerializer<Order>() }, [latency({ redis: url, flushMs: FLUSH_MS })]),
)
const measured = latency({ redis: url, flushMs: FLUSH_MS })
const consumer = closing.use(
  new KafkaConsumer({ bootstrapServers, groupId: 'billing', autoOffsetReset: 'earliest', valueDeserializer: jsonDeserializer<Order>() }, [
    measured,
  ]),
)
consumer.subscribe(['orders'])

const stop = new AbortController()
const handling = consumer.run({ signal: stop.signal, eachRecord: () => sleep(1) })
let id = 0
for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(1000 / ORDERS_PER_SECOND)) {
  await producer.send({ topic: 'orders', value: { id: ++id } })
}
while (measured.snapshot().handled.count < id) await sleep(20)
await sleep(2 * FLUSH_MS)

console.log('What this process measured from send to poll, and to the end of the handler:')
const { consumed, handled } = measured.snapshot()
console.table({ consumed, handled })
const all = await measured.stored()
console.log(`What all processes wrote to Redis: ${all.sent} sent, ${all.measured} measured, ${all.averageMs?.toFixed(3)} ms on average`)
console.log('\nThe same in Redis:')
const { port, hostname } = new URL(url)
const cli = `redis-cli -h ${hostname} -p ${port === '' ? 6379 : port}`
const redis = closing.adopt(new Redis(url), (client) => client.disconnect())
for (const key of ['totalSentMessage', 'totalLatency', 'avgLatency', 'totalMeasuredMessage']) {
  console.log(`  ${cli} get ${key}`.padEnd(64), await redis.get(key))
}
console.log(`  ${cli} hgetall latencyHistogram:billing`.padEnd(64), `${await redis.hlen('latencyHistogram:billing')} fields`)
stop.abort()
await handling

async function ownRedis(): Promise<string> {
  if (!hasRedisServer()) {
    console.error('There is no redis-server here: apt-get install redis-server, or say where one is: REDIS_URL=redis://localhost:6379')
    process.exit(1)
  }
  return closing.use(await RedisServer.start()).url
}
