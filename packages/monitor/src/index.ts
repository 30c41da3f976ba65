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
export { clientsAnswer, statusAnswer } from './collector/answers/clients.ts'
export { partitionsAnswer } from './collector/answers/partitions.ts'
export { rangesAnswer } from './collector/answers/ranges.ts'
export { type SeriesQuestion, seriesAnswer } from './collector/answers/series.ts'
export { streamsAnswer } from './collector/answers/streams.ts'
export { MonitorState } from './collector/monitor-state.ts'
export { MemoryStore } from './store/memory-store.ts'
export type { MonitorStore, StoreBatch, StoreNote } from './store/monitor-store.ts'
export { runTop, type TopHost } from './top/top.ts'
export {
  DEFAULT_INTERVAL_MS as DEFAULT_TOP_INTERVAL_MS,
  DEFAULT_URL as DEFAULT_MONITOR_URL,
  TopOptionError,
  type TopOptions,
} from './top/top-options.ts'
