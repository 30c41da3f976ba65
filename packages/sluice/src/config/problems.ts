import { relative } from 'node:path'
import { configError, type KafkaError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'
import { withoutValues } from '../options/interceptor-maker.ts'
import type { Position } from './config-node.ts'

/** What is wrong with one configuration file: everything is collected, and told at once. */
export class Problems {
  readonly #file: string
  readonly #hidden = new Set<string>()
  readonly #found: { readonly at: Position; readonly message: string }[] = []

  constructor(file: string) {
    this.#file = shownPath(file)
  }

  get isEmpty(): boolean {
    return this.#found.length === 0
  }

  add(at: Position, message: string): void {
    this.#found.push({ at, message })
  }

  /** Takes a value that no message may tell. */
  hide(value: string): void {
    this.#hidden.add(value)
  }

  /** Throws CONFIG with all that was added, in the order of the file; does nothing without any. */
  throwIfAny(): void {
    if (!this.isEmpty) throw this.error()
  }

  error(): KafkaError {
    const hidden = [...this.#hidden]
    const lines = this.#found
      .map(({ at, message }, index) => ({ at, index, text: `${this.#place(at)}: ${withoutValues(message, hidden)}` }))
      .sort((a, b) => (a.at.line ?? 0) - (b.at.line ?? 0) || (a.at.column ?? 0) - (b.at.column ?? 0) || a.index - b.index)
      .map(({ text }) => text)
    if (lines.length === 1) return configError(lines[0]!)
    return configError(`${this.#file} has ${lines.length} problems:\n${lines.map((line) => `  - ${line}`).join('\n')}`)
  }

  #place({ line, column, path }: Position): string {
    if (line !== undefined) return `${this.#file}:${line}${column === undefined ? '' : `:${column}`}`
    return path === undefined || path === '' ? this.#file : `${this.#file}: ${path}`
  }
}

/** Short where the file is below the working directory; editors and terminals open both. */
export function shownPath(file: string): string {
  const path = relative(process.cwd(), file)
  return path === '' || path.startsWith('..') ? file : path
}

/** For a key that is not one of `known`. */
export function unknownKey(key: string, known: readonly string[], what: string): string {
  return `unknown ${what} ${JSON.stringify(key)}${didYouMean(key, known)}`
}
