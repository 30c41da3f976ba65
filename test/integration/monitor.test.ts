import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Monitor, type RangesAnswer, type StreamRow, type StreamsAnswer } from '@sluice/monitor'
import { silentLogger } from 'sluice'
import type { MonitoredClientEvent, MonitoredClientOptions } from '../support/monitored-client.ts'
import { testCluster } from '../support/test-cluster.ts'

const script = fileURLToPath(new URL('../support/monitored-client.ts', import.meta.url))

/** A child process, what it told, and what is told next. */
class Client {
  readonly events: MonitoredClientEvent[] = []
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #waiting = new Set<() => void>()

  constructor(options: MonitoredClientOptions) {
    this.#process = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#exited = once(this.#process, 'exit')
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      this.events.push(JSON.parse(line))
      for (const check of this.#waiting) check()
    })
  }

  consumed(): number {
    return this.events.reduce((sum, event) => sum + (event.event === 'consumed' ? event.count : 0), 0)
  }

  command(line: 'skip' | 'close'): void {
    this.#process.stdin!.write(`${line}\n`)
  }

  async until<E extends MonitoredClientEvent['event']>(event: E): Promise<Extract<MonitoredClientEvent, { event: E }>> {
    const found = () => this.events.find((one) => one.event === event) as Extract<MonitoredClientEvent, { event: E }> | undefined
    await this.untilTrue(() => found() !== undefined, event)
    return found()!
  }

  async untilTrue(condition: () => boolean, what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check)
        reject(new Error(`no "${what}" in 30 s, after ${JSON.stringify(this.events.slice(-5))}`))
      }, 30_000)
      const check = (): void => {
        if (!condition()) return
        clearTimeout(timer)
        this.#waiting.delete(check)
        resolve()
      }
      this.#waiting.add(check)
      check()
    })
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }
}

async function ask<T>(monitor: Monitor, path: string): Promise<T> {
  const response = await fetch(new URL(path, monitor.url))
  assert.equal(response.status, 200, `${path}: ${response.status}`)
  return (await response.json()) as T
}

/** Asks until the stream is as it should be; then gives it back. */
async function streamWhen(monitor: Monitor, topic: string, group: string, isRight: (row: StreamRow) => boolean): Promise<StreamRow> {
  const deadline = performance.now() + 45_000
  for (;;) {
    const { streams } = await ask<StreamsAnswer>(monitor, '/api/v1/streams')
    const row = streams.find((stream) => stream.topic === topic && stream.group === group)
    if (row !== undefined && isRight(row)) return row
    if (performance.now() > deadline) assert.fail(`the stream stays ${JSON.stringify(row ?? streams)}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

test('monitor - with a consumer killed and a range skipped, two collectors name exactly that range, and again after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-monitor-'))
  const clients: Client[] = []
  try {
    await using cluster = await testCluster()
    const { bootstrapServers } = cluster
    const topic = await cluster.createTopic(3)
    const reportTopic = await cluster.createTopic(4, { 'message.timestamp.type': 'LogAppendTime' }, 'reports')
    const group = cluster.unique('billing')
    const collector = () =>
      Monitor.start({
        bootstrapServers,
        topic: reportTopic,
        share: true,
        store: join(folder, 'monitor.db'),
        port: 0,
        kafka: { sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 },
        logger: silentLogger,
      })
    await using first = await collector()
    await using second = await collector()
    const start = (role: 'producer' | 'consumer', clientId: string, more: Partial<MonitoredClientOptions> = {}): Client => {
      const client = new Client({ role, bootstrapServers, topic, reportTopic, clientId, group, ...more })
      clients.push(client)
      return client
    }
    const consumers = ['c1', 'c2', 'c3'].map((name) => start('consumer', name))
    // Each has one partition before anything is sent.
    await Promise.all(
      consumers.map((consumer) =>
        consumer.untilTrue(() => {
          const last = consumer.events.findLast((event) => event.event === 'assigned')
          return last?.event === 'assigned' && last.partitions.length === 1
        }, 'one partition'),
      ),
    )
    const producers = ['p1', 'p2'].map((name) => start('producer', name, { records: 500, perSecond: 100 }))
    const [killed, skips] = consumers as [Client, Client, Client]
    await Promise.all(consumers.map((consumer) => consumer.untilTrue(() => consumer.consumed() >= 50, '50 records')))
    await killed.kill()
    skips.command('skip')
    const { partition, first: from, last: to } = await skips.until('skipped')
    const produced = await Promise.all(producers.map((producer) => producer.until('produced')))
    assert.deepEqual(
      produced.map(({ count }) => count),
      [500, 500],
    )
    const isRight = (row: StreamRow): boolean => row.produced === 1000 && row.missing > 0 && row.lag === 0
    for (const monitor of [first, second]) {
      const row = await streamWhen(monitor, topic, group, isRight)
      assert.equal(row.missing, 7)
      // What the killed one gave out and did not tell is not called missing.
      assert.ok(row.consumed + row.missing + row.unverified <= 1000, JSON.stringify(row))
      const { ranges } = await ask<RangesAnswer>(monitor, `/api/v1/streams/${topic}/${group}/ranges?kind=missing`)
      assert.deepEqual(
        ranges.map(({ kind, partition, first, last, count }) => ({ kind, partition, first, last, count })),
        [{ kind: 'missing', partition, first: from, last: to, count: 7 }],
      )
    }
    for (const consumer of consumers.slice(1)) consumer.command('close')
    await Promise.all(consumers.slice(1).map((consumer) => consumer.until('closed')))
    await first.close()
    await second.close()
    await using again = await collector()
    const row = await streamWhen(again, topic, group, isRight)
    assert.equal(row.missing, 7)
    const { ranges } = await ask<RangesAnswer>(again, `/api/v1/streams/${topic}/${group}/ranges?kind=missing`)
    assert.deepEqual(
      ranges.map(({ partition, first, last }) => [partition, first, last]),
      [[partition, from, to]],
    )
  } finally {
    for (const client of clients) await client.kill()
    rmSync(folder, { recursive: true })
  }
})
