import { configError } from 'sluice'
import { javaPattern } from './java-pattern.ts'

/** As Java's `String.split(regex)`: empty parts at the end are left out, and one at the start if the match before it is empty. */
export function javaSplit(text: string, separator: string, option: string): string[] {
  const parts: string[] = []
  let from = 0
  for (const { index, 0: found } of text.matchAll(new RegExp(compiled(separator, option), 'gv'))) {
    if (found === '' && (index === 0 || index === text.length)) continue
    parts.push(text.slice(from, index))
    from = index + found.length
  }
  if (from === 0 && parts.length === 0) return [text]
  parts.push(text.slice(from))
  while (parts.at(-1) === '') parts.pop()
  return parts
}

function compiled(separator: string, option: string): RegExp {
  try {
    return javaPattern(separator).regExp
  } catch (error) {
    throw configError(`${option}: ${(error as Error).message}`)
  }
}
