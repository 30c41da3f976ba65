import type { PartitionRow, StreamRow } from '../api-types.ts'
import { compact, duration } from './figures.ts'
import { type Body, type FrameInput, firstShown, windowOf } from './frame-input.ts'
import { amountLine } from './glyphs.ts'
import { drainMs, streamKey } from './stream-figures.ts'
import { nameColumns, nothingToShow, shownStreams, trendCell } from './streams-view.ts'
import { type Cell, type Column, tableOf } from './table.ts'
import { selectedIndex } from './view-state.ts'

/** How far behind each group is, whether it catches up, and where in the topic its lag is. */
export function lagBody(input: FrameInput, height: number): Body {
  const { state, width, glyphs, ascii } = input
  const rows = lagStreams(input)
  const page = Math.max(1, height - 1)
  if (rows.length === 0) return { lines: nothingToShow(input), total: 0, page }
  const selected = selectedIndex(state, rows.map(streamKey))
  const first = firstShown(selected, rows.length, page)
  const table = tableOf(lagColumns(input), windowOf(rows, first, page), selected - first, { width, ascii, mark: glyphs.mark })
  return { lines: [table.heading, ...table.rows], total: rows.length, page }
}

/** Streams that somebody reads, in the order they are shown. */
export function lagStreams({ snapshot, state }: Pick<FrameInput, 'snapshot' | 'state'>): StreamRow[] {
  return shownStreams(
    snapshot.streams.streams.filter(({ group }) => group !== null),
    state,
  )
}

function lagColumns({ snapshot, width, glyphs }: FrameInput): Column<StreamRow>[] {
  const partitionsOf = (row: StreamRow): readonly PartitionRow[] => snapshot.partitions.get(streamKey(row))?.partitions ?? []
  return [
    ...nameColumns(snapshot.streams.streams, width, glyphs),
    { title: 'LAG', width: 6, align: 'right', rank: 0, cell: ({ lag }) => ({ text: compact(lag) }) },
    { title: 'BEHIND', width: 6, align: 'right', rank: 0, cell: ({ lagMs }) => ({ text: duration(lagMs) }) },
    { title: 'TREND', width: [5, 11], align: 'left', rank: 1, cell: (row, width) => trendCell(row, width, glyphs) },
    { title: 'DRAINED', width: 8, align: 'right', rank: 2, cell: (row) => drainCell(row, glyphs.nothing) },
    { title: 'PROD/s', width: 6, align: 'right', rank: 5, cell: (row) => ({ text: compact(row.producedPerSec) }) },
    { title: 'CONS/s', width: 6, align: 'right', rank: 4, cell: (row) => ({ text: compact(row.consumedPerSec) }) },
    {
      title: 'PARTITIONS',
      width: [12, 48],
      align: 'left',
      rank: 3,
      cell: (row, width) => ({ text: partitionStrip(partitionsOf(row), width, glyphs.nothing, (lags) => amountLine(lags, width, glyphs)) }),
    },
    {
      title: 'LAG OVER TIME',
      width: [13, 40],
      align: 'left',
      rank: 6,
      cell: (row, width) => ({ text: amountLine(lagOverTime(partitionsOf(row)), width, glyphs) || glyphs.nothing }),
    },
  ]
}

/** A lag that merely does not shrink, such as that of records on their way, is no backlog that is never drained. */
function drainCell(row: StreamRow, nothing: string): Cell {
  const ms = drainMs(row)
  if (ms === 0) return { text: 'yes' }
  if (Number.isFinite(ms)) return { text: `in ${duration(ms)}` }
  return row.trend === 'growing' ? { text: 'never', style: 'warning' } : { text: nothing }
}

/** A glyph for each partition; for each neighbouring few, by the worst of them, where there is no room. */
function partitionStrip(rows: readonly PartitionRow[], width: number, nothing: string, draw: (lags: number[]) => string): string {
  if (rows.length === 0) return nothing
  const perGlyph = Math.ceil(rows.length / width)
  const lags: number[] = []
  for (let at = 0; at < rows.length; at += perGlyph) lags.push(Math.max(...rows.slice(at, at + perGlyph).map(({ lag }) => lag)))
  return draw(lags)
}

/** Of all partitions together; null in windows of which nobody told. */
export function lagOverTime(rows: readonly PartitionRow[]): (number | null)[] {
  const length = Math.max(0, ...rows.map(({ recentLag }) => recentLag.length))
  return Array.from({ length }, (_, at) => {
    const known = rows.map(({ recentLag }) => recentLag[recentLag.length - length + at] ?? null).filter((lag) => lag !== null)
    return known.length === 0 ? null : known.reduce((sum, lag) => sum + lag, 0)
  })
}
