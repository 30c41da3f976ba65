// What is on the screen is asked for again when the store has changed: at most once a second, and not while paused.
import { useEffect, useState } from 'preact/hooks'
import { connection, isClockKnown, lastAlert, now, revision, tellClock } from './feed.ts'
import { view } from './navigation.ts'
import { type Observable, observable } from './observable.ts'

export interface Answer<T> {
  readonly data: T | undefined
  /** Why the last try failed; what was there before stays. */
  readonly error: string | undefined
  /** The collector's clock when `data` came. */
  readonly at: number
}

interface Entry {
  readonly path: string
  readonly answer: Observable<Answer<unknown>>
  watchers: number
  asking: boolean
  askAgain: boolean
  /** The store's revision that `data` is of; null when there is none, or an error. */
  revision: number | null
}

const REFRESH_MS = 1000
const TIMEOUT_MS = 20_000
const MAX_KEPT = 24

const entries = new Map<string, Entry>()
let timer: ReturnType<typeof setTimeout> | undefined
let lastRefresh = Number.NEGATIVE_INFINITY

export function startAnswers(): void {
  revision.subscribe(refreshSoon)
  // What failed while the collector was away.
  connection.subscribe(refreshSoon)
  lastAlert.subscribe(() => {
    const alerts = entries.get('alerts')
    if (alerts !== undefined) alerts.revision = null
    refreshSoon()
  })
  isClockKnown.subscribe(() => {
    for (const { answer } of entries.values()) if (answer.value.data !== undefined) answer.set({ ...answer.value, at: now.value })
  })
  document.addEventListener('visibilitychange', refreshSoon)
  view.subscribe(() => {
    if (view.value.live) refreshSoon()
  })
}

/** Asks anew for everything that is on the screen, also when paused. */
export function refreshNow(): void {
  lastRefresh = performance.now()
  for (const entry of entries.values()) if (entry.watchers > 0) ask(entry)
}

/** The answer at `path`, below `api/v1/`; kept fresh as long as it is on the screen. Null asks for nothing. */
export function useAnswer<T>(path: string | null): Answer<T> {
  const [answer, setAnswer] = useState<Answer<unknown>>(() => (path === null ? nothing : entryOf(path).answer.value))
  useEffect(() => {
    if (path === null) {
      setAnswer(nothing)
      return
    }
    const entry = entryOf(path)
    entry.watchers++
    setAnswer(entry.answer.value)
    if (entry.answer.value.data === undefined || entry.revision !== revision.value) ask(entry)
    const unsubscribe = entry.answer.subscribe(setAnswer)
    return () => {
      entry.watchers--
      unsubscribe()
    }
  }, [path])
  // Of another path until the effect has run: never shown under the wrong title.
  const current = path === null ? nothing : entryOf(path).answer.value
  return (answer === current ? answer : current) as Answer<T>
}

const nothing: Answer<unknown> = { data: undefined, error: undefined, at: 0 }

function entryOf(path: string): Entry {
  let entry = entries.get(path)
  if (entry !== undefined) return entry
  for (const [other, old] of entries) if (entries.size >= MAX_KEPT && old.watchers === 0) entries.delete(other)
  entry = { path, answer: observable(nothing), watchers: 0, asking: false, askAgain: false, revision: null }
  entries.set(path, entry)
  return entry
}

function refreshSoon(): void {
  if (timer !== undefined || !view.value.live || document.hidden) return
  const wait = Math.max(0, lastRefresh + REFRESH_MS - performance.now())
  timer = setTimeout(() => {
    timer = undefined
    if (!view.value.live || document.hidden) return
    lastRefresh = performance.now()
    for (const entry of entries.values()) if (entry.watchers > 0 && entry.revision !== revision.value) ask(entry)
  }, wait)
}

function ask(entry: Entry): void {
  if (entry.asking) {
    entry.askAgain = true
    return
  }
  entry.asking = true
  void fetchJson(entry.path)
    .then((data) => {
      entry.revision = data.revision
      if (data.now !== undefined) tellClock(data.now)
      entry.answer.set({ data, error: undefined, at: now.value })
    })
    .catch((error: unknown) => {
      entry.revision = null
      entry.answer.set({ ...entry.answer.value, error: error instanceof Error ? error.message : String(error) })
    })
    .finally(() => {
      entry.asking = false
      if (!entry.askAgain) return
      entry.askAgain = false
      ask(entry)
    })
}

interface AnyAnswer {
  readonly revision: number
  readonly now?: number
}

async function fetchJson(path: string): Promise<AnyAnswer> {
  let response: Response
  try {
    response = await fetch(`api/v1/${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS), headers: { accept: 'application/json' } })
  } catch {
    throw new Error('the collector does not answer')
  }
  if (response.status === 401) throw new Error('a token is needed: open this page with ?token=… once')
  const body = (await response.json().catch(() => ({}))) as AnyAnswer & { readonly error?: string }
  if (!response.ok) throw new Error(body.error ?? `the collector answered ${response.status}`)
  return body
}
