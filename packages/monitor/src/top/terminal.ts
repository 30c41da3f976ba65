import { ENTER, LEAVE } from './screen.ts'

export interface TerminalInput {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
  setEncoding(encoding: 'utf8'): unknown
  resume(): unknown
  pause(): unknown
  on(event: string, listener: (...args: any[]) => void): unknown
  off(event: string, listener: (...args: any[]) => void): unknown
}

export interface TerminalOutput {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): boolean
  on(event: string, listener: (...args: any[]) => void): unknown
  once(event: string, listener: (...args: any[]) => void): unknown
  off(event: string, listener: (...args: any[]) => void): unknown
}

/** What it needs of the process. */
export interface TerminalHost {
  readonly pid: number
  readonly platform: string
  kill(pid: number, signal: string): unknown
  on(event: string, listener: (...args: any[]) => void): unknown
  off(event: string, listener: (...args: any[]) => void): unknown
}

export interface TerminalEvents {
  text(text: string): void
  resized(): void
  /** The terminal is there (again), empty. */
  entered(): void
  left(): void
  /** A signal, or nobody at the other side. The terminal is restored already. */
  ended(): void
}

const MAX_COLUMNS = 200

/** The terminal while it is ours. However the process ends, it is given back as it was: the screen, the cursor, the keys. */
export class Terminal {
  readonly #input: TerminalInput
  readonly #output: TerminalOutput
  readonly #host: TerminalHost
  readonly #events: TerminalEvents
  #inside = false
  #gone = false

  constructor(input: TerminalInput, output: TerminalOutput, host: TerminalHost, events: TerminalEvents) {
    this.#input = input
    this.#output = output
    this.#host = host
    this.#events = events
  }

  /** Some terminals say 0 before they know. */
  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: Math.min(MAX_COLUMNS, this.#output.columns || 80), rows: this.#output.rows || 24 }
  }

  open(): void {
    const host = this.#host
    for (const signal of endSignals) host.on(signal, this.#end)
    host.on('SIGTSTP', this.#stop)
    host.on('SIGCONT', this.#continued)
    host.on('uncaughtExceptionMonitor', this.#leave)
    host.on('exit', this.#leave)
    this.#output.on('resize', this.#resized)
    this.#output.on('error', this.#lost)
    if (this.#hasKeys) {
      this.#input.setEncoding('utf8')
      this.#input.on('data', this.#data)
      this.#input.on('end', this.#end)
      this.#input.on('error', this.#end)
    }
    this.#enter()
  }

  close(): void {
    this.#leave()
    const host = this.#host
    for (const signal of endSignals) host.off(signal, this.#end)
    host.off('SIGTSTP', this.#stop)
    host.off('SIGCONT', this.#continued)
    host.off('uncaughtExceptionMonitor', this.#leave)
    host.off('exit', this.#leave)
    this.#output.off('resize', this.#resized)
    this.#input.off('data', this.#data)
    this.#input.off('end', this.#end)
  }

  /** As Ctrl-Z does where keys are not ours: everything that was started with us stops too, npx and the shell's script. */
  suspend(): void {
    if (this.#host.platform === 'win32') return
    this.#leave()
    this.#host.kill(0, 'SIGTSTP')
  }

  get #hasKeys(): boolean {
    return this.#input.isTTY === true && this.#input.setRawMode !== undefined
  }

  #enter(): void {
    if (this.#inside || this.#gone) return
    this.#inside = true
    this.#output.write(ENTER)
    if (this.#hasKeys) {
      // Off first: a shell may have changed the mode behind Node's back, which then takes it for set.
      this.#input.setRawMode!(false)
      this.#input.setRawMode!(true)
      this.#input.resume()
    }
    this.#events.entered()
  }

  readonly #leave = (): void => {
    if (!this.#inside) return
    this.#inside = false
    this.#events.left()
    if (this.#hasKeys) {
      this.#input.setRawMode!(false)
      this.#input.pause()
    }
    if (!this.#gone) this.#output.write(LEAVE)
  }

  readonly #stop = (): void => {
    if (this.#host.platform === 'win32') return
    this.#leave()
    // Returns when somebody lets us go on, or at once where a process cannot be stopped.
    this.#host.kill(this.#host.pid, 'SIGSTOP')
    this.#enter()
  }

  /** After a stop that could not be caught: the shell has written over the screen. */
  readonly #continued = (): void => {
    this.#leave()
    this.#enter()
  }

  readonly #end = (): void => {
    this.#leave()
    this.#events.ended()
  }

  readonly #lost = (): void => {
    this.#gone = true
    this.#end()
  }

  readonly #resized = (): void => this.#events.resized()

  readonly #data = (text: string): void => this.#events.text(text)
}

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
