import type { Api, Writable } from '@sluice/protocol'
import type { MetadataResponse } from '@sluice/protocol/messages/metadata'
import type { Clock } from '../../clock.ts'
import { KafkaError } from '../../errors.ts'
import { silentLogger } from '../../logger.ts'
import type { Node } from '../cluster.ts'
import type { KafkaClient, RequestCallback, RequestOptions } from '../kafka-client.ts'
import { Metadata } from '../metadata.ts'

/** A request that was sent and not answered yet. */
export interface MockRequest {
  readonly node: Node
  readonly api: Api<any, any>
  readonly version: number
  readonly message: any
  readonly options: RequestOptions
  /** Answers; fields left out get 0, '' or []. The bytes are released too, unless `holdBytes` was set. */
  respond(response: object): void
  /** The connection was lost, the time is over, ...: see `RequestCallback`. */
  fail(code: string): void
  /** With `holdBytes`: the socket lets go of the bytes. */
  release(): void
}

export interface MockTopic {
  /** Leaders by partition; -1 for none. */
  readonly leaders: readonly number[]
  readonly leaderEpoch?: number
  readonly errorCode?: number
  readonly id?: string
}

export interface MockClientOptions {
  readonly clock: Clock
  readonly nodes?: number
  readonly maxInFlight?: number
  readonly metadataMaxIdleMs?: number
  /** Asked for every request at once; what it returns is the answer, undefined leaves the request in `requests`. */
  readonly answer?: (request: MockRequest) => object | undefined
}

const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** A network for tests (Java: MockClient): requests stay in `requests` until the test answers them. Metadata is the real one. */
export class MockClient implements KafkaClient {
  readonly metadata: Metadata
  readonly requests: MockRequest[] = []
  /** Node ids that `ready` refuses, with their `pollDelayMs`. */
  readonly unready: Map<number, number> = new Map()
  readonly authenticationErrors: Map<number, KafkaError> = new Map()
  /** The version that is negotiated; the highest that names topics, so that tests need no ids. */
  produceVersion = 12
  /** True: answers and failures do not release a request's bytes; `release` does. */
  holdBytes = false
  isClosed = false
  readonly #options: MockClientOptions
  readonly #wakeups = new Set<() => void>()
  readonly #nodes: readonly Node[]

  constructor(options: MockClientOptions) {
    this.#options = options
    this.#nodes = Array.from({ length: options.nodes ?? 1 }, (_, id) => ({ id, host: '127.0.0.1', port: 9092 + id, rack: null }))
    this.metadata = new Metadata({
      metadataMaxAgeMs: 300_000,
      metadataMaxIdleMs: options.metadataMaxIdleMs,
      retryBackoffMs: 100,
      retryBackoffMaxMs: 1000,
      clock: options.clock,
      logger: silentLogger,
      random: () => 0.5,
    })
  }

  get nodes(): readonly Node[] {
    return this.#nodes
  }

  /** A metadata response with these topics arrives. */
  updateMetadata(topics: Readonly<Record<string, MockTopic>>): void {
    for (const name of Object.keys(topics)) this.metadata.add(name)
    const response: MetadataResponse = {
      throttleTimeMs: 0,
      brokers: this.#nodes.map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack })),
      clusterId: 'mock-cluster',
      controllerId: 0,
      topics: Object.entries(topics).map(([name, { leaders, leaderEpoch, errorCode, id }]) => ({
        errorCode: errorCode ?? 0,
        name,
        topicId: id ?? NO_ID,
        isInternal: false,
        partitions: leaders.map((leaderId, partitionIndex) => ({
          errorCode: leaderId < 0 ? 5 : 0,
          partitionIndex,
          leaderId,
          leaderEpoch: leaderEpoch ?? 0,
          replicaNodes: [],
          isrNodes: [],
          offlineReplicas: [],
        })),
        topicAuthorizedOperations: 0,
      })),
      clusterAuthorizedOperations: 0,
      errorCode: 0,
    }
    this.metadata.update(this.metadata.nextQuery(), response)
  }

  ready(node: Node): boolean {
    return (
      !this.unready.has(node.id) &&
      !this.authenticationErrors.has(node.id) &&
      this.inFlightRequestCount(node) < (this.#options.maxInFlight ?? 5)
    )
  }

  pollDelayMs(node: Node): number {
    return this.unready.get(node.id) ?? Number.POSITIVE_INFINITY
  }

  connectionFailed(): boolean {
    return false
  }

  authenticationError(node: Node): KafkaError | null {
    return this.authenticationErrors.get(node.id) ?? null
  }

  apiVersion(_node: Node, api: Api<any, any>): number {
    return api.name === 'Produce' ? this.produceVersion : api.maxVersion
  }

  inFlightRequestCount(node?: Node): number {
    return this.requests.filter((request) => node === undefined || request.node.id === node.id).length
  }

  leastLoadedNode(): Node | null {
    return this.#nodes.find((node) => !this.unready.has(node.id)) ?? null
  }

  send<Q, P>(
    node: Node,
    api: Api<Q, P>,
    message: Writable<Q> | ((version: number) => Writable<Q>),
    options: RequestOptions,
    callback: RequestCallback<P>,
    onReleased?: () => void,
  ): void {
    const version = this.apiVersion(node, api)
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      onReleased?.()
    }
    const complete = (error: KafkaError | null, response: unknown): void => {
      const at = this.requests.indexOf(request)
      if (at < 0) throw new Error('this request was answered already')
      this.requests.splice(at, 1)
      callback(error, response as P, version)
      if (!this.holdBytes) release()
    }
    const request: MockRequest = {
      node,
      api,
      version,
      message: typeof message === 'function' ? (message as (version: number) => Writable<Q>)(version) : message,
      options,
      respond: (response) => complete(null, options.expectResponse === false ? undefined : response),
      fail: (code) => complete(new KafkaError(code, `mock ${code}`), undefined),
      release,
    }
    this.requests.push(request)
    const answer = this.#options.answer?.(request)
    if (answer !== undefined) request.respond(answer)
  }

  request<Q, P>(
    node: Node,
    api: Api<Q, P>,
    message: Writable<Q> | ((version: number) => Writable<Q>),
    options: RequestOptions = {},
  ): Promise<P> {
    return new Promise((resolve, reject) => {
      this.send(node, api, message, options, (error, response) => (error === null ? resolve(response as P) : reject(error)))
    })
  }

  onWakeup(listener: () => void): () => void {
    this.#wakeups.add(listener)
    return () => this.#wakeups.delete(listener)
  }

  /** A node became ready, or has room again. */
  wakeup(): void {
    for (const listener of this.#wakeups) listener()
  }

  disconnect(node: Node): void {
    for (const request of this.requests.filter((one) => one.node.id === node.id)) request.fail('NETWORK')
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.metadata.close()
    for (const request of [...this.requests]) request.fail('CLOSED')
  }
}
