import { useEffect, useMemo } from 'preact/hooks'
import type { GapKind, PartitionsAnswer, SeriesAnswer, SeriesBin, StatusAnswer, StreamRow, StreamsAnswer } from '../../../src/api-types.ts'
import { DeliveryChart } from '../charts/delivery-chart.tsx'
import { HeatStrip } from '../charts/heat-strip.tsx'
import { LagChart } from '../charts/lag-chart.tsx'
import { LatencyChart } from '../charts/latency-chart.tsx'
import { isLoss, kinds } from '../findings.ts'
import { compact, count, duration, percent, plural } from '../format.ts'
import { statusText } from '../parts/announcer.tsx'
import { Drawer } from '../parts/drawer.tsx'
import { EmptyRange } from '../parts/empty-states.tsx'
import { Icon } from '../parts/icons.tsx'
import { closed, Link } from '../parts/link.tsx'
import { Waiting } from '../parts/notices.tsx'
import { Trend } from '../parts/trend.tsx'
import { useAnswer } from '../state/answers.ts'
import { show, view } from '../state/navigation.ts'
import { useObservable } from '../state/observable.ts'
import { rangeQuery, resolveRange, type TimeRange, type ViewState } from '../state/view-state.ts'

export function StreamPage() {
  const state = useObservable(view)
  const topic = state.topic ?? ''
  const group = state.group ?? ''
  const range = rangeQuery(state)
  const binQuery = state.bin === 'auto' ? '' : `&bin=${state.bin}`
  const series = useAnswer<SeriesAnswer>(`series?topic=${encodeURIComponent(topic)}&group=${encodeURIComponent(group)}&${range}${binQuery}`)
  const partitions = useAnswer<PartitionsAnswer>(`streams/${encodeURIComponent(topic)}/${encodeURIComponent(group)}/partitions`)
  const streams = useAnswer<StreamsAnswer>(`streams?${range}`)
  const status = useAnswer<StatusAnswer>('status').data
  const stream = streams.data?.streams.find((row) => row.topic === topic && row.group === group)
  const text =
    stream === undefined
      ? ''
      : `${topic} to ${group}: ${plural(stream.missing, 'missing record')}, lag ${plural(stream.lag, 'record')}, ${stream.trend}.`
  useEffect(() => statusText.set(text), [text])

  const bins = useMemo(() => begun(series.data?.bins ?? []), [series.data])
  const bin = series.data?.bin ?? 10_000
  const shown = useMemo(() => fitted(state, series.at, bins, bin), [state.from, state.to, series.at, bins, bin])
  return (
    <>
      <div class="page-head">
        <h1>
          {topic}
          <span class="arrow" aria-hidden="true">
            {' → '}
          </span>
          <span class="sr-only"> to </span>
          {group}
        </h1>
        <Link to={{ page: 'overview', topic: null, group: null, ...closed }}>all streams</Link>
        <a class="download" href={csvHref(topic, group)} download>
          ranges as CSV
        </a>
      </div>
      {stream !== undefined && <Facts stream={stream} />}
      {series.data === undefined ? (
        <Waiting error={series.error} rows={8} />
      ) : bins.length === 0 ? (
        <EmptyRange status={status} />
      ) : (
        <div class="charts">
          <DeliveryChart bins={bins} bin={bin} range={shown} onOpen={(at) => show({ open: 'all', at, partition: null })} />
          <LatencyChart bins={bins} bin={bin} range={shown} />
          <LagChart bins={bins} bin={bin} range={shown} stream={stream} />
          {partitions.data === undefined ? (
            <Waiting error={partitions.error} />
          ) : (
            <HeatStrip answer={partitions.data} onOpen={(partition) => show({ open: 'all', at: null, partition })} />
          )}
        </div>
      )}
      <Drawer topic={topic} group={group} bin={bin} />
    </>
  )
}

const shownKinds: readonly Exclude<GapKind, 'pending'>[] = [
  'missing',
  'expired',
  'overwritten',
  'unverified',
  'redelivered',
  'replayed',
  'filtered',
  'unattributed',
]

function Facts({ stream }: { readonly stream: StreamRow }) {
  return (
    <div class="panel facts-row">
      <dl class="facts">
        <Fact label="Produced" value={`${count(stream.produced)}, ${compact(stream.producedPerSec)}/s`} />
        <Fact label="Consumed" value={`${count(stream.consumed)}, ${compact(stream.consumedPerSec)}/s`} />
        <div>
          <dt>Lag</dt>
          <dd data-figure="stream-lag">
            {count(stream.lag)}, {duration(stream.lagMs)} <Trend trend={stream.trend} />
          </dd>
        </div>
        <Fact label="Coverage" value={percent(stream.coverage)} />
      </dl>
      <ul class="kinds" aria-label="Findings by kind">
        {shownKinds.map((kind) => (
          <li key={kind}>
            <button
              type="button"
              class={`kind ${stream[kind] > 0 && isLoss(kind) ? 'kind-bad' : ''}`}
              title={kinds[kind].means}
              disabled={stream[kind] === 0}
              data-kind={kind}
              onClick={() => show({ open: kind, at: null, partition: null })}
            >
              {stream[kind] > 0 && isLoss(kind) && <Icon name="missing" />}
              <span class="kind-count">{count(stream[kind])}</span> {kinds[kind].label.toLowerCase()}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

function Fact({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}

/** From the first bin on in which anything was there. */
function begun(bins: readonly SeriesBin[]): readonly SeriesBin[] {
  const first = bins.findIndex((bin) => bin.expected + bin.consumed + bin.redelivered + (bin.lag ?? 0) > 0)
  return first === -1 ? [] : bins.slice(first)
}

/** The range asked for; but when records began late in it, from there on: three minutes of data are not pressed into a corner. */
function fitted(state: Pick<ViewState, 'from' | 'to'>, at: number, bins: readonly SeriesBin[], bin: number): TimeRange {
  const range = resolveRange(state, at)
  const first = bins[0]?.time ?? range.from
  const last = (bins.at(-1)?.time ?? range.to) + bin
  const to = Math.max(range.to, Math.min(last, range.to + bin))
  const isLate = to - first < (to - range.from) / 2
  return { from: isLate ? Math.max(range.from, Math.min(first, to - 12 * bin)) : range.from, to }
}

function csvHref(topic: string, group: string): string {
  return `api/v1/streams/${encodeURIComponent(topic)}/${encodeURIComponent(group)}/ranges.csv`
}
