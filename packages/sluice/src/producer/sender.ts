import { initProducerIdApi } from '@sluice/protocol/messages/init-producer-id'
import type { Clock, Timer } from '../clock.ts'
import { isObserved, publish } from '../diagnostics.ts'
import { KafkaError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { ProducerMetrics } from '../metrics/producer-metrics.ts'
import { kafkaErrorFor } from '../network/broker-error.ts'
import type { Node } from '../network/cluster.ts'
import type { KafkaClient } from '../network/kafka-client.ts'
import { type ProduceResult, recordErrorsOf, sendProduceRequest } from './produce-request.ts'
import type { ProducerBatch } from './producer-batch.ts'
import type { RecordAccumulator } from './record-accumulator.ts'
import type { TransactionManager } from './transaction-manager.ts'

export interface SenderOptions {
  readonly clientId?: string
  readonly acks: -1 | 0 | 1
  readonly retries: number
  readonly maxRequestSize: number
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  readonly retryBackoffMs: number
  readonly maxInFlightRequestsPerConnection: number
}

export interface SenderParts {
  readonly client: KafkaClient
  readonly accumulator: RecordAccumulator
  /** Null without idempotence. */
  readonly transactionManager: TransactionManager | null
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics?: ProducerMetrics
}

/** Requests of one turn: more are due only when a whole pipeline of answers came in meanwhile. */
const MAX_PASSES_PER_TURN = 16
const NO_TRANSACTION_TIMEOUT_MS = 2 ** 31 - 1

/**
 * Takes batches out of the accumulator, sends them to the leaders and deals with the answers (Java: Sender). Where Java
 * has a thread that loops, this takes a turn whenever something happened: a batch became full or was begun, an answer
 * came, a node became ready, metadata changed, or a timer for linger, backoff or expiry ran out.
 */
export class Sender {
  readonly #client: KafkaClient
  readonly #accumulator: RecordAccumulator
  readonly #transactionManager: TransactionManager | null
  readonly #options: SenderOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #metrics: ProducerMetrics
  /** One partition has one batch on its way at a time, so that a retry cannot let a later batch pass. */
  readonly #guaranteeMessageOrder: boolean
  readonly #inFlight = new Set<ProducerBatch>()
  readonly #stopListening: (() => void)[] = []
  #started = false
  #scheduled = false
  #timer: Timer | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #producerIdRetryAtMs = 0
  #closing: PromiseWithResolvers<void> | undefined
  #closed = false

  constructor(options: SenderOptions, parts: SenderParts) {
    this.#options = options
    this.#client = parts.client
    this.#accumulator = parts.accumulator
    this.#transactionManager = parts.transactionManager
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#metrics = parts.metrics ?? new ProducerMetrics(parts.clock.monotonic())
    this.#guaranteeMessageOrder = options.maxInFlightRequestsPerConnection === 1
  }

  /** From now on turns are taken when due. Without it only `runOnce` does anything. */
  start(): void {
    this.#started = true
    this.#stopListening.push(
      this.#client.onWakeup(() => this.wakeup()),
      this.#client.metadata.onUpdate(() => this.wakeup()),
    )
    this.#accumulator.onCompressed(() => this.wakeup())
    this.wakeup()
  }

  /** Asks for a turn, once the running code has come to its end. */
  wakeup(): void {
    if (this.#scheduled || !this.#started || this.#closed) return
    this.#scheduled = true
    setImmediate(this.#turn)
  }

  /** Requests' batches that are not complete. */
  get inFlightBatches(): number {
    return this.#inFlight.size
  }

  /**
   * One pass: expire, ready, drain, send. Returns the milliseconds until the next one is due if nothing happens before:
   * 0 when something was sent, as more may be ready.
   */
  runOnce(nowMs: number = this.#clock.monotonic()): number {
    const idDelayMs = this.#prepareIdempotence(nowMs)
    const delayMs = Math.min(idDelayMs, this.#sendProducerData(nowMs))
    if (this.#closing !== undefined && !this.#accumulator.hasIncomplete) this.#finish()
    return delayMs
  }

  /** Sends what is there, without lingering, and resolves when all of it is complete. */
  close(): Promise<void> {
    this.#closing ??= Promise.withResolvers<void>()
    this.#accumulator.close()
    if (!this.#accumulator.hasIncomplete) this.#finish()
    this.wakeup()
    return this.#closing.promise
  }

  /** Gives up what is not complete. */
  forceClose(error: KafkaError): void {
    this.#closing ??= Promise.withResolvers<void>()
    this.#accumulator.close()
    this.#inFlight.clear()
    this.#accumulator.abortIncompleteBatches(error)
    this.#finish()
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    if (this.#closed) return
    try {
      let delayMs = 0
      for (let pass = 0; pass < MAX_PASSES_PER_TURN && delayMs === 0 && !this.#closed; pass++) delayMs = this.runOnce()
      if (delayMs === 0) this.wakeup()
      else this.#wakeupAfter(delayMs)
    } catch (error) {
      this.#logger.error('the sender failed; it goes on after retryBackoffMs', { error })
      this.#wakeupAfter(this.#options.retryBackoffMs)
    }
  }

  /** A timer that fires too early costs one pass, so one that is early enough stays. Node cuts fractions off: a pass too early. */
  #wakeupAfter(delayMs: number): void {
    if (this.#closed || delayMs === Number.POSITIVE_INFINITY) return
    const atMs = this.#clock.monotonic() + delayMs
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return
    this.#timer?.cancel()
    this.#timerAtMs = atMs
    this.#timer = this.#clock.setTimer(this.#onTimer, Math.ceil(delayMs))
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined
    this.#turn()
  }

  #finish(): void {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    for (const stop of this.#stopListening.splice(0)) stop()
    this.#accumulator.closeCompressor()
    this.#closing?.resolve()
  }

  #sendProducerData(nowMs: number): number {
    const nextExpiryMs = this.#expireBatches(nowMs)
    const { metadata } = this.#client
    const { cluster } = metadata
    const { readyNodes, nextReadyCheckDelayMs, unknownLeaderTopics } = this.#accumulator.ready(cluster, nowMs)
    if (unknownLeaderTopics.size > 0) {
      for (const topic of unknownLeaderTopics) metadata.add(topic)
      metadata.requestUpdate()
    }
    let notReadyDelayMs = Number.POSITIVE_INFINITY
    for (const id of readyNodes) {
      const node = cluster.nodes.get(id)!
      const ready = this.#client.ready(node)
      this.#accumulator.updateNodeLatency(id, nowMs, ready)
      if (ready) continue
      readyNodes.delete(id)
      const refused = this.#client.authenticationError(node)
      if (refused !== null) this.#accumulator.abortUndrainedBatches(refused, id)
      notReadyDelayMs = Math.min(notReadyDelayMs, Math.max(1, this.#client.pollDelayMs(node)))
    }
    let sent = false
    for (const [id, batches] of this.#accumulator.drain(cluster, readyNodes, this.#options.maxRequestSize, nowMs)) {
      if (batches.length === 0) continue
      this.#send(cluster.nodes.get(id)!, batches, nowMs)
      sent = true
    }
    return sent ? 0 : Math.max(1, Math.min(nextReadyCheckDelayMs, notReadyDelayMs, nextExpiryMs - nowMs))
  }

  #send(node: Node, batches: readonly ProducerBatch[], nowMs: number): void {
    for (const batch of batches) {
      this.#inFlight.add(batch)
      batch.socketReferences++
      if (this.#guaranteeMessageOrder) this.#accumulator.mutePartition(batch)
    }
    this.#metrics.requestSent(batches, nowMs)
    if (isObserved('sluice:producer:send')) this.#publishSend(node, batches, nowMs)
    sendProduceRequest(
      this.#client,
      node,
      batches,
      this.#options,
      (batch, result) => {
        this.#completeBatch(batch, result, this.#clock.monotonic())
        this.wakeup()
      },
      () => {
        for (const batch of batches) this.#accumulator.released(batch)
        this.wakeup()
      },
    )
  }

  #publishSend(node: Node, batches: readonly ProducerBatch[], nowMs: number): void {
    const { clientId = '' } = this.#options
    for (const { topicPartition, recordCount: records, sizeInBytes: bytes, attempts: attempt, createdMs } of batches) {
      const { topic, partition } = topicPartition
      publish('sluice:producer:send', { clientId, nodeId: node.id, topic, partition, records, bytes, attempt, ageMs: nowMs - createdMs })
    }
  }

  #completeBatch(batch: ProducerBatch, result: ProduceResult, nowMs: number): void {
    const { error } = result
    if (error === null) {
      this.#succeed(batch, result)
    } else if (error.code === 'MESSAGE_TOO_LARGE' && batch.recordCount > 1 && !batch.isDone) {
      this.#split(batch)
    } else if (this.#canRetry(batch, result, nowMs)) {
      this.#retry(batch, error, nowMs)
    } else if (error.code === 'DUPLICATE_SEQUENCE_NUMBER') {
      // The broker took an earlier attempt, and has forgotten where to.
      this.#succeed(batch, result)
    } else {
      // After a lost answer, or one that leaves it open, nobody knows whether the batch was taken (Java looks at the retries only).
      const surelyNotTaken = batch.attempts === 0 && result.errorCode > 0 && !error.retriable
      this.#fail(batch, error, surelyNotTaken, recordErrorsOf(batch, result, error))
    }
    if (result.refreshMetadata) this.#learnOfLeader(batch, result)
    if (this.#guaranteeMessageOrder) this.#accumulator.unmutePartition(batch)
  }

  #succeed(batch: ProducerBatch, result: ProduceResult): void {
    this.#transactionManager?.handleCompletedBatch(batch, result.baseOffset)
    this.#inFlight.delete(batch)
    if (batch.complete(result.baseOffset, result.logAppendTimeMs)) this.#accumulator.completed(batch)
  }

  #split(batch: ProducerBatch): void {
    this.#inFlight.delete(batch)
    this.#transactionManager?.removeInFlightBatch(batch)
    const parts = this.#accumulator.splitAndReenqueue(batch)
    this.#metrics.batchSplit(this.#clock.monotonic())
    this.#accumulator.completed(batch)
    const { topic, partition } = batch.topicPartition
    this.#logger.warn('the broker found a batch too large; it is sent in parts. Is batchSize (batch.size) above its limit?', {
      topic,
      partition,
      parts,
    })
  }

  #canRetry(batch: ProducerBatch, result: ProduceResult, nowMs: number): boolean {
    const { deliveryTimeoutMs, retries } = this.#options
    if (batch.isDone || batch.attempts >= retries || batch.hasReachedDeliveryTimeout(deliveryTimeoutMs, nowMs)) return false
    const retriable = result.error!.retriable
    return this.#transactionManager?.canRetry(result, retriable, batch) ?? retriable
  }

  #retry(batch: ProducerBatch, error: KafkaError, nowMs: number): void {
    const { topic, partition } = batch.topicPartition
    this.#logger.debug('a batch is sent again', { topic, partition, attempt: batch.attempts + 1, code: error.code })
    this.#inFlight.delete(batch)
    this.#accumulator.reenqueue(batch, nowMs)
    this.#metrics.recordsRetried(batch.recordCount, nowMs)
  }

  #fail(batch: ProducerBatch, error: KafkaError, surelyNotTaken: boolean, recordError?: (index: number) => KafkaError): void {
    this.#inFlight.delete(batch)
    const manager = this.#transactionManager
    if (manager !== null && !batch.isDone) {
      if (error.code === 'CLUSTER_AUTHORIZATION_FAILED' || error.code === 'UNSUPPORTED_VERSION') manager.fail(error)
      manager.handleFailedBatch(batch, surelyNotTaken)
    }
    if (!batch.completeExceptionally(error, recordError)) return
    this.#metrics.recordsFailed(batch.recordCount, this.#clock.monotonic())
    this.#accumulator.completed(batch)
  }

  /** Returns when the next batch expires. */
  #expireBatches(nowMs: number): number {
    const { deliveryTimeoutMs } = this.#options
    const { expired, nextExpiryMs } = this.#accumulator.expiredBatches(nowMs)
    let next = nextExpiryMs
    for (const batch of this.#inFlight) {
      if (batch.hasReachedDeliveryTimeout(deliveryTimeoutMs, nowMs)) expired.push(batch)
      else next = Math.min(next, batch.createdMs + deliveryTimeoutMs)
    }
    for (const batch of expired) {
      this.#fail(batch, this.#expiredError(batch, nowMs), false)
    }
    return next
  }

  #expiredError(batch: ProducerBatch, nowMs: number): KafkaError {
    const { topic, partition } = batch.topicPartition
    const message =
      `expired ${batch.recordCount} record(s) for topic "${topic}", partition ${partition}: ${Math.round(nowMs - batch.createdMs)} ms ` +
      `have passed since the batch was begun, more than deliveryTimeoutMs (delivery.timeout.ms) ${this.#options.deliveryTimeoutMs}`
    return new KafkaError('TIMEOUT', message, { retriable: true, topic, partition })
  }

  /** The answer says that the leader is another; sometimes it says which (KIP-951), so that the next attempt need not wait. */
  #learnOfLeader(batch: ProducerBatch, { currentLeader, nodes }: ProduceResult): void {
    const { topic, partition } = batch.topicPartition
    const { metadata } = this.#client
    if (currentLeader !== undefined && metadata.updateLeader(topic, partition, currentLeader.leaderId, currentLeader.leaderEpoch, nodes))
      return
    metadata.requestUpdate()
  }

  /** Sees to producer id and epoch; returns when the next attempt at an id is due. */
  #prepareIdempotence(nowMs: number): number {
    const manager = this.#transactionManager
    if (manager === null) return Number.POSITIVE_INFINITY
    if (manager.fatalError !== undefined) this.#accumulator.abortIncompleteBatches(manager.fatalError)
    manager.maybeResolveSequences()
    manager.bumpEpochIfRequired()
    if (!manager.needsProducerId) return Number.POSITIVE_INFINITY
    if (nowMs < this.#producerIdRetryAtMs) return Math.max(1, this.#producerIdRetryAtMs - nowMs)
    const node = this.#client.leastLoadedNode()
    if (node === null) return Math.max(1, this.#options.retryBackoffMs)
    if (!this.#client.ready(node)) {
      const refused = this.#client.authenticationError(node)
      if (refused !== null) this.#accumulator.abortUndrainedBatches(refused)
      return Math.max(1, this.#client.pollDelayMs(node))
    }
    this.#requestProducerId(node, manager)
    return Number.POSITIVE_INFINITY
  }

  #requestProducerId(node: Node, manager: TransactionManager): void {
    manager.beginInitialization()
    const message = { transactionalId: null, transactionTimeoutMs: NO_TRANSACTION_TIMEOUT_MS, producerId: -1, producerEpoch: -1 }
    this.#client.send(node, initProducerIdApi, message, {}, (failure, response) => {
      const error = failure ?? (response!.errorCode === 0 ? null : kafkaErrorFor(response!.errorCode))
      if (error === null) manager.setProducerId(response!.producerId, response!.producerEpoch)
      else this.#producerIdFailed(manager, error)
      this.wakeup()
    })
  }

  #producerIdFailed(manager: TransactionManager, error: KafkaError): void {
    manager.initializationFailed()
    this.#producerIdRetryAtMs = this.#clock.monotonic() + this.#options.retryBackoffMs
    if (error.code === 'UNSUPPORTED_VERSION') {
      const message = 'the brokers give no producer ids, which enableIdempotence (enable.idempotence) needs'
      manager.fail(new KafkaError('UNSUPPORTED_VERSION', message, { cause: error }))
    } else if (!error.retriable && error.code !== 'NETWORK' && error.code !== 'TIMEOUT') {
      this.#logger.warn('no producer id', { code: error.code, error })
      this.#accumulator.abortUndrainedBatches(error)
    }
  }
}
