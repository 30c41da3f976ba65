import type { TimeZone } from './figures.ts'
import type { Glyphs } from './glyphs.ts'
import type { Line } from './line.ts'
import type { Snapshot } from './snapshot.ts'
import type { ViewState } from './view-state.ts'

export interface FrameInput {
  readonly snapshot: Snapshot
  readonly state: ViewState
  /** Where the collector is, as shown. */
  readonly source: string
  /** Since when it does not answer, and why; null while it does. */
  readonly lost: { readonly since: number; readonly reason: string } | null
  readonly width: number
  /** Lines; Infinity for all there are. */
  readonly height: number
  readonly glyphs: Glyphs
  readonly ascii: boolean
  readonly zone: TimeZone
}

/** What stands between the header and the footer. */
export interface Body {
  readonly lines: readonly Line[]
  /** Lines of the list, and how many of them fit. */
  readonly total: number
  readonly page: number
}

/** The first entry shown: the selected one in the middle, as far as the ends allow. */
export function firstShown(selected: number, total: number, page: number): number {
  if (!Number.isFinite(page)) return 0
  return Math.max(0, Math.min(selected - Math.floor(page / 2), total - page))
}

export function windowOf<T>(entries: readonly T[], first: number, page: number): readonly T[] {
  return Number.isFinite(page) ? entries.slice(first, first + page) : entries
}
