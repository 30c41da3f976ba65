// What a screen reader is told without being asked: figures at most every ten seconds, alerts at once.
import { useEffect, useState } from 'preact/hooks'
import { describeAlert } from '../findings.ts'
import { connection, lastAlert } from '../state/feed.ts'
import { type Observable, observable, useObservable } from '../state/observable.ts'

const EVERY_MS = 10_000

/** The present state in one sentence; a page sets it, and it is read out when it has changed. */
export const statusText: Observable<string> = observable('')

export function Announcer() {
  const polite = useThrottled(useObservable(statusText))
  const alert = useObservable(lastAlert)
  const lost = useObservable(connection) === 'lost'
  return (
    <>
      <p class="sr-only" aria-live="polite" id="polite">
        {polite}
      </p>
      <p class="sr-only" role="alert" id="assertive">
        {lost ? 'The connection to the collector is lost.' : alert === null ? '' : describeAlert(alert)}
      </p>
    </>
  )
}

function useThrottled(text: string): string {
  const [told, setTold] = useState({ text, at: Number.NEGATIVE_INFINITY })
  useEffect(() => {
    if (text === told.text) return
    const wait = Math.max(0, told.at + EVERY_MS - performance.now())
    const timer = setTimeout(() => setTold({ text, at: performance.now() }), wait)
    return () => clearTimeout(timer)
  }, [text, told])
  return told.text
}
