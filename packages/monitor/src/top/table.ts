import { emptyLine, type Line, type Span, type Style, span } from './line.ts'
import { cut, padEnd, padStart, printable, widthOf } from './text.ts'

export interface Cell {
  readonly text: string
  readonly style?: Style
}

export interface Column<T> {
  readonly title: string
  /** Columns of the terminal, or at least and at most so many. */
  readonly width: number | readonly [least: number, most: number]
  readonly align: 'left' | 'right'
  /** Left out first where there is no room: the highest. 0 always stays. */
  readonly rank: number
  cell(row: T, width: number): Cell
}

const GAP = 2
const MARK = 2

/** Which of the columns have room in `width`, and how wide each is. */
export function layOut<T>(columns: readonly Column<T>[], width: number): { column: Column<T>; width: number }[] {
  const kept = [...columns]
  const least = ({ width }: Column<T>): number => (typeof width === 'number' ? width : width[0])
  const needed = (): number => MARK + kept.reduce((sum, column) => sum + least(column) + GAP, -GAP)
  while (needed() > width) {
    const dispensable = kept.reduce((worst, column) => (column.rank > worst.rank ? column : worst))
    if (dispensable.rank === 0) break
    kept.splice(kept.indexOf(dispensable), 1)
  }
  const laidOut = kept.map((column) => ({ column, width: least(column) }))
  let left = width - needed()
  for (let growing = true; left > 0 && growing; ) {
    growing = false
    for (const entry of laidOut) {
      const most = typeof entry.column.width === 'number' ? 0 : entry.column.width[1]
      if (left === 0 || entry.width >= most) continue
      entry.width++
      left--
      growing = true
    }
  }
  return laidOut
}

export interface Table {
  readonly heading: Line
  readonly rows: readonly Line[]
}

export interface TableLook {
  readonly width: number
  readonly ascii: boolean
  /** Begins the selected row. */
  readonly mark: string
}

/** The rows as lines; the one at `selected` is marked. */
export function tableOf<T>(columns: readonly Column<T>[], rows: readonly T[], selected: number, look: TableLook): Table {
  const layout = layOut(columns, look.width)
  const fit = (text: string, width: number, align: 'left' | 'right'): string => {
    const shown = cut(printable(text, look.ascii), width, look.ascii ? '~' : '…')
    return align === 'left' ? padEnd(shown, width) : padStart(shown, width)
  }
  const heading: Span[] = [span('  ')]
  for (const [index, { column, width }] of layout.entries()) {
    if (index > 0) heading.push(span(' '.repeat(GAP)))
    heading.push(span(fit(column.title, width, column.align), 'heading'))
  }
  return {
    heading: layout.length === 0 ? emptyLine : { spans: heading },
    rows: rows.map((row, at) => {
      const spans: Span[] = [span(at === selected ? padEnd(look.mark, MARK) : ' '.repeat(MARK))]
      for (const [index, { column, width }] of layout.entries()) {
        if (index > 0) spans.push(span(' '.repeat(GAP)))
        const { text, style = 'plain' } = column.cell(row, width)
        const overflows = column.align === 'right' && widthOf(text) > width
        spans.push(span(overflows ? '#'.repeat(width) : fit(text, width, column.align), style))
      }
      return { spans, selected: at === selected }
    }),
  }
}
