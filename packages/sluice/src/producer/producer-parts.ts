import type { Clock } from '../clock.ts'
import type { KafkaClient } from '../network/kafka-client.ts'

/** What tests put in place of the real parts. */
export interface ProducerParts {
  readonly clock?: Clock
  readonly client?: KafkaClient
  readonly random?: () => number
}

/** Options may carry parts under this key, which no application can reach, so that the public signature stays as it is. */
export const producerParts: unique symbol = Symbol('sluice.producerParts')
