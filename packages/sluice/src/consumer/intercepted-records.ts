import type { FetchedOutcome } from '../interceptor/consumer-fetched.ts'
import type { ConsumerPass } from '../interceptor/consumer-pass.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import type { DecodeOptions } from './completed-fetch.ts'
import { deserialized, type FetchedRecord } from './fetched-record.ts'
import type { FetchedPartition } from './fetcher.ts'

/**
 * Takes fetched records through `onFetched`, many at a time when hooks give promises, and through the deserializers,
 * in offset order. Where one cannot go on, the partition ends: the pass knows why.
 */
export class InterceptedRecords<K, V> {
  readonly #pass: ConsumerPass
  readonly #concurrency: number
  readonly #partitions: readonly FetchedPartition<K, V>[]
  readonly #outcomes: (FetchedOutcome | undefined)[][]
  #partition = 0
  #index = 0
  #running = 0
  #wake: (() => void) | undefined

  constructor(pass: ConsumerPass, fetched: readonly FetchedPartition<K, V>[], concurrency: number) {
    this.#pass = pass
    this.#concurrency = concurrency
    this.#partitions = fetched.filter(({ raw }) => raw !== null)
    this.#outcomes = this.#partitions.map(({ raw }) => new Array(raw!.length))
  }

  /** A promise only if a hook gave one. Never throws or rejects. */
  run(): Promise<void> | undefined {
    while (this.#next()) if (this.#begin()) return this.#runOn()
    return undefined
  }

  /** Fills in the records of the partitions; call it when `run` is through. */
  deserialize(options: Pick<DecodeOptions<K, V>, 'keyDeserializer' | 'valueDeserializer'>): void {
    for (const [index, partition] of this.#partitions.entries()) {
      const outcomes = this.#outcomes[index]!
      const records: ConsumerRecord<K, V>[] = []
      const raw = partition.raw!
      for (let at = 0; at < raw.length; at++) {
        const fetched = raw[at] as FetchedRecord
        const end = this.#pass.rejectionOf(partition.state)?.offset
        if (end !== undefined && fetched.offset >= end) break
        const outcome = outcomes[at]!
        try {
          if (!Array.isArray(outcome)) records.push(deserialized(outcome as RawRecord, fetched, options))
          else for (const one of outcome as readonly RawRecord[]) records.push(deserialized(one, fetched, options))
        } catch (error) {
          this.#pass.reject(partition.state, fetched.offset, error as Error)
        }
      }
      const end = this.#pass.rejectionOf(partition.state)?.offset
      partition.records = end === undefined ? records : records.filter(({ offset }) => offset < end)
    }
  }

  async #runOn(): Promise<void> {
    for (;;) {
      while (this.#running < this.#concurrency && !this.#pass.isOver && this.#next()) this.#begin()
      if (this.#running === 0) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Moves on to the next record whose hooks may begin; false when there is none. */
  #next(): boolean {
    for (let partition = this.#partitions[this.#partition]; partition !== undefined; partition = this.#partitions[this.#partition]) {
      const record = partition.raw![this.#index]
      const end = this.#pass.rejectionOf(partition.state)?.offset
      if (record !== undefined && (end === undefined || record.offset < end)) return true
      this.#partition++
      this.#index = 0
    }
    return false
  }

  /** True when it gave a promise. */
  #begin(): boolean {
    const { raw, state } = this.#partitions[this.#partition]!
    const outcomes = this.#outcomes[this.#partition]!
    const index = this.#index++
    const record = raw![index]!
    const outcome = this.#pass.chain.onFetched(record, this.#pass)
    if (!(outcome instanceof Promise)) {
      outcomes[index] = outcome
      return false
    }
    this.#running++
    const ended = (): void => {
      this.#running--
      this.#wake?.()
    }
    outcome.then(
      (settled) => {
        outcomes[index] = settled
        ended()
      },
      (error) => {
        this.#pass.reject(state, record.offset, error)
        ended()
      },
    )
    return true
  }
}
