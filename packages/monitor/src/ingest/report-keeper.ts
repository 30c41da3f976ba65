import type { Logger } from 'sluice'
import type { MonitorReport } from 'sluice/monitor-report'
import type { AlertRow } from '../api-types.ts'
import type { StoreNote } from '../store/monitor-store.ts'
import { keepRetention, type Retention } from '../store/retention.ts'
import type { SqliteStore } from '../store/sqlite-store.ts'
import type { ReportOffset, ReportSink, TakenReport } from './report-sink.ts'

/** Reports that come one by one wait so long for others, as a transaction costs the same for one as for many. */
const GATHER_MS = 25
const MAX_WAITING = 10_000
/** How often the work of other collectors on the same file is looked for. */
const REFRESH_MS = 500
const RETENTION_EVERY_MS = 60_000

interface Waiting {
  readonly taken: TakenReport
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** What draws conclusions from reports. */
export interface ReportEngine {
  /** A report that is new, or comes again. */
  apply(taken: TakenReport): void
  /** What the store says of reports that were applied before, here or by another collector. */
  restore(taken: TakenReport): void
  restoreNote?(note: StoreNote): void
  /** Conclusions since the last call that reports alone would not give again. */
  takeNotes?(): readonly StoreNote[]
}

/**
 * The one way into the store. A report is applied, then kept with what was concluded; one that could not be kept comes
 * again, and applying it again changes nothing. What other collectors keep in the same file is taken over.
 */
export class ReportKeeper implements ReportSink {
  readonly #store: SqliteStore
  readonly #retention: Retention
  readonly #engine: ReportEngine
  /** Conclusions that could not be kept with the reports that they are from. */
  #notes: readonly StoreNote[] = []
  readonly #logger: Logger
  readonly #stop = new AbortController()
  readonly #timers: NodeJS.Timeout[]
  readonly #waiting: Waiting[] = []
  #gathering: NodeJS.Timeout | undefined
  #revision = 0
  #maintaining: Promise<void> = Promise.resolve()
  #problem: string | null = null

  /** Restores everything that the store has. */
  constructor(store: SqliteStore, retention: Retention, engine: ReportEngine, logger: Logger) {
    this.#store = store
    this.#retention = retention
    this.#engine = engine
    this.#logger = logger
    this.refresh()
    this.#timers = [
      setInterval(() => this.#quietly(() => this.refresh()), REFRESH_MS),
      setInterval(() => this.#maintain(), RETENTION_EVERY_MS),
    ]
    for (const timer of this.#timers) timer.unref()
  }

  get revision(): number {
    return this.#revision
  }

  get reports(): number {
    return this.#store.reports
  }

  /** Why nothing can be kept at present, or null. */
  get problem(): string | null {
    return this.#problem
  }

  /** Resolves when the report is kept. */
  take(report: MonitorReport): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(new Error('the monitor is closed'))
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new Error('the monitor has too many reports to keep'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ taken: { report, receivedAt: Date.now(), byBroker: false }, resolve, reject })
      this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS)
    })
  }

  async write(reports: readonly TakenReport[], offsets: readonly ReportOffset[]): Promise<void> {
    this.#keep(reports, offsets)
  }

  keepAlerts(alerts: readonly AlertRow[]): void {
    this.#keep([], [], alerts)
  }

  alerts(most: number): AlertRow[] {
    return this.#store.alerts(most)
  }

  offsets(topic: string): ReportOffset[] {
    return this.#store.offsets(topic)
  }

  /** Takes over what other collectors have kept in the same file. */
  refresh(): void {
    const revision = this.#store.revision
    if (revision === this.#revision) return
    for (const taken of this.#store.reportsAfter(this.#revision)) this.#engine.restore(taken)
    for (const note of this.#store.notesAfter(this.#revision)) this.#engine.restoreNote?.(note)
    this.#revision = revision
  }

  async close(): Promise<void> {
    this.#flush()
    this.#stop.abort()
    for (const timer of this.#timers) clearInterval(timer)
    await this.#maintaining
    this.#store.close()
  }

  #flush(): void {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    const waiting = this.#waiting.splice(0)
    if (waiting.length === 0) return
    try {
      this.#keep(
        waiting.map(({ taken }) => taken),
        [],
      )
      for (const { resolve } of waiting) resolve()
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }

  #keep(reports: readonly TakenReport[], offsets: readonly ReportOffset[], alerts: readonly AlertRow[] = []): void {
    let revision: number
    try {
      // First what others kept, so that conclusions are drawn from all there is.
      this.refresh()
      for (const taken of reports) this.#engine.apply(taken)
      this.#notes = [...this.#notes, ...(this.#engine.takeNotes?.() ?? [])]
      revision = this.#store.write({ reports, offsets, alerts, notes: this.#notes })
      this.#notes = []
      this.#problem = null
    } catch (error) {
      if (this.#problem === null) this.#logger.error('the store takes nothing', { file: this.#store.file, error })
      this.#problem = `store ${this.#store.file} takes nothing: ${(error as Error).message}`
      throw error
    }
    if (revision === this.#revision + 1) this.#revision = revision
    // Another collector came in between; what was written here is restored with it, which changes nothing.
    else this.refresh()
  }

  #maintain(): void {
    this.#maintaining = this.#maintaining.then(async () => {
      if (this.#stop.signal.aborted) return
      try {
        await keepRetention(this.#store, this.#retention, Date.now(), this.#stop.signal)
      } catch (error) {
        this.#logger.error('old windows cannot be removed from the store', { file: this.#store.file, error })
      }
    })
  }

  #quietly(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (this.#problem === null) this.#logger.warn('the store cannot be read', { file: this.#store.file, error })
      this.#problem = `store ${this.#store.file} cannot be read: ${(error as Error).message}`
    }
  }
}
