/** Names of fields by which the package tells objects of classes and messages of protobuf from plain ones. */
const MARKS = ['constructor', '$typeName']

/**
 * The input of an expression with Maps in place of plain objects, which may have fields of any name; null when no field has
 * a name that the package stumbles over. Anyone who writes a record may choose such names.
 */
export function withoutMarks(input: Readonly<Record<string, unknown>>): Record<string, unknown> | null {
  if (!Object.values(input).some(hasMark)) return null
  return Object.fromEntries(Object.entries(input).map(([name, data]) => [name, withMaps(data)]))
}

function hasMark(data: unknown): boolean {
  if (Array.isArray(data)) return data.some(hasMark)
  return isPlain(data) && (MARKS.some((mark) => Object.hasOwn(data, mark)) || Object.values(data).some(hasMark))
}

function withMaps(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(withMaps)
  return isPlain(data) ? new Map(Object.entries(data).map(([name, field]) => [name, withMaps(field)])) : data
}

function isPlain(data: unknown): data is Record<string, unknown> {
  if (typeof data !== 'object' || data === null) return false
  const prototype: unknown = Object.getPrototypeOf(data)
  return prototype === Object.prototype || prototype === null
}
