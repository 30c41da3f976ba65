import type { ProducerMetricName } from './metric-names.ts'
import { NetworkMetrics } from './network-metrics.ts'
import { SampledStat } from './sampled-stat.ts'

const PRODUCE_KEY = 0
const NS_PER_MS = 1_000_000

/** What is looked at when the metrics are asked for, and not counted. */
export interface ProducerGauges {
  readonly requestsInFlight: number
  readonly bufferTotalBytes: number
  readonly bufferAvailableBytes: number
  readonly waitingSends: number
  /** NaN before the first metadata. */
  readonly metadataAgeSeconds: number
}

/** A batch on its way to a broker. */
export interface SentBatch {
  readonly recordCount: number
  /** Of the records, before compression. */
  readonly recordsSizeInBytes: number
  readonly maxRecordSize: number
  readonly sizeInBytes: number
  readonly compressionRatio: number
  readonly createdMs: number
  readonly drainedMs: number
}

/** The producer's counters (Java: SenderMetricsRegistry). Fed once per batch or request, never per record. */
export class ProducerMetrics {
  readonly network: NetworkMetrics
  /** Each value is one batch's or event's count of records. */
  readonly #sent: SampledStat
  readonly #failed: SampledStat
  readonly #retried: SampledStat
  readonly #recordSizes: SampledStat
  readonly #largestRecords: SampledStat
  readonly #batchSizes: SampledStat
  readonly #splits: SampledStat
  readonly #recordsPerRequest: SampledStat
  readonly #queueTimes: SampledStat
  readonly #compressionRates: SampledStat
  readonly #memoryWaits: SampledStat
  readonly #exhausted: SampledStat

  constructor(nowMs: number) {
    this.network = new NetworkMetrics(nowMs)
    this.#sent = new SampledStat(nowMs)
    this.#failed = new SampledStat(nowMs)
    this.#retried = new SampledStat(nowMs)
    this.#recordSizes = new SampledStat(nowMs)
    this.#largestRecords = new SampledStat(nowMs)
    this.#batchSizes = new SampledStat(nowMs)
    this.#splits = new SampledStat(nowMs)
    this.#recordsPerRequest = new SampledStat(nowMs)
    this.#queueTimes = new SampledStat(nowMs)
    this.#compressionRates = new SampledStat(nowMs)
    this.#memoryWaits = new SampledStat(nowMs)
    this.#exhausted = new SampledStat(nowMs)
  }

  /** The batches of one produce request. */
  requestSent(batches: readonly SentBatch[], nowMs: number): void {
    let records = 0
    for (const batch of batches) {
      records += batch.recordCount
      this.#sent.record(batch.recordCount, nowMs)
      this.#recordSizes.record(batch.recordsSizeInBytes, nowMs, batch.recordCount)
      this.#largestRecords.record(batch.maxRecordSize, nowMs)
      this.#batchSizes.record(batch.sizeInBytes, nowMs)
      this.#queueTimes.record(batch.drainedMs - batch.createdMs, nowMs)
      this.#compressionRates.record(batch.compressionRatio, nowMs)
    }
    this.#recordsPerRequest.record(records, nowMs)
  }

  recordsFailed(records: number, nowMs: number): void {
    this.#failed.record(records, nowMs)
  }

  recordsRetried(records: number, nowMs: number): void {
    this.#retried.record(records, nowMs)
  }

  batchSplit(nowMs: number): void {
    this.#splits.record(1, nowMs)
  }

  memoryWaited(waitedMs: number, nowMs: number): void {
    this.#memoryWaits.record(waitedMs, nowMs)
  }

  memoryExhausted(nowMs: number): void {
    this.#exhausted.record(1, nowMs)
  }

  snapshot(gauges: ProducerGauges, nowMs: number): Record<ProducerMetricName, number> {
    const { network } = this
    const latency = network.latency(PRODUCE_KEY)
    return {
      'record-send-rate': this.#sent.sumRate(nowMs),
      'record-send-total': this.#sent.totalSum,
      'record-error-rate': this.#failed.sumRate(nowMs),
      'record-error-total': this.#failed.totalSum,
      'record-retry-rate': this.#retried.sumRate(nowMs),
      'record-retry-total': this.#retried.totalSum,
      'record-size-avg': this.#recordSizes.average(nowMs),
      'record-size-max': this.#largestRecords.max(nowMs),
      'batch-size-avg': this.#batchSizes.average(nowMs),
      'batch-size-max': this.#batchSizes.max(nowMs),
      'batch-split-rate': this.#splits.countRate(nowMs),
      'batch-split-total': this.#splits.totalCount,
      'records-per-request-avg': this.#recordsPerRequest.average(nowMs),
      'record-queue-time-avg': this.#queueTimes.average(nowMs),
      'record-queue-time-max': this.#queueTimes.max(nowMs),
      'request-latency-avg': latency.average(nowMs),
      'request-latency-max': latency.max(nowMs),
      'request-rate': network.outgoingBytes.countRate(nowMs),
      'request-total': network.outgoingBytes.totalCount,
      'requests-in-flight': gauges.requestsInFlight,
      'bufferpool-wait-ratio': this.#memoryWaits.sumRate(nowMs) / 1000,
      'bufferpool-wait-time-ns-total': this.#memoryWaits.totalSum * NS_PER_MS,
      'buffer-total-bytes': gauges.bufferTotalBytes,
      'buffer-available-bytes': gauges.bufferAvailableBytes,
      'buffer-exhausted-rate': this.#exhausted.countRate(nowMs),
      'buffer-exhausted-total': this.#exhausted.totalCount,
      'waiting-threads': gauges.waitingSends,
      'compression-rate-avg': this.#compressionRates.average(nowMs),
      'produce-throttle-time-avg': network.throttleTime.average(nowMs),
      'produce-throttle-time-max': network.throttleTime.max(nowMs),
      'metadata-age': gauges.metadataAgeSeconds,
      'connection-count': network.connections,
      'outgoing-byte-rate': network.outgoingBytes.sumRate(nowMs),
      'outgoing-byte-total': network.outgoingBytes.totalSum,
      'incoming-byte-rate': network.incomingBytes.sumRate(nowMs),
      'incoming-byte-total': network.incomingBytes.totalSum,
    }
  }
}
