export type BytesInit = string | Uint8Array | null;

export declare class CollectingLogger implements Logger {
    readonly lines: LogLine[];
    debug(message: string, fields?: LogFields): void;
    info(message: string, fields?: LogFields): void;
    warn(message: string, fields?: LogFields): void;
    error(message: string, fields?: LogFields): void;
    messages(level?: keyof Logger): readonly string[];
    text(): string;
}

export interface ConsumerRecordInit<K = any, V = any> extends Partial<Omit<ConsumerRecord<K, V>, 'headers'>> {
    readonly headers?: HeadersInit;
}

export interface InterceptorContractOptions {
    readonly changes?: readonly RecordPart[];
    readonly async?: boolean | readonly RecordHook[];
    readonly retries?: boolean;
    readonly record?: Partial<ProducerRecordInit<any, any>>;
    readonly context?: Partial<TestContext>;
    readonly skip?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
    readonly test?: (name: string, run: () => Promise<void>) => unknown;
}

export type InterceptorFactory = (options?: any) => ProducerInterceptor | ConsumerInterceptor;

export interface LogLine {
    readonly level: keyof Logger;
    readonly message: string;
    readonly fields: LogFields | undefined;
}

export declare class ManualClock implements Clock {
    #private;
    now(): number;
    monotonic(): number;
    setTimer(callback: () => void, delayMs: number): Timer;
    get timers(): number;
    advance(ms: number): void;
}

export declare class MockConsumer<K = Buffer, V = Buffer> implements Consumer<K, V> {
    #private;
    constructor(options?: MockConsumerOptions<K, V>, interceptors?: readonly ConsumerInterceptor<NoInfer<K>, NoInfer<V>>[]);
    get interceptors(): InterceptorChain<ConsumerInterceptor<K, V>>;
    metrics(): Readonly<Record<ConsumerMetricName, number>>;
    subscribe(topics: readonly string[] | RegExp, listener?: RebalanceListener): void;
    assign(partitions: readonly TopicPartition[]): void;
    unsubscribe(): Promise<void>;
    rebalance(partitions: readonly TopicPartition[]): Promise<void>;
    addRecord(record: ConsumerRecordInit<K, V>): void;
    addRawRecord(record: RawRecordInit): void;
    updateBeginningOffsets(offsets: readonly TopicPartitionOffset[]): void;
    updateEndOffsets(offsets: readonly TopicPartitionOffset[]): void;
    updatePartitions(topic: string, partitions: number | readonly PartitionInfo[]): void;
    schedulePollTask(task: PollTask): void;
    scheduleNopPollTask(): void;
    setPollException(error: Error): void;
    setOffsetsException(error: Error): void;
    setMaxPollRecords(maxPollRecords: number): void;
    enforceRebalance(): void;
    shouldRebalance(): boolean;
    resetShouldRebalance(): void;
    deadLetters(): readonly ProducerRecord<Buffer, Buffer>[];
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
    closed(): boolean;
    close(options?: {
        readonly timeoutMs?: number;
    }): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

export interface MockConsumerOptions<K = any, V = any> {
    readonly autoOffsetReset?: 'earliest' | 'latest' | 'none';
    readonly enableAutoCommit?: boolean;
    readonly maxPollRecords?: number;
    readonly keyDeserializer?: Deserializer<K>;
    readonly valueDeserializer?: Deserializer<V>;
    readonly keySerializer?: Serializer<K>;
    readonly valueSerializer?: Serializer<V>;
    readonly groupId?: string;
    readonly clientId?: string;
    readonly deadLetterTopic?: string;
    readonly interceptorConcurrency?: number;
    readonly recordAudit?: boolean;
    readonly clock?: Clock;
    readonly logger?: Logger;
}

export declare class MockProducer<K = Buffer, V = Buffer> implements Producer<K, V> {
    #private;
    readonly clientId: string;
    sendException: Error | null;
    flushException: Error | null;
    partitionsForException: Error | null;
    closeException: Error | null;
    constructor(options?: MockProducerOptions<K, V>, interceptors?: readonly ProducerInterceptor<NoInfer<K>, NoInfer<V>>[]);
    get interceptors(): InterceptorChain<ProducerInterceptor<K, V>>;
    send(record: ProducerRecordInit<K, V>, callback: SendCallback): void;
    send(record: ProducerRecordInit<K, V>, options?: SendOptions): Promise<RecordMetadata>;
    history(): readonly ProducerRecord<K, V>[];
    serializedHistory(): readonly SerializedRecord[];
    clear(): void;
    completeNext(): boolean;
    errorNext(error: Error): boolean;
    flushed(): boolean;
    closed(): boolean;
    connect(options?: WaitOptions): Promise<void>;
    partitionsFor(topic: string, options?: WaitOptions): Promise<readonly PartitionInfo[]>;
    metrics(): Readonly<Record<ProducerMetricName, number>>;
    setMockMetrics(name: ProducerMetricName, value: number): void;
    flush(options?: WaitOptions): Promise<void>;
    close(options?: WaitOptions): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

export interface MockProducerOptions<K = any, V = any> {
    readonly autoComplete?: boolean;
    readonly topics?: MockTopics;
    readonly keySerializer?: Serializer<K>;
    readonly valueSerializer?: Serializer<V>;
    readonly partitioner?: Partitioner<K, V>;
    readonly clientId?: string;
    readonly deadLetterTopic?: string;
    readonly interceptorConcurrency?: number;
    readonly maxBlockMs?: number;
    readonly recordAudit?: boolean;
    readonly clock?: Clock;
    readonly logger?: Logger;
}

export type MockTopics = Readonly<Record<string, number>>;

export type PollTask = () => void | Promise<void>;

export interface RawRecordInit extends Partial<Omit<RawRecord, 'headers' | 'key' | 'value'>> {
    readonly key?: BytesInit;
    readonly value?: BytesInit;
    readonly headers?: HeadersInit;
}

export type RecordHook = 'onSend' | 'onSerialized' | 'onFetched' | 'onConsume';

export type RecordPart = 'topic' | 'partition' | 'key' | 'value' | 'timestamp' | 'headers';

export interface SerializedRecordInit extends Partial<Omit<SerializedRecord, 'headers' | 'key' | 'value'>> {
    readonly key?: BytesInit;
    readonly value?: BytesInit;
    readonly headers?: HeadersInit;
}

export interface TestConsumeContext<S = any> extends ConsumeContext<S> {
    abort(reason?: unknown): void;
    commitContext(): CommitContext<S>;
}

export interface TestContext extends InterceptorContext {
    readonly clock: ManualClock;
    readonly logger: CollectingLogger;
}

export interface TestRecordContext<S = any> extends RecordContext<S> {
    abort(reason?: unknown): void;
}

export declare function consumeContext<S = any>(): TestConsumeContext<S>;

export declare function consumerRecordOf<K = any, V = any>(init?: ConsumerRecordInit<K, V>): ConsumerRecord<K, V>;

export declare function consumerRecordsOf<K = any, V = any>(records: readonly ConsumerRecordInit<K, V>[], nextOffsets?: readonly TopicPartitionOffset[]): ConsumerRecords<K, V>;

export declare function interceptorContract(factory: InterceptorFactory, options?: InterceptorContractOptions): void;

export declare function rawRecordOf(init?: RawRecordInit): RawRecord;

export declare function recordContext<S = any>(state?: S): TestRecordContext<S>;

export declare function recordOf<K = any, V = any>(init?: Partial<ProducerRecordInit<K, V>>): ProducerRecord<K, V>;

export declare function serializedRecordOf(init?: SerializedRecordInit): SerializedRecord;

export declare function testContext(overrides?: Partial<TestContext>): TestContext;
