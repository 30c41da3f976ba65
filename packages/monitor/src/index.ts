// The stream monitor: collector, stores, HTTP API, page, `top`
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
export { runTop, type TopHost } from './top/top.ts'
export {
  DEFAULT_INTERVAL_MS as DEFAULT_TOP_INTERVAL_MS,
  DEFAULT_URL as DEFAULT_MONITOR_URL,
  TopOptionError,
  type TopOptions,
} from './top/top-options.ts'
