import type { DatabaseSync } from 'node:sqlite'
import type { MonitorCell } from 'sluice/monitor-report'
import { packCell, unpackCell } from './cell-body.ts'
import { mergeCells } from './merge-cells.ts'
import { transaction } from './sqlite-database.ts'
import type { SqliteStore } from './sqlite-store.ts'

/** How long what is kept. */
export interface Retention {
  /** Windows of 10 seconds; then they become minutes. @default 24 hours */
  readonly seconds10Ms: number
  /** Minutes; then they become quarters of an hour. @default 7 days */
  readonly minute1Ms: number
  /** Quarters of an hour; then they are forgotten, as are clients and alerts. @default 90 days */
  readonly minute15Ms: number
  /** Beyond this the oldest windows go, whatever their age. @default 2 GiB */
  readonly maxBytes: number
}

const DAY_MS = 24 * 3_600_000

export const defaultRetention: Retention = {
  seconds10Ms: DAY_MS,
  minute1Ms: 7 * DAY_MS,
  minute15Ms: 90 * DAY_MS,
  maxBytes: 2 * 1024 ** 3,
}

/** What one round did. */
export interface RetentionOutcome {
  rolledUp: number
  dropped: number
}

const MINUTE_MS = 60_000
const QUARTER_MS = 900_000
/** Cells of one transaction: some 20 ms, for which reports wait. */
const CHUNK = 1000

/**
 * Makes old windows longer, forgets the oldest, and keeps the file below its limit. Between transactions whoever waits has
 * its turn. Ends early when `signal` is aborted; all that was done stays right.
 */
export async function keepRetention(
  store: SqliteStore,
  retention: Retention,
  now: number,
  signal?: AbortSignal,
): Promise<RetentionOutcome> {
  const { database } = store
  const outcome: RetentionOutcome = { rolledUp: 0, dropped: 0 }
  const inChunks = async (step: () => number, count: (done: number) => void): Promise<void> => {
    while (signal?.aborted !== true && database.isOpen) {
      const done = transaction(database, step)
      count(done)
      await new Promise((resolve) => setImmediate(resolve))
      if (done === 0) return
    }
  }
  const rolled = (done: number): void => void (outcome.rolledUp += done)
  const dropped = (done: number): void => void (outcome.dropped += done)
  const quarterBefore = aligned(now - retention.minute1Ms, QUARTER_MS)
  const minuteBefore = aligned(now - retention.seconds10Ms, MINUTE_MS)
  await inChunks(() => rollUp(database, 0, minuteBefore, MINUTE_MS), rolled)
  await inChunks(() => rollUp(database, 1, quarterBefore, QUARTER_MS), rolled)
  const oldest = now - retention.minute15Ms
  for (const tier of [0, 1, 2]) await inChunks(() => dropWindows(database, tier, oldest), dropped)
  await inChunks(() => dropSessions(database, oldest), dropped)
  await inChunks(() => Number(database.prepare('DELETE FROM alert WHERE until < ?').run(oldest).changes), dropped)
  while (signal?.aborted !== true && database.isOpen && usedBytes(database) > retention.maxBytes) {
    const done = transaction(database, () => dropOldest(database))
    dropped(done)
    if (done === 0) break
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (database.isOpen) database.exec('PRAGMA incremental_vacuum(2000)')
  return outcome
}

/** Bytes that are in use; what was freed and not given back is not. */
export function usedBytes(database: DatabaseSync): number {
  const pragma = (name: string): number => Object.values(database.prepare(`PRAGMA ${name}`).get()!)[0] as number
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
}

interface StoredCell {
  readonly window: number
  readonly topic: number
  readonly partition: number
  readonly session: number
  readonly version: number
  readonly revision: number
  readonly body: Uint8Array
}

/** Moves the oldest cells of a tier into the next one. Returns how many. */
function rollUp(database: DatabaseSync, tier: number, before: number, lengthMs: number): number {
  // Whole windows of the next tier only: what is moved once is not added to.
  const { end } = database.prepare('SELECT min(window) AS end FROM cell WHERE tier = ? AND window >= 0').get(tier) as { end: number | null }
  if (end === null || aligned(end, lengthMs) + lengthMs > before) return 0
  const window = aligned(end, lengthMs)
  const cells = database
    .prepare(
      `SELECT window, topic, partition, session, version, revision, body FROM cell
       WHERE tier = ? AND window >= ? AND window < ? ORDER BY topic, partition, session`,
    )
    .all(tier, window, window + lengthMs) as unknown as StoredCell[]
  const get = database.prepare(
    'SELECT window, topic, partition, session, version, revision, body FROM cell WHERE tier = ? AND window = ? AND topic = ? AND partition = ? AND session = ?',
  )
  const put = database.prepare(
    'INSERT OR REPLACE INTO cell (tier, window, topic, partition, session, version, revision, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  for (const group of groupsOf(cells)) {
    const { topic, partition, session } = group[0]!
    const before = get.get(tier + 1, window, topic, partition, session) as unknown as StoredCell | undefined
    const all = before === undefined ? group : [before, ...group]
    const { topic: _topic, partition: _partition, window: _window, version, ...body } = mergeCells(all.map(cellOf), window)
    const revision = Math.max(...all.map((cell) => cell.revision))
    put.run(tier + 1, window, topic, partition, session, version, revision, packCell(body))
  }
  database.prepare('DELETE FROM cell WHERE tier = ? AND window >= ? AND window < ?').run(tier, window, window + lengthMs)
  if (tier === 0) database.prepare(`UPDATE meta SET value = max(value, ?) WHERE name = 'rolled_until'`).run(window + lengthMs)
  return cells.length
}

function* groupsOf(cells: readonly StoredCell[]): Generator<StoredCell[]> {
  let group: StoredCell[] = []
  for (const cell of cells) {
    const first = group[0]
    if (first !== undefined && (first.topic !== cell.topic || first.partition !== cell.partition || first.session !== cell.session)) {
      yield group
      group = []
    }
    group.push(cell)
  }
  if (group.length > 0) yield group
}

function cellOf({ partition, window, version, body }: StoredCell): MonitorCell {
  return { topic: '', partition, window, version, ...unpackCell(body) }
}

/** Whole windows only: without the producer's half of one, what its consumers read would be of unknown origin. */
function dropWindows(database: DatabaseSync, tier: number, before: number): number {
  const next = database.prepare('SELECT window FROM cell WHERE tier = ? AND window >= 0 AND window < ? ORDER BY window LIMIT 1 OFFSET ?')
  const last = (next.get(tier, before, CHUNK) ?? { window: before - 1 }) as { window: number }
  const drop = database.prepare('DELETE FROM cell WHERE tier = ? AND window >= 0 AND window <= ?')
  return Number(drop.run(tier, last.window).changes)
}

/** Sessions that have told nothing for so long, with everything that is theirs. */
function dropSessions(database: DatabaseSync, before: number): number {
  const gone = database
    .prepare('SELECT id FROM session WHERE received_at < ? AND NOT EXISTS (SELECT 1 FROM cell WHERE session = id AND window >= 0) LIMIT 20')
    .all(before) as { id: number }[]
  for (const { id } of gone) {
    for (const table of ['cell', 'assignment', 'arrival']) database.prepare(`DELETE FROM ${table} WHERE session = ?`).run(id)
    database.prepare('DELETE FROM session WHERE id = ?').run(id)
  }
  return gone.length
}

/** The oldest windows of all, beginning with those that are longest. */
function dropOldest(database: DatabaseSync): number {
  for (const tier of [2, 1, 0]) {
    const oldest = database.prepare('SELECT min(window) AS window FROM cell WHERE tier = ? AND window >= 0').get(tier) as {
      window: number | null
    }
    if (oldest.window === null) continue
    const newest = database.prepare('SELECT max(window) AS window FROM cell WHERE tier = ?').get(tier) as { window: number }
    // A twentieth of the time that it spans, so that few rounds are needed and little more goes than must.
    const before = oldest.window + Math.max(1, Math.ceil((newest.window - oldest.window) / 20))
    return dropWindows(database, tier, before)
  }
  return 0
}

function aligned(time: number, lengthMs: number): number {
  return Math.floor(time / lengthMs) * lengthMs
}
