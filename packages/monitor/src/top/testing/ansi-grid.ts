import { widthOf } from '../text.ts'

interface Cell {
  readonly text: string
  readonly style: string
}

const blank: Cell = { text: ' ', style: '' }
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * What a terminal makes of what is written to it, as far as `top` goes: anything else it is told is an error, so that no
 * sequence gets in that a terminal was not thought of.
 */
export class AnsiGrid {
  readonly modes: Set<string> = new Set(['25', '7'])
  readonly columns: number
  readonly rows: number
  #main: Cell[][]
  #alternate: Cell[][] | undefined
  #row = 0
  #column = 0
  #style = ''
  #rest = ''

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.#main = this.#empty()
  }

  get isAlternate(): boolean {
    return this.#alternate !== undefined
  }

  get cursorIsVisible(): boolean {
    return this.modes.has('25')
  }

  /** As a user expects a terminal to be after a program. */
  get isRestored(): boolean {
    return !this.isAlternate && this.cursorIsVisible && this.modes.has('7') && !this.modes.has('2026') && this.#style === ''
  }

  write(text: string): void {
    const all = this.#rest + text
    this.#rest = ''
    for (let at = 0; at < all.length; ) {
      if (all[at] === '\x1b') {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that begins each sequence
        const sequence = /^\x1b\[([?]?)([\d;]*)([A-Za-z])/.exec(all.slice(at))
        if (sequence === null) throw new Error(`not known to this terminal: ${JSON.stringify(all.slice(at, at + 12))}`)
        this.#control(sequence[1] === '?', sequence[2]!, sequence[3]!)
        at += sequence[0].length
        continue
      }
      const end = all.indexOf('\x1b', at)
      const run = all.slice(at, end < 0 ? undefined : end)
      this.#print(run)
      at += run.length
    }
  }

  /** Rows from top to bottom, without the blanks at their ends. */
  lines(): string[] {
    return this.#screen.map((row) =>
      row
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
  }

  text(): string {
    return this.lines().join('\n')
  }

  /** A letter for each cell: r(ed), y(ellow), d(im), b(old), u(nderlined), i(nverse); upper case for several at once. */
  styles(): string {
    return this.#screen
      .map((row) =>
        row
          .map(({ style }) => letterOf(style))
          .join('')
          .trimEnd(),
      )
      .join('\n')
  }

  get #screen(): Cell[][] {
    return this.#alternate ?? this.#main
  }

  #empty(): Cell[][] {
    return Array.from({ length: this.rows }, () => Array.from({ length: this.columns }, () => blank))
  }

  #control(isPrivate: boolean, parameters: string, letter: string): void {
    if (isPrivate) {
      if (letter !== 'h' && letter !== 'l') throw new Error(`not known to this terminal: ?${parameters}${letter}`)
      this.#mode(parameters, letter === 'h')
      return
    }
    const numbers = parameters.split(';').map(Number)
    switch (letter) {
      case 'H':
        this.#row = Math.min(this.rows, numbers[0] || 1) - 1
        this.#column = Math.min(this.columns, numbers[1] || 1) - 1
        return
      case 'J':
        if (parameters !== '2') throw new Error(`not known to this terminal: ${parameters}J`)
        for (const row of this.#screen) row.fill(blank)
        return
      case 'K':
        if (parameters !== '') throw new Error(`not known to this terminal: ${parameters}K`)
        this.#screen[this.#row]!.fill(blank, this.#column)
        return
      case 'm':
        this.#style = parameters === '' || parameters === '0' ? '' : [this.#style, parameters].filter((part) => part !== '').join(';')
        return
      default:
        throw new Error(`not known to this terminal: ${parameters}${letter}`)
    }
  }

  #mode(name: string, on: boolean): void {
    if (!['1049', '25', '7', '2026'].includes(name)) throw new Error(`not known to this terminal: mode ${name}`)
    if (name === '1049') this.#alternate = on ? this.#empty() : undefined
    if (on) this.modes.add(name)
    else this.modes.delete(name)
  }

  #print(text: string): void {
    for (const { segment } of graphemes.segment(text)) {
      if (segment === '\n' || segment === '\r\n') {
        this.#row = Math.min(this.rows - 1, this.#row + 1)
        this.#column = 0
        continue
      }
      if (segment < ' ' || (segment >= '\x7f' && segment <= '\x9f')) throw new Error(`a control character: ${JSON.stringify(segment)}`)
      const width = widthOf(segment)
      if (this.#column + width > this.columns) throw new Error(`beyond the last column in row ${this.#row + 1}: ${JSON.stringify(text)}`)
      const row = this.#screen[this.#row]!
      row[this.#column] = { text: segment, style: this.#style }
      if (width === 2) row[this.#column + 1] = { text: '', style: this.#style }
      this.#column += width
    }
  }
}

const letters: Readonly<Record<string, string>> = {
  '': ' ',
  '1;31': 'r',
  '33': 'y',
  '2': 'd',
  '1': 'b',
  '4': 'u',
  '7': 'i',
  '7;1;31': 'R',
  '7;33': 'Y',
  '7;2': 'D',
}

function letterOf(style: string): string {
  const letter = letters[style]
  if (letter === undefined) throw new Error(`no letter for the style ${style}`)
  return letter
}
