import { WINDOW_MS } from 'sluice/monitor-report'
import type { PartitionRow, PartitionsAnswer } from '../../api-types.ts'
import type { GroupPartition } from '../group-partition.ts'
import { LagHistory } from '../lag.ts'
import type { MonitorState } from '../monitor-state.ts'
import { countOf } from '../offset-ranges.ts'
import { recentTimes } from './streams.ts'

/** One row per partition that the group was seen to read; undefined for a stream that nothing is known of. */
export function partitionsAnswer(state: MonitorState, now: number, topic: string, group: string): PartitionsAnswer | undefined {
  const partitions: PartitionRow[] = []
  for (const partition of state.partitionsOf(topic)) {
    const own = partition.monitored(group)
    if (own === undefined) continue
    const judgement = state.judgement(partition, own, now)
    const history = new LagHistory(partition, own, judgement.start)
    const [oldest] = judgement.pending
    partitions.push({
      partition: partition.partition,
      end: judgement.end,
      committed: judgement.committed,
      lag: countOf(judgement.pending),
      lagMs: oldest === undefined ? 0 : Math.round(Math.max(0, now - history.timeOf(oldest, now))),
      missing: countOf(judgement.missing),
      redelivered: countOf(judgement.redelivered),
      owner: ownerOf(own, now),
      recentLag: recentTimes(now).map((time) => history.at(time)?.records ?? null),
    })
  }
  if (partitions.length === 0) return undefined
  return { revision: state.revision, windowMs: WINDOW_MS, until: now - (now % WINDOW_MS), partitions }
}

/** The session whose hold began last, if it lives and has not given it up. */
function ownerOf(group: GroupPartition, now: number): string | null {
  let latest: { readonly id: string; readonly at: number } | undefined
  for (const { session, assignment } of group.holds.values()) {
    const at = session.brokerTime(assignment.beganAt)
    if (latest !== undefined && at < latest.at) continue
    latest = { id: session.stateAt(now) === 'live' && assignment.ended === undefined ? session.id : '', at }
  }
  return latest === undefined || latest.id === '' ? null : latest.id
}
