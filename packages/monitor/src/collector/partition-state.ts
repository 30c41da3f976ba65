import { type MonitorCell, OffsetRangeSet, type OffsetRanges } from 'sluice/monitor-report'
import type { WindowSummary } from './compaction.ts'
import { addFrom, GroupPartition } from './group-partition.ts'
import { LogHistory } from './log-history.ts'
import { difference, endOf, intersection, noOffsets, union } from './offset-ranges.ts'
import type { SessionState } from './session-state.ts'

export interface KeptCell {
  readonly session: SessionState
  /** The highest version. */
  readonly cell: MonitorCell
  /** All offsets that any version told: acknowledged or seen. */
  readonly told: OffsetRanges
}

/** What is known of one partition: its cells, what of them was acknowledged, and what each group did. */
export class PartitionState {
  readonly topic: string
  readonly partition: number
  /** By window and session. */
  readonly windows: Map<number, Map<string, KeptCell>> = new Map()
  readonly acked: OffsetRangeSet = new OffsetRangeSet()
  readonly aborted: OffsetRangeSet = new OffsetRangeSet()
  readonly overwritten: OffsetRangeSet = new OffsetRangeSet()
  /** Behind the last offset that each producer's session got. */
  readonly ackedBy: Map<string, { readonly session: SessionState; end: number }> = new Map()
  readonly groups: Map<string, GroupPartition> = new Map()
  readonly log: LogHistory = new LogHistory()
  /** Numbers of windows whose cells are forgotten, by their begin. */
  readonly summaries: Map<number, WindowSummary> = new Map()
  /** Windows before this are forgotten, but for those that are still there. */
  summarizedUntil = 0
  /** Below this, offsets are settled and forgotten. */
  floor = 0
  /** Grows with every change. */
  revision = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** A group that a monitored consumer is in; of others it is only known what they committed. */
  monitored(name: string): GroupPartition | undefined {
    const group = this.groups.get(name)
    return group?.isMonitored ? group : undefined
  }

  group(name: string): GroupPartition {
    let group = this.groups.get(name)
    if (group === undefined) this.groups.set(name, (group = new GroupPartition(name)))
    return group
  }

  summaryOf(window: number): WindowSummary {
    let summary = this.summaries.get(window)
    if (summary === undefined) this.summaries.set(window, (summary = { window, produced: 0, groups: new Map() }))
    return summary
  }

  forgetBelow(offset: number): void {
    this.floor = offset
    this.revision++
    for (const set of [this.acked, this.aborted, this.overwritten]) set.dropBelow(offset)
  }

  forgetSession(id: string): void {
    this.revision++
    this.ackedBy.delete(id)
    this.windows.get(-1)?.delete(id)
    for (const group of this.groups.values()) group.forgetSession(id)
  }

  restoreOverwritten(overwritten: OffsetRanges): void {
    addFrom(this.overwritten, overwritten, this.floor)
    this.revision++
  }

  /** True when it told anything new. */
  applyCell(session: SessionState, cell: MonitorCell): boolean {
    let window = this.windows.get(cell.window)
    if (window === undefined && cell.window >= 0 && cell.window < this.summarizedUntil) return false
    if (window === undefined) this.windows.set(cell.window, (window = new Map()))
    const before = window.get(session.id)
    const isNewer = before === undefined || cell.version > before.cell.version
    // Of a cell that told all, a higher version tells all that a lower one did.
    if (!isNewer && cell.approximate === undefined) return false
    const offsets = (session.client.role === 'producer' ? cell.acked : cell.seen) ?? noOffsets
    const isWhole = isNewer && cell.approximate === undefined && before?.cell.approximate === undefined
    const told = isWhole || before === undefined ? offsets : union(before.told, offsets)
    window.set(session.id, { session, cell: isNewer ? cell : before.cell, told })
    this.revision++
    if (session.client.role === 'producer') this.#applyAcked(session, cell, before?.told ?? noOffsets)
    else if (session.group !== undefined) this.group(session.group).applyCell(session, cell, this.floor)
    return true
  }

  #applyAcked(session: SessionState, cell: MonitorCell, toldBefore: OffsetRanges): void {
    const acked = cell.acked ?? noOffsets
    const added = difference(acked, toldBefore)
    // Told by another cell already: the same offset went to two sends.
    for (const twice of [intersection(added, this.acked.toRanges()), cell.overwritten ?? noOffsets]) {
      addFrom(this.overwritten, twice, this.floor)
    }
    addFrom(this.acked, added, this.floor)
    if (cell.aborted !== undefined) addFrom(this.aborted, cell.aborted, this.floor)
    const end = Math.max(endOf(acked), endOf(cell.aborted ?? noOffsets))
    const by = this.ackedBy.get(session.id)
    if (by === undefined) this.ackedBy.set(session.id, { session, end })
    else if (end > by.end) by.end = end
  }
}
