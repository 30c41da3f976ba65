import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { configError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'
import type { ConsumerOptions } from '../options/consumer-options.ts'
import type { AnyInterceptor } from '../options/interceptor-maker.ts'
import type { ProducerOptions } from '../options/producer-options.ts'
import type { ConfigChain } from './config-chain.ts'
import { type ReadConfig, readConfigFile } from './config-file.ts'
import { ConfigWatcher, type WatchedConfig } from './config-watcher.ts'
import type {
  ConfigWatch,
  ConsumerConfig,
  LoadConfigOptions,
  ProducerConfig,
  SluiceConfig,
  WatchableClient,
  WatchConfigOptions,
} from './load-config.ts'
import type { Environment } from './variables.ts'

const EXTENSIONS = ['yaml', 'yml', 'json', 'js', 'mjs', 'ts', 'mts']
const NAME = 'sluice.config'

export async function openConfig(given: string | undefined, options: LoadConfigOptions): Promise<SluiceConfig> {
  checkOptions(given, options)
  const { env = process.env, cwd = process.cwd() } = options
  const file = findFile(given, env, cwd)
  return new LoadedConfig(file, env, await readConfigFile(file, env))
}

function checkOptions(given: unknown, options: unknown): void {
  if (given !== undefined && (typeof given !== 'string' || given === ''))
    throw configError('loadConfig takes the path of a file: a non-empty string')
  if (typeof options !== 'object' || options === null) throw configError('the options of loadConfig must be an object')
  const known = ['env', 'cwd']
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw configError(`loadConfig: unknown option ${JSON.stringify(name)}${didYouMean(name, known)}`)
  }
}

function findFile(given: string | undefined, environment: Environment, cwd: string): string {
  if (given !== undefined) return existing(resolve(cwd, given), '')
  const named = environment.SLUICE_CONFIG
  if (named !== undefined && named !== '') return existing(resolve(cwd, named), ' (SLUICE_CONFIG)')
  const found = EXTENSIONS.map((extension) => `${NAME}.${extension}`).filter((name) => existsSync(join(cwd, name)))
  if (found.length === 1) return join(cwd, found[0]!)
  if (found.length > 1)
    throw configError(`there are several configuration files: ${found.join(', ')}; keep one, or name it in SLUICE_CONFIG`)
  throw configError(`no ${NAME}.{${EXTENSIONS.join(',')}} in ${cwd}; give loadConfig a file, or name it in SLUICE_CONFIG`)
}

function existing(file: string, source: string): string {
  if (existsSync(file)) return file
  throw configError(`the configuration file ${JSON.stringify(file)}${source} does not exist`)
}

class Section<O> {
  readonly options: O
  readonly #chain: ConfigChain

  constructor(options: O, chain: ConfigChain) {
    this.options = options
    this.#chain = chain
  }

  get interceptors(): AnyInterceptor[] {
    return this.#chain.make()
  }
}

class LoadedConfig implements SluiceConfig {
  readonly file: string
  readonly #environment: Environment
  #read: ReadConfig

  constructor(file: string, environment: Environment, read: ReadConfig) {
    this.file = file
    this.#environment = environment
    this.#read = read
  }

  get producer(): ProducerConfig {
    const { options, chain } = this.#read.producer
    return new Section(options as unknown as ProducerOptions, chain)
  }

  get consumer(): ConsumerConfig {
    const { options, chain } = this.#read.consumer
    return new Section(options as unknown as ConsumerOptions, chain)
  }

  async watch(clients: WatchableClient | readonly WatchableClient[], options: WatchConfigOptions = {}): Promise<ConfigWatch> {
    const watched: WatchedConfig = {
      file: this.file,
      files: this.#read.files,
      read: (files) => readConfigFile(this.file, this.#environment, files),
      // Clients that are made from now on get it too.
      take: (read) => {
        this.#read = read
      },
    }
    const watcher = new ConfigWatcher(watched, isList(clients) ? clients : [clients], options)
    // A change between loadConfig and here.
    await watcher.reload()
    return watcher
  }
}

/** Array.isArray does not narrow a readonly list. */
function isList(clients: WatchableClient | readonly WatchableClient[]): clients is readonly WatchableClient[] {
  return Array.isArray(clients)
}
