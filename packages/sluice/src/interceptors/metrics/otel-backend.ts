import type { BatchObservableResult, Histogram, Meter, ObservableCounter } from '@opentelemetry/api'
import {
  type CounterCell,
  type HistogramCell,
  keyOf,
  type Labels,
  type MetricId,
  type MetricsBackend,
  metricTable,
} from './metric-table.ts'

const backends = new WeakMap<Meter, OtelBackend>()

/** One for each meter, so that two interceptors do not report the same counter twice. */
export function otelBackend(meter: Meter, buckets: readonly number[]): MetricsBackend {
  let backend = backends.get(meter)
  if (backend === undefined) backends.set(meter, (backend = new OtelBackend(meter, buckets)))
  return backend
}

/** Counters are read when they are collected, so that a record costs no attribute lookup; histograms take each value at once. */
class OtelBackend implements MetricsBackend {
  readonly buckets: readonly number[]
  readonly #counters = new Map<MetricId, ObservableCounter>()
  readonly #histograms = new Map<MetricId, Histogram>()
  readonly #cells = new Map<string, { readonly metric: MetricId; readonly labels: Labels; value: number }>()

  constructor(meter: Meter, buckets: readonly number[]) {
    this.buckets = buckets
    for (const [id, { name, type, unit, help }] of Object.entries(metricTable)) {
      const options = { unit, description: help }
      if (type === 'counter') this.#counters.set(id as MetricId, meter.createObservableCounter(name, options))
      else {
        const advice = { explicitBucketBoundaries: [...buckets] }
        this.#histograms.set(id as MetricId, meter.createHistogram(name, { ...options, advice }))
      }
    }
    meter.addBatchObservableCallback((result) => this.#observe(result), [...this.#counters.values()])
  }

  counter(metric: MetricId, labels: Labels): CounterCell {
    const key = `${metric} ${keyOf(labels)}`
    let cell = this.#cells.get(key)
    if (cell === undefined) this.#cells.set(key, (cell = { metric, labels, value: 0 }))
    return cell
  }

  histogram(metric: MetricId, labels: Labels): HistogramCell {
    const histogram = this.#histograms.get(metric)!
    return { record: (seconds) => histogram.record(seconds, labels) }
  }

  #observe(result: BatchObservableResult): void {
    for (const { metric, labels, value } of this.#cells.values()) result.observe(this.#counters.get(metric)!, value, labels)
  }
}
