import { useMemo, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import type { SeriesBin } from '../../../src/api-types.ts'
import { clock, compact, count, plural } from '../format.ts'
import { useObservable } from '../state/observable.ts'
import { timeZone } from '../state/settings.ts'
import type { TimeRange } from '../state/view-state.ts'
import { type Colors, hatch } from './colors.ts'
import { Figure, LegendItem } from './figure.tsx'
import { type PlotShape, TimePlot, useReadout } from './time-plot.tsx'

export interface ChartProps {
  readonly bins: readonly SeriesBin[]
  readonly bin: number
  readonly range: TimeRange
}

/** Expected as a stepped line, consumed as the area below it; what is between them says what became of it. */
export function DeliveryChart({ bins, bin, range, onOpen }: ChartProps & { readonly onOpen: (time: number) => void }) {
  const zone = useObservable(timeZone)
  const latest = useRef({ bins, bin })
  latest.current = { bins, bin }
  const data = useMemo(() => dataOf(bins, bin), [bins, bin])
  const times = useMemo(() => bins.map(({ time }) => time), [bins])
  const summary = useMemo(() => summaryOf(bins, zone), [bins, zone])
  const { index, readout } = useReadout(times, bin, (index) => describe(bins[index]!))
  return (
    <Figure
      name="delivery"
      title="Delivery"
      summary={summary}
      readout={readout}
      legend={
        <>
          <LegendItem swatch="expected">expected</LegendItem>
          <LegendItem swatch="consumed">consumed</LegendItem>
          <LegendItem swatch="missing">missing</LegendItem>
          <LegendItem swatch="pending">pending</LegendItem>
          <LegendItem swatch="redelivered">redelivered</LegendItem>
          <LegendItem swatch="partial">a client died: last report may be missing</LegendItem>
        </>
      }
      table={() => ({
        columns: ['Bin', 'Expected', 'Consumed', 'Missing', 'Pending', 'Redelivered'],
        rows: bins
          .map((row) => [clock(row.time, zone), ...[row.expected, row.consumed, row.missing, row.pending, row.redelivered].map(count)])
          .reverse(),
      })}
    >
      <TimePlot
        label="Delivery"
        height={220}
        range={range}
        bin={bin}
        times={times}
        data={data}
        shape={(colors) => shapeOf(colors, latest)}
        index={index}
        readout={readout}
        onOpen={(index) => onOpen(bins[index]!.time)}
      />
    </Figure>
  )
}

type Latest = Readonly<{ current: { readonly bins: readonly SeriesBin[]; readonly bin: number } }>

/** A step lasts to the end of its bin: the last one is given twice, and a hole gets an end, too. */
function dataOf(bins: readonly SeriesBin[], bin: number): uPlot.AlignedData {
  const x: number[] = []
  const expected: (number | null)[] = []
  const consumed: (number | null)[] = []
  for (const [index, row] of bins.entries()) {
    x.push(row.time)
    expected.push(row.expected)
    consumed.push(row.consumed)
    const next = bins[index + 1]
    if (next !== undefined && next.time <= row.time + bin) continue
    x.push(row.time + bin)
    expected.push(row.expected)
    consumed.push(row.consumed)
    if (next === undefined) continue
    x.push(row.time + bin + 1)
    expected.push(null)
    consumed.push(null)
  }
  return [x, consumed, expected]
}

function shapeOf(colors: Colors, latest: Latest): PlotShape {
  const stepped = uPlot.paths.stepped!({ align: 1 })
  return {
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max) * 1.06] } },
    axes: [{ values: (_plot, splits) => splits.map(compact) }],
    series: [
      { stroke: colors.consumed, width: 1, fill: colors['consumed-fill'], paths: stepped, points: { show: false } },
      { stroke: colors.text, width: 1.25, paths: stepped, points: { show: false } },
    ],
    drawBelow: (plot) => drawBetween(plot, colors, latest.current),
    drawAbove: (plot) => drawMarks(plot, colors, latest.current),
  }
}

function drawBetween(plot: uPlot, colors: Colors, { bins, bin }: Latest['current']): void {
  const { ctx, bbox } = plot
  const ratio = uPlot.pxRatio
  const pending = hatch(ctx, colors.pending, null, ratio)
  const partial = hatch(ctx, colors.partial, null, ratio)
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const row of bins) {
    const left = plot.valToPos(row.time, 'x', true)
    const width = Math.max(ratio, plot.valToPos(row.time + bin, 'x', true) - left)
    if (row.partial) {
      ctx.fillStyle = partial
      ctx.fillRect(left, bbox.top, width, bbox.height)
    }
    const got = plot.valToPos(row.consumed, 'y', true)
    const afterMissing = plot.valToPos(row.consumed + row.missing, 'y', true)
    // Twelve of twelve thousand are less than a pixel, and the reason for looking.
    const missingHeight = row.missing > 0 ? Math.max(3 * ratio, got - afterMissing) : 0
    if (row.pending > 0) {
      ctx.fillStyle = pending
      const top = plot.valToPos(row.consumed + row.missing + row.pending, 'y', true)
      ctx.fillRect(left, top, width, Math.max(0, got - missingHeight - top))
    }
    if (missingHeight > 0) {
      ctx.fillStyle = colors.missing
      ctx.fillRect(left, got - missingHeight, width, missingHeight)
    }
  }
  ctx.restore()
}

/** Above the plot: a triangle where records are missing, a bar where some came twice. */
function drawMarks(plot: uPlot, colors: Colors, { bins, bin }: Latest['current']): void {
  const { ctx, bbox } = plot
  const ratio = uPlot.pxRatio
  ctx.save()
  for (const row of bins) {
    const middle = plot.valToPos(row.time + bin / 2, 'x', true)
    if (middle < bbox.left || middle > bbox.left + bbox.width) continue
    if (row.redelivered > 0) {
      ctx.fillStyle = colors.redelivered
      ctx.fillRect(middle - 1.25 * ratio, bbox.top - 6 * ratio, 2.5 * ratio, 5 * ratio)
    }
    if (row.missing > 0) {
      ctx.fillStyle = colors.missing
      // A narrow bin is found by its line; a wide one by its band.
      if (plot.valToPos(row.time + bin, 'x', true) - plot.valToPos(row.time, 'x', true) < 12 * ratio) {
        ctx.fillRect(middle - 0.5 * ratio, bbox.top, ratio, bbox.height)
      }
      ctx.beginPath()
      ctx.moveTo(middle - 5 * ratio, bbox.top - 14 * ratio)
      ctx.lineTo(middle + 5 * ratio, bbox.top - 14 * ratio)
      ctx.lineTo(middle, bbox.top - 5 * ratio)
      ctx.fill()
    }
  }
  ctx.restore()
}

function describe(row: SeriesBin): string {
  const parts = [`expected ${count(row.expected)}`, `consumed ${count(row.consumed)}`]
  if (row.missing > 0) parts.push(`${count(row.missing)} missing`)
  if (row.pending > 0) parts.push(`${count(row.pending)} pending`)
  if (row.redelivered > 0) parts.push(`${count(row.redelivered)} redelivered`)
  if (row.partial) parts.push('a client died here')
  return parts.join(', ')
}

function summaryOf(bins: readonly SeriesBin[], zone: 'utc' | 'local'): string {
  if (bins.length === 0) return 'No records in this range.'
  const expected = bins.reduce((sum, row) => sum + row.expected, 0)
  const consumed = bins.reduce((sum, row) => sum + row.consumed, 0)
  const lossy = bins.filter(({ missing }) => missing > 0)
  const got = `${count(expected)} records expected, ${count(consumed)} consumed.`
  if (lossy.length === 0) return `${got} None missing in ${plural(bins.length, 'bin')}.`
  const worst = lossy.reduce((a, b) => (b.missing > a.missing ? b : a))
  return `${got} Missing in ${lossy.length} of ${plural(bins.length, 'bin')}, worst ${count(worst.missing)} at ${clock(worst.time, zone)}.`
}
