import { configError } from 'sluice'
import { characterRange, escapedCharacter, isLetter, javaProperty, SHORTHANDS } from './java-class.ts'

/** A pattern of Java's as one of JavaScript's. */
export interface JavaPattern {
  readonly regExp: RegExp
  /** Where Java's group N is in a JavaScript match; index 0 is the whole. */
  readonly groups: readonly number[]
  readonly names: ReadonlyMap<string, number>
}

const IGNORE_CASE = 1
const MULTILINE = 2
const DOTALL = 4
const UNIX_LINES = 8
const COMMENTS = 16
const FLAGS: Readonly<Record<string, number>> = { i: IGNORE_CASE, m: MULTILINE, s: DOTALL, d: UNIX_LINES, x: COMMENTS }

const LINE_END = '\\n\\r\\x85\\u2028\\u2029'
/** Java counts letters and digits of all scripts as words at `\b` (ASCII only since 19). */
const WORD = '[\\p{L}\\p{Nd}_]'

/**
 * Reads java.util.regex's syntax and means what it means there: line ends, `$` before a last line end, ASCII `\s` and
 * `(?i)`, `\Q..\E`, possessive and atomic, unions and intersections of classes. Throws CONFIG for what cannot be told in
 * JavaScript (`\G`, `\X`, blocks, `(?u)`). Two things differ: a reference to a group that took no part matches nothing at
 * all in Java, here an empty text; and a group in a repetition is that of the last round here, of the last that had it there.
 */
export function javaPattern(pattern: string): JavaPattern {
  return new JavaPatternReader(pattern).read()
}

class JavaPatternReader {
  readonly #input: readonly number[]
  #at = 0
  #flags = 0
  /** Java's groups opened so far. */
  #count = 0
  #hidden = 0
  readonly #names = new Map<string, number>()

  constructor(pattern: string) {
    this.#input = Array.from(unquoted(pattern), (character) => character.codePointAt(0)!)
  }

  read(): JavaPattern {
    const named = this.#alternatives()
    if (this.#at < this.#input.length) throw this.#error('has a ) that closes nothing')
    // Each group is named while it is read, as hidden ones for atomic groups may come before those that Java counts.
    const position = new Map<string, number>()
    for (const [, name] of named.matchAll(/\(\?<([gh]\d+)>/g)) position.set(name!, position.size + 1)
    const source = named
      .replaceAll(/\(\?<[gh]\d+>/g, '(')
      .replaceAll(/\\k<([gh]\d+)>/g, (_, name: string) => (position.has(name) ? `(?:\\${position.get(name)})` : '(?!)'))
    const groups = [0]
    for (let group = 1; group <= this.#count; group++) groups.push(position.get(`g${group}`)!)
    try {
      return { regExp: new RegExp(source, 'v'), groups, names: this.#names }
    } catch (cause) {
      throw this.#error((cause as Error).message)
    }
  }

  #alternatives(): string {
    let out = ''
    for (;;) {
      out += this.#sequence()
      if (!this.#eat('|')) return out
      out += '|'
    }
  }

  #sequence(): string {
    let out = ''
    for (;;) {
      this.#skipComments()
      const next = this.#peek()
      if (next === '' || next === '|' || next === ')') return out
      const atom = this.#atom()
      out += atom === '' ? '' : this.#quantified(atom)
    }
  }

  #quantified(atom: string): string {
    this.#skipComments()
    const quantifier = this.#quantifier()
    if (quantifier === '') return atom
    const repeated = `(?:${atom})${quantifier}`
    if (this.#eat('?')) return `${repeated}?`
    return this.#eat('+') ? this.#atomic(repeated) : repeated
  }

  #quantifier(): string {
    const next = this.#peek()
    if (next === '*' || next === '+' || next === '?') {
      this.#at++
      return next
    }
    if (next !== '{') return ''
    const rest = String.fromCodePoint(...this.#input.slice(this.#at, this.#at + 32))
    const found = /^\{\d+(?:,\d*)?\}/.exec(rest)
    if (found === null) throw this.#error('has a { that is no repetition')
    this.#at += found[0].length
    return found[0]
  }

  /** What once matched is not given back: JavaScript's lookaheads are so, and the text is then taken by reference. */
  #atomic(inner: string): string {
    const name = `h${++this.#hidden}`
    return `(?:(?=(?<${name}>${inner}))\\k<${name}>)`
  }

  #atom(): string {
    const codePoint = this.#input[this.#at++]!
    switch (String.fromCodePoint(codePoint)) {
      case '[':
        return this.#class()
      case '(':
        return this.#group()
      case '.':
        if (this.#has(DOTALL)) return '[^]'
        return this.#has(UNIX_LINES) ? '[^\\n]' : `[^${LINE_END}]`
      case '^':
        if (!this.#has(MULTILINE)) return '(?:^)'
        return `(?:(?:^|(?<=${this.#has(UNIX_LINES) ? '\\n' : '\\n|\\r(?!\\n)|[\\x85\\u2028\\u2029]'}))(?!$))`
      case '$':
        return this.#dollar(this.#has(MULTILINE))
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#error(`repeats nothing with its ${String.fromCodePoint(codePoint)}`)
      default:
        return this.#literal(codePoint)
    }
  }

  #dollar(multiline: boolean): string {
    if (this.#has(UNIX_LINES)) return multiline ? '(?=\\n|$)' : '(?=\\n?$)'
    return multiline ? '(?=\\r\\n|(?<!\\r)\\n|[\\r\\x85\\u2028\\u2029]|$)' : '(?=(?:\\r\\n|(?<!\\r)\\n|[\\r\\x85\\u2028\\u2029])?$)'
  }

  #literal(codePoint: number): string {
    if (this.#has(IGNORE_CASE) && isLetter(codePoint)) return `[${characterRange(codePoint, codePoint, true)}]`
    return escapedCharacter(codePoint)
  }

  #group(): string {
    const outer = this.#flags
    if (!this.#eat('?')) return this.#closed(`(?<g${++this.#count}>`, outer)
    if (this.#eat(':')) return this.#closed('(?:', outer)
    if (this.#eat('=')) return `(?:${this.#closed('(?=', outer)})`
    if (this.#eat('!')) return `(?:${this.#closed('(?!', outer)})`
    if (this.#eat('>')) return this.#atomic(this.#closed('(?:', outer))
    if (this.#eat('<')) {
      if (this.#eat('=')) return `(?:${this.#closed('(?<=', outer)})`
      if (this.#eat('!')) return `(?:${this.#closed('(?<!', outer)})`
      const name = this.#upTo('>')
      if (!/^[a-zA-Z][a-zA-Z0-9]*$/.test(name)) throw this.#error('names a group with more than letters and digits')
      if (this.#names.has(name)) throw this.#error(`has two groups named ${name}`)
      this.#names.set(name, ++this.#count)
      return this.#closed(`(?<g${this.#count}>`, outer)
    }
    this.#readFlags()
    if (this.#eat(')')) return ''
    if (!this.#eat(':')) throw this.#error('has a group of unknown kind')
    return this.#closed('(?:', outer)
  }

  #closed(open: string, outerFlags: number): string {
    const inner = this.#alternatives()
    if (!this.#eat(')')) throw this.#error('has a group that is not closed')
    this.#flags = outerFlags
    return `${open}${inner})`
  }

  #readFlags(): void {
    let on = true
    for (; ; this.#at++) {
      const next = this.#peek()
      if (next === '-') on = false
      else if (next === 'u' || next === 'U' || next === 'c') throw this.#error(`uses Java's flag (?${next}), which this cannot tell`)
      else if (FLAGS[next] === undefined) return
      else this.#flags = on ? this.#flags | FLAGS[next] : this.#flags & ~FLAGS[next]
    }
  }

  #escape(): string {
    const next = this.#peek()
    const shorthand = SHORTHANDS[next.toLowerCase()]
    if (shorthand !== undefined) {
      this.#at++
      return next === next.toLowerCase() ? `[${shorthand}]` : `[^${shorthand}]`
    }
    if (/^[1-9]$/.test(next)) return this.#reference()
    this.#at++
    switch (next) {
      case 'A':
        return '(?:^)'
      case 'z':
        return '(?:$)'
      case 'Z':
        return this.#dollar(false)
      case 'b':
        return `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`
      case 'B':
        return `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`
      case 'R':
        return `(?:\\r\\n|[${SHORTHANDS.v}])`
      case 'p':
      case 'P':
        return `[${next === 'P' ? '^' : ''}${this.#property()}]`
      case 'k': {
        const name = this.#eat('<') ? this.#upTo('>') : ''
        const group = this.#names.get(name)
        if (group === undefined) throw this.#error('refers to a named group that there is not')
        return this.#back(group)
      }
      default:
        this.#at--
        return this.#literal(this.#character())
    }
  }

  /** As many digits as name a group that was opened before, at least one. */
  #reference(): string {
    let group = this.#input[this.#at++]! - 48
    for (; /^\d$/.test(this.#peek()); this.#at++) {
      const longer = group * 10 + Number(this.#peek())
      if (longer > this.#count) break
      group = longer
    }
    return this.#back(group)
  }

  #back(group: number): string {
    if (this.#has(IGNORE_CASE)) throw this.#error('refers to a group where case is ignored, which this cannot tell')
    return `\\k<g${group}>`
  }

  #property(): string {
    const name = this.#eat('{') ? this.#upTo('}') : String.fromCodePoint(this.#input[this.#at++] ?? 0)
    return javaProperty(name, this.#has(IGNORE_CASE))
  }

  /** The character that an escape stands for; `#at` is behind the backslash. */
  #character(): number {
    const codePoint = this.#input[this.#at++]
    if (codePoint === undefined) throw this.#error('ends with a backslash')
    switch (String.fromCodePoint(codePoint)) {
      case 't':
        return 0x09
      case 'n':
        return 0x0a
      case 'r':
        return 0x0d
      case 'f':
        return 0x0c
      case 'a':
        return 0x07
      case 'e':
        return 0x1b
      case 'c':
        return (this.#input[this.#at++] ?? 0) ^ 0x40
      case '0':
        return this.#number(/^(?:[0-3][0-7]{0,2}|[4-7][0-7]?)/, 8)
      case 'x':
        return this.#peek() === '{' ? this.#number(/^\{[0-9a-fA-F]+\}/, 16) : this.#number(/^[0-9a-fA-F]{2}/, 16)
      case 'u': {
        const high = this.#number(/^[0-9a-fA-F]{4}/, 16)
        const next = String.fromCodePoint(...this.#input.slice(this.#at, this.#at + 6))
        if (high < 0xd800 || high > 0xdbff || !/^\\u[dD][c-fC-F]/.test(next)) return high
        this.#at += 2
        return String.fromCharCode(high, this.#number(/^[0-9a-fA-F]{4}/, 16)).codePointAt(0)!
      }
      default:
        if (isLetter(codePoint)) throw this.#error(`uses \\${String.fromCodePoint(codePoint)}, which Java or this does not know`)
        return codePoint
    }
  }

  #number(form: RegExp, base: number): number {
    const found = form.exec(String.fromCodePoint(...this.#input.slice(this.#at, this.#at + 12)))?.[0]
    const value = found === undefined ? Number.NaN : Number.parseInt(found.replaceAll(/[{}]/g, ''), base)
    if (!(value <= 0x10ffff)) throw this.#error('has a number of a character that there is not')
    this.#at += found!.length
    return value
  }

  /** The inside of a class whose [ is read, up to its ]. */
  #class(): string {
    const negated = this.#eat('^')
    const operands: string[] = []
    let items = ''
    for (;;) {
      this.#skipComments()
      const next = this.#peek()
      if (next === '') throw this.#error('has a [ that is not closed')
      if (next === ']' && (items !== '' || operands.length > 0)) break
      if (next === '&' && this.#input[this.#at + 1] === 0x26) {
        while (this.#eat('&'));
        operands.push(items)
        items = ''
      } else if (this.#eat('[')) items += this.#class()
      else items += this.#classItem()
    }
    this.#at++
    operands.push(items)
    const parts = operands.filter((operand) => operand !== '')
    if (parts.length === 0) throw this.#error('has a class of nothing')
    const inside = parts.length === 1 ? parts[0]! : parts.map((part) => `[${part}]`).join('&&')
    return `[${negated ? '^' : ''}${inside}]`
  }

  #classItem(): string {
    if (this.#eat('\\')) {
      const next = this.#peek()
      const shorthand = SHORTHANDS[next.toLowerCase()]
      if (shorthand !== undefined) {
        this.#at++
        return next === next.toLowerCase() ? shorthand : `[^${shorthand}]`
      }
      if (this.#eat('p')) return this.#property()
      if (this.#eat('P')) return `[^${this.#property()}]`
      return this.#range(this.#character())
    }
    return this.#range(this.#input[this.#at++]!)
  }

  #range(from: number): string {
    const ignoreCase = this.#has(IGNORE_CASE)
    const after = this.#input[this.#at + 1]
    if (this.#peek() !== '-' || after === undefined || after === 0x5d || after === 0x5b) return characterRange(from, from, ignoreCase)
    this.#at++
    const to = this.#eat('\\') ? this.#character() : this.#input[this.#at++]!
    if (to < from) throw this.#error('has a range that ends before it starts')
    return characterRange(from, to, ignoreCase)
  }

  #has(flag: number): boolean {
    return (this.#flags & flag) !== 0
  }

  #peek(): string {
    const codePoint = this.#input[this.#at]
    return codePoint === undefined ? '' : String.fromCodePoint(codePoint)
  }

  #eat(character: string): boolean {
    if (this.#peek() !== character) return false
    this.#at++
    return true
  }

  #upTo(end: string): string {
    const found = this.#input.indexOf(end.codePointAt(0)!, this.#at)
    if (found < 0) throw this.#error(`misses a ${end}`)
    const text = String.fromCodePoint(...this.#input.slice(this.#at, found))
    this.#at = found + 1
    return text
  }

  /** With (?x): blanks, and # up to the end of its line. */
  #skipComments(): void {
    if (!this.#has(COMMENTS)) return
    for (let next = this.#peek(); next !== ''; next = this.#peek()) {
      if (next === '#') {
        do this.#at++
        while (this.#peek() !== '' && this.#peek() !== '\n')
      } else if (/[ \t-\r]/.test(next)) this.#at++
      else return
    }
  }

  #error(what: string): Error {
    return configError(`the regular expression ${what}, near its character ${this.#at}`)
  }
}

/** `\Q..\E` as single escapes. */
function unquoted(pattern: string): string {
  return pattern.replaceAll(/\\(?:Q([\s\S]*?)(?:\\E|$)|[\s\S])/g, (found, quoted: string | undefined) =>
    quoted === undefined
      ? found
      : quoted.replaceAll(/[^a-zA-Z\u{80}-\u{10ffff}]/gu, (character) => (/\d/.test(character) ? `[${character}]` : `\\${character}`)),
  )
}
