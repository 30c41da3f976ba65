export interface AlertRow {
    readonly id: string;
    readonly rule: string;
    readonly topic: string | null;
    readonly group: string | null;
    readonly value: number;
    readonly since: number;
    readonly until: number | null;
    readonly ranges: readonly GapRange[];
}

export interface AlertRule {
    readonly name: string;
    readonly metric: 'missing' | 'expired' | 'redeliveredShare' | 'lagMs' | 'p99' | 'coverage' | 'clockOffsetMs' | 'deadClients';
    readonly above?: number;
    readonly below?: number;
    readonly topic?: string;
    readonly group?: string;
    readonly forMs?: number;
}

export interface AlertsAnswer {
    readonly revision: number;
    readonly rules: readonly AlertRule[];
    readonly active: readonly AlertRow[];
    readonly history: readonly AlertRow[];
}

export interface ClientRow {
    readonly session: string;
    readonly role: 'producer' | 'consumer';
    readonly clientId: string;
    readonly groupId: string | null;
    readonly app: string | null;
    readonly host: string;
    readonly library: string;
    readonly version: string;
    readonly startedAt: number;
    readonly lastReportAt: number;
    readonly state: 'live' | 'closed' | 'dead';
    readonly clockOffsetMs: number | null;
    readonly clockErrorMs: number | null;
    readonly droppedCells: number;
    readonly selfNs: number;
    readonly chain: readonly InterceptorRow[];
}

export interface ClientsAnswer {
    readonly revision: number;
    readonly clients: readonly ClientRow[];
}

export interface EventMessages {
    readonly hello: {
        readonly revision: number;
        readonly now: number;
    };
    readonly revision: {
        readonly revision: number;
        readonly now: number;
    };
    readonly alert: AlertRow;
}

export type GapKind = 'missing' | 'pending' | 'expired' | 'redelivered' | 'replayed' | 'unattributed' | 'unverified' | 'overwritten' | 'filtered';

export interface GapRange {
    readonly kind: GapKind;
    readonly partition: number;
    readonly first: number;
    readonly last: number;
    readonly count: number;
    readonly by?: string;
    readonly window?: number;
    readonly foundAt?: number;
}

export interface InterceptorRow {
    readonly name: string;
    readonly calls: number;
    readonly errors: number;
    readonly dropped: number;
    readonly state: 'on' | 'off' | 'trying';
    readonly meanNs: number;
    readonly maxNs: number;
}

export interface LatencySummary {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
    readonly errorMs: number;
}

export interface PartitionRow {
    readonly partition: number;
    readonly end: number;
    readonly committed: number;
    readonly lag: number;
    readonly lagMs: number;
    readonly missing: number;
    readonly redelivered: number;
    readonly owner: string | null;
    readonly recentLag: readonly (number | null)[];
}

export interface PartitionsAnswer {
    readonly revision: number;
    readonly partitions: readonly PartitionRow[];
}

export interface RangesAnswer {
    readonly revision: number;
    readonly ranges: readonly GapRange[];
}

export interface SeriesAnswer {
    readonly revision: number;
    readonly bin: number;
    readonly bins: readonly SeriesBin[];
}

export interface SeriesBin {
    readonly time: number;
    readonly expected: number;
    readonly consumed: number;
    readonly missing: number;
    readonly pending: number;
    readonly redelivered: number;
    readonly latency: LatencySummary | null;
    readonly process: LatencySummary | null;
    readonly partial: boolean;
}

export interface StatusAnswer {
    readonly revision: number;
    readonly now: number;
    readonly source: string;
    readonly reports: number;
    readonly lastReportAt: number | null;
    readonly sessions: {
        readonly live: number;
        readonly closed: number;
        readonly dead: number;
    };
    readonly unmonitoredGroups: readonly string[];
    readonly problems: readonly string[];
}

export interface StreamRow {
    readonly topic: string;
    readonly group: string | null;
    readonly produced: number;
    readonly consumed: number;
    readonly missing: number;
    readonly redelivered: number;
    readonly replayed: number;
    readonly expired: number;
    readonly filtered: number;
    readonly lag: number;
    readonly lagMs: number;
    readonly trend: 'growing' | 'shrinking' | 'steady';
    readonly unattributed: number;
    readonly unverified: number;
    readonly overwritten: number;
    readonly coverage: number | null;
    readonly producedPerSec: number;
    readonly consumedPerSec: number;
    readonly latency: LatencySummary | null;
    readonly recent: readonly (number | null)[];
}

export interface StreamsAnswer {
    readonly revision: number;
    readonly now: number;
    readonly streams: readonly StreamRow[];
}
