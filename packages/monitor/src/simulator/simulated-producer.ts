import type { Random } from './random.ts'
import type { SimulatedLog } from './simulated-log.ts'
import type { SimulatedCell, SimulatedSession } from './simulated-session.ts'

/** An acknowledgement, and when it happened among the events of its session. */
export interface Acknowledged {
  readonly session: SimulatedSession
  readonly event: number
  readonly offset: number
  readonly isAborted: boolean
}

interface Waiting {
  readonly log: SimulatedLog
  readonly offset: number
  readonly timestamp: number
  readonly ackAt: number
}

/** Writes bursts of records; some of them in transactions, some with timestamps that are not of now. */
export class SimulatedProducer {
  readonly session: SimulatedSession | undefined
  readonly #random: Random
  readonly #skewMs: number
  readonly #logs: readonly SimulatedLog[]
  readonly #isTransactional: boolean
  readonly #oddShare: number
  readonly #told: (log: SimulatedLog, acknowledged: Acknowledged) => void
  #waiting: Waiting[] = []
  #transaction: Waiting[] = []
  #transactionEndsAt = 0

  constructor(options: {
    readonly random: Random
    readonly session: SimulatedSession | undefined
    readonly skewMs: number
    readonly logs: readonly SimulatedLog[]
    readonly isTransactional: boolean
    readonly oddShare: number
    readonly told: (log: SimulatedLog, acknowledged: Acknowledged) => void
  }) {
    this.session = options.session
    this.#random = options.random
    this.#skewMs = options.skewMs
    this.#logs = options.logs
    this.#isTransactional = options.isTransactional
    this.#oddShare = options.oddShare
    this.#told = options.told
  }

  send(now: number): void {
    const random = this.#random
    const log = random.pick(this.#logs)
    for (let left = random.from(1, 8); left > 0; left--) {
      const trueTimestamp = now - (random.chance(this.#oddShare) ? random.pick([20_000, 90_000, 7_200_000, now]) : 0)
      const timestamp = trueTimestamp === 0 ? 0 : trueTimestamp + this.#skewMs
      const state = this.#isTransactional ? 'open' : 'committed'
      const offset = log.append({ timestamp, trueTimestamp, session: this.session?.id, state })
      const waiting = { log, offset, timestamp, ackAt: now + random.from(1, 60) }
      if (!this.#isTransactional) this.#waiting.push(waiting)
      else {
        if (this.#transaction.length === 0) this.#transactionEndsAt = now + random.from(200, 3000)
        this.#transaction.push(waiting)
      }
    }
  }

  step(now: number): void {
    if (this.#transaction.length > 0 && now >= this.#transactionEndsAt) this.#endTransaction(now, this.#random.chance(0.3))
    if (this.session === undefined) {
      this.#waiting = []
      return
    }
    this.#waiting = this.#waiting.filter((waiting) => {
      if (waiting.ackAt > now) return true
      this.#acknowledge(waiting, now)
      return false
    })
  }

  /** Offsets that the broker gives again: what waits for an acknowledgement gets none. */
  truncated(log: SimulatedLog, end: number): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.log !== log || waiting.offset < end)
  }

  /** The coordinator ends what a dead producer left open. */
  crash(now: number): void {
    if (this.session !== undefined) this.session.state = 'crashed'
    this.#waiting = []
    if (this.#transaction.length > 0) this.#endTransaction(now, true, true)
  }

  close(now: number): void {
    if (this.#transaction.length > 0) this.#endTransaction(now, false)
    if (this.session === undefined) return
    for (const waiting of this.#waiting) this.#acknowledge(waiting, now)
    this.#waiting = []
    if (this.session.state === 'live') this.session.state = 'closing'
  }

  #endTransaction(now: number, isAborted: boolean, isUntold = false): void {
    const transaction = this.#transaction
    this.#transaction = []
    for (const { log, offset } of transaction) log.at(offset).state = isAborted ? 'aborted' : 'committed'
    for (const log of new Set(transaction.map((waiting) => waiting.log))) {
      log.append({ timestamp: now, trueTimestamp: now, session: undefined, state: 'marker' })
    }
    if (this.session === undefined || isUntold) return
    for (const waiting of transaction) this.#acknowledge(waiting, now, isAborted)
  }

  #acknowledge({ log, offset, timestamp }: Waiting, now: number, isAborted = false): void {
    const session = this.session!
    const cell: SimulatedCell = session.cell(log.topic, log.partition, timestamp, now)
    if (isAborted) cell.aborted.add(offset, 1)
    else {
      if (cell.offsets.overlap(offset, 1).length > 0) cell.overwritten.add(offset, 1)
      cell.offsets.add(offset, 1)
      cell.records++
    }
    this.#told(log, { session, event: session.events++, offset, isAborted })
  }
}
