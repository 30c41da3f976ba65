import { basename } from 'node:path'
import { didYouMean } from '../near-name.ts'
import { type InterceptorEntry, textMark } from './interceptor-classes.ts'
import { isModulePath } from './interceptor-modules.ts'
import { isSameName, splitExport } from './interceptor-names.ts'
import { splitList } from './option-table.ts'

const PREFIX = 'interceptor.'

/**
 * Takes `interceptor.classes` and the options `interceptor.<name>.<option>` out of `entries`. A name is written as in the
 * list, or as another name of the same interceptor; a module is also called by its file's name or that of its export.
 * Undefined when no classes are named.
 */
export function takeInterceptors(entries: Map<string, string>, problems: string[]): InterceptorEntry[] | undefined {
  const names = splitList(entries.get('interceptor.classes') ?? '')
  if (names.length === 0) return undefined
  entries.delete('interceptor.classes')
  const options = names.map((): Record<string | symbol, unknown> => ({ [textMark]: true }))
  for (const [key, value] of entries) {
    if (!key.startsWith(PREFIX)) continue
    entries.delete(key)
    const found = matching(key.slice(PREFIX.length), names)
    if (found === undefined) {
      const name = key.slice(PREFIX.length).split('.')[0]!
      problems.push(`${JSON.stringify(key)} belongs to no interceptor of interceptor.classes${didYouMean(name, names.flatMap(shortNames))}`)
      continue
    }
    for (const index of found.indexes) put(options[index]!, found.option, value)
  }
  return names.map((name, index) => (Object.keys(options[index]!).length === 0 ? name : { [name]: options[index]! }))
}

function matching(rest: string, names: readonly string[]): { readonly indexes: readonly number[]; readonly option: string } | undefined {
  const prefix = names
    .flatMap((name) => [name, ...shortNames(name)])
    .filter((name) => rest.startsWith(`${name}.`) && rest.length > name.length + 1)
    .sort((a, b) => b.length - a.length)[0]
  const called = prefix ?? rest.split('.')[0]!
  const option = rest.slice(called.length + 1)
  const indexes = [...names.keys()].filter((index) => {
    const name = names[index]!
    return name === called || shortNames(name).includes(called) || isSameName(name, called)
  })
  return indexes.length === 0 || option === '' ? undefined : { indexes, option }
}

/** `mask-card` and `mask` for `./interceptors/mask-card.ts#mask`; the class alone for a Java class. */
function shortNames(name: string): string[] {
  const { specifier, exportName } = splitExport(name)
  const short = isModulePath(specifier) ? basename(specifier).replace(/\.\w+$/, '') : specifier.slice(specifier.lastIndexOf('.') + 1)
  return exportName === undefined ? [short] : [exportName, short]
}

/** `when.not` is the `not` of `when`; other options with a dot, as Flume has them, keep it in their name. */
function put(options: Record<string | symbol, unknown>, option: string, value: string): void {
  const [, name, inner] = /^(when|disableAfter)\.(.+)$/.exec(option) ?? []
  if (name === undefined || inner === undefined) options[option] = value
  else options[name] = { ...(typeof options[name] === 'object' ? options[name] : {}), [inner]: value }
}
