export interface AdminOptions extends NetworkOptions {
    readonly defaultApiTimeoutMs?: number;
    readonly retries?: number;
}

export type BreakerState = 'on' | 'off' | 'trying';

export interface CallOptions {
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
}

export interface Clock {
    now(): number;
    monotonic(): number;
    setTimer(callback: () => void, delayMs: number, ref?: boolean): Timer;
}

export interface Cluster {
    readonly clusterId: string | null;
    readonly controllerId: number;
    readonly nodes: ReadonlyMap<number, Node>;
    readonly topics: ReadonlyMap<string, TopicInfo>;
    readonly topicNamesById: ReadonlyMap<string, string>;
    readonly topicErrors: ReadonlyMap<string, import('../errors.ts').KafkaError>;
}

export interface ClusterDescription {
    readonly clusterId: string | null;
    readonly controllerId: number;
    readonly nodes: readonly Node[];
}

export interface ClusterResource {
    readonly clusterId: string | null;
}

export interface CommitContext<S = any> {
    readonly committed: readonly (TopicPartition & {
        readonly offset: number;
        readonly state: S;
    })[];
}

export type CommonInterceptorOptions = Partial<Pick<InterceptorSettings, (typeof COMMON)[number]>>;

export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export interface ConfigEntry {
    readonly name: string;
    readonly value: string | null;
    readonly isReadOnly: boolean;
    readonly isSensitive: boolean;
    readonly isDefault: boolean;
}

export interface ConfigResource {
    readonly type: 'topic' | 'broker';
    readonly name: string;
}

export interface ConfigWatch extends AsyncDisposable {
    reload(): Promise<boolean>;
    close(): Promise<void>;
}

export interface ConnectionStateMessage {
    readonly clientId: string;
    readonly nodeId: number;
    readonly host: string;
    readonly port: number;
    readonly state: 'connecting' | 'checking_api_versions' | 'authenticating' | 'ready' | 'closed';
    readonly error: KafkaError | null;
}

export interface ConsumeContext<S = any> {
    getState(record: TopicPartition & {
        readonly offset: number;
    }): S | undefined;
    setState(record: TopicPartition & {
        readonly offset: number;
    }, state: S): void;
    readonly signal: AbortSignal;
    readonly leftOut?: readonly LeftOutRecord[];
}

export type Consumer<K = Buffer, V = Buffer> = Pick<KafkaConsumer<K, V>, keyof KafkaConsumer<K, V>>;

export interface ConsumerCommitMessage {
    readonly clientId: string;
    readonly groupId: string;
    readonly offsets: readonly {
        readonly topic: string;
        readonly partition: number;
        readonly offset: number;
    }[];
    readonly error: unknown;
}

export interface ConsumerConfig {
    readonly options: ConsumerOptions;
    readonly interceptors: readonly ConsumerInterceptor[];
}

export interface ConsumerGroupMetadata {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupInstanceId: string | undefined;
}

export interface ConsumerInterceptor<K = any, V = any, S = any> extends InterceptorSettings {
    onFetched?(record: RawRecord, context: RecordContext<S>): RawRecord | Verdict | PromiseLike<RawRecord | Verdict>;
    onConsume?(records: ConsumerRecords<K, V>, context: ConsumeContext<S>): ConsumerRecords<K, V> | Verdict | PromiseLike<ConsumerRecords<K, V> | Verdict>;
    handle?(record: ConsumerRecord<K, V>, next: () => Promise<void>, context: RecordContext<S>): PromiseLike<void | Verdict> | void | Verdict;
    handleBatch?(batch: PartitionRecords<K, V>, next: () => Promise<void>, context: ConsumeContext<S>): PromiseLike<void> | void;
    onCommit?(offsets: readonly TopicPartitionOffset[], context: CommitContext<S>): void;
}

export type ConsumerMetricName = keyof typeof consumerMetricMeanings;

export interface ConsumerOptions<K = any, V = any> extends NetworkOptions {
    readonly keyDeserializer?: Deserializer<K>;
    readonly valueDeserializer?: Deserializer<V>;
    readonly groupId?: string;
    readonly groupInstanceId?: string;
    readonly groupProtocol?: 'classic' | 'consumer';
    readonly autoOffsetReset?: 'latest' | 'earliest' | 'none';
    readonly enableAutoCommit?: boolean;
    readonly autoCommitIntervalMs?: number;
    readonly sessionTimeoutMs?: number;
    readonly heartbeatIntervalMs?: number;
    readonly maxPollIntervalMs?: number;
    readonly maxPollRecords?: number;
    readonly fetchMinBytes?: number;
    readonly fetchMaxBytes?: number;
    readonly maxPartitionFetchBytes?: number;
    readonly fetchMaxWaitMs?: number;
    readonly isolationLevel?: 'read_uncommitted' | 'read_committed';
    readonly partitionAssignmentStrategy?: readonly PartitionAssignorName[];
    readonly checkCrcs?: boolean;
    readonly defaultApiTimeoutMs?: number;
    readonly clientRack?: string;
    readonly allowAutoCreateTopics?: boolean;
    readonly excludeInternalTopics?: boolean;
    readonly recordAudit?: boolean;
    readonly deadLetterTopic?: string;
    readonly interceptorConcurrency?: number;
    readonly interceptorClasses?: readonly InterceptorEntry[];
}

export interface ConsumerPollMessage {
    readonly clientId: string;
    readonly groupId: string | undefined;
    readonly records: number;
    readonly partitions: readonly {
        readonly topic: string;
        readonly partition: number;
        readonly records: number;
        readonly nextOffset: number;
    }[];
}

export interface ConsumerRecord<K = any, V = any> {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly timestamp: number;
    readonly timestampType: TimestampType;
    readonly key: K | null;
    readonly value: V | null;
    readonly headers: Headers;
    readonly serializedKeySize: number;
    readonly serializedValueSize: number;
    readonly leaderEpoch: number | undefined;
    readonly checksum?: number;
    readonly size?: number;
}

export declare class ConsumerRecords<K = any, V = any> implements Iterable<ConsumerRecord<K, V>> {
    #private;
    readonly nextOffsets: readonly (TopicPartition & OffsetAndMetadata)[];
    readonly count: number;
    constructor(partitions: readonly PartitionRecords<K, V>[], nextOffsets?: readonly (TopicPartition & OffsetAndMetadata)[]);
    get isEmpty(): boolean;
    byPartition(): readonly PartitionRecords<K, V>[];
    partitions(): readonly TopicPartition[];
    records(of: TopicPartition | string): readonly ConsumerRecord<K, V>[];
    filter(keep: (record: ConsumerRecord<K, V>) => boolean): ConsumerRecords<K, V>;
    map<K2 = K, V2 = V>(change: (record: ConsumerRecord<K, V>) => ConsumerRecord<K2, V2> | Verdict): ConsumerRecords<K2, V2>;
    [Symbol.iterator](): Iterator<ConsumerRecord<K, V>>;
}

export interface Deserializer<T> {
    deserialize(topic: string, data: Buffer, headers: Headers): T;
}

export type DiagnosticsChannelName = keyof DiagnosticsMessages;

export interface DiagnosticsMessages {
    readonly 'sluice:producer:send': ProducerSendMessage;
    readonly 'sluice:producer:batch': ProducerBatchMessage;
    readonly 'sluice:consumer:poll': ConsumerPollMessage;
    readonly 'sluice:consumer:commit': ConsumerCommitMessage;
    readonly 'sluice:interceptor:error': InterceptorErrorMessage;
    readonly 'sluice:interceptor:call': InterceptorCallMessage;
    readonly 'sluice:interceptor:state': InterceptorStateMessage;
    readonly 'sluice:connection:state': ConnectionStateMessage;
}

export interface DisableAfter {
    readonly failures: number;
    readonly slowMs?: number;
    readonly retryAfterMs?: number;
}

export interface EmittedRecord extends Partial<Omit<ProducerRecordInit<any, any>, 'headers'>> {
    readonly headers?: HeadersInit;
}

export interface FoundOffset extends TopicPartition {
    readonly offset: number;
    readonly timestamp: number;
    readonly leaderEpoch?: number;
}

export interface GroupDescription extends GroupListing {
    readonly protocol: string;
    readonly members: readonly GroupMemberDescription[];
}

export interface GroupListing {
    readonly groupId: string;
    readonly protocolType: string;
    readonly state: string;
}

export interface GroupMemberDescription {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly partitions: readonly TopicPartition[];
}

export interface Header {
    readonly key: string;
    readonly value: Buffer | null;
}

export type HeaderValue = string | Uint8Array | null;

export interface Headers extends Iterable<Header> {
    readonly size: number;
    get(key: string): Buffer | null | undefined;
    getString(key: string): string | null | undefined;
    getAll(key: string): readonly (Buffer | null)[];
    has(key: string): boolean;
    add(key: string, value: HeaderValue): this;
    set(key: string, value: HeaderValue): this;
    delete(key: string): boolean;
    deleteAll(keys: ReadonlySet<string>): boolean;
    keys(): readonly string[];
}

export type HeadersInit = Headers | Readonly<Record<string, HeaderValue | readonly HeaderValue[]>> | readonly (readonly [key: string, value: HeaderValue])[];

export interface InterceptorCallMessage {
    readonly clientId: string;
    readonly interceptor: string;
    readonly durationMs: number;
}

export interface InterceptorChain<I = any> {
    stats(): readonly InterceptorStats[];
    list(): readonly I[];
    replace(interceptors: readonly I[]): Promise<void>;
}

export interface InterceptorContext {
    readonly clientId: string;
    readonly groupId: string | undefined;
    readonly side?: 'producer' | 'consumer';
    readonly options: Readonly<Record<string, unknown>>;
    readonly logger: Logger;
    readonly clock: Clock;
    readonly metrics?: () => Readonly<Record<string, number>>;
    readonly clusterId?: () => string | null;
    readonly stats?: () => readonly InterceptorStats[];
}

export type InterceptorEntry = string | {
    readonly [name: string]: Readonly<Record<string, unknown>> | null;
};

export interface InterceptorErrorMessage {
    readonly clientId: string;
    readonly interceptor: string;
    readonly hook: string;
    readonly topic: string | undefined;
    readonly partition: number | undefined;
    readonly error: unknown;
}

export interface InterceptorOptionRow<T> {
    readonly default: T;
    readonly check?: (value: unknown) => string | null;
}

export type InterceptorOptionRows<O> = {
    readonly [K in OwnNames<O>]-?: InterceptorOptionRow<O[K]>;
};

export interface InterceptorScope {
    readonly not?: TopicSelector;
    readonly clients?: NameSelector;
    readonly groups?: NameSelector;
    readonly header?: string | {
        readonly key: string;
        readonly value?: string;
    };
    readonly internalTopics?: boolean;
}

export interface InterceptorSettings {
    readonly name: string;
    readonly onError?: OnError;
    readonly topics?: TopicSelector;
    readonly when?: InterceptorScope;
    readonly timeoutMs?: number;
    readonly disableAfter?: number | DisableAfter;
    readonly paired?: boolean;
    readonly needsRecordAudit?: boolean;
    configure?(context: InterceptorContext): void | Promise<void>;
    onClusterUpdate?(cluster: ClusterResource): void;
    close?(): void | Promise<void>;
}

export interface InterceptorStateMessage {
    readonly clientId: string;
    readonly interceptor: string;
    readonly state: 'on' | 'off' | 'trying';
}

export interface InterceptorStats {
    readonly name: string;
    readonly state: BreakerState;
    readonly calls: number;
    readonly dropped: number;
    readonly rejected: number;
    readonly emitted: number;
    readonly deadLettered: number;
    readonly errors: number;
    readonly timeouts: number;
    readonly passedBy: number;
    readonly reasons: Readonly<Record<string, number>>;
    readonly measuredCalls: number;
    readonly meanMicros: number;
    readonly maxMicros: number;
}

export declare class KafkaAdmin implements AsyncDisposable {
    #private;
    constructor(options: AdminOptions);
    createTopics(topics: readonly NewTopic[], options?: CallOptions): Promise<void>;
    deleteTopics(topics: readonly string[], options?: CallOptions): Promise<void>;
    listTopics(options?: CallOptions & {
        readonly listInternal?: boolean;
    }): Promise<string[]>;
    describeTopics(topics: readonly string[], options?: CallOptions): Promise<TopicInfo[]>;
    describeCluster(options?: CallOptions): Promise<ClusterDescription>;
    describeConfigs(resources: readonly ConfigResource[], options?: CallOptions): Promise<ResourceConfigs[]>;
    listOffsets(queries: readonly (TopicPartition & {
        readonly at: OffsetSpec;
    })[], options?: CallOptions): Promise<ListedOffset[]>;
    listGroups(options?: CallOptions): Promise<GroupListing[]>;
    describeGroups(groupIds: readonly string[], options?: CallOptions): Promise<GroupDescription[]>;
    deleteGroups(groupIds: readonly string[], options?: CallOptions): Promise<void>;
    fetchOffsets(groupId: string, partitions?: readonly TopicPartition[], options?: CallOptions): Promise<TopicPartitionOffset[]>;
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

export declare class KafkaConsumer<K = Buffer, V = Buffer> implements AsyncDisposable, AsyncIterable<ConsumerRecord<K, V>> {
    #private;
    constructor(options: ConsumerOptions<K, V>, interceptors?: readonly ConsumerInterceptor<NoInfer<K>, NoInfer<V>>[]);
    get interceptors(): InterceptorChain<ConsumerInterceptor<K, V>>;
    metrics(): Readonly<Record<ConsumerMetricName, number>>;
    subscribe(topics: readonly string[] | RegExp, listener?: RebalanceListener): void;
    assign(partitions: readonly TopicPartition[]): void;
    unsubscribe(): Promise<void>;
    poll(options?: PollOptions): Promise<ConsumerRecords<K, V>>;
    run(options: RunOptions<K, V>): Promise<void>;
    [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>, undefined>;
    commit(offsets?: readonly TopicPartitionOffset[], options?: CallOptions): Promise<void>;
    committed(partitions: readonly TopicPartition[], options?: CallOptions): Promise<TopicPartitionOffset[]>;
    seek(partition: TopicPartition, offset: number): void;
    seekToBeginning(partitions?: readonly TopicPartition[]): void;
    seekToEnd(partitions?: readonly TopicPartition[]): void;
    position(partition: TopicPartition, options?: CallOptions): Promise<number>;
    pause(partitions: readonly TopicPartition[]): void;
    resume(partitions: readonly TopicPartition[]): void;
    paused(): TopicPartition[];
    assignment(): TopicPartition[];
    subscription(): string[];
    beginningOffsets(partitions: readonly TopicPartition[], options?: CallOptions): Promise<TopicPartitionOffset[]>;
    endOffsets(partitions: readonly TopicPartition[], options?: CallOptions): Promise<TopicPartitionOffset[]>;
    offsetsForTimes(queries: readonly (TopicPartition & {
        readonly timestamp: number;
    })[], options?: CallOptions): Promise<(TopicPartitionOffset & {
        readonly timestamp: number;
    })[]>;
    partitionsFor(topic: string, options?: CallOptions): Promise<readonly PartitionInfo[]>;
    groupMetadata(): ConsumerGroupMetadata;
    close(options?: {
        readonly timeoutMs?: number;
    }): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

export declare class KafkaError extends Error {
    readonly code: string;
    readonly retriable: boolean;
    readonly topic?: string;
    readonly partition?: number;
    constructor(code: string, message: string, options?: KafkaErrorOptions);
}

export interface KafkaErrorOptions {
    readonly retriable?: boolean;
    readonly topic?: string;
    readonly partition?: number;
    readonly cause?: unknown;
}

export declare class KafkaProducer<K = Buffer, V = Buffer> {
    #private;
    readonly clientId: string;
    constructor(options: ProducerOptions<K, V>, interceptors?: readonly ProducerInterceptor<NoInfer<K>, NoInfer<V>>[]);
    get interceptors(): InterceptorChain<ProducerInterceptor<K, V>>;
    metrics(): Readonly<Record<ProducerMetricName, number>>;
    send(record: ProducerRecordInit<K, V>, callback: SendCallback): void;
    send(record: ProducerRecordInit<K, V>, options?: SendOptions): Promise<RecordMetadata>;
    connect(options?: WaitOptions): Promise<void>;
    partitionsFor(topic: string, options?: WaitOptions): Promise<readonly PartitionInfo[]>;
    flush(options?: WaitOptions): Promise<void>;
    close(options?: WaitOptions): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

export interface LeftOutRecord extends TopicPartition {
    readonly offset: number;
    readonly interceptor: string;
    readonly reason: string;
}

export interface ListedOffset extends TopicPartitionOffset {
    readonly timestamp: number;
}

export interface LoadConfigOptions {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly cwd?: string;
}

export type LocalErrorCode = 'CONFIG' | 'INVALID_ARGUMENT' | 'ILLEGAL_STATE' | 'TIMEOUT' | 'BUFFER_EXHAUSTED' | 'SERIALIZATION' | 'RECORD_TOO_LARGE' | 'INTERCEPTOR' | 'REJECTED' | 'BATCH_REJECTED' | 'CLOSED' | 'NETWORK' | 'ABORTED' | 'AUTHENTICATION' | 'UNSUPPORTED_VERSION' | 'CORRUPT';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
    debug(message: string, fields?: LogFields): void;
    info(message: string, fields?: LogFields): void;
    warn(message: string, fields?: LogFields): void;
    error(message: string, fields?: LogFields): void;
}

export type NameSelector = string | RegExp | ((name: string) => boolean) | readonly NameSelector[];

export interface NetworkOptions {
    readonly bootstrapServers: string | readonly string[];
    readonly clientId?: string;
    readonly securityProtocol?: SecurityProtocol;
    readonly ssl?: SslOptions;
    readonly sasl?: SaslOptions;
    readonly requestTimeoutMs?: number;
    readonly reconnectBackoffMs?: number;
    readonly reconnectBackoffMaxMs?: number;
    readonly socketConnectionSetupTimeoutMs?: number;
    readonly socketConnectionSetupTimeoutMaxMs?: number;
    readonly connectionsMaxIdleMs?: number;
    readonly metadataMaxAgeMs?: number;
    readonly metadataRecoveryStrategy?: 'none' | 'rebootstrap';
    readonly metadataRecoveryRebootstrapTriggerMs?: number;
    readonly sendBufferBytes?: number;
    readonly receiveBufferBytes?: number;
    readonly retryBackoffMs?: number;
    readonly retryBackoffMaxMs?: number;
    readonly logger?: Logger;
}

export interface NewTopic {
    readonly topic: string;
    readonly partitions?: number;
    readonly replicationFactor?: number;
    readonly configs?: Readonly<Record<string, string | number | boolean>>;
}

export interface Node {
    readonly id: number;
    readonly host: string;
    readonly port: number;
    readonly rack: string | null;
}

export interface OAuthBearerToken {
    readonly value: string;
    readonly extensions?: Readonly<Record<string, string>>;
}

export interface OffsetAndMetadata {
    readonly offset: number;
    readonly metadata?: string;
    readonly leaderEpoch?: number;
}

export interface OffsetQuery extends TopicPartition {
    readonly timestamp: number;
}

export type OffsetSpec = 'earliest' | 'latest' | 'maxTimestamp' | number;

export type OnError = 'continue' | 'fail' | 'deadLetter';

export type PartitionAssignorName = 'range' | 'roundrobin' | 'cooperative-sticky';

export interface PartitionInfo {
    readonly topic: string;
    readonly partition: number;
    readonly leader: number;
    readonly leaderEpoch: number;
    readonly replicas: readonly number[];
    readonly inSyncReplicas: readonly number[];
}

export interface PartitionRecords<K = any, V = any> extends TopicPartition {
    readonly records: readonly ConsumerRecord<K, V>[];
}

export interface Partitioner<K = any, V = any> {
    partition(topic: string, key: K | null, keyBytes: Buffer | null, value: V | null, valueBytes: Buffer | null, cluster: Cluster): number;
    close?(): void;
}

export interface PollOptions {
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
}

export type Producer<K = Buffer, V = Buffer> = Pick<KafkaProducer<K, V>, keyof KafkaProducer<K, V>>;

export interface ProducerBatchMessage {
    readonly clientId: string;
    readonly topic: string;
    readonly partition: number;
    readonly records: number;
    readonly bytes: number;
    readonly retries: number;
    readonly baseOffset: number;
    readonly error: KafkaError | null;
}

export interface ProducerConfig {
    readonly options: ProducerOptions;
    readonly interceptors: readonly ProducerInterceptor[];
}

export interface ProducerInterceptor<K = any, V = any, S = any> extends InterceptorSettings {
    onSend?(record: ProducerRecord<K, V>, context: RecordContext<S>): ProducerRecord<K, V> | Verdict | PromiseLike<ProducerRecord<K, V> | Verdict>;
    onSerialized?(record: SerializedRecord, context: RecordContext<S>): SerializedRecord | Verdict | PromiseLike<SerializedRecord | Verdict>;
    onAcknowledgement?(metadata: RecordMetadata, error: KafkaError | null, headers: Headers, context: RecordContext<S>): void;
}

export type ProducerMetricName = keyof typeof producerMetricMeanings;

export interface ProducerOptions<K = any, V = any> extends NetworkOptions {
    readonly keySerializer?: Serializer<K>;
    readonly valueSerializer?: Serializer<V>;
    readonly acks?: 0 | 1 | -1 | 'all';
    readonly enableIdempotence?: boolean;
    readonly transactionalId?: string;
    readonly transactionTimeoutMs?: number;
    readonly transactionTwoPhaseCommitEnable?: boolean;
    readonly retries?: number;
    readonly maxInFlightRequestsPerConnection?: number;
    readonly deliveryTimeoutMs?: number;
    readonly lingerMs?: number;
    readonly batchSize?: number;
    readonly bufferMemory?: number;
    readonly maxBlockMs?: number;
    readonly maxRequestSize?: number;
    readonly compressionType?: CompressionType;
    readonly compressionGzipLevel?: number;
    readonly compressionLz4Level?: number;
    readonly compressionZstdLevel?: number;
    readonly partitioner?: Partitioner<K, V>;
    readonly partitionerAdaptivePartitioningEnable?: boolean;
    readonly partitionerAvailabilityTimeoutMs?: number;
    readonly partitionerIgnoreKeys?: boolean;
    readonly partitionerRackAware?: boolean;
    readonly clientRack?: string;
    readonly metadataMaxIdleMs?: number;
    readonly recordAudit?: boolean;
    readonly deadLetterTopic?: string;
    readonly interceptorConcurrency?: number;
    readonly interceptorClasses?: readonly InterceptorEntry[];
}

export interface ProducerRecord<K = any, V = any> {
    readonly topic: string;
    readonly partition: number | undefined;
    readonly key: K | null;
    readonly value: V | null;
    readonly timestamp: number | undefined;
    readonly headers: Headers;
}

export interface ProducerRecordInit<K, V> {
    readonly topic: string;
    readonly partition?: number;
    readonly key?: K | null;
    readonly value?: V | null;
    readonly timestamp?: number;
    readonly headers?: HeadersInit;
}

export interface ProducerSendMessage {
    readonly clientId: string;
    readonly nodeId: number;
    readonly topic: string;
    readonly partition: number;
    readonly records: number;
    readonly bytes: number;
    readonly attempt: number;
    readonly ageMs: number;
}

export type PropertiesOptions = Omit<ProducerOptions & ConsumerOptions, 'bootstrapServers'> & {
    readonly bootstrapServers: readonly string[];
    readonly unused: readonly string[];
};

export type Provider<T> = T | (() => T | Promise<T>);

export interface RawRecord {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly timestamp: number;
    readonly timestampType: TimestampType;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Headers;
    readonly leaderEpoch: number | undefined;
}

export interface RebalanceListener {
    onPartitionsRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>;
    onPartitionsAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>;
    onPartitionsLost?(partitions: readonly TopicPartition[]): void | Promise<void>;
}

export interface RecordContext<S = any> {
    state: S | undefined;
    readonly signal: AbortSignal;
}

export declare class RecordDeserializationError extends KafkaError {
    readonly code: 'SERIALIZATION' | 'CORRUPT' | 'UNSUPPORTED_COMPRESSION_TYPE' | 'UNSUPPORTED_VERSION';
    readonly offset: number;
    constructor(code: RecordDeserializationError['code'], at: TopicPartition, offset: number, what: string, cause: unknown);
}

export declare class RecordHeaders implements Headers {
    #private;
    static from(init: HeadersInit | undefined): RecordHeaders;
    static ofList(list: readonly Header[]): RecordHeaders;
    get size(): number;
    get isReadOnly(): boolean;
    toList(): readonly Header[];
    toFlat(): FlatHeaders;
    get(key: string): Buffer | null | undefined;
    getString(key: string): string | null | undefined;
    getAll(key: string): readonly (Buffer | null)[];
    has(key: string): boolean;
    add(key: string, value: HeaderValue): this;
    set(key: string, value: HeaderValue): this;
    delete(key: string): boolean;
    deleteAll(keys: ReadonlySet<string>): boolean;
    keys(): readonly string[];
    setReadOnly(): this;
    [Symbol.iterator](): Iterator<Header>;
}

export interface RecordMetadata {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly timestamp: number;
    readonly serializedKeySize: number;
    readonly serializedValueSize: number;
    readonly checksum?: number;
    readonly size?: number;
    readonly dropped?: string;
    readonly deadLettered?: string;
    readonly emitted?: readonly RecordMetadata[];
}

export interface ResourceConfigs extends ConfigResource {
    readonly entries: readonly ConfigEntry[];
}

export interface RunOptions<K, V> {
    readonly eachRecord?: (record: ConsumerRecord<K, V>) => void | Promise<void>;
    readonly eachBatch?: (batch: PartitionRecords<K, V>) => void | Promise<void>;
    readonly concurrency?: number;
    readonly signal?: AbortSignal;
}

export type SaslOptions = {
    readonly mechanism: 'PLAIN';
    readonly username: Provider<string>;
    readonly password: Provider<string>;
} | {
    readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
    readonly username: Provider<string>;
    readonly password: Provider<string>;
} | {
    readonly mechanism: 'OAUTHBEARER';
    readonly token: () => OAuthBearerToken | string | Promise<OAuthBearerToken | string>;
};

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

export type SendCallback = (metadata: RecordMetadata, error: KafkaError | null) => void;

export interface SendOptions {
    readonly signal?: AbortSignal;
}

export type Serde<T> = Serializer<T> & Deserializer<T>;

export interface SerializedRecord {
    readonly topic: string;
    readonly partition: number | undefined;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly timestamp: number | undefined;
    readonly headers: Headers;
}

export interface Serializer<T> {
    serialize(topic: string, data: T, headers: Headers): Uint8Array | null;
    serializeInto?(topic: string, data: T, headers: Headers, target: Buffer, offset: number): number;
}

export interface SluiceConfig {
    readonly file: string;
    readonly producer: ProducerConfig;
    readonly consumer: ConsumerConfig;
    watch(clients: WatchableClient | readonly WatchableClient[], options?: WatchConfigOptions): Promise<ConfigWatch>;
}

export interface SluiceConfigFile {
    readonly producer?: SectionOf<ProducerOptions, ProducerInterceptor>;
    readonly consumer?: SectionOf<ConsumerOptions, ConsumerInterceptor>;
}

export type SslOptions = TlsConnectionOptions;

export interface Timer {
    cancel(): void;
}

export type TimestampType = 'CreateTime' | 'LogAppendTime';

export interface TopicInfo {
    readonly name: string;
    readonly id: string | undefined;
    readonly isInternal: boolean;
    readonly partitions: readonly PartitionInfo[];
}

export interface TopicPartition {
    readonly topic: string;
    readonly partition: number;
}

export interface TopicPartitionOffset extends TopicPartition, OffsetAndMetadata {
}

export type TopicSelector = string | RegExp | ((topic: string) => boolean) | readonly TopicSelector[];

export type Verdict = {
    readonly verdict: 'drop';
    readonly reason: string;
} | {
    readonly verdict: 'reject';
    readonly error: Error;
} | {
    readonly verdict: 'emit';
    readonly records: readonly EmittedRecord[];
} | {
    readonly verdict: 'deadLetter';
    readonly error: Error;
};

export interface WaitOptions {
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
}

export interface WatchConfigOptions {
    readonly onChange?: () => void;
    readonly onError?: (error: Error) => void;
    readonly logger?: Logger;
    readonly debounceMs?: number;
    readonly pollIntervalMs?: number;
    readonly signal?: AbortSignal;
    readonly clock?: Clock;
}

export interface WatchableClient {
    readonly interceptors: InterceptorChain<any>;
}

export declare const bufferDeserializer: Deserializer<Buffer>;

export declare const bufferSerializer: Serializer<Buffer>;

export declare function checksumOf(key: Uint8Array | null, value: Uint8Array | null): number;

export declare function commonOptions(name: string, options: CommonInterceptorOptions | undefined): CommonInterceptorOptions & {
    readonly name: string;
};

export declare function configError(message: string): KafkaError;

export declare const consoleLogger: Logger;

export declare const consumerMetricMeanings: {
    readonly 'records-consumed-rate': 'Records per second that were taken out of what was fetched.';
    readonly 'records-consumed-total': 'Records that were taken out of what was fetched.';
    readonly 'bytes-consumed-rate': 'Bytes of these records per second, before compression.';
    readonly 'bytes-consumed-total': 'Bytes of these records.';
    readonly 'fetch-rate': 'Fetch responses per second.';
    readonly 'fetch-total': 'Fetch responses.';
    readonly 'fetch-latency-avg': 'Milliseconds from a fetch request to its response; brokers wait up to `fetchMaxWaitMs` for data.';
    readonly 'fetch-latency-max': 'The longest such time.';
    readonly 'fetch-size-avg': 'Bytes of record batches in a fetch response.';
    readonly 'records-per-request-avg': 'Records taken, by fetch response.';
    readonly 'records-lag-max': 'Records between the position and the end of a partition after a poll, of the partition that is furthest behind.';
    readonly 'commit-rate': 'Commits per second.';
    readonly 'commit-total': 'Commits.';
    readonly 'commit-latency-avg': 'Milliseconds from a commit request to its response.';
    readonly 'rebalance-total': 'Rebalances that gave this member an assignment.';
    readonly 'rebalance-latency-avg': 'Milliseconds from the first JoinGroup of a rebalance to its assignment.';
    readonly 'heartbeat-rate': 'Heartbeat responses per second.';
    readonly 'last-poll-seconds-ago': 'Seconds since records were last asked for; -1 before.';
    readonly 'assigned-partitions': 'Partitions this consumer reads.';
};

export declare function deadLetter(error: Error): Verdict;

export declare const deadLetterHeaderNames: {
    readonly topic: 'dead-letter.topic';
    readonly partition: 'dead-letter.partition';
    readonly offset: 'dead-letter.offset';
    readonly timestamp: 'dead-letter.timestamp';
    readonly interceptor: 'dead-letter.interceptor';
    readonly error: 'dead-letter.error';
    readonly message: 'dead-letter.message';
};

export declare function defineConfig(config: SluiceConfigFile): SluiceConfigFile;

export declare const diagnosticsChannels: Readonly<Record<DiagnosticsChannelName, string>>;

export declare function drop(reason: string): Verdict;

export declare function emit(records: readonly EmittedRecord[]): Verdict;

export declare function fromProperties(source: string | Readonly<Record<string, unknown>>): PropertiesOptions;

export declare function interceptorOptions<O extends CommonInterceptorOptions>(factory: string, given: O | undefined, rows: InterceptorOptionRows<O>): {
    readonly [K in OwnNames<O>]-?: Exclude<O[K], undefined>;
};

export declare function isKafkaError(error: unknown): error is KafkaError;

export declare function jsonDeserializer<T = unknown>(): Deserializer<T>;

export declare function jsonSerializer<T = unknown>(): Serializer<T>;

export declare function loadConfig(file?: string, options?: LoadConfigOptions): Promise<SluiceConfig>;

export declare function nonEmptyString(value: unknown): string | null;

export declare const producerMetricMeanings: {
    readonly 'record-send-rate': 'Records sent per second; an attempt after a failure counts again.';
    readonly 'record-send-total': 'Records sent.';
    readonly 'record-error-rate': 'Records per second whose batch failed for good.';
    readonly 'record-error-total': 'Records whose batch failed for good.';
    readonly 'record-retry-rate': 'Records per second whose batch is to be sent again.';
    readonly 'record-retry-total': 'Records whose batch is to be sent again.';
    readonly 'record-size-avg': 'Bytes of a record in its batch, before compression.';
    readonly 'record-size-max': 'Bytes of the largest record.';
    readonly 'batch-size-avg': 'Bytes of a batch as it is sent.';
    readonly 'batch-size-max': 'Bytes of the largest batch.';
    readonly 'batch-split-rate': 'Batches per second that a broker found too large and that went out in parts.';
    readonly 'batch-split-total': 'Batches that went out in parts.';
    readonly 'records-per-request-avg': 'Records in a produce request.';
    readonly 'record-queue-time-avg': 'Milliseconds from the beginning of a batch until it is sent.';
    readonly 'record-queue-time-max': 'The longest such time.';
    readonly 'request-latency-avg': 'Milliseconds from a produce request to its response.';
    readonly 'request-latency-max': 'The longest such time.';
    readonly 'request-rate': 'Requests of all kinds sent per second.';
    readonly 'request-total': 'Requests of all kinds sent.';
    readonly 'requests-in-flight': 'Requests of all kinds that wait for a response.';
    readonly 'bufferpool-wait-ratio': 'The part of the time in which a send waited for `bufferMemory`.';
    readonly 'bufferpool-wait-time-ns-total': 'Nanoseconds for which sends waited for `bufferMemory`.';
    readonly 'buffer-total-bytes': '`bufferMemory`.';
    readonly 'buffer-available-bytes': 'Bytes of `bufferMemory` that are free.';
    readonly 'buffer-exhausted-rate': 'Sends per second that failed since no memory became free within `maxBlockMs`.';
    readonly 'buffer-exhausted-total': 'Sends that failed since no memory became free within `maxBlockMs`.';
    readonly 'waiting-threads': 'Sends that wait for metadata, memory or an earlier send (in Java: blocked threads).';
    readonly 'compression-rate-avg': 'Size of a batch as it is sent by its size before compression.';
    readonly 'produce-throttle-time-avg': 'Milliseconds for which brokers delay this client because of a quota, by response.';
    readonly 'produce-throttle-time-max': 'The longest such time.';
    readonly 'metadata-age': 'Seconds since metadata came last.';
    readonly 'connection-count': 'Connections that are open.';
    readonly 'outgoing-byte-rate': 'Bytes sent per second, to all brokers.';
    readonly 'outgoing-byte-total': 'Bytes sent.';
    readonly 'incoming-byte-rate': 'Bytes received per second, from all brokers.';
    readonly 'incoming-byte-total': 'Bytes received.';
};

export declare function reject(error: Error): Verdict;

export declare const silentLogger: Logger;

export declare const stringDeserializer: Deserializer<string>;

export declare const stringSerializer: Serializer<string>;
