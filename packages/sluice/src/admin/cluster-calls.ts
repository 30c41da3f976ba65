import { type Api, errorCodes, type Writable } from '@sluice/protocol'
import { findCoordinatorApi } from '@sluice/protocol/messages/find-coordinator'
import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import { kafkaErrorFor } from '../network/broker-error.ts'
import type { Node } from '../network/cluster.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import { checkCallOptions } from '../options/call-options.ts'

export interface CallLimits {
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retries: number
  readonly defaultApiTimeoutMs: number
}

export interface CallOptions {
  /** @default defaultApiTimeoutMs */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** One attempt's share of a call. */
export interface Attempt {
  readonly remainingMs: number
  readonly signal: AbortSignal | undefined
}

const GROUP_KEY_TYPE = 0
const FIRST_BATCHED_VERSION = 4
const CONNECTION_POLL_MS = 50
/** `listInternal` is of `listTopics`. */
const CALL_OPTIONS: readonly string[] = ['timeoutMs', 'signal', 'listInternal']

/** Sends requests to whoever answers for them, and repeats what may heal (Java: KafkaAdminClient's Call and NodeProvider). */
export class ClusterCalls {
  readonly #client: KafkaClient
  readonly #limits: CallLimits
  readonly #clock: Clock
  readonly #closing: AbortSignal

  constructor(client: KafkaClient, limits: CallLimits, clock: Clock, closing: AbortSignal) {
    this.#client = client
    this.#limits = limits
    this.#clock = clock
    this.#closing = closing
  }

  /** Runs `attempt` until it succeeds, fails for good, or time or `retries` run out; then rejects with its last error. */
  async run<T>(what: string, options: CallOptions, attempt: (part: Attempt) => Promise<T>): Promise<T> {
    checkCallOptions(what, options, CALL_OPTIONS)
    const { timeoutMs, signal } = options
    const { defaultApiTimeoutMs, retries, retryBackoffMs } = this.#limits
    const limitMs = timeoutMs ?? defaultApiTimeoutMs
    const endsAt = this.#clock.monotonic() + limitMs
    for (let count = 0; ; count++) {
      if (signal?.aborted) throw new KafkaError('ABORTED', `${what} was aborted`, { cause: signal.reason })
      if (this.#closing.aborted) throw new KafkaError('CLOSED', 'the admin client is closed')
      const remainingMs = endsAt - this.#clock.monotonic()
      let failure: KafkaError
      try {
        return await attempt({ remainingMs: Math.max(1, remainingMs), signal })
      } catch (error) {
        if (!(error instanceof KafkaError) || !isTransient(error) || count >= retries) throw error
        failure = error
      }
      this.#client.metadata.requestUpdate()
      if (endsAt - this.#clock.monotonic() <= retryBackoffMs) {
        throw new KafkaError('TIMEOUT', `${what} did not succeed within ${limitMs} ms: ${failure.message}`, {
          retriable: true,
          cause: failure,
        })
      }
      await this.#pause(retryBackoffMs, signal)
    }
  }

  request<Q, P>(
    node: Node,
    api: Api<Q, P>,
    message: Writable<Q> | ((version: number) => Writable<Q>),
    part: Attempt,
    maxVersion?: number,
  ): Promise<P> {
    const timeoutMs = Math.min(this.#limits.requestTimeoutMs, part.remainingMs)
    return this.#client.request(node, api, message, { timeoutMs, signal: part.signal, maxVersion })
  }

  /** Any broker that can be reached. */
  anyNode(): Node {
    const node = this.#client.leastLoadedNode()
    if (node !== null) return node
    const { lastFailure } = this.#client.metadata
    const why = lastFailure === null ? '' : `: ${lastFailure.message}`
    throw new KafkaError('NETWORK', `no broker can be reached${why}`, { retriable: true, cause: lastFailure ?? undefined })
  }

  async controller(part: Attempt): Promise<Node> {
    await this.#knowCluster(part)
    const { cluster } = this.#client.metadata
    return cluster.nodes.get(cluster.controllerId) ?? this.anyNode()
  }

  async allNodes(part: Attempt): Promise<Node[]> {
    await this.#knowCluster(part)
    return [...this.#client.metadata.cluster.nodes.values()]
  }

  async coordinator(groupId: string, part: Attempt): Promise<Node> {
    const response = await this.request(
      this.anyNode(),
      findCoordinatorApi,
      (version) =>
        version >= FIRST_BATCHED_VERSION
          ? { keyType: GROUP_KEY_TYPE, coordinatorKeys: [groupId] }
          : { key: groupId, keyType: GROUP_KEY_TYPE },
      part,
    )
    const { errorCode, errorMessage, nodeId, host, port } = response.coordinators[0] ?? response
    if (errorCode !== errorCodes.NONE) throw kafkaErrorFor(errorCode, { message: errorMessage })
    return this.#client.metadata.cluster.nodes.get(nodeId) ?? { id: nodeId, host, port, rack: null }
  }

  /** Bootstrap addresses have negative ids, and no controller among them. */
  async #knowCluster({ remainingMs, signal }: Attempt): Promise<void> {
    await this.#client.metadata.awaitUpdate(({ nodes }) => [...nodes.keys()].some((id) => id >= 0), remainingMs, signal)
  }

  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        signal?.removeEventListener('abort', done)
        this.#closing.removeEventListener('abort', done)
        resolve()
      }
      const timer = this.#clock.setTimer(done, Math.max(ms, CONNECTION_POLL_MS))
      signal?.addEventListener('abort', done)
      this.#closing.addEventListener('abort', done)
    })
  }
}

function isTransient(error: KafkaError): boolean {
  return error.retriable || error.code === 'NETWORK'
}
