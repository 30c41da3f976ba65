import type { MonitoredClient, MonitoredInterceptor, MonitorReport } from 'sluice/monitor-report'
import type { TakenReport } from '../ingest/report-sink.ts'
import { type ClockEstimate, type ClockProbe, estimateClock } from './clock-estimate.ts'

const INTERVAL_MS = 5000
/** Reports come every interval, give or take a fifth; three may be missed. */
const MISSED = 3 * 1.2
/** What a report may take on its way. */
const GRACE_MS = 2000
/** Reports of which is remembered when they came. */
const MAX_REMEMBERED = 32

interface Received {
  readonly seq: number
  readonly receivedAt: number
  readonly byBroker: boolean
  readonly sentAt: number
  readonly probe: MonitorReport['probe']
}

/** What one session says of itself. The same reports in any order, and any of them twice, make the same. */
export class SessionState {
  readonly id: string
  /** Of the latest report, as is all that is not explained otherwise. */
  client: MonitoredClient
  chain: readonly MonitoredInterceptor[] = []
  droppedCells = 0
  selfNs = 0
  #latest = -1
  #first: Received | undefined
  /** Part of what it told was kept by a store: what came first is not known, and is all there. */
  #isRestored = false
  #restoredJoinedAt: number | undefined
  #isClosed = false
  #intervalMs = INTERVAL_MS
  #lastReceivedAt = Number.NEGATIVE_INFINITY
  /** By number. */
  #received: Received[] = []
  #clock: ClockEstimate | null | undefined
  #toldUntil: number | undefined

  constructor(id: string, client: MonitoredClient) {
    this.id = id
    this.client = client
  }

  apply({ report, receivedAt, byBroker }: TakenReport, isRestored: boolean): void {
    const { seq, sentAt, probe } = report
    if (isRestored) this.#isRestored = true
    if (receivedAt > this.#lastReceivedAt) this.#lastReceivedAt = receivedAt
    if (report.event === 'close') this.#isClosed = true
    if (seq >= this.#latest) {
      this.#latest = seq
      this.client = report.client
      this.chain = report.chain
      this.droppedCells = report.droppedCells
      this.selfNs = report.selfNs
      this.#intervalMs = report.intervalMs ?? INTERVAL_MS
    }
    this.#remember({ seq, receivedAt, byBroker, sentAt, probe })
  }

  get group(): string | undefined {
    return this.client.role === 'consumer' ? this.client.groupId : undefined
  }

  get lastReportAt(): number {
    return this.#lastReceivedAt
  }

  /**
   * Reports before the first one that came here were acknowledged by somebody: what they told is unknown. Its time, by the
   * clock of the session; undefined when everything came.
   */
  get joinedAt(): number | undefined {
    if (this.#isRestored) return this.#restoredJoinedAt
    return this.#first?.probe === undefined ? undefined : this.#first.sentAt
  }

  restoreJoinedAt(joinedAt: number): void {
    this.#restoredJoinedAt = joinedAt
  }

  stateAt(now: number): 'live' | 'closed' | 'dead' {
    if (this.#isClosed) return 'closed'
    return now - this.#lastReceivedAt > MISSED * this.#intervalMs + GRACE_MS ? 'dead' : 'live'
  }

  /**
   * It has told everything that it had given out at this time at least: a report is composed only when the one before it has
   * arrived.
   */
  get toldUntil(): number {
    if (this.#toldUntil !== undefined) return this.#toldUntil
    let until = Number.NEGATIVE_INFINITY
    const [before, last] = this.#received.slice(-2)
    if (before !== undefined && last !== undefined) until = Math.min(before.receivedAt, last.receivedAt)
    this.#toldUntil = until
    return until
  }

  /** Null before there is a probe. */
  get clock(): ClockEstimate | null {
    if (this.#clock === undefined) this.#clock = estimateClock(this.#probes()) ?? null
    return this.#clock
  }

  /** A time of the session's clock as one of the broker's, as exactly as is known. */
  brokerTime(time: number): number {
    if (this.clock !== null) return time - this.clock.aheadMs
    // Without a probe: no report can come before it was sent.
    const ahead = this.#received.reduce((most, { sentAt, receivedAt }) => Math.max(most, sentAt - receivedAt), Number.NEGATIVE_INFINITY)
    return Number.isFinite(ahead) ? time - ahead : time
  }

  #remember(received: Received): void {
    this.#clock = undefined
    this.#toldUntil = undefined
    if (this.#first === undefined || received.seq < this.#first.seq) this.#first = received
    const list = this.#received
    let index = list.length
    while (index > 0 && list[index - 1]!.seq >= received.seq) index--
    const same = list[index]
    // A report that came twice came at the earlier time.
    if (same?.seq === received.seq) list[index] = same.receivedAt <= received.receivedAt ? same : received
    else list.splice(index, 0, received)
    if (list.length > MAX_REMEMBERED) list.shift()
  }

  #probes(): ClockProbe[] {
    const bySeq = new Map(this.#received.map((received) => [received.seq, received]))
    return this.#received.flatMap(({ probe }) => {
      const probed = probe === undefined ? undefined : bySeq.get(probe.seq)
      return probed === undefined ? [] : [{ sentAt: probe!.sentAt, ackedAt: probe!.ackedAt, receivedAt: probed.receivedAt }]
    })
  }
}
