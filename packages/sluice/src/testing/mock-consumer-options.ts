import { type Clock, systemClock } from '../clock.ts'
import { configError } from '../errors.ts'
import { consoleLogger, harmless, type Logger } from '../logger.ts'
import type { Deserializer, Serializer } from '../record/serdes.ts'
import { withDefaults } from './with-defaults.ts'

/** Options of a MockConsumer; those that a KafkaConsumer has too mean the same. */
export interface MockConsumerOptions<K = any, V = any> {
  /** Where reading begins without a committed offset. @default earliest */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none'
  /** Commits what is done when `run` or a loop ends, before partitions go, and on `close`; not as time goes by. @default true */
  readonly enableAutoCommit?: boolean
  /** Most records that one `poll` returns. @default 500 */
  readonly maxPollRecords?: number
  /** For records added as bytes, and for all records of topics that an interceptor's `onFetched` sees. @default bytes as they are */
  readonly keyDeserializer?: Deserializer<K>
  /** As `keyDeserializer`. @default bytes as they are */
  readonly valueDeserializer?: Deserializer<V>
  /** Makes the bytes that `onFetched` and dead letters need of records added as objects. @default bytes stay, strings are UTF-8, anything else is JSON */
  readonly keySerializer?: Serializer<K>
  /** As `keySerializer`. @default bytes stay, strings are UTF-8, anything else is JSON */
  readonly valueSerializer?: Serializer<V>
  /** @default mock-group */
  readonly groupId?: string
  /** @default mock-consumer */
  readonly clientId?: string
  /** @default {topic}.dlq */
  readonly deadLetterTopic?: string
  /** How many records may be in asynchronous hooks at the same time. @default 256 */
  readonly interceptorConcurrency?: number
  /** Gives records `checksum` and `size`. @default false */
  readonly recordAudit?: boolean
  /** A ManualClock makes timeouts of hooks testable. @default the system's */
  readonly clock?: Clock
  /** @default warnings and errors to standard error */
  readonly logger?: Logger
}

type Serdes = 'keyDeserializer' | 'valueDeserializer' | 'keySerializer' | 'valueSerializer'

export type ResolvedMockConsumerOptions<K, V> = Required<Omit<MockConsumerOptions<K, V>, Serdes>> & Pick<MockConsumerOptions<K, V>, Serdes>

/** Fills in the defaults. Throws CONFIG for an unknown option, with the near name. */
export function resolveMockConsumerOptions<K, V>(given: MockConsumerOptions<K, V>): ResolvedMockConsumerOptions<K, V> {
  const defaults: ResolvedMockConsumerOptions<K, V> = {
    autoOffsetReset: 'earliest',
    enableAutoCommit: true,
    maxPollRecords: 500,
    keyDeserializer: undefined,
    valueDeserializer: undefined,
    keySerializer: undefined,
    valueSerializer: undefined,
    groupId: 'mock-group',
    clientId: 'mock-consumer',
    deadLetterTopic: '{topic}.dlq',
    interceptorConcurrency: 256,
    recordAudit: false,
    clock: systemClock,
    logger: consoleLogger,
  }
  const resolved = withDefaults('MockConsumer', given, defaults)
  if (!['earliest', 'latest', 'none'].includes(resolved.autoOffsetReset)) {
    throw configError(
      `MockConsumer: autoOffsetReset must be "earliest", "latest" or "none", not ${JSON.stringify(resolved.autoOffsetReset)}`,
    )
  }
  return { ...resolved, logger: harmless(resolved.logger) }
}
