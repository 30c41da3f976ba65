import { type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { type Clock, configError, type InterceptorContext, isKafkaError, type Logger } from 'sluice'
import { type CompiledPolicy, compileDocument } from './policy-rules.ts'

type Timer = ReturnType<Clock['setTimer']>

const DEBOUNCE_MS = 100
/** Where folders cannot be watched, as on some network file systems. */
const POLL_INTERVAL_MS = 5000
const MAX_BYTES = 16 * 1024 * 1024

/** The rules of a file, kept as the file says. Of a file that cannot be taken nothing is: the rules before stay in force. */
export class PolicyFile {
  readonly #path: string
  readonly #otherwise: 'allow' | 'deny'
  #policy: CompiledPolicy | undefined
  #seen: string | undefined
  #logger: Logger | undefined
  #clock: Clock | undefined
  #watcher: FSWatcher | undefined
  #debounce: Timer | undefined
  #poll: Timer | undefined
  #running: Promise<void> = Promise.resolve()
  #users = 0

  constructor(path: string, otherwise: 'allow' | 'deny') {
    this.#path = resolve(path)
    this.#otherwise = otherwise
  }

  /** Undefined until the file was read for the first time. */
  get policy(): CompiledPolicy | undefined {
    return this.#policy
  }

  /** Reads the file, and follows it from then on. Rejects with CONFIG when it cannot be taken. */
  async open({ logger, clock }: InterceptorContext): Promise<void> {
    this.#logger ??= logger
    this.#clock ??= clock
    if (this.#policy === undefined) await this.#read()
    if (this.#users++ > 0) return
    this.#watch()
    this.#pollLater()
  }

  /** To be called as often as `open`. */
  async close(): Promise<void> {
    if (this.#users === 0 || --this.#users > 0) return
    this.#watcher?.close()
    this.#watcher = undefined
    this.#debounce?.cancel()
    this.#poll?.cancel()
    await this.#running
  }

  /** Looks whether the file has changed; never rejects. */
  reload(): Promise<void> {
    this.#running = this.#running.then(async () => {
      try {
        if (await this.#read()) this.#logger?.info('access-policy: new rules are in force', { file: this.#path })
      } catch (error) {
        const reason = isKafkaError(error) ? error.message : 'it cannot be read'
        this.#logger?.error('access-policy: the rules stay as they are, for the new ones cannot be taken', { file: this.#path, reason })
      }
    })
    return this.#running
  }

  /** True when there are new rules. */
  async #read(): Promise<boolean> {
    const option = `access-policy: file ${JSON.stringify(this.#path)}`
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (cause) {
      // Told once, until it is there again.
      if (this.#policy !== undefined && this.#seen === undefined) return false
      this.#seen = undefined
      throw configError(`${option} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`)
    }
    if (text === this.#seen) return false
    this.#seen = text
    if (text.length > MAX_BYTES) throw configError(`${option} is larger than ${MAX_BYTES} bytes`)
    this.#policy = compileDocument(await parse(text, this.#path, option), this.#otherwise, option)
    return true
  }

  /** The folder: editors and Kubernetes put a new file in the old one's place. */
  #watch(): void {
    try {
      this.#watcher = watch(dirname(this.#path), { persistent: false }, () => this.#changed())
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // Looking from time to time is enough.
    }
  }

  #changed(): void {
    this.#debounce?.cancel()
    if (this.#users > 0) this.#debounce = this.#clock!.setTimer(() => void this.reload(), DEBOUNCE_MS, false)
  }

  #pollLater(): void {
    this.#poll = this.#clock!.setTimer(
      () => {
        void this.reload().then(() => {
          if (this.#users > 0) this.#pollLater()
        })
      },
      POLL_INTERVAL_MS,
      false,
    )
  }
}

async function parse(text: string, path: string, option: string): Promise<unknown> {
  if (extname(path) === '.json') {
    try {
      return JSON.parse(text)
    } catch {
      throw configError(`${option} is no JSON`)
    }
  }
  const { parseDocument } = await import('yaml').catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw configError(`${option} needs the package yaml: npm install yaml, or write it as .json`)
  })
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true, logLevel: 'error' })
  const [error] = document.errors
  if (error !== undefined) throw configError(`${option} is no YAML (${error.code} at character ${error.pos[0]})`)
  return document.toJS({ maxAliasCount: 100 })
}
