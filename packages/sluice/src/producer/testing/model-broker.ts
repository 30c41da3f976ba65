import { errorCodes } from '@sluice/protocol'
import type { MockRequest } from '../../network/testing/mock-client.ts'
import { type PartitionAnswer, type ProducedBatch, produceResponse } from './produce-responses.ts'

interface ProducerState {
  epoch: number
  /** The last five batches, which a broker recognises. */
  batches: { readonly first: number; readonly last: number; readonly baseOffset: number }[]
}

const REMEMBERED_BATCHES = 5

/** What partition leaders do with produce requests, with Kafka's rules for sequences (Kafka: ProducerStateManager). */
export class ModelBroker {
  /** By topic and partition, as `t-0`: what was written, in order. */
  readonly logs: Map<string, string[]> = new Map()
  readonly leaders: number[]
  readonly #producers = new Map<string, ProducerState>()

  constructor(leaders: readonly number[]) {
    this.leaders = [...leaders]
  }

  /** Writes what is to be written and gives the response. */
  handle(request: MockRequest): object {
    return produceResponse(request, (batch) => this.#append(request.node.id, batch))
  }

  #append(node: number, batch: ProducedBatch): PartitionAnswer {
    if (this.leaders[batch.partition] !== node) return refused('NOT_LEADER_OR_FOLLOWER')
    const { producerId, producerEpoch, baseSequence, recordsCount } = batch.header
    if (producerId < 0) return { baseOffset: this.#write(batch) }
    const key = `${batch.topic}-${batch.partition}/${producerId}`
    const known = this.#producers.get(key)
    if (known !== undefined && producerEpoch < known.epoch) return refused('INVALID_PRODUCER_EPOCH')
    const last = baseSequence + recordsCount - 1
    if (known !== undefined && producerEpoch === known.epoch) {
      const duplicate = known.batches.find((one) => one.first === baseSequence && one.last === last)
      if (duplicate !== undefined) return { baseOffset: duplicate.baseOffset }
      const previous = known.batches.at(-1)!
      if (baseSequence !== previous.last + 1) return refused('OUT_OF_ORDER_SEQUENCE_NUMBER')
    } else if (known !== undefined && baseSequence !== 0) {
      return refused('OUT_OF_ORDER_SEQUENCE_NUMBER')
    }
    // A producer id that is not known may begin with any sequence, as after its records were deleted.
    const baseOffset = this.#write(batch)
    const state = known !== undefined && producerEpoch === known.epoch ? known : { epoch: producerEpoch, batches: [] }
    state.batches.push({ first: baseSequence, last, baseOffset })
    if (state.batches.length > REMEMBERED_BATCHES) state.batches.shift()
    this.#producers.set(key, state)
    return { baseOffset }
  }

  #write({ topic, partition, values }: ProducedBatch): number {
    const key = `${topic}-${partition}`
    let log = this.logs.get(key)
    if (log === undefined) this.logs.set(key, (log = []))
    const baseOffset = log.length
    for (const value of values) log.push(value!)
    return baseOffset
  }
}

function refused(error: keyof typeof errorCodes): PartitionAnswer {
  return { errorCode: errorCodes[error], baseOffset: -1 }
}
