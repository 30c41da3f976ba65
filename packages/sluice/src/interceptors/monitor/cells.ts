import type { ExponentialHistogram } from './report/exponential-histogram.ts'
import { OffsetRangeSet } from './report/offset-range-set.ts'
import { type MonitorCell, WINDOW_MS } from './report/report.ts'

/** Beyond so many ranges the lowest are given up, and the cell says that it is approximate. */
const MAX_RANGES = 1024
/** A timestamp that is further off than this says nothing about when the record was written. */
const MAX_OFF_MS = 3_600_000
/** So many cells that are gone are remembered by their versions. */
const MAX_GONE = 20_000

/** The numbers of one topic-partition in one window. Plain fields: they are touched for every record. */
export class Cell {
  readonly topic: string
  readonly partition: number
  readonly window: number
  records = 0
  bytes = 0
  /** Acknowledged, or given to the application. */
  readonly offsets: OffsetRangeSet = new OffsetRangeSet()
  readonly redelivered: OffsetRangeSet = new OffsetRangeSet()
  readonly replayed: OffsetRangeSet = new OffsetRangeSet()
  readonly filtered: Map<string, OffsetRangeSet> = new Map()
  readonly failed: Map<string, number> = new Map()
  readonly dropped: Map<string, number> = new Map()
  readonly sequences: OffsetRangeSet = new OffsetRangeSet()
  readonly readSequences: Map<string, OffsetRangeSet> = new Map()
  produce: ExponentialHistogram | undefined
  transit: ExponentialHistogram | undefined
  queue: ExponentialHistogram | undefined
  process: ExponentialHistogram | undefined
  commit: ExponentialHistogram | undefined
  /** Changed since it was last reported. */
  isDirty = true
  /** When a report last had something new of it. */
  reportedAt = 0
  #version: number
  #isApproximate: boolean

  /** `version` is that of the last report of a cell in its place that was given up: then not all is known any more. */
  constructor(topic: string, partition: number, window: number, version: number | undefined) {
    this.topic = topic
    this.partition = partition
    this.window = window
    this.#version = version ?? 0
    this.#isApproximate = version !== undefined
  }

  get version(): number {
    return this.#version
  }

  count(counts: Map<string, number>, name: string): void {
    counts.set(name, (counts.get(name) ?? 0) + 1)
    this.isDirty = true
  }

  /** Its state now, as a report carries it. */
  toReport(role: 'producer' | 'consumer'): MonitorCell {
    this.#version++
    for (const set of [this.offsets, this.redelivered, this.replayed, this.sequences]) {
      if (set.keep(MAX_RANGES)) this.#isApproximate = true
    }
    const report: Record<string, unknown> = {
      topic: this.topic,
      partition: this.partition,
      window: this.window,
      version: this.#version,
      records: this.records,
      bytes: this.bytes,
    }
    if (this.#isApproximate) report.approximate = true
    const ranges = (name: string, set: OffsetRangeSet): void => {
      if (set.size > 0) report[name] = set.toRanges()
    }
    ranges(role === 'producer' ? 'acked' : 'seen', this.offsets)
    ranges('redelivered', this.redelivered)
    ranges('replayed', this.replayed)
    ranges('sequences', this.sequences)
    for (const [name, map] of [
      ['filtered', this.filtered],
      ['readSequences', this.readSequences],
    ] as const) {
      if (map.size > 0) report[name] = Object.fromEntries([...map].map(([key, set]) => [key, set.toRanges()]))
    }
    if (this.failed.size > 0) report.failed = Object.fromEntries(this.failed)
    if (this.dropped.size > 0) report.dropped = Object.fromEntries(this.dropped)
    for (const name of ['produce', 'transit', 'queue', 'process', 'commit'] as const) {
      const histogram = this[name]
      if (histogram !== undefined && histogram.count > 0) report[name] = histogram.toState()
    }
    return report as unknown as MonitorCell
  }
}

/** Every cell of a session, found by topic, partition and window; the last one is at hand. */
export class Cells {
  readonly #cells = new Map<string, Map<number, Map<number, Cell>>>()
  readonly #max: number
  #size = 0
  #last: Cell | undefined
  #lastEnd = 0
  /** Versions of cells that are gone, should their windows come again. */
  readonly #gone = new Map<string, number>()
  /** Cells that were given up because there were too many. */
  given = 0

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#size
  }

  /** The cell of a record, by its timestamp; `now` tells which timestamps can be right. */
  of(topic: string, partition: number, timestamp: number, now: number): Cell {
    const last = this.#last
    if (
      last !== undefined &&
      timestamp >= last.window &&
      timestamp < this.#lastEnd &&
      last.partition === partition &&
      last.topic === topic
    ) {
      return last
    }
    return this.#find(topic, partition, Math.abs(timestamp - now) > MAX_OFF_MS ? -1 : timestamp - (timestamp % WINDOW_MS))
  }

  *all(): Iterable<Cell> {
    for (const partitions of this.#cells.values()) for (const windows of partitions.values()) yield* windows.values()
  }

  /** Forgets cells of which nothing new was to be told since `before`; never by their windows, for records may be of any age. */
  forget(before: number): void {
    for (const partitions of this.#cells.values()) {
      for (const windows of partitions.values()) {
        for (const cell of windows.values()) if (!cell.isDirty && cell.reportedAt < before) this.#remove(windows, cell)
      }
    }
  }

  #find(topic: string, partition: number, window: number): Cell {
    let partitions = this.#cells.get(topic)
    if (partitions === undefined) this.#cells.set(topic, (partitions = new Map()))
    let windows = partitions.get(partition)
    if (windows === undefined) partitions.set(partition, (windows = new Map()))
    let cell = windows.get(window)
    if (cell === undefined) {
      this.#makeRoom()
      const key = keyOf(topic, partition, window)
      windows.set(window, (cell = new Cell(topic, partition, window, this.#gone.get(key))))
      this.#gone.delete(key)
      this.#size++
    }
    this.#last = cell
    this.#lastEnd = window < 0 ? -1 : window + WINDOW_MS
    return cell
  }

  /** The one that was told longest ago goes, reported or not: the memory of an application is not the monitor's. */
  #makeRoom(): void {
    if (this.#size < this.#max) return
    let oldest: { readonly windows: Map<number, Cell>; readonly cell: Cell } | undefined
    for (const partitions of this.#cells.values()) {
      for (const windows of partitions.values()) {
        for (const cell of windows.values()) {
          if (oldest === undefined || isBefore(cell, oldest.cell)) oldest = { windows, cell }
        }
      }
    }
    if (oldest === undefined) return
    if (oldest.cell.isDirty) this.given++
    this.#remove(oldest.windows, oldest.cell)
  }

  #remove(windows: Map<number, Cell>, cell: Cell): void {
    windows.delete(cell.window)
    this.#size--
    if (this.#last === cell) this.#last = undefined
    if (this.#gone.size >= MAX_GONE) this.#gone.delete(this.#gone.keys().next().value!)
    this.#gone.set(keyOf(cell.topic, cell.partition, cell.window), cell.version)
  }
}

function keyOf(topic: string, partition: number, window: number): string {
  return `${topic} ${partition} ${window}`
}

/** Told before unchanged, unchanged before dirty, older windows first. */
function isBefore(cell: Cell, other: Cell): boolean {
  if (cell.isDirty !== other.isDirty) return !cell.isDirty
  return cell.reportedAt === other.reportedAt ? cell.window < other.window : cell.reportedAt < other.reportedAt
}
