import type { Api, Writable } from '@sluice/protocol'
import type { KafkaError } from '../errors.ts'
import type { Node } from './cluster.ts'
import type { Metadata } from './metadata.ts'

export interface RequestOptions {
  /** From the moment the request is handed over; default `requestTimeoutMs`. */
  readonly timeoutMs?: number
  /** False for a produce request with `acks: 0`, to which brokers send nothing: it completes when the socket took it. Default true. */
  readonly expectResponse?: boolean
  /** Bounds on the version to use, within what both sides speak. */
  readonly minVersion?: number
  readonly maxVersion?: number
  readonly signal?: AbortSignal
}

/**
 * Called exactly once for each request. `error` is NETWORK (connection lost; the request may have been executed),
 * TIMEOUT, UNSUPPORTED_VERSION (not sent), CORRUPT, ABORTED or CLOSED; then `response` is undefined. With
 * `expectResponse: false` both are null and undefined on success.
 * It never runs inside the call of `send`. After TIMEOUT or ABORTED the socket may still hold the request's bytes:
 * `onReleased` tells when it does not.
 */
export type RequestCallback<P> = (error: KafkaError | null, response: P | undefined, version: number) => void

/** The network as producer, consumer and admin see it (Java: KafkaClient). `NetworkClient` is the real one. */
export interface KafkaClient {
  readonly metadata: Metadata

  /** True when a request may be sent to the node now; starts to connect otherwise, as far as backoff allows. */
  ready(node: Node): boolean

  /** Milliseconds until `ready` is worth another try: backoff or throttle time; Infinity while a connection is being set up or is busy. */
  pollDelayMs(node: Node): number

  /** True when the last attempt to connect failed and backoff has not passed. */
  connectionFailed(node: Node): boolean

  /** The error that authentication ended with, which no retry will heal. */
  authenticationError(node: Node): KafkaError | null

  /** The highest version of the API that both sides speak; undefined before the connection is ready or when there is none. */
  apiVersion(node: Node, api: Api<any, any>): number | undefined

  /** Requests that wait for an answer, of one node or of all. */
  inFlightRequestCount(node?: Node): number

  /** Java's rule: an idle ready node wins at once, then the fewest requests in flight, then one connecting, then the one tried longest ago. */
  leastLoadedNode(): Node | null

  /**
   * Sends to a node for which `ready` returned true (ILLEGAL_STATE otherwise). Never waits and makes no promise.
   * `message` may be a function of the negotiated version. `onReleased`, if given, is called exactly once, when no
   * bytes of the request are referenced any more: written and answered, or the socket destroyed. It comes after or
   * together with the callback, never before it.
   */
  send<Q, P>(
    node: Node,
    api: Api<Q, P>,
    message: Writable<Q> | ((version: number) => Writable<Q>),
    options: RequestOptions,
    callback: RequestCallback<P>,
    onReleased?: () => void,
  ): void

  /** Connects if need be, sends, and resolves with the response. Rejects with the errors of `RequestCallback`. */
  request<Q, P>(node: Node, api: Api<Q, P>, message: Writable<Q> | ((version: number) => Writable<Q>), options?: RequestOptions): Promise<P>

  /** `listener` is called when a node became ready, was lost, or has room again, so that a sender takes another turn. Returns the removal. */
  onWakeup(listener: () => void): () => void

  /** Closes one node's connection; its requests fail with NETWORK. */
  disconnect(node: Node): void

  /** Closes everything; waiting requests fail with CLOSED. Safe to call twice. */
  close(): Promise<void>
}
