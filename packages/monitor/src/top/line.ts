import { cut, printable, widthOf } from './text.ts'

/** What a piece of text is, which colour then follows; the text says the same without it. */
export type Style = 'plain' | 'lost' | 'warning' | 'dim' | 'strong' | 'heading'

export interface Span {
  readonly text: string
  readonly style: Style
}

export interface Line {
  readonly spans: readonly Span[]
  /** Shown in reverse over the whole width. Such a line also begins with a mark. */
  readonly selected?: boolean
}

export interface Paint {
  readonly colour: boolean
  readonly ascii: boolean
}

/** The sixteen colours of the terminal's own theme, so that they can be read on any background. */
const codes: Readonly<Record<Style, string>> = { plain: '', lost: '1;31', warning: '33', dim: '2', strong: '1', heading: '4' }

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style }
}

export function line(...parts: readonly (Span | string)[]): Line {
  return { spans: parts.map((part) => (typeof part === 'string' ? span(part) : part)) }
}

export const emptyLine: Line = { spans: [] }

/** A line as it is written: cut to `width` columns, with colour if there may be any, and reset at its end. */
export function paint({ spans, selected = false }: Line, width: number, { colour, ascii }: Paint): string {
  let left = width
  let written = ''
  for (const { text, style } of spans) {
    if (left <= 0) break
    const shown = cut(printable(text, ascii), left, ascii ? '~' : '…')
    left -= widthOf(shown)
    written += coloured(shown, style, selected, colour)
  }
  if (selected && colour) return `${written}\x1b[7m${' '.repeat(Math.max(0, left))}\x1b[0m`
  return written.replace(/ +$/, '')
}

function coloured(text: string, style: Style, selected: boolean, colour: boolean): string {
  if (!colour || text === '') return text
  const parts = [selected ? '7' : '', codes[style]].filter((part) => part !== '')
  return parts.length === 0 ? text : `\x1b[${parts.join(';')}m${text}\x1b[0m`
}
