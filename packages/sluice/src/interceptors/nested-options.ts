// Options inside options: objects in lists and in one another
import { configError } from 'sluice'
import { kindOf } from './option-checks.ts'

/** The object itself. Throws CONFIG when it is none, or has a name that is not one of `known`. `option` leads the message. */
export function objectOption<T extends object>(option: string, given: unknown, known: readonly (keyof T & string)[]): T {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw configError(`${option} must be an object, not ${kindOf(given)}`)
  for (const name of Object.keys(given)) {
    if (!(known as readonly string[]).includes(name))
      throw configError(`${option}: unknown option ${JSON.stringify(name)}; there are ${known.join(', ')}`)
  }
  return given as T
}

/** A list with at least one element. Throws CONFIG otherwise. */
export function listOption(option: string, given: unknown): readonly unknown[] {
  if (!Array.isArray(given) || given.length === 0)
    throw configError(`${option} must be a list with at least one element, not ${Array.isArray(given) ? 'an empty one' : kindOf(given)}`)
  return given
}

/** Throws CONFIG unless it is a non-empty string. */
export function textOption(option: string, given: unknown): string {
  if (typeof given !== 'string' || given === '')
    throw configError(`${option} must be a non-empty string, not ${given === '' ? 'an empty one' : kindOf(given)}`)
  return given
}
