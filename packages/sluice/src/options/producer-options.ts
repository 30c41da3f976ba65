import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import type { Cluster } from '../network/cluster.ts'
import { bufferSerializer, type Serializer } from '../record/serdes.ts'
import { type InterceptorEntry, interceptorClasses } from './interceptor-classes.ts'
import { type NetworkOptions, networkOptions, type UnsetNetworkOptions } from './network-options.ts'
import { flag, having, MAX_INT, MAX_LONG, notYet, type OptionTable, oneOf, type Resolved, text, whole } from './option-table.ts'

export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Chooses the partition of a record that names none (Java: Partitioner). */
export interface Partitioner<K = any, V = any> {
  /**
   * Called once for each such record, after serialization. The bytes are views that are valid only during the call.
   * Returns a partition of the topic; a negative or fractional number fails the send with INVALID_ARGUMENT. When it
   * throws, the send fails with that error.
   */
  partition(topic: string, key: K | null, keyBytes: Buffer | null, value: V | null, valueBytes: Buffer | null, cluster: Cluster): number
  /** Called once, when the producer is closed. */
  close?(): void
}

/** Options of a producer: Java's names in camelCase, Java's 4.x defaults. */
export interface ProducerOptions<K = any, V = any> extends NetworkOptions {
  /** Turns keys into bytes. @default bufferSerializer */
  readonly keySerializer?: Serializer<K>
  /** Turns values into bytes. @default bufferSerializer */
  readonly valueSerializer?: Serializer<V>
  /** Who must have a record before it counts as sent: nobody (0), the leader (1), all in-sync replicas ('all' or -1). @default all */
  readonly acks?: 0 | 1 | -1 | 'all'
  /** Retries write no record twice and change no order. Off by itself with `acks` 0 or 1, or `retries` 0, unless it was asked for. @default true */
  readonly enableIdempotence?: boolean
  /** Not supported yet. @default none */
  readonly transactionalId?: string
  /** How long a transaction may stay open. Without use until transactions are supported. @default 60000 */
  readonly transactionTimeoutMs?: number
  /** Not supported yet. @default false */
  readonly transactionTwoPhaseCommitEnable?: boolean
  /** How often a failed request is sent again, within `deliveryTimeoutMs`. @default 2147483647 */
  readonly retries?: number
  /** Requests on their way to one broker at a time; with idempotence 5 at most. @default 5 */
  readonly maxInFlightRequestsPerConnection?: number
  /** From `send` to success or failure, retries included; at least `lingerMs` + `requestTimeoutMs`. @default 120000 */
  readonly deliveryTimeoutMs?: number
  /** How long a batch may wait for more records. @default 5 */
  readonly lingerMs?: number
  /** Upper bound of a batch, in bytes; 0 sends every record alone. @default 16384 */
  readonly batchSize?: number
  /** Memory for records that were not sent yet, in bytes; when it is full, `send` waits. @default 33554432 */
  readonly bufferMemory?: number
  /** How long one `send` may wait for metadata and memory together. @default 60000 */
  readonly maxBlockMs?: number
  /** Upper bound of a request, and so of a record, in bytes before compression. @default 1048576 */
  readonly maxRequestSize?: number
  /** @default none */
  readonly compressionType?: CompressionType
  /** Level of gzip, 1 (fast) to 9; -1 is zlib's own. @default -1 */
  readonly compressionGzipLevel?: number
  /** Level of lz4, 1 (fast) to 17. @default 9 */
  readonly compressionLz4Level?: number
  /** Level of zstd, -131072 (fast) to 22. @default 3 */
  readonly compressionZstdLevel?: number
  /** A partitioner of your own. @default the built-in one: murmur2 of the key, sticky without a key */
  readonly partitioner?: Partitioner<K, V>
  /** Records without a key go more often to partitions whose brokers are fast. Ignored with `partitioner`. @default true */
  readonly partitionerAdaptivePartitioningEnable?: boolean
  /** A broker that takes no batch for this long gets no records without a key; 0 is off. @default 0 */
  readonly partitionerAvailabilityTimeoutMs?: number
  /** The built-in partitioner takes no notice of keys. @default false */
  readonly partitionerIgnoreKeys?: boolean
  /** Not supported yet. @default false */
  readonly partitionerRackAware?: boolean
  /** Not supported yet. @default "" */
  readonly clientRack?: string
  /** A topic that was not sent to for this long leaves the metadata. @default 300000 */
  readonly metadataMaxIdleMs?: number
  /** Acknowledgements carry `checksum` and `size` (KIP-42), equal to those of the consumed record. Also on when an interceptor has `needsRecordAudit`. @default false */
  readonly recordAudit?: boolean
  /** Where interceptors send dead letters; `{topic}` stands for the record's own. @default {topic}.dlq */
  readonly deadLetterTopic?: string
  /** How many records' interceptors may be under way at the same time, when they give promises. @default 256 */
  readonly interceptorConcurrency?: number
  /** Interceptors by name, module or package, `{ name: options }` with options. They run before those of the second argument. @default [] */
  readonly interceptorClasses?: readonly InterceptorEntry[]
}

export type UnsetProducerOptions = UnsetNetworkOptions | 'transactionalId' | 'partitioner'

export type ResolvedProducerOptions<K = any, V = any> = Omit<
  Resolved<ProducerOptions<K, V>, UnsetProducerOptions>,
  'acks' | 'clientId' | 'securityProtocol' | 'interceptorClasses'
> & {
  /** Made of the names. */
  readonly interceptorClasses: readonly ProducerInterceptor[]
  readonly acks: -1 | 0 | 1
  readonly clientId: string
  readonly securityProtocol: NonNullable<NetworkOptions['securityProtocol']>
}

export const producerOptions: OptionTable<ProducerOptions, UnsetProducerOptions> = {
  ...networkOptions(32_768),
  keySerializer: having(['serialize'], bufferSerializer, 'bufferSerializer', 'Turns keys into bytes.', 'key.serializer'),
  valueSerializer: having(['serialize'], bufferSerializer, 'bufferSerializer', 'Turns values into bytes.', 'value.serializer'),
  acks: {
    kafkaName: 'acks',
    type: 'enum',
    default: 'all',
    allowed: '0, 1, -1, all',
    shown: true,
    check: (given) => ([0, 1, -1, 'all'].includes(given as number) ? null : 'must be 0, 1, -1 or "all"'),
    fromText: (given) => (/^\s*all\s*$/i.test(given) ? 'all' : /^\s*(?:0|1|-1)\s*$/.test(given) ? Number(given) : given),
    doc: "Who must have a record before it counts as sent: nobody (0), the leader (1), all in-sync replicas ('all' or -1).",
  },
  enableIdempotence: flag(
    'enable.idempotence',
    true,
    'Retries write no record twice and change no order. Off by itself with `acks` 0 or 1, or `retries` 0, unless it was asked for.',
  ),
  transactionalId: { ...text('transactional.id', undefined, 'Not supported yet.'), allowed: 'not supported yet' },
  transactionTimeoutMs: whole(
    'transaction.timeout.ms',
    60_000,
    0,
    MAX_INT,
    'How long a transaction may stay open. Without use until transactions are supported.',
  ),
  transactionTwoPhaseCommitEnable: notYet(flag('transaction.two.phase.commit.enable', false, 'Not supported yet.')),
  retries: whole('retries', MAX_INT, 0, MAX_INT, 'How often a failed request is sent again, within `deliveryTimeoutMs`.'),
  maxInFlightRequestsPerConnection: whole(
    'max.in.flight.requests.per.connection',
    5,
    1,
    MAX_INT,
    'Requests on their way to one broker at a time; with idempotence 5 at most.',
  ),
  deliveryTimeoutMs: whole(
    'delivery.timeout.ms',
    120_000,
    0,
    MAX_INT,
    'From `send` to success or failure, retries included; at least `lingerMs` + `requestTimeoutMs`.',
  ),
  lingerMs: whole('linger.ms', 5, 0, MAX_LONG, 'How long a batch may wait for more records.'),
  batchSize: whole('batch.size', 16_384, 0, MAX_INT, 'Upper bound of a batch, in bytes; 0 sends every record alone.'),
  bufferMemory: whole(
    'buffer.memory',
    33_554_432,
    0,
    MAX_LONG,
    'Memory for records that were not sent yet, in bytes; when it is full, `send` waits.',
  ),
  maxBlockMs: whole('max.block.ms', 60_000, 0, MAX_LONG, 'How long one `send` may wait for metadata and memory together.'),
  maxRequestSize: whole(
    'max.request.size',
    1_048_576,
    0,
    MAX_INT,
    'Upper bound of a request, and so of a record, in bytes before compression.',
  ),
  compressionType: oneOf(
    'compression.type',
    ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    'none',
    'How batches are compressed; snappy and lz4 need an optional package.',
  ),
  compressionGzipLevel: {
    ...whole('compression.gzip.level', -1, -1, 9, 'Level of gzip, 1 (fast) to 9; -1 is zlib’s own.'),
    check: (given) =>
      Number.isInteger(given) && given !== 0 && (given as number) >= -1 && (given as number) <= 9
        ? null
        : 'must be -1 or a whole number from 1 to 9',
    allowed: '-1, 1 to 9',
  },
  compressionLz4Level: whole('compression.lz4.level', 9, 1, 17, 'Level of lz4, 1 (fast) to 17.'),
  compressionZstdLevel: whole('compression.zstd.level', 3, -131_072, 22, 'Level of zstd, -131072 (fast) to 22.'),
  partitioner: having(
    ['partition'],
    undefined,
    'the built-in one: murmur2 of the key, sticky without a key',
    'A partitioner of your own.',
    'partitioner.class',
  ),
  partitionerAdaptivePartitioningEnable: flag(
    'partitioner.adaptive.partitioning.enable',
    true,
    'Records without a key go more often to partitions whose brokers are fast. Ignored with `partitioner`.',
  ),
  partitionerAvailabilityTimeoutMs: whole(
    'partitioner.availability.timeout.ms',
    0,
    0,
    MAX_LONG,
    'A broker that takes no batch for this long gets no records without a key; 0 is off.',
  ),
  partitionerIgnoreKeys: flag('partitioner.ignore.keys', false, 'The built-in partitioner takes no notice of keys.'),
  partitionerRackAware: notYet(flag('partitioner.rack.aware', false, 'Not supported yet.')),
  clientRack: notYet(text<string>('client.rack', '', 'Not supported yet.', true)),
  metadataMaxIdleMs: whole(
    'metadata.max.idle.ms',
    300_000,
    5000,
    MAX_LONG,
    'A topic that was not sent to for this long leaves the metadata.',
  ),
  recordAudit: flag(
    undefined,
    false,
    'Acknowledgements carry `checksum` and `size` (KIP-42), equal to those of the consumed record. Also on when an interceptor has `needsRecordAudit`.',
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
