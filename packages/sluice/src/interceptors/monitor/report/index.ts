// What the monitor's interceptor and its collector have in common

export { bucketOf, ExponentialHistogram, upperBound } from './exponential-histogram.ts'
export { OffsetRangeSet } from './offset-range-set.ts'
export {
  type HistogramState,
  MONITOR_TOPIC,
  type MonitorAssignment,
  type MonitorCell,
  type MonitoredClient,
  type MonitoredInterceptor,
  type MonitorReport,
  type OffsetRanges,
  SEQUENCE_HEADER,
  WINDOW_MS,
} from './report.ts'
