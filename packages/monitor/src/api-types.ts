// What the collector's HTTP API answers with, as the page, `top` and the OpenAPI description use it. Times are milliseconds
// since 1970, durations milliseconds, offsets numbers.

/** GET /api/v1/streams: one row per topic and group, and one per topic without a group. */
export interface StreamsAnswer {
  /** Grows with everything that is stored; what a page shows is as new as this. */
  readonly revision: number
  readonly now: number
  readonly streams: readonly StreamRow[]
}

export interface StreamRow {
  readonly topic: string
  /** Null for a topic that is written and that no group has been seen to read. */
  readonly group: string | null
  /** Records that brokers acknowledged to monitored producers, in the range asked for. */
  readonly produced: number
  /** Different offsets that the group's applications got. */
  readonly consumed: number
  /** Committed past and never given out; no guess: judged by position. */
  readonly missing: number
  readonly redelivered: number
  readonly replayed: number
  /** Removed by retention before the group read them. */
  readonly expired: number
  /** Taken out by interceptors. */
  readonly filtered: number
  /** Acknowledged, and not reached by the group yet. */
  readonly lag: number
  /** Age of the oldest record of these. */
  readonly lagMs: number
  readonly trend: 'growing' | 'shrinking' | 'steady'
  /** Given out, from producers without a monitor. */
  readonly unattributed: number
  /** Committed by a consumer that died before it told what it had given out. */
  readonly unverified: number
  /** The same offset acknowledged to two sends: the log was truncated. */
  readonly overwritten: number
  /** Records of monitored producers among all that were read, 0 to 1; null before there are any. */
  readonly coverage: number | null
  readonly producedPerSec: number
  readonly consumedPerSec: number
  /** From the record's timestamp to the application, corrected for the clocks; null before there are any. */
  readonly latency: LatencySummary | null
  /** Delivered share by window of ten seconds, oldest first and up to now, for a small chart: 0 to 1, null without records. */
  readonly recent: readonly (number | null)[]
}

export interface LatencySummary {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  /** How far the clocks may make these wrong, plus or minus. */
  readonly errorMs: number
}

export type GapKind =
  | 'missing'
  | 'pending'
  | 'expired'
  | 'redelivered'
  | 'replayed'
  | 'unattributed'
  | 'unverified'
  | 'overwritten'
  | 'filtered'

/** GET /api/v1/streams/{topic}/{group}/ranges?kind=missing */
export interface RangesAnswer {
  readonly revision: number
  readonly ranges: readonly GapRange[]
}

export interface GapRange {
  readonly kind: GapKind
  readonly partition: number
  /** First and last offset, both included. */
  readonly first: number
  readonly last: number
  readonly count: number
  /** Of `filtered`: by which interceptor and why. */
  readonly by?: string
  /** When the window of these records began, and when it was found. */
  readonly window?: number
  readonly foundAt?: number
}

/** GET /api/v1/series?topic=&group=&from=&to=&bin= */
export interface SeriesAnswer {
  readonly revision: number
  readonly bin: number
  readonly bins: readonly SeriesBin[]
}

export interface SeriesBin {
  readonly time: number
  readonly expected: number
  readonly consumed: number
  readonly missing: number
  readonly pending: number
  readonly redelivered: number
  readonly latency: LatencySummary | null
  readonly process: LatencySummary | null
  /** A client died in this window: its last report may be missing. */
  readonly partial: boolean
  /** Records that the group had not reached at the end of this bin, and the age of the oldest of them; null when nobody told. */
  readonly lag?: number | null
  readonly lagMs?: number | null
}

/** GET /api/v1/streams/{topic}/{group}/partitions */
export interface PartitionsAnswer {
  readonly revision: number
  /** How long each window of `recentLag` is, and when the last one ends. */
  readonly windowMs?: number
  readonly until?: number
  readonly partitions: readonly PartitionRow[]
}

export interface PartitionRow {
  readonly partition: number
  readonly end: number
  readonly committed: number
  readonly lag: number
  readonly lagMs: number
  readonly missing: number
  readonly redelivered: number
  /** The session that reads it, if one does. */
  readonly owner: string | null
  /** Lag by window, oldest first, for the heat strip. */
  readonly recentLag: readonly (number | null)[]
}

/** GET /api/v1/clients */
export interface ClientsAnswer {
  readonly revision: number
  readonly clients: readonly ClientRow[]
}

export interface ClientRow {
  readonly session: string
  readonly role: 'producer' | 'consumer'
  readonly clientId: string
  readonly groupId: string | null
  readonly app: string | null
  readonly host: string
  readonly library: string
  readonly version: string
  readonly startedAt: number
  readonly lastReportAt: number
  readonly state: 'live' | 'closed' | 'dead'
  /** Ahead of the broker's clock; null before a probe. */
  readonly clockOffsetMs: number | null
  readonly clockErrorMs: number | null
  readonly droppedCells: number
  readonly selfNs: number
  readonly chain: readonly InterceptorRow[]
}

export interface InterceptorRow {
  readonly name: string
  readonly calls: number
  readonly errors: number
  readonly dropped: number
  readonly state: 'on' | 'off' | 'trying'
  readonly meanNs: number
  readonly maxNs: number
}

/** GET /api/v1/alerts */
export interface AlertsAnswer {
  readonly revision: number
  readonly rules: readonly AlertRule[]
  readonly active: readonly AlertRow[]
  readonly history: readonly AlertRow[]
}

export interface AlertRule {
  readonly name: string
  readonly metric: 'missing' | 'expired' | 'redeliveredShare' | 'lagMs' | 'p99' | 'coverage' | 'clockOffsetMs' | 'deadClients'
  readonly above?: number
  readonly below?: number
  readonly topic?: string
  readonly group?: string
  /** It must hold for so long. @default 0 */
  readonly forMs?: number
}

export interface AlertRow {
  readonly id: string
  readonly rule: string
  readonly topic: string | null
  readonly group: string | null
  readonly value: number
  readonly since: number
  readonly until: number | null
  /** Exactly which records it is about, for missing, expired and redelivered. */
  readonly ranges: readonly GapRange[]
}

/** GET /api/v1/status: what a page says when there is nothing to show, and whether all is well with the collector. */
export interface StatusAnswer {
  readonly revision: number
  readonly now: number
  readonly source: string
  readonly reports: number
  readonly lastReportAt: number | null
  readonly sessions: { readonly live: number; readonly closed: number; readonly dead: number }
  /** Groups that commit, yet have no monitored consumer. */
  readonly unmonitoredGroups: readonly string[]
  readonly problems: readonly string[]
}

/** GET /api/v1/events: server-sent events. `hello` on connect, then `revision` at most once a second, `alert` when one changes. */
export interface EventMessages {
  readonly hello: { readonly revision: number; readonly now: number }
  readonly revision: { readonly revision: number; readonly now: number }
  readonly alert: AlertRow
}
