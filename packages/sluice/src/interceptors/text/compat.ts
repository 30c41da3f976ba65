import type { InterceptorOptionRow } from 'sluice'
import { oneOf } from '../option-checks.ts'

/** Whose rules hold where Flume and good sense part. */
export type Compat = 'none' | 'flume'

export const compatRow: InterceptorOptionRow<Compat | undefined> = {
  default: 'none',
  check: oneOf('none', 'flume'),
}

/**
 * The options as Flume reads them, where they say `compat: 'flume'`: an option that is null is one not given, and booleans
 * are text of which only "true" (trimmed, in any case) is true. Numbers where text is wanted become text. Else as given.
 */
export function flumeOptions<O extends object>(
  given: O | undefined,
  kinds: { readonly booleans?: readonly (keyof O & string)[]; readonly texts?: readonly (keyof O & string)[] },
): O | undefined {
  if (given === undefined || given === null || (given as { readonly compat?: unknown }).compat !== 'flume') return given
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue
    if (kinds.booleans?.includes(name as keyof O & string)) read[name] = flumeBoolean(value)
    else if (kinds.texts?.includes(name as keyof O & string) && (typeof value === 'number' || typeof value === 'boolean'))
      read[name] = String(value)
    else read[name] = value
  }
  return read as O
}

function flumeBoolean(value: unknown): boolean {
  return typeof value === 'boolean' ? value : String(value).trim().toLowerCase() === 'true'
}
