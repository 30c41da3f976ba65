import type { Api, Writable } from '@sluice/protocol'
import type { Authentication } from '../auth/authentication.ts'
import type { Cluster } from '../broker/cluster.ts'
import type { BrokerNode } from '../broker/node.ts'

/** What a handler knows of a request besides its body. */
export interface RequestContext {
  readonly cluster: Cluster
  /** The node that the request came to. */
  readonly node: BrokerNode
  readonly version: number
  readonly clientId: string | null
  /** The peer's address, as group descriptions show it (`/127.0.0.1`). */
  readonly clientHost: string
  /** Aborted when the connection closes: a handler that waits gives up then. */
  readonly signal: AbortSignal
  /** The connection's SASL state; every real connection has one. */
  readonly authentication?: Authentication
}

/** In place of a response: nothing is sent (`acks: 0`), and the next request of the connection goes on. */
export const noResponse: unique symbol = Symbol('no response')

/**
 * Answers one Kafka API. A handler may return a promise to wait (long poll, join); the connection keeps the order of
 * responses. The versions are what the broker advertises; a request outside them closes the connection.
 */
export interface ApiHandler<Q = any, P = any> {
  readonly api: Api<Q, P>
  readonly minVersion: number
  readonly maxVersion: number
  handle(context: RequestContext, request: Q): Writable<P> | typeof noResponse | Promise<Writable<P> | typeof noResponse>
}

/** Declares a handler; the types of request and response follow from the API. */
export function defineHandler<Q, P>(handler: ApiHandler<Q, P>): ApiHandler<Q, P> {
  return handler
}
