import { refreshNow } from '../state/answers.ts'
import { connection, reconnect } from '../state/feed.ts'
import { useObservable } from '../state/observable.ts'
import { Notice } from './notices.tsx'

/** What is shown stays, and is said to be old. */
export function ConnectionNotice({ error }: { readonly error: string | undefined }) {
  const lost = useObservable(connection) === 'lost'
  if (!lost) return null
  return (
    <Notice tone="bad">
      <span id="lost">
        No connection to the collector{error === undefined ? '' : `: ${error}`}. What you see is as of the last answer; it is tried again by
        itself.
      </span>{' '}
      <button
        type="button"
        class="small"
        onClick={() => {
          reconnect()
          refreshNow()
        }}
      >
        Try now
      </button>
    </Notice>
  )
}
