import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls'

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'

/** A value, or a function that is asked for it whenever a connection authenticates. */
export type Provider<T> = T | (() => T | Promise<T>)

export interface OAuthBearerToken {
  /** The token as the broker wants it, usually a JWT. */
  readonly value: string
  /** SASL extensions (KIP-342), such as `logicalCluster`. */
  readonly extensions?: Readonly<Record<string, string>>
}

export type SaslOptions =
  | { readonly mechanism: 'PLAIN'; readonly username: Provider<string>; readonly password: Provider<string> }
  | {
      readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: Provider<string>
      readonly password: Provider<string>
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => OAuthBearerToken | string | Promise<OAuthBearerToken | string> }

/** Options for `tls.connect`: `ca`, `cert`, `key`, `pfx`, `servername`, `rejectUnauthorized`, ... */
export type SslOptions = TlsConnectionOptions

/** What the network needs of a client's options, resolved: defaults filled in and bounds checked. */
export interface ClientNetworkOptions {
  readonly bootstrapServers: string | readonly string[]
  readonly clientId: string
  readonly securityProtocol: SecurityProtocol
  readonly ssl?: SslOptions
  readonly sasl?: SaslOptions
  readonly requestTimeoutMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly socketConnectionSetupTimeoutMs: number
  readonly socketConnectionSetupTimeoutMaxMs: number
  /** A connection without traffic for this long is closed; -1 keeps it. */
  readonly connectionsMaxIdleMs: number
  readonly metadataMaxAgeMs: number
  /** Of a producer: a topic that was not used for this long leaves the metadata. */
  readonly metadataMaxIdleMs?: number
  readonly metadataRecoveryStrategy: 'none' | 'rebootstrap'
  readonly metadataRecoveryRebootstrapTriggerMs: number
  readonly maxInFlightRequestsPerConnection: number
  /** Accepted for Java's sake: Node sets no socket buffer sizes, the system's own tuning holds. */
  readonly sendBufferBytes?: number
  readonly receiveBufferBytes?: number
  /** The largest response that is read; a longer one closes the connection. Default 100 MiB (Java: receive.max.bytes of a broker). */
  readonly maxResponseBytes?: number
}
