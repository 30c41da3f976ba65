import type { Clock } from '../clock.ts'
import { SaslError, type SaslReply, type SaslServer } from './sasl-server.ts'

/** Stands between the fields of a client's first message. */
const SEPARATOR = '\u0001'
const BEARER = /^auth=Bearer +(\S+)$/i

/**
 * OAUTHBEARER (RFC 7628) with unsecured tokens: a JWT of algorithm "none" with a subject that has not expired, as Kafka's
 * OAuthBearerUnsecuredValidatorCallbackHandler takes it. For tests only, like that one.
 */
export class OAuthBearerServer implements SaslServer {
  readonly #clock: Clock
  /** Set once the client was told why: it answers with one byte, and only then the exchange has failed. */
  #refusal: string | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  step(message: Buffer): SaslReply {
    if (this.#refusal !== null) throw new SaslError(this.#refusal)
    const [gs2Header = '', ...fields] = message.toString('utf8').split(SEPARATOR)
    const match = fields.map((field) => BEARER.exec(field)).find((found) => found !== null)
    if (!gs2Header.startsWith('n,') || match === undefined) throw new SaslError('Invalid OAUTHBEARER client first message')
    const problem = this.#problemOf(match[1]!)
    if (problem === null) return { bytes: Buffer.alloc(0), done: true }
    this.#refusal = `Authentication failed: ${problem}`
    return { bytes: Buffer.from('{"status":"invalid_token"}'), done: false }
  }

  #problemOf(token: string): string | null {
    const parts = token.split('.')
    const header = decodeJson(parts[0])
    const claims = decodeJson(parts[1])
    if (parts.length !== 3 || header === null || claims === null) return 'the token is not a JWT'
    if (header.alg !== 'none') return 'only unsecured tokens (alg "none") are accepted by this development broker'
    if (typeof claims.sub !== 'string' || claims.sub === '') return 'the token has no subject (sub)'
    if (typeof claims.exp !== 'number') return 'the token has no time of expiry (exp)'
    if (claims.exp * 1000 <= this.#clock.now()) return 'the token has expired'
    return null
  }
}

function decodeJson(part: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
