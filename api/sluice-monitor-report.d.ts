export declare class ExponentialHistogram {
    #private;
    get count(): number;
    record(value: number, count?: number): void;
    toState(): HistogramState;
}

export interface HistogramState {
    readonly scale: number;
    readonly count: number;
    readonly sum: number;
    readonly min: number;
    readonly max: number;
    readonly zeros: number;
    readonly offset: number;
    readonly buckets: readonly number[];
    readonly negativeOffset?: number;
    readonly negativeBuckets?: readonly number[];
}

export declare const MONITOR_TOPIC = "_sluice.monitor";

export interface MonitorAssignment {
    readonly topic: string;
    readonly partition: number;
    readonly number: number;
    readonly version: number;
    readonly begin: number;
    readonly beganAt: number;
    readonly position: number;
    readonly committed: number;
    readonly committedAt: number;
    readonly ended?: true;
}

export interface MonitorCell {
    readonly topic: string;
    readonly partition: number;
    readonly window: number;
    readonly version: number;
    readonly records: number;
    readonly bytes: number;
    readonly approximate?: true;
    readonly acked?: OffsetRanges;
    readonly aborted?: OffsetRanges;
    readonly overwritten?: OffsetRanges;
    readonly failed?: Readonly<Record<string, number>>;
    readonly produce?: HistogramState;
    readonly seen?: OffsetRanges;
    readonly filtered?: Readonly<Record<string, OffsetRanges>>;
    readonly redelivered?: OffsetRanges;
    readonly replayed?: OffsetRanges;
    readonly transit?: HistogramState;
    readonly queue?: HistogramState;
    readonly process?: HistogramState;
    readonly commit?: HistogramState;
    readonly dropped?: Readonly<Record<string, number>>;
    readonly sequences?: OffsetRanges;
    readonly readSequences?: Readonly<Record<string, OffsetRanges>>;
}

export interface MonitorReport {
    readonly v: 1;
    readonly session: string;
    readonly seq: number;
    readonly after?: number;
    readonly event: 'start' | 'report' | 'close';
    readonly sentAt: number;
    readonly intervalMs?: number;
    readonly probe?: {
        readonly seq: number;
        readonly sentAt: number;
        readonly ackedAt: number;
    };
    readonly client: MonitoredClient;
    readonly cells: readonly MonitorCell[];
    readonly assignments: readonly MonitorAssignment[];
    readonly chain: readonly MonitoredInterceptor[];
    readonly droppedCells: number;
    readonly selfNs: number;
}

export interface MonitoredClient {
    readonly role: 'producer' | 'consumer';
    readonly clientId: string;
    readonly groupId?: string;
    readonly clusterId?: string;
    readonly app?: string;
    readonly host: string;
    readonly pid: number;
    readonly library: string;
    readonly version: string;
    readonly startedAt: number;
}

export interface MonitoredInterceptor {
    readonly name: string;
    readonly calls: number;
    readonly errors: number;
    readonly dropped: number;
    readonly state: 'on' | 'off' | 'trying';
    readonly meanNs: number;
    readonly maxNs: number;
}

export declare class OffsetRangeSet {
    #private;
    get size(): number;
    get count(): number;
    add(first: number, count: number): void;
    overlap(first: number, count: number): OffsetRanges;
    toRanges(): OffsetRanges;
    keep(most: number): boolean;
    dropBelow(offset: number): void;
}

export type OffsetRanges = readonly number[];

export declare const SEQUENCE_HEADER = "sluice-sequence";

export declare const WINDOW_MS = 10000;

export declare function bucketOf(value: number): number;

export declare function upperBound(bucket: number, scale?: number): number;
