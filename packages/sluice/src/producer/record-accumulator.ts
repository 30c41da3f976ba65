import { createCompressor } from '@sluice/protocol'
import type { Clock } from '../clock.ts'
import { KafkaError } from '../errors.ts'
import type { Cluster, TopicInfo } from '../network/cluster.ts'
import { ExponentialBackoff } from '../network/exponential-backoff.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import { BatchCompressor } from './batch-compressor.ts'
import type { BufferPool } from './buffer-pool.ts'
import { BuiltInPartitioner, type StickyPartition } from './built-in-partitioner.ts'
import { FlushWaiter } from './flush-waiter.ts'
import { PartitionQueue, TopicQueues } from './partition-queue.ts'
import { type BatchContext, ProducerBatch } from './producer-batch.ts'
import type { RecordBytes } from './record-bytes.ts'
import type { Reject, Resolve, SendCallback } from './record-thunks.ts'
import type { TransactionManager } from './transaction-manager.ts'

export interface AccumulatorOptions {
  readonly batchSize: number
  readonly lingerMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly deliveryTimeoutMs: number
  readonly adaptivePartitioning: boolean
  readonly partitionAvailabilityTimeoutMs: number
}

/** What `append` did, as flags. 0: nothing, since memory is missing. */
export const APPENDED = 1
export const NEW_BATCH = 2
/** The sender has a full batch to send. */
export const BATCH_FULL = 4

export interface ReadyCheck {
  /** Ids of the leaders that have something to get. */
  readonly readyNodes: Set<number>
  /** When to look again, if nothing else happens. */
  nextReadyCheckDelayMs: number
  /** Topics with records for a partition that has no leader at present. */
  readonly unknownLeaderTopics: Set<string>
}

/** When a node was last able to take requests, and when it last got some. */
interface NodeLatency {
  readyMs: number
  drainedMs: number
}

/** Ratios move quickly to the worse and slowly to the better, so that batches seldom turn out too large. */
const RATIO_IMPROVING_STEP = 0.005
const RATIO_DETERIORATING_STEP = 0.05
/** How long a topic without batches is still looked at in every pass. */
const IDLE_AFTER_MS = 1000
/** Where a thread that compresses gains more than handing it the records costs; measured with zstd and lz4. */
const COMPRESS_INLINE_BELOW_BYTES = 4096

/**
 * Gathers records into batches by partition, in memory from the pool (Java: RecordAccumulator). Senders append at one
 * end of a partition's queue, the sender drains the other.
 */
export class RecordAccumulator {
  readonly pool: BufferPool
  /** Partition of the last record that `append` was asked for; -1 when it was not chosen yet. */
  chosenPartition = -1
  readonly #options: AccumulatorOptions
  readonly #context: BatchContext
  readonly #clock: Clock
  readonly #random: () => number
  readonly #transactionManager: TransactionManager | null
  readonly #backoff: ExponentialBackoff
  /** Undefined without compression. */
  readonly #compressor: BatchCompressor | undefined
  #onCompressed: () => void = () => {}
  /** Never forgets one: an idempotent producer's sequences go on where they were. */
  readonly #topics = new Map<string, TopicQueues>()
  /** Those that have batches or had some lately. */
  readonly #active = new Set<TopicQueues>()
  /** Those of the last append: mostly the next one is to the same topic. */
  #lastQueues: TopicQueues | undefined
  readonly #incomplete = new Set<ProducerBatch>()
  readonly #nodeLatencies = new Map<number, NodeLatency>()
  /** By node: the partition that the last drain came to, so that every partition has its turn. */
  readonly #drainIndexes = new Map<number, number>()
  #queuesByNode = new Map<number, PartitionQueue[]>()
  #queuesAddedSince = true
  #leadersOf: Cluster | undefined
  #flushesInProgress = 0
  #closed = false

  constructor(
    options: AccumulatorOptions,
    pool: BufferPool,
    context: BatchContext,
    clock: Clock,
    transactionManager: TransactionManager | null,
    random: () => number = Math.random,
  ) {
    this.#options = options
    this.pool = pool
    const { compression, compressionLevel } = context
    this.#context = { pool, ...context }
    this.#clock = clock
    this.#random = random
    this.#transactionManager = transactionManager
    this.#backoff = new ExponentialBackoff(options.retryBackoffMs, options.retryBackoffMaxMs, random)
    if (compression !== 'none') {
      const newLane = context.newCompressor ?? (() => createCompressor(compression, compressionLevel))
      this.#compressor = new BatchCompressor(newLane, (batch, error) => this.#compressed(batch, error))
    }
  }

  /** `listener` is called when batches may have become ready because they are compressed. */
  onCompressed(listener: () => void): void {
    this.#onCompressed = listener
  }

  /**
   * Puts the record into the last batch of its partition, or into a new one. `settle` is the callback, or `resolve` with
   * its `reject`. Returns 0 when a new batch is needed and the pool is empty: allocate `bytesForNewBatch`, and call again
   * with that buffer. Whether it was used tells NEW_BATCH; if not, it goes back to the pool here.
   */
  append(record: RecordBytes, settle: SendCallback | Resolve, reject: Reject | null, topic: TopicInfo, buffer?: Buffer): number {
    let queues = this.#lastQueues
    if (queues === undefined || queues.topic !== topic.name) this.#lastQueues = queues = this.#topicQueues(topic.name)
    for (;;) {
      const sticky = record.partition < 0 ? queues.partitioner.current(topic) : undefined
      const queue = this.#queue(queues, sticky === undefined ? record.partition : sticky.partition)
      if (sticky !== undefined && this.#switchPartition(sticky, queues, queue, topic)) continue
      this.chosenPartition = queue.partition
      const last = queue.last
      if (last !== undefined) {
        const before = last.estimatedSizeInBytes
        if (last.tryAppend(record, settle, reject)) {
          const { isFull } = last
          if (sticky !== undefined) queues.partitioner.update(sticky, last.estimatedSizeInBytes - before, topic, isFull)
          if (buffer !== undefined) this.pool.deallocate(buffer)
          if (isFull && this.#compressor !== undefined) this.#compressEarly(last)
          return isFull || queue.length > 1 ? APPENDED | BATCH_FULL : APPENDED
        }
        last.closeForAppends()
        if (this.#compressor !== undefined) this.#compressEarly(last)
        if (sticky !== undefined && this.#switchPartition(sticky, queues, queue, topic)) continue
      }
      const memory = buffer ?? this.pool.tryAllocate(this.bytesForNewBatch(record))
      if (memory === null) return 0
      const nowMs = this.#clock.monotonic()
      const batch = new ProducerBatch(
        queue,
        memory,
        nowMs,
        this.#context,
        queues.compressionRatio,
        false,
        memory.length,
        queue.recordsInLastBatch,
      )
      queues.lastBatchMs = nowMs
      this.#activate(queues)
      batch.tryAppend(record, settle, reject)
      queue.addLast(batch)
      this.#incomplete.add(batch)
      if (this.#compressor !== undefined && batch.isFull) this.#compressEarly(batch)
      if (sticky !== undefined) queues.partitioner.update(sticky, batch.estimatedSizeInBytes, topic, batch.isFull)
      return queue.length > 1 || batch.isFull ? APPENDED | NEW_BATCH | BATCH_FULL : APPENDED | NEW_BATCH
    }
  }

  bytesForNewBatch(record: RecordBytes): number {
    return Math.max(this.#options.batchSize, record.batchSizeUpperBound())
  }

  /** Which nodes have something to get now, and when to look again. */
  ready(cluster: Cluster, nowMs: number): ReadyCheck {
    this.#refreshLeaders(cluster)
    const check: ReadyCheck = { readyNodes: new Set(), nextReadyCheckDelayMs: Number.POSITIVE_INFINITY, unknownLeaderTopics: new Set() }
    const everythingSendable = this.pool.queued > 0 || this.#closed || this.#flushesInProgress > 0
    for (const queues of this.#active) {
      this.#topicReady(queues, cluster, nowMs, everythingSendable, check)
      if (nowMs - queues.lastBatchMs > IDLE_AFTER_MS && queues.isEmpty) this.#deactivate(queues)
    }
    return check
  }

  /** Takes at most one batch of each partition that a node leads, up to `maxSize` bytes for each node. */
  drain(cluster: Cluster, nodes: Iterable<number>, maxSize: number, nowMs: number): Map<number, ProducerBatch[]> {
    this.#refreshLeaders(cluster)
    const drained = new Map<number, ProducerBatch[]>()
    for (const node of nodes) drained.set(node, this.#drainNode(node, maxSize, nowMs))
    return drained
  }

  /** Another attempt, after a pause. */
  reenqueue(batch: ProducerBatch, nowMs: number): void {
    batch.reenqueued(nowMs, this.#backoff.delayMs(batch.attempts))
    this.#activate(this.#topicQueues(batch.topicPartition.topic))
    this.#queueOf(batch).insert(batch)
  }

  /** The broker finds the batch too large: its records go out in smaller ones, at once and in order. Returns how many. */
  splitAndReenqueue(batch: ProducerBatch): number {
    const queue = this.#queueOf(batch)
    const queues = this.#topicQueues(batch.topicPartition.topic)
    this.#activate(queues)
    queues.compressionRatio = Math.max(1, batch.compressionRatio)
    // A broker may take less than batchSize: what is that small already must still become smaller.
    const size = batch.estimatedSizeInBytes
    const target =
      batch.isSplitBatch || size <= this.#options.batchSize ? Math.max(batch.maxRecordSize, Math.ceil(size / 2)) : this.#options.batchSize
    const parts = batch.split(target)
    for (const waiter of batch.flushWaiters ?? []) for (const part of parts) waiter.await(part)
    for (const part of parts) this.#incomplete.add(part)
    for (const part of parts.toReversed()) {
      this.#transactionManager?.addInFlightBatch(part)
      queue.insert(part)
    }
    return parts.length
  }

  /** The batch is done: whoever flushes hears of it, and its memory goes back once the socket has let go of it. */
  completed(batch: ProducerBatch): void {
    if (!this.#incomplete.delete(batch)) return
    for (const waiter of batch.flushWaiters ?? []) waiter.completed()
    batch.flushWaiters = undefined
    this.#freeIfUnused(batch)
  }

  /** A request that held the batch's bytes is through. */
  released(batch: ProducerBatch): void {
    batch.socketReferences--
    if (batch.isDone) this.#freeIfUnused(batch)
  }

  /** Takes the batches out of the queues whose delivery timeout is over; `nextExpiryMs` is when the next one's will be. */
  expiredBatches(nowMs: number): { expired: ProducerBatch[]; nextExpiryMs: number } {
    const { deliveryTimeoutMs } = this.#options
    const expired: ProducerBatch[] = []
    let nextExpiryMs = Number.POSITIVE_INFINITY
    for (const queues of this.#active) {
      for (const queue of queues.all) {
        let first = queue.first
        while (first?.hasReachedDeliveryTimeout(deliveryTimeoutMs, nowMs)) {
          expired.push(queue.removeFirst()!)
          first = queue.first
        }
        if (first !== undefined) nextExpiryMs = Math.min(nextExpiryMs, first.createdMs + deliveryTimeoutMs)
      }
    }
    return { expired, nextExpiryMs }
  }

  /** The object that stands for a partition in every batch of it; undefined before the first. */
  topicPartition(topic: string, partition: number): TopicPartition | undefined {
    return this.#topics.get(topic)?.byPartition[partition]
  }

  /** True while a batch waits in a queue. */
  get hasUndrained(): boolean {
    for (const queues of this.#active) if (!queues.isEmpty) return true
    return false
  }

  get hasIncomplete(): boolean {
    return this.#incomplete.size > 0
  }

  /** While a partition is muted, nothing is drained from it. */
  mutePartition(batch: ProducerBatch): void {
    this.#queueOf(batch).muted = true
  }

  unmutePartition(batch: ProducerBatch): void {
    this.#queueOf(batch).muted = false
  }

  /** Makes every batch sendable, until as many `endFlush` followed. */
  beginFlush(): void {
    this.#flushesInProgress++
  }

  endFlush(): void {
    this.#flushesInProgress--
  }

  get flushInProgress(): boolean {
    return this.#flushesInProgress > 0
  }

  /** Waits for the batches that are incomplete now, also through splits. */
  awaitFlushCompletion(): Promise<void> {
    return new FlushWaiter(this.#incomplete).done
  }

  /** Fails every batch that is not complete. */
  abortIncompleteBatches(error: KafkaError): void {
    for (const batch of [...this.#incomplete]) this.#abort(batch, error)
  }

  /** Fails the batches that no request has taken yet, of all partitions or of those that a node leads. */
  abortUndrainedBatches(error: KafkaError, leader?: number): void {
    for (const queues of this.#active) {
      for (const queue of queues.all) {
        if (leader !== undefined && queue.leader !== leader) continue
        for (const batch of queue.batches()) if (!batch.hasSequence) this.#abort(batch, error)
      }
    }
  }

  /** Nothing lingers any more; who waits for memory gets CLOSED. */
  close(): void {
    this.#closed = true
    this.pool.close()
  }

  /** Nothing will be sent any more. */
  closeCompressor(): void {
    this.#compressor?.close()
  }

  /** For the availability timeout: `drained` when the node got requests, else it could have. */
  updateNodeLatency(node: number, nowMs: number, drained: boolean): void {
    if (this.#options.partitionAvailabilityTimeoutMs <= 0) return
    let latency = this.#nodeLatencies.get(node)
    if (latency === undefined) this.#nodeLatencies.set(node, (latency = { readyMs: nowMs, drainedMs: nowMs }))
    latency.readyMs = nowMs
    if (drained) latency.drainedMs = nowMs
  }

  #topicReady(queues: TopicQueues, cluster: Cluster, nowMs: number, everythingSendable: boolean, check: ReadyCheck): void {
    const { adaptivePartitioning, partitionAvailabilityTimeoutMs } = this.#options
    const partitionCount = cluster.topics.get(queues.topic)?.partitions.length ?? 0
    // Until every partition has had a batch, the queue lengths would say little.
    const adaptive = adaptivePartitioning && partitionCount > 1 && queues.all.length >= partitionCount
    const sizes: number[] = []
    const partitions: number[] = []
    for (const queue of queues.all) {
      const { leader } = queue
      if (queue.first !== undefined) this.#partitionReady(queue, nowMs, everythingSendable, check)
      if (!adaptive || leader < 0) continue
      if (queue.first !== undefined && partitionAvailabilityTimeoutMs > 0 && this.#isUnavailable(leader)) continue
      sizes.push(queue.length)
      partitions.push(queue.partition)
    }
    queues.partitioner.updateLoad(adaptive ? sizes : undefined, partitions, queues.all.length)
  }

  #partitionReady(queue: PartitionQueue, nowMs: number, everythingSendable: boolean, check: ReadyCheck): void {
    if (queue.leader < 0) {
      check.unknownLeaderTopics.add(queue.topic)
      return
    }
    const first = queue.first!
    first.maybeUpdateLeaderEpoch(queue.leaderEpoch)
    // Once it is compressed there is another pass.
    if (first.isCompressing) return
    if (queue.muted || check.readyNodes.has(queue.leader)) return
    const backingOff = first.isBackingOff(nowMs)
    const timeToWaitMs = backingOff ? first.backoffMs : this.#options.lingerMs
    const timeLeftMs = Math.max(0, timeToWaitMs - first.waitedTimeMs(nowMs))
    const sendable = timeLeftMs === 0 || everythingSendable || queue.length > 1 || first.isFull
    if (sendable && !backingOff) check.readyNodes.add(queue.leader)
    else check.nextReadyCheckDelayMs = Math.min(check.nextReadyCheckDelayMs, timeLeftMs)
  }

  #isUnavailable(node: number): boolean {
    const latency = this.#nodeLatencies.get(node)
    return latency !== undefined && latency.readyMs - latency.drainedMs > this.#options.partitionAvailabilityTimeoutMs
  }

  #drainNode(node: number, maxSize: number, nowMs: number): ProducerBatch[] {
    const queues = this.#queuesByNode.get(node) ?? []
    const drained: ProducerBatch[] = []
    const start = (this.#drainIndexes.get(node) ?? 0) % Math.max(1, queues.length)
    let size = 0
    for (let turn = 0; turn < queues.length; turn++) {
      const index = (start + turn) % queues.length
      const queue = queues[index]!
      const first = queue.first
      this.#drainIndexes.set(node, index)
      if (first === undefined || queue.muted) continue
      first.maybeUpdateLeaderEpoch(queue.leaderEpoch)
      if (first.isBackingOff(nowMs)) continue
      // A batch that is too large by itself still goes, alone.
      if (size + first.estimatedSizeInBytes > maxSize && drained.length > 0) return drained
      if (this.#transactionManager?.mustWait(first)) continue
      if (first.needsCompression && !this.#compress(first)) continue
      queue.removeFirst()
      if (this.#transactionManager !== null && !first.hasSequence) this.#transactionManager.assignSequence(first)
      size += first.encode().length
      first.drainedMs = nowMs
      drained.push(first)
    }
    this.#drainIndexes.set(node, start + 1)
    return drained
  }

  /** A batch that takes no more records need not wait for its turn to be sent. */
  #compressEarly(batch: ProducerBatch): void {
    if (batch.needsCompression && !batch.isCompressing && this.#isWorthAThread(batch)) this.#compressor!.add(batch)
  }

  /** True when the batch is compressed now; else another thread does it, or it failed. */
  #compress(batch: ProducerBatch): boolean {
    if (batch.isCompressing) return false
    if (this.#isWorthAThread(batch)) {
      this.#compressor!.add(batch)
      return false
    }
    try {
      batch.compressInline()
    } catch (cause) {
      this.#compressionFailed(batch, cause)
      return false
    }
    this.#learnRatio(batch)
    return true
  }

  /** From the other thread. */
  #compressed(batch: ProducerBatch, error: Error | null): void {
    if (batch.isDone) this.#freeIfUnused(batch)
    else if (error === null) this.#learnRatio(batch)
    else this.#compressionFailed(batch, error)
    this.#onCompressed()
  }

  #isWorthAThread(batch: ProducerBatch): boolean {
    return batch.recordsSizeInBytes >= (this.#context.compressInlineBelowBytes ?? COMPRESS_INLINE_BELOW_BYTES)
  }

  #compressionFailed(batch: ProducerBatch, cause: unknown): void {
    const { topic, partition } = batch.topicPartition
    const message = `records for topic "${topic}" could not be compressed with ${this.#context.compression} (compressionType, compression.type)`
    // Only the parts of a split batch have a sequence by now, which no broker took.
    if (batch.hasSequence) this.#transactionManager?.handleFailedBatch(batch, true)
    this.#abort(batch, new KafkaError('SERIALIZATION', message, { topic, partition, cause }))
  }

  #learnRatio(batch: ProducerBatch): void {
    if (batch.isSplitBatch) return
    const queues = this.#topicQueues(batch.topicPartition.topic)
    const observed = batch.compressionRatio
    const estimate = queues.compressionRatio
    queues.compressionRatio =
      observed > estimate ? Math.max(estimate + RATIO_DETERIORATING_STEP, observed) : Math.max(estimate - RATIO_IMPROVING_STEP, observed)
  }

  /** Keyless records go on to another partition when enough went to this one and no batch is left half full. */
  #switchPartition(sticky: StickyPartition, queues: TopicQueues, queue: PartitionQueue, topic: TopicInfo): boolean {
    if (queue.last !== undefined && !queue.last.isFull) return false
    queues.partitioner.update(sticky, 0, topic, true)
    return queues.partitioner.current(topic) !== sticky
  }

  #refreshLeaders(cluster: Cluster): void {
    if (cluster === this.#leadersOf && !this.#queuesAddedSince) return
    this.#leadersOf = cluster
    this.#queuesAddedSince = false
    this.#queuesByNode = new Map()
    for (const { all } of this.#active) {
      for (const queue of all) {
        const info = cluster.topics.get(queue.topic)?.partitions[queue.partition]
        queue.leader = info !== undefined && cluster.nodes.has(info.leader) ? info.leader : -1
        queue.leaderEpoch = info?.leaderEpoch ?? -1
        if (queue.leader < 0) continue
        const queues = this.#queuesByNode.get(queue.leader)
        if (queues === undefined) this.#queuesByNode.set(queue.leader, [queue])
        else queues.push(queue)
      }
    }
  }

  #activate(queues: TopicQueues): void {
    if (queues.active) return
    queues.active = true
    this.#active.add(queues)
    this.#queuesAddedSince = true
  }

  #deactivate(queues: TopicQueues): void {
    queues.active = false
    this.#active.delete(queues)
    this.#queuesAddedSince = true
  }

  #topicQueues(topic: string): TopicQueues {
    let queues = this.#topics.get(topic)
    if (queues === undefined) {
      queues = new TopicQueues(topic, new BuiltInPartitioner(topic, Math.max(1, this.#options.batchSize), this.#random))
      this.#topics.set(topic, queues)
    }
    return queues
  }

  #queue(queues: TopicQueues, partition: number): PartitionQueue {
    let queue = queues.byPartition[partition]
    if (queue === undefined) {
      queue = new PartitionQueue(queues.topic, partition)
      queues.add(queue)
      this.#queuesAddedSince = true
    }
    return queue
  }

  #queueOf(batch: ProducerBatch): PartitionQueue {
    return batch.topicPartition as PartitionQueue
  }

  #abort(batch: ProducerBatch, error: KafkaError): void {
    this.#queueOf(batch).remove(batch)
    this.#transactionManager?.removeInFlightBatch(batch)
    if (!batch.isDone) batch.abort(error)
    this.completed(batch)
  }

  /** Memory goes back when neither a socket nor another thread can read it. */
  #freeIfUnused(batch: ProducerBatch): void {
    if (batch.socketReferences === 0 && !batch.isCompressing) batch.free(this.pool)
  }
}
