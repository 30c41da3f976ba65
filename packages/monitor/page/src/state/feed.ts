// The collector's events: says when there is something new to ask for, and which alert began or ended.
import type { AlertRow, EventMessages } from '../../../src/api-types.ts'
import { type Observable, observable } from './observable.ts'

export type Connection = 'connecting' | 'open' | 'lost'

export const connection: Observable<Connection> = observable<Connection>('connecting')
/** Of the store, as last told; null before. It may go down: a collector that starts anew counts from the start. */
export const revision: Observable<number | null> = observable<number | null>(null)
/** The collector's clock, as last told: ages and ranges are by it, not by this machine's. */
export const now: Observable<number> = observable(Date.now())
/** Before, `now` is only this machine's clock. */
export const isClockKnown: Observable<boolean> = observable(false)
export const lastAlert: Observable<AlertRow | null> = observable<AlertRow | null>(null)

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 10_000

let source: EventSource | undefined
let retry: ReturnType<typeof setTimeout> | undefined
let retryMs = FIRST_RETRY_MS

/** One connection per tab, and none while nobody looks. */
export function startFeed(): void {
  document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : connect()))
  if (!document.hidden) connect()
}

/** Tries at once, not after the pause. */
export function reconnect(): void {
  disconnect()
  retryMs = FIRST_RETRY_MS
  connect()
}

function connect(): void {
  if (source !== undefined) return
  clearTimeout(retry)
  const opened = new EventSource('api/v1/events')
  source = opened
  opened.addEventListener('hello', (event) => {
    retryMs = FIRST_RETRY_MS
    connection.set('open')
    told(JSON.parse((event as MessageEvent<string>).data) as EventMessages['hello'])
  })
  opened.addEventListener('revision', (event) => told(JSON.parse((event as MessageEvent<string>).data) as EventMessages['revision']))
  opened.addEventListener('alert', (event) => lastAlert.set(JSON.parse((event as MessageEvent<string>).data) as AlertRow))
  // The browser would try again by itself after most failures, but not after an answer such as 503 from a proxy.
  opened.addEventListener('error', () => {
    opened.close()
    if (source !== opened) return
    source = undefined
    connection.set('lost')
    retry = setTimeout(connect, retryMs)
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
  })
}

function disconnect(): void {
  clearTimeout(retry)
  source?.close()
  source = undefined
}

/** Some answers tell it, too. */
export function tellClock(time: number): void {
  now.set(time)
  isClockKnown.set(true)
}

function told(message: { readonly revision: number; readonly now: number }): void {
  tellClock(message.now)
  revision.set(message.revision)
}
