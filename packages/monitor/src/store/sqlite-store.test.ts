import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import type { MonitorCell } from 'sluice/monitor-report'
import type { TakenReport } from '../ingest/report-sink.ts'
import { defaultRetention, keepRetention, usedBytes } from './retention.ts'
import { StoreError } from './sqlite-database.ts'
import { SqliteStore } from './sqlite-store.ts'
import { seeded, someReports } from './testing.ts'

const START = 1_764_000_000_000
const DAY_MS = 24 * 3_600_000

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'sluice-store-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

/** What a store would tell a new collector, in an order that does not depend on how it came in. */
function contents(store: SqliteStore): unknown {
  return [...store.reportsAfter(0)].sort((a, b) => (a.report.session + a.report.seq < b.report.session + b.report.seq ? -1 : 1))
}

function cellsOf(store: SqliteStore): MonitorCell[] {
  return [...store.reportsAfter(0)].flatMap(({ report }) => report.cells)
}

function stored(reports: readonly TakenReport[]): SqliteStore {
  const store = new SqliteStore(':memory:')
  store.write({ reports })
  return store
}

test('store - whatever order reports come in, and however often, the same is kept', () => {
  const reports = someReports(1, 40, START)
  const expected = contents(stored(reports))
  fc.assert(
    fc.property(fc.shuffledSubarray(reports, { minLength: 0 }), fc.integer({ min: 1, max: 7 }), (some, size) => {
      const store = new SqliteStore(':memory:')
      // Some of them first, in any order, then all.
      for (let at = 0; at < some.length; at += size) store.write({ reports: some.slice(at, at + size) })
      store.write({ reports })
      assert.deepEqual(contents(store), expected)
      store.close()
    }),
    { numRuns: 40 },
  )
})

test('store - what changed after a revision, given to the state before, makes the state after', () => {
  const reports = someReports(2, 60, START)
  const store = new SqliteStore(':memory:')
  const copy = new SqliteStore(':memory:')
  let revision = 0
  for (let at = 0; at < reports.length; at += 7) {
    store.write({ reports: reports.slice(at, at + 7) })
    copy.write({ reports: [...store.reportsAfter(revision)] })
    revision = store.revision
    assert.deepEqual(contents(copy), contents(store))
  }
  assert.deepEqual([...store.reportsAfter(revision)], [])
})

test('store - reports and offsets are there after opening again, as they were', () => {
  using place = folder()
  const file = join(place.path, 'monitor.db')
  const first = new SqliteStore(file)
  first.write({ reports: someReports(3, 50, START), offsets: [{ topic: 'reports', partition: 0, offset: 50 }] })
  const before = contents(first)
  first.close()
  const second = new SqliteStore(file)
  assert.deepEqual(contents(second), before)
  assert.deepEqual(second.offsets('reports'), [{ topic: 'reports', partition: 0, offset: 50 }])
  assert.equal(second.reports, 50)
  second.close()
})

test('store - a transaction that fails leaves nothing of itself, and the next one works', () => {
  const store = new SqliteStore(':memory:')
  const [good, other] = someReports(4, 2, START) as [TakenReport, TakenReport]
  const bad = {
    ...other,
    report: {
      ...other.report,
      cells: [{ ...other.report.cells[0]!, topic: 'new', version: 1n as unknown as number, partition: {} as number }],
    },
  }
  assert.throws(() => store.write({ reports: [good, bad], offsets: [{ topic: 'reports', partition: 0, offset: 2 }] }))
  assert.deepEqual(contents(store), [])
  assert.deepEqual(store.offsets('reports'), [])
  store.write({ reports: [good, other] })
  assert.equal(store.reports, 2)
})

test('store - notes are kept with what they were drawn from, and forgotten by null', () => {
  const store = new SqliteStore(':memory:')
  const reports = someReports(9, 2, START)
  const first = store.write({
    reports: reports.slice(0, 1),
    notes: [
      { key: 'a', body: '1' },
      { key: 'b', body: '2' },
    ],
  })
  store.write({ reports: reports.slice(1), notes: [{ key: 'a', body: null }] })
  assert.deepEqual([...store.notesAfter(first)], [{ key: 'a', body: null }])
  assert.deepEqual(
    [...store.notesAfter(0)],
    [
      { key: 'b', body: '2' },
      { key: 'a', body: null },
    ],
  )
})

test('store - two processes on one file see what the other wrote', () => {
  using place = folder()
  const file = join(place.path, 'monitor.db')
  const [a, b] = [new SqliteStore(file), new SqliteStore(file)]
  const reports = someReports(5, 40, START)
  a.write({ reports: reports.slice(0, 20) })
  b.write({ reports: reports.slice(20) })
  assert.deepEqual(contents(a), contents(stored(reports)))
  assert.deepEqual(contents(b), contents(a))
  a.close()
  b.close()
})

test('store - killed at any moment it goes on where its offset says, and ends as if it never had been', async () => {
  using place = folder()
  const child = fileURLToPath(new URL('./kill-child.ts', import.meta.url))
  const next = seeded(11)
  const count = 400
  for (let round = 0; round < 3; round++) {
    const file = join(place.path, `monitor-${round}.db`)
    const args = [child, file, String(round), String(count), String(START)]
    let kills = 0
    for (let done = false; !done; ) {
      const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const exited = once(running, 'exit')
      await once(running.stdout, 'data')
      // Later and later, so that it comes to an end.
      const timer = setTimeout(() => running.kill('SIGKILL'), next(20) + kills * 10)
      const [code] = await exited
      clearTimeout(timer)
      if (code === null) kills++
      else {
        assert.equal(code, 0)
        done = true
      }
      const store = new SqliteStore(file)
      const offset = store.offsets('reports')[0]?.offset ?? 0
      // At every moment exactly the reports before the offset are in it.
      assert.deepEqual(contents(store), contents(stored(someReports(round, count, START).slice(0, offset))))
      store.close()
    }
    assert.ok(kills > 0, 'it was killed at least once')
  }
})

test('store - a file that is no store, and one of a later version, are refused by name and left alone', () => {
  using place = folder()
  const text = join(place.path, 'notes.txt')
  writeFileSync(text, 'these are my notes, and they are longer than a header of SQLite, so that it has something to look at')
  assert.throws(
    () => new SqliteStore(text),
    (error) => error instanceof StoreError && error.message.includes('notes.txt'),
  )
  const foreign = join(place.path, 'foreign.db')
  const other = new DatabaseSync(foreign)
  other.exec('CREATE TABLE mine (x)')
  other.close()
  assert.throws(() => new SqliteStore(foreign), /another program/)
  const later = join(place.path, 'later.db')
  const newer = new DatabaseSync(later)
  newer.exec('PRAGMA user_version = 99')
  newer.close()
  assert.throws(() => new SqliteStore(later), /version 99/)
  assert.throws(() => new SqliteStore(join(place.path, 'no', 'such', 'folder.db')), StoreError)
})

test('store - longer windows have the same records, offsets and times', async () => {
  const store = stored(someReports(6, 3000, START))
  const total = (cells: readonly MonitorCell[]) => ({
    records: cells.reduce((sum, { records }) => sum + records, 0),
    acked: cells.flatMap(({ acked = [] }) => acked.filter((_, index) => index % 2 === 1)).reduce((a, b) => a + b, 0),
    timed: cells.reduce((sum, { transit }) => sum + (transit?.count ?? 0), 0),
    sum: cells.reduce((sum, { transit }) => sum + (transit?.sum ?? 0), 0),
  })
  const before = cellsOf(store)
  const minutes = await keepRetention(store, defaultRetention, START + 2 * DAY_MS)
  assert.equal(minutes.rolledUp, before.length)
  const byMinute = cellsOf(store)
  assert.ok(byMinute.length < before.length / 4)
  assert.ok(byMinute.every(({ window }) => window % 60_000 === 0))
  assert.deepEqual(total(byMinute), total(before))
  await keepRetention(store, defaultRetention, START + 9 * DAY_MS)
  const byQuarter = cellsOf(store)
  assert.ok(byQuarter.every(({ window }) => window % 900_000 === 0))
  assert.deepEqual(total(byQuarter), total(before))
  await keepRetention(store, defaultRetention, START + 92 * DAY_MS)
  assert.deepEqual([...store.reportsAfter(0)], [])
})

test('store - reports that come again after their windows became longer are not counted twice', async () => {
  const reports = someReports(7, 300, START)
  const store = stored(reports)
  for (const days of [2, 9]) {
    await keepRetention(store, defaultRetention, START + days * DAY_MS)
    const before = contents(store)
    store.write({ reports })
    await keepRetention(store, defaultRetention, START + days * DAY_MS)
    assert.deepEqual(contents(store), before)
  }
})

test('store - above its size the oldest windows go, whole ones, until it fits', async () => {
  using place = folder()
  const store = new SqliteStore(join(place.path, 'monitor.db'))
  store.write({ reports: someReports(8, 20_000, START) })
  const full = usedBytes(store.database)
  const before = new Set(cellsOf(store).map(({ window }) => window))
  const { dropped } = await keepRetention(store, { ...defaultRetention, maxBytes: full / 2 }, START + 3_600_000)
  assert.ok(dropped > 0)
  assert.ok(usedBytes(store.database) <= full / 2)
  const cells = cellsOf(store)
  const oldest = Math.min(...cells.map(({ window }) => window))
  assert.deepEqual([...before].filter((window) => window >= oldest).sort(), [...new Set(cells.map(({ window }) => window))].sort())
  assert.ok(cells.length > 0)
  // What is left is whole: every cell of these windows.
  const whole = cellsOf(stored(someReports(8, 20_000, START))).filter(({ window }) => window >= oldest)
  assert.equal(cells.length, whole.length)
  store.close()
})
