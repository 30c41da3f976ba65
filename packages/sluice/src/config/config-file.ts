import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { configError, isKafkaError } from '../errors.ts'
import { consumerOptions } from '../options/consumer-options.ts'
import { moduleFailure, type ReadyMade } from '../options/interceptor-classes.ts'
import { type ClientSide, kindOf } from '../options/interceptor-maker.ts'
import type { AnyOptionTable } from '../options/option-table.ts'
import { producerOptions } from '../options/producer-options.ts'
import { readChain } from './chain-reader.ts'
import type { ConfigChain } from './config-chain.ts'
import type { ConfigNode } from './config-node.ts'
import { readJson } from './json-tree.ts'
import { importFile } from './module-import.ts'
import { moduleNode } from './module-tree.ts'
import { Problems, shownPath, unknownKey } from './problems.ts'
import type { Environment } from './variables.ts'
import { readYaml } from './yaml-tree.ts'

/** One side of a file that was read and found right. */
export interface ConfigSection {
  readonly options: Readonly<Record<string, unknown>>
  readonly chain: ConfigChain
}

export interface ReadConfig {
  readonly producer: ConfigSection
  readonly consumer: ConfigSection
  /** The file itself and the modules it names by path. */
  readonly files: readonly string[]
}

const tables: Readonly<Record<ClientSide, AnyOptionTable>> = { producer: producerOptions, consumer: consumerOptions }
const MAX_BYTES = 2 ** 20
const SECTION_KEYS = ['options', 'interceptors']

/**
 * Reads a configuration file. Throws one CONFIG error with all that is wrong. `files` is filled in any case, so that whoever
 * watches a broken file also sees a module of it change.
 */
export async function readConfigFile(file: string, environment: Environment, files: Set<string> = new Set()): Promise<ReadConfig> {
  files.add(file)
  const problems = new Problems(file)
  const root = await readRoot(file, environment, problems)
  const readyMade = await loadReadyMade()
  const sections = new Map<string, ConfigNode>()
  if (root !== undefined && root.value !== null) {
    if (root.entries === undefined)
      problems.add(root.at, `the file must hold a mapping with the keys producer and consumer, not ${kindOf(root.value)}`)
    for (const { key, at, node } of root.entries ?? []) {
      if (key in tables) sections.set(key, node)
      else if (key !== '$schema' && !key.startsWith('x-')) problems.add(at, unknownKey(key, Object.keys(tables), 'key'))
    }
  }
  const section = (side: ClientSide): Promise<ConfigSection> => readSection(sections.get(side), { file, side, readyMade, problems, files })
  const [producer, consumer] = [await section('producer'), await section('consumer')]
  problems.throwIfAny()
  return { producer, consumer, files: [...files] }
}

async function readRoot(file: string, environment: Environment, problems: Problems): Promise<ConfigNode | undefined> {
  const kind = extname(file)
  if (/^\.[cm]?[jt]s$/.test(kind)) return readModule(file, problems)
  if (!['.yaml', '.yml', '.json'].includes(kind))
    throw configError(`${shownPath(file)}: a configuration file is called .yaml, .yml, .json, .js, .mjs, .ts or .mts`)
  let text: string
  try {
    // Readers need many times the size in memory.
    if ((await stat(file)).size > MAX_BYTES) throw configError(`${shownPath(file)} is larger than 1 MiB: no configuration file is`)
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw isKafkaError(error) ? error : unreadable(file, error)
  }
  return kind === '.json' ? readJson(text, environment, problems) : readYaml(text, environment, problems, file)
}

async function readModule(file: string, problems: Problems): Promise<ConfigNode | undefined> {
  let exported: unknown
  try {
    const { namespace } = await importFile(file)
    exported = (namespace as { default?: unknown }).default
    if (exported === undefined) return void problems.add({}, 'exports nothing as default; export default { producer: ..., consumer: ... }')
    exported = await (typeof exported === 'function' ? exported() : exported)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw unreadable(file, error)
    return void problems.add({}, moduleFailure(shownPath(file), error))
  }
  return moduleNode(exported)
}

function unreadable(file: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException
  return configError(`${shownPath(file)} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}`)
}

interface SectionContext {
  readonly file: string
  readonly side: ClientSide
  readonly readyMade: ReadyMade
  readonly problems: Problems
  readonly files: Set<string>
}

async function readSection(node: ConfigNode | undefined, context: SectionContext): Promise<ConfigSection> {
  const { problems, side } = context
  if (node !== undefined && node.value !== null && node.entries === undefined) {
    problems.add(node.at, `${side} must be a mapping with the keys ${SECTION_KEYS.join(' and ')}, not ${kindOf(node.value)}`)
  }
  const parts = new Map<string, ConfigNode>()
  for (const { key, at, node: part } of node?.entries ?? []) {
    if (SECTION_KEYS.includes(key)) parts.set(key, part)
    else if (Object.hasOwn(tables[side], key)) problems.add(at, `option ${JSON.stringify(key)} belongs below ${side}.options`)
    else if (!key.startsWith('x-')) problems.add(at, unknownKey(key, SECTION_KEYS, 'key'))
  }
  return { options: readOptions(parts.get('options'), side, problems), chain: await readChain(parts.get('interceptors'), context) }
}

function readOptions(node: ConfigNode | undefined, side: ClientSide, problems: Problems): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {}
  if (node === undefined || node.value === null) return options
  if (node.entries === undefined) problems.add(node.at, `options must be a mapping, not ${kindOf(node.value)}`)
  const table = tables[side]
  for (const { key, at, node: given } of node.entries ?? []) {
    const spec = Object.hasOwn(table, key) ? table[key]! : undefined
    if (spec === undefined) {
      const other = side === 'producer' ? 'consumer' : 'producer'
      const elsewhere = Object.hasOwn(tables[other], key)
        ? `${JSON.stringify(key)} is an option of a ${other}, not of a ${side}`
        : undefined
      problems.add(at, elsewhere ?? unknownKey(key, Object.keys(table), 'option'))
      continue
    }
    if (key === 'interceptorClasses') {
      problems.add(at, `interceptorClasses is for code and properties; here the list is ${side}.interceptors`)
      continue
    }
    if (given.value === null || given.isUnknown) continue
    const value = given.hasVariable && spec.fromText !== undefined ? spec.fromText(given.value as string) : given.value
    const problem = spec.check(value)
    // Values are not told here, for any may be a secret that stands in the wrong place.
    if (problem === null) options[key] = value
    else problems.add(at, `${key} ${problem}, not ${kindOf(value)}${spec.allowed.startsWith('an object with') ? '; give it in code' : ''}`)
  }
  return Object.freeze(options)
}

let readyMade: Promise<{ interceptorsByName: ReadyMade }> | undefined

/** By the package's own name, which is where users import them from too. */
async function loadReadyMade(): Promise<ReadyMade> {
  // Not a literal: ready-made interceptors import `sluice` in their turn, and belong to no bundle of it.
  const entry = 'sluice/interceptors'
  readyMade ??= import(entry)
  return (await readyMade).interceptorsByName
}
