import type { ClientRow, ClientsAnswer, InterceptorRow } from '../../../src/api-types.ts'
import { count, nanoseconds, percent, plural } from '../format.ts'
import { Icon } from '../parts/icons.tsx'
import { Waiting } from '../parts/notices.tsx'
import { useAnswer } from '../state/answers.ts'

/** Clients of one application that run the same interceptors in the same order. */
interface Chain {
  readonly key: string
  readonly app: string
  readonly role: ClientRow['role']
  readonly group: string | null
  readonly clients: readonly ClientRow[]
  readonly rows: readonly InterceptorRow[]
}

export function InterceptorsPage() {
  const answer = useAnswer<ClientsAnswer>('clients')
  const chains = chainsOf(answer.data?.clients ?? [])
  const measured = (answer.data?.clients ?? []).filter(({ state, selfNs }) => state === 'live' && selfNs > 0)
  const own = measured.reduce((sum, { selfNs }) => sum + selfNs, 0) / Math.max(1, measured.length)
  return (
    <>
      <div class="page-head">
        <h1>Interceptors</h1>
        {measured.length > 0 && (
          <p class="muted">
            The monitor itself: {nanoseconds(own)} per record, mean of {plural(measured.length, 'client')}.
          </p>
        )}
      </div>
      {answer.data === undefined ? (
        <Waiting error={answer.error} />
      ) : chains.length === 0 ? (
        <p class="muted">
          No client reports interceptors yet. They appear here in the order in which they run, with what each costs and drops.
        </p>
      ) : (
        chains.map((chain) => <ChainPanel key={chain.key} chain={chain} />)
      )}
    </>
  )
}

function ChainPanel({ chain }: { readonly chain: Chain }) {
  const total = chain.rows.reduce((sum, row) => sum + row.meanNs, 0)
  const title = `${chain.app}: ${chain.role}${chain.group === null ? '' : `, group ${chain.group}`}`
  return (
    <section class="panel" aria-label={title}>
      <div class="panel-head">
        <h2>{title}</h2>
        <p class="muted">
          {plural(chain.clients.length, 'client')}, {nanoseconds(total)} per record
        </p>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <section class="table-box" tabIndex={0} aria-label={`${title}, table`}>
        <table>
          <caption class="sr-only">{title}, in the order in which they run</caption>
          <thead>
            <tr>
              <th scope="col">Interceptor</th>
              <th scope="col">State</th>
              <th scope="col">Share of the time</th>
              <th scope="col" class="number">
                Mean
              </th>
              <th scope="col" class="number">
                Max
              </th>
              <th scope="col" class="number">
                Calls
              </th>
              <th scope="col" class="number">
                Dropped
              </th>
              <th scope="col" class="number">
                Errors
              </th>
            </tr>
          </thead>
          <tbody>
            {chain.rows.map((row, index) => (
              <tr key={row.name} data-interceptor={row.name}>
                <th scope="row">
                  <span class="muted order">{index + 1}</span> {row.name}
                </th>
                <td>
                  <StateText state={row.state} />
                </td>
                <td>
                  <ShareBar share={total === 0 ? 0 : row.meanNs / total} />
                </td>
                <td class="number">{nanoseconds(row.meanNs)}</td>
                <td class="number">{nanoseconds(row.maxNs)}</td>
                <td class="number">{count(row.calls)}</td>
                <td class="number">{row.dropped === 0 ? <span class="muted">0</span> : count(row.dropped)}</td>
                <td class="number">
                  {row.errors === 0 ? (
                    <span class="muted">0</span>
                  ) : (
                    <span class="bad-text">
                      <Icon name="missing" />
                      {count(row.errors)}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  )
}

function ShareBar({ share }: { readonly share: number }) {
  return (
    <span class="share">
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="share-all" width="100" height="8" />
        <rect class="share-part" width={Math.max(0, share * 100)} height="8" />
      </svg>
      <span class="share-text">{percent(Math.round(share * 100) / 100)}</span>
    </span>
  )
}

function StateText({ state }: { readonly state: InterceptorRow['state'] }) {
  if (state === 'on') return <span class="muted">on</span>
  if (state === 'trying') return <span class="warn-text">trying again</span>
  return (
    <span class="bad-text">
      <Icon name="missing" />
      switched off
    </span>
  )
}

function chainsOf(clients: readonly ClientRow[]): Chain[] {
  const running = clients.filter(({ chain, state }) => chain.length > 0 && state !== 'closed')
  const keyOf = (client: ClientRow): string =>
    [client.app ?? client.clientId, client.role, client.groupId ?? '', ...client.chain.map(({ name }) => name)].join('\n')
  return [...Map.groupBy(running, keyOf)].map(([key, members]) => {
    const [first] = members
    return {
      key,
      app: first!.app ?? first!.clientId,
      role: first!.role,
      group: first!.groupId,
      clients: members,
      rows: first!.chain.map((_, index) => together(members.map(({ chain }) => chain[index]!))),
    }
  })
}

/** The mean is weighted by calls; of the states, the worst is told. */
function together(rows: readonly InterceptorRow[]): InterceptorRow {
  const calls = rows.reduce((sum, row) => sum + row.calls, 0)
  const states = rows.map(({ state }) => state)
  return {
    name: rows[0]!.name,
    calls,
    errors: rows.reduce((sum, row) => sum + row.errors, 0),
    dropped: rows.reduce((sum, row) => sum + row.dropped, 0),
    state: states.includes('off') ? 'off' : states.includes('trying') ? 'trying' : 'on',
    meanNs: calls === 0 ? 0 : rows.reduce((sum, row) => sum + row.meanNs * row.calls, 0) / calls,
    maxNs: Math.max(...rows.map(({ maxNs }) => maxNs)),
  }
}
