import type { StreamRow } from '../api-types.ts'

/** What frames are drawn with, besides letters. */
export interface Glyphs {
  readonly nothing: string
  readonly arrow: string
  readonly dash: string
  readonly mark: string
  readonly plusMinus: string
  readonly separator: string
  readonly trend: Readonly<Record<StreamRow['trend'], string>>
  /** Nothing to say about this window. */
  readonly unknown: string
  /** From least to most; the last one only for all of it. */
  readonly levels: readonly string[]
  /** From none of a column to all of it. */
  readonly eighths: readonly string[]
  readonly rest: string
}

export const unicodeGlyphs: Glyphs = {
  nothing: '–',
  arrow: '→',
  dash: '–',
  mark: '▶',
  plusMinus: '±',
  separator: '·',
  trend: { growing: '↑', shrinking: '↓', steady: '→' },
  unknown: '·',
  levels: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  eighths: ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
  rest: '░',
}

export const asciiGlyphs: Glyphs = {
  nothing: '-',
  arrow: '>',
  dash: '-',
  mark: '>',
  plusMinus: '+-',
  separator: '|',
  trend: { growing: '^', shrinking: 'v', steady: '=' },
  unknown: ' ',
  levels: ['_', '.', ',', ':', '-', '=', '+', '#'],
  eighths: ['', '#'],
  rest: '.',
}

/** A bar of `width` columns, full only when the share is 1. */
export function bar(share: number | null, width: number, { eighths, rest }: Glyphs): string {
  if (share === null) return rest.repeat(width)
  const steps = eighths.length - 1
  const filled = share >= 1 ? width * steps : Math.min(width * steps - 1, Math.floor(Math.max(0, share) * width * steps))
  const whole = Math.floor(filled / steps)
  const drawn = eighths[steps]!.repeat(whole) + eighths[filled % steps]!
  return drawn + rest.repeat(width - drawn.length)
}

/** The last `width` shares, one column each: the full glyph says that nothing at all is missing. */
export function shareLine(shares: readonly (number | null)[], width: number, { levels, unknown }: Glyphs): string {
  return shares
    .slice(-width)
    .map((share) =>
      share === null ? unknown : share >= 1 ? levels.at(-1)! : levels[Math.max(0, Math.floor(share * (levels.length - 1)))]!,
    )
    .join('')
}

/** The last `width` amounts against the greatest of them; no glyph but the lowest for 0. */
export function amountLine(amounts: readonly (number | null)[], width: number, { levels, unknown }: Glyphs): string {
  const shown = amounts.slice(-width)
  const most = Math.max(0, ...shown.map((amount) => amount ?? 0))
  const top = levels.length - 1
  return shown
    .map((amount) => (amount === null ? unknown : amount <= 0 ? levels[0]! : levels[Math.max(1, Math.ceil((amount / most) * top))]!))
    .join('')
}
