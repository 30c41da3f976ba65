import type { Clock } from '../clock.ts'
import type { KafkaClient } from './kafka-client.ts'

/** What tests put in place of a client's real parts. */
export interface ClientParts {
  readonly clock?: Clock
  readonly client?: KafkaClient
  readonly random?: () => number
  /** Those of the producer that writes a consumer's dead letters. */
  readonly deadLetters?: ClientParts
}

/** Options may carry parts under this key, which no application can reach, so that the public constructors stay as they are. */
export const clientParts: unique symbol = Symbol('sluice.clientParts')

/** The parts that a test has put into the options; none for an application. */
export function partsOf(options: object): ClientParts {
  return (options as { readonly [clientParts]?: ClientParts })[clientParts] ?? {}
}
