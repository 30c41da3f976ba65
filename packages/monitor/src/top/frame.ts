import type { AlertRow, AlertRule, ClientRow } from '../api-types.ts'
import { clientsBody, clockText, interceptorsBody } from './clients-view.ts'
import { detailBody, rangeText } from './detail-view.ts'
import { clockTime, duration, exact, nanoseconds, percent, plural, timeNear } from './figures.ts'
import type { Body, FrameInput } from './frame-input.ts'
import { lagBody, lagStreams } from './lag-view.ts'
import { emptyLine, type Line, line, type Span, span } from './line.ts'
import { streamKey } from './stream-figures.ts'
import { shownStreams, streamName, streamsBody } from './streams-view.ts'
import { keyHelp, type ViewContext, type ViewName } from './view-state.ts'

const MOST_ALERTS = 3
const MOST_CLOCKS = 3
const FULL_FROM_HEIGHT = 12
/** Clocks that differ by less matter to no latency that is shown. */
const CLOCK_WORTH_TELLING_MS = 10

export interface Frame {
  readonly lines: readonly Line[]
  readonly context: ViewContext
}

const bodies: Readonly<Record<ViewName, (input: FrameInput, height: number) => Body>> = {
  streams: streamsBody,
  lag: lagBody,
  detail: detailBody,
  clients: clientsBody,
  interceptors: interceptorsBody,
  help: helpBody,
}

/** What a terminal of this size shows. Exactly as many lines as it has, unless its height is Infinity. */
export function frameOf(input: FrameInput): Frame {
  const { height, state } = input
  const full = height >= FULL_FROM_HEIGHT
  const footer = [...alertLines(input, full ? MOST_ALERTS : 1), ...(full ? clockLines(input) : []), bottomLine(input)]
  const room = Math.max(1, height - 1 - footer.length)
  const body = bodies[state.view](input, room)
  const lines = [headerLine(input), ...body.lines.slice(0, Number.isFinite(room) ? room : undefined)]
  while (lines.length < height - footer.length) lines.push(emptyLine)
  const streams = (state.view === 'lag' ? lagStreams(input) : shownStreams(input.snapshot.streams.streams, state)).map(streamKey)
  return { lines: [...lines, ...footer].slice(0, height), context: { streams, page: body.page, lines: body.total } }
}

/** One frame to look at once: every stream and alert there is, and the ranges of what is missing. */
export function onceLines(input: FrameInput): Line[] {
  const all = { ...input, height: Number.POSITIVE_INFINITY }
  const ranges = input.snapshot.streams.streams.flatMap((row) =>
    (input.snapshot.ranges.get(streamKey(row)) ?? [])
      .filter(({ kind }) => kind === 'missing')
      .map((range) => line(span('MISSING', 'lost'), ` ${streamName(row, input.glyphs)} ${rangeText(range, input.glyphs.dash)}`)),
  )
  return [headerLine(all), ...streamsBody(all, all.height).lines, ...ranges, ...alertLines(all, all.height), ...clockLines(all)]
}

function headerLine({ snapshot, state, lost, source, width, zone }: FrameInput): Line {
  const { streams, clients } = snapshot
  const spans: Span[] = [span('sluice top', 'strong'), span(`  ${clockTime(streams.now, zone)}  `)]
  if (lost !== null) spans.push(span(`NO ANSWER since ${clockTime(lost.since, zone)}`, 'lost'))
  else spans.push(state.paused ? span('PAUSED', 'warning') : span('live'))
  if (state.view !== 'streams') spans.push(span(`  ${state.view}`))
  if (width >= 60 && clients !== null) {
    const live = clients.clients.filter(({ state }) => state === 'live').length
    const open = clients.clients.filter(({ state }) => state !== 'closed').length
    spans.push(span(`  reports from ${live}/${plural(open, 'client')}`, live < open ? 'warning' : 'plain'))
  }
  if (width >= 80) spans.push(span(`  sort ${state.sort}${state.reversed ? ', turned round' : ''}`))
  if (width >= 100) spans.push(span(`  ${source}`, 'dim'))
  return { spans }
}

function bottomLine({ state, lost, width }: FrameInput): Line {
  if (state.editingFilter) return line(span('/', 'strong'), `${state.filter}_  Enter keeps it, Esc clears it`)
  if (lost !== null) return line(span('collector: ', 'lost'), `${lost.reason}; trying again`)
  const filter = state.filter === '' ? [] : [span(`filter "${state.filter}"  `, 'warning')]
  const keys =
    width >= 86
      ? 'q quit  s sort  / filter  Enter detail  l lag  i interceptors  c clients  Space pause  ? help'
      : 'q quit  ? help  / filter  Enter detail'
  return { spans: [...filter, span(keys, 'dim')] }
}

export function alertLines({ snapshot, glyphs, zone }: FrameInput, most: number): Line[] {
  const { alerts } = snapshot
  if (alerts === null) return []
  const active = [...alerts.active].sort((a, b) => b.since - a.since)
  const told = active.length > most ? most - 1 : active.length
  const lines = active.slice(0, Math.max(1, told)).map((alert) => {
    const about = alert.topic === null ? '' : ` ${streamName({ topic: alert.topic, group: alert.group }, glyphs)}`
    return line(
      span('ALERT', 'lost'),
      ` ${timeNear(alert.since, snapshot.streams.now, zone)}${about} ${alertText(alert, alerts.rules, glyphs.dash)}`,
    )
  })
  const more = active.length - lines.length
  if (more > 0 && lines.length < most) lines.push(line(span('ALERT', 'lost'), ` and ${more} more`))
  return lines
}

const MOST_RANGES = 3

/** missing p3 88120–88131 (12), p4 7 (1) and 2 more ranges */
function alertText(alert: AlertRow, rules: readonly AlertRule[], dash: string): string {
  if (alert.ranges.length > 0) {
    const ranges = alert.ranges.slice(0, MOST_RANGES).map((range) => rangeText(range, dash))
    const more = alert.ranges.length - ranges.length
    return `${alert.rule} ${ranges.join(', ')}${more > 0 ? ` and ${plural(more, 'more range')}` : ''}`
  }
  const metric = rules.find(({ name }) => name === alert.rule)?.metric
  return `${alert.rule}: ${metric === undefined ? exact(alert.value) : metricText[metric](alert.value)}`
}

const metricText: Readonly<Record<AlertRule['metric'], (value: number) => string>> = {
  missing: (value) => `${plural(value, 'record')} missing`,
  expired: (value) => `${plural(value, 'record')} expired`,
  redeliveredShare: (value) => `${percent(value)} redelivered`,
  lagMs: (value) => `${duration(value)} behind`,
  p99: (value) => `p99 ${duration(value)}`,
  coverage: (value) => `coverage ${percent(value)}`,
  clockOffsetMs: (value) => `clock off by ${duration(value)}`,
  deadClients: (value) => plural(value, 'dead client'),
}

/** Clocks that are off, what the monitor costs, and how much of what is read comes from monitored producers. */
export function clockLines({ snapshot, glyphs }: FrameInput): Line[] {
  const clients = (snapshot.clients?.clients ?? []).filter(({ state }) => state === 'live')
  if (clients.length === 0) return []
  const parts = [clockSummary(clients, glyphs), `monitor ${nanoseconds(Math.max(...clients.map(({ selfNs }) => selfNs)))}/record`]
  const read = snapshot.streams.streams.filter(({ coverage }) => coverage !== null)
  const consumed = read.reduce((sum, row) => sum + row.consumed, 0)
  if (consumed > 0) parts.push(`coverage ${percent(read.reduce((sum, row) => sum + row.coverage! * row.consumed, 0) / consumed)}`)
  return [line(parts.join('  '))]
}

function clockSummary(clients: readonly ClientRow[], glyphs: FrameInput['glyphs']): string {
  const hosts = new Map<string, ClientRow>()
  for (const client of clients) {
    const other = hosts.get(client.host)
    if (client.clockOffsetMs !== null && (other === undefined || (client.clockErrorMs ?? 0) < (other.clockErrorMs ?? 0)))
      hosts.set(client.host, client)
  }
  if (hosts.size === 0) return 'clocks not compared yet'
  const off = [...hosts.values()]
    .filter(({ clockOffsetMs, clockErrorMs }) => Math.abs(clockOffsetMs!) >= Math.max(CLOCK_WORTH_TELLING_MS, 2 * (clockErrorMs ?? 0)))
    .sort((a, b) => Math.abs(b.clockOffsetMs!) - Math.abs(a.clockOffsetMs!))
  if (off.length === 0)
    return `clocks agree ${glyphs.plusMinus}${duration(Math.max(...[...hosts.values()].map(({ clockErrorMs }) => clockErrorMs ?? 0)))}`
  const told = off.slice(0, MOST_CLOCKS).map((client) => `${client.host} ${clockText(client, glyphs)}`)
  return `clock ${told.join(', ')}${off.length > MOST_CLOCKS ? ` and ${off.length - MOST_CLOCKS} more` : ''}`
}

function helpBody({ state, width }: FrameInput, height: number): Body {
  const rows = [
    ...keyHelp.flatMap(([keys, does]) => explained(keys, does, 18, width)),
    emptyLine,
    ...legend.flatMap(([title, means]) => explained(title, means, 10, width)),
  ]
  const page = Math.max(1, height)
  const first = Math.max(0, Math.min(state.scroll, rows.length - page))
  return { lines: rows.slice(first, first + page), total: rows.length, page }
}

/** A word and what it means, over as many lines as that takes. */
function explained(word: string, means: string, wordWidth: number, width: number): Line[] {
  const room = Math.max(10, width - wordWidth - 2)
  const lines: string[] = ['']
  for (const part of means.split(' ')) {
    const at = lines.length - 1
    if (lines[at] === '') lines[at] = part
    else if (lines[at]!.length + 1 + part.length <= room) lines[at] += ` ${part}`
    else lines.push(part)
  }
  return lines.map((text, at) => line('  ', span((at === 0 ? word : '').padEnd(wordWidth), 'strong'), text))
}

const legend: readonly (readonly [title: string, means: string])[] = [
  ['MISS', 'committed past and never given to the application; exact, not estimated'],
  ['EXPIRED', 'removed by retention before the group read them'],
  ['REDEL', 'given out again before they were committed'],
  ['BEHIND', 'age of the oldest record that the group has not reached'],
  ['P50, P99', 'from the record to the application; ~ where the clocks may make it wrong by more than a tenth'],
  ['RECENT', 'delivered share by window: a full glyph is all of it, anything lower is less'],
  ['!', 'stands where a number should be 0 and is not'],
]
