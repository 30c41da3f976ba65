import type { ConsumerRecord } from './consumer-record.ts'
import type { OffsetAndMetadata, TopicPartition } from './topic-partition.ts'
import { isVerdict, type Verdict } from './verdict.ts'

/** One partition's records of one poll, in offset order. */
export interface PartitionRecords<K = any, V = any> extends TopicPartition {
  readonly records: readonly ConsumerRecord<K, V>[]
}

/** The verdicts that wait in these records; undefined when there are none. For the chain only. */
export let judgedIn: (records: ConsumerRecords) => readonly JudgedPartition[] | undefined

/** What one `poll` returns: the records by partition, in the order they were fetched. Iterating goes through all of them. */
export class ConsumerRecords<K = any, V = any> implements Iterable<ConsumerRecord<K, V>> {
  readonly #partitions: readonly PartitionRecords<K, V>[]
  /** Where reading goes on after these records, also past records that interceptors left out. */
  readonly nextOffsets: readonly (TopicPartition & OffsetAndMetadata)[]
  readonly count: number
  /** Set while verdicts of `map` wait for the chain: every partition, those without a verdict too. */
  #judged: readonly JudgedPartition[] | undefined = undefined

  constructor(partitions: readonly PartitionRecords<K, V>[], nextOffsets: readonly (TopicPartition & OffsetAndMetadata)[] = []) {
    this.#partitions = partitions.filter((partition) => partition.records.length > 0)
    this.nextOffsets = nextOffsets
    let count = 0
    for (const partition of this.#partitions) count += partition.records.length
    this.count = count
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  /** The records as they are held: one entry for each partition that has any. */
  byPartition(): readonly PartitionRecords<K, V>[] {
    return this.#partitions
  }

  /** The partitions that have records. */
  partitions(): readonly TopicPartition[] {
    return this.#partitions.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** One partition's records, or a topic's, in offset order. */
  records(of: TopicPartition | string): readonly ConsumerRecord<K, V>[] {
    if (typeof of === 'string') return this.#partitions.filter(({ topic }) => topic === of).flatMap(({ records }) => records)
    return this.#partitions.find(({ topic, partition }) => topic === of.topic && partition === of.partition)?.records ?? []
  }

  /** The same records after `keep` was asked for each; positions stay as they are. */
  filter(keep: (record: ConsumerRecord<K, V>) => boolean): ConsumerRecords<K, V> {
    return this.#with((entries) => entries.filter((entry) => entry instanceof JudgedRecord || kept(keep(entry))))
  }

  /**
   * The same partitions and positions with each record replaced. In `onConsume`, `change` may return a verdict for a
   * record: it is left out here, and the chain carries the verdict out once the hook has returned these records (or what
   * `filter` and `map` made of them). Anywhere else the record is just left out.
   */
  map<K2 = K, V2 = V>(change: (record: ConsumerRecord<K, V>) => ConsumerRecord<K2, V2> | Verdict): ConsumerRecords<K2, V2> {
    return this.#with((entries) => entries.map((entry) => (entry instanceof JudgedRecord ? entry : judged(entry, change(entry)))))
  }

  *[Symbol.iterator](): Iterator<ConsumerRecord<K, V>> {
    for (const partition of this.#partitions) yield* partition.records
  }

  #with<K2, V2>(change: (entries: readonly Entry[]) => readonly Entry[]): ConsumerRecords<K2, V2> {
    const before: readonly JudgedPartition[] =
      this.#judged ?? this.#partitions.map(({ topic, partition, records }) => ({ topic, partition, entries: records }))
    const after = before.map(({ topic, partition, entries }) => ({ topic, partition, entries: change(entries) }))
    const records = new ConsumerRecords<K2, V2>(
      after.map(({ topic, partition, entries }) => ({ topic, partition, records: recordsOf(entries) })),
      this.nextOffsets,
    )
    if (after.some(({ entries }) => entries.some((entry) => entry instanceof JudgedRecord))) records.#judged = after
    return records
  }

  static {
    judgedIn = (records) => records.#judged
  }
}

/** A record in whose place a function given to `map` returned a verdict. */
export class JudgedRecord {
  readonly record: ConsumerRecord
  readonly verdict: Verdict

  constructor(record: ConsumerRecord, verdict: Verdict) {
    this.record = record
    this.verdict = verdict
  }
}

type Entry = ConsumerRecord | JudgedRecord

/** One partition's records, and those with a verdict in their places. */
export interface JudgedPartition extends TopicPartition {
  readonly entries: readonly Entry[]
}

function judged(record: ConsumerRecord, returned: ConsumerRecord | Verdict): Entry {
  if (typeof returned !== 'object' || returned === null) {
    const given = returned === null ? 'null' : typeof returned
    throw new TypeError(`records.map: the function returned ${given}; it must return the record, a changed copy, or a verdict`)
  }
  refusePromise('map', returned)
  return isVerdict(returned) ? new JudgedRecord(record, returned) : returned
}

function kept(answer: unknown): boolean {
  refusePromise('filter', answer)
  return Boolean(answer)
}

/** It would count as a record, or as a yes, whatever it comes to. */
function refusePromise(method: 'map' | 'filter', returned: unknown): void {
  if (!(returned instanceof Promise)) return
  returned.catch(() => {})
  throw new TypeError(`records.${method}: the function returned a promise; await what takes time in onConsume, before records.${method}`)
}

function recordsOf(entries: readonly Entry[]): readonly ConsumerRecord[] {
  return entries.some((entry) => entry instanceof JudgedRecord)
    ? entries.filter((entry): entry is ConsumerRecord => !(entry instanceof JudgedRecord))
    : (entries as readonly ConsumerRecord[])
}
