import { configError } from 'sluice'

/** Where a field is: its name, or the names down to it. */
export type FieldPath = readonly string[]

/**
 * `a.b.c` is field c of b of a; a name with a dot in it stands in backticks: `` `a.b`.c `` (Connect: KIP-821). Throws CONFIG
 * for a path with an empty name; `option` leads the message.
 */
export function fieldPath(text: unknown, option: string): FieldPath {
  if (typeof text !== 'string' || text === '')
    throw configError(`${option}: a field must be a non-empty string, not ${text === '' ? 'an empty one' : typeof text}`)
  const names: string[] = []
  let rest: string | null = text
  while (rest !== null) {
    const quoted = /^`([^`]+)`(?:\.|$)/.exec(rest)
    const end: number = quoted === null ? rest.indexOf('.') : quoted[0].length - (quoted[0].endsWith('.') ? 1 : 0)
    const name: string = quoted?.[1] ?? (end < 0 ? rest : rest.slice(0, end))
    if (name === '')
      throw configError(`${option}: the field ${JSON.stringify(text)} has an empty name in it; a name with a dot stands in backticks`)
    // An assignment to this name changes an object's prototype.
    if (name === '__proto__') throw configError(`${option}: a field cannot be named __proto__`)
    names.push(name)
    rest = end < 0 || end >= rest.length ? null : rest.slice(end + 1)
  }
  return names
}

export function pathText(path: FieldPath): string {
  return path.map((name) => (name.includes('.') ? `\`${name}\`` : name)).join('.')
}
