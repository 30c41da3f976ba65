import { type Clock, systemClock } from '../clock.ts'
import { consoleLogger, harmless, type Logger } from '../logger.ts'
import type { Partitioner } from '../options/producer-options.ts'
import { bufferSerializer, type Serializer } from '../record/serdes.ts'
import type { MockTopics } from './mock-cluster.ts'
import { withDefaults } from './with-defaults.ts'

/** Options of a MockProducer. All but `autoComplete` and `topics` are those of a KafkaProducer. */
export interface MockProducerOptions<K = any, V = any> {
  /** True completes every send by itself, as soon as `send` has returned; false leaves it to `completeNext` and `errorNext`. @default true */
  readonly autoComplete?: boolean
  /** The topics that there are, with their number of partitions. A record to any other goes to the partition it names, or to 0. @default none */
  readonly topics?: MockTopics
  /** @default bytes as they are */
  readonly keySerializer?: Serializer<K>
  /** @default bytes as they are */
  readonly valueSerializer?: Serializer<V>
  /** Asked for records that name no partition, to topics of `topics`. @default by key; without one partition 0 */
  readonly partitioner?: Partitioner<K, V>
  /** @default mock-producer */
  readonly clientId?: string
  /** @default {topic}.dlq */
  readonly deadLetterTopic?: string
  /** How many records may be in asynchronous hooks at the same time. @default 256 */
  readonly interceptorConcurrency?: number
  /** How long a send waits for the asynchronous hooks of those before it. Milliseconds. @default 60000 */
  readonly maxBlockMs?: number
  /** Gives metadata `checksum` and `size`. @default false */
  readonly recordAudit?: boolean
  /** A ManualClock makes timeouts of hooks testable. @default the system's */
  readonly clock?: Clock
  /** @default warnings and errors to standard error */
  readonly logger?: Logger
}

export type ResolvedMockProducerOptions<K, V> = Required<Omit<MockProducerOptions<K, V>, 'partitioner'>> &
  Pick<MockProducerOptions<K, V>, 'partitioner'>

/** Fills in the defaults. Throws CONFIG for an unknown option, with the near name. */
export function resolveMockProducerOptions<K, V>(given: MockProducerOptions<K, V>): ResolvedMockProducerOptions<K, V> {
  const defaults: ResolvedMockProducerOptions<K, V> = {
    autoComplete: true,
    topics: {},
    keySerializer: bufferSerializer as unknown as Serializer<K>,
    valueSerializer: bufferSerializer as unknown as Serializer<V>,
    partitioner: undefined,
    clientId: 'mock-producer',
    deadLetterTopic: '{topic}.dlq',
    interceptorConcurrency: 256,
    maxBlockMs: 60_000,
    recordAudit: false,
    clock: systemClock,
    logger: consoleLogger,
  }
  const resolved = withDefaults('MockProducer', given, defaults)
  return { ...resolved, logger: harmless(resolved.logger) }
}
