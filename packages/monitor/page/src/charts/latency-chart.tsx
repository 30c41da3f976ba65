import { useMemo, useRef, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import type { LatencySummary } from '../../../src/api-types.ts'
import { clock, duration, orNothing, type TimeZone } from '../format.ts'
import { useObservable } from '../state/observable.ts'
import { timeZone } from '../state/settings.ts'
import type { Colors } from './colors.ts'
import type { ChartProps } from './delivery-chart.tsx'
import { Figure, LegendItem } from './figure.tsx'
import { durationSteps, type PlotShape, TimePlot, useReadout } from './time-plot.tsx'

type Stage = 'latency' | 'process'

/** Percentiles as lines; what the clocks leave open as a band round the 99th. */
export function LatencyChart({ bins, bin, range }: ChartProps) {
  const [stage, setStage] = useState<Stage>('latency')
  const zone = useObservable(timeZone)
  const values = useMemo(() => bins.map((row) => row[stage]), [bins, stage])
  const latest = useRef({ values, bin })
  latest.current = { values, bin }
  const times = useMemo(() => bins.map(({ time }) => time), [bins])
  const data = useMemo((): uPlot.AlignedData => {
    const line = (name: keyof LatencySummary): (number | null)[] => values.map((value) => value?.[name] ?? null)
    return [times.map((time) => time + bin / 2), line('p50'), line('p90'), line('p99'), line('max')]
  }, [times, values, bin])
  const { index, readout } = useReadout(times, bin, (index) => describe(values[index] ?? null))
  return (
    <Figure
      name="latency"
      title={stage === 'latency' ? 'Latency' : 'Processing time'}
      summary={summaryOf(values, times, zone)}
      readout={readout}
      controls={
        // biome-ignore lint/a11y/useSemanticElements: a fieldset brings a frame and a legend that nobody needs here
        <div class="choice" role="group" aria-label="What is measured">
          <button type="button" class="small" aria-pressed={stage === 'latency'} onClick={() => setStage('latency')}>
            end to end
          </button>
          <button type="button" class="small" aria-pressed={stage === 'process'} onClick={() => setStage('process')}>
            processing
          </button>
        </div>
      }
      legend={
        <>
          <LegendItem swatch="p50">p50</LegendItem>
          <LegendItem swatch="p90">p90</LegendItem>
          <LegendItem swatch="p99">p99</LegendItem>
          <LegendItem swatch="max">max, where it fits the scale</LegendItem>
          {stage === 'latency' && <LegendItem swatch="band">± clock error</LegendItem>}
        </>
      }
      table={() => ({
        columns: ['Bin', 'p50', 'p90', 'p99', 'Max', '± clocks'],
        rows: values
          .map((value, index) => [
            clock(times[index]!, zone),
            ...(['p50', 'p90', 'p99', 'max', 'errorMs'] as const).map((name) => orNothing(value?.[name], duration)),
          ])
          .reverse(),
      })}
    >
      <TimePlot
        label="Latency"
        height={180}
        range={range}
        bin={bin}
        times={times}
        data={data}
        shape={(colors) => shapeOf(colors, latest)}
        index={index}
        readout={readout}
      />
    </Figure>
  )
}

type Latest = Readonly<{ current: { readonly values: readonly (LatencySummary | null)[]; readonly bin: number } }>

function shapeOf(colors: Colors, latest: Latest): PlotShape {
  const line = (color: string, dash?: number[]): Omit<uPlot.Series, 'label'> => ({
    stroke: color,
    width: 1.5,
    points: { show: false },
    ...(dash === undefined ? {} : { dash }),
  })
  return {
    scales: { y: { range: () => [0, topOf(latest.current.values)] } },
    axes: [{ incrs: durationSteps, values: (_plot, splits) => splits.map(duration) }],
    series: [
      line(colors.p50),
      line(colors.p90, [6, 3]),
      line(colors.p99),
      { stroke: colors.muted, paths: () => null, points: { show: true, size: 3, width: 0, fill: colors.muted } },
    ],
    drawBelow: (plot) => drawBand(plot, colors, latest.current.values),
  }
}

/** One slow record must not press the rest flat: the scale ends some way above the 99th. */
function topOf(values: readonly (LatencySummary | null)[]): number {
  let top = 5
  for (const value of values) if (value !== null) top = Math.max(top, Math.min(value.max, value.p99 * 1.6), value.p99 + value.errorMs)
  return top * 1.08
}

function drawBand(plot: uPlot, colors: Colors, values: readonly (LatencySummary | null)[]): void {
  const { ctx, bbox, data } = plot
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.fillStyle = colors.p99
  ctx.globalAlpha = 0.18
  let run: number[] = []
  const close = (): void => {
    if (run.length > 0) {
      const edge = (index: number, sign: number): [number, number] => [
        plot.valToPos(data[0][index]!, 'x', true),
        plot.valToPos(Math.max(0, values[index]!.p99 + sign * values[index]!.errorMs), 'y', true),
      ]
      ctx.beginPath()
      for (const index of run) ctx.lineTo(...edge(index, 1))
      for (const index of run.reverse()) ctx.lineTo(...edge(index, -1))
      ctx.fill()
    }
    run = []
  }
  for (let index = 0; index < values.length; index++) {
    if (values[index] === null) close()
    else run.push(index)
  }
  close()
  ctx.restore()
}

function describe(value: LatencySummary | null): string {
  if (value === null) return 'no records'
  const error = value.errorMs > 0 ? ` ±${duration(value.errorMs)}` : ''
  return `p50 ${duration(value.p50)}, p90 ${duration(value.p90)}, p99 ${duration(value.p99)}${error}, max ${duration(value.max)}`
}

function summaryOf(values: readonly (LatencySummary | null)[], times: readonly number[], zone: TimeZone): string {
  let worst = -1
  for (const [index, value] of values.entries()) if (value !== null && (worst === -1 || value.p99 > values[worst]!.p99)) worst = index
  const last = values.findLast((value) => value !== null) ?? null
  if (worst === -1 || last === null) return 'No latencies in this range.'
  return `Now ${describe(last)}. Worst p99 ${duration(values[worst]!.p99)} at ${clock(times[worst]!, zone)}.`
}
