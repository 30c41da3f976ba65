import { configError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'
import type { InterceptorSettings } from './interceptor-context.ts'

/** Options that every ready-made interceptor has: what an interceptor may say about itself. */
export type CommonInterceptorOptions = Partial<Pick<InterceptorSettings, (typeof COMMON)[number]>>

const COMMON = ['name', 'onError', 'topics', 'when', 'timeoutMs', 'disableAfter'] as const

/** The names of the above. */
export const commonOptionNames: readonly (keyof CommonInterceptorOptions)[] = COMMON

export interface InterceptorOptionRow<T> {
  readonly default: T
  /** Null when the value is right, else `must be ...`. Without it the value must be of the default's type. */
  readonly check?: (value: unknown) => string | null
}

/** Told by `interceptorOptions`, before it checks, what a factory knows and was given; it may change `given`. */
export type OptionRowsObserver = (rows: Readonly<Record<string, InterceptorOptionRow<unknown>>>, given: Record<string, unknown>) => void

let observer: OptionRowsObserver | undefined

/** Runs a factory and has it watched: a configuration file's mistakes are told option by option, and text becomes the option's type. */
export function observeOptionRows<T>(observe: OptionRowsObserver, make: () => T): T {
  const before = observer
  observer = observe
  try {
    return make()
  } finally {
    observer = before
  }
}

type OwnNames<O> = Exclude<keyof O, keyof CommonInterceptorOptions>

/** Every option must have a row; a missing one does not compile. */
export type InterceptorOptionRows<O> = { readonly [K in OwnNames<O>]-?: InterceptorOptionRow<O[K]> }

/**
 * Checks the options of an interceptor and fills in the defaults: for the factories of interceptors, also your own.
 * Throws one CONFIG error that names all that is wrong; an unknown option comes with the nearest known name.
 */
export function interceptorOptions<O extends CommonInterceptorOptions>(
  factory: string,
  given: O | undefined,
  rows: InterceptorOptionRows<O>,
): { readonly [K in OwnNames<O>]-?: Exclude<O[K], undefined> } {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw configError(
      `the options of ${factory} must be an object, not ${given === null ? 'null' : Array.isArray(given) ? 'a list' : typeof given}`,
    )
  }
  if (given !== undefined) observer?.(rows as Readonly<Record<string, InterceptorOptionRow<unknown>>>, given as Record<string, unknown>)
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  const known: readonly string[] = [...Object.keys(rows), ...COMMON]
  for (const name of Object.keys(given ?? {})) {
    if (!known.includes(name)) problems.push(unknownOption(name, known))
  }
  for (const [name, row] of Object.entries(rows) as [string, InterceptorOptionRow<unknown>][]) {
    const value = (given as Record<string, unknown> | undefined)?.[name] ?? row.default
    const problem = rowProblem(row, value)
    if (problem !== null) problems.push(`${name} ${problem}`)
    values[name] = value
  }
  if (problems.length > 0) throw configError(`${factory}: ${problems.join('; ')}`)
  return values as { readonly [K in OwnNames<O>]-?: Exclude<O[K], undefined> }
}

/** For `check`: a string that is not empty. */
export function nonEmptyString(value: unknown): string | null {
  return typeof value === 'string' && value !== ''
    ? null
    : `must be a non-empty string, not ${value === '' ? 'an empty one' : typeof value}`
}

export function unknownOption(name: string, known: readonly string[]): string {
  return `unknown option ${JSON.stringify(name)}${didYouMean(name, known)}`
}

/** Null when the value is right for the row, else `must be ...`. */
export function rowProblem(row: InterceptorOptionRow<unknown>, value: unknown): string | null {
  return row.check === undefined ? sameType(value, row.default) : row.check(value)
}

function sameType(value: unknown, example: unknown): string | null {
  if (typeof value === typeof example) return null
  return `must be ${typeof example === 'boolean' ? 'true or false' : `a ${typeof example}`}, not ${value === null ? 'null' : typeof value}`
}

/** The common part of an interceptor made with these options: spread it into the object. */
export function commonOptions(
  name: string,
  options: CommonInterceptorOptions | undefined,
): CommonInterceptorOptions & { readonly name: string } {
  const common: Record<string, unknown> = { name }
  for (const key of COMMON) if (options?.[key] !== undefined) common[key] = options[key]
  return common as CommonInterceptorOptions & { readonly name: string }
}
