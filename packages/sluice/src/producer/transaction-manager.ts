import { errorCodes } from '@sluice/protocol'
import type { KafkaError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import { isBefore, NO_SEQUENCE, nextSequence, type ProducerBatch } from './producer-batch.ts'

const NO_PRODUCER_ID = -1
const MAX_EPOCH = 32767
/** A broker recognises the last five batches of a producer when they come again (Kafka: NUM_BATCHES_TO_RETAIN). */
const REMEMBERED_BATCHES = 5

/** What a broker answered for one batch, as far as idempotence cares. */
export interface SequenceResponse {
  readonly errorCode: number
  readonly baseOffset: number
  /** -1 when the broker does not know it. */
  readonly logStartOffset: number
}

/** One partition's place in the sequence (Java: TxnPartitionEntry). */
interface PartitionSequences {
  readonly topicPartition: TopicPartition
  producerId: number
  producerEpoch: number
  /** The broker has acknowledged something under this producer id. */
  established: boolean
  nextSequence: number
  /** Batches that got a sequence so far. */
  assigned: number
  lastAckedSequence: number
  lastAckedOffset: number
  /** Batches with a sequence that are not complete, by sequence; also those that wait for another attempt. */
  inFlight: ProducerBatch[]
  /** The sequence after batches of which nobody knows whether the broker took them; -1 when there are none. */
  unresolvedUpTo: number
}

/**
 * Producer id, epoch and sequences, by which brokers recognise a batch that they took already (Java:
 * TransactionManager, as far as an idempotent producer needs it). Everything runs on the sender's turn.
 */
export class TransactionManager {
  #producerId = NO_PRODUCER_ID
  #producerEpoch = -1
  #initializing = false
  #fatalError: KafkaError | undefined
  readonly #partitions = new Map<TopicPartition, PartitionSequences>()
  readonly #toRewrite = new Set<PartitionSequences>()
  /** Those with batches of which nobody knows whether they were taken. */
  readonly #unresolved = new Set<PartitionSequences>()
  #bumpRequired = false
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  get producerId(): number {
    return this.#producerId
  }

  get producerEpoch(): number {
    return this.#producerEpoch
  }

  get hasProducerId(): boolean {
    return this.#producerId !== NO_PRODUCER_ID
  }

  /** Nothing can be sent any more: every send fails with this error. */
  get fatalError(): KafkaError | undefined {
    return this.#fatalError
  }

  /** True when the sender has to ask for a producer id now. */
  get needsProducerId(): boolean {
    return !this.hasProducerId && !this.#initializing && this.#fatalError === undefined
  }

  beginInitialization(): void {
    this.#initializing = true
  }

  setProducerId(producerId: number, producerEpoch: number): void {
    this.#initializing = false
    this.#producerId = producerId
    this.#producerEpoch = producerEpoch
    if (this.#bumpRequired) this.#rewriteSequences()
    this.#logger.debug('producer id assigned', { producerId, producerEpoch })
  }

  /** The request for an id failed; the sender may ask again. */
  initializationFailed(): void {
    this.#initializing = false
  }

  fail(error: KafkaError): void {
    this.#fatalError ??= error
  }

  sequenceNumber(topicPartition: TopicPartition): number {
    return this.#of(topicPartition).nextSequence
  }

  lastAckedSequence(topicPartition: TopicPartition): number {
    return this.#of(topicPartition).lastAckedSequence
  }

  lastAckedOffset(topicPartition: TopicPartition): number {
    return this.#of(topicPartition).lastAckedOffset
  }

  hasInFlightBatches(topicPartition: TopicPartition): boolean {
    return this.#of(topicPartition).inFlight.length > 0
  }

  firstInFlightSequence(topicPartition: TopicPartition): number {
    return this.#of(topicPartition).inFlight[0]?.baseSequence ?? NO_SEQUENCE
  }

  hasUnresolvedSequence(topicPartition: TopicPartition): boolean {
    return this.#of(topicPartition).unresolvedUpTo !== NO_SEQUENCE
  }

  /**
   * Whether the batch at the head of its queue has to wait: for a producer id, for batches of an older epoch, for
   * certainty about expired ones, or, when it is sent again, for those before it.
   */
  mustWait(batch: ProducerBatch): boolean {
    if (!this.hasProducerId) return true
    const partition = this.#of(batch.topicPartition)
    const first = partition.inFlight[0]
    // A broker that knows nothing of a producer id takes any sequence as its first. If a later batch got there before
    // the first one, that one could never be written; so until the first is acknowledged, it goes alone (Java does not wait).
    if (!partition.established && first !== undefined && first !== batch) return true
    if (!batch.hasSequence) {
      if (partition.unresolvedUpTo !== NO_SEQUENCE) return true
      if (first === undefined) return false
      // While one batch is tried again and again, five newer ones would make the broker forget that it took it (Java goes on).
      return this.#isStale(partition) || partition.assigned - first.sequenceOrdinal >= REMEMBERED_BATCHES
    }
    return first !== undefined && first.baseSequence !== batch.baseSequence
  }

  /** Gives a batch that goes out for the first time its identity. */
  assignSequence(batch: ProducerBatch): void {
    const partition = this.#of(batch.topicPartition)
    if (this.#isStale(partition) && partition.inFlight.length === 0) this.#startSequencesAtBeginning(partition)
    batch.setProducerState(this.#producerId, this.#producerEpoch, partition.nextSequence)
    batch.sequenceOrdinal = partition.assigned++
    partition.nextSequence = nextSequence(partition.nextSequence, batch.recordCount)
    this.addInFlightBatch(batch)
  }

  addInFlightBatch(batch: ProducerBatch): void {
    const { inFlight } = this.#of(batch.topicPartition)
    let at = inFlight.length
    while (at > 0 && isBefore(batch.baseSequence, inFlight[at - 1]!.baseSequence)) at--
    inFlight.splice(at, 0, batch)
  }

  removeInFlightBatch(batch: ProducerBatch): void {
    const { inFlight } = this.#of(batch.topicPartition)
    const at = inFlight.indexOf(batch)
    if (at >= 0) inFlight.splice(at, 1)
  }

  /** The broker took the batch; `baseOffset` -1 when it does not know where. */
  handleCompletedBatch(batch: ProducerBatch, baseOffset: number): void {
    const partition = this.#of(batch.topicPartition)
    // An answer to an attempt of an epoch before says nothing about the sequence as it runs now.
    if (batch.producerEpoch === partition.producerEpoch && batch.producerId === partition.producerId) {
      if (isBefore(partition.lastAckedSequence, batch.lastSequence)) partition.lastAckedSequence = batch.lastSequence
    }
    if (batch.producerId === partition.producerId) partition.established = true
    if (baseOffset >= 0) partition.lastAckedOffset = Math.max(partition.lastAckedOffset, baseOffset + batch.recordCount - 1)
    this.removeInFlightBatch(batch)
  }

  /**
   * The batch was given up. If no broker can have taken it, its sequences must not stay a gap: what follows starts again
   * under a new epoch. Else nobody knows, and what follows will show it; a new epoch now could write that twice.
   */
  handleFailedBatch(batch: ProducerBatch, surelyNotTaken: boolean): void {
    const partition = this.#of(batch.topicPartition)
    this.removeInFlightBatch(batch)
    if (this.#fatalError !== undefined || !batch.hasSequence) return
    if (surelyNotTaken) {
      this.#requestEpochBump(partition)
      return
    }
    if (batch.producerEpoch !== partition.producerEpoch || batch.producerId !== partition.producerId) return
    const next = nextSequence(batch.lastSequence, 1)
    if (isBefore(partition.unresolvedUpTo, next)) partition.unresolvedUpTo = next
    this.#unresolved.add(partition)
  }

  /** Once nothing is in flight, what was acknowledged tells whether expired batches had been taken. */
  maybeResolveSequences(): void {
    for (const partition of this.#unresolved) {
      if (partition.unresolvedUpTo !== NO_SEQUENCE && partition.inFlight.length > 0) continue
      this.#unresolved.delete(partition)
      if (partition.unresolvedUpTo === NO_SEQUENCE) continue
      if (!isNextSequence(partition, partition.nextSequence)) this.#requestEpochBump(partition)
      partition.unresolvedUpTo = NO_SEQUENCE
    }
  }

  /** Whether an error that the broker gave a batch is worth another attempt. May ask for an epoch bump. */
  canRetry(response: SequenceResponse, retriable: boolean, batch: ProducerBatch): boolean {
    const partition = this.#of(batch.topicPartition)
    if (response.errorCode === errorCodes.UNKNOWN_PRODUCER_ID) {
      // Without log start offset the partition is moving: asking again tells more. After a reset the answer is to the old sequence.
      if (response.logStartOffset !== -1 && !batch.sequenceHasBeenReset) this.#requestEpochBump(partition)
      return true
    }
    if (response.errorCode === errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER) {
      const unresolved = partition.unresolvedUpTo !== NO_SEQUENCE
      // Not the next in line: the one before it failed, and this one follows it when that is settled.
      if (!unresolved && (batch.sequenceHasBeenReset || !isNextSequence(partition, batch.baseSequence))) return true
      if (!unresolved || batch.baseSequence === partition.unresolvedUpTo) this.#requestEpochBump(partition)
      return true
    }
    return retriable
  }

  /** Takes the next epoch if a gap in a partition's sequence made one necessary; at the last epoch a new id is needed. */
  bumpEpochIfRequired(): void {
    if (!this.#bumpRequired || !this.hasProducerId) return
    if (this.#producerEpoch === MAX_EPOCH) {
      this.#producerId = NO_PRODUCER_ID
      this.#producerEpoch = -1
      return
    }
    this.#producerEpoch++
    this.#rewriteSequences()
    this.#logger.debug('producer epoch bumped', { producerId: this.#producerId, producerEpoch: this.#producerEpoch })
  }

  /** Gives the batches of the partitions that asked for it their new identity, from sequence 0 on. */
  #rewriteSequences(): void {
    for (const partition of this.#toRewrite) {
      this.#startSequencesAtBeginning(partition)
      partition.unresolvedUpTo = NO_SEQUENCE
    }
    this.#toRewrite.clear()
    this.#bumpRequired = false
  }

  #requestEpochBump(partition: PartitionSequences): void {
    this.#bumpRequired = true
    this.#toRewrite.add(partition)
  }

  #startSequencesAtBeginning(partition: PartitionSequences): void {
    if (partition.producerId !== this.#producerId) partition.established = false
    partition.producerId = this.#producerId
    partition.producerEpoch = this.#producerEpoch
    let sequence = 0
    for (const batch of partition.inFlight) {
      batch.resetProducerState(this.#producerId, this.#producerEpoch, sequence)
      sequence = nextSequence(sequence, batch.recordCount)
    }
    partition.nextSequence = sequence
    partition.lastAckedSequence = NO_SEQUENCE
  }

  #isStale(partition: PartitionSequences): boolean {
    return partition.producerId !== this.#producerId || partition.producerEpoch !== this.#producerEpoch
  }

  #of(topicPartition: TopicPartition): PartitionSequences {
    let partition = this.#partitions.get(topicPartition)
    if (partition === undefined) {
      partition = {
        topicPartition,
        producerId: this.#producerId,
        producerEpoch: this.#producerEpoch,
        established: false,
        nextSequence: 0,
        assigned: 0,
        lastAckedSequence: NO_SEQUENCE,
        lastAckedOffset: -1,
        inFlight: [],
        unresolvedUpTo: NO_SEQUENCE,
      }
      this.#partitions.set(topicPartition, partition)
    }
    return partition
  }
}

/** `sequence` follows directly on what was acknowledged last. */
function isNextSequence(partition: PartitionSequences, sequence: number): boolean {
  return sequence === (partition.lastAckedSequence === NO_SEQUENCE ? 0 : nextSequence(partition.lastAckedSequence, 1))
}
