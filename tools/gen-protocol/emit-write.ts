import { type Field, type FieldType, intersect, type VersionRange } from './definition.ts'
import {
  byFlexible,
  defaultsToNull,
  defaultValue,
  differsFromDefault,
  localName,
  mayBeNull,
  negate,
  presence,
  type Scope,
  typeName,
  versionCondition,
  versionsIn,
} from './scope.ts'

/** The function that writes one struct. */
export function emitWrite(scope: Scope): string {
  const name = scope.typeNames.get(scope.struct)!
  const body: string[] = []
  const { fields } = scope.struct
  for (const field of fields) body.push(...(field.tag === null ? writeField(scope, field) : refuseWhereAbsent(scope, field)))
  body.push(
    ...writeTags(
      scope,
      [...fields.filter((field) => field.tag !== null)].sort((a, b) => a.tag! - b.tag!),
    ),
  )
  if (body.some((line) => /\bflexible\b/.test(line))) body.unshift(`const flexible = version >= ${scope.message.flexibleVersion}`)
  const uses = (word: string): string => (body.some((line) => new RegExp(`\\b${word}\\b`).test(line)) ? word : `_${word}`)
  return `function write${name}(${uses('writer')}: Writer, ${uses('message')}: Writable<${name}>, ${uses('version')}: number): void {\n  ${body.join('\n  ')}\n}\n`
}

/** The function that tells whether a struct, as far as it is given, has only defaults. */
export function emitIsDefault(scope: Scope): string {
  const name = scope.typeNames.get(scope.struct)!
  const tests = scope.struct.fields.map((field) => `(${differsFromDefault(scope, field)})`)
  return `function isDefault${name}(message: Writable<${name}>): boolean {\n  return !(\n    ${tests.join(' ||\n    ')}\n  )\n}\n`
}

/** The function that makes a struct of defaults. */
export function emitDefault(scope: Scope): string {
  const name = scope.typeNames.get(scope.struct)!
  const members = scope.struct.fields.map((field) => `${field.name}: ${defaultValue(scope, field)}`)
  return `function default${name}(): ${name} {\n  return { ${members.join(', ')} }\n}\n`
}

function writeField(scope: Scope, field: Field): string[] {
  const lines = writeValue(scope, field, versionsIn(scope, field), 'writer')
  const condition = versionCondition(field.versions, scope.versions)
  if (condition === '') return lines
  if (field.ignorable && lines.length === 1) return [`if (${condition}) ${lines[0]}`]
  const refusal = field.ignorable ? [] : [`} else if (${differsFromDefault(scope, field)}) {`, `  ${refusalOf(scope, field)}`]
  return [`if (${condition}) {`, ...lines.map((line) => `  ${line}`), ...refusal, '}']
}

function refusalOf(scope: Scope, field: Field): string {
  return `throw unsupportedField('${scope.message.name}', '${field.name}', version)`
}

/** A tagged field that some version of the struct lacks, and that may not be ignored. */
function refuseWhereAbsent(scope: Scope, field: Field): string[] {
  const condition = versionCondition(field.tagged, scope.versions)
  if (condition === '' || field.ignorable) return []
  return [`if (${negate(condition)} && ${differsFromDefault(scope, field)}) ${refusalOf(scope, field)}`]
}

/** Statements that write a field which all of `versions` have. */
function writeValue(scope: Scope, field: Field, versions: VersionRange, writer: string): string[] {
  const { type } = field
  const local = localName(field)
  const declare = `const ${local} = ${givenOrDefault(scope, field)}`
  const lines = mayBeNull(field) || type.kind === 'array' ? [declare] : []
  const nullability = presence(field.nullable, versions)
  if (mayBeNull(field) && nullability !== 'always') {
    const condition = nullability === 'never' ? '' : ` && ${negate(versionCondition(field.nullable, versions))}`
    lines.push(`if (${local} === null${condition}) throw unsupportedNull('${scope.message.name}', '${field.name}', version)`)
  }
  if (type.kind === 'array') {
    const isNull = mayBeNull(field)
    const length = isNull ? `${local} === null ? -1 : ${local}.length` : `${local}.length`
    lines.push(...writeCount(scope, versions, writer, length))
    const loop = `for (const element of ${local}) ${writeElement(scope, type.element, versions, writer)}`
    lines.push(isNull ? `if (${local} !== null) ${loop}` : loop)
  } else if (type.kind === 'struct') {
    const write = `write${typeName(scope, type)}(${writer}, ${mayBeNull(field) ? local : givenOrDefault(scope, field)}, version)`
    if (nullability === 'always')
      lines.push(`if (${local} === null) ${writer}.int8(-1)`, 'else {', `  ${writer}.int8(1)`, `  ${write}`, '}')
    else lines.push(write)
  } else {
    const value = mayBeNull(field) ? local : givenOrDefault(scope, field)
    lines.push(...writePrimitive(scope, type.name, mayBeNull(field), versions, writer, value))
  }
  return lines
}

function givenOrDefault(scope: Scope, field: Field): string {
  const value = `message.${field.name}`
  if (field.type.kind === 'struct' && !defaultsToNull(field)) return `${value} ?? {}`
  if (mayBeNull(field) && !defaultsToNull(field)) return `${value} === undefined ? ${defaultValue(scope, field)} : ${value}`
  return `${value} ?? ${defaultValue(scope, field)}`
}

function writeCount(scope: Scope, versions: VersionRange, writer: string, count: string): string[] {
  const emit = (flexible: boolean): string => `${writer}.${flexible ? 'compactArrayCount' : 'arrayCount'}(${count})`
  return byFlexible(scope, versions, emit, (yes, no) => `if (flexible) ${yes}\nelse ${no}`).split('\n')
}

function writeElement(scope: Scope, element: FieldType, versions: VersionRange, writer: string): string {
  if (element.kind === 'struct') return `write${typeName(scope, element)}(${writer}, element, version)`
  if (element.kind === 'array') throw new Error('an array of arrays')
  const lines = writePrimitive(scope, element.name, false, versions, writer, 'element')
  return lines.length === 1 ? lines[0]! : `{\n    ${lines.join('\n    ')}\n  }`
}

function writePrimitive(scope: Scope, name: string, orNull: boolean, versions: VersionRange, writer: string, value: string): string[] {
  if (name !== 'string' && name !== 'bytes' && name !== 'records') return [`${writer}.${name}(${value})`]
  const word = `${orNull ? 'Nullable' : ''}${name === 'string' ? 'String' : 'Bytes'}`
  const plain = `${word.charAt(0).toLowerCase()}${word.slice(1)}`
  const emit = (flexible: boolean): string => `${writer}.${flexible ? `compact${word}` : plain}(${value})`
  return byFlexible(scope, versions, emit, (yes, no) => `if (flexible) ${yes}\nelse ${no}`).split('\n')
}

function writeTags(scope: Scope, tagged: readonly Field[]): string[] {
  const first = scope.message.flexibleVersion
  if (scope.versions.to < first) return []
  const always = scope.versions.from >= first
  if (tagged.length === 0) return [always ? 'writer.int8(0)' : 'if (flexible) writer.int8(0)']
  const within = intersect(scope.versions, { from: first, to: Number.POSITIVE_INFINITY })!
  const lines: string[] = []
  for (const field of tagged) {
    const condition = versionCondition(field.tagged, within)
    lines.push(`const ${flag(field)} = ${condition === '' ? '' : `${condition} && `}${differsFromDefault(scope, field)}`)
  }
  lines.push(`writer.unsignedVarint(${tagged.map((field) => `(${flag(field)} ? 1 : 0)`).join(' + ')})`)
  for (const field of tagged) {
    lines.push(`if (${flag(field)}) {`, '  const tagged = new Writer(64)')
    lines.push(...writeValue(scope, field, intersect(field.tagged!, within)!, 'tagged').map((line) => `  ${line}`))
    lines.push(`  writer.taggedField(${field.tag}, tagged)`, '}')
  }
  return always ? lines : ['if (flexible) {', ...lines.map((line) => `  ${line}`), '}']
}

function flag(field: Field): string {
  return `has${field.name.charAt(0).toUpperCase()}${field.name.slice(1)}`
}
