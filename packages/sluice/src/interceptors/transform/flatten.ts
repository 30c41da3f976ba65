import { fieldsOf, isFields, put } from './fields.ts'

/** One level of fields, whose names are those on the way joined. Lists and null stay as they are; empty objects vanish. */
export function flatten(data: unknown, delimiter: string): unknown {
  const flat: Record<string, unknown> = {}
  const add = (fields: Readonly<Record<string, unknown>>, prefix: string): void => {
    for (const [name, value] of Object.entries(fields)) {
      if (isFields(value)) add(value, `${prefix}${name}${delimiter}`)
      else put(flat, prefix + name, value)
    }
  }
  add(fieldsOf(data), '')
  return flat
}
