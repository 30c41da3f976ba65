import { errorCodes, type RecordBatchHeader } from '@sluice/protocol'

/** Kafka keeps five, because a client may have five requests in flight. */
const BATCHES_KEPT = 5
const SEQUENCES = 2 ** 31
/** Kafka forgets a producer after a day (producer.id.expiration.ms); here the one that was silent longest goes. */
const PRODUCERS_KEPT = 10_000

interface BatchMetadata {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly timestamp: number
}

interface ProducerEntry {
  epoch: number
  /** Newest last; at most `BATCHES_KEPT`. */
  readonly batches: BatchMetadata[]
}

export type SequenceCheck =
  | { readonly kind: 'append' }
  /** The batch is there already: answer as the first time. */
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly timestamp: number }
  | { readonly kind: 'error'; readonly errorCode: number; readonly message: string }

const APPEND: SequenceCheck = { kind: 'append' }

/** The idempotent producers of one partition (Java: ProducerStateManager). */
export class ProducerState {
  readonly #producers: Map<number, ProducerEntry> = new Map()

  get size(): number {
    return this.#producers.size
  }

  check(header: RecordBatchHeader): SequenceCheck {
    if (header.producerId < 0) return APPEND
    const { producerId, producerEpoch, baseSequence } = header
    if (baseSequence < 0 || producerEpoch < 0) {
      return { kind: 'error', errorCode: errorCodes.INVALID_RECORD, message: `producer ${producerId} sent no epoch or no sequence number` }
    }
    const entry = this.#producers.get(producerId)
    // A producer that is not known may begin anywhere: after a restart or retention its state is gone here, not there.
    if (entry === undefined) return APPEND
    if (producerEpoch < entry.epoch) {
      const message = `epoch ${producerEpoch} of producer ${producerId} is older than ${entry.epoch}`
      return { kind: 'error', errorCode: errorCodes.INVALID_PRODUCER_EPOCH, message }
    }
    if (producerEpoch > entry.epoch) {
      return baseSequence === 0 ? APPEND : outOfOrder(producerId, baseSequence, 0)
    }
    const lastSequence = addSequence(baseSequence, header.recordsCount - 1)
    for (const batch of entry.batches) {
      if (batch.firstSequence === baseSequence && batch.lastSequence === lastSequence) {
        return { kind: 'duplicate', baseOffset: batch.baseOffset, timestamp: batch.timestamp }
      }
    }
    const newest = entry.batches[entry.batches.length - 1]!
    const expected = addSequence(newest.lastSequence, 1)
    return baseSequence === expected ? APPEND : outOfOrder(producerId, baseSequence, expected)
  }

  /** Remembers a batch that was appended. */
  appended(header: RecordBatchHeader, baseOffset: number, timestamp: number): void {
    if (header.producerId < 0) return
    let entry = this.#producers.get(header.producerId)
    if (entry === undefined || entry.epoch !== header.producerEpoch) {
      entry = { epoch: header.producerEpoch, batches: [] }
    }
    // Set anew, so that the order is that of the last append.
    this.#producers.delete(header.producerId)
    this.#producers.set(header.producerId, entry)
    if (this.#producers.size > PRODUCERS_KEPT) this.#producers.delete(this.#producers.keys().next().value!)
    entry.batches.push({
      firstSequence: header.baseSequence,
      lastSequence: addSequence(header.baseSequence, header.recordsCount - 1),
      baseOffset,
      timestamp,
    })
    if (entry.batches.length > BATCHES_KEPT) entry.batches.shift()
  }
}

/** Sequence numbers go from 2^31-1 to 0. */
function addSequence(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCES
}

function outOfOrder(producerId: number, sequence: number, expected: number): SequenceCheck {
  const message = `producer ${producerId} sent sequence number ${sequence} where ${expected} was expected`
  return { kind: 'error', errorCode: errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER, message }
}
