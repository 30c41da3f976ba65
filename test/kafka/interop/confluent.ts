import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { isPeerInstalled, requirePeer } from '../../../tools/peers.ts'
import type { StartMember } from './group-member.ts'
import { fromBase64, type ReadRecord, type SentMetadata, type SentRecord } from './interop-record.ts'

const isRequired = process.env.SLUICE_REQUIRE_CONFLUENT !== undefined
const NOT_INSTALLED = "CONFLUENT'S CLIENT IS NOT INSTALLED: THIS TEST DID NOT RUN (node tools/peers.ts confluent builds it in two minutes)"
const TIMEOUT_MS = 60_000

/** A test that says so loudly when the client was not built: a failure where it must be there, else a skip with the reason. */
export function testWithConfluent(name: string, body: () => Promise<void>): void {
  test(name, async (context: TestContext) => {
    if (isPeerInstalled('confluent')) return body()
    context.diagnostic(NOT_INSTALLED)
    if (isRequired) assert.fail(NOT_INSTALLED)
    context.skip(NOT_INSTALLED)
  })
}

/** Sends all records without waiting in between; resolves with the metadata of each. Options are librdkafka's. */
export async function confluentProduce(bootstrapServers: string, options: object, records: readonly SentRecord[]): Promise<SentMetadata[]> {
  const { Producer } = requirePeer('confluent')
  const producer = new Producer({ 'bootstrap.servers': bootstrapServers, dr_cb: true, ...options })
  const metadata = new Array<SentMetadata>(records.length)
  const done = Promise.withResolvers<void>()
  let left = records.length
  producer.on(
    'delivery-report',
    (error: Error | null, report: { opaque: number; partition: number; offset: number; timestamp: number }) => {
      if (error) done.reject(error)
      const { opaque, partition, offset, timestamp } = report
      metadata[opaque] = { partition, offset, timestamp }
      if (--left === 0) done.resolve()
    },
  )
  await connected(producer)
  try {
    producer.setPollInterval(10)
    for (const [i, { topic, partition, key, value, headers, timestamp }] of records.entries()) {
      const list = headers.map(([name, bytes]) => ({ [name]: headerValue(bytes) }))
      producer.produce(topic, partition ?? null, fromBase64(value), fromBase64(key), timestamp ?? null, i, list)
    }
    await inTime(done.promise, 'the reports of delivery')
  } finally {
    await disconnected(producer)
  }
  return metadata
}

/** The first `count` records of a topic. The client tells no type of timestamp, and null header values as empty ones. */
export async function confluentConsume(
  bootstrapServers: string,
  topic: string,
  partitions: number,
  count: number,
): Promise<Omit<ReadRecord, 'timestampType'>[]> {
  const { KafkaConsumer } = requirePeer('confluent')
  const consumer = new KafkaConsumer(
    { 'bootstrap.servers': bootstrapServers, 'group.id': `assigned-${topic}`, 'enable.auto.commit': false },
    {},
  )
  await connected(consumer)
  const read: Omit<ReadRecord, 'timestampType'>[] = []
  try {
    consumer.setDefaultConsumeTimeout(200)
    consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })))
    const deadline = performance.now() + TIMEOUT_MS
    while (read.length < count) {
      if (performance.now() > deadline) throw new Error(`read ${read.length} of ${count} records in ${TIMEOUT_MS} ms`)
      const messages = await new Promise<any[]>((resolve, reject) => {
        consumer.consume(500, (error: Error | null, some: any[]) => (error ? reject(error) : resolve(some)))
      })
      for (const { partition, offset, timestamp, key, value, headers } of messages) {
        read.push({
          partition,
          offset,
          timestamp,
          key: key?.toString('base64') ?? null,
          value: value?.toString('base64') ?? null,
          headers: (headers ?? []).map((header: Record<string, Buffer>) => {
            const [[name, bytes] = ['', Buffer.alloc(0)]] = Object.entries(header)
            return [name, bytes.toString('base64')]
          }),
        })
      }
    }
  } finally {
    await disconnected(consumer)
  }
  return read
}

/** A member with librdkafka's way: offsets are stored when a record is handed out, and committed at the latest when its partition is revoked. */
export function confluentMember(bootstrapServers: string, strategy: string): StartMember {
  return (name, topic, groupId, observer) => {
    const { KafkaConsumer, CODES } = requirePeer('confluent')
    const consumer = new KafkaConsumer(
      {
        'bootstrap.servers': bootstrapServers,
        'group.id': groupId,
        'partition.assignment.strategy': strategy,
        'session.timeout.ms': 10_000,
        'heartbeat.interval.ms': 300,
        'auto.commit.interval.ms': 100,
        rebalance_cb: true,
      },
      { 'auto.offset.reset': 'earliest' },
    )
    let isLeaving = false
    consumer.on('rebalance', ({ code }: { code: number }, assignment: { partition: number }[]) => {
      const partitions = assignment.map(({ partition }) => partition)
      if (code === CODES.ERRORS.ERR__ASSIGN_PARTITIONS) observer.assigned(name, partitions)
      else observer.revoked(name, partitions)
    })
    consumer.on('rebalance.error', (error: Error) => observer.failed(name, error))
    const work = async (): Promise<void> => {
      await connected(consumer)
      consumer.setDefaultConsumeTimeout(100)
      consumer.subscribe([topic])
      while (!isLeaving) {
        const messages = await new Promise<any[]>((resolve, reject) => {
          consumer.consume(20, (error: Error | null, some: any[]) => (error ? reject(error) : resolve(some)))
        })
        for (const { partition, offset } of messages) observer.seen(name, partition, offset)
      }
    }
    const ended = work().catch((error) => observer.failed(name, error))
    return {
      name,
      // What is handed out while the consumer closes counts as consumed.
      dropsWhenLeaving: true,
      leave: async () => {
        isLeaving = true
        await ended
        await disconnected(consumer)
      },
    }
  }
}

/** The client turns an empty buffer into null, which it does not take as such; an empty string stays empty. */
function headerValue(text: string | null): Buffer | string {
  return text === null ? Buffer.alloc(0) : text === '' ? '' : Buffer.from(text, 'base64')
}

async function connected(client: any): Promise<void> {
  const ready = once(client, 'ready')
  client.connect({ timeout: 10_000 }, (error: Error | null) => {
    if (error) client.emit('error', error)
  })
  await inTime(ready, 'the connection')
}

async function disconnected(client: any): Promise<void> {
  const gone = once(client, 'disconnected')
  client.disconnect()
  await inTime(gone, 'the end of the connection')
}

async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${TIMEOUT_MS} ms for ${what}`)), TIMEOUT_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
