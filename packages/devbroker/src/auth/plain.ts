import type { Credentials } from './credentials.ts'
import { SaslError, type SaslReply, type SaslServer } from './sasl-server.ts'

/** PLAIN (RFC 4616): authorization id, user and password, separated by NUL. */
export class PlainServer implements SaslServer {
  readonly #credentials: Credentials

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  step(message: Buffer): SaslReply {
    const parts = message.toString('utf8').split('\0')
    if (parts.length !== 3) throw new SaslError('Invalid SASL/PLAIN response: three fields separated by NUL are expected')
    const [authorizationId, user, password] = parts as [string, string, string]
    if (!this.#credentials.passwordMatches(user, password)) throw new SaslError('Authentication failed: Invalid username or password')
    if (authorizationId !== '' && authorizationId !== user) {
      throw new SaslError('Authentication failed: Client requested an authorization id that is different from username')
    }
    return { bytes: Buffer.alloc(0), done: true }
  }
}
