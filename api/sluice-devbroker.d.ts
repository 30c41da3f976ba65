export type ApiCaps = Readonly<Partial<Record<DevBrokerApi, readonly [min: number, max: number] | null>>>;

export interface ChaosOptions {
    readonly seed?: number;
    readonly rates: ChaosRates;
    readonly apis?: readonly DevBrokerApi[];
    readonly errors?: readonly (ErrorName | number)[];
}

export interface ChaosRates {
    readonly dropBefore?: number;
    readonly dropAfter?: number;
    readonly error?: number;
    readonly delayMs?: number;
}

export interface Clock {
    now(): number;
    monotonic(): number;
    setTimer(callback: () => void, delayMs: number, ref?: boolean): Timer;
}

export interface DecodedRecord {
    readonly partition: number;
    readonly offset: number;
    readonly timestamp: number;
    readonly compression: CompressionType;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: readonly {
        readonly key: string;
        readonly value: Buffer | null;
    }[];
}

export declare class DevBroker implements AsyncDisposable {
    #private;
    readonly faults: Faults;
    readonly journal: DevBrokerJournal;
    private constructor();
    static start(options?: DevBrokerOptions): Promise<DevBroker>;
    get bootstrapServers(): string;
    get clusterId(): string;
    get nodes(): readonly DevBrokerNode[];
    get topics(): readonly string[];
    get memoryBytes(): number;
    createTopic(name: string, topic?: number | TopicOptions): void;
    deleteTopic(name: string): void;
    node(id: number): DevBrokerNode;
    partition(topic: string, partition: number): DevBrokerPartition;
    coordinator(groupId: string): DevBrokerCoordinator;
    group(groupId: string): DevBrokerGroup;
    caps(caps: ApiCaps): void;
    produce(topic: string, records: readonly NewRecord[]): Promise<ProducedRecord[]>;
    records(topic: string, partition?: number): Promise<DecodedRecord[]>;
    endOffsets(topic: string): number[];
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

export type DevBrokerApi = keyof DevBrokerMessages;

export interface DevBrokerCoordinator extends DevBrokerNode {
    readonly groupId: string;
    moveTo(nodeId: number): void;
}

export declare class DevBrokerError extends Error {
    readonly code: DevBrokerErrorCode;
    constructor(code: DevBrokerErrorCode, message: string, options?: ErrorOptions);
    get errorCode(): number;
}

export type DevBrokerErrorCode = keyof typeof errorCodes | 'INVALID_OPTION' | 'CLOSED' | 'NODE_DOWN' | 'FAULTS_LEFT';

export interface DevBrokerGroup {
    readonly groupId: string;
    readonly state: string;
    readonly members: readonly DevBrokerGroupMember[];
    expire(memberId: string): void;
}

export interface DevBrokerGroupMember {
    readonly memberId: string;
    readonly clientId: string;
    readonly groupInstanceId: string | null;
}

export interface DevBrokerJournal {
    requests(filter?: JournalFilter): JournalEntry[];
    clear(): void;
    waitFor(wait: JournalWait): Promise<JournalEntry[]>;
}

export interface DevBrokerMessages {
    Produce: [request: ProduceRequest, response: ProduceResponse];
    Fetch: [request: FetchRequest, response: FetchResponse];
    ListOffsets: [request: ListOffsetsRequest, response: ListOffsetsResponse];
    Metadata: [request: MetadataRequest, response: MetadataResponse];
    OffsetCommit: [request: OffsetCommitRequest, response: OffsetCommitResponse];
    OffsetFetch: [request: OffsetFetchRequest, response: OffsetFetchResponse];
    FindCoordinator: [request: FindCoordinatorRequest, response: FindCoordinatorResponse];
    JoinGroup: [request: JoinGroupRequest, response: JoinGroupResponse];
    Heartbeat: [request: HeartbeatRequest, response: HeartbeatResponse];
    LeaveGroup: [request: LeaveGroupRequest, response: LeaveGroupResponse];
    SyncGroup: [request: SyncGroupRequest, response: SyncGroupResponse];
    DescribeGroups: [request: DescribeGroupsRequest, response: DescribeGroupsResponse];
    ListGroups: [request: ListGroupsRequest, response: ListGroupsResponse];
    SaslHandshake: [request: SaslHandshakeRequest, response: SaslHandshakeResponse];
    ApiVersions: [request: ApiVersionsRequest, response: ApiVersionsResponse];
    CreateTopics: [request: CreateTopicsRequest, response: CreateTopicsResponse];
    DeleteTopics: [request: DeleteTopicsRequest, response: DeleteTopicsResponse];
    DeleteRecords: [request: DeleteRecordsRequest, response: DeleteRecordsResponse];
    InitProducerId: [request: InitProducerIdRequest, response: InitProducerIdResponse];
    OffsetForLeaderEpoch: [request: OffsetForLeaderEpochRequest, response: OffsetForLeaderEpochResponse];
    DescribeConfigs: [request: DescribeConfigsRequest, response: DescribeConfigsResponse];
    AlterConfigs: [request: AlterConfigsRequest, response: AlterConfigsResponse];
    SaslAuthenticate: [request: SaslAuthenticateRequest, response: SaslAuthenticateResponse];
    CreatePartitions: [request: CreatePartitionsRequest, response: CreatePartitionsResponse];
    DeleteGroups: [request: DeleteGroupsRequest, response: DeleteGroupsResponse];
    IncrementalAlterConfigs: [request: IncrementalAlterConfigsRequest, response: IncrementalAlterConfigsResponse];
    OffsetDelete: [request: OffsetDeleteRequest, response: OffsetDeleteResponse];
    DescribeCluster: [request: DescribeClusterRequest, response: DescribeClusterResponse];
}

export interface DevBrokerNode {
    readonly id: number;
    readonly host: string;
    readonly port: number;
    readonly isUp: boolean;
    down(): Promise<void>;
    up(): Promise<void>;
    pauseAccept(): void;
}

export interface DevBrokerOptions {
    readonly nodes?: number;
    readonly port?: number;
    readonly host?: string;
    readonly advertisedHost?: string;
    readonly topics?: TopicsOption;
    readonly autoCreateTopics?: boolean;
    readonly defaultPartitions?: number;
    readonly maxMemoryBytes?: number;
    readonly verifyCrc?: boolean;
    readonly sasl?: SaslOptions;
    readonly tls?: TlsOptions;
    readonly groupInitialRebalanceDelayMs?: number;
    readonly journalSize?: number;
    readonly clusterId?: string;
    readonly clock?: Clock;
    readonly log?: Logger;
    readonly unsafeListen?: boolean;
}

export interface DevBrokerPartition {
    readonly topic: string;
    readonly partition: number;
    readonly leader: number;
    readonly leaderEpoch: number;
    readonly replicas: readonly number[];
    readonly startOffset: number;
    readonly endOffset: number;
    moveLeader(nodeId: number): void;
}

export interface DiskFullOptions {
    readonly node?: number;
    readonly until?: number | AbortSignal;
}

export declare class Fault {
    #private;
    static readonly dropBefore: Fault;
    static readonly dropAfter: Fault;
    static readonly noResponse: Fault;
    static readonly noResponseBefore: Fault;
    readonly kind: FaultKind;
    readonly errorCode: number;
    readonly delayMs: number;
    readonly throttleMs: number;
    readonly bytes: number;
    private constructor();
    static truncate(bytes: number): Fault;
    static delay(delayMs: number): Fault;
    static throttle(throttleMs: number): Fault;
    static error(error: ErrorName | number, also?: {
        readonly delayMs?: number;
        readonly throttleMs?: number;
    }): Fault;
    get description(): string;
}

export interface FaultFields {
    readonly error?: ErrorName | number;
    readonly delayMs?: number;
    readonly throttleMs?: number;
}

export type FaultKind = 'dropBefore' | 'dropAfter' | 'noResponseBefore' | 'noResponse' | 'truncate' | 'delay' | 'throttle' | 'error';

export interface FaultScope {
    readonly node?: number;
    readonly topic?: string;
    readonly partition?: number;
}

export type FaultSpec = ErrorName | number | FaultFields | Fault;

export declare class Faults {
    #private;
    constructor(cluster: Cluster);
    push(api: DevBrokerApi, ...faults: [...FaultSpec[], FaultSpec | FaultScope]): void;
    pending(): PendingFault[];
    assertConsumed(): void;
    latency(options: LatencyOptions): () => void;
    diskFull(options?: DiskFullOptions): () => void;
    on<A extends DevBrokerApi>(api: A, hook: RequestHook<A>): () => void;
    chaos(options: ChaosOptions): () => void;
    clear(): void;
}

export interface HookContext<A extends DevBrokerApi = DevBrokerApi> {
    readonly api: A;
    readonly node: number;
    readonly version: number;
    readonly clientId: string | null;
    readonly signal: AbortSignal;
}

export type HookResult<A extends DevBrokerApi> = Writable<DevBrokerMessages[A][1]> | Fault | undefined;

export interface JournalEntry {
    readonly node: number;
    readonly api: DevBrokerApi;
    readonly version: number;
    readonly clientId: string | null;
    readonly at: number;
    readonly latencyMs: number | null;
    readonly outcome: RequestOutcome;
    readonly errorCode: number;
    readonly fault: string | null;
    readonly topics: readonly string[];
}

export interface JournalFilter {
    readonly api?: DevBrokerApi;
    readonly node?: number;
    readonly clientId?: string;
}

export interface JournalWait extends JournalFilter {
    readonly count?: number;
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
}

export interface LatencyOptions {
    readonly node?: number;
    readonly ms: number;
    readonly jitterMs?: number;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
    debug(message: string, fields?: LogFields): void;
    info(message: string, fields?: LogFields): void;
    warn(message: string, fields?: LogFields): void;
    error(message: string, fields?: LogFields): void;
}

export interface NewRecord {
    readonly key?: string | Uint8Array | null;
    readonly value?: string | Uint8Array | null;
    readonly headers?: Readonly<Record<string, string | Uint8Array | null>>;
    readonly timestamp?: number;
    readonly partition?: number;
}

export interface PendingFault extends FaultScope {
    readonly api: DevBrokerApi;
    readonly fault: string;
}

export interface ProducedRecord {
    readonly partition: number;
    readonly offset: number;
}

export type RequestHook<A extends DevBrokerApi = DevBrokerApi> = (request: DevBrokerMessages[A][0], next: (request?: Writable<DevBrokerMessages[A][0]>) => Promise<DevBrokerMessages[A][1]>, context: HookContext<A>) => HookResult<A> | Promise<HookResult<A>>;

export type RequestOutcome = 'pending' | 'answered' | 'unasked' | 'dropped' | 'truncated' | 'withheld' | 'abandoned';

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER';

export interface SaslOptions {
    readonly users: Readonly<Record<string, string>>;
    readonly mechanisms?: readonly SaslMechanism[];
}

export interface Timer {
    cancel(): void;
}

export interface TopicOptions {
    readonly partitions?: number;
    readonly replicationFactor?: number;
    readonly configs?: Readonly<Record<string, string | number | boolean>>;
}

export type TopicsOption = readonly string[] | Readonly<Record<string, number | TopicOptions>>;
