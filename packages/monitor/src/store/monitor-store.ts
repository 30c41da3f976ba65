import type { AlertRow } from '../api-types.ts'
import type { ReportOffset, TakenReport } from '../ingest/report-sink.ts'

/** What the collector concluded, and could not conclude again from reports alone: a text of JSON under a key. */
export interface StoreNote {
  readonly key: string
  /** Null: it is to be forgotten. */
  readonly body: string | null
}

/** What one transaction keeps: all of it or nothing. */
export interface StoreBatch {
  readonly reports: readonly TakenReport[]
  readonly offsets?: readonly ReportOffset[]
  readonly alerts?: readonly AlertRow[]
  readonly notes?: readonly StoreNote[]
}

/**
 * Keeps what clients reported: of each cell and assignment the highest version, of each session the last report, whatever
 * comes in which order and how often. Calls return when it is kept; they throw, and keep nothing, when it cannot be.
 */
export interface MonitorStore {
  /** Grows with every write. */
  readonly revision: number
  /** Reports that were kept, those that came twice counted twice. */
  readonly reports: number
  /** Returns the new revision. */
  write(batch: StoreBatch): number
  /** Where reading the report topic goes on. */
  offsets(topic: string): readonly ReportOffset[]
  /** Alerts, the newest first. */
  alerts(most: number): readonly AlertRow[]
  /** What changed after a revision, as reports that say it; 0: everything. For `MonitorState.restore`, not for `apply`. */
  reportsAfter(revision: number): Iterable<TakenReport>
  /** Notes that changed after a revision; 0: all of them. */
  notesAfter(revision: number): Iterable<StoreNote>
  close(): void
}
