import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { MonitorAssignment, MonitorCell, MonitorReport } from 'sluice/monitor-report'
import type { AlertRow } from '../api-types.ts'
import type { ReportOffset, TakenReport } from '../ingest/report-sink.ts'
import { packCell, unpackCell } from './cell-body.ts'
import type { MonitorStore, StoreBatch, StoreNote } from './monitor-store.ts'
import { openDatabase, transaction } from './sqlite-database.ts'

/** Reports of each session of which is kept when they came, for its clock and for what it has told until when. */
const MAX_ARRIVALS = 32
const TIER_10S = 0
const MINUTE_MS = 60_000
const QUARTER_MS = 900_000

interface SessionRow {
  readonly id: number
  readonly seq: number
}

/** What is kept of a session's last report beside cells and assignments. */
type SessionBody = Omit<MonitorReport, 'v' | 'session' | 'seq' | 'probe' | 'cells' | 'assignments'> & { readonly byBroker: boolean }

/**
 * Reports in a file of node:sqlite. Of each cell and assignment the highest version stays, whatever comes in which order and
 * how often; where to go on reading is kept in the same transaction. Several processes may have the same file open.
 */
export class SqliteStore implements MonitorStore {
  readonly file: string
  readonly #database: DatabaseSync
  readonly #topics = new Map<string, number>()
  readonly #topicNames = new Map<number, string>()
  readonly #statements: ReturnType<typeof prepare>
  /** Cells of windows before this may be part of longer ones. */
  #rolledUntil = 0

  /** Throws StoreError for a file that is no store. `:memory:` keeps nothing. */
  constructor(file: string) {
    this.file = file
    this.#database = openDatabase(file)
    this.#statements = prepare(this.#database)
  }

  get database(): DatabaseSync {
    return this.#database
  }

  /** Grows with every transaction, of whichever process. */
  get revision(): number {
    return this.#meta('revision')
  }

  /** Reports that were kept, those that came twice counted twice. */
  get reports(): number {
    return this.#meta('reports')
  }

  write({ reports, offsets = [], alerts = [], notes = [] }: StoreBatch): number {
    const { bump, countReports, putOffset, putAlert, putNote } = this.#statements
    try {
      return transaction(this.#database, () => {
        const { value: revision } = bump.get() as { value: number }
        if (reports.length > 0) countReports.run(reports.length)
        this.#rolledUntil = this.#meta('rolled_until')
        for (const taken of reports) this.#keep(taken, revision)
        for (const { topic, partition, offset } of offsets) putOffset.run(topic, partition, offset)
        for (const alert of alerts) putAlert.run(alert.id, alert.since, alert.until, JSON.stringify(alert))
        for (const { key, body } of notes) putNote.run(key, body, revision)
        return revision
      })
    } catch (error) {
      // Ids that the transaction gave are undone with it.
      this.#topics.clear()
      throw error
    }
  }

  offsets(topic: string): ReportOffset[] {
    const rows = this.#statements.offsets.all(topic) as { partition: number; next: number }[]
    return rows.map(({ partition, next }) => ({ topic, partition, offset: next }))
  }

  /** Alerts, the newest first. */
  alerts(most: number): AlertRow[] {
    const rows = this.#statements.alerts.all(most) as { body: string }[]
    return rows.map(({ body }) => JSON.parse(body))
  }

  /**
   * Everything that changed after a revision, as reports that say it: given to a new collector in this order, they leave it
   * in the state of those that were kept. 0: everything.
   */
  *reportsAfter(revision: number): Generator<TakenReport> {
    const sessions = this.#statements.changedSessions.all(revision) as {
      id: number
      name: string
      seq: number
      receivedAt: number
      body: string
    }[]
    for (const { id, name, seq, receivedAt, body } of sessions) {
      const { byBroker, ...rest } = JSON.parse(body) as SessionBody
      const empty = { v: 1, session: name, ...rest, event: 'report', cells: [], assignments: [] } as const
      const arrivals = this.#statements.arrivals.all(id) as unknown as ArrivalRow[]
      for (const arrival of arrivals) {
        if (arrival.seq >= seq) continue
        yield { report: { ...empty, ...told(arrival) }, receivedAt: arrival.receivedAt, byBroker: arrival.byBroker === 1 }
      }
      const last = arrivals.find((arrival) => arrival.seq === seq)
      const [cells, assignments] = [this.#cells(id, revision), this.#assignments(id, revision)]
      const report = { ...empty, event: rest.event, seq, cells, assignments, ...(last === undefined ? {} : told(last)) }
      yield { report, receivedAt, byBroker }
    }
  }

  *notesAfter(revision: number): Generator<StoreNote> {
    const rows = this.#statements.notes.all(revision) as unknown as StoreNote[]
    for (const { key, body } of rows) yield { key, body }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #keep({ report, receivedAt, byBroker }: TakenReport, revision: number): void {
    const { v, session: name, seq, probe, cells, assignments, ...rest } = report
    const { putSession, sessionOf, touchSession, putArrival, dropArrivals } = this.#statements
    const body: SessionBody = { ...rest, byBroker }
    putSession.run(name, seq, receivedAt, revision, JSON.stringify(body))
    const { id } = sessionOf.get(name) as unknown as SessionRow
    // An older report may still bring cells; then the session is what has changed.
    touchSession.run(revision, id)
    putArrival.run(id, seq, receivedAt, byBroker ? 1 : 0, report.sentAt, probe === undefined ? null : JSON.stringify(probe))
    dropArrivals.run(id, id, MAX_ARRIVALS)
    for (const cell of cells) this.#keepCell(id, cell, revision)
    for (const assignment of assignments) this.#keepAssignment(id, assignment, revision)
  }

  #keepCell(session: number, { topic, partition, window, version, ...body }: MonitorCell, revision: number): void {
    const topicId = this.#topicId(topic)
    const { putCell, rolledUp } = this.#statements
    // A cell that has become part of a longer window is not counted again.
    if (window >= 0 && window < this.#rolledUntil) {
      const [minute, quarter] = [window - (window % MINUTE_MS), window - (window % QUARTER_MS)]
      if (rolledUp.get(minute, quarter, topicId, partition, session) !== undefined) return
    }
    putCell.run(TIER_10S, window, topicId, partition, session, version, revision, packCell(body))
  }

  #keepAssignment(session: number, { topic, partition, number, version, ...body }: MonitorAssignment, revision: number): void {
    this.#statements.putAssignment.run(session, this.#topicId(topic), partition, number, version, revision, JSON.stringify(body))
  }

  #topicId(name: string): number {
    let id = this.#topics.get(name)
    if (id !== undefined) return id
    this.#statements.putTopic.run(name)
    id = (this.#statements.topicId.get(name) as { id: number }).id
    this.#topics.set(name, id)
    return id
  }

  #topicName(id: number): string {
    let name = this.#topicNames.get(id)
    if (name !== undefined) return name
    name = (this.#statements.topicName.get(id) as { name: string }).name
    this.#topicNames.set(id, name)
    return name
  }

  #cells(session: number, revision: number): MonitorCell[] {
    const rows = this.#statements.changedCells.all(session, revision) as unknown as CellRow[]
    return rows.map(({ topic, partition, window, version, body }) => ({
      topic: this.#topicName(topic),
      partition,
      window,
      version,
      ...unpackCell(body),
    }))
  }

  #assignments(session: number, revision: number): MonitorAssignment[] {
    const rows = this.#statements.changedAssignments.all(session, revision) as unknown as AssignmentRow[]
    return rows.map(({ topic, partition, number, version, body }) => ({
      topic: this.#topicName(topic),
      partition,
      number,
      version,
      ...JSON.parse(body),
    }))
  }

  #meta(name: string): number {
    return (this.#statements.meta.get(name) as { value: number }).value
  }
}

interface ArrivalRow {
  readonly seq: number
  readonly receivedAt: number
  readonly byBroker: number
  readonly sentAt: number
  readonly probe: string | null
}

/** The part of a report that is about its way. */
function told({ seq, sentAt, probe }: ArrivalRow): Pick<MonitorReport, 'seq' | 'sentAt' | 'probe'> {
  return probe === null ? { seq, sentAt } : { seq, sentAt, probe: JSON.parse(probe) }
}

interface CellRow {
  readonly topic: number
  readonly partition: number
  readonly window: number
  readonly version: number
  readonly body: Uint8Array
}

interface AssignmentRow {
  readonly topic: number
  readonly partition: number
  readonly number: number
  readonly version: number
  readonly body: string
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string): StatementSync => database.prepare(sql)
  return {
    bump: statement(`UPDATE meta SET value = value + 1 WHERE name = 'revision' RETURNING value`),
    countReports: statement(`UPDATE meta SET value = value + ? WHERE name = 'reports'`),
    meta: statement('SELECT value FROM meta WHERE name = ?'),
    putTopic: statement('INSERT INTO topic (name) VALUES (?) ON CONFLICT DO NOTHING'),
    topicId: statement('SELECT id FROM topic WHERE name = ?'),
    topicName: statement('SELECT name FROM topic WHERE id = ?'),
    putSession: statement(`
      INSERT INTO session (name, seq, received_at, revision, body) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, received_at = excluded.received_at, body = excluded.body
      WHERE excluded.seq > seq`),
    sessionOf: statement('SELECT id, seq FROM session WHERE name = ?'),
    touchSession: statement('UPDATE session SET revision = ? WHERE id = ?'),
    // A report that comes again came at the earlier time.
    putArrival: statement(`
      INSERT INTO arrival (session, seq, received_at, by_broker, sent_at, probe) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET received_at = excluded.received_at, by_broker = excluded.by_broker
      WHERE excluded.received_at < received_at`),
    dropArrivals: statement(`
      DELETE FROM arrival WHERE session = ? AND seq <= (SELECT seq FROM arrival WHERE session = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)`),
    arrivals: statement(
      'SELECT seq, received_at AS receivedAt, by_broker AS byBroker, sent_at AS sentAt, probe FROM arrival WHERE session = ? ORDER BY seq',
    ),
    putCell: statement(`
      INSERT INTO cell (tier, window, topic, partition, session, version, revision, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET version = excluded.version, revision = excluded.revision, body = excluded.body
      WHERE excluded.version > version`),
    rolledUp: statement(
      'SELECT 1 FROM cell WHERE ((tier = 1 AND window = ?) OR (tier = 2 AND window = ?)) AND topic = ? AND partition = ? AND session = ?',
    ),
    putAssignment: statement(`
      INSERT INTO assignment (session, topic, partition, number, version, revision, body) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET version = excluded.version, revision = excluded.revision, body = excluded.body
      WHERE excluded.version > version`),
    putOffset: statement('INSERT INTO ingest_offset VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next = excluded.next'),
    offsets: statement('SELECT partition, next FROM ingest_offset WHERE topic = ?'),
    putAlert: statement('INSERT INTO alert VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET until = excluded.until, body = excluded.body'),
    // A note that is to be forgotten is kept as such, for collectors that have it still.
    putNote: statement('INSERT INTO note VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body, revision = excluded.revision'),
    notes: statement('SELECT key, body FROM note WHERE revision > ? ORDER BY revision, key'),
    alerts: statement('SELECT body FROM alert ORDER BY since DESC LIMIT ?'),
    changedSessions: statement(
      'SELECT id, name, seq, received_at AS receivedAt, body FROM session WHERE revision > ? ORDER BY received_at, id',
    ),
    changedCells: statement(
      'SELECT topic, partition, window, version, body FROM cell WHERE session = ? AND revision > ? ORDER BY tier DESC, window',
    ),
    changedAssignments: statement(
      'SELECT topic, partition, number, version, body FROM assignment WHERE session = ? AND revision > ? ORDER BY topic, partition, number',
    ),
  }
}
