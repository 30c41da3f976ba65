import type { Clock } from 'sluice'
import type { CollectorClient } from './collector-client.ts'
import { Feed } from './feed.ts'
import type { TimeZone } from './figures.ts'
import { frameOf } from './frame.ts'
import type { FrameInput } from './frame-input.ts'
import { asciiGlyphs, unicodeGlyphs } from './glyphs.ts'
import { KeyReader } from './key-reader.ts'
import { lagStreams } from './lag-view.ts'
import { paint } from './line.ts'
import type { Wanted } from './questions.ts'
import { type Painted, Screen } from './screen.ts'
import type { Snapshot } from './snapshot.ts'
import { type StreamFilter, streamKey } from './stream-figures.ts'
import { Terminal, type TerminalHost, type TerminalInput, type TerminalOutput } from './terminal.ts'
import { initialView, pressed, selectedIndex, type ViewContext, type ViewState } from './view-state.ts'

export interface LiveViewOptions {
  readonly client: CollectorClient
  readonly clock: Clock
  readonly intervalMs: number
  readonly filter: StreamFilter
  readonly input: TerminalInput
  readonly output: TerminalOutput
  readonly host: TerminalHost
  readonly colour: boolean
  readonly ascii: boolean
  readonly zone: TimeZone
}

/** How it ended: what was seen last, and whether the collector still answered then. */
export interface Ended {
  readonly snapshot: Snapshot
  readonly lost: string | null
}

/** Draws until a key or a signal ends it. Throws a CollectorError, before anything is drawn, when nothing answers. */
export async function liveView(options: LiveViewOptions): Promise<Ended> {
  const { client, clock, intervalMs, filter } = options
  let state: ViewState = initialView
  let latest!: Snapshot
  /** Stays as it is while paused. */
  let shown!: Snapshot
  let lost: FrameInput['lost'] = null
  let context: ViewContext = { streams: [], page: 1, lines: 0 }
  let end!: () => void
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })

  const feed = new Feed({
    client,
    clock,
    intervalMs,
    filter,
    wanted: (snapshot) => wantedBy({ snapshot, state }, context),
    onSnapshot(snapshot) {
      latest = snapshot
      lost = null
      if (!state.paused) shown = snapshot
      screen.request()
    },
    onLost(reason) {
      lost = { since: clock.now(), reason }
      screen.request()
    },
  })

  const keys = new KeyReader(clock, (key) => {
    const before = state
    const result = pressed(state, key, context)
    state = result.state
    if (result.action === 'quit') end()
    else if (result.action === 'suspend') terminal.suspend()
    else if (result.action === 'redraw') screen.redraw()
    if (result.action !== null) return
    if (!state.paused) shown = latest
    // What the next key works on is what this one has led to, drawn or not.
    if (state !== before) context = frameOf(inputNow()).context
    if (state.view !== before.view && (state.view === 'detail' || state.view === 'lag')) feed.refresh()
    screen.request()
  })

  const terminal = new Terminal(options.input, options.output, options.host, {
    text: (text) => keys.push(text),
    resized: () => screen.redraw(),
    entered: () => screen.open(),
    left: () => screen.close(),
    ended: () => end(),
  })

  const inputNow = (): FrameInput => {
    const { columns, rows } = terminal.size
    const { ascii, zone } = options
    const glyphs = ascii ? asciiGlyphs : unicodeGlyphs
    return { snapshot: shown, state, source: client.source, lost, width: columns, height: rows, glyphs, ascii, zone }
  }

  const screen = new Screen(options.output, clock, (): Painted => {
    const input = inputNow()
    const frame = frameOf(input)
    context = frame.context
    return { lines: frame.lines.map((line) => paint(line, input.width, options)), width: input.width }
  })

  try {
    await feed.start()
    terminal.open()
    await ended
    return { snapshot: latest, lost: reasonOf(lost) }
  } finally {
    terminal.close()
    keys.close()
    feed.close()
  }
}

function reasonOf(lost: FrameInput['lost']): string | null {
  return lost === null ? null : lost.reason
}

/** Only what can be seen. */
function wantedBy(input: Pick<FrameInput, 'snapshot' | 'state'>, { page }: ViewContext): Wanted {
  const { snapshot, state } = input
  if (state.view === 'detail') {
    const rows = snapshot.streams.streams.filter((row) => row.group !== null && streamKey(row) === state.stream)
    return { ranges: rows, partitions: rows }
  }
  if (state.view === 'lag') {
    const rows = lagStreams(input)
    const selected = selectedIndex(state, rows.map(streamKey))
    return { ranges: [], partitions: rows.slice(Math.max(0, selected - page), selected + page) }
  }
  return { ranges: [], partitions: [] }
}
