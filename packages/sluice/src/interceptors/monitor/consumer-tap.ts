import type { ConsumeContext, ConsumerRecord, ConsumerRecords, InterceptorContext, PartitionRecords, TopicPartitionOffset } from 'sluice'
import type { Cell } from './cells.ts'
import { ExponentialHistogram } from './report/exponential-histogram.ts'
import { OffsetRangeSet } from './report/offset-range-set.ts'
import { type MonitorAssignment, SEQUENCE_HEADER } from './report/report.ts'
import { MonitorSession, type SessionOptions } from './session.ts'
import type { MonitorTransport } from './transport.ts'

/** How many batches of a partition may wait for the commit that covers them; without commits the oldest go. */
const MAX_UNCOMMITTED = 1000

/** What is known of one partition that this consumer reads or read. */
interface PartitionView {
  assignment: Mutable<MonitorAssignment>
  isDirty: boolean
  /** Everything that this session gave out, to tell repeats. */
  readonly seen: OffsetRangeSet
  /** Batches that no commit has covered: the offset behind them, their records, and when they were fetched. */
  readonly uncommitted: { readonly next: number; readonly records: number; readonly fetched: number; readonly cell: Cell }[]
  /** When the batch was fetched whose records wait for their handlers. */
  fetched: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Offsets that were given out are remembered so far back, to tell repeats. */
const MAX_SEEN_RANGES = 1000

/** What the monitor sees of a consumer. */
export class ConsumerTap {
  readonly session: MonitorSession
  readonly #context: InterceptorContext
  readonly #readsSequences: boolean
  readonly #views = new Map<string, Map<number, PartitionView>>()
  /** Assignments that another followed, until they are told. */
  readonly #ended: MonitorAssignment[] = []
  /** What the last poll gave, until it shows whether handlers get it one by one or the application has it already. */
  #polled: ConsumerRecords | null = null
  /** The handlers of `run` tell what was given out; before the first of them, what `poll` returned counts. */
  #hasHandlers = false

  constructor(context: InterceptorContext, options: SessionOptions, transport: MonitorTransport, readsSequences: boolean) {
    this.#context = context
    this.#readsSequences = readsSequences
    this.session = new MonitorSession('consumer', context, options, transport, {
      settle: () => this.#settle(),
      assignments: () => this.#assignments(),
      notTold: (assignments) => this.#notTold(assignments),
    })
  }

  onConsume(records: ConsumerRecords, context: ConsumeContext): void {
    const { clock } = this.#context
    const began = clock.monotonic()
    this.#settle()
    const now = clock.now()
    for (const { topic, partition, offset, interceptor, reason } of context.leftOut ?? []) {
      const cell = this.session.cells.of(topic, partition, now, now)
      const name = `${interceptor}: ${reason}`
      let ranges = cell.filtered.get(name)
      if (ranges === undefined) cell.filtered.set(name, (ranges = new OffsetRangeSet()))
      ranges.add(offset, 1)
      cell.isDirty = true
    }
    for (const { topic, partition, offset } of records.nextOffsets) this.#read(topic, partition, records, offset, now, began)
    this.#polled = records
    if (!this.#hasHandlers) for (const batch of records.byPartition()) this.#timings(batch, now, began)
    const elapsed = clock.monotonic() - began
    if (records.count > 0) this.session.measuredSelf((elapsed * 1e6) / records.count)
  }

  /** A handler gets the record; returns when, for `handlerEnds`. */
  handlerBegins(record: ConsumerRecord): number {
    this.#handlersExist()
    const now = this.#context.clock.monotonic()
    const view = this.#view(record.topic, record.partition)
    const cell = this.#given(record, this.#context.clock.now())
    if (view !== undefined && view.fetched > 0) {
      cell.queue ??= new ExponentialHistogram()
      cell.queue.record(now - view.fetched)
    }
    return now
  }

  handlerEnds(record: ConsumerRecord, began: number): void {
    const { clock } = this.#context
    const cell = this.session.cells.of(record.topic, record.partition, record.timestamp, clock.now())
    cell.process ??= new ExponentialHistogram()
    cell.process.record(clock.monotonic() - began)
    cell.isDirty = true
  }

  batchBegins({ records }: PartitionRecords): number {
    this.#handlersExist()
    const now = this.#context.clock.now()
    for (const record of records) this.#given(record, now)
    return this.#context.clock.monotonic()
  }

  /** The time of the batch counts once for each of its records. */
  batchEnds({ records }: PartitionRecords, began: number): void {
    const first = records[0]
    if (first === undefined) return
    const { clock } = this.#context
    const cell = this.session.cells.of(first.topic, first.partition, first.timestamp, clock.now())
    cell.process ??= new ExponentialHistogram()
    cell.process.record(clock.monotonic() - began, records.length)
    cell.isDirty = true
  }

  onCommit(offsets: readonly TopicPartitionOffset[]): void {
    const { clock } = this.#context
    const now = clock.monotonic()
    for (const { topic, partition, offset } of offsets) {
      const view = this.#view(topic, partition)
      if (view === undefined) continue
      view.assignment.committed = offset
      view.assignment.committedAt = clock.now()
      view.isDirty = true
      while (view.uncommitted.length > 0 && view.uncommitted[0]!.next <= offset) {
        const { records, fetched, cell } = view.uncommitted.shift()!
        cell.commit ??= new ExponentialHistogram()
        cell.commit.record(now - fetched, records)
        cell.isDirty = true
      }
    }
  }

  /** One partition of a poll: where reading began, and where it goes on. */
  #read(topic: string, partition: number, records: ConsumerRecords, next: number, now: number, fetched: number): void {
    const batch = records.records({ topic, partition })
    const first = batch[0]?.offset ?? next
    let view = this.#view(topic, partition)
    if (view === undefined || first < view.assignment.position) view = this.#begin(topic, partition, first, now, view)
    view.assignment.position = next
    view.isDirty = true
    view.fetched = fetched
    if (batch.length === 0) return
    const last = batch[batch.length - 1]!
    view.uncommitted.push({
      next: last.offset + 1,
      records: batch.length,
      fetched,
      cell: this.session.cells.of(topic, partition, last.timestamp, now),
    })
    if (view.uncommitted.length > MAX_UNCOMMITTED) view.uncommitted.shift()
  }

  #begin(topic: string, partition: number, begin: number, beganAt: number, before: PartitionView | undefined): PartitionView {
    const number = before === undefined ? 0 : before.assignment.number + 1
    const committed = before?.assignment.committed ?? -1
    const committedAt = before?.assignment.committedAt ?? 0
    if (before !== undefined) this.#ended.push({ ...before.assignment, version: before.assignment.version + 1, ended: true })
    const view: PartitionView = {
      assignment: { topic, partition, number, version: 0, begin, beganAt, position: begin, committed, committedAt },
      isDirty: true,
      seen: before?.seen ?? new OffsetRangeSet(),
      uncommitted: [],
      fetched: 0,
    }
    let partitions = this.#views.get(topic)
    if (partitions === undefined) this.#views.set(topic, (partitions = new Map()))
    partitions.set(partition, view)
    return view
  }

  /** What `poll` returned has been given to the application by now, unless handlers get it. */
  #settle(): void {
    const polled = this.#polled
    this.#polled = null
    if (polled === null || this.#hasHandlers) return
    const now = this.#context.clock.now()
    for (const { topic, partition, records } of polled.byPartition()) {
      const view = this.#view(topic, partition)
      const first = records[0]!
      const last = records[records.length - 1]!
      const isWhole = last.offset - first.offset === records.length - 1
      if (view !== undefined && isWhole && view.seen.overlap(first.offset, records.length).length === 0) this.#givenAll(records, view, now)
      else for (const record of records) this.#given(record, now)
    }
  }

  /** Records one after the other, none of which was given out before: one range for each window. */
  #givenAll(records: readonly ConsumerRecord[], view: PartitionView, now: number): void {
    const { topic, partition } = records[0]!
    view.seen.add(records[0]!.offset, records.length)
    view.seen.keep(MAX_SEEN_RANGES)
    const { cells } = this.session
    let cell = cells.of(topic, partition, records[0]!.timestamp, now)
    let begin = 0
    let bytes = 0
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!
      const own = cells.of(topic, partition, record.timestamp, now)
      if (own !== cell) {
        this.#addRun(cell, records[begin]!.offset, index - begin, bytes)
        cell = own
        begin = index
        bytes = 0
      }
      bytes += sizeOf(record)
      if (this.#readsSequences) this.#readSequence(record, cell)
    }
    this.#addRun(cell, records[begin]!.offset, records.length - begin, bytes)
  }

  #addRun(cell: Cell, first: number, count: number, bytes: number): void {
    cell.records += count
    cell.bytes += bytes
    cell.offsets.add(first, count)
    cell.isDirty = true
  }

  /** One record is given to the application. */
  #given(record: ConsumerRecord, now: number): Cell {
    const { topic, partition, offset } = record
    const cell = this.session.cells.of(topic, partition, record.timestamp, now)
    const view = this.#view(topic, partition)
    if (view !== undefined) {
      if (view.seen.overlap(offset, 1).length > 0) (offset < view.assignment.committed ? cell.replayed : cell.redelivered).add(offset, 1)
      view.seen.add(offset, 1)
      view.seen.keep(MAX_SEEN_RANGES)
    }
    this.#addRun(cell, offset, 1, sizeOf(record))
    if (this.#readsSequences) this.#readSequence(record, cell)
    return cell
  }

  #timings({ topic, partition, records }: PartitionRecords, now: number, _fetched: number): void {
    const { cells } = this.session
    for (let index = 0; index < records.length; index++) {
      const { timestamp } = records[index]!
      const cell = cells.of(topic, partition, timestamp, now)
      cell.transit ??= new ExponentialHistogram()
      // Records of one millisecond, which is most of a batch, are counted at once.
      let count = 1
      while (index + 1 < records.length && records[index + 1]!.timestamp === timestamp) {
        index++
        count++
      }
      cell.transit.record(now - timestamp, count)
      cell.isDirty = true
    }
  }

  #readSequence(record: ConsumerRecord, cell: Cell): void {
    const value = record.headers.get(SEQUENCE_HEADER)
    if (value === null || value === undefined || value.length !== 12) return
    const session = value.toString('hex', 0, 4)
    let ranges = cell.readSequences.get(session)
    if (ranges === undefined) cell.readSequences.set(session, (ranges = new OffsetRangeSet()))
    ranges.add(value.readUInt32BE(4) * 2 ** 32 + value.readUInt32BE(8), 1)
  }

  #handlersExist(): void {
    if (this.#hasHandlers) return
    this.#hasHandlers = true
    this.#polled = null
  }

  #view(topic: string, partition: number): PartitionView | undefined {
    return this.#views.get(topic)?.get(partition)
  }

  #notTold(assignments: readonly MonitorAssignment[]): void {
    for (const assignment of assignments) {
      const view = this.#view(assignment.topic, assignment.partition)
      if (view?.assignment.number === assignment.number) view.isDirty = true
      else this.#ended.push(assignment)
    }
  }

  #assignments(): readonly MonitorAssignment[] {
    const changed: MonitorAssignment[] = this.#ended.splice(0)
    for (const partitions of this.#views.values()) {
      for (const view of partitions.values()) {
        if (!view.isDirty) continue
        view.isDirty = false
        view.assignment.version++
        changed.push({ ...view.assignment })
      }
    }
    return changed
  }
}

function sizeOf({ serializedKeySize, serializedValueSize }: ConsumerRecord): number {
  return (serializedKeySize > 0 ? serializedKeySize : 0) + (serializedValueSize > 0 ? serializedValueSize : 0)
}
