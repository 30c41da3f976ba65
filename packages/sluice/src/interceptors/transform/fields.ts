import { kindOf } from '../option-checks.ts'
import type { FieldPath } from './field-path.ts'

/** An object whose properties are the fields. */
export type Fields = Readonly<Record<string, unknown>>

/** What is wrong with a record's data, told by the step that found it. */
export class FieldProblem extends Error {
  /** Empty for the whole value. */
  readonly path: FieldPath

  constructor(path: FieldPath, message: string) {
    super(message)
    this.path = path
  }
}

/** Objects as JSON and literals make them. Those of a class may be more than their fields, and a copy would not be. */
export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Throws FieldProblem for anything else. */
export function fieldsOf(value: unknown, path: FieldPath = []): Fields {
  if (isFields(value)) return value
  throw new FieldProblem(path, `must be an object with fields, not ${dataKind(value)}`)
}

/**
 * A copy in which the field is what `change` made of it, and of all else the very same; the value itself when nothing
 * changed. Goes into every element of lists on the way. A field that is not there, or below null, stays away.
 */
export function changeAt(value: unknown, path: FieldPath, change: (value: unknown) => unknown, depth = 0): unknown {
  if (depth === path.length) return change(value)
  if (value === null || value === undefined) return value
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined
    for (let index = 0; index < value.length; index++) {
      const changed = changeAt(value[index], path, change, depth)
      if (changed !== value[index]) (copy ??= value.slice())[index] = changed
    }
    return copy ?? value
  }
  const name = path[depth]!
  const fields = fieldsOf(value, path.slice(0, depth))
  if (!Object.hasOwn(fields, name)) return value
  const changed = changeAt(fields[name], path, change, depth + 1)
  return changed === fields[name] ? value : { ...fields, [name]: changed }
}

/** A copy with the field written, and the objects on the way made where they are missing. */
export function withField(value: Fields, path: FieldPath, written: unknown, depth = 0): Fields {
  const name = path[depth]!
  if (depth === path.length - 1) return { ...value, [name]: written }
  const below = Object.hasOwn(value, name) ? value[name] : undefined
  const inner = below === null || below === undefined ? {} : fieldsOf(below, path.slice(0, depth + 1))
  return { ...value, [name]: withField(inner, path, written, depth + 1) }
}

/** What the field holds; undefined when it is not there. */
export function readAt(value: unknown, path: FieldPath): unknown {
  let at = value
  for (let depth = 0; depth < path.length; depth++) {
    if (at === null || at === undefined) return undefined
    const fields = fieldsOf(at, path.slice(0, depth))
    at = Object.hasOwn(fields, path[depth]!) ? fields[path[depth]!] : undefined
  }
  return at
}

/** Writes into a new object, also under the name that an assignment takes for the prototype. */
export function put(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true })
  else fields[name] = value
}

/** For messages: what kind of data it is, and nothing of the data. */
export function dataKind(value: unknown): string {
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Date) return 'a Date'
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return isFields(value) ? 'an object' : 'an object of a class'
  const kind = kindOf(value)
  return kind === 'null' || kind === 'a list' || kind === 'undefined' ? kind : `a ${kind}`
}
