import type * as Otel from '@opentelemetry/api'
import { KafkaError } from 'sluice'

export type OtelApi = typeof Otel

/** Loaded at the first use: an application without tracing does not have it. */
export async function loadOtel(): Promise<OtelApi> {
  try {
    return await import('@opentelemetry/api')
  } catch (cause) {
    throw new KafkaError('CONFIG', 'tracing needs the package @opentelemetry/api: npm install @opentelemetry/api', { cause })
  }
}

/** What is written into spans; semantic conventions 1.45 (messaging, in development). */
export const attribute = {
  system: 'messaging.system',
  operationName: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  destination: 'messaging.destination.name',
  partition: 'messaging.destination.partition.id',
  offset: 'messaging.kafka.offset',
  tombstone: 'messaging.kafka.message.tombstone',
  group: 'messaging.consumer.group.name',
  clientId: 'messaging.client.id',
  batchCount: 'messaging.batch.message_count',
  bodySize: 'messaging.message.body.size',
  errorType: 'error.type',
  /** Ours: why an interceptor dropped the record. */
  dropped: 'sluice.dropped',
  /** Ours: where the record went instead. */
  deadLetterTopic: 'sluice.dead_letter_topic',
} as const
