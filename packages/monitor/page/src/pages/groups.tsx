import type { ClientsAnswer, StatusAnswer, StreamRow, StreamsAnswer } from '../../../src/api-types.ts'
import { compact, count, duration, plural } from '../format.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { EmptyRange } from '../parts/empty-states.tsx'
import { FilterBox } from '../parts/filter-box.tsx'
import { Icon } from '../parts/icons.tsx'
import { closed, Link, StreamLink } from '../parts/link.tsx'
import { Notice, Waiting } from '../parts/notices.tsx'
import { Trend } from '../parts/trend.tsx'
import { useAnswer } from '../state/answers.ts'
import { view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import { rangeQuery } from '../state/view-state.ts'

interface GroupRow {
  readonly group: string
  readonly live: number
  readonly dead: number
  readonly perSec: number
  readonly missing: number
  readonly redelivered: number
  readonly replayed: number
  readonly lag: number
  /** Where the oldest record waits. */
  readonly slowest: StreamRow
  readonly topics: number
}

export function GroupsPage() {
  const state = useObservable(view)
  const answer = useAnswer<StreamsAnswer>(`streams?${rangeQuery(state)}`)
  const clients = useAnswer<ClientsAnswer>('clients').data?.clients ?? []
  const status = useAnswer<StatusAnswer>('status').data
  const groups = groupsOf(answer.data?.streams ?? [], clients)
  const rows = groups.filter(({ group }) => group.toLowerCase().includes(state.filter.toLowerCase()))
  return (
    <>
      <section class="panel" aria-labelledby="groups-title">
        <div class="panel-head">
          <h1 id="groups-title">Groups</h1>
          <FilterBox what="groups" />
        </div>
        {answer.data === undefined ? (
          <Waiting error={answer.error} />
        ) : groups.length === 0 ? (
          <EmptyRange status={status} />
        ) : (
          <DataTable caption="Groups" columns={columns} rows={rows} rowKey={({ group }) => group} sort="-lag" />
        )}
      </section>
      {status?.unmonitoredGroups.map((group) => (
        <Notice key={group}>
          <strong>{group}</strong> commits offsets but sends no reports: add <code>monitor()</code> to its consumers.
        </Notice>
      ))}
    </>
  )
}

const columns: readonly Column<GroupRow>[] = [
  {
    key: 'group',
    label: 'Group',
    sortBy: ({ group }) => group,
    cell: ({ group }) => (
      <Link to={{ page: 'overview', group, topic: null, sort: '', filter: '', ...closed }} class="strong">
        {group}
      </Link>
    ),
  },
  {
    key: 'members',
    label: 'Members',
    numeric: true,
    sortBy: ({ live }) => live,
    cell: ({ live, dead }) => (
      <>
        {count(live)}
        {dead > 0 && <span class="bad-text">, {plural(dead, 'dead', 'dead')}</span>}
      </>
    ),
  },
  { key: 'topics', label: 'Topics', numeric: true, sortBy: ({ topics }) => topics, cell: ({ topics }) => count(topics) },
  { key: 'perSec', label: 'Cons/s', numeric: true, sortBy: ({ perSec }) => perSec, cell: ({ perSec }) => compact(perSec) },
  { key: 'lag', label: 'Lag', numeric: true, sortBy: ({ lag }) => lag, cell: ({ lag }) => count(lag) },
  { key: 'oldest', label: 'Oldest', numeric: true, sortBy: ({ slowest }) => slowest.lagMs, cell: ({ slowest }) => duration(slowest.lagMs) },
  { key: 'trend', label: 'Trend', cell: ({ slowest }) => <Trend trend={slowest.trend} /> },
  {
    key: 'missing',
    label: 'Missing',
    numeric: true,
    sortBy: ({ missing }) => missing,
    cell: ({ missing }) =>
      missing === 0 ? (
        <span class="muted">0</span>
      ) : (
        <span class="bad-text">
          <Icon name="missing" />
          {count(missing)}
        </span>
      ),
  },
  {
    key: 'redelivered',
    label: 'Redeliv.',
    numeric: true,
    sortBy: ({ redelivered }) => redelivered,
    cell: ({ redelivered }) => count(redelivered),
  },
  { key: 'replayed', label: 'Replayed', numeric: true, sortBy: ({ replayed }) => replayed, cell: ({ replayed }) => count(replayed) },
  { key: 'slowest', label: 'Slowest stream', cell: ({ slowest }) => <StreamLink topic={slowest.topic} group={slowest.group!} /> },
]

function groupsOf(streams: readonly StreamRow[], clients: ClientsAnswer['clients']): GroupRow[] {
  const read = streams.filter(({ group }) => group !== null)
  return [...Map.groupBy(read, ({ group }) => group!)].map(([group, rows]) => {
    const members = clients.filter(({ groupId, role }) => groupId === group && role === 'consumer')
    const sum = (value: (row: StreamRow) => number): number => rows.reduce((total, row) => total + value(row), 0)
    return {
      group,
      live: members.filter(({ state }) => state === 'live').length,
      dead: members.filter(({ state }) => state === 'dead').length,
      perSec: sum((row) => row.consumedPerSec),
      missing: sum((row) => row.missing),
      redelivered: sum((row) => row.redelivered),
      replayed: sum((row) => row.replayed),
      lag: sum((row) => row.lag),
      slowest: rows.reduce((a, b) => (b.lagMs > a.lagMs ? b : a)),
      topics: rows.length,
    }
  })
}
