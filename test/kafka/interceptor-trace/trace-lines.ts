import { showError } from './show.ts'

/** The trace of one scenario: what happened, line by line, without the names that only this run has. */
export class TraceLines {
  readonly #prefix: string
  #lines: string[] = []
  #ended = false

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  add(line: string): void {
    if (!this.#ended) this.#lines.push(line.replaceAll(this.#prefix, ''))
  }

  get size(): number {
    return this.#lines.length
  }

  async outcome(what: string, run: () => string | Promise<string>): Promise<void> {
    let outcome: string
    try {
      outcome = await run()
    } catch (error) {
      outcome = `threw ${showError(error)}`
    }
    this.add(`${what}: ${outcome}`)
  }

  /** Stable, by the client that begins the line. */
  sortFrom(from: number): void {
    const sorted = this.#lines.slice(from).sort((left, right) => left.charCodeAt(0) - right.charCodeAt(0))
    this.#lines = [...this.#lines.slice(0, from), ...sorted]
  }

  end(): string[] {
    this.#ended = true
    return this.#lines
  }
}
