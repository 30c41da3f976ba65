import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire, findPackageJSON } from 'node:module'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { configError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'

export function isModulePath(specifier: string): boolean {
  return /^(?:\.{1,2}[/\\]|file:)/.test(specifier) || isAbsolute(specifier)
}

/**
 * The file that a path or package name leads to, seen from the file `from`; undefined when no package of that name is
 * installed there. Throws CONFIG for a path that leads to no file and for a package that cannot be used.
 */
export function resolveModule(specifier: string, from: string): string | undefined {
  if (!isModulePath(specifier)) return resolvePackage(specifier, from)
  const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(dirname(from), specifier)
  if (existsSync(path) && statSync(path).isFile()) return path
  const near = didYouMean(basename(path), filesBeside(path))
  throw configError(`module "${specifier}" not found: there is no such file${near}`)
}

function filesBeside(path: string): string[] {
  try {
    return readdirSync(dirname(path))
  } catch {
    return []
  }
}

function resolvePackage(specifier: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined
    // `resolve` asks for what `require` may load; packages for `import` alone are loaded all the same.
    const found = importEntry(specifier, from)
    if (found === undefined) throw configError(`package "${specifier}" does not export what is asked for`)
    return found
  }
}

const CONDITIONS = new Set(['node', 'import', 'module-sync', 'default'])

function importEntry(specifier: string, from: string): string | undefined {
  const manifest = findPackageJSON(specifier, pathToFileURL(from))
  if (manifest === undefined) return undefined
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports?: unknown }
  const subpath = `.${specifier
    .split('/')
    .slice(specifier.startsWith('@') ? 2 : 1)
    .map((part) => `/${part}`)
    .join('')}`
  const hasSubpaths = typeof exports === 'object' && exports !== null && Object.keys(exports)[0]?.startsWith('.') === true
  const entry = target(hasSubpaths ? (exports as Record<string, unknown>)[subpath] : subpath === '.' ? exports : undefined)
  return entry === undefined ? undefined : join(dirname(manifest), entry)
}

function target(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports
  if (typeof exports !== 'object' || exports === null) return undefined
  const chosen = Object.entries(exports).find(([condition, entry]) => CONDITIONS.has(condition) && target(entry) !== undefined)
  return chosen === undefined ? undefined : target(chosen[1])
}

/**
 * What a module gives as an interceptor: the export that was named, else the default one, else the one that is called like
 * the file, else the only one. Throws CONFIG naming the exports there are.
 */
export function exportOf(namespace: object, specifier: string, exportName: string | undefined): unknown {
  const module = unwrapped(namespace as Record<string, unknown>)
  const names = Object.keys(module).filter((name) => name !== 'default' && name !== '__esModule' && name !== 'module.exports')
  if (exportName !== undefined) {
    if (Object.hasOwn(module, exportName)) return module[exportName]
    throw configError(`module "${specifier}" has no export "${exportName}"${didYouMean(exportName, names)}${listOf(names)}`)
  }
  // The default export of a CommonJS module is all of its exports.
  if (isUsable(module.default)) return module.default
  const ownName = basename(specifier)
    .replace(/\.\w+$/, '')
    .replaceAll(/[-_.](\w)/g, (_all, letter: string) => letter.toUpperCase())
  if (names.includes(ownName)) return module[ownName]
  const usable = names.filter((name) => isUsable(module[name]))
  if (usable.length === 1) return module[usable[0]!]
  const what = usable.length === 0 ? 'exports no interceptor' : 'exports several and no default'
  throw configError(
    `module "${specifier}" ${what}; export a factory, a class or an interceptor as default, or name one: "${specifier}#name"${listOf(names)}`,
  )
}

function isUsable(exported: unknown): boolean {
  return typeof exported === 'function' || isInstance(exported)
}

/** An object with a name and something to call. */
export function isInstance(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || typeof (value as { name?: unknown }).name !== 'string') return false
  for (let holder: object | null = value; holder !== null && holder !== Object.prototype; holder = Object.getPrototypeOf(holder)) {
    for (const [key, { value: member }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (key !== 'constructor' && typeof member === 'function') return true
    }
  }
  return false
}

/** What `exports.default` of a compiled CommonJS module becomes when it is imported. */
function unwrapped(module: Record<string, unknown>): Record<string, unknown> {
  const inner = module.default
  const isCompiled = typeof inner === 'object' && inner !== null && (inner as { __esModule?: unknown }).__esModule === true
  return isCompiled ? (inner as Record<string, unknown>) : module
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? '' : `; it exports ${names.slice(0, 10).join(', ')}`
}
