import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch } from '@sluice/protocol'
import { until } from '../network/testing/until.ts'
import type { ConsumerOptions } from '../options/consumer-options.ts'
import type { KafkaConsumer } from './consumer.ts'
import type { RebalanceListener } from './rebalance-listener.ts'
import { fetchResponse, ScriptedCluster } from './testing/scripted-cluster.ts'

const p0 = { topic: 't', partition: 0 }

/** A subscribed consumer of one partition with six records, which may be read again. */
function subscribed(
  options: Partial<ConsumerOptions<string, string>> = {},
  listener?: RebalanceListener,
): { cluster: ScriptedCluster; consumer: KafkaConsumer<string, string> } {
  const cluster = new ScriptedCluster()
  cluster.answers.Fetch = (request) => {
    const from: number = request.message.topics[0].partitions[0].fetchOffset
    const values = ['0', '1', '2', '3', '4', '5'].slice(from)
    if (values.length === 0) {
      // The end of a long poll: what was sought meanwhile waits for it.
      setTimeout(() => {
        if (cluster.client.requests.includes(request)) request.respond(fetchResponse(0, { records: null }))
      }, 2)
      return undefined
    }
    const records = values.map((value) => ({ value }))
    return fetchResponse(0, { records: encodeBatch(records, { baseOffset: from }) })
  }
  const consumer = cluster.consumer(options, [])
  consumer.subscribe(['t'], listener)
  return { cluster, consumer }
}

function committed(cluster: ScriptedCluster): number | undefined {
  return cluster.requests('OffsetCommit').at(-1)?.message.topics[0].partitions[0].committedOffset
}

test('consumer handlers - a handler may close the consumer and wait for it: its own record is not committed', {
  timeout: 5000,
}, async () => {
  const { cluster, consumer } = subscribed()
  const seen: number[] = []
  await consumer.run({
    async eachRecord({ offset }) {
      seen.push(offset)
      await new Promise(setImmediate)
      if (offset === 3) await consumer.close()
    },
  })
  assert.deepEqual(seen, [0, 1, 2, 3])
  assert.equal(committed(cluster), 3)
  assert.equal(cluster.requests('LeaveGroup').length, 1)
})

test('consumer handlers - a handler may unsubscribe and wait for it', { timeout: 5000 }, async () => {
  const { cluster, consumer } = subscribed()
  const stop = new AbortController()
  const seen: number[] = []
  await consumer.run({
    signal: stop.signal,
    async eachRecord({ offset }) {
      seen.push(offset)
      if (offset !== 3) return
      await consumer.unsubscribe()
      stop.abort()
    },
  })
  assert.deepEqual(seen, [0, 1, 2, 3])
  assert.equal(committed(cluster), 3)
  await consumer.close()
})

test('consumer handlers - another handler that is at work is waited for, at most as long as close may take', {
  timeout: 5000,
}, async () => {
  const { cluster, consumer } = subscribed()
  let isBlocked = false
  const running = consumer.run({
    eachRecord: ({ offset }) => {
      isBlocked = offset === 2
      return isBlocked ? new Promise<void>(() => {}) : undefined
    },
  })
  running.catch(() => {})
  await until(() => isBlocked)
  await consumer.close({ timeoutMs: 50 })
  assert.equal(committed(cluster) ?? 2, 2)
})

test('consumer handlers - the listener that close calls may wait for close, and for unsubscribe', { timeout: 5000 }, async () => {
  let calls = 0
  const noted = (ending: Promise<void>): Promise<void> => {
    calls++
    return ending
  }
  const closing = subscribed({}, { onPartitionsRevoked: () => noted(closing.consumer.close()) })
  await closing.consumer.poll()
  await closing.consumer.close()
  const leaving = subscribed({}, { onPartitionsRevoked: () => noted(leaving.consumer.unsubscribe()) })
  await leaving.consumer.poll()
  await leaving.consumer.unsubscribe()
  await leaving.consumer.close()
  assert.equal(calls, 2)
})

test('consumer handlers - after a seek in a handler or a loop the next record is the one sought', { timeout: 5000 }, async () => {
  const { consumer } = subscribed()
  const stop = new AbortController()
  const seen: number[] = []
  await consumer.run({
    signal: stop.signal,
    eachRecord({ offset }) {
      seen.push(offset)
      if (seen.length === 4) consumer.seek(p0, 1)
      if (offset === 5) stop.abort()
    },
  })
  assert.deepEqual(seen, [0, 1, 2, 3, 1, 2, 3, 4, 5])
  consumer.seek(p0, 0)
  const looped: number[] = []
  for await (const { offset } of consumer) {
    looped.push(offset)
    if (looped.length === 2) consumer.seek(p0, 4)
    if (offset === 5) break
  }
  assert.deepEqual(looped, [0, 1, 4, 5])
  await consumer.close()
})

test('consumer handlers - a partition that a handler or a loop pauses gives nothing more until it is resumed, and loses nothing', {
  timeout: 5000,
}, async () => {
  const { cluster, consumer } = subscribed()
  const stop = new AbortController()
  const seen: (number | string)[] = []
  const resume = (): void => {
    seen.push('resumed')
    consumer.resume([p0])
  }
  await consumer.run({
    signal: stop.signal,
    eachRecord({ offset }) {
      seen.push(offset)
      if (offset === 2) {
        consumer.pause([p0])
        setTimeout(resume, 20)
      }
      if (offset === 5) stop.abort()
    },
  })
  assert.deepEqual(seen, [0, 1, 2, 'resumed', 3, 4, 5])
  assert.equal(committed(cluster), 6)
  consumer.seek(p0, 0)
  seen.length = 0
  for await (const { offset } of consumer) {
    seen.push(offset)
    if (offset === 2) {
      consumer.pause([p0])
      setTimeout(resume, 20)
    }
    if (offset === 5) break
  }
  assert.deepEqual(seen, [0, 1, 2, 'resumed', 3, 4, 5])
  await consumer.close()
})

test('consumer handlers - while a handler hangs beyond maxPollIntervalMs the member leaves once, and joins again when it is done', {
  timeout: 5000,
}, async () => {
  const { cluster, consumer } = subscribed({ maxPollIntervalMs: 40, heartbeatIntervalMs: 10, sessionTimeoutMs: 1000 })
  const stop = new AbortController()
  const blocked = Promise.withResolvers<void>()
  let handled = 0
  const running = consumer.run({
    signal: stop.signal,
    async eachRecord() {
      handled++
      if (handled === 1) await blocked.promise
      if (handled === 3) stop.abort()
    },
  })
  await until(() => cluster.requests('LeaveGroup').length > 0)
  // Time for many rounds of leaving and joining.
  const joins = cluster.requests('JoinGroup').length
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(cluster.requests('JoinGroup').length, joins)
  assert.equal(cluster.requests('LeaveGroup').length, 1)
  blocked.resolve()
  await running
  assert.equal(cluster.requests('JoinGroup').length, joins + 1)
  await consumer.close()
})

test('consumer handlers - close comes to its end although an interceptor does not', { timeout: 5000 }, async () => {
  const consumer = new ScriptedCluster().consumer({}, [{ name: 'hangs', close: () => new Promise(() => {}) }])
  await consumer.close({ timeoutMs: 10 })
})

test('consumer handlers - a listener that would never be called, and a time that is none, are refused', async () => {
  const { consumer } = subscribed()
  for (const listener of [() => {}, {}, { onPartitionAssigned() {} }, { onPartitionsAssigned: 'x' }]) {
    assert.throws(() => consumer.subscribe(['t'], listener as RebalanceListener), { code: 'INVALID_ARGUMENT' })
  }
  for (const options of [{ timeoutMs: Number.NaN }, { timeoutMs: -1 }, { timeout: 5 }, 100, null] as object[]) {
    await assert.rejects(consumer.poll(options), { code: 'INVALID_ARGUMENT' })
  }
  await assert.rejects(consumer.run({ eachRecord() {}, concurency: 2 } as object), /"concurency"; did you mean "concurrency"\?/)
  await assert.rejects(consumer.commit([{ topic: 't', partition: -1, offset: 0 }]), { code: 'INVALID_ARGUMENT' })
  await consumer.close()
})
