// uPlot, with what it lacks: colours of the theme, a cursor that keys move and all charts share, and words for it.
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { clock, type TimeZone } from '../format.ts'
import { type Observable, observable, useObservable } from '../state/observable.ts'
import { paint, timeZone } from '../state/settings.ts'
import type { TimeRange } from '../state/view-state.ts'
import { type Colors, readColors } from './colors.ts'

/** Where the cursor is on every chart: the begin of a bin. */
export const cursorTime: Observable<number | null> = observable<number | null>(null)

export interface PlotShape {
  readonly series: readonly Omit<uPlot.Series, 'label'>[]
  readonly scales: Readonly<Record<string, uPlot.Scale>>
  readonly axes: readonly uPlot.Axis[]
  /** Below the series, and above them; the numbers are canvas pixels. */
  readonly drawBelow?: (plot: uPlot) => void
  readonly drawAbove?: (plot: uPlot) => void
}

interface TimePlotProps {
  readonly label: string
  readonly height: number
  readonly range: TimeRange
  readonly bin: number
  /** Begins of the bins, ascending. */
  readonly times: readonly number[]
  readonly data: uPlot.AlignedData
  /** Called anew with each theme; what it draws reads the latest data through a ref. */
  readonly shape: (colors: Colors) => PlotShape
  /** The bin under the cursor, or -1, and what is in it. */
  readonly index: number
  readonly readout: string | null
  readonly onOpen?: (index: number) => void
}

/** The bin under the shared cursor, and what is in it. */
export function useReadout(
  times: readonly number[],
  bin: number,
  describe: (index: number) => string,
): { readonly index: number; readonly readout: string | null } {
  const cursor = useObservable(cursorTime)
  const zone = useObservable(timeZone)
  const index = cursor === null ? -1 : indexAt(times, bin, cursor)
  return { index, readout: index === -1 ? null : `${clock(times[index]!, zone)}: ${describe(index)}` }
}

/** Steps of an axis of durations: 15 min, not 17. */
export const durationSteps: number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5,
  1728e5, 6048e5,
]

/** What tests and other tools ask a chart for. */
export interface PlotElement extends HTMLDivElement {
  plot?: uPlot
}

export function TimePlot({ label, height, range, bin, times, data, shape, index, readout, onOpen }: TimePlotProps) {
  const box = useRef<PlotElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const latest = useRef({ range, bin, times, data, shape, onOpen })
  latest.current = { range, bin, times, data, shape, onOpen }
  const painted = useObservable(paint)
  const zone = useObservable(timeZone)
  const cursor = useObservable(cursorTime)
  useLayoutEffect(() => {
    const element = box.current!
    const built = new uPlot(
      optionsOf(element.clientWidth, height, zone, latest, () => cursorTime.value),
      latest.current.data,
      element,
    )
    plot.current = built
    element.plot = built
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== built.width) built.setSize({ width: element.clientWidth, height })
    })
    resized.observe(element)
    return () => {
      resized.disconnect()
      built.destroy()
      plot.current = undefined
    }
  }, [painted, zone, height])
  useEffect(() => plot.current?.setData(data), [data, range.from, range.to])
  useEffect(() => placeCursor(plot.current, cursor, bin), [cursor, data, painted, zone])

  const last = times.length - 1
  const move = (event: KeyboardEvent): void => {
    const at = index === -1 ? last + 1 : index
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - 10,
      PageDown: at + 10,
      Home: 0,
      End: last,
    }
    const to = steps[event.key]
    if (to !== undefined) cursorTime.set(times[Math.min(last, Math.max(0, to))] ?? null)
    else if (event.key === 'Enter' && index !== -1 && onOpen !== undefined) onOpen(index)
    else if (event.key === 'Escape') cursorTime.set(null)
    else return
    event.preventDefault()
  }
  return (
    <div
      ref={box}
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label={`${label}: cursor${onOpen === undefined ? '' : '; Enter opens what was found'}`}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, last)}
      aria-valuenow={index === -1 ? Math.max(0, last) : index}
      aria-valuetext={readout ?? 'no bin chosen'}
      onKeyDown={move}
      style={{ height: `${height}px` }}
    />
  )
}

type Latest = Readonly<{ current: Pick<TimePlotProps, 'range' | 'bin' | 'times' | 'data' | 'shape' | 'onOpen'> }>

function optionsOf(width: number, height: number, zone: TimeZone, latest: Latest, cursor: () => number | null): uPlot.Options {
  const colors = readColors()
  const shape = latest.current.shape(colors)
  const line = { stroke: colors.muted, font: '11px system-ui, sans-serif', grid: { stroke: colors.grid, width: 1 }, ticks: { show: false } }
  return {
    width: Math.max(width, 120),
    height,
    ms: 1,
    padding: [16, shape.axes.length > 1 ? 0 : 30, 0, 0],
    legend: { show: false },
    ...(zone === 'utc' ? { tzDate: (time: number) => uPlot.tzDate(new Date(time), 'Etc/UTC') } : {}),
    scales: { x: { time: true, range: () => [latest.current.range.from, latest.current.range.to] }, ...shape.scales },
    axes: [
      { ...line, size: 26, space: 72, values: (_, splits) => splits.map((time) => axisTime(time, latest.current.range, zone)) },
      ...shape.axes.map((axis) => ({ ...line, size: 52, space: 24, ...axis, grid: { ...line.grid, ...axis.grid } })),
    ],
    series: [{}, ...shape.series],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: false, y: false },
      bind: {
        mousemove: (plot, _target, handler) => (event) => {
          handler(event)
          const left = plot.cursor.left ?? -1
          const { times, bin } = latest.current
          const at = left < 0 ? -1 : indexAt(times, bin, plot.posToVal(left, 'x'))
          if (at !== -1) cursorTime.set(times[at]!)
          return null
        },
        mouseleave: () => () => {
          cursorTime.set(null)
          return null
        },
        click: (_plot, _target) => () => {
          const time = cursor()
          const { times, bin, onOpen } = latest.current
          const at = time === null ? -1 : indexAt(times, bin, time)
          if (at !== -1) onOpen?.(at)
          return null
        },
      },
    },
    hooks: {
      drawAxes: shape.drawBelow === undefined ? [] : [shape.drawBelow],
      draw: shape.drawAbove === undefined ? [] : [shape.drawAbove],
    },
  }
}

function placeCursor(plot: uPlot | undefined, time: number | null, bin: number): void {
  if (plot === undefined) return
  const left = time === null ? -10 : plot.valToPos(time + bin / 2, 'x')
  plot.setCursor({ left, top: time === null ? -10 : 1 }, false)
}

function indexAt(times: readonly number[], bin: number, time: number): number {
  let low = 0
  let high = times.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (times[middle]! <= time) low = middle
    else high = middle - 1
  }
  const found = times[low]
  return found !== undefined && time >= found && time < found + bin ? low : -1
}

function axisTime(time: number, range: TimeRange, zone: TimeZone): string {
  const text = clock(time, zone)
  const span = range.to - range.from
  if (span > 2 * 86_400_000) return text === '00:00:00' ? dayOf(time, zone) : text.slice(0, 5)
  return span < 600_000 ? text : text.slice(0, 5)
}

function dayOf(time: number, zone: TimeZone): string {
  return new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...(zone === 'utc' ? { timeZone: 'UTC' } : {}) })
}
