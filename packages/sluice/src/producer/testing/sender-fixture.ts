import { errorCodes } from '@sluice/protocol'
import type { KafkaError } from '../../errors.ts'
import { silentLogger } from '../../logger.ts'
import { ManualClock } from '../../network/testing/manual-clock.ts'
import { MockClient, type MockRequest } from '../../network/testing/mock-client.ts'
import type { RecordMetadata } from '../../record/record-metadata.ts'
import type { TopicPartition } from '../../record/topic-partition.ts'
import { BufferPool } from '../buffer-pool.ts'
import type { BatchContext } from '../producer-batch.ts'
import { type AccumulatorOptions, RecordAccumulator } from '../record-accumulator.ts'
import { Sender, type SenderOptions } from '../sender.ts'
import { TransactionManager } from '../transaction-manager.ts'
import type { ManualCompressors } from './manual-compressors.ts'
import { type PartitionAnswer, type ProducedBatch, producedBatch, produceResponse } from './produce-responses.ts'
import { recordBytes, type TestRecord } from './records.ts'

export interface SenderSetup extends Partial<AccumulatorOptions>, Partial<SenderOptions> {
  readonly idempotent?: boolean
  readonly leaders?: readonly number[]
  readonly nodes?: number
  /** Batches are compressed with gzip, by these. */
  readonly compressors?: ManualCompressors
}

/** How one record ended. */
export interface Outcome {
  metadata: RecordMetadata | undefined
  error: KafkaError | null | undefined
  times: number
}

/** A sender as in Java's SenderTest: request timeout 5000, backoff 50, delivery timeout 1500, linger 0. `runOnce` is called by the test. */
export class SenderFixture {
  readonly clock: ManualClock = new ManualClock()
  readonly client: MockClient
  readonly pool: BufferPool
  readonly accumulator: RecordAccumulator
  readonly transactionManager: TransactionManager | null
  readonly sender: Sender

  constructor({ idempotent = true, leaders = [0, 0], nodes = 2, compressors, ...options }: SenderSetup = {}) {
    const resolved = {
      acks: -1 as const,
      retries: 2 ** 31 - 1,
      maxRequestSize: 1024 * 1024,
      requestTimeoutMs: 5000,
      deliveryTimeoutMs: 1500,
      retryBackoffMs: 50,
      retryBackoffMaxMs: 50,
      maxInFlightRequestsPerConnection: 5,
      batchSize: 16384,
      lingerMs: 0,
      adaptivePartitioning: true,
      partitionAvailabilityTimeoutMs: 0,
      ...options,
    }
    this.client = new MockClient({ clock: this.clock, nodes, maxInFlight: resolved.maxInFlightRequestsPerConnection })
    this.client.updateMetadata({ t: { leaders } })
    this.pool = new BufferPool(1024 * 1024, resolved.batchSize, this.clock)
    this.transactionManager = idempotent ? new TransactionManager(silentLogger) : null
    const { clock, client, transactionManager } = this
    const context: BatchContext = {
      compression: compressors === undefined ? 'none' : 'gzip',
      compressionLevel: undefined,
      logger: silentLogger,
      newCompressor: compressors?.newCompressor,
      compressInlineBelowBytes: 20,
    }
    this.accumulator = new RecordAccumulator(resolved, this.pool, context, clock, transactionManager, () => 0.5)
    this.sender = new Sender(resolved, { client, accumulator: this.accumulator, transactionManager, clock, logger: silentLogger })
  }

  /** Gets a producer id, as every idempotent test needs one first. */
  initProducerId(producerId = 343434, producerEpoch = 0): this {
    this.sender.runOnce()
    this.request('InitProducerId').respond({ throttleTimeMs: 0, errorCode: 0, producerId, producerEpoch })
    return this
  }

  append(record: TestRecord = {}): Outcome {
    const outcome: Outcome = { metadata: undefined, error: undefined, times: 0 }
    const bytes = recordBytes(record)
    const callback = (metadata: RecordMetadata, error: KafkaError | null): void => {
      outcome.metadata = metadata
      outcome.error = error
      outcome.times++
    }
    if (this.accumulator.append(bytes, callback, null, this.client.metadata.cluster.topics.get('t')!) === 0) throw new Error('no memory')
    return outcome
  }

  /** One record that a batch of its own takes along. */
  appendAndSend(record: TestRecord = {}): Outcome {
    const outcome = this.append(record)
    this.sender.runOnce()
    return outcome
  }

  runOnce(): number {
    return this.sender.runOnce()
  }

  advance(ms: number): void {
    this.clock.advance(ms)
  }

  get produceRequests(): MockRequest[] {
    return this.client.requests.filter(({ api }) => api.name === 'Produce')
  }

  /** The oldest request of that API which waits for an answer. */
  request(api = 'Produce'): MockRequest {
    const request = this.client.requests.find((one) => one.api.name === api)
    if (request === undefined) throw new Error(`no ${api} request is in flight`)
    return request
  }

  /** The only batch of the n-th produce request in flight. */
  sent(index = 0): ProducedBatch {
    return producedBatch(this.produceRequests[index]!)
  }

  /** Answers the n-th produce request in flight. */
  respond(answer: PartitionAnswer & { error?: keyof typeof errorCodes } = {}, index = 0): void {
    const { error, ...rest } = answer
    const request = this.produceRequests[index]!
    request.respond(produceResponse(request, error === undefined ? rest : { baseOffset: -1, ...rest, errorCode: errorCodes[error] }))
  }

  /** The key under which the transaction manager knows the partition: what batches of it carry. */
  topicPartition(partition = 0): TopicPartition {
    const queue = this.accumulator.topicPartition('t', partition)
    if (queue === undefined) throw new Error(`nothing was sent to partition ${partition}`)
    return queue
  }

  nextSequence(partition = 0): number {
    return this.transactionManager!.sequenceNumber(this.topicPartition(partition))
  }

  lastAcked(partition = 0): number {
    return this.transactionManager!.lastAckedSequence(this.topicPartition(partition))
  }

  hasUnresolved(partition = 0): boolean {
    return this.transactionManager!.hasUnresolvedSequence(this.topicPartition(partition))
  }
}
