import { createRequire } from 'node:module'
import { join } from 'node:path'
import { didYouMean } from '../near-name.ts'
import { type AnyInterceptor, type ClientSide, type EntryProblem, kindOf, makeInterceptor } from './interceptor-maker.ts'
import { exportOf, isModulePath, resolveModule } from './interceptor-modules.ts'
import { isJavaClass, knownNames, readyMadeName, splitExport } from './interceptor-names.ts'
import { type OptionSpec, splitList } from './option-table.ts'

/** An interceptor by name, alone or with its options: `'timestamp-header'`, `{ 'regex-filter': { regex: '^ERROR' } }`. */
export type InterceptorEntry = string | { readonly [name: string]: Readonly<Record<string, unknown>> | null }

/** On options that are all text, as a properties file has them: they become what the interceptor's options want. */
export const textMark: unique symbol = Symbol('sluice.text')

export type ReadyMade = ReadonlyMap<string, (options?: any) => AnyInterceptor>

/** The row of `interceptorClasses`, for producer and consumer. */
export function interceptorClasses(): OptionSpec<readonly InterceptorEntry[]> {
  return {
    kafkaName: 'interceptor.classes',
    type: 'list',
    default: [],
    allowed: 'names, or `{ name: options }`',
    shown: false,
    check: checkInterceptorClasses,
    fromText: splitList,
    doc: 'Interceptors by name, module or package, `{ name: options }` with options. They run before those of the second argument.',
  }
}

/** Null when it is a list of entries, else `must be ...`. */
function checkInterceptorClasses(given: unknown): string | null {
  const wanted = 'must be a list of names, each a non-empty string or { name: options }'
  return Array.isArray(given) && given.every((entry) => entryOf(entry) !== undefined) ? null : wanted
}

/** Name and options of an entry; undefined when it is none. */
export function entryOf(entry: unknown): { readonly name: string; readonly options: Readonly<Record<string, unknown>> } | undefined {
  if (typeof entry === 'string') return entry.trim() === '' ? undefined : { name: entry.trim(), options: {} }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined
  const [pair, ...more] = Object.entries(entry)
  if (pair === undefined || more.length > 0 || pair[0].trim() === '') return undefined
  const [name, options] = pair
  if (options === null || options === undefined) return { name: name.trim(), options: {} }
  return typeof options === 'object' && !Array.isArray(options)
    ? { name: name.trim(), options: options as Record<string, unknown> }
    : undefined
}

/**
 * Makes the interceptors that `interceptorClasses` names, at once, as a constructor needs it; modules are `require`d,
 * which Node allows for ES modules without a top-level `await`. Paths and packages are looked for from the working
 * directory. What is wrong goes to `problems`.
 */
export function loadInterceptorClasses(entries: readonly InterceptorEntry[], side: ClientSide, problems: string[]): AnyInterceptor[] {
  const from = join(process.cwd(), 'package.json')
  const made: AnyInterceptor[] = []
  for (const entry of entries) {
    const { name, options: given } = entryOf(entry)!
    const tell = ({ message }: EntryProblem): void => void problems.push(`interceptorClasses (interceptor.classes) "${name}": ${message}`)
    const { enabled, ...options } = given
    if (enabled !== undefined && !/^\s*(?:true|false)\s*$/i.test(String(enabled))) {
      tell({ message: `enabled must be true or false, not ${kindOf(enabled)}` })
      continue
    }
    if (/^\s*false\s*$/i.test(String(enabled))) continue
    try {
      const isText = textMark in given
      const result = makeInterceptor(load(name, from), { side, options, isText: () => isText })
      if ('problems' in result) for (const problem of result.problems) tell(problem)
      else made.push(result.interceptor)
    } catch (error) {
      tell({ message: (error as Error).message })
    }
  }
  return made
}

/** Java has one list; here those that are named come first, then those given in code. */
export function withClasses<I>(named: readonly I[], given: readonly I[]): readonly I[] {
  // What is no list goes on as it is, to be refused where lists are checked.
  return named.length === 0 || !Array.isArray(given) ? given : [...named, ...given]
}

function load(name: string, from: string): unknown {
  const readyMade = readyMadeInterceptors()
  const known = isModulePath(name) ? undefined : readyMadeName(name, readyMade)
  if (known !== undefined) return readyMade.get(known)
  const { specifier, exportName } = splitExport(name)
  const path = isJavaClass(specifier) ? undefined : resolveModule(specifier, from)
  if (path === undefined) throw new Error(unknownInterceptor(specifier, readyMade))
  let module: object
  try {
    module = createRequire(from)(path) as object
  } catch (error) {
    throw new Error(moduleFailure(specifier, error))
  }
  return exportOf(asNamespace(module), specifier, exportName)
}

let readyMade: ReadyMade | undefined

/** By this package's own name, as it is for users: the ready-made ones import what users import, and are loaded when they are needed. */
function readyMadeInterceptors(): ReadyMade {
  try {
    readyMade ??= (createRequire(import.meta.url)('sluice/interceptors') as { interceptorsByName: ReadyMade }).interceptorsByName
  } catch (error) {
    throw new Error(`${moduleFailure('sluice/interceptors', error)}; or give interceptors as the second argument`)
  }
  return readyMade
}

/** A CommonJS module that is one function or object is its own default export. */
function asNamespace(module: unknown): object {
  const isNamespace =
    typeof module === 'object' &&
    module !== null &&
    (Object.prototype.toString.call(module) === '[object Module]' || '__esModule' in module)
  return isNamespace ? (module as object) : { ...(typeof module === 'object' ? module : {}), default: module }
}

/** For a name that leads nowhere. */
export function unknownInterceptor(name: string, registered: ReadyMade): string {
  if (isJavaClass(name)) {
    const simple = name
      .slice(name.lastIndexOf('.') + 1)
      .replace(/\$.*$/, '')
      .replace(/Interceptor$/, '')
    return `the Java class ${JSON.stringify(name)} has no counterpart here${didYouMean(simple, knownNames(registered))}`
  }
  const near = didYouMean(name, knownNames(registered))
  return `unknown interceptor ${JSON.stringify(name)}${near === '' ? '; it is no ready-made one, and no package of that name is installed' : near}`
}

/** Why a module did not load. The message of a SyntaxError quotes the source, so it is left out. */
export function moduleFailure(specifier: string, error: unknown): string {
  const what = `module "${specifier}" cannot be loaded`
  if (!(error instanceof Error)) return `${what}: it threw no Error`
  const { code } = error as NodeJS.ErrnoException
  const place = /(?:^|file:\/\/|[\s(])(\/[^\s():]+:\d+(?::\d+)?)/m.exec(error.stack ?? '')?.[1]
  if (code === 'ERR_REQUIRE_CYCLE_MODULE' || /not yet fully loaded/.test(error.message)) {
    return `${what}, for it is being loaded at this moment; await its import() first, and let it not import the module that makes the client`
  }
  if (code === 'ERR_REQUIRE_ASYNC_MODULE') return `${what} at once, for it has a top-level await; use loadConfig, or take the await out`
  if (error instanceof SyntaxError || code?.includes('TYPESCRIPT_SYNTAX')) {
    return `${what}: a syntax error${place === undefined ? '' : ` at ${place}`}; "node --check" tells it`
  }
  return `${what}: ${error.message.split('\n')[0]}${place === undefined || code !== undefined ? '' : ` (at ${place})`}`
}
