import { configError } from 'sluice'

/** A field of a date, by the letter that Joda has for it. */
export type JodaField = 'G' | 'C' | 'Y' | 'x' | 'w' | 'e' | 'E' | 'y' | 'D' | 'M' | 'd' | 'a' | 'K' | 'h' | 'H' | 'k' | 'm' | 's' | 'S'

/** What stands in a pattern, in the order of the text. */
export type JodaPart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'number'; readonly field: JodaField; readonly maxDigits: number; readonly signed: boolean }
  | { readonly kind: 'twoDigitYear'; readonly field: 'x' | 'y' | 'Y'; readonly lenient: boolean }
  | { readonly kind: 'fraction'; readonly maxDigits: number }
  | { readonly kind: 'name'; readonly field: 'G' | 'M' | 'E' | 'a' }
  | { readonly kind: 'zone'; readonly form: 'name' | 'offset' | 'id' }

/** Fields of at most so many digits in a text. */
const DIGITS: Partial<Record<JodaField, number>> = { d: 2, h: 2, H: 2, k: 2, K: 2, m: 2, s: 2, e: 1, D: 3, w: 2 }

/** Letters of whose fields a number is read. */
const NUMERIC = 'CxyYdhHmsSeDwFkK'

interface Token {
  readonly letter: string
  readonly length: number
  readonly text: string
}

/**
 * A pattern of Joda-Time's DateTimeFormat for reading. Letters are fields, as often as digits are to be printed; when read,
 * a field takes one digit or more. Text in quotes and what is no letter stands for itself, `''` for a quote. Throws CONFIG
 * for letters that Joda does not know, and for `zzzz`, which it cannot read.
 */
export function jodaPattern(pattern: string): readonly JodaPart[] {
  const tokens = tokensOf(pattern)
  return tokens.map((token, index) => partOf(token, tokens[index + 1]))
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = []
  let literal = ''
  const endLiteral = (): void => {
    if (literal !== '') tokens.push({ letter: '', length: 0, text: literal })
    literal = ''
  }
  for (const [found, quoted, letters] of pattern.matchAll(/''|'((?:[^']|'')*)(?:'|$)|(([a-zA-Z])\3*)|[\s\S]/g)) {
    if (letters !== undefined) {
      endLiteral()
      tokens.push({ letter: letters[0]!, length: letters.length, text: '' })
    } else if (found === "''") literal += "'"
    else literal += quoted === undefined ? found : quoted.replaceAll("''", "'")
  }
  endLiteral()
  return tokens
}

function partOf({ letter, length, text }: Token, next: Token | undefined): JodaPart {
  const isNumberNext = next !== undefined && isNumeric(next)
  switch (letter) {
    case '':
      return { kind: 'literal', text }
    case 'x':
    case 'y':
    case 'Y':
      if (length === 2) return { kind: 'twoDigitYear', field: letter, lenient: !isNumberNext }
      return { kind: 'number', field: letter, maxDigits: isNumberNext ? length : 9, signed: letter !== 'Y' }
    case 'C':
      return { kind: 'number', field: letter, maxDigits: length, signed: true }
    case 'M':
      return length >= 3 ? { kind: 'name', field: letter } : { kind: 'number', field: letter, maxDigits: 2, signed: false }
    case 'S':
      return { kind: 'fraction', maxDigits: length }
    case 'G':
    case 'E':
    case 'a':
      return { kind: 'name', field: letter }
    case 'z':
      if (length >= 4) throw configError('a pattern with zzzz can only be written, not read; use z, Z or ZZZ')
      return { kind: 'zone', form: 'name' }
    case 'Z':
      return { kind: 'zone', form: length >= 3 ? 'id' : 'offset' }
    default: {
      const maxDigits = DIGITS[letter as JodaField]
      if (maxDigits === undefined) throw configError(`${letter} is no letter of a Joda-Time pattern; text stands in single quotes`)
      return { kind: 'number', field: letter as JodaField, maxDigits, signed: false }
    }
  }
}

function isNumeric({ letter, length }: Token): boolean {
  return letter === 'M' ? length <= 2 : letter !== '' && NUMERIC.includes(letter)
}
