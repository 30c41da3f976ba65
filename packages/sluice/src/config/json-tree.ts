import { type ConfigEntry, type ConfigNode, listNode, mapNode, type Position } from './config-node.ts'
import type { Problems } from './problems.ts'
import { type Environment, withVariables } from './variables.ts'

const MAX_DEPTH = 100
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: what JSON forbids
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SPACE = /[ \t\r\n]*/y
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null }

/** Stops the reading: JSON cannot be read on after a mistake. */
class SyntaxProblem extends Error {}

/** Reads JSON as JSON.parse does, with positions. Undefined when it is no JSON, which is then told to `problems`. */
export function readJson(text: string, environment: Environment, problems: Problems): ConfigNode | undefined {
  const reader = new JsonReader(text.replace(/^\uFEFF/, ''), environment, problems)
  try {
    return reader.document()
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error
    problems.add(reader.position(), error.message)
    return undefined
  }
}

class JsonReader {
  readonly #text: string
  readonly #environment: Environment
  readonly #problems: Problems
  #at = 0
  /** Where the line of the last position begins, and its number: positions are asked for in ascending order. */
  #lineStart = 0
  #line = 1

  constructor(text: string, environment: Environment, problems: Problems) {
    this.#text = text
    this.#environment = environment
    this.#problems = problems
  }

  document(): ConfigNode {
    this.#skipSpace()
    const node = this.#value(0)
    if (this.#at < this.#text.length) throw new SyntaxProblem('the end of the file was expected here')
    return node
  }

  position(): Position {
    for (let next = this.#text.indexOf('\n', this.#lineStart); next !== -1 && next < this.#at; next = this.#text.indexOf('\n', next + 1)) {
      this.#line++
      this.#lineStart = next + 1
    }
    return { line: this.#line, column: this.#at - this.#lineStart + 1 }
  }

  #value(depth: number): ConfigNode {
    if (depth > MAX_DEPTH) throw new SyntaxProblem(`values are nested more than ${MAX_DEPTH} deep`)
    const at = this.position()
    const first = this.#text[this.#at]
    if (first === '{') return this.#map(at, depth)
    if (first === '[') return this.#list(at, depth)
    if (first === '"') {
      const raw = this.#string()
      this.#skipSpace()
      return { at, ...withVariables(raw, this.#environment, at, this.#problems) }
    }
    const number = this.#take(NUMBER)
    if (number !== undefined) {
      this.#skipSpace()
      return { at, value: Number(number) }
    }
    const word = Object.keys(WORDS).find((one) => this.#text.startsWith(one, this.#at))
    if (word === undefined)
      throw new SyntaxProblem(
        first === undefined
          ? 'the file ends where a value was expected'
          : 'a value was expected here: an object, a list, a string in double quotes, a number, true, false or null',
      )
    this.#at += word.length
    this.#skipSpace()
    return { at, value: WORDS[word] }
  }

  #map(at: Position, depth: number): ConfigNode {
    const entries: ConfigEntry[] = []
    const keys = new Set<string>()
    this.#at++
    this.#skipSpace()
    if (!this.#accept('}')) {
      do {
        const keyAt = this.position()
        if (this.#text[this.#at] !== '"') throw new SyntaxProblem('a key in double quotes was expected here')
        const key = this.#string()
        this.#skipSpace()
        if (keys.has(key)) this.#problems.add(keyAt, `key ${JSON.stringify(key)} comes twice`)
        keys.add(key)
        this.#expect(':')
        entries.push({ key, at: keyAt, node: this.#value(depth + 1) })
      } while (this.#accept(','))
      this.#expect('}', ' or ","')
    }
    return mapNode(at, entries)
  }

  #list(at: Position, depth: number): ConfigNode {
    const items: ConfigNode[] = []
    this.#at++
    this.#skipSpace()
    if (!this.#accept(']')) {
      do items.push(this.#value(depth + 1))
      while (this.#accept(','))
      this.#expect(']', ' or ","')
    }
    return listNode(at, items)
  }

  #string(): string {
    const literal = this.#take(STRING)
    if (literal === undefined) throw new SyntaxProblem('this string has no end in its line, or an escape that JSON does not have')
    return JSON.parse(literal) as string
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #accept(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    this.#skipSpace()
    return true
  }

  #expect(character: string, or = ''): void {
    if (!this.#accept(character)) throw new SyntaxProblem(`"${character}"${or} was expected here`)
  }

  #skipSpace(): void {
    this.#take(SPACE)
  }
}
