import { KafkaError } from '../../errors.ts'
import { clipped } from '../broker-error.ts'
import type { OAuthBearerToken } from '../client-network-options.ts'
import { provide } from './credentials.ts'
import type { SaslMechanism } from './index.ts'

const SEPARATOR = '\x01'

/** OAUTHBEARER (RFC 7628, KIP-255, KIP-342): a token, and extensions beside it. */
export async function* oauthBearer(options: {
  readonly token: () => OAuthBearerToken | string | Promise<OAuthBearerToken | string>
}): SaslMechanism {
  const provided = await provide<OAuthBearerToken | string>(options.token, 'token')
  const { value, extensions = {} } = typeof provided === 'string' ? { value: provided } : provided
  // RFC 6750: what a bearer token may consist of; anything else would break out of its field.
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw new KafkaError('AUTHENTICATION', 'the SASL token is empty or has characters that a bearer token may not have')
  }
  let message = `n,,${SEPARATOR}auth=Bearer ${value}${SEPARATOR}`
  for (const [name, content] of Object.entries(extensions)) {
    if (!/^[A-Za-z]+$/.test(name) || name === 'auth' || !/^[\x21-\x7e \t\r\n]*$/.test(content)) {
      throw new KafkaError('AUTHENTICATION', `the SASL extension "${name}" is not a name of letters with printable text`)
    }
    message += `${name}=${content}${SEPARATOR}`
  }
  const answer = yield Buffer.from(message + SEPARATOR)
  if (answer.length === 0) return
  // A refusal comes as JSON in an answer without an error code; the broker wants one more message before it closes.
  yield Buffer.from(SEPARATOR)
  throw new KafkaError('AUTHENTICATION', `the broker refused the OAUTHBEARER token: ${statusOf(answer)}`)
}

function statusOf(answer: Buffer): string {
  try {
    const { status } = JSON.parse(answer.toString('utf8')) as { status?: unknown }
    return typeof status === 'string' ? clipped(status) : 'no status was given'
  } catch {
    return 'no status was given'
  }
}
