import { type SortOrder, sortOrders } from './stream-figures.ts'

export type ViewName = 'streams' | 'lag' | 'interceptors' | 'clients' | 'detail' | 'help'

export interface ViewState {
  readonly view: ViewName
  /** Where `esc` leads to. */
  readonly back: ViewName
  readonly sort: SortOrder
  readonly reversed: boolean
  readonly filter: string
  /** Letters go to the filter. */
  readonly editingFilter: boolean
  readonly paused: boolean
  /** By `streamKey`: the selection stays on its stream when rows change places. Null for the first. */
  readonly stream: string | null
  /** Of lists that have no stream to select: the first line shown. */
  readonly scroll: number
}

export const initialView: ViewState = {
  view: 'streams',
  back: 'streams',
  sort: 'worst',
  reversed: false,
  filter: '',
  editingFilter: false,
  paused: false,
  stream: null,
  scroll: 0,
}

/** What a key works on. */
export interface ViewContext {
  /** Keys of the streams in the order they are shown. */
  readonly streams: readonly string[]
  /** Lines that fit in the list. */
  readonly page: number
  /** Lines of the list that is shown, for the views without a selection. */
  readonly lines: number
}

export type KeyAction = 'quit' | 'suspend' | 'redraw' | null

/** Each key and what it does: the help and docs/top.md are made of it. */
export const keyHelp: readonly (readonly [keys: string, does: string])[] = [
  ['q, Ctrl-C', 'quit'],
  ['s', `sort by the next of: ${sortOrders.join(', ')}`],
  ['S', 'turn the order round'],
  ['/', 'filter by topic or group; Enter keeps it, Esc clears it'],
  ['Enter', 'the stream in detail: partitions, and the exact ranges of offsets'],
  ['l', 'lag: trend, time until it is drained, partitions'],
  ['i', 'interceptors: cost, errors and dropped records'],
  ['c', 'clients: clocks, last reports'],
  ['Space', 'pause, and go on'],
  ['Up, k / Down, j', 'move by one'],
  ['PgUp / PgDn', 'move by a page'],
  ['g, Home / G, End', 'move to the first or the last'],
  ['Esc', 'back'],
  ['Ctrl-L', 'draw everything anew'],
  ['Ctrl-Z', 'to the background; fg comes back'],
  ['?', 'this help'],
]

/** The state after a key, and what is to be done besides. Keys as `decodeKeys` names them. */
export function pressed(state: ViewState, key: string, context: ViewContext): { readonly state: ViewState; readonly action: KeyAction } {
  if (key === 'ctrl-c') return { state, action: 'quit' }
  if (key === 'ctrl-z') return { state, action: 'suspend' }
  if (key === 'ctrl-l') return { state, action: 'redraw' }
  if (state.editingFilter) return { state: edited(state, key), action: null }
  if (key === 'q') return { state, action: 'quit' }
  return { state: next(state, key, context), action: null }
}

const MAX_FILTER = 60

function edited(state: ViewState, key: string): ViewState {
  if (key === 'enter') return { ...state, editingFilter: false }
  if (key === 'escape') return { ...state, editingFilter: false, filter: '', scroll: 0 }
  if (key === 'ctrl-u') return { ...state, filter: '', scroll: 0 }
  if (key === 'backspace') return { ...state, filter: [...state.filter].slice(0, -1).join(''), scroll: 0 }
  const letter = key === 'space' ? ' ' : key
  if ([...letter].length !== 1 || state.filter.length >= MAX_FILTER) return state
  return { ...state, filter: state.filter + letter, scroll: 0 }
}

function next(state: ViewState, key: string, context: ViewContext): ViewState {
  switch (key) {
    case 's':
      return { ...state, sort: sortOrders[(sortOrders.indexOf(state.sort) + 1) % sortOrders.length]! }
    case 'S':
      return { ...state, reversed: !state.reversed }
    case '/':
      return state.view === 'streams' || state.view === 'lag'
        ? { ...state, editingFilter: true }
        : { ...state, view: 'streams', editingFilter: true, scroll: 0 }
    case 'l':
      return shown(state, 'lag')
    case 'i':
      return shown(state, 'interceptors')
    case 'c':
      return shown(state, 'clients')
    case '?':
      return shown(state, 'help')
    case 'space':
      return { ...state, paused: !state.paused }
    case 'enter':
      return hasSelection(state) && context.streams.length > 0
        ? { ...state, view: 'detail', back: state.view, stream: context.streams[selectedIndex(state, context.streams)]!, scroll: 0 }
        : state
    case 'escape':
    case 'backspace':
    case 'left':
      if (state.view === 'streams') return key === 'escape' ? { ...state, filter: '' } : state
      return { ...state, view: state.back, back: 'streams', scroll: 0 }
    default:
      return moved(state, key, context)
  }
}

/** The same key leads there and back. */
function shown(state: ViewState, view: ViewName): ViewState {
  if (state.view === view) return { ...state, view: state.back, back: 'streams', scroll: 0 }
  const back = view === 'help' ? state.view : 'streams'
  return { ...state, view, back, scroll: 0 }
}

function moved(state: ViewState, key: string, { streams, page, lines }: ViewContext): ViewState {
  const selects = hasSelection(state)
  const at = selects ? selectedIndex(state, streams) : state.scroll
  const last = selects ? streams.length - 1 : Math.max(0, lines - page)
  const to = destination(key, at, last, page)
  if (to === undefined || last < 0) return state
  const bounded = Math.max(0, Math.min(last, to))
  return selects ? { ...state, stream: streams[bounded]! } : { ...state, scroll: bounded }
}

function destination(key: string, at: number, last: number, page: number): number | undefined {
  switch (key) {
    case 'up':
    case 'k':
      return at - 1
    case 'down':
    case 'j':
      return at + 1
    case 'pageup':
      return at - page
    case 'pagedown':
      return at + page
    case 'home':
    case 'g':
      return 0
    case 'end':
    case 'G':
      return last
    default:
      return undefined
  }
}

export function hasSelection({ view }: ViewState): boolean {
  return view === 'streams' || view === 'lag'
}

export function selectedIndex({ stream }: ViewState, streams: readonly string[]): number {
  return Math.max(0, stream === null ? 0 : streams.indexOf(stream))
}
