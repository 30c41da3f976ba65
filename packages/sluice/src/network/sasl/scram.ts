import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { KafkaError } from '../../errors.ts'
import type { Provider } from '../client-network-options.ts'
import { provideText } from './credentials.ts'
import type { SaslMechanism } from './index.ts'

/** Kafka's own lower bound; the upper one keeps a hostile broker from taking this process's time. */
const MIN_ITERATIONS = 4096
const MAX_ITERATIONS = 1_000_000

const deriveKey = promisify(pbkdf2)

export interface ScramOptions {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: Provider<string>
  readonly password: Provider<string>
}

/** SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, which never travels. */
export async function* scram(options: ScramOptions, nonce: () => string = randomNonce): SaslMechanism {
  const { mechanism } = options
  const digest = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512'
  const username = await provideText(options.username, 'username')
  // As typed, in UTF-8: brokers store what Kafka's tools hashed, and these skip the SASLprep of RFC 4013.
  const password = await provideText(options.password, 'password')
  const clientNonce = nonce()
  const clientFirstBare = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${clientNonce}`
  const serverFirst = (yield Buffer.from(`n,,${clientFirstBare}`)).toString('utf8')
  const { serverNonce, salt, iterations } = readServerFirst(serverFirst, clientNonce, mechanism)
  const keyBytes = digest === 'sha256' ? 32 : 64
  const saltedPassword = await deriveKey(password, salt, iterations, keyBytes, digest)
  const hmac = (key: Buffer, text: string) => createHmac(digest, key).update(text).digest()
  const clientKey = hmac(saltedPassword, 'Client Key')
  const clientFinalBare = `c=biws,r=${serverNonce}`
  const authMessage = `${clientFirstBare},${serverFirst},${clientFinalBare}`
  const proof = hmac(createHash(digest).update(clientKey).digest(), authMessage)
  for (let i = 0; i < proof.length; i++) proof[i]! ^= clientKey[i]!
  const serverFinal = (yield Buffer.from(`${clientFinalBare},p=${proof.toString('base64')}`)).toString('utf8')
  const expected = hmac(hmac(saltedPassword, 'Server Key'), authMessage)
  verifyServerFinal(serverFinal, expected, mechanism)
}

function readServerFirst(message: string, clientNonce: string, mechanism: string) {
  const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=(\d{1,10})(?:,|$)/.exec(message)
  if (match === null)
    throw broken(mechanism, message.startsWith('e=') ? 'the broker refused the first message' : 'its first message cannot be read')
  const [, serverNonce, salt, iterationsText] = match as unknown as [string, string, string, string]
  if (!serverNonce.startsWith(clientNonce) || serverNonce.length === clientNonce.length) {
    throw broken(mechanism, 'its nonce does not continue the one of this client')
  }
  const iterations = Number(iterationsText)
  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
    throw broken(mechanism, `${iterations} iterations are outside ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`)
  }
  return { serverNonce, salt: Buffer.from(salt, 'base64'), iterations }
}

function verifyServerFinal(message: string, expected: Buffer, mechanism: string): void {
  const match = /^v=([A-Za-z0-9+/]+={0,2})(?:,|$)/.exec(message)
  if (match === null) throw broken(mechanism, message.startsWith('e=') ? 'the broker refused the proof' : 'its last message cannot be read')
  const signature = Buffer.from(match[1]!, 'base64')
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
    throw broken(mechanism, 'the broker does not know the password: its signature is wrong')
  }
}

function broken(mechanism: string, why: string): KafkaError {
  return new KafkaError('AUTHENTICATION', `${mechanism} authentication failed: ${why}`)
}

function randomNonce(): string {
  return randomBytes(24).toString('base64url')
}
