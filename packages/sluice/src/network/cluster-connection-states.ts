import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import { ExponentialBackoff } from './exponential-backoff.ts'
import type { AddressLookup } from './node-addresses.ts'
import { NodeAddresses } from './node-addresses.ts'

export type NodeConnectionState =
  | 'disconnected'
  | 'connecting'
  | 'checking_api_versions'
  | 'authenticating'
  | 'ready'
  | 'authentication_failed'

export interface ConnectionStatesOptions {
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  readonly socketConnectionSetupTimeoutMs: number
  readonly socketConnectionSetupTimeoutMaxMs: number
  readonly clock: Clock
  readonly lookup: AddressLookup
  readonly random?: () => number
}

interface NodeState {
  state: NodeConnectionState
  readonly host: string
  readonly addresses: NodeAddresses
  lastConnectAttemptMs: number
  failedAttempts: number
  failedConnectAttempts: number
  reconnectBackoffMs: number
  setupTimeoutMs: number
  throttleUntilMs: number
  authenticationError: KafkaError | null
}

/** Per node: the state of its connection, when to try again, where to connect and until when it is throttled (Java's class of this name). */
export class ClusterConnectionStates {
  readonly #clock: Clock
  readonly #lookup: AddressLookup
  readonly #reconnectBackoff: ExponentialBackoff
  readonly #setupTimeout: ExponentialBackoff
  readonly #nodes = new Map<number, NodeState>()

  constructor(options: ConnectionStatesOptions) {
    this.#clock = options.clock
    this.#lookup = options.lookup
    this.#reconnectBackoff = new ExponentialBackoff(options.reconnectBackoffMs, options.reconnectBackoffMaxMs, options.random)
    this.#setupTimeout = new ExponentialBackoff(
      options.socketConnectionSetupTimeoutMs,
      options.socketConnectionSetupTimeoutMaxMs,
      options.random,
    )
  }

  state(id: number): NodeConnectionState {
    return this.#nodes.get(id)?.state ?? 'disconnected'
  }

  /** True when there is no connection and backoff has passed. */
  canConnect(id: number): boolean {
    const node = this.#nodes.get(id)
    return node === undefined || (isDown(node) && this.#backoffLeftMs(node) === 0)
  }

  /** True when the last attempt failed and backoff has not passed. */
  isBlackedOut(id: number): boolean {
    const node = this.#nodes.get(id)
    return node !== undefined && isDown(node) && this.#backoffLeftMs(node) > 0
  }

  /** Milliseconds of backoff left; Infinity while a connection is up or being set up. */
  connectionDelayMs(id: number): number {
    const node = this.#nodes.get(id)
    if (node === undefined) return 0
    return isDown(node) ? this.#backoffLeftMs(node) : Number.POSITIVE_INFINITY
  }

  /** As `connectionDelayMs`, but for a node that is throttled what is left of that. */
  pollDelayMs(id: number): number {
    return this.throttleDelayMs(id) || this.connectionDelayMs(id)
  }

  isPreparingConnection(id: number): boolean {
    const state = this.state(id)
    return state === 'connecting' || state === 'checking_api_versions' || state === 'authenticating'
  }

  /** Ready, and not throttled. */
  isReady(id: number): boolean {
    return this.state(id) === 'ready' && this.throttleDelayMs(id) === 0
  }

  lastConnectAttemptMs(id: number): number {
    return this.#nodes.get(id)?.lastConnectAttemptMs ?? Number.NEGATIVE_INFINITY
  }

  /** How long the present or next attempt to connect may take. */
  setupTimeoutMs(id: number): number {
    return this.#nodes.get(id)?.setupTimeoutMs ?? this.#setupTimeout.delayMs(0)
  }

  authenticationError(id: number): KafkaError | null {
    return this.#nodes.get(id)?.authenticationError ?? null
  }

  /** Begins an attempt; a host that differs from the last one starts afresh. */
  connecting(id: number, host: string): void {
    const now = this.#clock.monotonic()
    const node = this.#nodes.get(id)
    if (node !== undefined && node.host === host) {
      node.state = 'connecting'
      node.lastConnectAttemptMs = now
      return
    }
    this.#nodes.set(id, {
      state: 'connecting',
      host,
      addresses: new NodeAddresses(host, this.#lookup),
      lastConnectAttemptMs: now,
      failedAttempts: 0,
      failedConnectAttempts: 0,
      reconnectBackoffMs: 0,
      setupTimeoutMs: this.#setupTimeout.delayMs(0),
      throttleUntilMs: 0,
      authenticationError: null,
    })
  }

  /** The address for the attempt under way. Rejects with NETWORK when the name does not resolve. */
  nextAddress(id: number): Promise<string> {
    return this.#node(id).addresses.next()
  }

  /** True when the name resolved to addresses that were not tried yet. */
  hasUntriedAddress(id: number): boolean {
    return this.#nodes.get(id)?.addresses.hasUntried ?? false
  }

  checkingApiVersions(id: number): void {
    this.#node(id).state = 'checking_api_versions'
  }

  authenticating(id: number): void {
    this.#node(id).state = 'authenticating'
  }

  ready(id: number): void {
    const node = this.#node(id)
    node.state = 'ready'
    node.authenticationError = null
    node.failedAttempts = 0
    node.reconnectBackoffMs = 0
    this.#resetSetupTimeout(node)
  }

  /** Ends an attempt or a connection. Does nothing when there was none, so that backoff is not prolonged. */
  disconnected(id: number): void {
    const node = this.#nodes.get(id)
    if (node === undefined || isDown(node)) return
    if (node.state === 'connecting') {
      node.failedConnectAttempts++
      node.setupTimeoutMs = this.#setupTimeout.delayMs(node.failedConnectAttempts)
    } else {
      this.#resetSetupTimeout(node)
      // The address worked; the name may point elsewhere now.
      node.addresses.clear()
    }
    this.#down(node, 'disconnected')
  }

  authenticationFailed(id: number, error: KafkaError): void {
    const node = this.#node(id)
    node.authenticationError = error
    this.#down(node, 'authentication_failed')
  }

  throttle(id: number, throttleTimeMs: number): void {
    const node = this.#nodes.get(id)
    if (node !== undefined) node.throttleUntilMs = Math.max(node.throttleUntilMs, this.#clock.monotonic() + throttleTimeMs)
  }

  throttleDelayMs(id: number): number {
    const node = this.#nodes.get(id)
    return node === undefined ? 0 : Math.max(0, node.throttleUntilMs - this.#clock.monotonic())
  }

  /** Forgets the node, and its backoff with it. */
  remove(id: number): void {
    this.#nodes.delete(id)
  }

  #node(id: number): NodeState {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new KafkaError('ILLEGAL_STATE', `node ${id} has no connection state`)
    return node
  }

  #down(node: NodeState, state: NodeConnectionState): void {
    node.state = state
    node.lastConnectAttemptMs = this.#clock.monotonic()
    node.reconnectBackoffMs = this.#reconnectBackoff.delayMs(node.failedAttempts)
    node.failedAttempts++
    node.throttleUntilMs = 0
  }

  #resetSetupTimeout(node: NodeState): void {
    node.failedConnectAttempts = 0
    node.setupTimeoutMs = this.#setupTimeout.delayMs(0)
  }

  #backoffLeftMs(node: NodeState): number {
    return Math.max(0, node.lastConnectAttemptMs + node.reconnectBackoffMs - this.#clock.monotonic())
  }
}

function isDown(node: NodeState): boolean {
  return node.state === 'disconnected' || node.state === 'authentication_failed'
}
