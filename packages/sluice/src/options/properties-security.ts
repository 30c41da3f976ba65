import { readFileSync } from 'node:fs'
import { configError } from '../errors.ts'
import type { SaslOptions, SslOptions } from '../network/client-network-options.ts'

/** Takes Java's `sasl.*` names out of `entries`. Undefined when there are none that say who the client is. */
export function takeSasl(entries: Map<string, string>): SaslOptions | undefined {
  const mechanism = take(entries, 'sasl.mechanism')?.trim()
  const jaas = take(entries, 'sasl.jaas.config')
  if (mechanism === undefined && jaas === undefined) return undefined
  if (mechanism === undefined)
    throw configError('sasl.jaas.config is given without sasl.mechanism; Java would take GSSAPI, which Sluice does not have')
  switch (mechanism) {
    case 'PLAIN':
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512': {
      const username = jaasOption(jaas, 'username')
      const password = jaasOption(jaas, 'password')
      if (username !== undefined && password !== undefined) return { mechanism, username, password }
      throw configError(`sasl.mechanism ${mechanism} needs sasl.jaas.config with username="..." and password="..."`)
    }
    case 'OAUTHBEARER':
      throw configError(
        'sasl.mechanism OAUTHBEARER needs a token function; give the option sasl in code and take sasl.* out of the properties',
      )
    default:
      throw configError(`sasl.mechanism ${JSON.stringify(mechanism)} is not known; use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512`)
  }
}

/** `org...PlainLoginModule required username="u" password="p";`: one option's value, in either kind of quotes or none. */
function jaasOption(jaas: string | undefined, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"((?:\\\\.|[^"\\\\])*)"|'((?:\\\\.|[^'\\\\])*)'|([^\\s;"']+))`).exec(jaas ?? '')
  if (match === null) return undefined
  return match[3] ?? (match[1] ?? match[2])?.replaceAll(/\\(.)/g, '$1')
}

/** Takes Java's `ssl.*` names of PEM and PKCS12 stores out of `entries`. */
export function takeSsl(entries: Map<string, string>): SslOptions | undefined {
  const ssl: { -readonly [K in keyof SslOptions]: SslOptions[K] } = {}
  const trust = store(entries, 'ssl.truststore')
  const ca = take(entries, 'ssl.truststore.certificates') ?? trust
  if (typeof ca === 'string') ssl.ca = ca
  else if (ca !== undefined) throw configError('ssl.truststore.type PKCS12 cannot be read for trusted certificates; export them as PEM')
  const keys = store(entries, 'ssl.keystore')
  const chain = take(entries, 'ssl.keystore.certificate.chain')
  const key = take(entries, 'ssl.keystore.key')
  const keyPassword = take(entries, 'ssl.key.password')
  const passphrase = keyPassword ?? take(entries, 'ssl.keystore.password')
  if (typeof keys === 'string') Object.assign(ssl, { cert: keys, key: keys })
  else if (keys !== undefined) ssl.pfx = keys
  if (chain !== undefined) ssl.cert = chain
  if (key !== undefined) ssl.key = key
  if (passphrase !== undefined) ssl.passphrase = passphrase
  const identification = take(entries, 'ssl.endpoint.identification.algorithm')
  if (identification?.trim() === '') ssl.checkServerIdentity = () => undefined
  return Object.keys(ssl).length === 0 ? undefined : ssl
}

/** The PEM text or the PKCS12 bytes of a store; undefined when there is none. */
function store(entries: Map<string, string>, prefix: string): string | Buffer | undefined {
  const location = take(entries, `${prefix}.location`)?.trim()
  const type = (take(entries, `${prefix}.type`) ?? 'JKS').trim().toUpperCase()
  if (location === undefined) return undefined
  if (type !== 'PEM' && type !== 'PKCS12')
    throw configError(`${prefix}.type ${type} cannot be read by Node; convert the store to PEM or PKCS12`)
  try {
    return type === 'PEM' ? readFileSync(location, 'utf8') : readFileSync(location)
  } catch (cause) {
    throw configError(`${prefix}.location ${JSON.stringify(location)} cannot be read: ${(cause as NodeJS.ErrnoException).code}`)
  }
}

function take(entries: Map<string, string>, name: string): string | undefined {
  const value = entries.get(name)
  entries.delete(name)
  return value
}
