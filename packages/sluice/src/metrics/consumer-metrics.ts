import type { ConsumerMetricName } from './metric-names.ts'
import { NetworkMetrics } from './network-metrics.ts'
import { SampledStat } from './sampled-stat.ts'

const FETCH_KEY = 1
const OFFSET_COMMIT_KEY = 8
const HEARTBEAT_KEY = 12

/** The consumer's counters (Java: FetchMetricsManager, ConsumerCoordinatorMetrics). Fed once per batch, fetch or poll, never per record. */
export class ConsumerMetrics {
  readonly network: NetworkMetrics
  readonly #records: SampledStat
  readonly #bytes: SampledStat
  readonly #fetchSizes: SampledStat
  readonly #recordsPerRequest: SampledStat
  readonly #lags: SampledStat
  readonly #rebalances: SampledStat
  #lastPollMs: number | undefined

  constructor(nowMs: number) {
    this.network = new NetworkMetrics(nowMs)
    this.#records = new SampledStat(nowMs)
    this.#bytes = new SampledStat(nowMs)
    this.#fetchSizes = new SampledStat(nowMs)
    this.#recordsPerRequest = new SampledStat(nowMs)
    this.#lags = new SampledStat(nowMs)
    this.#rebalances = new SampledStat(nowMs)
  }

  polled(nowMs: number): void {
    this.#lastPollMs = nowMs
  }

  /** One response, with so many bytes of record batches. */
  fetched(bytes: number, nowMs: number): void {
    this.#fetchSizes.record(bytes, nowMs)
    this.#recordsPerRequest.record(0, nowMs)
  }

  /** Records taken out of what was fetched before. */
  recordsTaken(records: number, bytes: number, nowMs: number): void {
    this.#records.record(records, nowMs)
    this.#bytes.record(bytes, nowMs)
    this.#recordsPerRequest.record(records, nowMs, 0)
  }

  lag(records: number, nowMs: number): void {
    this.#lags.record(records, nowMs)
  }

  rebalanced(latencyMs: number, nowMs: number): void {
    this.#rebalances.record(latencyMs, nowMs)
  }

  snapshot(assignedPartitions: number, nowMs: number): Record<ConsumerMetricName, number> {
    const fetches = this.network.latency(FETCH_KEY)
    const commits = this.network.latency(OFFSET_COMMIT_KEY)
    return {
      'records-consumed-rate': this.#records.sumRate(nowMs),
      'records-consumed-total': this.#records.totalSum,
      'bytes-consumed-rate': this.#bytes.sumRate(nowMs),
      'bytes-consumed-total': this.#bytes.totalSum,
      'fetch-rate': fetches.countRate(nowMs),
      'fetch-total': fetches.totalCount,
      'fetch-latency-avg': fetches.average(nowMs),
      'fetch-latency-max': fetches.max(nowMs),
      'fetch-size-avg': this.#fetchSizes.average(nowMs),
      'records-per-request-avg': this.#recordsPerRequest.average(nowMs),
      'records-lag-max': this.#lags.max(nowMs),
      'commit-rate': commits.countRate(nowMs),
      'commit-total': commits.totalCount,
      'commit-latency-avg': commits.average(nowMs),
      'rebalance-total': this.#rebalances.totalCount,
      'rebalance-latency-avg': this.#rebalances.average(nowMs),
      'heartbeat-rate': this.network.latency(HEARTBEAT_KEY).countRate(nowMs),
      'last-poll-seconds-ago': this.#lastPollMs === undefined ? -1 : (nowMs - this.#lastPollMs) / 1000,
      'assigned-partitions': assignedPartitions,
    }
  }
}
