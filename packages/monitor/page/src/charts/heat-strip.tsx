import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { PartitionRow, PartitionsAnswer } from '../../../src/api-types.ts'
import { clock, count, duration, orNothing, plural } from '../format.ts'
import { useObservable } from '../state/observable.ts'
import { paint, timeZone } from '../state/settings.ts'
import { type Colors, heat, readColors } from './colors.ts'
import { Figure, LegendItem } from './figure.tsx'

interface HeatStripProps {
  readonly answer: PartitionsAnswer
  readonly onOpen: (partition: number) => void
}

interface Cell {
  readonly row: number
  readonly column: number
}

const GUTTER = 34
const MARKS = 26

/** One row per partition, one column per window: hundreds of partitions at a glance. */
export function HeatStrip({ answer, onOpen }: HeatStripProps) {
  const { partitions } = answer
  const zone = useObservable(timeZone)
  const painted = useObservable(paint)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const [cell, setCell] = useState<Cell | null>(null)
  const columns = partitions.reduce((most, row) => Math.max(most, row.recentLag.length), 0)
  const rowHeight = Math.min(16, Math.max(3, Math.floor(360 / Math.max(1, partitions.length))))
  const height = Math.max(rowHeight, rowHeight * partitions.length)
  const largest = useMemo(
    () => partitions.reduce((most, row) => row.recentLag.reduce<number>((a, b) => Math.max(a, b ?? 0), most), 0),
    [partitions],
  )

  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const resized = new ResizeObserver(() => setWidth(element.parentElement!.clientWidth))
    resized.observe(element.parentElement!)
    return () => resized.disconnect()
  }, [])
  useEffect(() => {
    if (canvas.current !== null && width > 0)
      draw(canvas.current, { partitions, columns, width, height, rowHeight, largest, cell }, readColors())
  }, [partitions, columns, width, height, rowHeight, largest, cell, painted])

  const describe = ({ row, column }: Cell): string => {
    const partition = partitions[row]
    if (partition === undefined) return ''
    const at =
      answer.until === undefined || answer.windowMs === undefined
        ? ''
        : ` at ${clock(answer.until - (columns - column) * answer.windowMs, zone)}`
    const then = `lag ${orNothing(valueAt(partition, column, columns), count)}${at}`
    const found = partition.missing > 0 ? `, ${count(partition.missing)} missing` : ''
    return `p${partition.partition}: ${then}; now ${count(partition.lag)}, ${duration(partition.lagMs)}${found}`
  }
  const step = (rows: number, across: number): void => {
    const from = cell ?? { row: rows > 0 ? -1 : 0, column: columns - 1 - across }
    setCell({
      row: Math.min(partitions.length - 1, Math.max(0, from.row + rows)),
      column: Math.min(columns - 1, Math.max(0, from.column + across)),
    })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      PageUp: [-10, 0],
      PageDown: [10, 0],
      Home: [0, -columns],
      End: [0, columns],
    }
    const by = steps[event.key]
    if (by !== undefined) step(...by)
    else if (event.key === 'Enter' && cell !== null) onOpen(partitions[cell.row]!.partition)
    else if (event.key === 'Escape') setCell(null)
    else return
    event.preventDefault()
  }
  const cellUnder = (event: MouseEvent): Cell | null => {
    const row = Math.floor(event.offsetY / rowHeight)
    const column = Math.floor(((event.offsetX - GUTTER) / (width - GUTTER - MARKS)) * columns)
    return row >= 0 && row < partitions.length && column >= 0 && column < columns ? { row, column } : null
  }
  return (
    <Figure
      name="partitions"
      title="Partitions"
      summary={summaryOf(partitions, columns * (answer.windowMs ?? 0))}
      readout={cell === null ? null : describe(cell)}
      legend={
        <>
          <LegendItem swatch="heat">lag, 0 to {count(largest)} records (square root)</LegendItem>
          <LegendItem swatch="missing">missing</LegendItem>
          <LegendItem swatch="redelivered">redelivered</LegendItem>
        </>
      }
      table={() => ({
        columns: ['Partition', 'End', 'Committed', 'Lag', 'Oldest', 'Missing', 'Redelivered', 'Read by'],
        rows: partitions.map((row) => [
          String(row.partition),
          String(row.end),
          String(row.committed),
          count(row.lag),
          duration(row.lagMs),
          count(row.missing),
          count(row.redelivered),
          row.owner ?? 'nobody',
        ]),
      })}
    >
      <div class="strip">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a canvas is no control by itself; keys move over it */}
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-label="Lag by partition and time: arrow keys move, Enter opens what was found in a partition"
          aria-describedby="strip-cell"
          onKeyDown={onKeyDown}
          onMouseMove={(event) => setCell(cellUnder(event))}
          onMouseLeave={() => setCell(null)}
          onClick={(event) => {
            const under = cellUnder(event)
            if (under !== null) onOpen(partitions[under.row]!.partition)
          }}
        />
      </div>
      <p class="sr-only" id="strip-cell" aria-live="polite">
        {cell === null ? '' : describe(cell)}
      </p>
    </Figure>
  )
}

interface Drawing {
  readonly partitions: readonly PartitionRow[]
  readonly columns: number
  readonly width: number
  readonly height: number
  readonly rowHeight: number
  readonly largest: number
  readonly cell: Cell | null
}

function draw(canvas: HTMLCanvasElement, drawing: Drawing, colors: Colors): void {
  const { partitions, columns, width, height, rowHeight, largest, cell } = drawing
  const ratio = devicePixelRatio || 1
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const pen = canvas.getContext('2d')!
  pen.scale(ratio, ratio)
  const plotWidth = width - GUTTER - MARKS
  const columnWidth = plotWidth / Math.max(1, columns)
  const gap = rowHeight >= 6 ? 1 : 0
  pen.font = '10px system-ui, sans-serif'
  pen.textAlign = 'right'
  pen.textBaseline = 'middle'
  // Every so many that the numbers do not touch.
  const labelEvery = Math.max(1, Math.ceil(12 / rowHeight))
  for (const [index, partition] of partitions.entries()) {
    const top = index * rowHeight
    for (let column = 0; column < columns; column++) {
      const value = valueAt(partition, column, columns)
      if (value === null) continue
      pen.fillStyle = heat(colors, largest === 0 ? 0 : Math.sqrt(value / largest))
      pen.fillRect(GUTTER + column * columnWidth, top, columnWidth + (gap === 0 ? 0.5 : -0.5), rowHeight - gap)
    }
    if (index % labelEvery === 0) {
      pen.fillStyle = colors.muted
      pen.fillText(`p${partition.partition}`, GUTTER - 6, top + Math.max(5, rowHeight / 2))
    }
    const size = Math.max(3, rowHeight - gap)
    if (partition.missing > 0) {
      pen.fillStyle = colors.missing
      pen.beginPath()
      pen.moveTo(width - MARKS + 4, top)
      pen.lineTo(width - MARKS + 13, top)
      pen.lineTo(width - MARKS + 8.5, top + Math.min(9, Math.max(6, size)))
      pen.fill()
    }
    if (partition.redelivered > 0) {
      pen.fillStyle = colors.redelivered
      pen.fillRect(width - MARKS + 17, top, 3, size)
    }
  }
  if (cell !== null) {
    pen.strokeStyle = colors.text
    pen.lineWidth = 1.5
    pen.strokeRect(GUTTER + cell.column * columnWidth - 0.5, cell.row * rowHeight - 0.5, Math.max(3, columnWidth), Math.max(3, rowHeight))
  }
}

/** Windows are counted from the newest: a partition seen later has fewer. */
function valueAt(partition: PartitionRow, column: number, columns: number): number | null {
  return partition.recentLag[column - (columns - partition.recentLag.length)] ?? null
}

function summaryOf(partitions: readonly PartitionRow[], spanMs: number): string {
  if (partitions.length === 0) return 'No partitions known.'
  const worst = partitions.reduce((a, b) => (b.lag > a.lag ? b : a))
  const lossy = partitions.filter(({ missing }) => missing > 0)
  const unread = partitions.filter(({ owner }) => owner === null).length
  const parts = [`${plural(partitions.length, 'partition')}${spanMs > 0 ? `, the last ${duration(spanMs)}` : ''}.`]
  if (worst.lag > 0) parts.push(`Most lag on p${worst.partition}: ${plural(worst.lag, 'record')}, ${duration(worst.lagMs)}.`)
  parts.push(
    lossy.length === 0 ? 'None with missing records.' : `Missing records in ${lossy.map(({ partition }) => `p${partition}`).join(', ')}.`,
  )
  if (unread > 0) parts.push(`${unread} read by nobody.`)
  return parts.join(' ')
}
