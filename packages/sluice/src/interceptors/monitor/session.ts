import { randomBytes, randomInt } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock, InterceptorContext, InterceptorStats, Timer } from 'sluice'
import { type Cell, Cells } from './cells.ts'
import type { MonitorAssignment, MonitoredClient, MonitoredInterceptor, MonitorReport } from './report/report.ts'
import type { MonitorTransport } from './transport.ts'

export interface SessionOptions {
  readonly app: string | undefined
  readonly intervalMs: number
  readonly maxCells: number
}

/** What a session has to tell beside its cells. */
export interface SessionSource {
  /** Brings what is kept elsewhere into the cells. Called before each report. */
  settle(): void
  /** Those that changed since the last call. */
  assignments(): readonly MonitorAssignment[]
  /** A report with these did not arrive: they are to be told again. */
  notTold(assignments: readonly MonitorAssignment[]): void
}

/** Cells stay this long after their last change, for records that come late. */
const KEEP_MS = 600_000
/** The library's version, as reports tell it. */
const VERSION = '0.1.0'

/**
 * One client's side of the monitor: gathers cells, and hands a report to the transport now and then. What is not
 * acknowledged stays dirty and goes with the next one; a transport that is slow, fails or hangs costs nothing but that.
 */
export class MonitorSession {
  readonly cells: Cells
  readonly id: string = randomBytes(8).toString('hex')
  readonly #client: MonitoredClient
  readonly #context: InterceptorContext
  readonly #options: SessionOptions
  readonly #transport: MonitorTransport
  readonly #source: SessionSource
  readonly #clock: Clock
  #seq = 0
  #arrived = -1
  #probe: MonitorReport['probe']
  #timer: Timer | undefined
  #sending: Promise<void> | undefined
  #isClosed = false
  #selfNs = 0

  constructor(
    role: 'producer' | 'consumer',
    context: InterceptorContext,
    options: SessionOptions,
    transport: MonitorTransport,
    source: SessionSource,
  ) {
    const { clock, clientId, groupId } = context
    this.cells = new Cells(options.maxCells)
    this.#context = context
    this.#options = options
    this.#transport = transport
    this.#source = source
    this.#clock = clock
    this.#client = {
      role,
      clientId,
      ...(groupId === undefined ? {} : { groupId }),
      ...(options.app === undefined ? {} : { app: options.app }),
      host: hostname(),
      pid: process.pid,
      library: 'sluice',
      version: VERSION,
      startedAt: clock.now(),
    }
    this.#schedule(1000)
  }

  /** A measured part of the monitor's own work, in nanoseconds per record. */
  measuredSelf(ns: number): void {
    this.#selfNs = this.#selfNs === 0 ? ns : this.#selfNs * 0.9 + ns * 0.1
  }

  /** Sends a report now; resolves when the transport is done with it, whatever came of it. */
  async report(event?: 'close'): Promise<void> {
    await this.#sending
    this.#sending = this.#send(event ?? (this.#seq === 0 ? 'start' : 'report'))
    await this.#sending
  }

  /** The last report, and no more after it. Waits at most `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
    let timer: Timer | undefined
    const late = new Promise<void>((resolve) => {
      timer = this.#clock.setTimer(resolve, timeoutMs, false)
    })
    await Promise.race([this.report('close'), late])
    timer?.cancel()
  }

  async #send(event: MonitorReport['event']): Promise<void> {
    this.#source.settle()
    const dirty: Cell[] = []
    for (const cell of this.cells.all()) if (cell.isDirty) dirty.push(cell)
    const seq = this.#seq++
    const sentAt = this.#clock.now()
    const clusterId = this.#context.clusterId?.() ?? undefined
    const report: MonitorReport = {
      v: 1,
      session: this.id,
      seq,
      after: this.#arrived,
      event,
      sentAt,
      ...(this.#probe === undefined ? {} : { probe: this.#probe }),
      client: clusterId === undefined ? this.#client : { ...this.#client, clusterId },
      cells: dirty.map((cell) => {
        cell.isDirty = false
        return cell.toReport(this.#client.role)
      }),
      assignments: this.#source.assignments(),
      chain: (this.#context.stats?.() ?? []).map(chainRow),
      droppedCells: this.cells.given,
      selfNs: Math.round(this.#selfNs),
    }
    try {
      await this.#transport.send(report)
      this.#arrived = seq
      this.#probe = { seq, sentAt, ackedAt: this.#clock.now() }
      for (const cell of dirty) cell.reportedAt = sentAt
      this.cells.forget(sentAt - KEEP_MS)
    } catch {
      // The transport has told why; what was in the report goes with the next one.
      for (const cell of dirty) cell.isDirty = true
      this.#source.notTold(report.assignments)
    }
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#clock.setTimer(
      () => {
        const { intervalMs } = this.#options
        void this.report().finally(() => {
          if (!this.#isClosed) this.#schedule(intervalMs * (0.8 + randomInt(400) / 1000))
        })
      },
      Math.min(delayMs, this.#options.intervalMs),
      false,
    )
  }
}

function chainRow({ name, calls, errors, dropped, state, meanMicros, maxMicros, measuredCalls }: InterceptorStats): MonitoredInterceptor {
  const measured = measuredCalls > 0
  const ns = (micros: number): number => (measured ? Math.round(micros * 1000) : -1)
  return { name, calls, errors, dropped, state, meanNs: ns(meanMicros), maxNs: ns(maxMicros) }
}
