export type AccessOperation = 'send' | 'read';

export interface AccessPolicyDocument {
    readonly default?: 'allow' | 'deny';
    readonly rules: readonly AccessRule[];
}

export interface AccessPolicyOptions extends CommonInterceptorOptions {
    readonly rules?: readonly AccessRule[];
    readonly file?: string;
    readonly decide?: (request: AccessRequest) => boolean | PromiseLike<boolean>;
    readonly default?: 'allow' | 'deny';
    readonly who?: () => string | undefined;
}

export interface AccessRequest {
    readonly operation: AccessOperation;
    readonly topic: string;
    readonly clientId: string;
    readonly groupId: string | undefined;
    readonly who: string | undefined;
}

export interface AccessRule {
    readonly effect: 'allow' | 'deny';
    readonly operations?: AccessOperation | readonly AccessOperation[];
    readonly topics?: PolicyNames;
    readonly clients?: PolicyNames;
    readonly groups?: PolicyNames;
    readonly who?: PolicyNames;
}

export interface AuditCounts {
    readonly written: number;
    readonly lost: number;
    readonly failedWrites: number;
    readonly waiting: number;
}

export interface AuditEntry {
    readonly v: 1;
    readonly at: string;
    readonly who: string;
    readonly what: 'send' | 'handle' | 'commit';
    readonly outcome: 'done' | 'failed' | 'dropped' | 'deadLettered';
    readonly clientId: string;
    readonly group?: string;
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly error?: string;
    readonly reason?: string;
    readonly checksum?: number;
    readonly size?: number;
    readonly headers?: Readonly<Record<string, string | null>>;
    readonly lost?: number;
    readonly chain?: string;
    readonly seq?: number;
    readonly previous?: string;
    readonly hash?: string;
}

export interface AuditFile {
    readonly file: string;
    readonly fsync?: boolean;
    readonly maxBytes?: number;
}

export interface AuditInterceptor extends ProducerInterceptor, ConsumerInterceptor {
    counts(): AuditCounts;
    flush(): Promise<void>;
}

export interface AuditOptions extends CommonInterceptorOptions {
    readonly sink?: AuditTopic | AuditFile | ((entries: readonly AuditEntry[]) => void | PromiseLike<void>);
    readonly who?: string | ((subject: AuditSubject) => string);
    readonly consumed?: 'handle' | 'commit';
    readonly headers?: readonly string[];
    readonly checksums?: boolean;
    readonly hashChain?: boolean | {
        readonly key: string | Uint8Array;
    };
    readonly required?: boolean;
    readonly maxQueue?: number;
    readonly writeTimeoutMs?: number;
    readonly closeTimeoutMs?: number;
}

export interface AuditSubject {
    readonly side: 'producer' | 'consumer';
    readonly topic: string;
    readonly headers: Headers;
    readonly clientId: string;
    readonly groupId: string | undefined;
}

export interface AuditTopic {
    readonly topic?: string;
    readonly producer?: Pick<KafkaProducer<any, any>, 'send'>;
    readonly options?: Partial<ProducerOptions>;
}

export type CastType = 'int8' | 'int16' | 'int32' | 'int64' | 'float32' | 'float64' | 'boolean' | 'string' | 'bigint';

export interface ChecksumCounts {
    readonly written: number;
    readonly verified: number;
    readonly mismatched: number;
    readonly missing: number;
}

export interface ChecksumInterceptor extends ProducerInterceptor, ConsumerInterceptor {
    counts(): ChecksumCounts;
}

export interface ChecksumOptions extends CommonInterceptorOptions {
    readonly headerName?: string;
    readonly onMismatch?: MismatchPolicy;
    readonly onMissing?: MissingPolicy;
}

export interface ClaimCheckOptions extends CommonInterceptorOptions {
    readonly store: ClaimStore | {
        readonly directory: string;
    } | S3StoreOptions;
    readonly thresholdBytes?: number;
    readonly keepKey?: boolean;
    readonly onMissing?: ClaimPolicy;
    readonly onMismatch?: ClaimPolicy;
    readonly maxFetchBytes?: number;
    readonly headerPrefix?: string;
}

export type ClaimPolicy = 'reject' | 'drop' | 'deadLetter' | 'pass';

export interface ClaimStore {
    put(id: string, bytes: Buffer, signal: AbortSignal): Promise<void>;
    get(id: string, signal: AbortSignal, maxBytes: number): Promise<Buffer | null>;
    delete?(id: string, signal: AbortSignal): Promise<void>;
    open?(): Promise<void>;
    close?(): Promise<void>;
}

export type Compat = 'none' | 'flume';

export interface ContextInterceptor extends ProducerInterceptor, ConsumerInterceptor {
    runInContext<T>(record: ConsumerRecord, fn: () => T): T;
}

export interface ContextOptions extends CommonInterceptorOptions {
    readonly correlationHeader?: string;
    readonly generate?: boolean | (() => string | undefined);
    readonly headers?: readonly string[];
    readonly maxLength?: number;
}

export interface ContextValues {
    readonly correlationId?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly record?: {
        readonly topic: string;
        readonly partition: number;
        readonly offset?: number;
    };
}

export interface CounterInterceptor extends ProducerInterceptor, ConsumerInterceptor {
    snapshot(): CounterSnapshot;
}

export interface CounterOptions extends CommonInterceptorOptions {
    readonly maxTopics?: number;
    readonly onSnapshot?: (snapshot: CounterSnapshot) => void;
    readonly everyMs?: number;
}

export interface CounterSnapshot {
    readonly topics: Readonly<Record<string, TopicCounts>>;
    readonly total: TopicCounts;
}

export interface DedupeCounts {
    readonly claimed: number;
    readonly duplicates: number;
    readonly inFlight: number;
    readonly withoutId: number;
    readonly unchecked: number;
}

export interface DedupeInterceptor extends ProducerInterceptor, ConsumerInterceptor {
    counts(): DedupeCounts;
}

export interface DedupeOptions extends CommonInterceptorOptions {
    readonly id?: IdSource;
    readonly perTopic?: boolean;
    readonly ttlMs?: number;
    readonly claimTtlMs?: number;
    readonly maxIds?: number;
    readonly redis?: string | RedisClient;
    readonly keyPrefix?: string;
    readonly redisTimeoutMs?: number;
    readonly onStoreError?: 'open' | 'closed';
}

export type FilterLanguage = 'cel' | 'jsonata';

export interface FilterOptions extends CommonInterceptorOptions {
    readonly expression: string | ((record: ReadableRecord) => boolean | PromiseLike<boolean>);
    readonly language?: FilterLanguage;
    readonly keep?: boolean;
    readonly reason?: string;
}

export interface FlattenStep {
    readonly delimiter?: string;
}

export interface GroupSerializer {
    serialize(value: string): string;
    configure?(settings: Readonly<Record<string, unknown>>): void;
}

export interface GroupSerializerInit {
    readonly name: string;
    readonly type?: 'default' | 'millis' | (string & {}) | SerializeFunction | GroupSerializer | (new () => GroupSerializer);
    readonly pattern?: string;
    readonly timeZone?: string;
    readonly [setting: string]: unknown;
}

export interface HoistStep {
    readonly field: string;
    readonly wrapNull?: boolean;
}

export interface HostHeaderOptions extends CommonInterceptorOptions {
    readonly preserveExisting?: boolean;
    readonly useIP?: boolean;
    readonly hostHeader?: string;
    readonly compat?: Compat;
}

export type IdSource = 'key' | `header:${string}` | ((record: IdentifiedRecord) => RecordId);

export interface IdentifiedRecord {
    readonly topic: string;
    readonly key: any;
    readonly value: any;
    readonly headers: Headers;
}

export interface InsertStep {
    readonly topicField?: string;
    readonly partitionField?: string;
    readonly offsetField?: string;
    readonly timestampField?: string;
    readonly headerFields?: Readonly<Record<string, string>>;
    readonly static?: Readonly<Record<string, unknown>>;
}

export interface LatencyInterceptor extends ProducerInterceptor, ConsumerInterceptor {
    snapshot(): LatencySnapshot;
    stored(): Promise<StoredLatency>;
}

export interface LatencyKeys {
    readonly sent: string;
    readonly measured: string;
    readonly latency: string;
    readonly average: string;
    readonly histogram: string;
    readonly writer: string;
}

export interface LatencyOfTopic {
    readonly sent: number;
    readonly failed: number;
    readonly consumed: LatencySummary;
    readonly handled: LatencySummary;
    readonly unmeasured: number;
}

export interface LatencyOptions extends CommonInterceptorOptions {
    readonly from?: 'timestamp' | 'header';
    readonly header?: string;
    readonly maxTopics?: number;
    readonly redis?: string | RedisClient;
    readonly keys?: Partial<LatencyKeys>;
    readonly average?: Stage;
    readonly flushMs?: number;
    readonly redisTimeoutMs?: number;
    readonly closeTimeoutMs?: number;
}

export interface LatencySnapshot extends LatencyOfTopic {
    readonly topics: Readonly<Record<string, LatencyOfTopic>>;
}

export interface LatencySummary {
    readonly count: number;
    readonly negative: number;
    readonly averageMs: number | null;
    readonly minMs: number | null;
    readonly maxMs: number | null;
    readonly p50Ms: number | null;
    readonly p95Ms: number | null;
    readonly p99Ms: number | null;
}

export interface LimitedRecord {
    readonly topic: string;
    readonly headers: Headers;
}

export type LogEvent = 'acknowledged' | 'failed' | 'dropped' | 'deadLettered' | 'consumed' | 'handled' | 'handlerFailed' | 'committed';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'off';

export interface LoggerOptions extends CommonInterceptorOptions {
    readonly logger?: StructuredLogger;
    readonly sampleRate?: number;
    readonly maxPerSecond?: number;
    readonly levels?: Readonly<Partial<Record<LogEvent, LogLevel>>>;
    readonly include?: readonly ('key' | 'headers')[];
    readonly redact?: readonly string[];
}

export interface MaskStep {
    readonly fields: readonly string[];
    readonly replacement?: string | number;
}

export type MetricsLabel = 'topic' | 'partition' | 'clientId' | 'groupId';

export interface MetricsOptions extends CommonInterceptorOptions {
    readonly registry?: PromRegistry;
    readonly meter?: {
        createHistogram(...args: any[]): object;
        createObservableCounter(...args: any[]): object;
    };
    readonly backend?: 'prom-client' | 'opentelemetry';
    readonly labels?: readonly MetricsLabel[];
    readonly buckets?: readonly number[];
    readonly maxSeries?: number;
}

export type MismatchPolicy = 'reject' | 'drop' | 'deadLetter' | 'warn';

export type MissingPolicy = 'accept' | MismatchPolicy;

export interface MonitorOptions extends CommonInterceptorOptions {
    readonly to?: 'topic' | MonitorTopicOptions | `http://${string}` | `https://${string}` | ((report: MonitorReport) => unknown);
    readonly token?: string | null;
    readonly app?: string | null;
    readonly intervalMs?: number;
    readonly maxCells?: number;
    readonly sequence?: boolean;
    readonly closeTimeoutMs?: number;
}

export interface MonitorTopicOptions {
    readonly topic?: string;
    readonly create?: boolean;
    readonly kafka?: Partial<ProducerOptions>;
}

export type PolicyNames = string | readonly string[];

export interface RateLimitOptions extends CommonInterceptorOptions {
    readonly points?: number;
    readonly durationMs?: number;
    readonly unit?: 'records' | 'bytes';
    readonly per?: 'client' | 'topic' | ((record: LimitedRecord) => string);
    readonly maxNames?: number;
    readonly mode?: 'wait' | 'reject';
    readonly pace?: 'poll' | 'handler';
    readonly limiter?: SharedLimiter;
    readonly redis?: string | RedisClient;
    readonly keyPrefix?: string;
    readonly redisTimeoutMs?: number;
    readonly lease?: number;
}

export declare class RateLimitedError extends KafkaError {
    readonly retryAfterMs: number;
    constructor(message: string, retryAfterMs: number, topic?: string);
}

export interface ReadableRecord {
    readonly topic: string;
    readonly partition: number | undefined;
    readonly key: any;
    readonly value: any;
    readonly headers: Headers;
    readonly timestamp: number | undefined;
}

export type RecordId = string | number | bigint | Uint8Array | null | undefined;

export interface RedisClient {
    call(command: string, ...args: (string | number)[]): Promise<unknown>;
}

export type RegexEngine = 're2' | 'javascript';

export interface RegexExtractorOptions extends CommonInterceptorOptions {
    readonly regex: string | RegExp;
    readonly serializers: readonly GroupSerializerInit[] | string;
    readonly [property: `serializers.${string}`]: unknown;
    readonly target?: TextTarget;
    readonly charset?: string;
    readonly onUnmatchedGroup?: 'skip' | 'null';
    readonly onSerializerError?: 'skip' | 'fail';
    readonly engine?: RegexEngine;
    readonly compat?: Compat;
}

export interface RegexFilterOptions extends CommonInterceptorOptions {
    readonly regex?: string | RegExp;
    readonly excludeEvents?: boolean;
    readonly target?: TextTarget;
    readonly charset?: string;
    readonly engine?: RegexEngine;
    readonly compat?: Compat;
}

export interface RegexRouter {
    readonly regex: string | RegExp;
    readonly replacement: string;
}

export interface RemoveHeaderOptions extends CommonInterceptorOptions {
    readonly withName?: string;
    readonly fromList?: string | readonly string[];
    readonly fromListSeparator?: string;
    readonly matching?: string | RegExp;
    readonly engine?: RegexEngine;
    readonly compat?: Compat;
}

export interface RoutableRecord {
    readonly topic: string;
    readonly partition: number | undefined;
    readonly key: any;
    readonly value: any;
    readonly headers: Headers;
    readonly timestamp: number | undefined;
}

export interface RouteCondition {
    readonly topic?: string | RegExp | readonly (string | RegExp)[];
    readonly header?: string | {
        readonly key: string;
        readonly value?: string;
    };
    readonly value?: string | RegExp;
    readonly test?: (record: RoutableRecord) => boolean;
}

export interface RouteOptions extends CommonInterceptorOptions {
    readonly rules?: readonly RouteRule[];
    readonly regexRouter?: RegexRouter;
    readonly timestampRouter?: TimestampRouter;
    readonly timeZone?: string;
    readonly originalTopicHeader?: string;
}

export interface RouteRule {
    readonly when?: RouteCondition | ((record: RoutableRecord) => boolean);
    readonly topic: string;
}

export interface S3ClientLike {
    send(command: any, options?: any): Promise<any>;
    destroy?(): void;
}

export interface S3StoreOptions {
    readonly bucket: string;
    readonly prefix?: string;
    readonly region?: string;
    readonly endpoint?: string;
    readonly forcePathStyle?: boolean;
    readonly client?: S3ClientLike;
}

export interface SearchReplaceOptions extends CommonInterceptorOptions {
    readonly searchPattern: string | RegExp;
    readonly replaceString?: string;
    readonly charset?: string;
    readonly stage?: 'record' | 'bytes';
    readonly engine?: RegexEngine;
    readonly compat?: Compat;
}

export type SerializeFunction = (value: string) => string;

export interface SharedLimiter {
    consume(key: string, points: number): Promise<{
        readonly msBeforeNext: number;
    }>;
    readonly points?: number;
    readonly duration?: number;
}

export type SizeAction = 'reject' | 'drop' | 'deadLetter';

export interface SizeGuardOptions extends CommonInterceptorOptions {
    readonly maxBytes?: number;
    readonly warnBytes?: number;
    readonly maxHeaders?: number;
    readonly onExceed?: SizeAction;
    readonly onConsumer?: boolean;
}

export interface StaticHeaderOptions extends CommonInterceptorOptions {
    readonly key?: string;
    readonly value?: string;
    readonly preserveExisting?: boolean;
    readonly compat?: Compat;
}

export interface StoredLatency {
    readonly sent: number;
    readonly measured: number;
    readonly latencyMs: number;
    readonly averageMs: number | null;
    readonly consumed: LatencySummary;
    readonly handled: LatencySummary;
}

export interface StructuredLogger {
    info(fields: object, message: string): void;
    trace?(fields: object, message: string): void;
    debug?(fields: object, message: string): void;
    warn?(fields: object, message: string): void;
    error?(fields: object, message: string): void;
}

export type TextTarget = 'value' | 'key' | `header:${string}`;

export type TimestampForm = 'iso' | 'seconds' | 'millis' | 'micros';

export interface TimestampFormatStep {
    readonly field: string;
    readonly from?: TimestampForm;
    readonly to: TimestampForm;
}

export interface TimestampHeaderOptions extends CommonInterceptorOptions {
    readonly preserveExisting?: boolean;
    readonly headerName?: string;
    readonly compat?: Compat;
}

export interface TimestampRouter {
    readonly topic?: string;
}

export interface TopicCounts {
    readonly sent: number;
    readonly acknowledged: number;
    readonly acknowledgedBytes: number;
    readonly failed: number;
    readonly dropped: number;
    readonly deadLettered: number;
    readonly consumed: number;
    readonly consumedBytes: number;
    readonly handled: number;
    readonly handlerFailed: number;
    readonly committed: number;
}

export interface TracingInterceptor extends ProducerInterceptor, ConsumerInterceptor {
    runInContext<T>(record: ConsumerRecord, run: () => T): T;
}

export interface TracingOptions extends CommonInterceptorOptions {
    readonly mode?: 'full' | 'propagateOnly';
    readonly spanPer?: 'message' | 'batch';
    readonly consume?: 'parent' | 'links';
    readonly receiveSpans?: boolean;
    readonly captureHeaders?: readonly string[];
    readonly tracerProvider?: {
        getTracer(name: string): object;
    };
    readonly propagator?: {
        inject(...args: any[]): void;
        extract(...args: any[]): object;
        fields(): string[];
    };
}

export interface TransformOptions extends CommonInterceptorOptions {
    readonly steps?: readonly TransformStep[];
    readonly jsonata?: string;
    readonly target?: 'value' | 'key';
    readonly data?: 'object' | 'json';
}

export type TransformStep = {
    readonly insert: InsertStep;
} | {
    readonly rename: Readonly<Record<string, string>>;
} | {
    readonly cast: CastType | Readonly<Record<string, CastType>>;
} | {
    readonly mask: readonly string[] | MaskStep;
} | {
    readonly hoist: string | HoistStep;
} | {
    readonly extract: string;
} | {
    readonly flatten: true | FlattenStep;
} | {
    readonly remove: readonly string[];
} | {
    readonly keep: readonly string[];
} | {
    readonly valueToKey: readonly string[];
} | {
    readonly timestampFormat: TimestampFormatStep;
};

export interface UuidHeaderOptions extends CommonInterceptorOptions {
    readonly headerName?: string;
    readonly preserveExisting?: boolean;
    readonly prefix?: string;
    readonly version?: 4 | 7;
    readonly generate?: () => string;
    readonly isMatch?: (record: ProducerRecord | ConsumerRecord) => boolean;
    readonly compat?: Compat;
}

export declare function accessPolicy(options: AccessPolicyOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function audit(options?: AuditOptions): AuditInterceptor;

export declare function checksum(options?: ChecksumOptions): ChecksumInterceptor;

export declare function claimCheck(options: ClaimCheckOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function context(options?: ContextOptions): ContextInterceptor;

export declare function counter(options?: CounterOptions): CounterInterceptor;

export declare function currentContext(): ContextValues | undefined;

export declare function dedupe(options?: DedupeOptions): DedupeInterceptor;

export declare function directoryStore(directory: string): ClaimStore;

export declare function filter(options: FilterOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function hostHeader(given?: HostHeaderOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function latency(options?: LatencyOptions): LatencyInterceptor;

export declare function logger(options?: LoggerOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function metrics(options?: MetricsOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function monitor(options?: MonitorOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function rateLimit(options?: RateLimitOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function regexExtractor(given: RegexExtractorOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function regexFilter(given?: RegexFilterOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function removeHeader(given?: RemoveHeaderOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function route(options: RouteOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function runWithContext<T>(values: ContextValues, fn: () => T): T;

export declare function s3Store(options: S3StoreOptions): ClaimStore;

export declare function searchReplace(given: SearchReplaceOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function sizeGuard(options?: SizeGuardOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function staticHeader(given?: StaticHeaderOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function timestampHeader(given?: TimestampHeaderOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function tracing(options?: TracingOptions): TracingInterceptor;

export declare function transform(options?: TransformOptions): ProducerInterceptor & ConsumerInterceptor;

export declare function uuidHeader(given?: UuidHeaderOptions): ProducerInterceptor & ConsumerInterceptor;
