import { KafkaError } from '../errors.ts'
import { truncate } from '../interceptor/consumer-batch.ts'
import type { ConsumerChain } from '../interceptor/consumer-chain.ts'
import { BatchHandling, type HandlingParts, RecordHandling } from '../interceptor/consumer-handling.ts'
import type { ConsumerPass } from '../interceptor/consumer-pass.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import { ConsumerRecords, type PartitionRecords } from '../record/consumer-records.ts'
import type { TopicPartition } from '../record/topic-partition.ts'
import type { DecodeOptions } from './completed-fetch.ts'
import type { DeadLetters } from './dead-letters.ts'
import { type Delivery, recordsOf } from './delivery.ts'
import { FetchedOriginals } from './fetched-record.ts'
import type { FetchedPartition, Fetcher } from './fetcher.ts'
import { InterceptedRecords } from './intercepted-records.ts'

export interface InterceptedDeliveryParts<K, V> {
  readonly fetcher: Fetcher<K, V>
  readonly deadLetters: DeadLetters
  readonly deserializers: Pick<DecodeOptions<K, V>, 'keyDeserializer' | 'valueDeserializer'>
  /** How many records' `onFetched` may be under way. */
  readonly concurrency: number
}

/**
 * What one poll fetched, on its way through one chain of interceptors to the application. Positions move at the end, and
 * only past what was delivered, dropped or dead-lettered.
 */
export class InterceptedDelivery<K, V> {
  readonly #parts: InterceptedDeliveryParts<K, V>
  readonly #pass: ConsumerPass
  readonly #fetched: readonly FetchedPartition<K, V>[]
  readonly #originals = new Map<string, FetchedOriginals>()
  /** By partition and offset: a record that became several may be asked for more than once. */
  readonly #letters = new Map<string, Promise<void>>()
  #holders = 1

  constructor(chain: ConsumerChain, fetched: readonly FetchedPartition<K, V>[], parts: InterceptedDeliveryParts<K, V>) {
    this.#parts = parts
    this.#fetched = fetched
    this.#pass = chain.begin()
  }

  /**
   * What the application gets; null when nothing of it counts any more. A promise comes back only when a hook gave one, or a
   * dead letter has to be written. Throws, or rejects, with what a poll fails with; positions then stay before it.
   */
  run(): Delivery<K, V> | null | Promise<Delivery<K, V> | null> {
    const { chain } = this.#pass
    for (const { state, count } of this.#fetched) chain.countPassedBy(state.topic, count)
    const records = new InterceptedRecords<K, V>(this.#pass, this.#fetched, this.#parts.concurrency)
    try {
      const fetching = records.run()
      return fetching === undefined ? this.#consume(records) : this.#later(fetching.then(() => this.#consume(records)))
    } catch (error) {
      this.giveUp(error)
      throw error
    }
  }

  /** Nobody waits for it any more: hooks are told, and what was fetched comes again. */
  giveUp(reason: unknown): void {
    if (this.#pass.isOver) return
    this.#pass.interrupt(reason)
    for (const partition of this.#fetched) if (isCurrent(partition)) this.#parts.fetcher.putBack(partition, partition.startOffset)
    this.#end()
  }

  async #later<T>(result: Promise<T>): Promise<T> {
    try {
      return await result
    } catch (error) {
      this.giveUp(error)
      throw error
    }
  }

  #consume(fetched: InterceptedRecords<K, V>): Delivery<K, V> | null | Promise<Delivery<K, V> | null> {
    const pass = this.#pass
    if (pass.isOver) return null
    fetched.deserialize(this.#parts.deserializers)
    const records = truncate(recordsOf(this.#fetched), pass)
    const isNothing = this.#fetched.every(({ state, startOffset }) => pass.rejectionOf(state)?.offset === startOffset)
    if (isNothing) return this.#write(records)
    const consumed = pass.chain.onConsume(records, pass)
    if (consumed instanceof Promise) return this.#later(consumed.then((settled) => this.#write(settled)))
    return this.#write(consumed)
  }

  #write(records: ConsumerRecords<K, V>): Delivery<K, V> | null | Promise<Delivery<K, V> | null> {
    const pass = this.#pass
    if (pass.isOver) return null
    // Behind a rejected record they come again, and so may what was asked for them.
    const letters = pass.deadLetters.filter((letter) => letter.offset < (pass.rejectionOf(letter)?.offset ?? Number.POSITIVE_INFINITY))
    if (letters.length === 0) return this.#deliver(records)
    const writes = letters.map((letter) =>
      this.#deadLetter(letter, letter.offset, letter.error, letter.interceptor).catch((error) => pass.reject(letter, letter.offset, error)),
    )
    return this.#later(Promise.all(writes).then(() => this.#deliver(truncate(records, pass))))
  }

  /** Positions move here. The first error is told at once when there is nothing to give out before it. */
  #deliver(records: ConsumerRecords<K, V>): Delivery<K, V> | null {
    const pass = this.#pass
    if (pass.isOver) return null
    const stray = pass.rejectionOutside(this.#fetched.map(({ state }) => state))
    if (stray !== undefined) throw stray.error
    const current = this.#fetched.filter(isCurrent)
    const delivered = current.length === this.#fetched.length ? records : recordsIn(records, current)
    let failure: { readonly error: Error } | undefined
    for (const partition of this.#fetched) {
      if (!isCurrent(partition)) {
        // Hooks may have set states after it was sought or given up.
        pass.chain.forget(partition.state, partition.startOffset)
        continue
      }
      const rejection = pass.rejectionOf(partition.state)
      if (rejection === undefined) this.#parts.fetcher.advance(partition)
      else {
        partition.nextOffset = rejection.offset
        const isTold = failure === undefined && delivered.isEmpty
        if (isTold) failure = rejection
        this.#parts.fetcher.putBack(partition, rejection.offset, isTold ? undefined : rejection.error)
      }
      pass.chain.delivered(partition.state, partition.startOffset, partition.nextOffset)
    }
    if (failure === undefined && current.length > 0) return { records: delivered, fetched: current, intercepted: this }
    this.#end()
    if (failure === undefined) return null
    throw failure.error
  }

  /** One more works on what was delivered, and calls `done` too. */
  hold(): void {
    this.#holders++
  }

  /** Whoever got the delivery, or held it, does no more with it. */
  done(): void {
    this.#holders--
    if (this.#holders === 0) this.#end()
  }

  /** What runs around the handlers of a partition's records; null, as a rule, when no interceptor does. */
  aroundRecords(
    place: TopicPartition,
    handler: (record: ConsumerRecord<K, V>) => void | Promise<void>,
    signal: () => AbortSignal,
  ): RecordHandling | null {
    const parts = this.#handlingParts(place, 'handle', signal)
    return parts === null ? null : new RecordHandling(parts, handler)
  }

  /** As `aroundRecords`, for a handler of whole batches. */
  aroundBatch(
    batch: PartitionRecords<K, V>,
    handler: (batch: PartitionRecords<K, V>) => void | Promise<void>,
    signal: () => AbortSignal,
  ): BatchHandling | null {
    const parts = this.#handlingParts(batch, 'handleBatch', signal)
    return parts === null ? null : new BatchHandling(parts, handler)
  }

  #handlingParts({ topic, partition }: TopicPartition, hook: 'handle' | 'handleBatch', signal: () => AbortSignal): HandlingParts | null {
    const { chain } = this.#pass
    const members = chain.around(topic, hook)
    if (members.length === 0) return null
    const place = { topic, partition }
    const deadLetter: HandlingParts['deadLetter'] = (offset, error, interceptor) => this.#deadLetter(place, offset, error, interceptor)
    return { members, place, states: chain.states, clock: chain.clock, signal, deadLetter }
  }

  #end(): void {
    const pass = this.#pass
    for (const { state, startOffset, nextOffset } of this.#fetched) pass.chain.done(state, startOffset, nextOffset)
    this.#originals.clear()
    pass.end()
  }

  /** Resolves when the record that was fetched from `offset` is in its dead-letter topic. */
  #deadLetter(place: TopicPartition, offset: number, error: Error, interceptor: string): Promise<void> {
    const name = `${nameOf(place)}@${offset}`
    let writing = this.#letters.get(name)
    if (writing === undefined) {
      writing = this.#writeLetter(place, offset, error, interceptor)
      this.#letters.set(name, writing)
      // A handler may have the record once more, and with it another try.
      writing.catch(() => this.#letters.delete(name))
    }
    return writing
  }

  async #writeLetter(place: TopicPartition, offset: number, error: Error, interceptor: string): Promise<void> {
    const { topic, partition } = place
    const name = nameOf(place)
    let originals = this.#originals.get(name)
    if (originals === undefined) {
      const fetched = this.#fetched.find(({ state }) => state.topic === topic && state.partition === partition)
      originals = new FetchedOriginals({ topic, partition }, fetched?.fetches ?? [])
      this.#originals.set(name, originals)
    }
    const original = originals.find(offset)
    if (original === undefined) {
      const message = `interceptor "${interceptor}" asked for a dead letter of offset ${offset} of partition ${partition} of topic "${topic}", where no record was fetched: only fetched records can be dead-lettered`
      throw new KafkaError('INTERCEPTOR', message, { topic, partition, cause: error })
    }
    await this.#parts.deadLetters.write(original, { error, interceptor })
  }
}

/** Without those that were sought or given up meanwhile. */
function recordsIn<K, V>(records: ConsumerRecords<K, V>, partitions: readonly FetchedPartition<K, V>[]): ConsumerRecords<K, V> {
  const names = new Set(partitions.map(({ state }) => nameOf(state)))
  const isIn = (place: TopicPartition): boolean => names.has(nameOf(place))
  return new ConsumerRecords(records.byPartition().filter(isIn), records.nextOffsets.filter(isIn))
}

function isCurrent({ state, version }: FetchedPartition<any, any>): boolean {
  return state.isAssigned && state.version === version
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
