import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Credentials, ScramCredential } from './credentials.ts'
import { SaslError, type SaslReply, type SaslServer } from './sasl-server.ts'

const CLIENT_FIRST = /^n,(?:a=[^,]*)?,(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/
const CLIENT_FINAL = /^(c=([^,]+),r=([^,]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/
/** base64 of `n,,`: no channel binding. */
const NO_CHANNEL_BINDING = 'n,'
const FAILED = 'Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM'

/** SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, without channel binding). */
export class ScramServer implements SaslServer {
  readonly #credentials: Credentials
  readonly #hash: 'sha256' | 'sha512'
  #credential: ScramCredential | undefined
  #serverNonce = ''
  #exchange = ''

  constructor(credentials: Credentials, hash: 'sha256' | 'sha512') {
    this.#credentials = credentials
    this.#hash = hash
  }

  step(message: Buffer): SaslReply {
    const text = message.toString('utf8')
    return this.#credential === undefined ? this.#first(text) : this.#final(text, this.#credential)
  }

  #first(text: string): SaslReply {
    const match = CLIENT_FIRST.exec(text)
    if (match === null) throw new SaslError('Invalid SCRAM client first message')
    const user = match[2]!.replaceAll('=2C', ',').replaceAll('=3D', '=')
    const credential = this.#credentials.scram(user, this.#hash)
    if (credential === undefined) throw new SaslError(FAILED)
    this.#credential = credential
    this.#serverNonce = randomBytes(18).toString('base64url')
    const reply = `r=${match[3]}${this.#serverNonce},s=${credential.salt.toString('base64')},i=${credential.iterations}`
    this.#exchange = `${match[1]},${reply}`
    return { bytes: Buffer.from(reply), done: false }
  }

  #final(text: string, credential: ScramCredential): SaslReply {
    const match = CLIENT_FINAL.exec(text)
    // Like Kafka, look at the end only: librdkafka 2.0.2 sends the client's nonce twice.
    if (match === null || !match[3]!.endsWith(this.#serverNonce)) throw new SaslError('Invalid SCRAM client final message')
    if (!Buffer.from(match[2]!, 'base64').toString().startsWith(NO_CHANNEL_BINDING))
      throw new SaslError('SCRAM channel binding is not supported')
    const exchange = `${this.#exchange},${match[1]}`
    const signature = createHmac(this.#hash, credential.storedKey).update(exchange).digest()
    const proof = Buffer.from(match[4]!, 'base64')
    if (proof.length !== signature.length) throw new SaslError(FAILED)
    const clientKey = Buffer.from(proof.map((byte, i) => byte ^ signature[i]!))
    if (!timingSafeEqual(createHash(this.#hash).update(clientKey).digest(), credential.storedKey)) throw new SaslError(FAILED)
    const verifier = createHmac(this.#hash, credential.serverKey).update(exchange).digest('base64')
    return { bytes: Buffer.from(`v=${verifier}`), done: true }
  }
}
