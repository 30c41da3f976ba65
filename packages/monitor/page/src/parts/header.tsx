import { useEffect, useRef } from 'preact/hooks'
import type { AlertsAnswer } from '../../../src/api-types.ts'
import { clock, count } from '../format.ts'
import { refreshNow, useAnswer } from '../state/answers.ts'
import { connection, now } from '../state/feed.ts'
import { show, view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import { type Theme, theme, timeZone } from '../state/settings.ts'
import { bins, type PageName, ranges } from '../state/view-state.ts'
import { Icon } from './icons.tsx'
import { closed, Link } from './link.tsx'

const tabs: readonly (readonly [PageName, string])[] = [
  ['overview', 'Overview'],
  ['topics', 'Topics'],
  ['groups', 'Groups'],
  ['interceptors', 'Interceptors'],
  ['clients', 'Clients'],
  ['alerts', 'Alerts'],
]

export function Header() {
  const { page } = useObservable(view)
  const nav = useRef<HTMLElement>(null)
  // On a narrow screen it may lie beside what can be seen.
  useEffect(() => nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [page])
  return (
    <header class="top">
      <div class="top-row">
        <Link to={{ page: 'overview', topic: null, group: null, sort: '', filter: '', ...closed }} class="brand">
          <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d="M2 12V4h3v8zm5 0V7h3v5zm5 0V4h2v8z" />
          </svg>
          Sluice<span class="brand-rest"> monitor</span>
        </Link>
        <nav aria-label="Pages" ref={nav}>
          {tabs.map(([name, label]) => (
            <Link
              key={name}
              to={{ page: name, topic: null, group: null, sort: '', filter: '', ...closed }}
              current={page === name || (page === 'stream' && name === 'overview')}
            >
              {label}
              {name === 'alerts' && <ActiveAlerts />}
            </Link>
          ))}
        </nav>
        <div class="controls">
          <RangeControls />
          <LiveButton />
          <ZoneButton />
          <ThemeButton />
        </div>
      </div>
    </header>
  )
}

function ActiveAlerts() {
  const active = useAnswer<AlertsAnswer>('alerts').data?.active.length ?? 0
  if (active === 0) return null
  return (
    <span class="badge">
      {count(active)}
      <span class="sr-only"> active</span>
    </span>
  )
}

function RangeControls() {
  const { from, to, bin, page } = useObservable(view)
  const zone = useObservable(timeZone)
  const custom = to !== 'now' || !(ranges as readonly string[]).includes(from)
  const isNamed = (bins as readonly string[]).includes(bin)
  const label = to === 'now' ? `last ${from.slice(1)}` : `until ${clock(Number(to), zone)}`
  return (
    <>
      <label>
        <span class="control-name">Range</span>
        <select
          id="range"
          value={custom ? 'custom' : from}
          onChange={(event) => show({ from: event.currentTarget.value, to: 'now', open: null, at: null }, 'push')}
        >
          {ranges.map((range) => (
            <option key={range} value={range}>
              last {range.slice(1)}
            </option>
          ))}
          {custom && <option value="custom">{label}</option>}
        </select>
      </label>
      {page === 'stream' && (
        <label>
          <span class="control-name">Bin</span>
          <select id="bin" value={bin} onChange={(event) => show({ bin: event.currentTarget.value, at: null, open: null }, 'push')}>
            {bins.map((name) => (
              <option key={name}>{name}</option>
            ))}
            {!isNamed && <option>{bin}</option>}
          </select>
        </label>
      )}
    </>
  )
}

function LiveButton() {
  const { live } = useObservable(view)
  const state = useObservable(connection)
  const at = useObservable(now)
  const zone = useObservable(timeZone)
  const shown = !live ? 'paused' : state === 'open' ? 'live' : state === 'lost' ? 'offline' : 'connecting'
  return (
    <button
      type="button"
      id="live"
      class={`live live-${shown}`}
      aria-pressed={live}
      aria-label={`Live updates: ${shown}`}
      title={`${shown}; the collector's clock: ${clock(at, zone)}`}
      onClick={() => {
        show({ live: !live }, 'replace')
        if (!live) refreshNow()
      }}
    >
      <Icon name={live ? 'pause' : 'play'} />
      <span class="live-text">{shown}</span>
    </button>
  )
}

function ZoneButton() {
  const zone = useObservable(timeZone)
  return (
    <button
      type="button"
      id="zone"
      aria-label={zone === 'utc' ? 'UTC times; change to local' : 'local times; change to UTC'}
      title={zone === 'utc' ? 'Times are in UTC' : 'Times are those of this machine'}
      onClick={() => timeZone.set(zone === 'utc' ? 'local' : 'utc')}
    >
      {zone === 'utc' ? 'UTC' : 'local'}
    </button>
  )
}

const nextTheme: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' }

function ThemeButton() {
  const current = useObservable(theme)
  const next = nextTheme[current]
  return (
    <button
      type="button"
      id="theme"
      class="square"
      aria-label={`Colours: ${current}; change to ${next}`}
      title={`Colours: ${current}`}
      onClick={() => theme.set(next)}
    >
      <Icon name={current} />
    </button>
  )
}
