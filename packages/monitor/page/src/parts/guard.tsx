import type { ComponentChildren } from 'preact'
import { useErrorBoundary } from 'preact/hooks'
import { Notice } from './notices.tsx'

/** A part that fails says so, and leaves the rest of the page as it is. */
export function Guard({ children }: { readonly children: ComponentChildren }) {
  const [error, retry] = useErrorBoundary((thrown) => console.warn(thrown))
  if (error === undefined) return <>{children}</>
  return (
    <Notice tone="bad">
      <span id="failed">This page failed: {error instanceof Error ? error.message : String(error)}.</span>{' '}
      <button type="button" class="small" onClick={retry}>
        Try again
      </button>
    </Notice>
  )
}
