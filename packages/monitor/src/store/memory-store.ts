import type { MonitorAssignment, MonitorCell } from 'sluice/monitor-report'
import type { AlertRow } from '../api-types.ts'
import type { ReportOffset, TakenReport } from '../ingest/report-sink.ts'
import type { MonitorStore, StoreBatch, StoreNote } from './monitor-store.ts'

/** Clock probes kept of each session. */
const MAX_PROBES = 32

interface Kept<T> {
  readonly value: T
  readonly revision: number
}

interface StoredSession {
  last: TakenReport
  revision: number
  readonly probes: Map<number, TakenReport>
  readonly cells: Map<string, Kept<MonitorCell>>
  readonly assignments: Map<string, Kept<MonitorAssignment>>
}

/** A store that lasts as long as the process. */
export class MemoryStore implements MonitorStore {
  readonly #sessions = new Map<string, StoredSession>()
  readonly #offsets = new Map<string, ReportOffset>()
  readonly #alerts = new Map<string, AlertRow>()
  readonly #notes = new Map<string, Kept<string | null>>()
  #revision = 0
  #reports = 0

  get revision(): number {
    return this.#revision
  }

  get reports(): number {
    return this.#reports
  }

  write({ reports, offsets = [], alerts = [], notes = [] }: StoreBatch): number {
    const revision = ++this.#revision
    this.#reports += reports.length
    for (const taken of reports) this.#keep(taken, revision)
    for (const offset of offsets) this.#offsets.set(`${offset.topic}/${offset.partition}`, offset)
    for (const alert of alerts) this.#alerts.set(alert.id, alert)
    for (const { key, body } of notes) this.#notes.set(key, { value: body, revision })
    return revision
  }

  offsets(topic: string): ReportOffset[] {
    return [...this.#offsets.values()].filter((offset) => offset.topic === topic)
  }

  alerts(most: number): AlertRow[] {
    return [...this.#alerts.values()].sort((a, b) => b.since - a.since).slice(0, most)
  }

  *reportsAfter(revision: number): Generator<TakenReport> {
    for (const { last, revision: changed, probes, cells, assignments } of this.#sessions.values()) {
      if (changed <= revision) continue
      for (const taken of probes.values()) {
        const { report } = taken
        if (report.seq < last.report.seq) yield { ...taken, report: { ...report, event: 'report', cells: [], assignments: [] } }
      }
      const changedOf = <T>(map: ReadonlyMap<string, Kept<T>>): T[] =>
        [...map.values()].filter((kept) => kept.revision > revision).map(({ value }) => value)
      yield { ...last, report: { ...last.report, cells: changedOf(cells), assignments: changedOf(assignments) } }
    }
  }

  *notesAfter(revision: number): Generator<StoreNote> {
    for (const [key, note] of this.#notes) if (note.revision > revision) yield { key, body: note.value }
  }

  close(): void {}

  #keep(taken: TakenReport, revision: number): void {
    const { report } = taken
    let session = this.#sessions.get(report.session)
    if (session === undefined) {
      session = { last: taken, revision, probes: new Map(), cells: new Map(), assignments: new Map() }
      this.#sessions.set(report.session, session)
    }
    session.revision = revision
    if (report.seq > session.last.report.seq) session.last = taken
    if (taken.byBroker && !session.probes.has(report.seq)) {
      session.probes.set(report.seq, taken)
      if (session.probes.size > MAX_PROBES) session.probes.delete(Math.min(...session.probes.keys()))
    }
    for (const cell of report.cells) keepHighest(session.cells, `${cell.topic}/${cell.partition}/${cell.window}`, cell, revision)
    for (const assignment of report.assignments) {
      keepHighest(session.assignments, `${assignment.topic}/${assignment.partition}/${assignment.number}`, assignment, revision)
    }
  }
}

function keepHighest<T extends { readonly version: number }>(map: Map<string, Kept<T>>, key: string, value: T, revision: number): void {
  const before = map.get(key)
  if (before === undefined || before.value.version < value.version) map.set(key, { value, revision })
}
