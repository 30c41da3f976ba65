import type { Clock } from '../clock.ts'
import type { ConsumerInterceptor } from '../interceptor/consumer-interceptor.ts'
import type { InterceptorChain } from '../interceptor/interceptor-chains.ts'
import type { ProducerInterceptor } from '../interceptor/producer-interceptor.ts'
import type { Logger } from '../logger.ts'
import type { ConsumerOptions } from '../options/consumer-options.ts'
import type { InterceptorEntry } from '../options/interceptor-classes.ts'
import type { ProducerOptions } from '../options/producer-options.ts'

export interface LoadConfigOptions {
  /** Environment variables: for `${NAME}` in YAML and JSON, and for SLUICE_CONFIG. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Where a configuration file is looked for, and what a path is relative to. @default process.cwd() */
  readonly cwd?: string
}

/** A configuration file that was read and found right. */
export interface SluiceConfig {
  /** Its absolute path. */
  readonly file: string
  readonly producer: ProducerConfig
  readonly consumer: ConsumerConfig
  /**
   * Reads the file again whenever it, or a module it names by path, changes, and puts the new interceptors in force in
   * these clients (`client.interceptors.replace`). What cannot be read or configured leaves everything as it is and is told
   * to the log and to `onError`. Entries that did not change keep their interceptor and its state. Options of running
   * clients do not change; those made later from this object get the new ones. Does not keep the process alive.
   */
  watch(clients: WatchableClient | readonly WatchableClient[], options?: WatchConfigOptions): Promise<ConfigWatch>
}

export interface ProducerConfig {
  /** What the file gives: neither complete nor with defaults. `new KafkaProducer` checks what is missing. */
  readonly options: ProducerOptions
  /** Interceptors for one client: each access makes them anew, except an object that a module exports, which all clients share. */
  readonly interceptors: readonly ProducerInterceptor[]
}

export interface ConsumerConfig {
  /** As of ProducerConfig. */
  readonly options: ConsumerOptions
  /** As of ProducerConfig. */
  readonly interceptors: readonly ConsumerInterceptor[]
}

/** A KafkaProducer or a KafkaConsumer. */
export interface WatchableClient {
  readonly interceptors: InterceptorChain<any>
}

export interface WatchConfigOptions {
  /** Called after every client has taken the new interceptors. */
  readonly onChange?: () => void
  /** Called with a CONFIG error when a change could not be taken; the old interceptors go on. */
  readonly onError?: (error: Error) => void
  /** @default warnings and errors to standard error */
  readonly logger?: Logger
  /** How long files must be left alone before they are read, as editors write in several steps. Milliseconds. @default 100 */
  readonly debounceMs?: number
  /** How often files are looked at where the system tells no changes, as on network drives. Milliseconds. @default 5000 */
  readonly pollIntervalMs?: number
  /** Ends the watch. */
  readonly signal?: AbortSignal
  /** For tests. @default the system's */
  readonly clock?: Clock
}

export interface ConfigWatch extends AsyncDisposable {
  /** Reads the files now, for example on SIGHUP. True when the clients have what the file says; false when that went to `onError`. */
  reload(): Promise<boolean>
  /** Ends the watch, after a change that is being taken; clients keep the interceptors they have. */
  close(): Promise<void>
}

/** What `sluice.config.ts` exports as default, or returns from a function that it exports. */
export interface SluiceConfigFile {
  readonly producer?: SectionOf<ProducerOptions, ProducerInterceptor>
  readonly consumer?: SectionOf<ConsumerOptions, ConsumerInterceptor>
}

interface SectionOf<O, I> {
  readonly options?: Partial<Omit<O, 'interceptorClasses'>>
  readonly interceptors?: readonly (InterceptorEntry | I | (() => I))[]
}

/** Gives back what it is given: for types in `sluice.config.ts`. */
export function defineConfig(config: SluiceConfigFile): SluiceConfigFile {
  return config
}

/**
 * Reads a configuration file: the one given, else the one that the environment variable SLUICE_CONFIG names, else
 * `sluice.config` in the working directory, ending in `.yaml`, `.yml`, `.json`, `.js`, `.mjs`, `.ts` or `.mts`.
 * YAML needs the package `yaml`.
 *
 * Rejects with one CONFIG error that tells all that is wrong, each with file, line and column; never with a value.
 */
export async function loadConfig(file?: string, options: LoadConfigOptions = {}): Promise<SluiceConfig> {
  // Apart, so that `import 'sluice'` does not load what few programs need.
  const { openConfig } = await import('./open-config.ts')
  return openConfig(file, options)
}
