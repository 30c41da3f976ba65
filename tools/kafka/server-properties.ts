import { join } from 'node:path'
import type { Certificates } from './certificates.ts'

/** Listeners for clients, beside PLAINTEXT. The last three speak TLS with a certificate that a client must refuse. */
export const securedListeners = ['SSL', 'SASL_PLAINTEXT', 'SASL_SSL', 'EXPIRED', 'UNKNOWN_CA', 'WRONG_HOST'] as const
export type ListenerName = 'PLAINTEXT' | (typeof securedListeners)[number]

/** Who may come in over SASL, with PLAIN and both kinds of SCRAM; OAUTHBEARER takes any unsecured token. */
export const saslUser = { username: 'alice', password: 'alice-secret-7' } as const

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const

export interface BrokerProperties {
  readonly id: number
  readonly home: string
  readonly ports: ReadonlyMap<ListenerName, number>
  readonly controllerPort: number
  /** `id@host:port` of every controller. */
  readonly voters: string
  readonly brokers: number
  readonly certificates: Certificates | undefined
  readonly overrides: Readonly<Record<string, string>>
}

/** The text of a server.properties. Everything is on loopback; topics replicate to as many brokers as there are, up to three. */
export function serverProperties(broker: BrokerProperties): string {
  const replication = Math.min(3, broker.brokers)
  const minInSync = Math.min(2, broker.brokers)
  const clientListeners = [...broker.ports].map(([name, port]) => `${name}://127.0.0.1:${port}`).join(',')
  const protocols = ['CONTROLLER', ...broker.ports.keys()].map((name) => `${name}:${protocolOf(name)}`).join(',')
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': broker.id,
    'controller.quorum.voters': broker.voters,
    'controller.listener.names': 'CONTROLLER',
    listeners: `${clientListeners},CONTROLLER://127.0.0.1:${broker.controllerPort}`,
    'advertised.listeners': clientListeners,
    'listener.security.protocol.map': protocols,
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(broker.home, 'data'),
    'num.partitions': 1,
    'default.replication.factor': replication,
    'min.insync.replicas': minInSync,
    'offsets.topic.replication.factor': replication,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replication,
    'transaction.state.log.min.isr': minInSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replication,
    'share.coordinator.state.topic.min.isr': minInSync,
    'share.coordinator.state.topic.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'log.segment.bytes': 104857600,
    ...(broker.certificates === undefined ? {} : security(broker.certificates)),
    ...broker.overrides,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** What `StorageTool format` takes to know the user. */
export function scramArguments(): string[] {
  const { username, password } = saslUser
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`])
}

function protocolOf(listener: string): string {
  if (listener === 'CONTROLLER') return 'PLAINTEXT'
  if (listener === 'EXPIRED' || listener === 'UNKNOWN_CA' || listener === 'WRONG_HOST') return 'SSL'
  return listener
}

function security(certificates: Certificates): Record<string, string> {
  const properties: Record<string, string> = { 'sasl.enabled.mechanisms': MECHANISMS.join(',') }
  const keyStores = {
    ssl: certificates.server,
    sasl_ssl: certificates.server,
    expired: certificates.expired,
    unknown_ca: certificates.unknownCa,
    wrong_host: certificates.wrongHost,
  }
  for (const [listener, file] of Object.entries(keyStores)) {
    properties[`listener.name.${listener}.ssl.keystore.type`] = 'PEM'
    properties[`listener.name.${listener}.ssl.keystore.location`] = file
  }
  const modules = {
    plain: `org.apache.kafka.common.security.plain.PlainLoginModule required user_${saslUser.username}="${saslUser.password}";`,
    'scram-sha-256': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'scram-sha-512': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    oauthbearer: 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
  }
  for (const listener of ['sasl_plaintext', 'sasl_ssl']) {
    for (const [mechanism, module] of Object.entries(modules)) {
      properties[`listener.name.${listener}.${mechanism}.sasl.jaas.config`] = module
    }
  }
  return properties
}
