import type { RunFigures } from './figures.ts'

export interface RunTitle {
  readonly broker: string
  readonly topic: string
  readonly partitions: number
  readonly source: string
  readonly producerChain: readonly string[]
  readonly consumerChain: readonly string[]
  /** Address of the monitor's page, where there is one. */
  readonly monitor: string | undefined
}

const LIVE_INTERVAL_MS = 250
const PLAIN_INTERVAL_MS = 1000
/** So many of the lines told last are shown in a terminal. */
const TOLD_LINES = 6

/** Shows the figures while the run goes on: redrawn in place in a terminal, a line a second elsewhere. */
export class View {
  readonly #output: NodeJS.WriteStream
  readonly #title: RunTitle
  readonly #figures: RunFigures
  readonly #startedAt = performance.now()
  readonly #timer: NodeJS.Timeout
  #drawnLines = 0
  #toldLines = 0
  #last = { at: this.#startedAt, produced: 0, producedBytes: 0, consumed: 0, consumedBytes: 0 }

  constructor(output: NodeJS.WriteStream, title: RunTitle, figures: RunFigures) {
    this.#output = output
    this.#title = title
    this.#figures = figures
    if (!output.isTTY) {
      if (title.monitor !== undefined) output.write(`monitor ${title.monitor}\n`)
      output.write(
        `${title.source} -> ${title.producerChain.join(' -> ')} -> ${title.broker} (${title.topic}) -> ${title.consumerChain.join(' -> ')}\n`,
      )
    }
    this.#timer = setInterval(() => this.#show(), output.isTTY ? LIVE_INTERVAL_MS : PLAIN_INTERVAL_MS)
    if (output.isTTY) this.#show()
  }

  /** Draws a last time and stops. */
  close(): void {
    clearInterval(this.#timer)
    this.#show()
  }

  #show(): void {
    const now = performance.now()
    const seconds = Math.max(0.001, (now - this.#last.at) / 1000)
    const rates: Rates = {
      produced: (this.#figures.produced - this.#last.produced) / seconds,
      producedBytes: (this.#figures.producedBytes - this.#last.producedBytes) / seconds,
      consumed: (this.#figures.consumed - this.#last.consumed) / seconds,
      consumedBytes: (this.#figures.consumedBytes - this.#last.consumedBytes) / seconds,
    }
    if (now - this.#last.at >= PLAIN_INTERVAL_MS) this.#last = { at: now, ...pick(this.#figures) }
    const elapsedSeconds = Math.floor((now - this.#startedAt) / 1000)
    if (this.#output.isTTY) this.#draw(rates, elapsedSeconds)
    else this.#output.write(`${this.#newlyTold()}${plainLine(this.#figures, rates, elapsedSeconds)}\n`)
  }

  #newlyTold(): string {
    const lines = this.#figures.told.slice(this.#toldLines)
    this.#toldLines += lines.length
    return lines.map((line) => `${line}\n`).join('')
  }

  #draw(rates: Rates, elapsedSeconds: number): void {
    const lines = liveLines(this.#title, this.#figures, rates, elapsedSeconds).map((line) => line.slice(0, this.#output.columns ?? 120))
    const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : ''
    this.#output.write(`${up}${lines.map((line) => `\x1b[2K${line}\n`).join('')}`)
    this.#drawnLines = lines.length
  }
}

interface Rates {
  readonly produced: number
  readonly producedBytes: number
  readonly consumed: number
  readonly consumedBytes: number
}

function pick({ produced, producedBytes, consumed, consumedBytes }: RunFigures): Rates {
  return { produced, producedBytes, consumed, consumedBytes }
}

export function liveLines(title: RunTitle, figures: RunFigures, rates: Rates, elapsedSeconds: number): string[] {
  const row = (name: string, count: number, rest = ''): string => `  ${name.padEnd(13)}${String(count).padStart(12)}   ${rest}`
  return [
    `sluice   ${title.broker}   topic ${title.topic} (${title.partitions} partitions)   ${elapsedSeconds} s   Ctrl-C ends`,
    `  ${title.source} -> [${title.producerChain.join(', ')}] -> broker -> [${title.consumerChain.join(', ')}]`,
    '',
    row('produced', figures.produced, `${rate(rates.produced)}   ${bytes(rates.producedBytes)}/s`),
    row('acknowledged', figures.acknowledged),
    row('consumed', figures.consumed, `${rate(rates.consumed)}   ${bytes(rates.consumedBytes)}/s`),
    row('lag', figures.lag),
    row('dropped', figures.dropped, figures.droppedBy()),
    row('failed', figures.failed),
    `  ${'latency'.padEnd(13)}p50 ${milliseconds(figures.latency.percentile(0.5))}   p99 ${milliseconds(figures.latency.percentile(0.99))}   (send to poll)`,
    ...(title.monitor === undefined ? [] : [`  ${'monitor'.padEnd(13)}${title.monitor}`]),
    ...figures.told.slice(-TOLD_LINES).map((line) => `  ${line}`),
  ]
}

export function plainLine(figures: RunFigures, rates: Rates, elapsedSeconds: number): string {
  return [
    `${elapsedSeconds} s`,
    `produced ${figures.produced} (${rate(rates.produced)}, ${bytes(rates.producedBytes)}/s)`,
    `acknowledged ${figures.acknowledged}`,
    `consumed ${figures.consumed} (${rate(rates.consumed)})`,
    `lag ${figures.lag}`,
    `dropped ${figures.dropped}${figures.dropped > 0 ? ` (${figures.droppedBy()})` : ''}`,
    `failed ${figures.failed}`,
    `p50 ${milliseconds(figures.latency.percentile(0.5))}`,
    `p99 ${milliseconds(figures.latency.percentile(0.99))}`,
  ].join(', ')
}

function rate(perSecond: number): string {
  return `${perSecond.toFixed(perSecond < 100 ? 1 : 0)}/s`
}

function bytes(count: number): string {
  if (count < 1000) return `${count.toFixed(0)} B`
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`
  return `${(count / 1e6).toFixed(1)} MB`
}

function milliseconds(value: number | null): string {
  return value === null ? '-' : `${value} ms`
}
