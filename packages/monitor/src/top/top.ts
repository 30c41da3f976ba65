import type { Clock } from 'sluice'
import { CollectorClient, CollectorError } from './collector-client.ts'
import type { TimeZone } from './figures.ts'
import { onceLines } from './frame.ts'
import { asciiGlyphs, unicodeGlyphs } from './glyphs.ts'
import { paint } from './line.ts'
import { type Ended, liveView } from './live-view.ts'
import { pause } from './pause.ts'
import { summaryLine } from './plain-line.ts'
import { askSnapshot, askWithRanges, type Wanted } from './questions.ts'
import { missingRecords, type Snapshot } from './snapshot.ts'
import type { StreamFilter } from './stream-figures.ts'
import type { TerminalHost, TerminalInput, TerminalOutput } from './terminal.ts'
import { collectorOf, type Environment, intervalOf, type TopOptions, wantsAscii, wantsColour } from './top-options.ts'
import { initialView } from './view-state.ts'

/** What it runs in; tests put their own in. */
export interface TopHost {
  readonly stdin: TerminalInput
  readonly stdout: TerminalOutput
  readonly stderr: { write(text: string): unknown }
  readonly process: TerminalHost
  readonly env: Environment
  readonly clock: Clock
  readonly zone: TimeZone
}

function processHost(): TopHost {
  const { stdin, stdout, stderr, env } = process
  return { stdin, stdout, stderr, process, env, clock: nodeClock, zone: 'local' }
}

const nodeClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  setTimer(callback, delayMs) {
    const handle = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Nothing is missing; the collector did not answer, or knows none of the streams asked for; records are missing. */
const EXIT_OK = 0
const EXIT_NO_ANSWER = 1
const EXIT_MISSING = 2

const ANSWER_TIMEOUT_MS = 5000
const ONCE_WIDTH = 120

/**
 * Runs `npx sluice top`. Resolves with the exit code once it has ended; the terminal is then as it was.
 * Throws a TopOptionError for options that cannot be.
 */
export async function runTop(options: TopOptions, host: TopHost = processHost()): Promise<number> {
  const client = new CollectorClient({ ...collectorOf(options, host.env), timeoutMs: ANSWER_TIMEOUT_MS })
  const intervalMs = intervalOf(options)
  const filter: StreamFilter = { topics: options.topics ?? [], groups: options.groups ?? [] }
  const isTerminal = host.stdout.isTTY === true
  const look = { colour: wantsColour(host.env, isTerminal), ascii: wantsAscii(options, host.env), zone: host.zone }
  try {
    if (options.once === true) return await once(client, filter, options.json === true, look, host)
    if (options.json !== true && isTerminal && host.env.TERM !== 'dumb') {
      const { stdin: input, stdout: output, clock } = host
      const ended = await liveView({ client, clock, intervalMs, filter, input, output, host: host.process, ...look })
      if (ended.lost !== null) host.stderr.write(`sluice top: ${ended.lost}\n`)
      return exitCode(missingRecords(ended.snapshot), ended.lost)
    }
    return await lines(client, filter, options.json === true, intervalMs, look, host)
  } catch (error) {
    if (!(error instanceof CollectorError)) throw error
    const hint = error.status === undefined ? '; "npx sluice monitor" starts a collector, --url names another' : ''
    host.stderr.write(`sluice top: ${error.message}${hint}\n`)
    return EXIT_NO_ANSWER
  }
}

interface Look {
  readonly colour: boolean
  readonly ascii: boolean
  readonly zone: TimeZone
}

function exitCode(missing: number, lost: Ended['lost']): number {
  if (missing > 0) return EXIT_MISSING
  return lost === null ? EXIT_OK : EXIT_NO_ANSWER
}

async function once(client: CollectorClient, filter: StreamFilter, json: boolean, look: Look, host: TopHost): Promise<number> {
  const signal = new AbortController().signal
  const writer = new LineWriter(host.stdout)
  let missing: number
  let known: boolean
  if (json) {
    const answer = await askWithRanges(client, filter, signal)
    missing = answer.streams.reduce((sum, row) => sum + row.missing, 0)
    known = answer.streams.length > 0
    await writer.write(JSON.stringify(answer))
  } else {
    const snapshot = await askSnapshot(client, filter, withMissing, signal)
    missing = missingRecords(snapshot)
    known = snapshot.streams.streams.length > 0
    const width = (host.stdout.isTTY ? host.stdout.columns : Number(host.env.COLUMNS)) || ONCE_WIDTH
    const { ascii, zone } = look
    const glyphs = ascii ? asciiGlyphs : unicodeGlyphs
    const input = {
      snapshot,
      state: initialView,
      source: client.source,
      lost: null,
      width,
      height: Number.POSITIVE_INFINITY,
      glyphs,
      ascii,
      zone,
    }
    await writer.write(
      onceLines(input)
        .map((line) => paint(line, width, look))
        .join('\n'),
    )
  }
  writer.close()
  if (!known && filter.topics.length + filter.groups.length > 0) {
    host.stderr.write(`sluice top: the collector knows no stream of ${describe(filter)}\n`)
    return EXIT_NO_ANSWER
  }
  return exitCode(missing, null)
}

function withMissing(snapshot: Snapshot): Wanted {
  return { ranges: snapshot.streams.streams.filter(({ group, missing }) => group !== null && missing > 0), partitions: [] }
}

function describe({ topics, groups }: StreamFilter): string {
  return [...topics.map((name) => `--topic "${name}"`), ...groups.map((name) => `--group "${name}"`)].join(' ')
}

/** A line an interval, until a signal, or until nobody reads them any more. Goes on when the collector comes back. */
async function lines(
  client: CollectorClient,
  filter: StreamFilter,
  json: boolean,
  intervalMs: number,
  look: Look,
  host: TopHost,
): Promise<number> {
  const ending = new AbortController()
  const end = (): void => {
    ending.abort()
    writer.release()
  }
  for (const signal of endSignals) host.process.on(signal, end)
  const writer = new LineWriter(host.stdout, end)
  let missing = 0
  let lost: string | null = null
  let first = true
  try {
    while (!ending.signal.aborted) {
      const next = host.clock.monotonic() + intervalMs
      try {
        if (json) {
          const answer = await askWithRanges(client, filter, ending.signal)
          missing = answer.streams.reduce((sum, row) => sum + row.missing, 0)
          await writer.write(JSON.stringify(answer))
        } else {
          const snapshot = await askSnapshot(client, filter, () => ({ ranges: [], partitions: [] }), ending.signal)
          missing = missingRecords(snapshot)
          await writer.write(summaryLine(snapshot, look))
        }
        lost = null
      } catch (error) {
        if (ending.signal.aborted) break
        if (first || !(error instanceof CollectorError)) throw error
        if (lost === null) host.stderr.write(`sluice top: ${error.message}; trying again\n`)
        lost = error.message
      }
      first = false
      await pause(host.clock, next - host.clock.monotonic(), ending.signal)
    }
  } finally {
    writer.close()
    for (const signal of endSignals) host.process.off(signal, end)
  }
  return exitCode(missing, lost)
}

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Waits for a reader that is slower; after one that went away nothing more is written. */
class LineWriter {
  readonly #output: TerminalOutput
  readonly #onGone: () => void
  #gone = false
  #drained: (() => void) | undefined

  constructor(output: TerminalOutput, onGone: () => void = () => {}) {
    this.#output = output
    this.#onGone = onGone
    output.on('error', this.#lost)
    output.on('drain', this.#drain)
  }

  async write(text: string): Promise<void> {
    if (this.#gone || this.#output.write(`${text}\n`)) return
    await new Promise<void>((resolve) => {
      this.#drained = resolve
      if (this.#gone) resolve()
    })
  }

  /** Waits no more. */
  release(): void {
    this.#drained?.()
  }

  /** Its error listener stays: a pipe may break after the last line. */
  close(): void {
    this.#output.off('drain', this.#drain)
  }

  readonly #drain = (): void => this.#drained?.()

  readonly #lost = (): void => {
    this.#gone = true
    this.#drained?.()
    this.#onGone()
  }
}
