import { consoleLogger, type Logger } from '../logger.ts'
import { parseBootstrapServers } from '../network/bootstrap-addresses.ts'
import type { SaslOptions, SecurityProtocol, SslOptions } from '../network/client-network-options.ts'
import { having, MAX_INT, MAX_LONG, type OptionSpec, type OptionTable, oneOf, splitList, text, whole } from './option-table.ts'

/** What producer, consumer and admin have in common. */
export interface NetworkOptions {
  /** Brokers to begin with, `host:port` each, as a list or separated by commas; the rest of the cluster is found through them. */
  readonly bootstrapServers: string | readonly string[]
  /** Names this client in the brokers' logs, quotas and metrics. @default generated: producer-1, consumer-<group>-1, adminclient-1 */
  readonly clientId?: string
  /** Protocol to the brokers. @default PLAINTEXT; SSL, SASL_PLAINTEXT or SASL_SSL when `ssl` or `sasl` is given */
  readonly securityProtocol?: SecurityProtocol
  /** TLS: what `tls.connect` of Node takes (`ca`, `cert`, `key`, `pfx`, ...). `fromProperties` reads `ssl.*` of PEM and PKCS12 stores. @default none */
  readonly ssl?: SslOptions
  /**
   * Who the client is, by PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER. `fromProperties` reads `sasl.mechanism` and `sasl.jaas.config`.
   * @default none
   */
  readonly sasl?: SaslOptions
  /** How long a broker may take to answer one request. @default 30000 */
  readonly requestTimeoutMs?: number
  /** First wait before a broker is connected to again; doubles with each failure. @default 50 */
  readonly reconnectBackoffMs?: number
  /** Longest wait before a broker is connected to again. @default 1000 */
  readonly reconnectBackoffMaxMs?: number
  /** How long a connection may take to be set up; doubles with each failure. @default 10000 */
  readonly socketConnectionSetupTimeoutMs?: number
  /** The most that the time for setting up a connection grows to. @default 30000 */
  readonly socketConnectionSetupTimeoutMaxMs?: number
  /** A connection without traffic for this long is closed; -1 keeps it. @default 540000 */
  readonly connectionsMaxIdleMs?: number
  /** Metadata is fetched again after this long, changed or not. @default 300000 */
  readonly metadataMaxAgeMs?: number
  /** What to do when none of the known brokers can be reached: fail, or begin again with `bootstrapServers`. @default rebootstrap */
  readonly metadataRecoveryStrategy?: 'none' | 'rebootstrap'
  /** Begin again with `bootstrapServers` when metadata could not be had for this long. @default 300000 */
  readonly metadataRecoveryRebootstrapTriggerMs?: number
  /** Accepted for Java's sake; Node leaves the send buffer to the system. @default 131072 */
  readonly sendBufferBytes?: number
  /** Accepted for Java's sake; Node leaves the receive buffer to the system. @default 65536, producer 32768 */
  readonly receiveBufferBytes?: number
  /** First wait before a failed request is sent again; doubles with each failure. @default 100 */
  readonly retryBackoffMs?: number
  /** Longest wait before a failed request is sent again. @default 1000 */
  readonly retryBackoffMaxMs?: number
  /** Where warnings go; an object with `debug`, `info`, `warn` and `error`, such as `console`. @default warnings and errors to standard error */
  readonly logger?: Logger
}

export type UnsetNetworkOptions = 'clientId' | 'securityProtocol' | 'ssl' | 'sasl'

const bootstrapServers: OptionSpec<undefined> = {
  kafkaName: 'bootstrap.servers',
  type: 'list',
  default: undefined,
  required: true,
  allowed: 'host:port, ...',
  shown: true,
  check(given) {
    const entries =
      typeof given === 'string' ? given : Array.isArray(given) && given.every((one) => typeof one === 'string') ? given : undefined
    if (entries === undefined) return 'must be "host:port", separated by commas or as a list'
    try {
      parseBootstrapServers(entries)
      return null
    } catch {
      return 'must name at least one "host:port", separated by commas or as a list, with ports from 1 to 65535 (IPv6 as "[::1]:9092")'
    }
  },
  fromText: splitList,
  doc: 'Brokers to begin with, `host:port` each, as a list or separated by commas; the rest of the cluster is found through them.',
}

const securityProtocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const

const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']

function checkSasl(given: unknown): string | null {
  if (typeof given !== 'object' || given === null) return 'must be an object with a mechanism'
  const { mechanism, username, password, token } = given as Record<string, unknown>
  if (!saslMechanisms.includes(mechanism as string)) return `must have a mechanism, one of ${saslMechanisms.join(', ')}`
  if (mechanism === 'OAUTHBEARER') return typeof token === 'function' ? null : 'must have a token function for OAUTHBEARER'
  const given2 = [username, password].every((value) => typeof value === 'string' || typeof value === 'function')
  return given2 ? null : `must have username and password for ${mechanism}, each a string or a function`
}

/** The rows of `NetworkOptions`; `receiveBufferBytes` differs between clients. */
export function networkOptions(receiveBufferBytes: number): OptionTable<NetworkOptions, UnsetNetworkOptions> {
  return {
    bootstrapServers,
    clientId: {
      ...text('client.id', undefined, 'Names this client in the brokers’ logs, quotas and metrics.', true),
      defaultText: 'generated',
    },
    securityProtocol: {
      ...oneOf('security.protocol', securityProtocols, 'PLAINTEXT', 'Protocol to the brokers.'),
      default: undefined,
      defaultText: 'PLAINTEXT; follows from `ssl` and `sasl` when these are given',
    },
    ssl: {
      kafkaName: undefined,
      type: 'object',
      default: undefined,
      defaultText: 'none',
      allowed: 'options of tls.connect',
      shown: false,
      check: (given) =>
        typeof given === 'object' && given !== null && !Array.isArray(given) ? null : 'must be an object: the options of tls.connect',
      doc: 'TLS: what `tls.connect` of Node takes (`ca`, `cert`, `key`, `pfx`, ...). `fromProperties` reads `ssl.*` of PEM and PKCS12 stores.',
    },
    sasl: {
      kafkaName: undefined,
      type: 'object',
      default: undefined,
      defaultText: 'none',
      allowed: '`{ mechanism, username, password }` or `{ mechanism: "OAUTHBEARER", token }`',
      shown: false,
      check: checkSasl,
      doc: 'Who the client is, by PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER. `fromProperties` reads `sasl.mechanism` and `sasl.jaas.config`.',
    },
    requestTimeoutMs: whole('request.timeout.ms', 30_000, 1, MAX_INT, 'How long a broker may take to answer one request.'),
    reconnectBackoffMs: whole(
      'reconnect.backoff.ms',
      50,
      0,
      MAX_LONG,
      'First wait before a broker is connected to again; doubles with each failure.',
    ),
    reconnectBackoffMaxMs: whole('reconnect.backoff.max.ms', 1000, 0, MAX_LONG, 'Longest wait before a broker is connected to again.'),
    socketConnectionSetupTimeoutMs: whole(
      'socket.connection.setup.timeout.ms',
      10_000,
      1,
      MAX_LONG,
      'How long a connection may take to be set up; doubles with each failure.',
    ),
    socketConnectionSetupTimeoutMaxMs: whole(
      'socket.connection.setup.timeout.max.ms',
      30_000,
      1,
      MAX_LONG,
      'The most that the time for setting up a connection grows to.',
    ),
    connectionsMaxIdleMs: whole(
      'connections.max.idle.ms',
      540_000,
      -1,
      MAX_LONG,
      'A connection without traffic for this long is closed; -1 keeps it.',
    ),
    metadataMaxAgeMs: whole('metadata.max.age.ms', 300_000, 0, MAX_LONG, 'Metadata is fetched again after this long, changed or not.'),
    metadataRecoveryStrategy: oneOf(
      'metadata.recovery.strategy',
      ['none', 'rebootstrap'],
      'rebootstrap',
      'What to do when none of the known brokers can be reached: fail, or begin again with `bootstrapServers`.',
    ),
    metadataRecoveryRebootstrapTriggerMs: whole(
      'metadata.recovery.rebootstrap.trigger.ms',
      300_000,
      0,
      MAX_INT,
      'Begin again with `bootstrapServers` when metadata could not be had for this long.',
    ),
    sendBufferBytes: whole(
      'send.buffer.bytes',
      131_072,
      -1,
      MAX_INT,
      'Accepted for Java’s sake; Node leaves the send buffer to the system.',
    ),
    receiveBufferBytes: whole(
      'receive.buffer.bytes',
      receiveBufferBytes,
      -1,
      MAX_INT,
      'Accepted for Java’s sake; Node leaves the receive buffer to the system.',
    ),
    retryBackoffMs: whole(
      'retry.backoff.ms',
      100,
      0,
      MAX_LONG,
      'First wait before a failed request is sent again; doubles with each failure.',
    ),
    retryBackoffMaxMs: whole('retry.backoff.max.ms', 1000, 0, MAX_LONG, 'Longest wait before a failed request is sent again.'),
    logger: having(
      ['debug', 'info', 'warn', 'error'],
      consoleLogger,
      'warnings and errors to standard error',
      'Where warnings go; an object with `debug`, `info`, `warn` and `error`, such as `console`.',
    ),
  }
}
