// What belongs to the reader and not to the link: kept in the browser.
import type { TimeZone } from '../format.ts'
import { type Observable, observable } from './observable.ts'

export type Theme = 'auto' | 'light' | 'dark'

export const theme: Observable<Theme> = observable(read('theme', ['auto', 'light', 'dark'] as const))
export const timeZone: Observable<TimeZone> = observable(read('timeZone', ['local', 'utc'] as const))

/** Grows whenever colours change, so that canvases are drawn anew. */
export const paint: Observable<number> = observable(0)

export function startSettings(): void {
  applyTheme()
  theme.subscribe((value) => {
    write('theme', value)
    applyTheme()
  })
  timeZone.subscribe((value) => write('timeZone', value))
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
    matchMedia(query).addEventListener('change', repaint)
  }
}

function applyTheme(): void {
  if (theme.value === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
  repaint()
}

function repaint(): void {
  paint.set(paint.value + 1)
}

function read<T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
  try {
    const kept = localStorage.getItem(`sluice.${name}`)
    return allowed.find((value) => value === kept) ?? allowed[0]
  } catch {
    return allowed[0]
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`sluice.${name}`, value)
  } catch {
    // A browser that keeps nothing still shows everything.
  }
}
