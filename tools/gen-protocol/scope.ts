import { contains, covers, type Field, type FieldType, intersect, type Message, type Struct, type VersionRange } from './definition.ts'

/** What the emitters must know to write the code of one struct. */
export interface Scope {
  readonly message: Message
  readonly struct: Struct
  /** The versions in which the struct occurs at all. */
  readonly versions: VersionRange
  /** The name of each struct's TypeScript interface. */
  readonly typeNames: ReadonlyMap<Struct, string>
}

const RESERVED: readonly string[] = ['reader', 'writer', 'message', 'version', 'flexible', 'tagged', 'tags', 'tag', 'end', 'i', 'default']

/** The local variable that holds a field. */
export function localName(field: Field): string {
  return RESERVED.includes(field.name) ? `${field.name}Value` : field.name
}

/** A condition on `version` that tells, within `within`, the versions of `range`; empty when all are. */
export function versionCondition(range: VersionRange | null, within: VersionRange): string {
  if (range === null) return 'false'
  if (covers(range, within)) return ''
  if (range.from <= within.from) return `version <= ${range.to}`
  if (range.to >= within.to) return `version >= ${range.from}`
  return range.from === range.to ? `version === ${range.from}` : `version >= ${range.from} && version <= ${range.to}`
}

/** The opposite of a condition made by `versionCondition`. */
export function negate(condition: string): string {
  if (condition.includes('&&')) return `!(${condition})`
  if (condition.includes('===')) return condition.replace('===', '!==')
  return condition.includes('>=') ? condition.replace('>=', '<') : condition.replace('<=', '>')
}

/** Emits once, or twice behind a test of `flexible`, depending on whether `versions` has both kinds. */
export function byFlexible(
  scope: Scope,
  versions: VersionRange,
  emit: (flexible: boolean) => string,
  join: (yes: string, no: string) => string,
): string {
  const first = scope.message.flexibleVersion
  if (versions.from >= first) return emit(true)
  if (versions.to < first) return emit(false)
  return join(emit(true), emit(false))
}

/** `always`, `never` or `mixed`: whether the versions of `range` cover `versions`. */
export function presence(range: VersionRange | null, versions: VersionRange): 'always' | 'never' | 'mixed' {
  if (covers(range, versions)) return 'always'
  return range === null || intersect(range, versions) === null ? 'never' : 'mixed'
}

/** The versions of a field within its struct. */
export function versionsIn(scope: Scope, field: Field): VersionRange {
  return intersect(field.versions, scope.versions)!
}

/** Whether the field's type includes null. */
export function mayBeNull(field: Field): boolean {
  return field.nullable !== null || defaultsToNull(field)
}

export function defaultsToNull(field: Field): boolean {
  return field.default === 'null' || (field.type.kind === 'primitive' && field.type.name === 'records')
}

export function typeName(scope: Scope, type: FieldType): string {
  if (type.kind === 'array') return `${typeName(scope, type.element)}[]`
  if (type.kind === 'struct') return scope.typeNames.get(type.struct)!
  if (type.name === 'bool') return 'boolean'
  if (type.name === 'string' || type.name === 'uuid') return 'string'
  return type.name === 'bytes' || type.name === 'records' ? 'Buffer' : 'number'
}

/** The default of a field as an expression; structs and arrays are new ones. */
export function defaultValue(scope: Scope, field: Field): string {
  if (defaultsToNull(field)) return 'null'
  const { type } = field
  if (type.kind === 'array') return '[]'
  if (type.kind === 'struct') return `default${scope.typeNames.get(type.struct)}()`
  switch (type.name) {
    case 'bool':
      return field.default === 'true' ? 'true' : 'false'
    case 'string':
      return `'${field.default ?? ''}'`
    case 'uuid':
      return 'ZERO_UUID'
    case 'bytes':
      return 'EMPTY_BYTES'
    default:
      return numberDefault(field.default ?? '0')
  }
}

function numberDefault(text: string): string {
  // Java's Long.MAX_VALUE means "none"; no number holds it, so the largest safe one stands for it.
  return Number.isSafeInteger(Number(text)) ? String(Number(text)) : 'Number.MAX_SAFE_INTEGER'
}

/** A lower bound of the encoded size of one element, over all versions of `versions`. */
export function minSize(scope: Scope, type: FieldType, versions: VersionRange): number {
  let least = Number.POSITIVE_INFINITY
  for (let version = versions.from; version <= versions.to; version++) least = Math.min(least, sizeIn(scope, type, version))
  return least
}

function sizeIn(scope: Scope, type: FieldType, version: number): number {
  const flexible = version >= scope.message.flexibleVersion
  if (type.kind === 'array') return flexible ? 1 : 4
  if (type.kind === 'struct') {
    let size = flexible ? 1 : 0
    for (const field of type.struct.fields) {
      if (!contains(field.versions, version) || contains(field.tagged, version)) continue
      const nullMarkerOnly = field.type.kind === 'struct' && contains(field.nullable, version)
      size += nullMarkerOnly ? 1 : sizeIn(scope, field.type, version)
    }
    return size
  }
  switch (type.name) {
    case 'bool':
    case 'int8':
      return 1
    case 'int16':
    case 'uint16':
      return 2
    case 'int32':
    case 'uint32':
      return 4
    case 'int64':
    case 'float64':
      return 8
    case 'uuid':
      return 16
    case 'string':
      return flexible ? 1 : 2
    case 'bytes':
    case 'records':
      return flexible ? 1 : 4
  }
}

/** An expression that is true when `message.<field>` was given and differs from its default. */
export function differsFromDefault(scope: Scope, field: Field): string {
  const value = `message.${field.name}`
  if (defaultsToNull(field)) return `(${value} ?? null) !== null`
  const { type } = field
  const given = `${value} !== undefined`
  const isNull = mayBeNull(field) ? `${value} === null || ` : ''
  const both = (test: string): string => (isNull === '' ? `${given} && ${test}` : `${given} && (${isNull}${test})`)
  if (type.kind === 'array') return both(`${value}.length !== 0`)
  if (type.kind === 'struct') return both(`!isDefault${scope.typeNames.get(type.struct)}(${value})`)
  if (type.name === 'bytes') return both(`byteLength(${value}) !== 0`)
  return `${given} && ${value} !== ${defaultValue(scope, field)}`
}
