import { errorCodes } from '@sluice/protocol'
import { type MetadataResponse, metadataApi } from '@sluice/protocol/messages/metadata'
import type { Clock, Timer } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { kafkaErrorFor } from './broker-error.ts'
import type { ClientNetworkOptions } from './client-network-options.ts'
import type { Node } from './cluster.ts'
import type { Metadata, MetadataQuery } from './metadata.ts'
import type { NetworkClient } from './network-client.ts'

/** Keeps `Metadata` fresh: asks the least loaded broker when an update is due, one request at a time (Java: DefaultMetadataUpdater). */
export class MetadataUpdater {
  readonly #client: NetworkClient
  readonly #metadata: Metadata
  readonly #bootstrap: readonly Node[]
  readonly #options: ClientNetworkOptions
  readonly #clock: Clock
  readonly #logger: Logger
  #timer: Timer | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #inProgress = false
  #stopped = false
  /** Since when updates are wanted and fail; null when the last one worked. */
  #attemptsSince: number | null = null

  constructor(
    client: NetworkClient,
    metadata: Metadata,
    bootstrap: readonly Node[],
    options: ClientNetworkOptions,
    clock: Clock,
    logger: Logger,
  ) {
    this.#client = client
    this.#metadata = metadata
    this.#bootstrap = bootstrap
    this.#options = options
    this.#clock = clock
    this.#logger = logger
  }

  start(): void {
    this.#metadata.bootstrap(this.#bootstrap)
    this.#metadata.onRequest(() => this.#schedule())
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#metadata.onRequest(() => {})
    this.#timer?.cancel()
    this.#timer = null
  }

  /** A connection became ready, was lost or has room. */
  onWakeup(): void {
    if (!this.#inProgress && !this.#stopped && this.#metadata.timeToNextUpdate() === 0) this.#update()
  }

  onDisconnect(error: KafkaError): void {
    if (this.#stopped) return
    this.#metadata.noteFailure(error)
    if (error.code === 'AUTHENTICATION') this.#metadata.fatalError(error)
    this.#metadata.requestUpdate()
  }

  #schedule(): void {
    if (!this.#inProgress) this.#runIn(this.#metadata.timeToNextUpdate())
  }

  /** Never runs the update in the caller's stack, which may be in the middle of a change. */
  #runIn(delayMs: number): void {
    if (this.#stopped) return
    const at = this.#clock.monotonic() + delayMs
    if (this.#timer !== null && at >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = at
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = null
        const delay = this.#inProgress ? 0 : this.#metadata.timeToNextUpdate()
        if (delay > 0) this.#runIn(delay)
        else if (!this.#inProgress) this.#update()
      },
      Math.ceil(delayMs),
      false,
    )
  }

  #update(): void {
    this.#attemptsSince ??= this.#clock.monotonic()
    let node = this.#client.leastLoadedNode()
    if (this.#options.metadataRecoveryStrategy === 'rebootstrap') {
      const overdue = this.#clock.monotonic() - this.#attemptsSince >= this.#options.metadataRecoveryRebootstrapTriggerMs
      if (overdue || (node === null && !this.#client.hasReadyConnection() && !this.#isBootstrapping())) {
        this.#rebootstrap()
        node = this.#client.leastLoadedNode()
      }
    }
    if (node === null) {
      this.#runIn(this.#options.reconnectBackoffMs)
      return
    }
    // A node that is being connected wakes this up when it is ready, or lost.
    if (this.#client.ready(node)) this.#send(node)
    else this.#runIn(Math.max(1, this.#options.reconnectBackoffMs))
  }

  #isBootstrapping(): boolean {
    for (const id of this.#metadata.cluster.nodes.keys()) if (id >= 0) return false
    return true
  }

  #rebootstrap(): void {
    this.#logger.info('no known broker can be reached; starting again from bootstrapServers')
    this.#attemptsSince = this.#clock.monotonic()
    const nodes = [...this.#metadata.cluster.nodes.values()]
    this.#metadata.bootstrap(this.#bootstrap)
    for (const node of nodes) this.#client.disconnect(node)
  }

  #send(node: Node): void {
    const query = this.#metadata.nextQuery()
    this.#inProgress = true
    this.#client.send(
      node,
      metadataApi,
      (version) => {
        const topics = query.topics?.map((name) => ({ name })) ?? null
        // Brokers before 0.11 always create, and have no field to say otherwise.
        return version < 4 ? { topics } : { topics, allowAutoTopicCreation: this.#metadata.allowAutoTopicCreation }
      },
      { minVersion: 1 },
      (error, response) => {
        this.#inProgress = false
        if (this.#stopped) return
        if (error !== null) this.#failed(error)
        else this.#take(query, response!)
        this.#schedule()
      },
    )
  }

  #take(query: MetadataQuery, response: MetadataResponse): void {
    if (response.errorCode === errorCodes.REBOOTSTRAP_REQUIRED && this.#options.metadataRecoveryStrategy === 'rebootstrap') {
      this.#rebootstrap()
    } else if (response.errorCode !== 0) {
      this.#failed(kafkaErrorFor(response.errorCode))
    } else if (response.brokers.length === 0) {
      // A broker that has just started may know no brokers yet.
      this.#failed(new KafkaError('NETWORK', 'the broker answered with metadata that names no brokers', { retriable: true }))
    } else {
      this.#attemptsSince = null
      this.#metadata.update(query, response)
    }
  }

  #failed(error: KafkaError): void {
    this.#metadata.noteFailure(error)
    this.#metadata.failedUpdate()
  }
}
