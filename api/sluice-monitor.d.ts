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

export declare class MemoryStore implements MonitorStore {
    #private;
    get revision(): number;
    get reports(): number;
    write({ reports, offsets, alerts, notes }: StoreBatch): number;
    offsets(topic: string): ReportOffset[];
    alerts(most: number): AlertRow[];
    reportsAfter(revision: number): Generator<TakenReport>;
    notesAfter(revision: number): Generator<StoreNote>;
    close(): void;
}

export declare class Monitor implements AsyncDisposable {
    #private;
    static start(options?: MonitorOptions): Promise<Monitor>;
    private constructor();
    get url(): string;
    get revision(): number;
    get answers(): Collector;
    readonly take: (report: MonitorReport) => Promise<void>;
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

export interface MonitorOptions {
    readonly bootstrapServers?: string | readonly string[];
    readonly kafka?: Partial<ConsumerOptions>;
    readonly topic?: string;
    readonly createTopic?: boolean;
    readonly partitions?: number;
    readonly share?: boolean;
    readonly store?: string;
    readonly retention?: Partial<Retention>;
    readonly port?: number;
    readonly host?: string;
    readonly token?: string;
    readonly alerts?: readonly AlertRule[];
    readonly webhook?: WebhookOptions;
    readonly otlp?: OtlpOptions;
    readonly logger?: Logger;
}

export declare class MonitorState {
    #private;
    readonly sessions: Map<string, SessionState>;
    get revision(): number;
    get reports(): number;
    get lastReportAt(): number | null;
    apply(taken: TakenReport): void;
    restore(taken: TakenReport): void;
    applyFacts(facts: ClusterFacts): void;
    takeNotes(): StoreNote[];
    restoreNote(note: StoreNote): void;
    topics(): Iterable<string>;
    partitionsOf(topic: string): readonly PartitionState[];
    isCompacted(topic: string): boolean;
    unmonitoredGroups(): string[];
    judgement(partition: PartitionState, group: GroupPartition, now: number): Judgement;
    forgetSessions(since: number): void;
    partition(topic: string, partition: number): PartitionState;
}

export interface MonitorStore {
    readonly revision: number;
    readonly reports: number;
    write(batch: StoreBatch): number;
    offsets(topic: string): readonly ReportOffset[];
    alerts(most: number): readonly AlertRow[];
    reportsAfter(revision: number): Iterable<TakenReport>;
    notesAfter(revision: number): Iterable<StoreNote>;
    close(): void;
}

export interface OtlpOptions {
    readonly url: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly intervalMs?: number;
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
    readonly windowMs?: number;
    readonly until?: number;
    readonly partitions: readonly PartitionRow[];
}

export interface RangesAnswer {
    readonly revision: number;
    readonly ranges: readonly GapRange[];
}

export interface ReportTopicFindings extends TopicCheck {
    readonly topic: string;
    readonly lastMinute: number;
    readonly clients: readonly string[];
    readonly readProblem: string | null;
}

export interface Retention {
    readonly seconds10Ms: number;
    readonly minute1Ms: number;
    readonly minute15Ms: number;
    readonly maxBytes: number;
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
    readonly lag?: number | null;
    readonly lagMs?: number | null;
}

export interface SeriesQuestion extends TimeRange {
    readonly topic: string;
    readonly group: string;
    readonly bin?: number | undefined;
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

export interface StoreBatch {
    readonly reports: readonly TakenReport[];
    readonly offsets?: readonly ReportOffset[];
    readonly alerts?: readonly AlertRow[];
    readonly notes?: readonly StoreNote[];
}

export declare class StoreError extends Error {
    constructor(message: string, options?: ErrorOptions);
}

export interface StoreNote {
    readonly key: string;
    readonly body: string | null;
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

export interface TopHost {
    readonly stdin: TerminalInput;
    readonly stdout: TerminalOutput;
    readonly stderr: {
        write(text: string): unknown;
    };
    readonly process: TerminalHost;
    readonly env: Environment;
    readonly clock: Clock;
    readonly zone: TimeZone;
}

export declare class TopOptionError extends Error {
    constructor(message: string);
}

export interface TopOptions {
    readonly url?: string;
    readonly token?: string;
    readonly intervalMs?: number;
    readonly topics?: readonly string[];
    readonly groups?: readonly string[];
    readonly once?: boolean;
    readonly json?: boolean;
    readonly ascii?: boolean;
}

export interface WebhookMessage {
    readonly event: 'alert.begins' | 'alert.ends';
    readonly alert: AlertRow;
}

export interface WebhookOptions {
    readonly url: string;
    readonly headers?: Readonly<Record<string, string>>;
}

export declare const alertMetrics: readonly AlertRule['metric'][];

export declare function clientsAnswer(state: MonitorState, now: number): ClientsAnswer;

export declare function connectionOf<T extends Pick<ConsumerOptions, 'bootstrapServers'> & Partial<ConsumerOptions>>(kafka: T): Pick<T, (typeof connection)[number]>;

export declare const defaultAlertRules: readonly AlertRule[];

export declare function partitionsAnswer(state: MonitorState, now: number, topic: string, group: string): PartitionsAnswer | undefined;

export declare function rangesAnswer(state: MonitorState, now: number, topic: string, group: string, kind?: GapKind): RangesAnswer | undefined;

export declare function reportTopicFindings(kafka: Pick<ConsumerOptions, 'bootstrapServers'> & Partial<ConsumerOptions>, topic?: string, signal?: AbortSignal): Promise<ReportTopicFindings>;

export declare function runTop(options: TopOptions, host?: TopHost): Promise<number>;

export declare function seriesAnswer(state: MonitorState, now: number, question: SeriesQuestion): SeriesAnswer | undefined;

export declare function statusAnswer(state: MonitorState, now: number, source: string, problems: readonly string[]): StatusAnswer;

export declare function streamsAnswer(state: MonitorState, now: number, range?: TimeRange): StreamsAnswer;
