// What the page shows is in its address, all of it: a link shows a colleague the same.

export const pageNames = ['overview', 'stream', 'topics', 'groups', 'interceptors', 'clients', 'alerts'] as const
export type PageName = (typeof pageNames)[number]

export interface ViewState {
  readonly page: PageName
  /** Milliseconds since 1970, or so long ago: `-1h`. */
  readonly from: string
  /** Milliseconds since 1970, or `now`. */
  readonly to: string
  readonly topic: string | null
  readonly group: string | null
  /** `auto`, or a length of time such as `10s`. */
  readonly bin: string
  readonly live: boolean
  /** A column; with a minus before it, largest first. */
  readonly sort: string
  /** What a topic or group must contain. */
  readonly filter: string
  /** The findings that lie open: a kind, or `all`. */
  readonly open: string | null
  /** Narrowed to the bin that begins here, or to a partition. */
  readonly at: number | null
  readonly partition: number | null
}

export const defaultView: ViewState = {
  page: 'overview',
  from: '-1h',
  to: 'now',
  topic: null,
  group: null,
  bin: 'auto',
  live: true,
  sort: '',
  filter: '',
  open: null,
  at: null,
  partition: null,
}

export const ranges = ['-5m', '-15m', '-1h', '-6h', '-24h', '-7d'] as const
export const bins = ['auto', '10s', '1m', '15m', '1h'] as const

const RELATIVE = /^-\d{1,6}[smhd]$/
const ABSOLUTE = /^\d{1,15}$/

/** What does not make sense is left at its default: an old link still opens. */
export function parseView(search: string): ViewState {
  const query = new URLSearchParams(search)
  const text = (name: string): string | null => query.get(name) || null
  const whole = (name: string): number | null => {
    const value = query.get(name)
    return value !== null && ABSOLUTE.test(value) ? Number(value) : null
  }
  const named = text('page')
  const topic = text('topic')
  const group = text('group')
  const page = pageNames.find((name) => name === named) ?? (topic !== null && group !== null ? 'stream' : 'overview')
  const from = text('from') ?? ''
  const to = text('to') ?? ''
  const bin = text('bin') ?? ''
  return {
    page: page === 'stream' && (topic === null || group === null) ? 'overview' : page,
    topic,
    group,
    from: RELATIVE.test(from) || ABSOLUTE.test(from) ? from : defaultView.from,
    to: ABSOLUTE.test(to) ? to : 'now',
    bin: /^\d{1,6}(ms|s|m|h|d)$/.test(bin) ? bin : 'auto',
    live: query.get('live') !== '0',
    sort: text('sort') ?? '',
    filter: text('q') ?? '',
    open: text('open'),
    at: whole('at'),
    partition: whole('partition'),
  }
}

/** `?` and what differs from the default; '.' when nothing does. */
export function formatView(view: ViewState): string {
  const query = new URLSearchParams()
  const set = (name: string, value: string | number | null, fallback: string | null = null): void => {
    if (value !== null && value !== '' && String(value) !== fallback) query.set(name, String(value))
  }
  if (!(view.page === 'stream' && view.topic !== null && view.group !== null)) set('page', view.page, defaultView.page)
  set('from', view.from, defaultView.from)
  set('to', view.to, defaultView.to)
  set('topic', view.topic)
  set('group', view.group)
  set('bin', view.bin, defaultView.bin)
  if (!view.live) query.set('live', '0')
  set('sort', view.sort)
  set('q', view.filter)
  set('open', view.open)
  set('at', view.at)
  set('partition', view.partition)
  // Both are the default of what lies at the root, so the page has to be named.
  if (view.page === 'overview' && view.topic !== null && view.group !== null) query.set('page', 'overview')
  return query.size === 0 ? '.' : `?${query}`
}

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A length of time such as `10s`; null for anything else, such as `auto`. */
export function lengthMs(text: string): number | null {
  const parts = /^-?(\d{1,6})(ms|s|m|h|d)$/.exec(text)
  return parts === null ? null : Number(parts[1]) * unitMs[parts[2] as keyof typeof unitMs]
}

export interface TimeRange {
  readonly from: number
  readonly to: number
}

export function resolveRange(view: Pick<ViewState, 'from' | 'to'>, now: number): TimeRange {
  const to = view.to === 'now' ? now : Number(view.to)
  const ago = lengthMs(view.from)
  return { from: ago === null ? Number(view.from) : Math.max(0, to - ago), to }
}

/** The parameters of the API for a range. The server resolves what is relative, by its own clock. */
export function rangeQuery(view: Pick<ViewState, 'from' | 'to'>): string {
  const ago = lengthMs(view.from)
  const from = ago !== null && view.to !== 'now' ? String(Math.max(0, Number(view.to) - ago)) : view.from
  return `from=${encodeURIComponent(from)}&to=${encodeURIComponent(view.to)}`
}
