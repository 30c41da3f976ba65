import { kafkaErrors } from '@sluice/protocol'
import { KafkaError } from '../errors.ts'

const MAX_MESSAGE = 1000

export interface BrokerErrorContext {
  readonly topic?: string
  readonly partition?: number
  /** What the broker said beside the number, or what the caller was about to do. */
  readonly message?: string | null
}

/** Turns an error number of a response into a `KafkaError` with Kafka's own name as its code. Not for 0, which is no error. */
export function kafkaErrorFor(code: number, context: BrokerErrorContext = {}): KafkaError {
  const known = kafkaErrors.get(code)
  let message =
    (context.message && clipped(context.message)) ||
    known?.message ||
    `the broker answered with error ${code}, which this client does not know`
  if (context.topic !== undefined) {
    message +=
      context.partition === undefined ? ` (topic "${context.topic}")` : ` (topic "${context.topic}", partition ${context.partition})`
  }
  return new KafkaError(known?.name ?? 'UNKNOWN_SERVER_ERROR', message, {
    retriable: known?.retriable ?? false,
    topic: context.topic,
    partition: context.partition,
  })
}

/** Words of a broker, as far as a message or a log has room for them. */
export function clipped(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)}...`
}

/** True when the error says that the client's picture of the cluster is old (Java: InvalidMetadataException). */
export function meansStaleMetadata(code: number): boolean {
  return kafkaErrors.get(code)?.refreshMetadata ?? false
}
