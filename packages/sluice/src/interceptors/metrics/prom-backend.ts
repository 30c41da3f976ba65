import { configError } from 'sluice'
import {
  type CounterCell,
  type HistogramCell,
  keyOf,
  type Labels,
  type MetricId,
  type MetricRow,
  type MetricsBackend,
  metricTable,
} from './metric-table.ts'

/** What is used of prom-client's Registry. */
export interface PromRegistry {
  registerMetric(metric: any): void
  getSingleMetric(name: string): unknown
}

/** A value as prom-client's registry takes it from a metric. */
interface PromValue {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly metricName?: string
}

const backends = new WeakMap<PromRegistry, PromBackend>()

/** One for each registry, as a registry takes each name once. */
export function promBackend(registry: PromRegistry, buckets: readonly number[]): MetricsBackend {
  let backend = backends.get(registry)
  if (backend === undefined) backends.set(registry, (backend = new PromBackend(buckets)))
  backend.register(registry)
  return backend
}

class PromBackend implements MetricsBackend {
  readonly buckets: readonly number[]
  readonly #metrics: Readonly<Record<MetricId, PromMetric>>

  constructor(buckets: readonly number[]) {
    this.buckets = buckets
    const metrics = Object.entries(metricTable).map(([id, row]) => [id, new PromMetric(row, buckets)])
    this.#metrics = Object.fromEntries(metrics)
  }

  /** Again too, as the application may have cleared its registry. */
  register(registry: PromRegistry): void {
    for (const metric of Object.values(this.#metrics)) {
      metric.restoreName()
      const known = registry.getSingleMetric(metric.name)
      if (known !== undefined && known !== metric) throw configError(`metrics: the registry has another metric named ${metric.name}`)
      registry.registerMetric(metric)
    }
  }

  counter(metric: MetricId, labels: Labels): CounterCell {
    return this.#metrics[metric].counter(labels)
  }

  histogram(metric: MetricId, labels: Labels): HistogramCell {
    return this.#metrics[metric].histogram(labels)
  }
}

/** A metric as a registry of prom-client knows it. It is only read when it is scraped, so that a record costs no label lookup. */
class PromMetric {
  /** Not read only: a registry in OpenMetrics form takes `_total` off. */
  name: string
  readonly #promName: string
  readonly help: string
  readonly type: MetricRow['type']
  readonly aggregator = 'sum'
  readonly #buckets: readonly number[]
  readonly #counters = new Map<string, { readonly labels: Labels; value: number }>()
  readonly #histograms = new Map<string, { readonly labels: Labels; readonly cell: BucketCounts }>()

  constructor({ promName, help, type }: MetricRow, buckets: readonly number[]) {
    this.name = promName
    this.#promName = promName
    this.help = help
    this.type = type
    this.#buckets = buckets
  }

  /** As the registry must know it. */
  restoreName(): void {
    this.name = this.#promName
  }

  counter(labels: Labels): CounterCell {
    const key = keyOf(labels)
    let cell = this.#counters.get(key)
    if (cell === undefined) this.#counters.set(key, (cell = { labels: promLabels(labels), value: 0 }))
    return cell
  }

  histogram(labels: Labels): HistogramCell {
    const key = keyOf(labels)
    let held = this.#histograms.get(key)
    if (held === undefined) this.#histograms.set(key, (held = { labels: promLabels(labels), cell: new BucketCounts(this.#buckets) }))
    return held.cell
  }

  async get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: readonly PromValue[] }> {
    const { name, help, type, aggregator } = this
    const counters = [...this.#counters.values()].map(({ labels, value }) => ({ labels, value }))
    const histograms = [...this.#histograms.values()].flatMap(({ labels, cell }) => cell.values(name, labels))
    return { name, help, type, aggregator, values: [...counters, ...histograms] }
  }

  /** For `registry.resetMetrics()`. */
  reset(): void {
    for (const cell of this.#counters.values()) cell.value = 0
    for (const { cell } of this.#histograms.values()) cell.reset()
  }
}

class BucketCounts implements HistogramCell {
  readonly #bounds: readonly number[]
  /** One more than bounds. */
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  record(seconds: number): void {
    let index = 0
    while (index < this.#bounds.length && seconds > this.#bounds[index]!) index++
    this.#counts[index]!++
    this.#sum += seconds
  }

  values(name: string, labels: Labels): PromValue[] {
    let count = 0
    const buckets = [...this.#counts].map((inBucket, index) => {
      count += inBucket
      return { labels: { le: this.#bounds[index] ?? '+Inf', ...labels }, value: count, metricName: `${name}_bucket` }
    })
    return [...buckets, { labels, value: this.#sum, metricName: `${name}_sum` }, { labels, value: count, metricName: `${name}_count` }]
  }

  reset(): void {
    this.#counts.fill(0)
    this.#sum = 0
  }
}

function promLabels(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name.replaceAll('.', '_'), value]))
}
