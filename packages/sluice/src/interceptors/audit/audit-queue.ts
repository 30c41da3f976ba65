import { type Clock, KafkaError, type Logger } from 'sluice'
import type { AuditEntry, AuditSink } from './audit-entry.ts'
import type { HashChain } from './hash-chain.ts'

export interface AuditQueueOptions {
  readonly sink: AuditSink
  readonly chain: HashChain | undefined
  readonly maxQueue: number
  /** Entries are written again until it works, instead of being counted as lost. */
  readonly required: boolean
  readonly writeTimeoutMs: number
  readonly closeTimeoutMs: number
  readonly clock: Clock
  readonly logger: Logger
}

export interface AuditCounts {
  /** Entries that the sink has taken. */
  readonly written: number
  /** Entries that were given up: the queue was full, a write failed, or the client was closed. */
  readonly lost: number
  /** Calls of the sink that failed, or took longer than `writeTimeoutMs`. */
  readonly failedWrites: number
  /** Entries that wait to be written. */
  readonly waiting: number
}

interface Held {
  readonly entry: AuditEntry
  readonly settle: ((error?: KafkaError) => void) | undefined
}

const MAX_BATCH = 2000
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 5000
const WARNING_INTERVAL_MS = 10_000

/** Stands between the application and the sink: bounded, and whoever hands in an entry never waits for it unless asked to. */
export class AuditQueue {
  readonly #options: AuditQueueOptions
  #waiting: Held[] = []
  #writing = 0
  #reserved = 0
  #isDown = false
  #isClosed = false
  /** What the next entry tells. */
  #untold = 0
  #written = 0
  #lost = 0
  #failedWrites = 0
  #warnAgainAt = Number.NEGATIVE_INFINITY
  #pumping: Promise<void> | undefined
  #stopWaiting = (): void => {}

  constructor(options: AuditQueueOptions) {
    this.#options = options
  }

  counts(): AuditCounts {
    return { written: this.#written, lost: this.#lost, failedWrites: this.#failedWrites, waiting: this.#waiting.length + this.#writing }
  }

  /** Whether there is room, and the sink works. */
  get isAvailable(): boolean {
    return !this.#isClosed && !this.#isDown && this.#room > 0
  }

  /** Keeps places for entries to come. False when there is no room or the sink does not work: then nothing may happen that must be audited. */
  reserve(count: number): boolean {
    if (!this.isAvailable || this.#room < count) return false
    this.#reserved += count
    return true
  }

  /** An entry in its reserved place. */
  pushReserved(entry: AuditEntry): void {
    this.#reserved--
    this.#add({ entry, settle: undefined })
  }

  /** The same; settles once it is written, and rejects with TIMEOUT if that takes longer than `writeTimeoutMs`. */
  async writeReserved(entry: AuditEntry): Promise<void> {
    const { clock, writeTimeoutMs } = this.#options
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: KafkaError): void => {
        timer.cancel()
        if (error === undefined) resolve()
        else reject(error)
      }
      const late = (): void => settle(new KafkaError('TIMEOUT', `audit: the entry was not written within writeTimeoutMs ${writeTimeoutMs}`))
      const timer = clock.setTimer(late, writeTimeoutMs)
      this.#reserved--
      this.#add({ entry, settle })
    })
  }

  /** An entry of something that has happened already and must not be lost. */
  pushAlways(entry: AuditEntry): void {
    this.#add({ entry, settle: undefined })
  }

  /** An entry that is lost, and counted, when there is no room. */
  push(entry: AuditEntry): void {
    if (this.#isClosed || this.#room <= 0) this.#lose(1, 'the queue is full')
    else this.#add({ entry, settle: undefined })
  }

  /** Resolves once nothing waits, at the latest after the sink's next failure without `required`. */
  async flush(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping
  }

  /** Writes what waits, for `closeTimeoutMs` at most. */
  async close(): Promise<void> {
    const { clock, closeTimeoutMs, sink, logger } = this.#options
    let isLate = (): void => {}
    const late = new Promise<void>((resolve) => (isLate = resolve))
    const timer = clock.setTimer(isLate, closeTimeoutMs)
    await Promise.race([this.flush(), late])
    timer.cancel()
    this.#isClosed = true
    this.#stopWaiting()
    const left = this.#waiting.length + this.#writing
    if (left > 0) this.#giveUp(this.#waiting.splice(0), 'the client was closed')
    try {
      await sink.close?.()
    } catch (cause) {
      logger.error('audit: closing the sink failed', { error: nameOf(cause) })
    }
  }

  get #room(): number {
    return this.#options.maxQueue - this.#waiting.length - this.#writing - this.#reserved
  }

  #add(held: Held): void {
    if (this.#isClosed) {
      this.#giveUp([held], 'the client was closed')
      return
    }
    this.#waiting.push(held)
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined
    })
  }

  async #pump(): Promise<void> {
    // So that what is handed in within this tick goes together.
    await undefined
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const batch = this.#waiting.splice(0, MAX_BATCH)
      this.#writing = batch.length
      await this.#writeBatch(batch)
      this.#writing = 0
    }
  }

  async #writeBatch(batch: readonly Held[]): Promise<void> {
    const { chain, required } = this.#options
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2)) {
      const told = this.#untold
      const plain = batch.map(({ entry }, index) => (index === 0 && told > 0 ? { ...entry, lost: told } : entry))
      let entries: readonly AuditEntry[] = plain
      try {
        if (chain !== undefined) entries = chain.link(plain)
        await this.#watched(this.#options.sink.write(entries))
      } catch (cause) {
        if (!this.#isClosed) {
          this.#failedWrites++
          this.#isDown = required
          this.#warn('audit: entries could not be written', { error: nameOf(cause), willRetry: required })
        }
        if (required && !this.#isClosed) await this.#pause(retryMs)
        if (required && !this.#isClosed) continue
        this.#giveUp(batch, this.#isClosed ? 'the client was closed' : 'a write failed')
        return
      }
      chain?.advance(entries)
      this.#isDown = false
      this.#untold -= told
      this.#written += batch.length
      for (const { settle } of batch) settle?.()
      return
    }
  }

  /**
   * Settles as the write does, however late: a second call beside one that is still at work could write entries twice or
   * in between. Being late is told, and with `required` nothing more passes meanwhile. `close` waits no longer.
   */
  #watched(write: Promise<void>): Promise<void> {
    const { clock, writeTimeoutMs, required } = this.#options
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#failedWrites++
        this.#isDown = required
        this.#warn('audit: a write takes longer than writeTimeoutMs', { writeTimeoutMs })
      }
      const timer = clock.setTimer(late, writeTimeoutMs, false)
      this.#stopWaiting = () => {
        timer.cancel()
        reject(new KafkaError('CLOSED', 'the client was closed'))
      }
      write.then(
        () => {
          timer.cancel()
          resolve()
        },
        (cause) => {
          timer.cancel()
          reject(cause)
        },
      )
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(resolve, ms)
      this.#stopWaiting = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  #giveUp(batch: readonly Held[], why: string): void {
    this.#lose(batch.length, why)
    for (const { settle } of batch) settle?.(new KafkaError('INTERCEPTOR', `audit: the entry could not be written: ${why}`))
  }

  #lose(count: number, why: string): void {
    this.#lost += count
    this.#untold += count
    this.#warn(`audit: entries are lost: ${why}`, {})
  }

  #warn(message: string, fields: Readonly<Record<string, unknown>>): void {
    const { clock, logger } = this.#options
    if (clock.monotonic() < this.#warnAgainAt) return
    this.#warnAgainAt = clock.monotonic() + WARNING_INTERVAL_MS
    logger.error(message, { ...fields, ...this.counts() })
  }
}

/** A message may quote data; the name and the code of an error do not. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : error.name
}
