import type { ProducerRecord } from '../record/producer-record.ts'
import type { RecordMetadata } from '../record/record-metadata.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import { type Chain, InterceptorChains } from './interceptor-chains.ts'
import type { InterceptorContext } from './interceptor-context.ts'
import { ProducerChain } from './producer-chain.ts'
import type { ProducerInterceptor } from './producer-interceptor.ts'

/** The producer's interceptors (Java: ProducerInterceptors): the chain in force, and those before it until they are drained. */
export class ProducerInterceptors extends InterceptorChains<ProducerInterceptor, ProducerChain & Chain> {
  /** Configures the interceptors in list order. Throws CONFIG naming the one whose `configure` threw, after closing it and those before it. */
  constructor(interceptors: readonly ProducerInterceptor[], context: InterceptorContext) {
    super(interceptors, context, (members) => new ProducerChain(members, context.clock))
  }
}

/**
 * The metadata of a record that reached no batch. The partition told is the one given, else the record's own, else -1.
 * Without a record there is no metadata either, as in Java.
 */
export function failedSendMetadata(
  record: Pick<ProducerRecord, 'topic' | 'partition'> | null,
  chosen: TopicPartition | null,
): RecordMetadata | null {
  if (record === null && chosen === null) return null
  return {
    topic: (chosen ?? record)?.topic as string,
    partition: chosen?.partition ?? record?.partition ?? -1,
    offset: -1,
    timestamp: -1,
    serializedKeySize: -1,
    serializedValueSize: -1,
  }
}
