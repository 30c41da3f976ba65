import type { LatencySummary, StreamRow } from '../api-types.ts'
import { compact, duration, exact, percent } from './figures.ts'
import { type Body, type FrameInput, firstShown, windowOf } from './frame-input.ts'
import { bar, type Glyphs, shareLine } from './glyphs.ts'
import { emptyLine, type Line, line, span } from './line.ts'
import { deliveredShare, sortStreams, streamKey } from './stream-figures.ts'
import { type Cell, type Column, tableOf } from './table.ts'
import { printable, widthOf } from './text.ts'
import { selectedIndex, type ViewState } from './view-state.ts'

const SEPARATE_NAMES_FROM = 100
const NARROW = 60
/** Above this share of the value, the clocks decide more about it than the records. */
const DOUBTFUL_SHARE = 0.1

/** In the order they are shown, without what the filter hides. */
export function shownStreams(rows: readonly StreamRow[], { filter, sort, reversed }: ViewState): StreamRow[] {
  const wanted = filter.trim().toLowerCase()
  const kept = wanted === '' ? rows : rows.filter(({ topic, group }) => `${topic} ${group ?? ''}`.toLowerCase().includes(wanted))
  return sortStreams(kept, sort, reversed)
}

export function streamsBody(input: FrameInput, height: number): Body {
  const { snapshot, state, width, glyphs, ascii } = input
  const rows = shownStreams(snapshot.streams.streams, state)
  const page = Math.max(1, height - 1)
  if (rows.length === 0) return { lines: nothingToShow(input), total: 0, page }
  const selected = selectedIndex(state, rows.map(streamKey))
  const first = firstShown(selected, rows.length, page)
  const marked = Number.isFinite(height) ? selected - first : -1
  const table = tableOf(streamColumns(input), windowOf(rows, first, page), marked, { width, ascii, mark: glyphs.mark })
  return { lines: [table.heading, ...table.rows], total: rows.length, page }
}

/** The names of a stream: in a column each where there is room for it. Other columns give way to names that need it. */
export function nameColumns(rows: readonly StreamRow[], width: number, glyphs: Glyphs): Column<StreamRow>[] {
  const groupOf = ({ group }: StreamRow): Cell => (group === null ? { text: 'read by nobody', style: 'dim' } : { text: group })
  const nameOf = (row: StreamRow): string => streamName(row, glyphs)
  if (width < SEPARATE_NAMES_FROM) {
    const most = width < NARROW ? 18 : 26
    return [
      { title: 'STREAM', width: [fitting(rows.map(nameOf), 14, most), 60], align: 'left', rank: 0, cell: (row) => ({ text: nameOf(row) }) },
    ]
  }
  const topics = fitting(
    rows.map(({ topic }) => topic),
    10,
    20,
  )
  const groups = fitting(
    rows.map((row) => groupOf(row).text),
    10,
    20,
  )
  return [
    { title: 'TOPIC', width: [topics, 32], align: 'left', rank: 0, cell: ({ topic }) => ({ text: topic }) },
    { title: 'GROUP', width: [groups, 28], align: 'left', rank: 0, cell: groupOf },
  ]
}

function fitting(names: readonly string[], least: number, most: number): number {
  return names.reduce((width, name) => Math.min(most, Math.max(width, widthOf(printable(name, false)))), least)
}

export function streamName({ topic, group }: Pick<StreamRow, 'topic' | 'group'>, { arrow }: Glyphs): string {
  return group === null ? topic : `${topic} ${arrow} ${group}`
}

function streamColumns({ width, glyphs, snapshot }: FrameInput): Column<StreamRow>[] {
  const read = (show: (row: StreamRow, width: number) => Cell) => (row: StreamRow, width: number) =>
    row.group === null ? { text: glyphs.nothing, style: 'dim' as const } : show(row, width)
  const columns: Column<StreamRow>[] = [
    ...nameColumns(snapshot.streams.streams, width, glyphs),
    { title: 'PROD/s', width: 6, align: 'right', rank: 10, cell: (row) => ({ text: compact(row.producedPerSec) }) },
    { title: 'CONS/s', width: 6, align: 'right', rank: 9, cell: read((row) => ({ text: compact(row.consumedPerSec) })) },
    { title: 'DELIVERED', width: [14, 26], align: 'left', rank: 4, cell: read((row, width) => deliveredCell(row, width, glyphs)) },
    { title: 'MISS', width: 7, align: 'right', rank: 0, cell: read(({ missing }) => countCell(missing, 'lost')) },
    { title: 'EXPIRED', width: 7, align: 'right', rank: 5, cell: read(({ expired }) => countCell(expired, 'lost')) },
    { title: 'REDEL', width: 6, align: 'right', rank: 3, cell: read(({ redelivered }) => countCell(redelivered, 'warning', '')) },
    { title: 'LAG', width: 5, align: 'right', rank: 2, cell: read(({ lag }) => ({ text: compact(lag) })) },
    { title: 'BEHIND', width: 6, align: 'right', rank: 1, cell: read(({ lagMs }) => ({ text: duration(lagMs) })) },
    { title: 'TREND', width: [5, 11], align: 'left', rank: 6, cell: read((row, width) => trendCell(row, width, glyphs)) },
    { title: 'P50', width: 7, align: 'right', rank: 8, cell: read(({ latency }) => latencyCell(latency, 'p50', glyphs)) },
    { title: 'P99', width: 7, align: 'right', rank: 7, cell: read(({ latency }) => latencyCell(latency, 'p99', glyphs)) },
    {
      title: 'RECENT',
      width: [10, 40],
      align: 'left',
      rank: 8,
      cell: read(({ recent }, width) => ({ text: shareLine(recent, width, glyphs) })),
    },
  ]
  const someExpired = snapshot.streams.streams.some(({ expired }) => expired > 0)
  return columns.filter(({ title }) => title !== 'EXPIRED' || someExpired)
}

const PERCENT_WIDTH = 8
/** ↓ shrinking */
const TREND_IN_WORDS = 11

function deliveredCell(row: StreamRow, width: number, glyphs: Glyphs): Cell {
  const share = deliveredShare(row)
  const said = share === null ? glyphs.nothing : percent(share)
  return {
    text: bar(share, width - PERCENT_WIDTH, glyphs) + said.padStart(PERCENT_WIDTH),
    style: share !== null && share < 1 ? 'lost' : 'plain',
  }
}

/** A count that should be 0, and is marked when it is not. */
export function countCell(value: number, style: 'lost' | 'warning', mark = '!'): Cell {
  return value === 0 ? { text: '0' } : { text: `${exact(value)}${mark}`, style }
}

/** A group that takes nothing while its lag grows is stalled. */
export function trendCell({ trend, lag, consumedPerSec }: StreamRow, width: number, glyphs: Glyphs): Cell {
  const stalled = trend === 'growing' && lag > 0 && consumedPerSec === 0
  const glyph = glyphs.trend[trend]
  const style = trend === 'growing' ? 'warning' : 'plain'
  return { text: width >= TREND_IN_WORDS ? `${glyph} ${stalled ? 'stalled!' : trend}` : `${glyph}${stalled ? '!' : ''}`, style }
}

/** With `~` where the clocks may make it wrong by more than a tenth. */
function latencyCell(latency: LatencySummary | null, name: 'p50' | 'p99', { nothing }: Glyphs): Cell {
  if (latency === null) return { text: nothing, style: 'dim' }
  const doubtful = latency.errorMs > Math.abs(latency[name]) * DOUBTFUL_SHARE
  return { text: `${doubtful ? '~' : ''}${duration(latency[name])}` }
}

/** Why there is nothing, and what would change that. */
export function nothingToShow({ snapshot, state }: FrameInput): Line[] {
  if (snapshot.streams.streams.length > 0) {
    return [emptyLine, line(`  No topic or group contains "${state.filter}".  Esc takes the filter away.`)]
  }
  const { status } = snapshot
  const lines = [emptyLine, line('  No stream yet: the collector has seen no record of a monitored client.')]
  if (status !== null) {
    lines.push(
      line(`  It reads reports from ${status.source}; ${status.reports === 0 ? 'none came so far' : `${exact(status.reports)} came`}.`),
    )
    for (const problem of status.problems) lines.push(line('  ', span(`! ${problem}`, 'warning')))
    for (const group of status.unmonitoredGroups)
      lines.push(line(`  Group "${group}" commits offsets and sends no reports: add monitor() to its consumers.`))
  }
  return [...lines, line('  Add monitor() to the interceptors of producers and consumers.')]
}
