import type { Api, Writable } from '@sluice/protocol'
import { type SaslAuthenticateResponse, saslAuthenticateApi } from '@sluice/protocol/messages/sasl-authenticate'
import { saslHandshakeApi } from '@sluice/protocol/messages/sasl-handshake'
import { KafkaError } from '../../errors.ts'
import { clipped, kafkaErrorFor } from '../broker-error.ts'
import type { SaslOptions } from '../client-network-options.ts'
import { oauthBearer } from './oauthbearer.ts'
import { plain } from './plain.ts'

/** Kafka's sasl.server.max.receive.size, which bounds the other direction. */
const MAX_CHALLENGE_BYTES = 512 * 1024

/** Sends one request on the connection that is being authenticated. */
export type SaslExchange = <Q, P>(api: Api<Q, P>, message: Writable<Q>, minVersion?: number) => Promise<P>

/**
 * The client's side of a mechanism: yields what to send and is given what the broker answered. Its end means that the
 * broker has proved what it must. Throws AUTHENTICATION otherwise.
 */
export type SaslMechanism = AsyncGenerator<Buffer, void, Buffer>

export interface SaslSession {
  /** After this long the broker wants a new authentication; 0 for never (KIP-368). */
  readonly sessionLifetimeMs: number
}

/** Handshake and authentication (KIP-43, KIP-152). Rejects with AUTHENTICATION when the broker refuses. */
export async function authenticate(sasl: SaslOptions, exchange: SaslExchange, where: string): Promise<SaslSession> {
  // After version 0, tokens would travel bare instead of in SaslAuthenticate.
  const handshake = await exchange(saslHandshakeApi, { mechanism: sasl.mechanism }, 1)
  if (handshake.errorCode !== 0) {
    const offered = handshake.mechanisms.length === 0 ? '' : `; it offers ${handshake.mechanisms.join(', ')}`
    throw refused(`${where} refused the SASL mechanism ${sasl.mechanism}${offered}`, kafkaErrorFor(handshake.errorCode))
  }
  const mechanism = await clientOf(sasl)
  let sessionLifetimeMs = 0
  try {
    let step = await mechanism.next()
    while (!step.done) {
      const answer: SaslAuthenticateResponse = await exchange(saslAuthenticateApi, { authBytes: step.value })
      if (answer.errorCode !== 0) {
        const said = answer.errorMessage ? `: ${clipped(answer.errorMessage)}` : ''
        throw refused(`${where} refused ${sasl.mechanism} authentication${said}`, kafkaErrorFor(answer.errorCode))
      }
      if (answer.authBytes.length > MAX_CHALLENGE_BYTES) {
        const size = `a challenge of ${answer.authBytes.length} bytes, more than ${MAX_CHALLENGE_BYTES}`
        throw new KafkaError('AUTHENTICATION', `${sasl.mechanism} authentication failed: ${where} sent ${size}`)
      }
      sessionLifetimeMs = answer.sessionLifetimeMs
      step = await mechanism.next(answer.authBytes)
    }
  } finally {
    await mechanism.return()
  }
  return { sessionLifetimeMs }
}

async function clientOf(sasl: SaslOptions): Promise<SaslMechanism> {
  switch (sasl.mechanism) {
    case 'PLAIN':
      return plain(sasl)
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
      // Loaded here for the sake of node:crypto, which costs a process without SCRAM 4 ms.
      return (await import('./scram.ts')).scram(sasl)
    case 'OAUTHBEARER':
      return oauthBearer(sasl)
  }
}

function refused(message: string, cause: KafkaError): KafkaError {
  return new KafkaError('AUTHENTICATION', message, { cause })
}
