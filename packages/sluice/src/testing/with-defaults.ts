import { configError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'

/** What was given, and the defaults for the rest. Throws CONFIG for an option that `defaults` does not have. */
export function withDefaults<T extends object>(what: string, given: Partial<T>, defaults: T): T {
  const known = Object.keys(defaults)
  const resolved = { ...defaults }
  for (const name of Object.keys(given) as (keyof T & string)[]) {
    if (!known.includes(name)) throw configError(`${what}: unknown option ${JSON.stringify(name)}${didYouMean(name, known)}`)
    const value = given[name]
    if (value !== undefined) resolved[name] = value as T[typeof name]
  }
  return resolved
}
