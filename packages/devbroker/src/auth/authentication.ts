import { errorCodes } from '@sluice/protocol'
import type { Clock } from '../clock.ts'
import { type Credentials, type SaslMechanism, saslMechanisms } from './credentials.ts'
import { OAuthBearerServer } from './oauth-bearer.ts'
import { PlainServer } from './plain.ts'
import { SaslError, type SaslServer } from './sasl-server.ts'
import { ScramServer } from './scram.ts'

export interface AuthenticateReply {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly bytes: Buffer
}

/** How far one connection has come with SASL. */
export class Authentication {
  readonly #credentials: Credentials | null
  readonly #clock: Clock
  #server: SaslServer | null = null
  #authenticated: boolean
  #failed = false
  #rawFrames = false

  constructor(credentials: Credentials | null, clock: Clock) {
    this.#credentials = credentials
    this.#clock = clock
    this.#authenticated = credentials === null
  }

  /** True once any API may be called. */
  get authenticated(): boolean {
    return this.#authenticated
  }

  /** The connection is to be closed when the answer is out. */
  get failed(): boolean {
    return this.#failed
  }

  /** After a handshake of version 0 the SASL messages are frames of their own, without a request around them. */
  get rawFrames(): boolean {
    return this.#rawFrames && !this.#authenticated
  }

  get mechanisms(): readonly SaslMechanism[] {
    return this.#credentials?.mechanisms ?? []
  }

  /** Returns the error code. */
  handshake(mechanism: string, rawFrames: boolean): number {
    if (this.#credentials === null || this.#authenticated) return errorCodes.ILLEGAL_SASL_STATE
    const known = saslMechanisms.find((name) => name === mechanism)
    if (known === undefined || !this.#credentials.mechanisms.includes(known)) {
      this.#failed = true
      return errorCodes.UNSUPPORTED_SASL_MECHANISM
    }
    this.#server = this.#serverFor(known, this.#credentials)
    this.#rawFrames = rawFrames
    return errorCodes.NONE
  }

  authenticate(message: Buffer): AuthenticateReply {
    if (this.#server === null) {
      this.#failed = !this.#authenticated
      return refused(errorCodes.ILLEGAL_SASL_STATE, 'SaslAuthenticate request received without a SaslHandshake before it')
    }
    try {
      const reply = this.#server.step(message)
      if (reply.done) {
        this.#authenticated = true
        this.#server = null
      }
      return { errorCode: errorCodes.NONE, errorMessage: null, bytes: reply.bytes }
    } catch (error) {
      if (!(error instanceof SaslError)) throw error
      this.#failed = true
      return refused(errorCodes.SASL_AUTHENTICATION_FAILED, error.message)
    }
  }

  #serverFor(mechanism: SaslMechanism, credentials: Credentials): SaslServer {
    switch (mechanism) {
      case 'PLAIN':
        return new PlainServer(credentials)
      case 'SCRAM-SHA-256':
        return new ScramServer(credentials, 'sha256')
      case 'SCRAM-SHA-512':
        return new ScramServer(credentials, 'sha512')
      case 'OAUTHBEARER':
        return new OAuthBearerServer(this.#clock)
    }
  }
}

function refused(errorCode: number, errorMessage: string): AuthenticateReply {
  return { errorCode, errorMessage, bytes: Buffer.alloc(0) }
}
