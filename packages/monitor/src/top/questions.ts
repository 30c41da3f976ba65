// What is asked for a frame and for a line of JSON.
import type {
  AlertsAnswer,
  ClientsAnswer,
  GapKind,
  GapRange,
  PartitionsAnswer,
  RangesAnswer,
  StatusAnswer,
  StreamRow,
  StreamsAnswer,
} from '../api-types.ts'
import { type CollectorClient, CollectorError } from './collector-client.ts'
import { filterSnapshot, type Snapshot } from './snapshot.ts'
import { matchesFilter, type StreamFilter, streamKey } from './stream-figures.ts'

/** Streams of which more than their row is shown. */
export interface Wanted {
  readonly ranges: readonly StreamRow[]
  readonly partitions: readonly StreamRow[]
}

const AT_ONCE = 4

/** Throws a CollectorError when the streams cannot be had; whatever else does not come is left out of the picture. */
export async function askSnapshot(
  client: CollectorClient,
  filter: StreamFilter,
  wanted: (snapshot: Snapshot) => Wanted,
  signal: AbortSignal,
): Promise<Snapshot> {
  const [streams, alerts, clients, status] = await Promise.all([
    client.get<StreamsAnswer>('streams', 'streams', signal),
    optional(client.get<AlertsAnswer>('alerts', 'active', signal)),
    optional(client.get<ClientsAnswer>('clients', 'clients', signal)),
    optional(client.get<StatusAnswer>('status', 'problems', signal)),
  ])
  const base = filterSnapshot({ streams, alerts, clients, status, ranges: new Map(), partitions: new Map() }, filter)
  const more = wanted(base)
  const ranges = new Map<string, readonly GapRange[]>()
  const partitions = new Map<string, PartitionsAnswer>()
  await eachFew(more.ranges, async (row) => {
    const answer = await optional(askRanges(client, row, undefined, signal))
    if (answer !== null) ranges.set(streamKey(row), answer.ranges)
  })
  await eachFew(more.partitions, async (row) => {
    const answer = await optional(client.get<PartitionsAnswer>(`${pathOf(row)}/partitions`, 'partitions', signal))
    if (answer !== null) partitions.set(streamKey(row), answer)
  })
  return { ...base, ranges, partitions }
}

export interface StreamWithRanges extends StreamRow {
  readonly ranges: { readonly missing: readonly GapRange[]; readonly redelivered: readonly GapRange[] }
}

const TRIES = 3

/** The streams with the exact ranges of what is missing and redelivered, both of one revision when that can be had in three tries. */
export async function askWithRanges(
  client: CollectorClient,
  filter: StreamFilter,
  signal: AbortSignal,
): Promise<Omit<StreamsAnswer, 'streams'> & { readonly streams: readonly StreamWithRanges[] }> {
  for (let attempt = 1; ; attempt++) {
    const streams = await client.get<StreamsAnswer>('streams', 'streams', signal)
    let sameRevision = true
    const rangesOf = async (row: StreamRow, kind: 'missing' | 'redelivered'): Promise<readonly GapRange[]> => {
      if (row.group === null || row[kind] === 0) return []
      const { revision, ranges } = await askRanges(client, row, kind, signal)
      if (revision !== streams.revision) sameRevision = false
      return ranges
    }
    const rows: StreamWithRanges[] = []
    for (const row of streams.streams.filter((row) => matchesFilter(filter, row))) {
      rows.push({ ...row, ranges: { missing: await rangesOf(row, 'missing'), redelivered: await rangesOf(row, 'redelivered') } })
    }
    if (sameRevision || attempt === TRIES) return { ...streams, streams: rows }
  }
}

function askRanges(client: CollectorClient, row: StreamRow, kind: GapKind | undefined, signal: AbortSignal): Promise<RangesAnswer> {
  return client.get<RangesAnswer>(`${pathOf(row)}/ranges${kind === undefined ? '' : `?kind=${kind}`}`, 'ranges', signal)
}

function pathOf({ topic, group }: StreamRow): string {
  return `streams/${segment(topic)}/${segment(group!)}`
}

/** A name of one or two dots is a path to somewhere else unless its dots are encoded. */
function segment(name: string): string {
  return /^\.{1,2}$/.test(name) ? name.replaceAll('.', '%2E') : encodeURIComponent(name.toWellFormed())
}

async function optional<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch((error: unknown) => {
    if (error instanceof CollectorError) return null
    throw error
  })
}

async function eachFew<T>(entries: readonly T[], run: (entry: T) => Promise<void>): Promise<void> {
  const left = [...entries]
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let entry = left.shift(); entry !== undefined; entry = left.shift()) await run(entry)
    }),
  )
}
