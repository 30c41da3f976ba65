import type { StatusAnswer, StreamRow, StreamsAnswer } from '../../../src/api-types.ts'
import { compact, count, percent } from '../format.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { EmptyRange } from '../parts/empty-states.tsx'
import { FilterBox } from '../parts/filter-box.tsx'
import { Icon } from '../parts/icons.tsx'
import { closed, Link, StreamLink } from '../parts/link.tsx'
import { Waiting } from '../parts/notices.tsx'
import { useAnswer } from '../state/answers.ts'
import { view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import { rangeQuery } from '../state/view-state.ts'

interface TopicRow {
  readonly topic: string
  readonly produced: number
  readonly perSec: number
  readonly missing: number
  readonly overwritten: number
  readonly coverage: number | null
  readonly streams: readonly StreamRow[]
}

export function TopicsPage() {
  const state = useObservable(view)
  const answer = useAnswer<StreamsAnswer>(`streams?${rangeQuery(state)}`)
  const status = useAnswer<StatusAnswer>('status').data
  const rows = topicsOf(answer.data?.streams ?? []).filter(({ topic }) => topic.toLowerCase().includes(state.filter.toLowerCase()))
  return (
    <section class="panel" aria-labelledby="topics-title">
      <div class="panel-head">
        <h1 id="topics-title">Topics</h1>
        <FilterBox what="topics" />
      </div>
      {answer.data === undefined ? (
        <Waiting error={answer.error} />
      ) : answer.data.streams.length === 0 ? (
        <EmptyRange status={status} />
      ) : (
        <DataTable caption="Topics" columns={columns} rows={rows} rowKey={({ topic }) => topic} sort="topic" />
      )}
    </section>
  )
}

const columns: readonly Column<TopicRow>[] = [
  {
    key: 'topic',
    label: 'Topic',
    sortBy: ({ topic }) => topic,
    cell: ({ topic }) => (
      <Link to={{ page: 'overview', topic, group: null, sort: '', filter: '', ...closed }} class="strong">
        {topic}
      </Link>
    ),
  },
  { key: 'perSec', label: 'Produced/s', numeric: true, sortBy: ({ perSec }) => perSec, cell: ({ perSec }) => compact(perSec) },
  { key: 'produced', label: 'Produced', numeric: true, sortBy: ({ produced }) => produced, cell: ({ produced }) => count(produced) },
  {
    key: 'missing',
    label: 'Missing',
    title: 'In all groups',
    numeric: true,
    sortBy: ({ missing }) => missing,
    cell: ({ missing }) => <Bad value={missing} />,
  },
  {
    key: 'overwritten',
    label: 'Overwritten',
    title: 'Offsets acknowledged twice: the log was truncated',
    numeric: true,
    sortBy: ({ overwritten }) => overwritten,
    cell: ({ overwritten }) => <Bad value={overwritten} />,
  },
  { key: 'coverage', label: 'Coverage', numeric: true, sortBy: ({ coverage }) => coverage, cell: ({ coverage }) => percent(coverage) },
  {
    key: 'groups',
    label: 'Read by',
    cell: ({ streams }) => {
      const read = streams.filter(({ group }) => group !== null)
      if (read.length === 0) return <span class="muted">no monitored group</span>
      return (
        <ul class="inline">
          {read.map(({ topic, group }) => (
            <li key={group}>
              <StreamLink topic={topic} group={group!} />
            </li>
          ))}
        </ul>
      )
    },
  },
]

function Bad({ value }: { readonly value: number }) {
  if (value === 0) return <span class="muted">0</span>
  return (
    <span class="bad-text">
      <Icon name="missing" />
      {count(value)}
    </span>
  )
}

function topicsOf(streams: readonly StreamRow[]): TopicRow[] {
  return [...Map.groupBy(streams, ({ topic }) => topic)].map(([topic, rows]) => {
    // Each group has read the same topic: what was produced is told with each of them.
    const most = (value: (row: StreamRow) => number): number => Math.max(...rows.map(value))
    const coverages = rows.flatMap(({ coverage }) => (coverage === null ? [] : [coverage]))
    return {
      topic,
      produced: most((row) => row.produced),
      perSec: most((row) => row.producedPerSec),
      missing: rows.reduce((sum, row) => sum + row.missing, 0),
      overwritten: most((row) => row.overwritten),
      coverage: coverages.length === 0 ? null : Math.min(...coverages),
      streams: rows,
    }
  })
}
