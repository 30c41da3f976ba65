import type { ClientRow, ClientsAnswer } from '../../../src/api-types.ts'
import { clockOn, count, duration, nanoseconds, orNothing } from '../format.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { FilterBox } from '../parts/filter-box.tsx'
import { Icon } from '../parts/icons.tsx'
import { Waiting } from '../parts/notices.tsx'
import { useAnswer } from '../state/answers.ts'
import { now } from '../state/feed.ts'
import { view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import { timeZone } from '../state/settings.ts'

export function ClientsPage() {
  const { filter } = useObservable(view)
  const answer = useAnswer<ClientsAnswer>('clients')
  const all = answer.data?.clients ?? []
  const wanted = filter.toLowerCase()
  const rows = all.filter((client) =>
    [client.app, client.clientId, client.groupId, client.host].some((name) => name?.toLowerCase().includes(wanted)),
  )
  const states = (['live', 'closed', 'dead'] as const).map((state) => `${all.filter((client) => client.state === state).length} ${state}`)
  return (
    <section class="panel" aria-labelledby="clients-title">
      <div class="panel-head">
        <h1 id="clients-title">Clients</h1>
        <p class="muted">{answer.data === undefined ? '' : states.join(', ')}</p>
        <FilterBox what="clients" />
      </div>
      {answer.data === undefined ? (
        <Waiting error={answer.error} />
      ) : (
        <DataTable caption="Clients" columns={columns} rows={rows} rowKey={({ session }) => session} sort="state" />
      )}
    </section>
  )
}

const stateOrder = { dead: 0, live: 1, closed: 2 } as const

const columns: readonly Column<ClientRow>[] = [
  {
    key: 'client',
    label: 'Client',
    sortBy: ({ clientId }) => clientId,
    cell: ({ clientId, session, app }) => (
      <span title={`session ${session}`}>
        {clientId}
        {app !== null && app !== clientId && <span class="muted"> {app}</span>}
      </span>
    ),
  },
  { key: 'state', label: 'State', sortBy: ({ state }) => stateOrder[state], cell: ({ state }) => <StateText state={state} /> },
  { key: 'role', label: 'Role', sortBy: ({ role }) => role, cell: ({ role }) => role },
  { key: 'group', label: 'Group', sortBy: ({ groupId }) => groupId ?? '', cell: ({ groupId }) => groupId ?? '–' },
  { key: 'host', label: 'Host', sortBy: ({ host }) => host, cell: ({ host }) => host },
  {
    key: 'report',
    label: 'Last report',
    numeric: true,
    sortBy: ({ lastReportAt }) => now.value - lastReportAt,
    cell: ({ lastReportAt }) => <Age time={lastReportAt} />,
  },
  {
    key: 'clock',
    label: 'Clock',
    title: "Ahead of the broker's clock, and how far that may be wrong",
    numeric: true,
    sortBy: ({ clockOffsetMs }) => (clockOffsetMs === null ? null : Math.abs(clockOffsetMs)),
    cell: (client) => <ClockOffset client={client} />,
  },
  {
    key: 'dropped',
    label: 'Given up',
    title: 'Cells that were given up because there were too many: nothing is claimed about what was in them',
    numeric: true,
    sortBy: ({ droppedCells }) => droppedCells,
    cell: ({ droppedCells }) => (droppedCells === 0 ? <span class="muted">0</span> : <span class="warn-text">{count(droppedCells)}</span>),
  },
  {
    key: 'self',
    label: 'Monitor',
    title: 'What the monitor takes in this client, per record',
    numeric: true,
    sortBy: ({ selfNs }) => selfNs,
    cell: ({ selfNs }) => (selfNs === 0 ? <span class="muted">–</span> : nanoseconds(selfNs)),
  },
  {
    key: 'library',
    label: 'Library',
    sortBy: ({ library, version }) => `${library} ${version}`,
    cell: ({ library, version }) => `${library} ${version}`,
  },
  {
    key: 'started',
    label: 'Started',
    numeric: true,
    sortBy: ({ startedAt }) => startedAt,
    cell: ({ startedAt }) => <Moment time={startedAt} />,
  },
]

function StateText({ state }: { readonly state: ClientRow['state'] }) {
  if (state === 'closed') return <span class="muted">closed</span>
  if (state === 'live') {
    return (
      <span class="ok-text">
        <Icon name="ok" />
        live
      </span>
    )
  }
  return (
    <span class="bad-text">
      <Icon name="missing" />
      dead
    </span>
  )
}

function ClockOffset({ client: { clockOffsetMs, clockErrorMs } }: { readonly client: ClientRow }) {
  if (clockOffsetMs === null) return <span class="muted">not known yet</span>
  const isOff = Math.abs(clockOffsetMs) > 2 * (clockErrorMs ?? 0) + 20
  return (
    <span class={isOff ? 'warn-text' : undefined}>
      {clockOffsetMs > 0 ? '+' : ''}
      {duration(clockOffsetMs)}
      <span class="muted"> ±{orNothing(clockErrorMs, duration)}</span>
    </span>
  )
}

function Age({ time }: { readonly time: number }) {
  const at = useObservable(now)
  const zone = useObservable(timeZone)
  return <span title={clockOn(time, at, zone)}>{duration(Math.max(0, at - time))} ago</span>
}

function Moment({ time }: { readonly time: number }) {
  const at = useObservable(now)
  const zone = useObservable(timeZone)
  return <>{clockOn(time, at, zone)}</>
}
