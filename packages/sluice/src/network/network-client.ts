import type { Api, Writable } from '@sluice/protocol'
import { type Clock, systemClock, type Timer } from '../clock.ts'
import { isObserved, publish } from '../diagnostics.ts'
import { KafkaError } from '../errors.ts'
import { consoleLogger, type Logger } from '../logger.ts'
import type { NetworkMetrics } from '../metrics/network-metrics.ts'
import { parseBootstrapServers } from './bootstrap-addresses.ts'
import type { ClientNetworkOptions } from './client-network-options.ts'
import { shouldClientThrottle } from './client-throttle.ts'
import type { Node } from './cluster.ts'
import { ClusterConnectionStates } from './cluster-connection-states.ts'
import { Connection, type ConnectionListener, type ConnectionState } from './connection.ts'
import type { KafkaClient, RequestCallback, RequestOptions } from './kafka-client.ts'
import type { Metadata } from './metadata.ts'
import { MetadataUpdater } from './metadata-updater.ts'
import { type AddressLookup, systemLookup } from './node-addresses.ts'
import { unusableSocket } from './tls.ts'
import { WaitingRequest } from './waiting-request.ts'

const DEFAULT_MAX_RESPONSE_BYTES = 100 * 1024 * 1024

export interface NetworkClientParts {
  readonly clock?: Clock
  readonly logger?: Logger
  readonly random?: () => number
  readonly lookup?: AddressLookup
  /** Counts what the connections do. */
  readonly metrics?: NetworkMetrics
}

/** One broker as this client sees it: at most one connection, and the calls that wait for it. */
interface NodeEntry {
  node: Node
  connection: Connection | null
  readonly waiting: Set<WaitingRequest<any>>
  timer: Timer | null
  /** Tells the attempt under way from one that `disconnect` ended. */
  attempt: number
  /** A failure was logged, and no connection was of use since. */
  warned: boolean
}

/** Connections to brokers, one per node id, and the metadata refresh (Java: NetworkClient). */
export class NetworkClient implements KafkaClient {
  readonly metadata: Metadata
  readonly #options: ClientNetworkOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #random: () => number
  readonly #metrics: NetworkMetrics | undefined
  readonly #states: ClusterConnectionStates
  readonly #entries = new Map<number, NodeEntry>()
  readonly #wakeups = new Set<() => void>()
  /** Sockets that are on their way out too. */
  readonly #closing = new Set<Promise<void>>()
  readonly #updater: MetadataUpdater
  #closed: Promise<void> | null = null

  /** Starts to fetch metadata at once. Throws CONFIG for bootstrap servers that cannot be read. */
  constructor(options: ClientNetworkOptions, metadata: Metadata, parts: NetworkClientParts = {}) {
    const bootstrap = parseBootstrapServers(options.bootstrapServers)
    this.metadata = metadata
    this.#options = options
    this.#clock = parts.clock ?? systemClock
    this.#logger = parts.logger ?? consoleLogger
    this.#random = parts.random ?? Math.random
    this.#metrics = parts.metrics
    this.#states = new ClusterConnectionStates({
      ...options,
      clock: this.#clock,
      lookup: parts.lookup ?? systemLookup,
      random: this.#random,
    })
    this.#updater = new MetadataUpdater(this, metadata, bootstrap, options, this.#clock, this.#logger)
    this.#updater.start()
  }

  ready(node: Node): boolean {
    if (this.#closed !== null) return false
    if (this.#canSend(node.id)) return true
    if (this.#states.canConnect(node.id)) this.#connect(this.#entry(node))
    return false
  }

  pollDelayMs(node: Node): number {
    return this.#states.pollDelayMs(node.id)
  }

  connectionFailed(node: Node): boolean {
    return this.#states.isBlackedOut(node.id)
  }

  authenticationError(node: Node): KafkaError | null {
    return this.#states.authenticationError(node.id)
  }

  apiVersion(node: Node, api: Api<any, any>): number | undefined {
    return this.#entries.get(node.id)?.connection?.apiVersions?.usable(api)
  }

  /** The finalized level of a feature such as `transaction.version`; undefined when the broker has none or is not connected. */
  finalizedFeature(node: Node, name: string): number | undefined {
    return this.#entries.get(node.id)?.connection?.apiVersions?.finalizedFeatures.get(name)
  }

  inFlightRequestCount(node?: Node): number {
    if (node !== undefined) return this.#inFlight(node.id)
    let total = 0
    for (const entry of this.#entries.values()) total += entry.connection?.inFlightRequestCount ?? 0
    return total
  }

  leastLoadedNode(): Node | null {
    const nodes = [...this.metadata.cluster.nodes.values()]
    const offset = Math.floor(this.#random() * nodes.length)
    let fewest = Number.POSITIVE_INFINITY
    let sendable: Node | null = null
    let preparing: Node | null = null
    let connectable: Node | null = null
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[(offset + i) % nodes.length]!
      if (this.#canSend(node.id)) {
        const inFlight = this.#inFlight(node.id)
        if (inFlight === 0) return node
        if (inFlight < fewest) {
          fewest = inFlight
          sendable = node
        }
      } else if (this.#states.isPreparingConnection(node.id)) {
        preparing = node
      } else if (this.#states.canConnect(node.id)) {
        const older = connectable === null || this.#states.lastConnectAttemptMs(connectable.id) > this.#states.lastConnectAttemptMs(node.id)
        if (older) connectable = node
      }
    }
    return sendable ?? preparing ?? connectable
  }

  /** True when a broker of the metadata is connected, though it may have no room: no reason to bootstrap anew. */
  hasReadyConnection(): boolean {
    for (const node of this.metadata.cluster.nodes.values()) {
      if (this.#states.state(node.id) === 'ready') return true
    }
    return false
  }

  send<Q, P>(
    node: Node,
    api: Api<Q, P>,
    message: Writable<Q> | ((version: number) => Writable<Q>),
    options: RequestOptions,
    callback: RequestCallback<P>,
    onReleased?: () => void,
  ): void {
    if (!this.#canSend(node.id)) {
      throw new KafkaError('ILLEGAL_STATE', `a ${api.name} request to node ${node.id}, which is not ready`)
    }
    this.#entries.get(node.id)!.connection!.send(api, message, options, callback, onReleased)
  }

  request<Q, P>(
    node: Node,
    api: Api<Q, P>,
    message: Writable<Q> | ((version: number) => Writable<Q>),
    options: RequestOptions = {},
  ): Promise<P> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) {
        reject(closedError())
        return
      }
      const entry = this.#entry(node)
      const timeoutMs = options.timeoutMs ?? this.#options.requestTimeoutMs
      const waiting = new WaitingRequest<P>({
        api,
        timeoutMs,
        signal: options.signal,
        clock: this.#clock,
        resolve,
        reject,
        send: (leftMs, callback) => {
          entry.connection!.send(api, message, { ...options, timeoutMs: leftMs }, callback)
        },
        done: (done) => entry.waiting.delete(done),
      })
      if (waiting.settled) return
      entry.waiting.add(waiting)
      this.#serveWaiting(entry)
    })
  }

  onWakeup(listener: () => void): () => void {
    this.#wakeups.add(listener)
    return () => this.#wakeups.delete(listener)
  }

  disconnect(node: Node): void {
    const entry = this.#entries.get(node.id)
    if (entry === undefined) return
    const error = new KafkaError('NETWORK', `the connection to node ${node.id} was closed by this client`, { retriable: true })
    if (entry.connection !== null) this.#close(entry.connection, error)
    else if (this.#states.state(node.id) === 'connecting') {
      entry.attempt++
      this.#lost(entry, error, true)
    }
  }

  close(): Promise<void> {
    if (this.#closed === null) {
      this.#closed = this.#closeAll()
    }
    return this.#closed
  }

  async #closeAll(): Promise<void> {
    // #closed must be set before callbacks run, or one of them could connect again.
    await null
    this.#updater.stop()
    this.metadata.close()
    for (const entry of this.#entries.values()) {
      entry.timer?.cancel()
      for (const waiting of [...entry.waiting]) waiting.fail(closedError())
      if (entry.connection) this.#close(entry.connection, closedError())
    }
    await Promise.all(this.#closing)
    this.#wakeups.clear()
  }

  #close(connection: Connection, error: KafkaError): void {
    const gone = connection.close(error)
    this.#closing.add(gone)
    gone.then(() => this.#closing.delete(gone))
  }

  #inFlight(id: number): number {
    return this.#entries.get(id)?.connection?.inFlightRequestCount ?? 0
  }

  #canSend(id: number): boolean {
    return this.#states.isReady(id) && this.#entries.get(id)!.connection!.canSendRequest()
  }

  #entry(node: Node): NodeEntry {
    let entry = this.#entries.get(node.id)
    if (entry === undefined) {
      entry = { node, connection: null, waiting: new Set(), timer: null, attempt: 0, warned: false }
      this.#entries.set(node.id, entry)
    }
    entry.node = node
    return entry
  }

  #connect(entry: NodeEntry): void {
    const { id, host, port } = entry.node
    this.#states.connecting(id, host)
    this.#publish(entry, 'connecting')
    const attempt = ++entry.attempt
    const setupTimeoutMs = this.#states.setupTimeoutMs(id)
    const current = () => this.#closed === null && attempt === entry.attempt
    const timer = this.#clock.setTimer(
      () => {
        if (!current()) return
        entry.attempt++
        const message = `the host name "${host}" was not resolved within ${Math.round(setupTimeoutMs)} ms (socketConnectionSetupTimeoutMs)`
        this.#lost(entry, new KafkaError('NETWORK', message, { retriable: true }))
      },
      setupTimeoutMs,
      false,
    )
    this.#states.nextAddress(id).then(
      (address) => {
        timer.cancel()
        if (!current()) return
        try {
          entry.connection = this.#openConnection(entry, host, port, address)
        } catch (cause) {
          this.#lost(entry, unusableSocket(cause as Error, `${host}:${port}`))
        }
      },
      (error: KafkaError) => {
        timer.cancel()
        if (current()) this.#lost(entry, error)
      },
    )
  }

  #openConnection(entry: NodeEntry, host: string, port: number, address: string): Connection {
    const options = this.#options
    const secure = options.securityProtocol === 'SSL' || options.securityProtocol === 'SASL_SSL'
    const sasl = options.securityProtocol === 'SASL_PLAINTEXT' || options.securityProtocol === 'SASL_SSL'
    return new Connection(
      {
        host,
        port,
        address,
        clientId: options.clientId,
        ssl: secure ? (options.ssl ?? {}) : null,
        sasl: sasl ? (options.sasl ?? null) : null,
        setupTimeoutMs: this.#states.setupTimeoutMs(entry.node.id),
        requestTimeoutMs: options.requestTimeoutMs,
        connectionsMaxIdleMs: options.connectionsMaxIdleMs,
        maxInFlightRequests: options.maxInFlightRequestsPerConnection,
        maxResponseBytes: options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
        clock: this.#clock,
        logger: this.#logger,
        random: this.#random,
        metrics: this.#metrics,
      },
      this.#listenerOf(entry),
    )
  }

  #listenerOf(entry: NodeEntry): ConnectionListener {
    const id = entry.node.id
    return {
      onState: (_connection, state) => this.#onState(entry, state),
      onClosed: (connection, error) => {
        if (entry.connection !== connection) return
        entry.connection = null
        this.#lost(entry, error, connection.closedHere, connection.served)
      },
      onRoom: () => this.#wake(entry),
      onTimeout: () => this.metadata.requestUpdate(),
      onThrottle: (connection, apiKey, version, throttleTimeMs) => {
        if (!shouldClientThrottle(apiKey, version)) return
        this.#states.throttle(id, throttleTimeMs)
        connection.excludeThrottleTime(throttleTimeMs)
        this.#armEntry(entry)
      },
    }
  }

  #onState(entry: NodeEntry, state: ConnectionState): void {
    const id = entry.node.id
    this.#publish(entry, state)
    if (state === 'checking_api_versions') this.#states.checkingApiVersions(id)
    else if (state === 'authenticating') this.#states.authenticating(id)
    else if (state === 'ready') {
      this.#states.ready(id)
      this.#wake(entry)
    }
  }

  #publish({ node: { id: nodeId, host, port } }: NodeEntry, state: ConnectionState, error: KafkaError | null = null): void {
    if (!isObserved('sluice:connection:state')) return
    publish('sluice:connection:state', { clientId: this.#options.clientId, nodeId, host, port, state, error })
  }

  /** An attempt failed or a connection ended. */
  #lost(entry: NodeEntry, error: KafkaError, onPurpose = false, served = false): void {
    const { id } = entry.node
    const before = this.#states.state(id)
    this.#publish(entry, 'closed', error)
    if (this.#closed !== null) {
      this.#states.disconnected(id)
      return
    }
    if (before === 'connecting' && error.code === 'NETWORK' && this.#states.hasUntriedAddress(id)) {
      this.#connect(entry)
      return
    }
    if (error.code === 'AUTHENTICATION') this.#states.authenticationFailed(id, error)
    else this.#states.disconnected(id)
    if (served) entry.warned = false
    const worthTelling = error.code === 'CORRUPT' || (!served && !entry.warned)
    if (worthTelling && !onPurpose) {
      entry.warned = true
      this.#logger.warn('connection failed', { node: id, error: error.message })
    } else this.#logger.debug('connection ended', { node: id, error: error.message })
    for (const waiting of [...entry.waiting]) waiting.fail(error)
    if (!onPurpose) this.#updater.onDisconnect(error)
    this.#wake(entry)
  }

  #wake(entry: NodeEntry): void {
    if (this.#closed !== null) return
    this.#serveWaiting(entry)
    this.#updater.onWakeup()
    for (const listener of this.#wakeups) {
      try {
        listener()
      } catch (error) {
        this.#logger.error('a wakeup listener threw', { error })
      }
    }
  }

  /** Sends what waits for this node, in order, as far as there is room; connects when there is no connection. */
  #serveWaiting(entry: NodeEntry): void {
    // A set may lose the member under the loop; copying it for each response would cost more than sending.
    for (const waiting of entry.waiting) {
      if (!this.ready(entry.node)) {
        const error = this.#states.isBlackedOut(entry.node.id) ? this.#states.authenticationError(entry.node.id) : null
        if (error === null) break
        waiting.fail(error)
        continue
      }
      waiting.send()
    }
    if (entry.waiting.size > 0) this.#armEntry(entry)
  }

  /** Wakes up when backoff or throttle time is over. */
  #armEntry(entry: NodeEntry): void {
    const delayMs = this.#states.pollDelayMs(entry.node.id)
    entry.timer?.cancel()
    entry.timer = null
    if (delayMs === 0 || delayMs === Number.POSITIVE_INFINITY) return
    entry.timer = this.#clock.setTimer(
      () => {
        entry.timer = null
        this.#wake(entry)
      },
      Math.ceil(delayMs),
      false,
    )
  }
}

function closedError(): KafkaError {
  return new KafkaError('CLOSED', 'the client was closed')
}
