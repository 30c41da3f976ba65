import type { TopicPartition } from '../record/topic-partition.ts'
import type { ConsumerPass } from './consumer-pass.ts'
import type { ConsumerStates } from './consumer-states.ts'
import type { ConsumeContext, LeftOutRecord, RecordContext } from './interceptor-context.ts'

/** The signal that a hook of `onFetched` and `onConsume` sees; made when it is looked at. */
class HookSignal {
  readonly #pass: ConsumerPass
  #controller: AbortController | undefined = undefined

  constructor(pass: ConsumerPass) {
    this.#pass = pass
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#pass.openController()
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#controller?.abort(reason)
  }

  /** The hook has ended: the next one gets a signal of its own. */
  leave(): void {
    if (this.#controller === undefined) return
    this.#pass.closeController(this.#controller)
    this.#controller = undefined
  }
}

/** One record in `onFetched`; whose `state` it shows is set before each hook. */
export class FetchedContext extends HookSignal implements RecordContext {
  /** The place in its chain of the interceptor whose hook runs. */
  slot = 0
  readonly #states: ConsumerStates
  readonly #place: TopicPartition & { readonly offset: number }

  constructor(pass: ConsumerPass, place: TopicPartition & { readonly offset: number }) {
    super(pass)
    this.#states = pass.chain.states
    this.#place = place
  }

  get state(): unknown {
    const { topic, partition, offset } = this.#place
    return this.#states.get(topic, partition, offset, this.slot)
  }

  set state(state: unknown) {
    const { topic, partition, offset } = this.#place
    this.#states.set(topic, partition, offset, this.slot, state)
  }
}

/** One interceptor in `onConsume`. */
export class BatchContext extends HookSignal implements ConsumeContext {
  readonly leftOut: readonly LeftOutRecord[]
  readonly #states: ConsumerStates
  readonly #slot: number

  constructor(pass: ConsumerPass, slot: number) {
    super(pass)
    this.leftOut = pass.leftOut
    this.#states = pass.chain.states
    this.#slot = slot
  }

  getState({ topic, partition, offset }: TopicPartition & { readonly offset: number }): unknown {
    return this.#states.get(topic, partition, offset, this.#slot)
  }

  setState({ topic, partition, offset }: TopicPartition & { readonly offset: number }, state: unknown): void {
    this.#states.set(topic, partition, offset, this.#slot, state)
  }
}

/** One interceptor around a handler. Those inside it have contexts of their own, as they run within its time. */
export class HandlingContext implements RecordContext, ConsumeContext {
  readonly #states: ConsumerStates
  readonly #slot: number
  readonly #place: TopicPartition
  readonly #offset: number
  readonly #signal: () => AbortSignal

  constructor(states: ConsumerStates, slot: number, place: TopicPartition, offset: number, signal: () => AbortSignal) {
    this.#states = states
    this.#slot = slot
    this.#place = place
    this.#offset = offset
    this.#signal = signal
  }

  get signal(): AbortSignal {
    return this.#signal()
  }

  get state(): unknown {
    return this.#states.get(this.#place.topic, this.#place.partition, this.#offset, this.#slot)
  }

  set state(state: unknown) {
    this.#states.set(this.#place.topic, this.#place.partition, this.#offset, this.#slot, state)
  }

  getState({ topic, partition, offset }: TopicPartition & { readonly offset: number }): unknown {
    return this.#states.get(topic, partition, offset, this.#slot)
  }

  setState({ topic, partition, offset }: TopicPartition & { readonly offset: number }, state: unknown): void {
    this.#states.set(topic, partition, offset, this.#slot, state)
  }
}
