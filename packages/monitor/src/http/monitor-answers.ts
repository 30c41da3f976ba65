import type { MonitorReport } from 'sluice/monitor-report'
import type {
  AlertsAnswer,
  ClientsAnswer,
  GapKind,
  PartitionsAnswer,
  RangesAnswer,
  SeriesAnswer,
  StatusAnswer,
  StreamsAnswer,
} from '../api-types.ts'

/** From and to, milliseconds since 1970: records with a timestamp from `from` on and before `to`. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

export interface SeriesQuestion extends TimeRange {
  readonly topic: string
  readonly group: string
  /** Milliseconds per bin, a multiple of 10 seconds; undefined: as suits the range. */
  readonly bin: number | undefined
}

/** What the HTTP server tells and takes. `undefined` for a stream that nothing is known of. */
export interface MonitorAnswers {
  readonly revision: number
  now(): number
  streams(range: TimeRange | undefined): StreamsAnswer
  ranges(topic: string, group: string, kind: GapKind | undefined): RangesAnswer | undefined
  series(question: SeriesQuestion): SeriesAnswer | undefined
  partitions(topic: string, group: string): PartitionsAnswer | undefined
  clients(): ClientsAnswer
  alerts(): AlertsAnswer
  status(): StatusAnswer
  /** Resolves when the report is stored. */
  take(report: MonitorReport): Promise<void>
}
