import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import { bufferDeserializer, type Deserializer } from '../record/serdes.ts'
import { type InterceptorEntry, interceptorClasses } from './interceptor-classes.ts'
import { type NetworkOptions, networkOptions, type UnsetNetworkOptions } from './network-options.ts'
import { flag, having, list, MAX_INT, notYet, type OptionTable, oneOf, type Resolved, text, whole } from './option-table.ts'

export type PartitionAssignorName = 'range' | 'roundrobin' | 'cooperative-sticky'

/** Options of a consumer: Java's names in camelCase, Java's 4.x defaults. */
export interface ConsumerOptions<K = any, V = any> extends NetworkOptions {
  /** Turns bytes into keys. @default bufferDeserializer */
  readonly keyDeserializer?: Deserializer<K>
  /** Turns bytes into values. @default bufferDeserializer */
  readonly valueDeserializer?: Deserializer<V>
  /** The group that shares the work and the committed offsets. Needed for `subscribe` and commits. @default none */
  readonly groupId?: string
  /** Makes this a static member, which keeps its partitions over a restart (KIP-345). @default none */
  readonly groupInstanceId?: string
  /** Only `classic` is supported yet. @default classic */
  readonly groupProtocol?: 'classic' | 'consumer'
  /** Where to begin without a committed offset, or when it no longer exists; `none` is an error. @default latest */
  readonly autoOffsetReset?: 'latest' | 'earliest' | 'none'
  /** Commits what `poll` returned before, every `autoCommitIntervalMs`. Off by itself without `groupId`. @default true */
  readonly enableAutoCommit?: boolean
  /** @default 5000 */
  readonly autoCommitIntervalMs?: number
  /** A member that sends no heartbeat for this long is thrown out of the group. @default 45000 */
  readonly sessionTimeoutMs?: number
  /** Time between heartbeats; less than `sessionTimeoutMs`, a third of it as a rule. @default 3000 */
  readonly heartbeatIntervalMs?: number
  /** A member that does not call `poll` for this long leaves the group. @default 300000 */
  readonly maxPollIntervalMs?: number
  /** Most records one `poll` returns. @default 500 */
  readonly maxPollRecords?: number
  /** A broker answers a fetch when it has this much, or after `fetchMaxWaitMs`. @default 1 */
  readonly fetchMinBytes?: number
  /** Upper bound of one fetch, in bytes; the first batch comes whatever its size. @default 52428800 */
  readonly fetchMaxBytes?: number
  /** Upper bound of one partition's share of a fetch, in bytes. @default 1048576 */
  readonly maxPartitionFetchBytes?: number
  /** How long a broker may wait for `fetchMinBytes`. @default 500 */
  readonly fetchMaxWaitMs?: number
  /** `read_committed` leaves out records of transactions that are open or were aborted. @default read_uncommitted */
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed'
  /** How the group shares the partitions; the first that all members know is used. @default [range, cooperative-sticky] */
  readonly partitionAssignmentStrategy?: readonly PartitionAssignorName[]
  /** Checks the CRC-32C of each batch. @default true */
  readonly checkCrcs?: boolean
  /** How long a call without a timeout of its own may wait. @default 60000 */
  readonly defaultApiTimeoutMs?: number
  /** Rack of this consumer, so that it may read from a replica nearby (KIP-392). @default "" */
  readonly clientRack?: string
  /** Subscribing to a topic that does not exist may create it, if brokers allow it. @default true */
  readonly allowAutoCreateTopics?: boolean
  /** A pattern matches no internal topics such as `__consumer_offsets`. @default true */
  readonly excludeInternalTopics?: boolean
  /** Records carry `checksum` and `size` (KIP-42), equal to those of the acknowledgement. Also on when an interceptor has `needsRecordAudit`. @default false */
  readonly recordAudit?: boolean
  /** Where interceptors send dead letters; `{topic}` stands for the record's own. @default {topic}.dlq */
  readonly deadLetterTopic?: string
  /** How many records' interceptors may be under way at the same time, when they give promises. @default 256 */
  readonly interceptorConcurrency?: number
  /** Interceptors by name, module or package, `{ name: options }` with options. They run before those of the second argument. @default [] */
  readonly interceptorClasses?: readonly InterceptorEntry[]
}

export type UnsetConsumerOptions = UnsetNetworkOptions | 'groupId' | 'groupInstanceId'

export type ResolvedConsumerOptions<K = any, V = any> = Omit<
  Resolved<ConsumerOptions<K, V>, UnsetConsumerOptions>,
  'clientId' | 'securityProtocol' | 'interceptorClasses'
> & {
  /** Made of the names. */
  readonly interceptorClasses: readonly ConsumerInterceptor[]
  readonly clientId: string
  readonly securityProtocol: NonNullable<NetworkOptions['securityProtocol']>
}

export const consumerOptions: OptionTable<ConsumerOptions, UnsetConsumerOptions> = {
  ...networkOptions(65_536),
  keyDeserializer: having(['deserialize'], bufferDeserializer, 'bufferDeserializer', 'Turns bytes into keys.', 'key.deserializer'),
  valueDeserializer: having(['deserialize'], bufferDeserializer, 'bufferDeserializer', 'Turns bytes into values.', 'value.deserializer'),
  groupId: {
    ...text('group.id', undefined, 'The group that shares the work and the committed offsets. Needed for `subscribe` and commits.'),
    defaultText: 'none',
  },
  groupInstanceId: {
    ...text('group.instance.id', undefined, 'Makes this a static member, which keeps its partitions over a restart (KIP-345).'),
    defaultText: 'none',
  },
  groupProtocol: {
    ...notYet(oneOf('group.protocol', ['classic', 'consumer'], 'classic', 'Only `classic` is supported yet.')),
    allowed: 'classic',
  },
  autoOffsetReset: oneOf(
    'auto.offset.reset',
    ['latest', 'earliest', 'none'],
    'latest',
    'Where to begin without a committed offset, or when it no longer exists; `none` is an error.',
  ),
  enableAutoCommit: flag(
    'enable.auto.commit',
    true,
    'Commits what `poll` returned before, every `autoCommitIntervalMs`. Off by itself without `groupId`.',
  ),
  autoCommitIntervalMs: whole('auto.commit.interval.ms', 5000, 0, MAX_INT, 'Time between automatic commits.'),
  sessionTimeoutMs: whole(
    'session.timeout.ms',
    45_000,
    1,
    MAX_INT,
    'A member that sends no heartbeat for this long is thrown out of the group.',
  ),
  heartbeatIntervalMs: whole(
    'heartbeat.interval.ms',
    3000,
    1,
    MAX_INT,
    'Time between heartbeats; less than `sessionTimeoutMs`, a third of it as a rule.',
  ),
  maxPollIntervalMs: whole(
    'max.poll.interval.ms',
    300_000,
    1,
    MAX_INT,
    'A member that does not call `poll` for this long leaves the group.',
  ),
  maxPollRecords: whole('max.poll.records', 500, 1, MAX_INT, 'Most records one `poll` returns.'),
  fetchMinBytes: whole('fetch.min.bytes', 1, 0, MAX_INT, 'A broker answers a fetch when it has this much, or after `fetchMaxWaitMs`.'),
  fetchMaxBytes: whole(
    'fetch.max.bytes',
    52_428_800,
    0,
    MAX_INT,
    'Upper bound of one fetch, in bytes; the first batch comes whatever its size.',
  ),
  maxPartitionFetchBytes: whole(
    'max.partition.fetch.bytes',
    1_048_576,
    0,
    MAX_INT,
    'Upper bound of one partition’s share of a fetch, in bytes.',
  ),
  fetchMaxWaitMs: whole('fetch.max.wait.ms', 500, 0, MAX_INT, 'How long a broker may wait for `fetchMinBytes`.'),
  isolationLevel: oneOf(
    'isolation.level',
    ['read_uncommitted', 'read_committed'],
    'read_uncommitted',
    '`read_committed` leaves out records of transactions that are open or were aborted.',
  ),
  partitionAssignmentStrategy: list<PartitionAssignorName>(
    'partition.assignment.strategy',
    ['range', 'cooperative-sticky'],
    ['range', 'roundrobin', 'cooperative-sticky'],
    'How the group shares the partitions; the first that all members know is used.',
  ),
  checkCrcs: flag('check.crcs', true, 'Checks the CRC-32C of each batch.'),
  defaultApiTimeoutMs: whole('default.api.timeout.ms', 60_000, 0, MAX_INT, 'How long a call without a timeout of its own may wait.'),
  clientRack: text<string>('client.rack', '', 'Rack of this consumer, so that it may read from a replica nearby (KIP-392).', true),
  allowAutoCreateTopics: flag(
    'allow.auto.create.topics',
    true,
    'Subscribing to a topic that does not exist may create it, if brokers allow it.',
  ),
  excludeInternalTopics: flag('exclude.internal.topics', true, 'A pattern matches no internal topics such as `__consumer_offsets`.'),
  recordAudit: flag(
    undefined,
    false,
    'Records carry `checksum` and `size` (KIP-42), equal to those of the acknowledgement. Also on when an interceptor has `needsRecordAudit`.',
  ),
  deadLetterTopic: text<string>(
    undefined,
    '{topic}.dlq',
    "Where interceptors send dead letters; `{topic}` stands for the record's own.",
    true,
  ),
  interceptorConcurrency: whole(
    undefined,
    256,
    1,
    MAX_INT,
    "How many records' interceptors may be under way at the same time, when they give promises.",
  ),
  interceptorClasses: interceptorClasses(),
}
