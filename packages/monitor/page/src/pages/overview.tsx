import { useEffect } from 'preact/hooks'
import type { ClientsAnswer, LatencySummary, StatusAnswer, StreamRow, StreamsAnswer } from '../../../src/api-types.ts'
import { compact, count, duration, orNothing, percent, plural } from '../format.ts'
import { statusText } from '../parts/announcer.tsx'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { EmptyRange, NoConsumers } from '../parts/empty-states.tsx'
import { FilterBox, matching } from '../parts/filter-box.tsx'
import { closed, Link, StreamLink } from '../parts/link.tsx'
import { Loss } from '../parts/loss.tsx'
import { Notice, Waiting } from '../parts/notices.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { Tile } from '../parts/tile.tsx'
import { Trend } from '../parts/trend.tsx'
import { useAnswer } from '../state/answers.ts'
import { view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import { rangeQuery } from '../state/view-state.ts'

export function OverviewPage() {
  const state = useObservable(view)
  const answer = useAnswer<StreamsAnswer>(`streams?${rangeQuery(state)}`)
  const status = useAnswer<StatusAnswer>('status').data
  const rows = (answer.data?.streams ?? []).filter((row) => matching(row, state))
  const text =
    answer.data === undefined
      ? ''
      : `${plural(rows.length, 'stream')}, ${plural(sum(rows, 'missing'), 'missing record')}, lag ${plural(sum(rows, 'lag'), 'record')}.`
  useEffect(() => statusText.set(text), [text])

  if (answer.data === undefined) {
    return (
      <>
        <h1 class="sr-only">Overview</h1>
        <Waiting error={answer.error} rows={6} />
      </>
    )
  }
  const all = answer.data.streams
  const isEmpty = all.every((row) => row.produced === 0 && row.consumed === 0 && row.lag === 0)
  const noConsumers = all.length > 0 && all.every(({ group }) => group === null)
  return (
    <>
      <h1 class="sr-only">Overview</h1>
      {noConsumers && <NoConsumers groups={status?.unmonitoredGroups ?? []} />}
      {isEmpty ? (
        <EmptyRange status={status} />
      ) : (
        <>
          {!noConsumers && <Tiles rows={rows} />}
          <section class="panel" aria-labelledby="streams-title">
            <div class="panel-head">
              <h2 id="streams-title">Streams</h2>
              <FilterBox what="topics and groups" />
            </div>
            <DataTable caption="Streams" columns={columns} rows={rows} rowKey={(row) => `${row.topic}\n${row.group}`} sort="-missing" />
            {rows.length === 0 && <p class="muted">No topic or group has that in its name.</p>}
          </section>
        </>
      )}
      <Notices rows={rows} unmonitored={noConsumers ? [] : (status?.unmonitoredGroups ?? [])} />
    </>
  )
}

function Tiles({ rows }: { readonly rows: readonly StreamRow[] }) {
  const read = rows.filter(({ group }) => group !== null)
  const missing = sum(read, 'missing')
  const expired = sum(read, 'expired')
  const due = sum(read, 'consumed') + missing + expired
  const slowest = read.reduce<StreamRow | undefined>((a, b) => (a === undefined || b.lagMs > a.lagMs ? b : a), undefined)
  const latency = read.reduce<LatencySummary | null>((a, { latency: b }) => (b !== null && (a === null || b.p99 > a.p99) ? b : a), null)
  const judged = read.filter(({ coverage }) => coverage !== null)
  const covered = sum(judged, 'consumed')
  const coverage = covered === 0 ? null : judged.reduce((total, row) => total + row.coverage! * row.consumed, 0) / covered
  return (
    <section aria-label="Figures of all streams" class="tiles">
      <Tile name="delivered" label="Delivered" value={percent(due === 0 ? null : sum(read, 'consumed') / due)} note="of what was due" />
      <Tile
        name="missing"
        label="Missing"
        value={count(missing)}
        bad={missing > 0}
        note={expired > 0 ? `and ${count(expired)} expired` : 'records'}
        sort="-missing"
      />
      <Tile name="redelivered" label="Redelivered" value={count(sum(read, 'redelivered'))} note="records" sort="-redelivered" />
      <Tile
        name="lag"
        label="Lag"
        value={compact(sum(read, 'lag'))}
        note={slowest === undefined ? 'records' : `records; oldest ${duration(slowest.lagMs)}`}
        sort="-lagMs"
      >
        {slowest !== undefined && <Trend trend={slowest.trend} />}
      </Tile>
      <Tile
        name="p99"
        label="End to end p99"
        value={orNothing(latency, ({ p99 }) => duration(p99))}
        note={latency === null ? '' : `±${duration(latency.errorMs)}, slowest stream`}
        sort="-p99"
      />
      <Tile name="coverage" label="Coverage" value={percent(coverage)} note="from monitored producers" sort="coverage" />
    </section>
  )
}

const columns: readonly Column<StreamRow>[] = [
  {
    key: 'stream',
    label: 'Stream',
    sortBy: (row) => `${row.topic} ${row.group ?? ''}`,
    cell: (row) =>
      row.group === null ? (
        <>
          {row.topic} <span class="muted">– no group</span>
        </>
      ) : (
        <StreamLink topic={row.topic} group={row.group} />
      ),
  },
  { key: 'prod', label: 'Prod/s', numeric: true, sortBy: (row) => row.producedPerSec, cell: (row) => compact(row.producedPerSec) },
  {
    key: 'cons',
    label: 'Cons/s',
    numeric: true,
    sortBy: (row) => row.consumedPerSec,
    cell: (row) => (row.group === null ? '–' : compact(row.consumedPerSec)),
  },
  {
    key: 'missing',
    label: 'Missing',
    title: 'Committed past, and never given to the application',
    numeric: true,
    sortBy: (row) => row.missing,
    cell: (row) => <Loss row={row} kind="missing" />,
  },
  {
    key: 'expired',
    label: 'Expired',
    title: 'Removed by retention before the group read them',
    numeric: true,
    sortBy: (row) => row.expired,
    cell: (row) => <Loss row={row} kind="expired" />,
  },
  {
    key: 'redelivered',
    label: 'Redeliv.',
    title: 'Given out again before they were committed',
    numeric: true,
    sortBy: (row) => row.redelivered,
    cell: (row) => <Loss row={row} kind="redelivered" />,
  },
  {
    key: 'lag',
    label: 'Lag',
    title: 'Records not reached yet',
    numeric: true,
    sortBy: (row) => row.lag,
    cell: (row) => (row.group === null ? '–' : count(row.lag)),
  },
  {
    key: 'lagMs',
    label: 'Oldest',
    title: 'Age of the oldest record not reached yet',
    numeric: true,
    sortBy: (row) => row.lagMs,
    cell: (row) => (row.group === null ? '–' : duration(row.lagMs)),
  },
  { key: 'trend', label: 'Trend', cell: (row) => (row.group === null ? '–' : <Trend trend={row.trend} />) },
  {
    key: 'p50',
    label: 'p50',
    numeric: true,
    sortBy: (row) => row.latency?.p50 ?? null,
    cell: (row) => orNothing(row.latency, ({ p50 }) => duration(p50)),
  },
  {
    key: 'p99',
    label: 'p99',
    numeric: true,
    sortBy: (row) => row.latency?.p99 ?? null,
    cell: (row) => orNothing(row.latency, ({ p99 }) => duration(p99)),
  },
  { key: 'coverage', label: 'Coverage', numeric: true, sortBy: (row) => row.coverage, cell: (row) => percent(row.coverage) },
  { key: 'recent', label: 'Delivery', cell: (row) => <Sparkline row={row} /> },
]

function Notices({ rows, unmonitored }: { readonly rows: readonly StreamRow[]; readonly unmonitored: readonly string[] }) {
  const clients = useAnswer<ClientsAnswer>('clients').data?.clients ?? []
  const skewed = clients.filter(
    ({ state, clockOffsetMs, clockErrorMs }) =>
      state === 'live' && clockOffsetMs !== null && Math.abs(clockOffsetMs) > 2 * (clockErrorMs ?? 0) + 20,
  )
  const hosts = new Map(skewed.map((client) => [client.host, client]))
  const uncovered = rows.filter(({ coverage }) => coverage !== null && coverage < 0.9)
  return (
    <>
      {[...hosts.values()].map(({ host, clockOffsetMs }) => (
        <Notice key={host} icon="clock">
          The clock of <Link to={{ page: 'clients', sort: '-clock', ...closed }}>{host}</Link> is {duration(Math.abs(clockOffsetMs!))}{' '}
          {clockOffsetMs! > 0 ? 'ahead' : 'behind'}. Latencies are corrected for it.
        </Notice>
      ))}
      {uncovered.map(({ topic, group, coverage }) => (
        <Notice key={`${topic}/${group}`}>
          {topic}: {percent(1 - coverage!)} of what {group} read came from producers without the monitor; of these nothing is claimed.
        </Notice>
      ))}
      {unmonitored.map((group) => (
        <Notice key={group}>
          <strong>{group}</strong> commits offsets but sends no reports: add <code>monitor()</code> to its consumers.
        </Notice>
      ))}
    </>
  )
}

function sum(rows: readonly StreamRow[], key: 'missing' | 'expired' | 'redelivered' | 'lag' | 'consumed'): number {
  return rows.reduce((total, row) => total + row[key], 0)
}
