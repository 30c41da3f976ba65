import { type Api, errorCodes, type Writable } from '@sluice/protocol'
import { findCoordinatorApi } from '@sluice/protocol/messages/find-coordinator'
import type { Clock } from '../../clock.ts'
import { KafkaError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { kafkaErrorFor } from '../../network/broker-error.ts'
import type { Node } from '../../network/cluster.ts'
import type { KafkaClient } from '../../network/kafka-client.ts'
import { type Deadline, pause } from '../wait.ts'

const GROUP_KEY_TYPE = 0
const FIRST_BATCHED_VERSION = 4
/** The coordinator has a connection of its own, so that a JoinGroup that waits does not hold up fetches (Java does the same). */
const MAX_NODE_ID = 2 ** 31 - 1

/** Knows which broker coordinates the group, and sends it requests (Java: AbstractCoordinator). */
export class GroupCoordinatorClient {
  readonly groupId: string
  readonly #client: KafkaClient
  readonly #retryBackoffMs: number
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #closing: AbortSignal
  #coordinator: Node | null = null
  #finding: Promise<void> | null = null

  constructor(groupId: string, client: KafkaClient, retryBackoffMs: number, clock: Clock, logger: Logger, closing: AbortSignal) {
    this.groupId = groupId
    this.#client = client
    this.#retryBackoffMs = retryBackoffMs
    this.#clock = clock
    this.#logger = logger
    this.#closing = closing
  }

  get coordinator(): Node | null {
    return this.#coordinator
  }

  /** The coordinator moved or is out of reach: the next request looks for it anew. */
  markUnknown(cause: string): void {
    if (this.#coordinator === null) return
    this.#logger.info('group coordinator is unknown', { groupId: this.groupId, cause })
    this.#coordinator = null
  }

  /** Closes its connection, so that what follows does not wait behind a JoinGroup. */
  disconnect(): void {
    if (this.#coordinator !== null) this.#client.disconnect(this.#coordinator)
  }

  /** True when the coordinator is known before the deadline. Throws what no retry heals, such as GROUP_AUTHORIZATION_FAILED. */
  async ensureKnown(deadline: Deadline, signal?: AbortSignal): Promise<boolean> {
    while (this.#coordinator === null) {
      if (deadline.expired || signal?.aborted || this.#closing.aborted) return false
      this.#finding ??= this.#find(deadline.remainingMs()).finally(() => {
        this.#finding = null
      })
      try {
        await this.#finding
      } catch (error) {
        if (!(error instanceof KafkaError) || !isTransient(error)) throw error
        this.#logger.debug('group coordinator was not found', { groupId: this.groupId, error })
        await pause(this.#clock, Math.min(this.#retryBackoffMs, deadline.remainingMs()), signal)
      }
    }
    return true
  }

  /** Sends one request to the coordinator, which must be known. A lost connection or a timeout makes it unknown. */
  async request<Q, P>(
    api: Api<Q, P>,
    message: Writable<Q> | ((version: number) => Writable<Q>),
    options: { timeoutMs?: number; maxVersion?: number; signal?: AbortSignal } = {},
  ): Promise<P> {
    const coordinator = this.#coordinator
    if (coordinator === null) {
      throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `the coordinator of group "${this.groupId}" is not known`, { retriable: true })
    }
    try {
      return await this.#client.request(coordinator, api, message, options)
    } catch (error) {
      if (error instanceof KafkaError && (error.code === 'NETWORK' || error.code === 'TIMEOUT') && this.#coordinator === coordinator) {
        this.markUnknown(error.code)
      }
      throw error
    }
  }

  async #find(timeoutMs: number): Promise<void> {
    const node = this.#client.leastLoadedNode()
    if (node === null) throw new KafkaError('NETWORK', 'no broker can be reached', { retriable: true })
    const key = this.groupId
    const response = await this.#client.request(
      node,
      findCoordinatorApi,
      (version) =>
        version >= FIRST_BATCHED_VERSION ? { keyType: GROUP_KEY_TYPE, coordinatorKeys: [key] } : { key, keyType: GROUP_KEY_TYPE },
      { timeoutMs: Math.max(1, timeoutMs), signal: this.#closing },
    )
    const found = response.coordinators[0] ?? response
    if (found.errorCode !== errorCodes.NONE) {
      throw kafkaErrorFor(found.errorCode, { message: found.errorMessage ?? `looking for the coordinator of group "${key}"` })
    }
    this.#coordinator = { id: MAX_NODE_ID - found.nodeId, host: found.host, port: found.port, rack: null }
    this.#logger.debug('group coordinator found', { groupId: key, node: found.nodeId })
  }
}

/** True for what may be over at the next try. */
export function isTransient(error: KafkaError): boolean {
  return error.retriable || error.code === 'NETWORK' || error.code === 'TIMEOUT'
}
