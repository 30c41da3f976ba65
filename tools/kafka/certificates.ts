import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

/** Paths of PEM files; the servers' hold a private key and its certificate, as Kafka's PEM key stores want them. */
export interface Certificates {
  /** The authority that signed `server`, `expired` and `wrongHost`. */
  readonly ca: string
  readonly server: string
  readonly expired: string
  readonly unknownCa: string
  readonly wrongHost: string
}

const HERE = 'DNS:localhost,IP:127.0.0.1'

/** Makes a certificate authority and what it, and another one, sign. Needs openssl. */
export async function makeCertificates(folder: string, signal: AbortSignal): Promise<Certificates> {
  mkdirSync(folder, { recursive: true })
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): Promise<string> => runCommand('openssl', args, signal)
  const newKey = (name: string): string[] => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    at(`${name}.key`),
  ]

  async function authority(name: string): Promise<void> {
    await openssl('req', '-x509', ...newKey(name), '-out', at(`${name}.pem`), '-days', '2', '-subj', `/CN=${name}`)
  }

  async function server(name: string, ca: string, names: string, days: number): Promise<string> {
    await openssl('req', '-new', ...newKey(name), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`)
    writeFileSync(at(`${name}.ext`), `subjectAltName=${names}\n`)
    const signing = ['-CA', at(`${ca}.pem`), '-CAkey', at(`${ca}.key`), '-CAcreateserial']
    await openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...signing,
      '-days',
      String(days),
      '-extfile',
      at(`${name}.ext`),
      '-out',
      at(`${name}.crt`),
    )
    const store = at(`${name}.pem`)
    writeFileSync(store, readFileSync(at(`${name}.key`), 'utf8') + readFileSync(at(`${name}.crt`), 'utf8'))
    return store
  }

  await Promise.all([authority('ca'), authority('other-ca')])
  return {
    ca: at('ca.pem'),
    server: await server('server', 'ca', HERE, 2),
    // Ended before it began, which every client calls expired.
    expired: await server('expired', 'ca', HERE, -1),
    unknownCa: await server('unknown-ca', 'other-ca', HERE, 2),
    wrongHost: await server('wrong-host', 'ca', 'DNS:elsewhere.example', 2),
  }
}
