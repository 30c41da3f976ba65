import { moduleFailure, type ReadyMade, unknownInterceptor } from '../options/interceptor-classes.ts'
import { type AnyInterceptor, type ClientSide, kindOf, makeInterceptor, withoutValues } from '../options/interceptor-maker.ts'
import { exportOf, isInstance, isModulePath, resolveModule } from '../options/interceptor-modules.ts'
import { isJavaClass, readyMadeName, splitExport } from '../options/interceptor-names.ts'
import { type ChainEntry, ConfigChain, identityOf, textOfOptions } from './config-chain.ts'
import type { ConfigEntry, ConfigNode } from './config-node.ts'
import { importFile } from './module-import.ts'
import type { Problems } from './problems.ts'

/** What an entry leads to, and a text that is the same as long as it leads there. */
interface Found {
  readonly exported: unknown
  readonly id: string
}

export interface ChainContext {
  readonly file: string
  readonly side: ClientSide
  readonly readyMade: ReadyMade
  readonly problems: Problems
  /** Takes the files of modules that the chain is made of. */
  readonly files: Set<string>
}

/** Reads `interceptors`: every entry is looked up, loaded and made once, so that what is wrong with it shows. */
export async function readChain(node: ConfigNode | undefined, context: ChainContext): Promise<ConfigChain> {
  const entries: ChainEntry[] = []
  const made: AnyInterceptor[] = []
  if (node === undefined || node.value === null) return new ConfigChain([], [])
  if (node.items === undefined) {
    context.problems.add(node.at, `interceptors must be a list, not ${kindOf(node.value)}`)
    return new ConfigChain([], [])
  }
  for (const item of node.items) {
    const read = await readEntry(item, context)
    if (read === undefined) continue
    entries.push(read.entry)
    made.push(read.interceptor)
  }
  return new ConfigChain(entries, made)
}

async function readEntry(item: ConfigNode, context: ChainContext): Promise<{ entry: ChainEntry; interceptor: AnyInterceptor } | undefined> {
  const { problems, side } = context
  const parts = item.isUnknown ? undefined : partsOf(item, problems)
  if (parts === undefined) return undefined
  const { label, source, optionEntries } = parts
  const { enabled, ...options } = Object.fromEntries(optionEntries.map(({ key, node }) => [key, node.value]))
  if (enabled !== undefined && !['true', 'false'].includes(String(enabled))) {
    const at = optionEntries.find(({ key }) => key === 'enabled')!.at
    problems.add(at, `${label}: enabled must be true or false, not ${kindOf(enabled)}`)
  }
  if (String(enabled) === 'false') return undefined
  const found = await find(source, item, context)
  if (found === undefined) return undefined
  const texts = new Set(optionEntries.filter(({ node }) => node.hasVariable).map(({ key }) => key))
  const make = (): ReturnType<typeof makeInterceptor> =>
    makeInterceptor(found.exported, { side, options, isText: (name) => texts.has(name) })
  const result = make()
  if ('problems' in result) {
    for (const { option, message } of result.problems) {
      const place = optionEntries.find(({ key }) => key === option)
      if (!place?.node.isUnknown) problems.add(place?.at ?? item.at, `${label}: ${message}`)
    }
    return undefined
  }
  const optionsText = textOfOptions(options)
  const key = optionsText === undefined ? undefined : `${found.id} ${optionsText}`
  const makeAgain = (): AnyInterceptor => {
    const again = make()
    if ('problems' in again) throw new Error(`${label}: ${again.problems.map(({ message }) => message).join('; ')}`)
    return again.interceptor
  }
  return { entry: { name: label, key, make: makeAgain }, interceptor: result.interceptor }
}

interface Parts {
  /** Names the entry in errors. */
  readonly label: string
  /** A name or module, or in a program the thing itself. */
  readonly source: string | object
  readonly optionEntries: readonly ConfigEntry[]
}

function partsOf(item: ConfigNode, problems: Problems): Parts | undefined {
  const { value, entries, at } = item
  const wrong = (message: string): undefined => void problems.add(at, message)
  if (typeof value === 'string' && value.trim() !== '') return { label: value.trim(), source: value.trim(), optionEntries: [] }
  if (typeof value === 'function') return { label: value.name || 'the factory', source: value, optionEntries: [] }
  if (isInstance(value)) return { label: (value as AnyInterceptor).name, source: value, optionEntries: [] }
  if (entries === undefined)
    return wrong(`an interceptor must be a name, a module, or one of these with options below it, not ${kindOf(value)}`)
  if (entries.length !== 1) {
    const how = 'has one key, its name; options stand below the name, further to the right or in { }'
    return wrong(
      `an interceptor with options ${how}${entries.length === 0 ? '' : ` (here are ${entries.map(({ key }) => key).join(', ')})`}`,
    )
  }
  const [{ key, node }] = entries as [ConfigEntry]
  if (node.entries === undefined && node.value !== null) {
    return void problems.add(node.at, `${key}: its options must be a mapping, not ${kindOf(node.value)}`)
  }
  return { label: key, source: key, optionEntries: node.entries ?? [] }
}

async function find(source: string | object, item: ConfigNode, context: ChainContext): Promise<Found | undefined> {
  const { readyMade, problems, file, files } = context
  if (typeof source !== 'string') return { exported: source, id: identityOf(source) }
  const known = isModulePath(source) ? undefined : readyMadeName(source, readyMade)
  if (known !== undefined) return { exported: readyMade.get(known), id: known }
  const { specifier, exportName } = splitExport(source)
  const at = item.entries?.[0]?.at ?? item.at
  try {
    const path = isJavaClass(specifier) ? undefined : resolveModule(specifier, file)
    if (path === undefined) return void problems.add(at, unknownInterceptor(specifier, readyMade))
    if (isModulePath(specifier)) files.add(path)
    const { namespace, url } = await importModule(specifier, path)
    return { exported: exportOf(namespace, specifier, exportName), id: `${url}#${exportName ?? ''}` }
  } catch (error) {
    return void problems.add(at, withoutValues((error as Error).message, item.entries?.[0]?.node.value))
  }
}

async function importModule(specifier: string, path: string): ReturnType<typeof importFile> {
  try {
    return await importFile(path)
  } catch (error) {
    throw new Error(moduleFailure(specifier, error))
  }
}
