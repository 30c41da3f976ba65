/** What is measured. Names of OpenTelemetry's semantic conventions 1.45 where they have one, else under `sluice`. */
export interface MetricRow {
  /** In OpenTelemetry. */
  readonly name: string
  /** In Prometheus: snake case, with the unit. */
  readonly promName: string
  readonly type: 'counter' | 'histogram'
  readonly unit: '{message}' | 's'
  readonly help: string
}

const counter = (name: string, help: string): MetricRow => ({
  name,
  promName: `${name.replaceAll('.', '_')}_total`,
  type: 'counter',
  unit: '{message}',
  help,
})

const histogram = (name: string, help: string): MetricRow => ({
  name,
  promName: `${name.replaceAll('.', '_')}_seconds`,
  type: 'histogram',
  unit: 's',
  help,
})

export type MetricId = 'started' | 'sent' | 'dropped' | 'deadLettered' | 'sendDuration' | 'consumed' | 'endToEnd' | 'processDuration'

export const metricTable: Readonly<Record<MetricId, MetricRow>> = {
  started: counter('sluice.producer.started.messages', 'Records that entered send.'),
  sent: counter('messaging.client.sent.messages', 'Records whose send ended; those that failed have error.type.'),
  dropped: counter('sluice.producer.dropped.messages', 'Records that an interceptor of the producer dropped, by reason.'),
  deadLettered: counter(
    'sluice.producer.dead_lettered.messages',
    'Records that an interceptor of the producer sent to the dead-letter topic.',
  ),
  sendDuration: histogram('messaging.client.operation.duration', 'From send to its acknowledgement or failure.'),
  consumed: counter('messaging.client.consumed.messages', 'Records that polls gave out.'),
  endToEnd: histogram(
    'sluice.consumer.end_to_end.duration',
    'From the timestamp of a record to the poll that gave it out; clocks of two machines.',
  ),
  processDuration: histogram('messaging.process.duration', 'Handlers of run; those that failed have error.type.'),
}

/** Labels by their names in OpenTelemetry. */
export type Labels = Readonly<Record<string, string>>

/** Touched for every record, read when somebody collects. */
export interface CounterCell {
  value: number
}

export interface HistogramCell {
  record(seconds: number): void
}

/** Where metrics go. Two interceptors with the same backend share the cells of equal labels. */
export interface MetricsBackend {
  readonly buckets: readonly number[]
  counter(metric: MetricId, labels: Labels): CounterCell
  histogram(metric: MetricId, labels: Labels): HistogramCell
}

/** The same labels give the same text. */
export function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}
