import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const STOP_TIMEOUT_MS = 15_000
const LOG_LINES = 30
export const jvmFlags: readonly string[] = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]

/** One broker's JVM. What it logs goes to `kafka.log` in its home. */
export class KafkaProcess {
  readonly #lib: string
  readonly #home: string
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()

  constructor(lib: string, home: string) {
    this.#lib = lib
    this.#home = home
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when the process is gone; at once when there is none. */
  get ended(): Promise<void> {
    return this.#ended
  }

  start(): void {
    if (this.isRunning) throw new Error('the broker is running')
    const log = openSync(this.#logFile, 'a')
    const args = [
      '-cp',
      join(this.#lib, '*'),
      ...jvmFlags,
      `-Djava.io.tmpdir=${this.#home}`,
      'kafka.Kafka',
      join(this.#home, 'server.properties'),
    ]
    const child = spawn('java', args, { stdio: ['ignore', log, log] })
    closeSync(log)
    this.#child = child
    this.#ended = new Promise((resolve) => {
      child.once('error', () => resolve())
      child.once('exit', () => resolve())
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Asks it to end, and kills it when it has not within 15 s. */
  async stop(): Promise<void> {
    if (!this.isRunning) return
    // A stopped process takes no SIGTERM before it goes on.
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#ended
    clearTimeout(timer)
  }

  /** The end of its log, without the lines of stack traces. */
  log(): string {
    const lines = readFileSync(this.#logFile, 'utf8').split('\n')
    return lines
      .filter((line) => !/^\s+(at |\.\.\. )/.test(line))
      .slice(-LOG_LINES)
      .join('\n')
  }

  get #logFile(): string {
    return join(this.#home, 'kafka.log')
  }
}
