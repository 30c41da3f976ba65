import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { DevBroker } from '@sluice/devbroker'
import { type Logger, silentLogger } from 'sluice'
import { defaultRetention } from '../store/retention.ts'
import { SqliteStore } from '../store/sqlite-store.ts'
import { someReports } from '../store/testing.ts'
import { ReportKeeper } from './report-keeper.ts'
import type { TakenReport } from './report-sink.ts'
import { TopicReader } from './topic-reader.ts'

const TOPIC = 'reports'

async function broker(partitions: number): Promise<DevBroker> {
  return DevBroker.start({
    topics: { [TOPIC]: { partitions, configs: { 'message.timestamp.type': 'LogAppendTime' } } },
    autoCreateTopics: false,
  })
}

function produce(on: DevBroker, reports: readonly TakenReport[], partitions = 1): Promise<unknown> {
  const records = reports.map(({ report }) => ({
    partition: Number.parseInt(report.session.slice(-1), 16) % partitions,
    key: report.session,
    value: JSON.stringify(report),
  }))
  return Promise.resolve(on.produce(TOPIC, records))
}

/** A keeper that only remembers what it was given. */
function keeper(file: string) {
  const applied: TakenReport[] = []
  const restored: TakenReport[] = []
  const engine = {
    apply: (taken: TakenReport) => void applied.push(taken),
    restore: (taken: TakenReport) => void restored.push(taken),
    restoreNote() {},
    takeNotes: () => [],
  }
  return { applied, restored, keeper: new ReportKeeper(new SqliteStore(file), defaultRetention, engine, silentLogger) }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > deadline) assert.fail(`never ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Closed after each test, whatever came of it. */
const opened: TopicReader[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((reader) => reader.close()))
})

function read(on: DevBroker, sink: ReportKeeper, group?: string, logger: Logger = silentLogger): TopicReader {
  const kafka = { bootstrapServers: on.bootstrapServers, heartbeatIntervalMs: 200, fetchMaxWaitMs: 50 }
  const reader = new TopicReader(sink, { topic: TOPIC, group, kafka, logger })
  opened.push(reader)
  return reader
}

test('topic reader - reports come with the time of the broker, and after a restart only those that were not kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-reader-'))
  try {
    await using kafka = await broker(1)
    const file = join(folder, 'monitor.db')
    const reports = someReports(1, 30, Date.now())
    await produce(kafka, reports.slice(0, 20))
    const first = keeper(file)
    const reader = read(kafka, first.keeper)
    await until(() => first.applied.length === 20, 'twenty reports')
    assert.deepEqual(
      first.applied.map(({ report }) => report),
      reports.slice(0, 20).map(({ report }) => report),
    )
    assert.ok(first.applied.every(({ byBroker, receivedAt }) => byBroker && Math.abs(receivedAt - Date.now()) < 60_000))
    await reader.close()
    await first.keeper.close()
    await produce(kafka, reports.slice(20))
    const second = keeper(file)
    const again = read(kafka, second.keeper)
    await until(() => second.applied.length === 10, 'the ten that are new')
    await until(() => again.caughtUp, 'at the end')
    assert.equal(second.applied.length, 10)
    await again.close()
    await second.keeper.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('topic reader - what is no report is counted and said once, and reading goes on', async () => {
  await using kafka = await broker(1)
  const [report] = someReports(2, 1, Date.now())
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) }
  await kafka.produce(TOPIC, [
    { value: 'not JSON' },
    { value: null },
    { value: '{"v":1}' },
    { value: JSON.stringify(report!.report) },
  ] as never)
  const kept = keeper(':memory:')
  const reader = read(kafka, kept.keeper, undefined, logger)
  await until(() => kept.applied.length === 1, 'the one report')
  assert.equal(reader.badReports, 3)
  assert.equal(warnings.length, 1)
  await reader.close()
  await kept.keeper.close()
})

test('topic reader - a topic that is not there is waited for, and one that was made anew is read from its beginning', async () => {
  await using kafka = await broker(1)
  kafka.deleteTopic(TOPIC)
  const reports = someReports(3, 6, Date.now())
  const kept = keeper(':memory:')
  const reader = read(kafka, kept.keeper)
  await until(() => reader.problem !== null, 'a problem')
  kafka.createTopic(TOPIC, 1)
  await produce(kafka, reports.slice(0, 4))
  await until(() => kept.applied.length === 4, 'four reports')
  assert.equal(reader.problem, null)
  await reader.close()
  kafka.deleteTopic(TOPIC)
  kafka.createTopic(TOPIC, 1)
  await produce(kafka, reports.slice(4))
  const again = read(kafka, kept.keeper)
  await until(() => kept.applied.length === 6, 'two more')
  await again.close()
  await kept.keeper.close()
})

test('topic reader - two in a group share the partitions, and one takes over where the other ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-reader-'))
  try {
    await using kafka = await broker(4)
    const file = join(folder, 'monitor.db')
    const [a, b] = [keeper(file), keeper(file)]
    const [first, second] = [read(kafka, a.keeper, 'collectors'), read(kafka, b.keeper, 'collectors')]
    await until(() => first.partitions.length === 2 && second.partitions.length === 2, 'two partitions each')
    const reports = someReports(4, 40, Date.now())
    await produce(kafka, reports.slice(0, 20), 4)
    await until(() => a.applied.length + b.applied.length === 20, 'twenty reports, each read once')
    assert.ok(a.applied.length > 0 && b.applied.length > 0)
    await first.close()
    await until(() => second.partitions.length === 4, 'all partitions')
    await produce(kafka, reports.slice(20), 4)
    await until(() => a.applied.length + b.applied.length === 40, 'the other twenty, each read once')
    // Each knows what the other read.
    b.keeper.refresh()
    const known = new Set([...b.applied, ...b.restored].map(({ report }) => `${report.session} ${report.seq}`))
    assert.deepEqual(
      reports.map(({ report }) => `${report.session} ${report.seq}`).filter((name) => !known.has(name)),
      [],
    )
    await second.close()
    await a.keeper.close()
    await b.keeper.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
