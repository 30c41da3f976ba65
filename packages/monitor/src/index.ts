// The stream monitor: collector, stores, HTTP API, page, `top`

export { alertMetrics, defaultAlertRules } from './alert-rules.ts'
export type {
  AlertRow,
  AlertRule,
  AlertsAnswer,
  ClientRow,
  ClientsAnswer,
  EventMessages,
  GapKind,
  GapRange,
  InterceptorRow,
  LatencySummary,
  PartitionRow,
  PartitionsAnswer,
  RangesAnswer,
  SeriesAnswer,
  SeriesBin,
  StatusAnswer,
  StreamRow,
  StreamsAnswer,
} from './api-types.ts'
export { clientsAnswer, statusAnswer } from './collector/answers/clients.ts'
export { partitionsAnswer } from './collector/answers/partitions.ts'
export { rangesAnswer } from './collector/answers/ranges.ts'
export { type SeriesQuestion, seriesAnswer } from './collector/answers/series.ts'
export { streamsAnswer } from './collector/answers/streams.ts'
export { MonitorState } from './collector/monitor-state.ts'
export type { OtlpOptions } from './http/otlp-export.ts'
export type { WebhookMessage, WebhookOptions } from './http/webhook.ts'
export { connectionOf } from './ingest/connection.ts'
export { type ReportTopicFindings, reportTopicFindings } from './ingest/report-topic-findings.ts'
export { Monitor, type MonitorOptions } from './monitor.ts'
export { MemoryStore } from './store/memory-store.ts'
export type { MonitorStore, StoreBatch, StoreNote } from './store/monitor-store.ts'
export type { Retention } from './store/retention.ts'
export { StoreError } from './store/sqlite-database.ts'
export { runTop, type TopHost } from './top/top.ts'
export { TopOptionError, type TopOptions } from './top/top-options.ts'
