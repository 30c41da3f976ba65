import {
  type Definition,
  type Field,
  type FieldType,
  intersect,
  lowerFirst,
  type Message,
  type PrimitiveType,
  type Struct,
  type VersionRange,
} from './definition.ts'

const PRIMITIVES: readonly string[] = 'bool int8 int16 uint16 int32 uint32 int64 float64 uuid string bytes records'.split(' ')

interface Line {
  readonly words: readonly string[]
  readonly children: Line[]
}

/** Reads one file of facts (see `write-definitions.ts` for the notation). `fileName` is without its ending. */
export function parseDefinition(fileName: string, text: string): Definition {
  const lines = indentedLines(text)
  const api = lines[0]?.words[0] === 'api' ? lines.shift()!.words : null
  // A latest version that Kafka itself calls unstable is left out: no broker offers it unless told to.
  const unstable = lines.some((line) => line.words.includes('latestUnstable'))
  const messages = lines.map((line) => parseMessage(line, unstable))
  return { fileName, name: api === null ? messages[0]!.name : api[2]!, apiKey: api === null ? null : Number(api[1]), messages }
}

export function parseVersions(text: string): VersionRange | null {
  if (text === 'none') return null
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text)
  if (match === null) throw new Error(`"${text}" is not a range of versions`)
  const from = Number(match[1])
  if (match[2] === undefined) return { from, to: from }
  return { from, to: match[2] === '+' ? Number.POSITIVE_INFINITY : Number(match[3]) }
}

function indentedLines(text: string): Line[] {
  const top: Line[] = []
  const stack: Line[][] = [top]
  for (const raw of text.split('\n')) {
    if (raw.trim() === '' || raw.startsWith('#')) continue
    const depth = (raw.length - raw.trimStart().length) / 2
    const line: Line = { words: raw.trim().split(' '), children: [] }
    const siblings = stack[depth]
    if (siblings === undefined) throw new Error(`wrong indentation: "${raw}"`)
    siblings.push(line)
    stack.length = depth + 1
    stack.push(line.children)
  }
  return top
}

function parseMessage(line: Line, unstable: boolean): Message {
  const [kind, name, valid, , flexible] = line.words as [Message['kind'], string, string, string, string]
  const declared = parseVersions(valid)!
  const versions = unstable ? { from: declared.from, to: declared.to - 1 } : declared
  const commonStructs = new Map<string, Line>()
  for (const child of line.children) if (child.words[0] === 'struct') commonStructs.set(child.words[1]!, child)
  const context: Context = { versions, commonStructs, structs: new Map() }
  const fieldLines = line.children.filter((child) => child.words[0] !== 'struct')
  const root: Struct = { name: name!, fields: parseFields(fieldLines, versions, context) }
  return { kind, name, versions, flexibleVersion: parseVersions(flexible)?.from ?? Number.POSITIVE_INFINITY, root }
}

interface Context {
  /** Those of the whole message. */
  readonly versions: VersionRange
  readonly commonStructs: ReadonlyMap<string, Line>
  /** Common structs that a field has named already: all of their uses share one struct. */
  readonly structs: Map<string, Struct>
}

/** Fields that no version of the message has are left out. */
function parseFields(lines: readonly Line[], within: VersionRange, context: Context): Field[] {
  const fields: Field[] = []
  for (const line of lines) {
    const [name, type, versionsText, ...attributes] = line.words as [string, string, string, ...string[]]
    const versions = intersect(parseVersions(versionsText)!, within)
    if (versions === null) continue
    const after = (word: string, skip = 1): string | undefined => {
      const at = attributes.indexOf(word)
      return at < 0 ? undefined : attributes[at + skip]
    }
    const tag = after('tag')
    const nullable = after('nullable')
    fields.push({
      name: lowerFirst(name),
      type: parseType(type, line, within, versions, context),
      versions,
      nullable: nullable === undefined ? null : intersect(parseVersions(nullable)!, versions),
      tag: tag === undefined ? null : Number(tag),
      tagged: tag === undefined ? null : intersect(parseVersions(after('tag', 2)!)!, versions),
      default: after('default'),
      ignorable: attributes.includes('ignorable'),
    })
  }
  return fields
}

function parseType(type: string, line: Line, within: VersionRange, versions: VersionRange, context: Context): FieldType {
  if (type.startsWith('[]')) {
    const element = parseType(type.slice(2), line, within, versions, context)
    if (element.kind === 'array') throw new Error(`an array of arrays: "${line.words.join(' ')}"`)
    return { kind: 'array', element }
  }
  if (PRIMITIVES.includes(type)) return { kind: 'primitive', name: type as PrimitiveType }
  const common = context.commonStructs.get(type)
  if (common === undefined) return { kind: 'struct', struct: { name: type, fields: parseFields(line.children, versions, context) } }
  let struct = context.structs.get(type)
  if (struct === undefined) {
    // Its uses may differ in their versions, so it is cut to those of the whole message only.
    struct = { name: type, fields: parseFields(common.children, context.versions, context) }
    context.structs.set(type, struct)
  }
  return { kind: 'struct', struct }
}
