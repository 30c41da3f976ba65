import { type Observable, observable } from './observable.ts'
import { formatView, parseView, type ViewState } from './view-state.ts'

export const view: Observable<ViewState> = observable(parseView(location.search))

export function startNavigation(): void {
  addEventListener('popstate', () => view.set(parseView(location.search)))
}

export function hrefOf(patch: Partial<ViewState>): string {
  return formatView({ ...view.value, ...patch })
}

/** What is typed or toggled replaces the address; what is gone to can be gone back from. */
export function show(patch: Partial<ViewState>, how: 'push' | 'replace' = 'push'): void {
  const next = { ...view.value, ...patch }
  const href = formatView(next)
  if (href === formatView(view.value)) return
  if (how === 'push') history.pushState(null, '', href)
  else history.replaceState(null, '', href)
  view.set(next)
}
