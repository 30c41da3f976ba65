import type { ClientRow, StreamRow } from '../api-types.ts'
import type { MonitorAnswers } from './monitor-answers.ts'

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Metric {
  readonly name: string
  readonly help: string
  readonly unit: string
  readonly samples: readonly Sample[]
}

/**
 * Everything is a gauge: what is missing goes down when late data arrives, and what retention of the store removes is no
 * longer counted. By topic and group; partitions and clients would make too many series.
 */
export function metricsOf(answers: MonitorAnswers): Metric[] {
  const { streams } = answers.streams(undefined)
  const status = answers.status()
  const { clients } = answers.clients()
  const read = streams.filter((stream) => stream.group !== null)
  const of = (rows: readonly StreamRow[], value: (row: StreamRow) => number | null | undefined): Sample[] =>
    rows.flatMap((row) => {
      const found = value(row)
      const labels: Record<string, string> = { topic: row.topic, ...(row.group === null ? {} : { group: row.group }) }
      return found === null || found === undefined ? [] : [{ labels, value: found }]
    })
  const byTopic = new Map(streams.map((stream) => [stream.topic, stream]))
  const delivery = (name: string, help: string, value: (row: StreamRow) => number | null): Metric => ({
    name: `sluice_delivery_${name}`,
    help,
    unit: name.endsWith('seconds') ? 's' : '{record}',
    samples: of(read, value),
  })
  const quantiles: Sample[] = read.flatMap(({ topic, group, latency }) =>
    latency === null
      ? []
      : (['p50', 'p90', 'p99', 'max'] as const).map((name) => ({
          labels: { topic, group: group!, quantile: { p50: '0.5', p90: '0.9', p99: '0.99', max: '1' }[name] },
          value: latency[name] / 1000,
        })),
  )
  return [
    {
      name: 'sluice_produced_records',
      help: 'Records that brokers acknowledged to monitored producers.',
      unit: '{record}',
      samples: [...byTopic.values()].map(({ topic, produced }) => ({ labels: { topic }, value: produced })),
    },
    delivery('consumed_records', 'Different records that the applications of the group got.', (row) => row.consumed),
    delivery('missing_records', 'Records committed past and never given to the application.', (row) => row.missing),
    delivery('expired_records', 'Records that retention removed before the group read them.', (row) => row.expired),
    delivery('redelivered_records', 'Records given out again before they were committed.', (row) => row.redelivered),
    delivery('replayed_records', 'Records given out again after they were committed.', (row) => row.replayed),
    delivery('filtered_records', 'Records that interceptors took out.', (row) => row.filtered),
    delivery(
      'unverified_records',
      'Records committed by a consumer that died before it told what it had given out.',
      (row) => row.unverified,
    ),
    delivery('overwritten_records', 'Offsets acknowledged to two sends.', (row) => row.overwritten),
    delivery('lag_records', 'Records acknowledged and not reached by the group yet.', (row) => row.lag),
    delivery('lag_seconds', 'Age of the oldest record of the lag.', (row) => row.lagMs / 1000),
    {
      name: 'sluice_e2e_seconds',
      help: 'From the timestamp of a record to the application, corrected for the clocks, by quantile.',
      unit: 's',
      samples: quantiles,
    },
    {
      name: 'sluice_e2e_error_seconds',
      help: 'How far the clocks may make sluice_e2e_seconds wrong.',
      unit: 's',
      samples: of(read, ({ latency }) => (latency === null ? null : latency.errorMs / 1000)),
    },
    {
      name: 'sluice_monitor_coverage_ratio',
      help: 'Records of monitored producers among all that the group read.',
      unit: '1',
      samples: of(read, (row) => row.coverage),
    },
    ...clientMetrics(clients),
    {
      name: 'sluice_monitor_sessions',
      help: 'Monitored clients by state.',
      unit: '{client}',
      samples: (['live', 'closed', 'dead'] as const).map((state) => ({ labels: { state }, value: status.sessions[state] })),
    },
    {
      name: 'sluice_monitor_reports',
      help: 'Reports that are in the store.',
      unit: '{report}',
      samples: [{ labels: {}, value: status.reports }],
    },
    {
      name: 'sluice_monitor_last_report_timestamp_seconds',
      help: 'When the last report came, seconds since 1970.',
      unit: 's',
      samples: status.lastReportAt === null ? [] : [{ labels: {}, value: status.lastReportAt / 1000 }],
    },
  ].filter(({ samples }) => samples.length > 0)
}

/** By application and host, the worst of each: a label for every client would never end. */
function clientMetrics(clients: readonly ClientRow[]): Metric[] {
  const clocks = new Map<string, Sample>()
  const chain = new Map<string, { readonly labels: Record<string, string>; calls: number; seconds: number }>()
  for (const { app, host, clockOffsetMs, chain: rows, state } of clients) {
    if (state !== 'live') continue
    if (clockOffsetMs !== null) {
      const before = clocks.get(host)
      const value = clockOffsetMs / 1000
      if (before === undefined || Math.abs(value) > Math.abs(before.value)) clocks.set(host, { labels: { host }, value })
    }
    for (const { name, calls, meanNs } of rows) {
      if (meanNs < 0) continue
      const key = JSON.stringify([app, name])
      const labels = { app: app ?? '', interceptor: name }
      const sum = chain.get(key) ?? { labels, calls: 0, seconds: 0 }
      chain.set(key, sum)
      sum.calls += calls
      sum.seconds += (calls * meanNs) / 1e9
    }
  }
  return [
    {
      name: 'sluice_clock_offset_seconds',
      help: "How far the clock of a host is ahead of the broker's.",
      unit: 's',
      samples: [...clocks.values()],
    },
    {
      name: 'sluice_interceptor_seconds',
      help: 'Mean time of one call of an interceptor.',
      unit: 's',
      samples: [...chain.values()]
        .filter(({ calls }) => calls > 0)
        .map(({ labels, calls, seconds }) => ({ labels, value: seconds / calls })),
    },
  ]
}

/** The text format of Prometheus, version 0.0.4. */
export function prometheusText(answers: MonitorAnswers): string {
  const lines: string[] = []
  for (const { name, help, samples } of metricsOf(answers)) {
    lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} gauge`)
    for (const { labels, value } of samples) lines.push(`${name}${labelText(labels)} ${numberText(value)}`)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return String(value)
}
