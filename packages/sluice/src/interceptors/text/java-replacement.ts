import { configError } from 'sluice'
import type { Groups, TextPattern } from './text-pattern.ts'

type Part = string | number | Error

/**
 * A replacement as Java's `Matcher.replaceAll` reads it: `$1` a group, `${name}` a named one, `\` takes the next character
 * as it is. A group that took no part gives nothing. As in Java a wrong reference throws where it is used: once a match is
 * replaced, not before.
 */
export function javaReplacement(replacement: string, pattern: TextPattern): (groups: Groups) => string {
  const parts = partsOf(replacement, pattern)
  return (groups) => {
    let out = ''
    for (const part of parts) {
      if (typeof part === 'string') out += part
      else if (typeof part === 'number') out += groups[part] ?? ''
      else throw part
    }
    return out
  }
}

function partsOf(replacement: string, pattern: TextPattern): Part[] {
  const parts: Part[] = []
  let literal = ''
  for (let at = 0; at < replacement.length; ) {
    const character = replacement[at]!
    if (character === '\\') {
      if (at + 1 === replacement.length) return [...parts, wrong('ends with a backslash')]
      literal += replacement[at + 1]
      at += 2
    } else if (character === '$') {
      const { part, length } = reference(replacement.slice(at + 1), pattern)
      if (part instanceof Error) return [...parts, part]
      parts.push(literal, part)
      literal = ''
      at += 1 + length
    } else {
      literal += character
      at++
    }
  }
  parts.push(literal)
  return parts.filter((part) => part !== '')
}

/** What follows a `$`: a name in braces, or as many digits as make the number of a group, at least one. */
function reference(rest: string, { groupCount, groupNames }: TextPattern): { readonly part: Part; readonly length: number } {
  const named = /^\{([a-zA-Z][a-zA-Z0-9]*)\}/.exec(rest)
  if (named !== null) {
    const group = groupNames.get(named[1]!)
    return { part: group ?? wrong('names a group that there is not'), length: named[0].length }
  }
  if (!/^\d/.test(rest)) return { part: wrong('has a $ that refers to nothing; write \\$ for the character'), length: 0 }
  let group = Number(rest[0])
  let length = 1
  if (group > groupCount) return { part: wrong(`refers to group ${group}, and there are ${groupCount}`), length }
  for (; /\d/.test(rest[length] ?? ''); length++) {
    const longer = group * 10 + Number(rest[length])
    if (longer > groupCount) break
    group = longer
  }
  return { part: group, length }
}

function wrong(what: string): Error {
  return configError(`replaceString ${what}`)
}
