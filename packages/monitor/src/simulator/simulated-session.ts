import {
  ExponentialHistogram,
  type MonitorAssignment,
  type MonitorCell,
  type MonitoredClient,
  type MonitorReport,
  OffsetRangeSet,
  WINDOW_MS,
} from 'sluice/monitor-report'
import type { TakenReport } from '../ingest/report-sink.ts'
import type { Random } from './random.ts'

const MAX_OFF_MS = 3_600_000
const INTERVAL_MS = 5000
const TIMEOUT_MS = 8000

export interface SimulatedCell {
  readonly topic: string
  readonly partition: number
  readonly window: number
  version: number
  records: number
  isDirty: boolean
  isApproximate: boolean
  readonly offsets: OffsetRangeSet
  readonly overwritten: OffsetRangeSet
  readonly aborted: OffsetRangeSet
  readonly redelivered: OffsetRangeSet
  readonly replayed: OffsetRangeSet
  readonly filtered: Map<string, OffsetRangeSet>
  transit: ExponentialHistogram | undefined
}

export type SimulatedHold = { -readonly [K in keyof MonitorAssignment]: MonitorAssignment[K] } & { isDirty: boolean }

interface InFlight {
  readonly report: MonitorReport
  readonly cells: readonly SimulatedCell[]
  readonly holds: readonly SimulatedHold[]
  readonly events: number
  arrivesAt: number
  /** Infinity: it never learns that the report arrived. */
  readonly ackAt: number
  readonly timeoutAt: number
}

/** How badly reports travel. */
export interface TransportFaults {
  readonly lost: number
  readonly lostAck: number
  readonly late: number
  readonly doubled: number
}

/** The monitor of one client: reports every five seconds, serially, and repeats what was not acknowledged. */
export class SimulatedSession {
  readonly id: string
  readonly client: MonitoredClient
  /** By how much its host's clock is ahead. */
  readonly skewMs: number
  readonly cells: Map<string, SimulatedCell> = new Map()
  readonly holds: SimulatedHold[] = []
  /** Grows with everything that happens, to know later what was told. */
  events = 0
  /** Of these, so many are in reports that arrived. */
  toldEvents = 0
  state: 'live' | 'closing' | 'closed' | 'crashed' = 'live'
  readonly #random: Random
  readonly #faults: TransportFaults
  readonly #maxRanges: number
  #seq = 0
  #probe: MonitorReport['probe']
  #inFlight: InFlight | undefined
  #nextAt: number

  constructor(random: Random, client: MonitoredClient, skewMs: number, now: number, faults: TransportFaults, maxRanges: number) {
    this.id = random.sessionId()
    this.client = client
    this.skewMs = skewMs
    this.#random = random
    this.#faults = faults
    this.#maxRanges = maxRanges
    this.#nextAt = now + 1000
  }

  clock(now: number): number {
    return now + this.skewMs
  }

  cell(topic: string, partition: number, timestamp: number, now: number): SimulatedCell {
    const isOff = Math.abs(timestamp - this.clock(now)) > MAX_OFF_MS
    const window = isOff ? -1 : timestamp - (timestamp % WINDOW_MS)
    const key = `${topic}/${partition}/${window}`
    let cell = this.cells.get(key)
    if (cell === undefined) {
      const set = (): OffsetRangeSet => new OffsetRangeSet()
      cell = {
        ...{ topic, partition, window, version: 0, records: 0, isDirty: true, isApproximate: false, transit: undefined },
        ...{ offsets: set(), overwritten: set(), aborted: set(), redelivered: set(), replayed: set(), filtered: new Map() },
      }
      this.cells.set(key, cell)
    }
    cell.isDirty = true
    return cell
  }

  /** Reports that arrive at the broker by `now`. */
  step(now: number): TakenReport[] {
    const arrived: TakenReport[] = []
    const flight = this.#inFlight
    if (flight !== undefined) {
      if (flight.arrivesAt <= now) {
        arrived.push(...this.#arrive(flight))
        flight.arrivesAt = Number.POSITIVE_INFINITY
      }
      if (this.state === 'crashed') {
        if (flight.arrivesAt === Number.POSITIVE_INFINITY) this.#inFlight = undefined
      } else if (flight.ackAt <= now) this.#acknowledged(flight)
      else if (flight.timeoutAt <= now) this.#failed(flight)
    }
    if (this.#inFlight === undefined && (this.state === 'closing' || (this.state === 'live' && now >= this.#nextAt))) this.#send(now)
    return arrived
  }

  #arrive({ report, arrivesAt, events }: InFlight): TakenReport[] {
    this.toldEvents = Math.max(this.toldEvents, events)
    const taken = { report, receivedAt: Math.round(arrivesAt), byBroker: true }
    return this.#random.chance(this.#faults.doubled)
      ? [taken, { ...taken, receivedAt: taken.receivedAt + this.#random.from(0, 12_000) }]
      : [taken]
  }

  #acknowledged({ report, ackAt }: InFlight): void {
    this.#inFlight = undefined
    this.#probe = { seq: report.seq, sentAt: report.sentAt, ackedAt: Math.round(this.clock(ackAt)) }
    if (report.event === 'close') this.state = 'closed'
  }

  #failed({ report, cells, holds }: InFlight): void {
    this.#inFlight = undefined
    for (const cell of cells) cell.isDirty = true
    for (const hold of holds) hold.isDirty = true
    // A client waits for its last report, and then is gone.
    if (report.event === 'close') this.state = 'closed'
  }

  #send(now: number): void {
    const random = this.#random
    const cells = [...this.cells.values()].filter(({ isDirty }) => isDirty)
    const holds = this.holds.filter(({ isDirty }) => isDirty)
    const event = this.state === 'closing' ? 'close' : this.#seq === 0 ? 'start' : 'report'
    const report: MonitorReport = {
      v: 1,
      session: this.id,
      seq: this.#seq++,
      event,
      sentAt: Math.round(this.clock(now)),
      ...(this.#probe === undefined ? {} : { probe: this.#probe }),
      client: this.client,
      cells: cells.map((cell) => this.#cellReport(cell)),
      assignments: holds.map((hold) => {
        hold.isDirty = false
        hold.version++
        const { isDirty: _, ...assignment } = hold
        return { ...assignment }
      }),
      chain: [],
      droppedCells: 0,
      selfNs: 50,
    }
    const there = random.chance(this.#faults.late) ? random.from(500, 4000) : random.from(1, 40)
    const isLost = random.chance(this.#faults.lost)
    const ackAt = isLost || random.chance(this.#faults.lostAck) ? Number.POSITIVE_INFINITY : now + there + random.from(1, 40)
    const arrivesAt = isLost ? Number.POSITIVE_INFINITY : now + there
    this.#inFlight = { report, cells, holds, events: this.events, arrivesAt, ackAt, timeoutAt: now + TIMEOUT_MS }
    this.#nextAt = now + INTERVAL_MS * (0.8 + random.next() * 0.4)
  }

  #cellReport(cell: SimulatedCell): MonitorCell {
    cell.isDirty = false
    cell.version++
    for (const set of [cell.offsets, cell.redelivered, cell.replayed]) if (set.keep(this.#maxRanges)) cell.isApproximate = true
    const ranges = (name: string, set: OffsetRangeSet) => (set.size === 0 ? {} : { [name]: set.toRanges() })
    const { topic, partition, window, version, records } = cell
    return {
      ...{ topic, partition, window, version, records, bytes: records * 100 },
      ...(cell.isApproximate ? { approximate: true } : {}),
      ...ranges(this.client.role === 'producer' ? 'acked' : 'seen', cell.offsets),
      ...ranges('overwritten', cell.overwritten),
      ...ranges('aborted', cell.aborted),
      ...ranges('redelivered', cell.redelivered),
      ...ranges('replayed', cell.replayed),
      ...(cell.filtered.size === 0 ? {} : { filtered: Object.fromEntries([...cell.filtered].map(([by, set]) => [by, set.toRanges()])) }),
      ...(cell.transit === undefined ? {} : { transit: cell.transit.toState() }),
    }
  }

  record(cell: SimulatedCell, latencyMs: number): void {
    cell.transit ??= new ExponentialHistogram()
    cell.transit.record(latencyMs)
  }
}
