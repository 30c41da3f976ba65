import { configError } from 'sluice'

/** What Java's named classes stand for, as the inside of a JavaScript class in v mode. ASCII only, as in Java without UNICODE_CHARACTER_CLASS. */
const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7f',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e',
  Graph: '\\x21-\\x7e',
  Print: '\\x20-\\x7e',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1f\\x7f',
  XDigit: '0-9a-fA-F',
  Space: ' \\t-\\r',
  L1: '\\x00-\\xff',
  all: '\\u{0}-\\u{10ffff}',
  LC: '\\p{Lu}\\p{Ll}\\p{Lt}',
  LD: '\\p{L}\\p{Nd}',
  javaLowerCase: '\\p{Lowercase}',
  javaUpperCase: '\\p{Uppercase}',
  javaAlphabetic: '\\p{Alphabetic}',
  javaIdeographic: '\\p{Ideographic}',
  javaTitleCase: '\\p{Lt}',
  javaDigit: '\\p{Nd}',
  javaLetter: '\\p{L}',
  javaLetterOrDigit: '\\p{L}\\p{Nd}',
  javaSpaceChar: '\\p{Z}',
  javaISOControl: '\\x00-\\x1f\\x7f-\\x9f',
  javaDefined: '\\P{Cn}',
}

/** Java's names of binary properties, after `Is` and without case, underscores or blanks. */
const BINARY: Readonly<Record<string, string>> = {
  alphabetic: '\\p{Alphabetic}',
  letter: '\\p{L}',
  ideographic: '\\p{Ideographic}',
  lowercase: '\\p{Lowercase}',
  uppercase: '\\p{Uppercase}',
  titlecase: '\\p{Lt}',
  punctuation: '\\p{P}',
  control: '\\p{Cc}',
  whitespace: '\\p{White_Space}',
  digit: '\\p{Nd}',
  hexdigit: '\\p{Nd}\\p{Hex_Digit}',
  joincontrol: '\\p{Join_Control}',
  noncharactercodepoint: '\\p{Noncharacter_Code_Point}',
  assigned: '\\P{Cn}',
  emoji: '\\p{Emoji}',
  emojipresentation: '\\p{Emoji_Presentation}',
  emojimodifier: '\\p{Emoji_Modifier}',
  emojimodifierbase: '\\p{Emoji_Modifier_Base}',
  emojicomponent: '\\p{Emoji_Component}',
  extendedpictographic: '\\p{Extended_Pictographic}',
}

/** What `\d`, `\h` and the like match, as the inside of a class. */
export const SHORTHANDS: Readonly<Record<string, string>> = {
  d: '0-9',
  s: ' \\t-\\r',
  w: 'a-zA-Z_0-9',
  h: ' \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000',
  v: '\\n-\\r\\x85\\u2028\\u2029',
}

/** The inside of a class for `\p{name}`. Throws CONFIG for a property that JavaScript cannot tell. */
export function javaProperty(name: string, ignoreCase: boolean): string {
  if (ignoreCase && (name === 'Lower' || name === 'Upper')) return POSIX.Alpha!
  if (ignoreCase && /^(?:Is)?(?:Lu|Ll|Lt)$|^Is(?:Upper|Lower|Title)_?case$|^java(?:Upper|Lower|Title)Case$/i.test(name)) return POSIX.LC!
  if (Object.hasOwn(POSIX, name)) return POSIX[name]!
  const assigned = /^(\w+)=(.+)$/.exec(name)
  if (assigned !== null) {
    const key = assigned[1]!.toLowerCase()
    if (key === 'sc' || key === 'script') return known(`Script=${scriptName(assigned[2]!)}`, name)
    if (key === 'gc' || key === 'general_category') return known(assigned[2]!, name)
    throw unknownProperty(name)
  }
  if (name.startsWith('Is')) {
    const rest = name.slice(2)
    const plain = rest.toLowerCase().replaceAll(/[_\s-]/g, '')
    if (Object.hasOwn(BINARY, plain)) return BINARY[plain]!
    return isCategory(rest) ? known(rest, name) : known(`Script=${scriptName(rest)}`, name)
  }
  if (!isCategory(name)) throw unknownProperty(name)
  return known(name, name)
}

function isCategory(name: string): boolean {
  return /^[LMNPSZC][a-z]?$/.test(name)
}

/** `LATIN`, `old_italic` -> as Unicode writes it. */
function scriptName(name: string): string {
  return name.toLowerCase().replaceAll(/(^|_)[a-z]/g, (start) => start.toUpperCase())
}

function known(property: string, name: string): string {
  const escaped = `\\p{${property}}`
  try {
    new RegExp(escaped, 'v')
  } catch {
    throw unknownProperty(name)
  }
  return escaped
}

function unknownProperty(name: string): Error {
  return configError(`\\p{${name}} is a property that this cannot tell; list the characters, or use a category or script`)
}

/** A character as it stands in a pattern or class of v mode. */
export function escapedCharacter(codePoint: number): string {
  if ((codePoint >= 0x30 && codePoint <= 0x39) || isLetter(codePoint) || codePoint === 0x5f) return String.fromCharCode(codePoint)
  return codePoint < 0x80 ? `\\x${codePoint.toString(16).padStart(2, '0')}` : `\\u{${codePoint.toString(16)}}`
}

/** Whether it is an ASCII letter. */
export function isLetter(codePoint: number): boolean {
  const lower = codePoint | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

/** A range as the inside of a class; without case, ASCII letters stand for both. */
export function characterRange(from: number, to: number, ignoreCase: boolean): string {
  const range = from === to ? escapedCharacter(from) : `${escapedCharacter(from)}-${escapedCharacter(to)}`
  if (!ignoreCase) return range
  return range + otherCase(from, to, 0x41, 0x20) + otherCase(from, to, 0x61, -0x20)
}

/** The letters of the 26 from `first` that lie in the range, moved to the other case. */
function otherCase(from: number, to: number, first: number, move: number): string {
  const start = Math.max(from, first)
  const end = Math.min(to, first + 25)
  if (start > end) return ''
  return start === end ? escapedCharacter(start + move) : `${String.fromCharCode(start + move)}-${String.fromCharCode(end + move)}`
}
