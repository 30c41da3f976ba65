export declare const ATTRIBUTES_AT = 21;

export interface Api<Request, Response> {
    readonly key: number;
    readonly name: string;
    readonly minVersion: number;
    readonly maxVersion: number;
    readonly flexibleVersion: number;
    readonly request: MessageCodec<Request>;
    readonly response: MessageCodec<Response>;
}

export interface ApiRow {
    readonly key: number;
    readonly name: string;
    readonly minVersion: number;
    readonly maxVersion: number;
    readonly flexibleVersion: number;
}

export declare const BASE_OFFSET_AT = 0;

export declare const BASE_SEQUENCE_AT = 53;

export declare const BASE_TIMESTAMP_AT = 27;

export declare const BATCH_HEADER_BYTES = 61;

export interface BatchOptions {
    readonly baseOffset?: number;
    readonly partitionLeaderEpoch?: number;
    readonly compression?: CompressionType;
    readonly compressionLevel?: number;
    readonly timestampType?: 'CreateTime' | 'LogAppendTime';
    readonly timestamp?: number;
    readonly producerId?: number;
    readonly producerEpoch?: number;
    readonly baseSequence?: number;
    readonly isTransactional?: boolean;
    readonly isControl?: boolean;
    readonly lastOffsetDelta?: number;
}

export interface BatchRecord {
    readonly key?: string | Uint8Array | null;
    readonly value?: string | Uint8Array | null;
    readonly headers?: readonly RecordHeader[] | Readonly<Record<string, string | Uint8Array | null>>;
    readonly timestamp?: number;
    readonly offsetDelta?: number;
}

export type Bytes = Buffer | readonly Buffer[];

export declare const COMPRESSION_MASK = 7;

export declare const CONTROL_FLAG = 32;

export declare const CRC_AT = 17;

export declare const CURRENT_MAGIC = 2;

export type CompressionCallback = (error: Error | null, compressed: readonly Buffer[]) => void;

export interface CompressionLevels {
    readonly min: number;
    readonly max: number;
    readonly default: number;
}

export type CompressionType = (typeof compressionTypes)[number];

export interface Compressor {
    compress(bytes: Buffer, done: CompressionCallback): void;
    close(): void;
}

export declare const DEFAULT_MAX_RECORDS_BYTES: number;

export interface DecodedHeader {
    readonly key: string;
    readonly value: Buffer | null;
}

export type ErrorName = keyof typeof errorCodes;

export type FlatHeaders = readonly (string | Uint8Array | null)[];

export declare class FrameSplitter {
    #private;
    constructor(maxFrameBytes: number, onFrame: (frame: Buffer) => void);
    get pending(): number;
    push(chunk: Buffer): void;
}

export declare class HeadersEncoder {
    #private;
    bytes: Buffer;
    encode(headers: FlatHeaders): number;
}

export interface KafkaErrorRow {
    readonly code: number;
    readonly name: ErrorName;
    readonly retriable: boolean;
    readonly refreshMetadata: boolean;
    readonly message: string;
}

export declare const LAST_OFFSET_DELTA_AT = 23;

export declare const LENGTH_AT = 8;

export declare const LOG_OVERHEAD = 12;

export declare const MAGIC_AT = 16;

export declare const MAX_RECORD_OVERHEAD = 21;

export declare const MAX_TIMESTAMP_AT = 35;

export interface MessageCodec<T> {
    readonly name: string;
    readonly minVersion: number;
    readonly maxVersion: number;
    readonly flexibleVersion: number;
    read(reader: Reader, version: number): T;
    write(writer: Writer, message: Writable<T>, version: number): void;
}

export declare const NO_PARTITION_LEADER_EPOCH = -1;

export declare const NO_PRODUCER_EPOCH = -1;

export declare const NO_PRODUCER_ID = -1;

export declare const NO_SEQUENCE = -1;

export declare const NO_TIMESTAMP = -1;

export declare const PARTITION_LEADER_EPOCH_AT = 12;

export declare const PRODUCER_EPOCH_AT = 51;

export declare const PRODUCER_ID_AT = 43;

export interface Position {
    position: number;
}

export declare class ProtocolError extends Error {
    readonly code: ProtocolErrorCode;
    readonly position: number;
    constructor(code: ProtocolErrorCode, message: string, position?: number, options?: ErrorOptions);
}

export type ProtocolErrorCode = 'TRUNCATED' | 'OUT_OF_RANGE' | 'MALFORMED' | 'CORRUPT' | 'UNSUPPORTED_VERSION' | 'UNSUPPORTED_CODEC';

export declare const RECORDS_AT = 61;

export declare const RECORDS_COUNT_AT = 57;

export declare class Reader {
    #private;
    readonly buffer: Buffer;
    position: number;
    readonly end: number;
    constructor(buffer: Buffer, position?: number, end?: number, maxElements?: number);
    get remaining(): number;
    take(length: number): number;
    bool(): boolean;
    int8(): number;
    uint8(): number;
    int16(): number;
    uint16(): number;
    int32(): number;
    uint32(): number;
    int64(): number;
    float64(): number;
    uuid(): string;
    unsignedVarint(): number;
    varint(): number;
    varlong(): number;
    string(): string;
    nullableString(): string | null;
    compactString(): string;
    compactNullableString(): string | null;
    bytes(): Buffer;
    nullableBytes(): Buffer | null;
    compactBytes(): Buffer;
    compactNullableBytes(): Buffer | null;
    raw(length: number): Buffer;
    arrayCount(minElementSize: number): number;
    compactArrayCount(minElementSize: number): number;
}

export declare class RecordBatchBuilder {
    #private;
    constructor(options?: BatchOptions);
    get recordsCount(): number;
    append(record: BatchRecord): this;
    build(): Buffer;
}

export interface RecordBatchFields {
    readonly sizeInBytes: number;
    readonly lastOffsetDelta: number;
    readonly recordsCount: number;
    readonly baseTimestamp: number;
    readonly maxTimestamp: number;
    readonly baseOffset?: number;
    readonly partitionLeaderEpoch?: number;
    readonly compression?: CompressionType;
    readonly timestampType?: 'CreateTime' | 'LogAppendTime';
    readonly isTransactional?: boolean;
    readonly isControl?: boolean;
    readonly producerId?: number;
    readonly producerEpoch?: number;
    readonly baseSequence?: number;
}

export interface RecordBatchHeader {
    readonly baseOffset: number;
    readonly batchLength: number;
    readonly partitionLeaderEpoch: number;
    readonly magic: number;
    readonly crc: number;
    readonly attributes: number;
    readonly lastOffsetDelta: number;
    readonly baseTimestamp: number;
    readonly maxTimestamp: number;
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly baseSequence: number;
    readonly recordsCount: number;
    readonly sizeInBytes: number;
    readonly compression: CompressionType;
    readonly timestampType: 'CreateTime' | 'LogAppendTime';
    readonly isTransactional: boolean;
    readonly isControl: boolean;
}

export declare class RecordCursor implements Position {
    #private;
    readonly payload: Buffer;
    position: number;
    readonly end: number;
    remaining: number;
    offsetDelta: number;
    timestampDelta: number;
    keyStart: number;
    keyLength: number;
    valueStart: number;
    valueLength: number;
    headersCount: number;
    headersStart: number;
    sizeInBytes: number;
    constructor(payload: Buffer, recordsCount: number, start?: number, end?: number);
    next(): boolean;
    readHeaders(): DecodedHeader[];
    key(): Buffer | null;
    value(): Buffer | null;
}

export interface RecordHeader {
    readonly key: string;
    readonly value: Uint8Array | null;
}

export interface RequestHeader {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly correlationId: number;
    readonly clientId: string | null;
}

export declare const TIMESTAMP_TYPE_FLAG = 8;

export declare const TRANSACTIONAL_FLAG = 16;

export type Writable<T> = T extends Buffer ? Bytes : T extends readonly (infer E)[] ? readonly Writable<E>[] : T extends object ? {
    readonly [K in keyof T]?: Writable<T[K]>;
} : T;

export declare class Writer {
    #private;
    constructor(initialCapacity?: number);
    get length(): number;
    bool(value: boolean): void;
    int8(value: number): void;
    uint8(value: number): void;
    int16(value: number): void;
    uint16(value: number): void;
    int32(value: number): void;
    uint32(value: number): void;
    int64(value: number): void;
    float64(value: number): void;
    uuid(value: string): void;
    unsignedVarint(value: number): void;
    string(value: string): void;
    nullableString(value: string | null): void;
    compactString(value: string): void;
    compactNullableString(value: string | null): void;
    bytes(value: Bytes): void;
    nullableBytes(value: Bytes | null): void;
    compactBytes(value: Bytes): void;
    compactNullableBytes(value: Bytes | null): void;
    arrayCount(count: number): void;
    compactArrayCount(count: number): void;
    raw(value: Bytes): void;
    taggedField(tag: number, content: Writer): void;
    chunks(): Buffer[];
    toBuffer(): Buffer;
}

export declare const apiKeys: {
    readonly produce: 0;
    readonly fetch: 1;
    readonly listOffsets: 2;
    readonly metadata: 3;
    readonly offsetCommit: 8;
    readonly offsetFetch: 9;
    readonly findCoordinator: 10;
    readonly joinGroup: 11;
    readonly heartbeat: 12;
    readonly leaveGroup: 13;
    readonly syncGroup: 14;
    readonly describeGroups: 15;
    readonly listGroups: 16;
    readonly saslHandshake: 17;
    readonly apiVersions: 18;
    readonly createTopics: 19;
    readonly deleteTopics: 20;
    readonly deleteRecords: 21;
    readonly initProducerId: 22;
    readonly offsetForLeaderEpoch: 23;
    readonly addPartitionsToTxn: 24;
    readonly addOffsetsToTxn: 25;
    readonly endTxn: 26;
    readonly txnOffsetCommit: 28;
    readonly describeAcls: 29;
    readonly createAcls: 30;
    readonly deleteAcls: 31;
    readonly describeConfigs: 32;
    readonly alterConfigs: 33;
    readonly describeLogDirs: 35;
    readonly saslAuthenticate: 36;
    readonly createPartitions: 37;
    readonly deleteGroups: 42;
    readonly electLeaders: 43;
    readonly incrementalAlterConfigs: 44;
    readonly alterPartitionReassignments: 45;
    readonly listPartitionReassignments: 46;
    readonly offsetDelete: 47;
    readonly describeClientQuotas: 48;
    readonly alterClientQuotas: 49;
    readonly describeUserScramCredentials: 50;
    readonly alterUserScramCredentials: 51;
    readonly describeQuorum: 55;
    readonly updateFeatures: 57;
    readonly describeCluster: 60;
    readonly describeProducers: 61;
    readonly describeTransactions: 65;
    readonly listTransactions: 66;
    readonly consumerGroupHeartbeat: 68;
    readonly consumerGroupDescribe: 69;
    readonly getTelemetrySubscriptions: 71;
    readonly pushTelemetry: 72;
    readonly listConfigResources: 74;
    readonly describeTopicPartitions: 75;
};

export declare function apiRow(apiKey: number): ApiRow | undefined;

export declare const apiRows: readonly ApiRow[];

export declare function completeBatchSize(buffer: Buffer, at: number, end?: number): number;

export declare function compress(type: CompressionType, bytes: Buffer, level?: number): Buffer;

export declare function compressionLevels(type: CompressionType): CompressionLevels | null;

export declare const compressionTypes: readonly ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

export declare function crc32c(bytes: Uint8Array, start?: number, end?: number, seed?: number): number;

export declare function createCompressor(type: Exclude<CompressionType, 'none'>, level?: number): Compressor;

export declare function decodeRequestHeader(reader: Reader, flexible: (apiKey: number, version: number) => boolean): RequestHeader;

export declare function decodeResponse<P>(api: Api<any, P>, version: number, frame: Buffer): P;

export declare function decompress(type: CompressionType, bytes: Buffer, maxBytes: number): Buffer;

export declare function encodeBatch(records: readonly BatchRecord[], options?: BatchOptions): Buffer;

export declare function encodeHeaders(headers: FlatHeaders): Buffer;

export declare function encodeRequest<Q>(api: Api<Q, unknown>, version: number, correlationId: number, clientId: string | null, message: Writable<Q>): Buffer[];

export declare function encodeResponse<P>(api: Api<unknown, P>, version: number, correlationId: number, message: Writable<P>): Buffer[];

export declare function encodedRecordSize(offsetDelta: number, timestampDelta: number, keyLength: number, valueLength: number, headersSize: number): number;

export declare const errorCodes: {
    readonly UNKNOWN_SERVER_ERROR: -1;
    readonly NONE: 0;
    readonly OFFSET_OUT_OF_RANGE: 1;
    readonly CORRUPT_MESSAGE: 2;
    readonly UNKNOWN_TOPIC_OR_PARTITION: 3;
    readonly INVALID_FETCH_SIZE: 4;
    readonly LEADER_NOT_AVAILABLE: 5;
    readonly NOT_LEADER_OR_FOLLOWER: 6;
    readonly REQUEST_TIMED_OUT: 7;
    readonly BROKER_NOT_AVAILABLE: 8;
    readonly REPLICA_NOT_AVAILABLE: 9;
    readonly MESSAGE_TOO_LARGE: 10;
    readonly STALE_CONTROLLER_EPOCH: 11;
    readonly OFFSET_METADATA_TOO_LARGE: 12;
    readonly NETWORK_EXCEPTION: 13;
    readonly COORDINATOR_LOAD_IN_PROGRESS: 14;
    readonly COORDINATOR_NOT_AVAILABLE: 15;
    readonly NOT_COORDINATOR: 16;
    readonly INVALID_TOPIC_EXCEPTION: 17;
    readonly RECORD_LIST_TOO_LARGE: 18;
    readonly NOT_ENOUGH_REPLICAS: 19;
    readonly NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20;
    readonly INVALID_REQUIRED_ACKS: 21;
    readonly ILLEGAL_GENERATION: 22;
    readonly INCONSISTENT_GROUP_PROTOCOL: 23;
    readonly INVALID_GROUP_ID: 24;
    readonly UNKNOWN_MEMBER_ID: 25;
    readonly INVALID_SESSION_TIMEOUT: 26;
    readonly REBALANCE_IN_PROGRESS: 27;
    readonly INVALID_COMMIT_OFFSET_SIZE: 28;
    readonly TOPIC_AUTHORIZATION_FAILED: 29;
    readonly GROUP_AUTHORIZATION_FAILED: 30;
    readonly CLUSTER_AUTHORIZATION_FAILED: 31;
    readonly INVALID_TIMESTAMP: 32;
    readonly UNSUPPORTED_SASL_MECHANISM: 33;
    readonly ILLEGAL_SASL_STATE: 34;
    readonly UNSUPPORTED_VERSION: 35;
    readonly TOPIC_ALREADY_EXISTS: 36;
    readonly INVALID_PARTITIONS: 37;
    readonly INVALID_REPLICATION_FACTOR: 38;
    readonly INVALID_REPLICA_ASSIGNMENT: 39;
    readonly INVALID_CONFIG: 40;
    readonly NOT_CONTROLLER: 41;
    readonly INVALID_REQUEST: 42;
    readonly UNSUPPORTED_FOR_MESSAGE_FORMAT: 43;
    readonly POLICY_VIOLATION: 44;
    readonly OUT_OF_ORDER_SEQUENCE_NUMBER: 45;
    readonly DUPLICATE_SEQUENCE_NUMBER: 46;
    readonly INVALID_PRODUCER_EPOCH: 47;
    readonly INVALID_TXN_STATE: 48;
    readonly INVALID_PRODUCER_ID_MAPPING: 49;
    readonly INVALID_TRANSACTION_TIMEOUT: 50;
    readonly CONCURRENT_TRANSACTIONS: 51;
    readonly TRANSACTION_COORDINATOR_FENCED: 52;
    readonly TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53;
    readonly SECURITY_DISABLED: 54;
    readonly OPERATION_NOT_ATTEMPTED: 55;
    readonly KAFKA_STORAGE_ERROR: 56;
    readonly LOG_DIR_NOT_FOUND: 57;
    readonly SASL_AUTHENTICATION_FAILED: 58;
    readonly UNKNOWN_PRODUCER_ID: 59;
    readonly REASSIGNMENT_IN_PROGRESS: 60;
    readonly DELEGATION_TOKEN_AUTH_DISABLED: 61;
    readonly DELEGATION_TOKEN_NOT_FOUND: 62;
    readonly DELEGATION_TOKEN_OWNER_MISMATCH: 63;
    readonly DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: 64;
    readonly DELEGATION_TOKEN_AUTHORIZATION_FAILED: 65;
    readonly DELEGATION_TOKEN_EXPIRED: 66;
    readonly INVALID_PRINCIPAL_TYPE: 67;
    readonly NON_EMPTY_GROUP: 68;
    readonly GROUP_ID_NOT_FOUND: 69;
    readonly FETCH_SESSION_ID_NOT_FOUND: 70;
    readonly INVALID_FETCH_SESSION_EPOCH: 71;
    readonly LISTENER_NOT_FOUND: 72;
    readonly TOPIC_DELETION_DISABLED: 73;
    readonly FENCED_LEADER_EPOCH: 74;
    readonly UNKNOWN_LEADER_EPOCH: 75;
    readonly UNSUPPORTED_COMPRESSION_TYPE: 76;
    readonly STALE_BROKER_EPOCH: 77;
    readonly OFFSET_NOT_AVAILABLE: 78;
    readonly MEMBER_ID_REQUIRED: 79;
    readonly PREFERRED_LEADER_NOT_AVAILABLE: 80;
    readonly GROUP_MAX_SIZE_REACHED: 81;
    readonly FENCED_INSTANCE_ID: 82;
    readonly ELIGIBLE_LEADERS_NOT_AVAILABLE: 83;
    readonly ELECTION_NOT_NEEDED: 84;
    readonly NO_REASSIGNMENT_IN_PROGRESS: 85;
    readonly GROUP_SUBSCRIBED_TO_TOPIC: 86;
    readonly INVALID_RECORD: 87;
    readonly UNSTABLE_OFFSET_COMMIT: 88;
    readonly THROTTLING_QUOTA_EXCEEDED: 89;
    readonly PRODUCER_FENCED: 90;
    readonly RESOURCE_NOT_FOUND: 91;
    readonly DUPLICATE_RESOURCE: 92;
    readonly UNACCEPTABLE_CREDENTIAL: 93;
    readonly INCONSISTENT_VOTER_SET: 94;
    readonly INVALID_UPDATE_VERSION: 95;
    readonly FEATURE_UPDATE_FAILED: 96;
    readonly PRINCIPAL_DESERIALIZATION_FAILURE: 97;
    readonly SNAPSHOT_NOT_FOUND: 98;
    readonly POSITION_OUT_OF_RANGE: 99;
    readonly UNKNOWN_TOPIC_ID: 100;
    readonly DUPLICATE_BROKER_REGISTRATION: 101;
    readonly BROKER_ID_NOT_REGISTERED: 102;
    readonly INCONSISTENT_TOPIC_ID: 103;
    readonly INCONSISTENT_CLUSTER_ID: 104;
    readonly TRANSACTIONAL_ID_NOT_FOUND: 105;
    readonly FETCH_SESSION_TOPIC_ID_ERROR: 106;
    readonly INELIGIBLE_REPLICA: 107;
    readonly NEW_LEADER_ELECTED: 108;
    readonly OFFSET_MOVED_TO_TIERED_STORAGE: 109;
    readonly FENCED_MEMBER_EPOCH: 110;
    readonly UNRELEASED_INSTANCE_ID: 111;
    readonly UNSUPPORTED_ASSIGNOR: 112;
    readonly STALE_MEMBER_EPOCH: 113;
    readonly MISMATCHED_ENDPOINT_TYPE: 114;
    readonly UNSUPPORTED_ENDPOINT_TYPE: 115;
    readonly UNKNOWN_CONTROLLER_ID: 116;
    readonly UNKNOWN_SUBSCRIPTION_ID: 117;
    readonly TELEMETRY_TOO_LARGE: 118;
    readonly INVALID_REGISTRATION: 119;
    readonly TRANSACTION_ABORTABLE: 120;
    readonly INVALID_RECORD_STATE: 121;
    readonly SHARE_SESSION_NOT_FOUND: 122;
    readonly INVALID_SHARE_SESSION_EPOCH: 123;
    readonly FENCED_STATE_EPOCH: 124;
    readonly INVALID_VOTER_KEY: 125;
    readonly DUPLICATE_VOTER: 126;
    readonly VOTER_NOT_FOUND: 127;
    readonly INVALID_REGULAR_EXPRESSION: 128;
    readonly REBOOTSTRAP_REQUIRED: 129;
    readonly STREAMS_INVALID_TOPOLOGY: 130;
    readonly STREAMS_INVALID_TOPOLOGY_EPOCH: 131;
    readonly STREAMS_TOPOLOGY_FENCED: 132;
    readonly SHARE_SESSION_LIMIT_REACHED: 133;
};

export declare function estimateSizeUpperBound(keyLength: number, valueLength: number, headersSize: number): number;

export declare function flatHeaders(headers: readonly RecordHeader[]): FlatHeaders;

export declare function forEachBatch(buffer: Buffer, visit: (header: RecordBatchHeader, at: number) => void, at?: number, end?: number): number;

export declare function forEachRecord(buffer: Buffer, at: number, visit: (offset: number, timestamp: number, cursor: RecordCursor) => void, maxBytes?: number): RecordBatchHeader;

export declare function isFlexible(apiKey: number, version: number): boolean;

export declare const kafkaErrors: ReadonlyMap<number, KafkaErrorRow>;

export declare function loadCompression(type: CompressionType): Promise<void>;

export declare function readBatchHeader(buffer: Buffer, at: number, end?: number): RecordBatchHeader;

export declare function readMessage<T>(codec: MessageCodec<T>, buffer: Buffer, position: number, version: number): T;

export declare function readVarint(buffer: Uint8Array, from: Position, end: number): number;

export declare function readVarlong(buffer: Uint8Array, from: Position, end: number): number;

export declare function recordTimestamp(header: RecordBatchHeader, cursor: RecordCursor): number;

export declare function recordsPayload(header: RecordBatchHeader, buffer: Buffer, at: number, maxBytes?: number): Buffer;

export declare function varintSize(value: number): number;

export declare function varlongSize(value: number): number;

export declare function verifyBatchCrc(buffer: Buffer, at: number, end?: number): void;

export declare function writeBatchCrc(buffer: Buffer, at: number, sizeInBytes: number): void;

export declare function writeBatchHeader(buffer: Buffer, at: number, fields: RecordBatchFields): void;

export declare function writeMessage<T>(codec: MessageCodec<T>, message: Writable<T>, version: number): Buffer;

export declare function writeRecord(target: Buffer, at: number, offsetDelta: number, timestampDelta: number, keySource: Buffer | null, keyStart: number, keyLength: number, valueSource: Buffer | null, valueStart: number, valueLength: number, headersSource?: Buffer | null, headersStart?: number, headersSize?: number): number;

export declare function writeVarint(buffer: Uint8Array, at: number, value: number): number;

export declare function writeVarlong(buffer: Uint8Array, at: number, value: number): number;
