import type { ClientRow, InterceptorRow } from '../api-types.ts'
import { compact, duration, exact, nanoseconds } from './figures.ts'
import { type Body, type FrameInput, windowOf } from './frame-input.ts'
import type { Glyphs } from './glyphs.ts'
import { emptyLine, line } from './line.ts'
import { type Cell, type Column, tableOf } from './table.ts'

export function clientsBody(input: FrameInput, height: number): Body {
  const clients = [...(input.snapshot.clients?.clients ?? [])].sort(
    (a, b) => stateOrder.indexOf(a.state) - stateOrder.indexOf(b.state) || (nameOf(a) < nameOf(b) ? -1 : 1),
  )
  return listBody(input, height, clientColumns(input), clients, 'No client has sent a report.')
}

export function interceptorsBody(input: FrameInput, height: number): Body {
  const rows = (input.snapshot.clients?.clients ?? []).flatMap((client) => client.chain.map((interceptor) => ({ client, interceptor })))
  return listBody(input, height, interceptorColumns(input.glyphs), rows, 'No client has told of its interceptors.')
}

function listBody<T>(input: FrameInput, height: number, columns: readonly Column<T>[], rows: readonly T[], empty: string): Body {
  const { state, width, glyphs, ascii } = input
  const page = Math.max(1, height - 1)
  if (rows.length === 0) return { lines: [emptyLine, line(`  ${empty}`)], total: 0, page }
  const first = Math.max(0, Math.min(state.scroll, rows.length - page))
  const table = tableOf(columns, windowOf(rows, first, page), -1, { width, ascii, mark: glyphs.mark })
  return { lines: [table.heading, ...table.rows], total: rows.length, page }
}

const stateOrder = ['dead', 'live', 'closed']

function nameOf({ app, clientId }: ClientRow): string {
  return app === null ? clientId : `${app}/${clientId}`
}

function clientColumns({ snapshot, glyphs }: FrameInput): Column<ClientRow>[] {
  const { now } = snapshot.streams
  return [
    { title: 'CLIENT', width: [14, 40], align: 'left', rank: 0, cell: (row) => ({ text: nameOf(row) }) },
    {
      title: 'STATE',
      width: 6,
      align: 'left',
      rank: 0,
      cell: ({ state }) =>
        state === 'dead' ? { text: 'DEAD!', style: 'lost' } : { text: state, style: state === 'closed' ? 'dim' : 'plain' },
    },
    { title: 'ROLE', width: 8, align: 'left', rank: 4, cell: ({ role }) => ({ text: role }) },
    { title: 'GROUP', width: [8, 24], align: 'left', rank: 6, cell: ({ groupId }) => ({ text: groupId ?? glyphs.nothing }) },
    { title: 'HOST', width: [8, 24], align: 'left', rank: 5, cell: ({ host }) => ({ text: host }) },
    {
      title: 'REPORT',
      width: 9,
      align: 'right',
      rank: 1,
      cell: ({ lastReportAt }) => ({ text: `${duration(Math.max(0, now - lastReportAt))} ago` }),
    },
    { title: 'CLOCK', width: 14, align: 'right', rank: 2, cell: (row) => ({ text: clockText(row, glyphs) }) },
    { title: 'COST/rec', width: 8, align: 'right', rank: 7, cell: ({ selfNs }) => ({ text: nanoseconds(selfNs) }) },
    {
      title: 'NOT TOLD',
      width: 8,
      align: 'right',
      rank: 8,
      cell: ({ droppedCells }) => (droppedCells === 0 ? { text: '0' } : { text: `${exact(droppedCells)}!`, style: 'warning' }),
    },
    { title: 'LIBRARY', width: [12, 24], align: 'left', rank: 9, cell: ({ library, version }) => ({ text: `${library} ${version}` }) },
  ]
}

/** +180ms ±2ms */
export function clockText({ clockOffsetMs, clockErrorMs }: ClientRow, { plusMinus, nothing }: Glyphs): string {
  if (clockOffsetMs === null) return nothing
  const sign = clockOffsetMs < 0 ? '-' : '+'
  return `${sign}${duration(Math.abs(clockOffsetMs))}${clockErrorMs === null ? '' : ` ${plusMinus}${duration(clockErrorMs)}`}`
}

interface InterceptorEntry {
  readonly client: ClientRow
  readonly interceptor: InterceptorRow
}

function interceptorColumns({ nothing }: Glyphs): Column<InterceptorEntry>[] {
  /** Negative before the first measurement. */
  const time = (ns: number): Cell => (ns < 0 ? { text: nothing, style: 'dim' } : { text: nanoseconds(ns) })
  return [
    { title: 'INTERCEPTOR', width: [14, 32], align: 'left', rank: 0, cell: ({ interceptor }) => ({ text: interceptor.name }) },
    { title: 'CLIENT', width: [10, 32], align: 'left', rank: 4, cell: ({ client }) => ({ text: nameOf(client) }) },
    { title: 'ROLE', width: 8, align: 'left', rank: 6, cell: ({ client }) => ({ text: client.role }) },
    {
      title: 'STATE',
      width: 7,
      align: 'left',
      rank: 2,
      cell: ({ interceptor: { state } }) => (state === 'on' ? { text: 'on' } : { text: `${state}!`, style: 'warning' }),
    },
    { title: 'CALLS', width: 7, align: 'right', rank: 3, cell: ({ interceptor }) => ({ text: compact(interceptor.calls) }) },
    {
      title: 'ERRORS',
      width: 7,
      align: 'right',
      rank: 0,
      cell: ({ interceptor: { errors } }) => (errors === 0 ? { text: '0' } : { text: `${exact(errors)}!`, style: 'warning' }),
    },
    { title: 'DROPPED', width: 7, align: 'right', rank: 1, cell: ({ interceptor }) => ({ text: exact(interceptor.dropped) }) },
    { title: 'MEAN', width: 7, align: 'right', rank: 5, cell: ({ interceptor }) => time(interceptor.meanNs) },
    { title: 'MAX', width: 7, align: 'right', rank: 7, cell: ({ interceptor }) => time(interceptor.maxNs) },
  ]
}
