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
    coordinator(groupId: string): DevBrokerNode | undefined;
    records(topic: string, partition?: number): Promise<DecodedRecord[]>;
    endOffsets(topic: string): number[];
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

export declare class DevBrokerError extends Error {
    readonly code: DevBrokerErrorCode;
    constructor(code: DevBrokerErrorCode, message: string, options?: ErrorOptions);
    get errorCode(): number;
}

export type DevBrokerErrorCode = keyof typeof errorCodes | 'INVALID_OPTION' | 'CLOSED' | 'NODE_DOWN';

export interface DevBrokerNode {
    readonly id: number;
    readonly host: string;
    readonly port: number;
    readonly isUp: boolean;
    down(): Promise<void>;
    up(): Promise<void>;
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

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
    debug(message: string, fields?: LogFields): void;
    info(message: string, fields?: LogFields): void;
    warn(message: string, fields?: LogFields): void;
    error(message: string, fields?: LogFields): void;
}

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
