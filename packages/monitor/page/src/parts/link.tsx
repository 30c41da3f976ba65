import type { ComponentChildren } from 'preact'
import { hrefOf, show, view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import type { ViewState } from '../state/view-state.ts'

interface LinkProps {
  readonly to: Partial<ViewState>
  readonly class?: string
  readonly current?: boolean
  readonly title?: string
  readonly children: ComponentChildren
}

/** A real link: it can be opened in a new tab and copied. */
export function Link({ to, current, children, ...rest }: LinkProps) {
  useObservable(view)
  return (
    <a
      {...rest}
      href={hrefOf(to)}
      aria-current={current ? 'page' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return
        event.preventDefault()
        show(to)
      }}
    >
      {children}
    </a>
  )
}

/** Closes what lies open: on another page it would make no sense. */
export const closed = { open: null, at: null, partition: null } as const

export function StreamLink({ topic, group }: { readonly topic: string; readonly group: string }) {
  return (
    <Link to={{ page: 'stream', topic, group, sort: '', filter: '', ...closed }} class="strong">
      {topic}
      <span class="arrow" aria-hidden="true">
        {' → '}
      </span>
      <span class="sr-only"> to </span>
      {group}
    </Link>
  )
}
