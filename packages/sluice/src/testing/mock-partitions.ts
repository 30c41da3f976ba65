import type { FetchedBy, FetchedPartition, Fetcher } from '../consumer/fetcher.ts'
import type { OffsetReset } from '../consumer/offset-reset.ts'
import type { OffsetResetStrategy, PartitionState, SubscriptionState } from '../consumer/subscription-state.ts'
import { KafkaError } from '../errors.ts'
import type { ConsumerRecord } from '../record/consumer-record.ts'
import type { RawRecord } from '../record/serialized-record.ts'
import type { TopicPartition, TopicPartitionOffset } from '../record/topic-partition.ts'
import type { AddedRecord, MockRecords } from './mock-records.ts'

export interface MockPartitionsOptions {
  readonly autoOffsetReset: OffsetResetStrategy | 'none'
  /** Whether records get `checksum` and `size`. */
  readonly isAudited: () => boolean
}

/** What the mock's partitions hold: in the place of brokers, of the fetcher and of the lookups of positions. */
export class MockPartitions<K, V>
  implements
    Pick<Fetcher<K, V>, 'collect' | 'advance' | 'putBack' | 'sendFetches' | 'nextRetryAt'>,
    Pick<OffsetReset, 'update' | 'nextRetryAt'>
{
  readonly committed: Map<string, TopicPartitionOffset> = new Map()
  readonly #subscriptions: SubscriptionState
  readonly #records: MockRecords<K, V>
  readonly #options: MockPartitionsOptions
  readonly #logs = new Map<string, AddedRecord<K, V>[]>()
  readonly #beginnings = new Map<string, number>()
  readonly #ends = new Map<string, number>()
  /** What an interceptor rejected, to be told once everything before it was given out. */
  readonly #rejected = new Map<string, { readonly version: number; readonly error: Error }>()

  constructor(subscriptions: SubscriptionState, records: MockRecords<K, V>, options: MockPartitionsOptions) {
    this.#subscriptions = subscriptions
    this.#records = records
    this.#options = options
  }

  /** A record with the offset of one that is there already takes its place. */
  add(partition: TopicPartition, added: AddedRecord<K, V>): void {
    const log = (this.#logs.get(nameOf(partition)) ?? []).filter(({ offset }) => offset !== added.offset)
    this.#logs.set(
      nameOf(partition),
      [...log, added].sort((a, b) => a.offset - b.offset),
    )
  }

  /** Where the next record is added. */
  nextOffset(partition: TopicPartition): number {
    const last = this.#logs.get(nameOf(partition))?.at(-1)
    return last === undefined ? this.beginningOffset(partition) : last.offset + 1
  }

  /** The records of a partition that goes. */
  drop(partition: TopicPartition): void {
    this.#logs.delete(nameOf(partition))
  }

  updateBeginningOffsets(offsets: readonly TopicPartitionOffset[]): void {
    for (const offset of offsets) this.#beginnings.set(nameOf(offset), offset.offset)
  }

  updateEndOffsets(offsets: readonly TopicPartitionOffset[]): void {
    for (const offset of offsets) this.#ends.set(nameOf(offset), offset.offset)
  }

  beginningOffset(partition: TopicPartition): number {
    return this.#beginnings.get(nameOf(partition)) ?? 0
  }

  endOffset(partition: TopicPartition): number {
    return this.#ends.get(nameOf(partition)) ?? this.nextOffset(partition)
  }

  /** The first record that is not older; undefined when there is none. */
  firstSince(partition: TopicPartition, timestamp: number): { readonly offset: number; readonly timestamp: number } | undefined {
    const found = this.#logs.get(nameOf(partition))?.find((added) => contentOf(added).timestamp >= timestamp)
    return found === undefined ? undefined : { offset: found.offset, timestamp: contentOf(found).timestamp }
  }

  /** Gives every partition without a position the committed one, or what `autoOffsetReset` says. */
  update(): void {
    for (const state of this.#subscriptions.partitions()) if (!state.hasPosition) this.#place(state)
  }

  #place(state: PartitionState): void {
    const { autoOffsetReset } = this.#options
    const committed = this.committed.get(nameOf(state))
    if (state.resetStrategy === null && committed !== undefined) {
      state.seek(committed.offset, committed.leaderEpoch)
      return
    }
    const strategy = state.resetStrategy ?? autoOffsetReset
    if (strategy === 'none') {
      const { topic, partition } = state
      const message = `partition ${partition} of topic "${topic}" has no committed offset, and autoOffsetReset is none: seek, or choose earliest or latest`
      throw new KafkaError('NO_OFFSET_FOR_PARTITION', message, { topic, partition })
    }
    state.seek(strategy === 'earliest' ? this.beginningOffset(state) : this.endOffset(state))
  }

  collect(maxRecords: number, select?: (state: PartitionState) => boolean, by: FetchedBy | null = null): FetchedPartition<K, V>[] {
    const fetched: FetchedPartition<K, V>[] = []
    let room = maxRecords
    for (const state of this.#subscriptions.partitions()) {
      if (room <= 0) break
      if (!state.isFetchable || (select !== undefined && !select(state))) continue
      try {
        this.#throwFailure(state)
        const partition = this.#take(state, room, by?.hasOnFetched(state.topic) === true)
        if (partition === null) continue
        fetched.push(partition)
        room -= partition.count
      } catch (error) {
        // Told by the next poll, when nothing comes before it.
        if (fetched.length === 0) throw error
        break
      }
    }
    return fetched
  }

  #throwFailure(state: PartitionState): void {
    const { topic, partition, position, version } = state
    const rejected = this.#rejected.get(nameOf(state))
    if (rejected !== undefined) {
      this.#rejected.delete(nameOf(state))
      if (rejected.version === version) throw rejected.error
    }
    if (this.beginningOffset(state) <= position) return
    const message = `offset ${position} of partition ${partition} of topic "${topic}" is before the beginning offset`
    throw new KafkaError('OFFSET_OUT_OF_RANGE', message, { topic, partition })
  }

  #take(state: PartitionState, room: number, isRaw: boolean): FetchedPartition<K, V> | null {
    const records = this.#records
    const isAudited = this.#options.isAudited()
    const log = this.#logs.get(nameOf(state)) ?? []
    const from = log.findIndex(({ offset }) => offset >= state.position)
    if (from < 0) return null
    const taken = log.slice(from, from + room)
    const raw: RawRecord[] = []
    const given: ConsumerRecord<K, V>[] = []
    for (const added of taken) {
      try {
        if (isRaw) raw.push(records.toRaw(added, isAudited))
        else given.push(records.toRecord(added, isAudited))
      } catch (error) {
        if (raw.length + given.length === 0) throw error
        break
      }
    }
    const count = raw.length + given.length
    const last = taken[count - 1]!
    return {
      state,
      version: state.version,
      records: given,
      raw: isRaw ? raw : null,
      // Made when a dead letter asks for it.
      get fetches() {
        return [records.toBatch(taken)]
      },
      startOffset: state.position,
      nextOffset: last.offset + 1,
      epoch: contentOf(last).leaderEpoch,
      count,
    }
  }

  advance({ state, nextOffset, epoch }: FetchedPartition<K, V>): void {
    state.position = nextOffset
    state.positionEpoch = epoch
  }

  putBack({ state, startOffset }: FetchedPartition<K, V>, offset: number, error?: Error): void {
    state.seek(offset, offset === startOffset ? state.positionEpoch : undefined)
    if (error !== undefined) this.#rejected.set(nameOf(state), { version: state.version, error })
  }

  /** Everything is here already. */
  sendFetches(): void {}

  nextRetryAt(): number {
    return Number.POSITIVE_INFINITY
  }
}

function contentOf<K, V>(added: AddedRecord<K, V>): RawRecord | ConsumerRecord<K, V> {
  return 'raw' in added ? added.raw : added.record
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
