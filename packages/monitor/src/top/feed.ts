import type { Clock, Timer } from 'sluice'
import { type CollectorClient, CollectorError } from './collector-client.ts'
import { pause } from './pause.ts'
import { askSnapshot, type Wanted } from './questions.ts'
import type { Snapshot } from './snapshot.ts'
import type { StreamFilter } from './stream-figures.ts'

/** While nothing changes, ages still do. */
const UNCHANGED_INTERVALS = 5
const MOST_BETWEEN_TRIES_MS = 5000
/** The collector says something every 15 s. */
const EVENTS_IDLE_MS = 40_000

export interface FeedOptions {
  readonly client: CollectorClient
  readonly clock: Clock
  readonly intervalMs: number
  readonly filter: StreamFilter
  readonly wanted: (snapshot: Snapshot) => Wanted
  readonly onSnapshot: (snapshot: Snapshot) => void
  /** Once each time that it stops answering. */
  readonly onLost: (reason: string) => void
}

/**
 * Keeps a snapshot up to date: when the collector says by an event that something is new, but not sooner than an interval
 * after the last one; every interval where there are no events. When the collector goes away it is tried again, ever more
 * rarely, up to every 5 seconds.
 */
export class Feed {
  readonly #options: FeedOptions
  readonly #ending = new AbortController()
  #wake: (() => void) | undefined
  #soon = false
  #hasEvents = false
  #hasNews = false
  #lost = false

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** The first snapshot, then more. Throws a CollectorError when there is none. */
  async start(): Promise<void> {
    await this.#ask()
    void this.#follow()
    void this.#listen()
  }

  /** As soon as it can be had: something else is to be seen. */
  refresh(): void {
    this.#soon = true
    this.#wake?.()
  }

  close(): void {
    this.#ending.abort()
    this.#wake?.()
  }

  async #ask(): Promise<void> {
    const { client, filter, wanted, onSnapshot } = this.#options
    this.#hasNews = false
    this.#soon = false
    const snapshot = await askSnapshot(client, filter, wanted, this.#ending.signal)
    this.#lost = false
    if (!this.#ending.signal.aborted) onSnapshot(snapshot)
  }

  async #follow(): Promise<void> {
    const { intervalMs } = this.#options
    let failures = 0
    while (!this.#ending.signal.aborted) {
      if (failures > 0) await this.#pause(Math.min(MOST_BETWEEN_TRIES_MS, intervalMs * 2 ** (failures - 1)), () => false)
      else {
        await this.#pause(intervalMs, () => this.#soon)
        if (this.#hasEvents)
          await this.#pause(intervalMs * (UNCHANGED_INTERVALS - 1), () => this.#soon || this.#hasNews || !this.#hasEvents)
      }
      if (this.#ending.signal.aborted) return
      try {
        await this.#ask()
        failures = 0
      } catch (error) {
        if (this.#ending.signal.aborted) return
        failures++
        if (!this.#lost) this.#options.onLost((error as Error).message)
        this.#lost = true
      }
    }
  }

  async #listen(): Promise<void> {
    const { client, clock, intervalMs } = this.#options
    const { signal } = this.#ending
    while (!signal.aborted) {
      try {
        await client.events((name) => this.#heard(name), EVENTS_IDLE_MS, signal)
      } catch (error) {
        if (!(error instanceof CollectorError)) throw error
      }
      this.#hasEvents = false
      this.#wake?.()
      await pause(clock, Math.max(1000, intervalMs), signal)
    }
  }

  #heard(name: string): void {
    this.#hasEvents = true
    this.#hasNews = true
    if (name === 'alert') this.#soon = true
    this.#wake?.()
  }

  /** Until the time has passed or `enough` says so when something happens. */
  #pause(delayMs: number, enough: () => boolean): Promise<void> {
    if (enough()) return Promise.resolve()
    return new Promise((resolve) => {
      let timer: Timer | undefined
      const end = (): void => {
        timer?.cancel()
        this.#wake = undefined
        this.#ending.signal.removeEventListener('abort', end)
        resolve()
      }
      this.#wake = () => {
        if (enough() || this.#ending.signal.aborted) end()
      }
      this.#ending.signal.addEventListener('abort', end)
      timer = this.#options.clock.setTimer(end, delayMs)
      if (this.#ending.signal.aborted) end()
    })
  }
}
