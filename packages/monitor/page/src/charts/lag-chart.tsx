import { useMemo } from 'preact/hooks'
import type uPlot from 'uplot'
import type { StreamRow } from '../../../src/api-types.ts'
import { clock, compact, count, duration, orNothing } from '../format.ts'
import { Trend } from '../parts/trend.tsx'
import { useObservable } from '../state/observable.ts'
import { timeZone } from '../state/settings.ts'
import type { Colors } from './colors.ts'
import type { ChartProps } from './delivery-chart.tsx'
import { Figure, LegendItem } from './figure.tsx'
import { durationSteps, type PlotShape, TimePlot, useReadout } from './time-plot.tsx'

/** Records on the left axis, seconds on the right. */
export function LagChart({ bins, bin, range, stream }: ChartProps & { readonly stream: StreamRow | undefined }) {
  const zone = useObservable(timeZone)
  const times = useMemo(() => bins.map(({ time }) => time), [bins])
  const data = useMemo(
    (): uPlot.AlignedData => [times.map((time) => time + bin), bins.map((row) => row.lag ?? null), bins.map((row) => row.lagMs ?? null)],
    [times, bins, bin],
  )
  const { index, readout } = useReadout(
    times,
    bin,
    (index) => `${orNothing(bins[index]!.lag, count)} records, oldest ${orNothing(bins[index]!.lagMs, duration)}`,
  )
  return (
    <Figure
      name="lag"
      title="Lag"
      summary={stream === undefined ? ' ' : <Summary stream={stream} />}
      readout={readout}
      legend={
        <>
          <LegendItem swatch="lag">records, left</LegendItem>
          <LegendItem swatch="lag-time">age of the oldest, right</LegendItem>
        </>
      }
      table={() => ({
        columns: ['Bin', 'Records', 'Age of the oldest'],
        rows: bins.map((row) => [clock(row.time, zone), orNothing(row.lag, count), orNothing(row.lagMs, duration)]).reverse(),
      })}
    >
      <TimePlot
        label="Lag"
        height={180}
        range={range}
        bin={bin}
        times={times}
        data={data}
        shape={shapeOf}
        index={index}
        readout={readout}
      />
    </Figure>
  )
}

function Summary({ stream }: { readonly stream: StreamRow }) {
  const net = stream.consumedPerSec - stream.producedPerSec
  return (
    <>
      {count(stream.lag)} records, oldest {duration(stream.lagMs)}, <Trend trend={stream.trend} />
      {stream.lag > 0 && stream.trend === 'shrinking' && net > 0 && <>; at this rate gone in {duration((stream.lag / net) * 1000)}</>}
      {stream.trend === 'growing' && net < 0 && <>; {compact(-net)} more each second</>}.
    </>
  )
}

function shapeOf(colors: Colors): PlotShape {
  const fromZero: uPlot.Range.Function = (_plot, _min, max) => [0, Math.max(1, max) * 1.08]
  return {
    scales: { y: { range: fromZero }, age: { range: fromZero } },
    axes: [
      { values: (_plot, splits) => splits.map(compact) },
      { scale: 'age', side: 1, size: 58, incrs: durationSteps, grid: { show: false }, values: (_plot, splits) => splits.map(duration) },
    ],
    series: [
      { stroke: colors.accent, width: 1.5, fill: colors['consumed-fill'], points: { show: false } },
      { scale: 'age', stroke: colors.redelivered, width: 1.5, dash: [5, 3], points: { show: false } },
    ],
  }
}
