import { type Field, type FieldType, intersect, type VersionRange } from './definition.ts'
import {
  byFlexible,
  defaultValue,
  localName,
  mayBeNull,
  minSize,
  negate,
  presence,
  type Scope,
  typeName,
  versionCondition,
  versionsIn,
} from './scope.ts'

/** The function that reads one struct. */
export function emitRead(scope: Scope): string {
  const name = scope.typeNames.get(scope.struct)!
  const { fields } = scope.struct
  const body: string[] = []
  for (const field of fields) if (field.tag === null) body.push(...readField(scope, field))
  const tagged = fields.filter((field) => field.tag !== null)
  for (const field of tagged) body.push(`let ${localName(field)}: ${fieldType(scope, field)} = ${defaultValue(scope, field)}`)
  body.push(...readTags(scope, tagged))
  const members = fields.map((field) => (localName(field) === field.name ? field.name : `${field.name}: ${localName(field)}`))
  body.push(`return { ${members.join(', ')} }`)
  if (body.some((line) => /\bflexible\b/.test(line))) body.unshift(`const flexible = version >= ${scope.message.flexibleVersion}`)
  const version = body.some((line) => /\bversion\b/.test(line)) ? 'version' : '_version'
  return `function read${name}(reader: Reader, ${version}: number): ${name} {\n  ${body.join('\n  ')}\n}\n`
}

function fieldType(scope: Scope, field: Field): string {
  return `${typeName(scope, field.type)}${mayBeNull(field) ? ' | null' : ''}`
}

function readField(scope: Scope, field: Field): string[] {
  const versions = versionsIn(scope, field)
  const condition = versionCondition(field.versions, scope.versions)
  const local = localName(field)
  if (field.type.kind !== 'array') {
    const value = readValue(scope, field, versions)
    const otherwise = condition === '' ? '' : ` : ${defaultValue(scope, field)}`
    const type = condition === '' ? '' : `: ${fieldType(scope, field)}`
    return [`const ${local}${type} = ${condition === '' ? withoutParentheses(value) : `${condition} ? ${value}${otherwise}`}`]
  }
  if (condition === '') return readArray(scope, field, field.type.element, versions, true)
  return [
    `let ${local}: ${fieldType(scope, field)} = ${defaultValue(scope, field)}`,
    `if (${condition}) {`,
    ...readArray(scope, field, field.type.element, versions).map((line) => `  ${line}`),
    '}',
  ]
}

/** Statements that read an array into its local variable, which they declare if told to. */
function readArray(scope: Scope, field: Field, element: FieldType, versions: VersionRange, declare = false): string[] {
  const local = localName(field)
  const size = minSize(scope, element, versions)
  const count = byFlexible(scope, versions, (flexible) => `reader.${flexible ? 'compactArrayCount' : 'arrayCount'}(${size})`, ternary)
  const nullable = presence(field.nullable, versions)
  const lines = [`const ${local}Count = ${withoutParentheses(count)}`]
  if (nullable !== 'always') {
    const where = nullable === 'never' ? '' : ` && ${negate(versionCondition(field.nullable, versions))}`
    lines.push(`if (${local}Count < 0${where}) throw unexpectedNull(reader, '${scope.message.name}', '${field.name}')`)
  }
  const fill = `for (let i = 0; i < ${local}Count; i++) ${local}.push(${readElement(scope, element, versions)})`
  if (nullable === 'never') return [...lines, `${declare ? `const ${local}: ${fieldType(scope, field)}` : local} = []`, fill]
  if (declare) lines.unshift(`let ${local}: ${fieldType(scope, field)}`)
  return [...lines, `if (${local}Count < 0) ${local} = null`, 'else {', `  ${local} = []`, `  ${fill}`, '}']
}

function readElement(scope: Scope, element: FieldType, versions: VersionRange): string {
  if (element.kind === 'struct') return `read${typeName(scope, element)}(reader, version)`
  if (element.kind === 'array') throw new Error('an array of arrays')
  return readPrimitive(scope, element.name, null, versions)
}

/** An expression that reads a value other than an array. */
function readValue(scope: Scope, field: Field, versions: VersionRange): string {
  const { type } = field
  if (type.kind === 'primitive') return readPrimitive(scope, type.name, field.nullable, versions)
  const read = `read${typeName(scope, type)}(reader, version)`
  switch (presence(field.nullable, versions)) {
    case 'never':
      return read
    case 'always':
      return `reader.int8() < 0 ? null : ${read}`
    case 'mixed':
      throw new Error(`${scope.message.name}.${field.name}: a struct that is nullable in some versions only`)
  }
}

function readPrimitive(scope: Scope, name: string, nullable: VersionRange | null, versions: VersionRange): string {
  if (name !== 'string' && name !== 'bytes' && name !== 'records') return `reader.${name}()`
  const word = name === 'string' ? 'String' : 'Bytes'
  const method = (compact: boolean, orNull: boolean): string => {
    const text = `${compact ? 'compact' : ''}${orNull ? 'Nullable' : ''}${word}`
    return `reader.${text.charAt(0).toLowerCase()}${text.slice(1)}()`
  }
  const first = scope.message.flexibleVersion
  return byFlexible(
    scope,
    versions,
    (compact) => {
      const part = intersect(versions, compact ? { from: first, to: versions.to } : { from: 0, to: first - 1 })!
      const nullability = presence(nullable, part)
      if (nullability !== 'mixed') return method(compact, nullability === 'always')
      return `(${versionCondition(nullable, part)} ? ${method(compact, true)} : ${method(compact, false)})`
    },
    ternary,
  )
}

function readTags(scope: Scope, tagged: readonly Field[]): string[] {
  const first = scope.message.flexibleVersion
  if (scope.versions.to < first) return []
  const guard = scope.versions.from >= first ? '' : 'if (flexible) '
  if (tagged.length === 0) return [`${guard}skipTaggedFields(reader)`]
  const lines = [
    'const tags = reader.unsignedVarint()',
    'for (let tag = 0; tag < tags; tag++) {',
    '  const number = reader.unsignedVarint()',
  ]
  lines.push('  const end = taggedFieldEnd(reader)', '  switch (number) {')
  const within = intersect(scope.versions, { from: first, to: Number.POSITIVE_INFINITY })!
  for (const field of tagged) {
    lines.push(`    case ${field.tag}: {`)
    const condition = versionCondition(field.tagged, within)
    if (condition !== '') lines.push(`      if (${negate(condition)}) {`, '        reader.position = end', '        break', '      }')
    const versions = intersect(field.tagged!, within)!
    if (field.type.kind === 'array') lines.push(...readArray(scope, field, field.type.element, versions).map((line) => `      ${line}`))
    else lines.push(`      ${localName(field)} = ${withoutParentheses(readValue(scope, field, versions))}`)
    lines.push('      break', '    }')
  }
  lines.push('    default:', '      reader.position = end', '  }', `  checkTaggedField(reader, '${scope.message.name}', number, end)`, '}')
  return guard === '' ? lines : ['if (flexible) {', ...lines.map((line) => `  ${line}`), '}']
}

function ternary(yes: string, no: string): string {
  return `(flexible ? ${yes} : ${no})`
}

function withoutParentheses(expression: string): string {
  return /^\(flexible \? .*\)$/.test(expression) ? expression.slice(1, -1) : expression
}
