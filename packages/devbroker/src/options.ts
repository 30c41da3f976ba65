import { isIP } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { type SaslMechanism, saslMechanisms } from './auth/credentials.ts'
import { type Clock, systemClock } from './clock.ts'
import { DevBrokerError } from './errors.ts'
import { consoleLogger, type Logger } from './logger.ts'
import { didYouMean } from './near-name.ts'

export interface TopicOptions {
  /** @default the broker's `defaultPartitions` */
  readonly partitions?: number
  /** @default 3, or the number of nodes if that is smaller */
  readonly replicationFactor?: number
  /** Topic configurations by Kafka's names, such as `retention.bytes`. */
  readonly configs?: Readonly<Record<string, string | number | boolean>>
}

/** `{ orders: 6 }`, `{ orders: { partitions: 6, configs } }`, or names alone. */
export type TopicsOption = readonly string[] | Readonly<Record<string, number | TopicOptions>>

export interface SaslOptions {
  /** Passwords by user. OAUTHBEARER takes any subject. */
  readonly users: Readonly<Record<string, string>>
  /** @default all four */
  readonly mechanisms?: readonly SaslMechanism[]
}

export interface DevBrokerOptions {
  /** How many nodes, with ids from 1. @default 1 */
  readonly nodes?: number
  /** The first node's port; the next ones follow. 0: any that is free. @default 0 */
  readonly port?: number
  /** The address to listen on; other than loopback needs `unsafeListen`. @default '127.0.0.1' */
  readonly host?: string
  /** The host that clients are told to connect to. @default `host` */
  readonly advertisedHost?: string
  /** Topics to begin with. @default none */
  readonly topics?: TopicsOption
  /** Whether asking for a topic's metadata creates it. @default true */
  readonly autoCreateTopics?: boolean
  /** Partitions of topics that are created without a number. @default 1 */
  readonly defaultPartitions?: number
  /** What all records together may take; above it produces fail with KAFKA_STORAGE_ERROR. @default 512 MiB */
  readonly maxMemoryBytes?: number
  /** Whether the checksum of each batch is verified. @default true */
  readonly verifyCrc?: boolean
  /** Clients must authenticate with one of these users. @default none need to */
  readonly sasl?: SaslOptions
  /** `node:tls` server options (`key`, `cert`, `ca`, ...): all listeners speak TLS. @default plain text */
  readonly tls?: TlsOptions
  /** Kafka's group.initial.rebalance.delay.ms. @default 0 (Kafka: 3000) */
  readonly groupInitialRebalanceDelayMs?: number
  /** How many of the last requests `journal` keeps; 0 for none. @default 10000 */
  readonly journalSize?: number
  /** @default 'sluice-dev' */
  readonly clusterId?: string
  /** Drives every wait and timestamp. @default the system's */
  readonly clock?: Clock
  /** @default warnings and errors to standard error */
  readonly log?: Logger
  /** Allows a `host` that others can reach. The broker has no protection worth the name. @default false */
  readonly unsafeListen?: boolean
}

export type ResolvedOptions = Required<Omit<DevBrokerOptions, 'sasl' | 'tls'>> & Pick<DevBrokerOptions, 'sasl' | 'tls'>

const DEFAULTS = {
  nodes: 1,
  port: 0,
  host: '127.0.0.1',
  topics: [],
  autoCreateTopics: true,
  defaultPartitions: 1,
  maxMemoryBytes: 512 * 1024 * 1024,
  verifyCrc: true,
  groupInitialRebalanceDelayMs: 0,
  journalSize: 10_000,
  clusterId: 'sluice-dev',
  clock: systemClock,
  log: consoleLogger,
  unsafeListen: false,
} as const

const NAMES: readonly string[] = [...Object.keys(DEFAULTS), 'advertisedHost', 'sasl', 'tls']
const MAX_NODES = 64

/** Checks what was given and puts the defaults in. Throws INVALID_OPTION. */
export function resolveOptions(options: DevBrokerOptions): ResolvedOptions {
  checkNames(options, NAMES, 'option')
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as DevBrokerOptions
  const host = given.host ?? DEFAULTS.host
  const resolved = { ...DEFAULTS, advertisedHost: host, ...given } as ResolvedOptions
  checkNumber('nodes', resolved.nodes, 1, MAX_NODES)
  checkNumber('port', resolved.port, 0, 65535)
  if (resolved.port > 0) checkNumber('port + nodes - 1', resolved.port + resolved.nodes - 1, 0, 65535)
  checkNumber('defaultPartitions', resolved.defaultPartitions, 1, 10_000)
  checkNumber('maxMemoryBytes', resolved.maxMemoryBytes, 1, Number.MAX_SAFE_INTEGER)
  checkNumber('groupInitialRebalanceDelayMs', resolved.groupInitialRebalanceDelayMs, 0, 2 ** 31 - 1)
  checkNumber('journalSize', resolved.journalSize, 0, 1_000_000)
  if (!isLoopback(host) && !resolved.unsafeListen) {
    const message = `host "${host}" is not a loopback address: a development broker that others can reach needs unsafeListen: true`
    throw new DevBrokerError('INVALID_OPTION', message)
  }
  if (resolved.sasl !== undefined) checkSasl(resolved.sasl)
  return resolved
}

/** Topics to begin with, as name and what was said about each. */
export function topicEntries(topics: TopicsOption): [string, TopicOptions][] {
  if (Array.isArray(topics)) return (topics as readonly string[]).map((name) => [name, {}])
  return Object.entries(topics as Readonly<Record<string, number | TopicOptions>>).map(([name, topic]) => [
    name,
    typeof topic === 'number' ? { partitions: topic } : checkTopicOptions(topic),
  ])
}

export function checkTopicOptions(topic: TopicOptions): TopicOptions {
  checkNames(topic, ['partitions', 'replicationFactor', 'configs'], 'topic option')
  return topic
}

function checkSasl(sasl: SaslOptions): void {
  checkNames(sasl, ['users', 'mechanisms'], 'sasl option')
  if (typeof sasl.users !== 'object' || sasl.users === null)
    throw new DevBrokerError('INVALID_OPTION', 'sasl.users must hold a password by user')
  for (const mechanism of sasl.mechanisms ?? []) {
    if (!saslMechanisms.includes(mechanism)) {
      throw new DevBrokerError('INVALID_OPTION', `sasl.mechanisms: "${mechanism}" is not known, only ${saslMechanisms.join(', ')}`)
    }
  }
}

function checkNames(given: object, known: readonly string[], what: string): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new DevBrokerError('INVALID_OPTION', `unknown ${what} "${name}"${didYouMean(name, known)}`)
  }
}

function checkNumber(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new DevBrokerError('INVALID_OPTION', `${name} must be a whole number from ${min} to ${max}, not ${String(value)}`)
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
