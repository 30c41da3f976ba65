import type { GapRange, LatencySummary, PartitionRow, StreamRow } from '../api-types.ts'
import { compact, duration, exact, offsets, percent, plural, timeNear } from './figures.ts'
import { type Body, type FrameInput, windowOf } from './frame-input.ts'
import { amountLine, bar, type Glyphs } from './glyphs.ts'
import { emptyLine, type Line, line, type Span, span } from './line.ts'
import { deliveredShare, isLoss, sortRanges, streamKey } from './stream-figures.ts'
import { streamName } from './streams-view.ts'
import { type Column, tableOf } from './table.ts'
import { printable, widthOf } from './text.ts'

type Entry = { readonly partition: PartitionRow } | { readonly range: GapRange } | { readonly heading: number }

/** One stream: its sums, then for each partition its figures and the exact ranges of offsets. */
export function detailBody(input: FrameInput, height: number): Body {
  const { snapshot, state, width, ascii } = input
  const row = snapshot.streams.streams.find((row) => streamKey(row) === state.stream)
  if (row === undefined) return { lines: [emptyLine, line('  The collector knows nothing of this stream any more.')], total: 0, page: 1 }
  const summary = summaryLines(row, input)
  const key = streamKey(row)
  const ranges = snapshot.ranges.get(key)
  const partitions = snapshot.partitions.get(key)
  if (row.group !== null && ranges === undefined && partitions === undefined) {
    return { lines: [...summary, emptyLine, line('  asking the collector ...')], total: 0, page: 1 }
  }
  const entries = entriesOf(partitions?.partitions ?? [], sortRanges((ranges ?? []).filter(({ kind }) => kind !== 'pending')))
  const page = Math.max(1, height - summary.length - 2)
  const first = Math.max(0, Math.min(state.scroll, entries.length - page))
  const shown = windowOf(entries, first, page)
  const table = tableOf(
    partitionColumns(input),
    shown.flatMap((entry) => ('partition' in entry ? [entry.partition] : [])),
    -1,
    { width, ascii, mark: '' },
  )
  let nextRow = 0
  const list = shown.map((entry) => {
    if ('partition' in entry) return table.rows[nextRow++]!
    return 'range' in entry ? rangeLine(entry.range, input) : line(`  partition ${entry.heading}`)
  })
  return { lines: [...summary, emptyLine, table.heading, ...list], total: entries.length, page }
}

/** Each partition with its ranges under it; also ranges of partitions that have no figures. */
function entriesOf(partitions: readonly PartitionRow[], ranges: readonly GapRange[]): Entry[] {
  const byPartition = Map.groupBy(ranges, ({ partition }) => partition)
  const known = new Map(partitions.map((row) => [row.partition, row]))
  const numbers = [...new Set([...known.keys(), ...byPartition.keys()])].sort((a, b) => a - b)
  return numbers.flatMap((number): Entry[] => {
    const partition = known.get(number)
    const under = (byPartition.get(number) ?? []).map((range) => ({ range }))
    return [partition === undefined ? { heading: number } : { partition }, ...under]
  })
}

function rangeLine(range: GapRange, { snapshot, glyphs, zone }: FrameInput): Line {
  const { kind, first, last, count, by, foundAt } = range
  const found = foundAt === undefined ? '' : `  found ${timeNear(foundAt, snapshot.streams.now, zone)}`
  const style = isLoss(kind) ? 'lost' : kind === 'redelivered' || kind === 'unverified' ? 'warning' : 'plain'
  return line(
    '      ',
    span(kind.padEnd(12), style),
    span(`${offsets(first, last, glyphs.dash)}  ${plural(count, 'record')}${by === undefined ? '' : `  by ${by}`}${found}`),
  )
}

/** One range in a sentence of its own, as in alerts: p3 88120–88131 (12). */
export function rangeText({ partition, first, last, count }: GapRange, dash: string): string {
  return `p${partition} ${offsets(first, last, dash)} (${exact(count)})`
}

function summaryLines(row: StreamRow, { width, glyphs, ascii }: FrameInput): Line[] {
  const share = deliveredShare(row)
  const title = line(
    span(streamName(row, glyphs), 'strong'),
    row.group === null ? '  read by nobody' : `  delivered ${share === null ? glyphs.nothing : percent(share)} ${bar(share, 16, glyphs)}`,
  )
  const counts = [
    count('produced', row.produced),
    count('consumed', row.consumed),
    count('missing', row.missing, 'lost'),
    count('expired', row.expired, 'lost'),
    count('overwritten', row.overwritten, 'lost'),
    count('unverified', row.unverified, 'warning'),
    count('redelivered', row.redelivered, 'warning'),
    count('replayed', row.replayed),
    count('filtered', row.filtered),
    count('unattributed', row.unattributed),
  ]
  const { latency } = row
  const more = [
    span(`lag ${row.lag}, ${duration(row.lagMs)} behind, ${row.trend}`),
    span(`coverage ${row.coverage === null ? glyphs.nothing : percent(row.coverage)}`),
    ...(latency === null ? [span(`latency ${glyphs.nothing}`)] : latencySpans(latency, glyphs)),
  ]
  return [title, ...flow(counts, width, ascii), ...flow(more, width, ascii)]
}

function latencySpans({ p50, p90, p99, max, errorMs }: LatencySummary, { plusMinus }: Glyphs): Span[] {
  const named = { p50, p90, p99, max }
  const values = Object.entries(named).map(([name, value]) => span(`${name} ${duration(value)}`))
  return [...values, span(`each ${plusMinus}${duration(errorMs)}`)]
}

function count(name: string, value: number, style: 'plain' | 'lost' | 'warning' = 'plain'): Span {
  return value === 0 ? span(`${name} 0`) : span(`${name} ${value}${style === 'lost' ? '!' : ''}`, style)
}

/** As many of them to a line as fit. */
export function flow(parts: readonly Span[], width: number, ascii: boolean): Line[] {
  const lines: Span[][] = []
  let used = Number.POSITIVE_INFINITY
  for (const part of parts) {
    const size = widthOf(printable(part.text, ascii)) + 2
    if (used + size > width) {
      lines.push([])
      used = 0
    }
    lines.at(-1)!.push(span('  '), part)
    used += size
  }
  return lines.map((spans) => ({ spans }))
}

function partitionColumns({ glyphs, snapshot }: FrameInput): Column<PartitionRow>[] {
  const owners = new Map((snapshot.clients?.clients ?? []).map(({ session, clientId, host }) => [session, `${clientId}@${host}`]))
  return [
    { title: 'PART', width: 5, align: 'right', rank: 0, cell: ({ partition }) => ({ text: String(partition) }) },
    { title: 'END', width: [9, 14], align: 'right', rank: 4, cell: ({ end }) => ({ text: String(end) }) },
    {
      title: 'COMMITTED',
      width: [9, 14],
      align: 'right',
      rank: 5,
      cell: ({ committed }) => ({ text: committed < 0 ? glyphs.nothing : String(committed) }),
    },
    { title: 'LAG', width: 6, align: 'right', rank: 0, cell: ({ lag }) => ({ text: compact(lag) }) },
    { title: 'BEHIND', width: 6, align: 'right', rank: 1, cell: ({ lagMs }) => ({ text: duration(lagMs) }) },
    {
      title: 'MISS',
      width: 7,
      align: 'right',
      rank: 0,
      cell: ({ missing }) => (missing === 0 ? { text: '0' } : { text: `${exact(missing)}!`, style: 'lost' }),
    },
    {
      title: 'REDEL',
      width: 7,
      align: 'right',
      rank: 2,
      cell: ({ redelivered }) => ({ text: exact(redelivered), style: redelivered === 0 ? 'plain' : 'warning' }),
    },
    {
      title: 'READ BY',
      width: [10, 32],
      align: 'left',
      rank: 6,
      cell: ({ owner }) => (owner === null ? { text: 'nobody', style: 'dim' } : { text: owners.get(owner) ?? owner }),
    },
    {
      title: 'LAG OVER TIME',
      width: [13, 40],
      align: 'left',
      rank: 7,
      cell: ({ recentLag }, width) => ({ text: amountLine(recentLag, width, glyphs) }),
    },
  ]
}
