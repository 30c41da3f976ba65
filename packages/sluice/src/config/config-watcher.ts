import { createHash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Clock, systemClock, type Timer } from '../clock.ts'
import { configError, isKafkaError, KafkaError } from '../errors.ts'
import { settledWithin } from '../interceptor/hook-call.ts'
import { consoleLogger, harmless, type Logger } from '../logger.ts'
import { didYouMean } from '../near-name.ts'
import type { ClientSide } from '../options/interceptor-maker.ts'
import type { ReadConfig } from './config-file.ts'
import type { ConfigWatch, WatchableClient, WatchConfigOptions } from './load-config.ts'
import { shownPath } from './problems.ts'

/** How long modules may take to load, and interceptors to be configured. */
const CHANGE_TIMEOUT_MS = 60_000

const OPTION_NAMES: readonly string[] = ['onChange', 'onError', 'logger', 'debounceMs', 'pollIntervalMs', 'signal', 'clock']

/** The configuration that is watched. */
export interface WatchedConfig {
  readonly file: string
  /** The files it was read from. */
  readonly files: readonly string[]
  /** Reads it again and fills `files` in any case. */
  read(files: Set<string>): Promise<ReadConfig>
  /** Told when every client has it. */
  take(read: ReadConfig): void
}

interface Watched {
  readonly client: WatchableClient
  readonly side: ClientSide
}

/** Keeps the interceptors of clients like the file says. */
export class ConfigWatcher implements ConfigWatch {
  readonly #config: WatchedConfig
  readonly #options: WatchConfigOptions
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #debounceMs: number
  readonly #pollIntervalMs: number
  readonly #watchers = new Map<string, FSWatcher>()
  #clients: readonly Watched[]
  #files: ReadonlySet<string>
  /** What each file held when it was last read, for good or bad. A file that is followed since then is not in it. */
  #seen: ReadonlyMap<string, string> = new Map()
  #lastFailure: string | undefined
  #debounce: Timer | undefined
  #poll: Timer | undefined
  #running: Promise<unknown> = Promise.resolve()
  #isClosed = false
  readonly #onAbort = (): void => void this.close()

  constructor(config: WatchedConfig, clients: readonly WatchableClient[], options: WatchConfigOptions) {
    checkWatchOptions(options)
    this.#config = config
    this.#options = options
    this.#logger = harmless(options.logger ?? consoleLogger)
    this.#clock = options.clock ?? systemClock
    this.#debounceMs = options.debounceMs ?? 100
    this.#pollIntervalMs = options.pollIntervalMs ?? 5000
    this.#clients = clients.map((client) => ({ client, side: sideOf(client) }))
    this.#files = new Set(config.files)
    if (options.signal?.aborted) throw new KafkaError('ABORTED', 'the signal of config.watch was aborted before it began')
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#watchFolders()
    this.#pollLater()
  }

  /** One at a time. */
  reload(): Promise<boolean> {
    const reloaded = this.#running.then(() => this.#reload(true))
    this.#running = reloaded
    return reloaded
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#debounce?.cancel()
    this.#poll?.cancel()
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    await this.#running
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** `isAsked`: also when no file has changed. Never rejects. */
  async #reload(isAsked: boolean): Promise<boolean> {
    if (this.#isClosed) return false
    const before = this.#seen
    const seen = await contentsOf(this.#files)
    if (!isAsked && [...seen].every(([file, content]) => before.get(file) === content)) return true
    this.#seen = seen
    // Of what was told before, only what changed since is worth telling again.
    if (isAsked || [...seen].some(([file, content]) => before.has(file) && before.get(file) !== content)) this.#lastFailure = undefined
    const files = new Set<string>()
    try {
      const read = await this.#within(this.#config.read(files), 'loading it and its modules')
      this.#follow(files)
      return await this.#put(read)
    } catch (error) {
      // Of a broken file nobody knows which modules it names.
      this.#follow(new Set([...this.#files, ...files]))
      this.#failed(error)
      return false
    }
  }

  async #put(read: ReadConfig): Promise<boolean> {
    let failures = 0
    let changes = 0
    for (const watched of this.#clients) {
      const { client, side } = watched
      try {
        const before = client.interceptors.list()
        const after = read[side].chain.next(before)
        if (this.#isClosed) return false
        if (after.length === before.length && after.every((one, index) => one === before[index])) continue
        await this.#within(client.interceptors.replace(after), 'configuring the new interceptors')
        changes++
      } catch (error) {
        if (isKafkaError(error) && error.code === 'ILLEGAL_STATE') this.#clients = this.#clients.filter((one) => one !== watched)
        else {
          failures++
          this.#failed(error)
        }
      }
    }
    if (failures > 0) return false
    this.#config.take(read)
    if (changes > 0)
      this.#tell(() => this.#logger.info(`${shownPath(this.#config.file)}: new interceptors are in force`, { clients: changes }))
    if (changes > 0) this.#tell(() => this.#options.onChange?.())
    return true
  }

  /** A module or a `configure` that never ends must not end the watch. */
  async #within<T>(promise: Promise<T>, what: string): Promise<T> {
    let isOver = false
    try {
      return (await settledWithin(promise, CHANGE_TIMEOUT_MS, this.#clock, () => {
        isOver = true
      })) as T
    } catch (error) {
      throw isOver ? configError(`${shownPath(this.#config.file)}: ${what} did not end within ${CHANGE_TIMEOUT_MS} ms`) : error
    }
  }

  #failed(cause: unknown): void {
    const text = cause instanceof Error ? cause.message : 'something that is no Error was thrown'
    const error = isKafkaError(cause) ? cause : configError(`${shownPath(this.#config.file)}: ${text}`)
    if (error.message === this.#lastFailure) return
    this.#lastFailure = error.message
    this.#tell(() => this.#logger.error(`the interceptors stay as they are, for their new configuration cannot be taken: ${error.message}`))
    this.#tell(() => this.#options.onError?.(error))
  }

  /** What the application's callback throws must not end the watch. */
  #tell(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#logger.error('a callback of config.watch threw', { error: error instanceof Error ? error.name : typeof error })
    }
  }

  #follow(files: ReadonlySet<string>): void {
    if (this.#isClosed) return
    this.#files = files
    this.#watchFolders()
  }

  /** Folders, not files: editors and Kubernetes put a new file in the old one's place. */
  #watchFolders(): void {
    const folders = new Set([...this.#files].map((file) => dirname(file)))
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#changed())
        // Where the system cannot watch, or no longer, looking from time to time is enough.
        watcher.on('error', () => {
          watcher.close()
          this.#watchers.delete(folder)
        })
        this.#watchers.set(folder, watcher)
      } catch {
        // As above.
      }
    }
  }

  #changed(): void {
    if (this.#isClosed) return
    this.#debounce?.cancel()
    this.#debounce = this.#clock.setTimer(() => this.#look(), this.#debounceMs, false)
  }

  #pollLater(): void {
    this.#poll = this.#clock.setTimer(
      () => {
        this.#look()
        if (!this.#isClosed) this.#pollLater()
      },
      this.#pollIntervalMs,
      false,
    )
  }

  #look(): void {
    this.#running = this.#running.then(() => this.#reload(false))
  }
}

/** For each file a text that differs when it does. */
async function contentsOf(files: ReadonlySet<string>): Promise<Map<string, string>> {
  const contents = new Map<string, string>()
  for (const file of files) {
    const content = await readFile(file).catch((error: NodeJS.ErrnoException) => `missing ${error.code}`)
    contents.set(file, createHash('sha256').update(content).digest('hex'))
  }
  return contents
}

function sideOf(client: WatchableClient): ClientSide {
  const { interceptors, send, subscribe } = (client ?? {}) as Partial<Record<'interceptors' | 'send' | 'subscribe', unknown>>
  if (typeof interceptors === 'object' && typeof send === 'function') return 'producer'
  if (typeof interceptors === 'object' && typeof subscribe === 'function') return 'consumer'
  throw configError('config.watch takes a KafkaProducer or KafkaConsumer, or a list of these')
}

function checkWatchOptions(options: WatchConfigOptions): void {
  if (typeof options !== 'object' || options === null) throw configError('the options of config.watch must be an object')
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.includes(name))
      throw configError(`config.watch: unknown option ${JSON.stringify(name)}${didYouMean(name, OPTION_NAMES)}`)
  }
  for (const name of ['debounceMs', 'pollIntervalMs'] as const) {
    const value = options[name]
    if (value !== undefined && !(typeof value === 'number' && value >= (name === 'debounceMs' ? 0 : 1)))
      throw configError(`config.watch: ${name} must be a number of milliseconds, not ${typeof value}`)
  }
  for (const name of ['onChange', 'onError'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') throw configError(`config.watch: ${name} must be a function`)
  }
}
