import type { AlertsAnswer, ClientsAnswer, GapRange, PartitionsAnswer, StatusAnswer, StreamsAnswer } from '../api-types.ts'
import { matchesFilter, type StreamFilter, streamKey } from './stream-figures.ts'

/** All that a frame is drawn from. */
export interface Snapshot {
  readonly streams: StreamsAnswer
  /** Null where the collector did not answer this one. */
  readonly alerts: AlertsAnswer | null
  readonly clients: ClientsAnswer | null
  readonly status: StatusAnswer | null
  /** By `streamKey`, of the streams that were asked for. */
  readonly ranges: ReadonlyMap<string, readonly GapRange[]>
  readonly partitions: ReadonlyMap<string, PartitionsAnswer>
}

/** Only what `--topic` and `--group` ask for; an alert that is about no stream stays. */
export function filterSnapshot(snapshot: Snapshot, filter: StreamFilter): Snapshot {
  if (filter.topics.length === 0 && filter.groups.length === 0) return snapshot
  const streams = snapshot.streams.streams.filter((row) => matchesFilter(filter, row))
  const kept = new Set(streams.map(streamKey))
  return {
    ...snapshot,
    streams: { ...snapshot.streams, streams },
    alerts: snapshot.alerts && {
      ...snapshot.alerts,
      active: snapshot.alerts.active.filter(
        ({ topic, group }) =>
          topic === null ||
          [...kept].some((key) => key === streamKey({ topic, group }) || (group === null && key.startsWith(`${topic}\n`))),
      ),
    },
  }
}

/** What decides about the exit code. */
export function missingRecords({ streams }: Snapshot): number {
  return streams.streams.reduce((sum, { missing }) => sum + missing, 0)
}
