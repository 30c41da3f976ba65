import { EventEmitter } from 'node:events'
import { AnsiGrid } from './ansi-grid.ts'

/** A keyboard: `emit('data', text)` types. */
export class FakeInput extends EventEmitter {
  readonly isTTY: boolean
  raw = false
  flowing = false

  constructor(isTTY = true) {
    super()
    this.isTTY = isTTY
  }

  setRawMode(raw: boolean): this {
    this.raw = raw
    return this
  }

  setEncoding(): this {
    return this
  }

  resume(): this {
    this.flowing = true
    return this
  }

  pause(): this {
    this.flowing = false
    return this
  }

  type(text: string): void {
    this.emit('data', text)
  }
}

/** A terminal or a pipe: everything written is kept, and drawn into the grid when it is a terminal. */
export class FakeOutput extends EventEmitter {
  readonly isTTY: boolean
  columns: number
  rows: number
  grid: AnsiGrid
  readonly writes: string[] = []
  /** Says that it takes no more, until `drain` is emitted. */
  isFull = false
  #waiting: (() => void)[] = []

  constructor({ isTTY = true, columns = 80, rows = 16 }: { isTTY?: boolean; columns?: number; rows?: number } = {}) {
    super()
    this.isTTY = isTTY
    this.columns = columns
    this.rows = rows
    this.grid = new AnsiGrid(columns, rows)
  }

  get written(): string {
    return this.writes.join('')
  }

  write(text: string): boolean {
    this.writes.push(text)
    if (this.isTTY) this.grid.write(text)
    for (const check of this.#waiting) check()
    return !this.isFull
  }

  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    const before = this.grid
    this.grid = new AnsiGrid(columns, rows)
    this.grid.write(before.isAlternate ? '\x1b[?1049h\x1b[?25l\x1b[?7l' : '')
    this.emit('resize')
  }

  /** Resolves at the first write after which it holds. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const signal = AbortSignal.timeout(10_000)
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (!holds()) return
        this.#waiting = this.#waiting.filter((other) => other !== check)
        resolve()
      }
      signal.addEventListener('abort', () => reject(new Error(`never seen: ${what}\n${this.isTTY ? this.grid.text() : this.written}`)))
      this.#waiting.push(check)
      check()
    })
  }

  shows(text: string): Promise<void> {
    return this.until(() => (this.isTTY ? this.grid.text() : this.written).includes(text), text)
  }
}

/** A process that is told of signals and stops nobody. */
export class FakeProcess extends EventEmitter {
  readonly pid = 4711
  readonly platform = 'linux'
  readonly killed: [pid: number, signal: string][] = []

  kill(pid: number, signal: string): void {
    this.killed.push([pid, signal])
  }
}
