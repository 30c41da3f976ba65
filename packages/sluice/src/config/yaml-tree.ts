import type { Document, LineCounter, Node, Pair, YAMLError } from 'yaml'
import { configError } from '../errors.ts'
import { type ConfigEntry, type ConfigNode, listNode, mapNode, type Position } from './config-node.ts'
import { type Problems, shownPath } from './problems.ts'
import { type Environment, withVariables } from './variables.ts'

type Yaml = typeof import('yaml')

/** Aliases may multiply what they stand for; no configuration has so many values. */
const MAX_NODES = 10_000
const MAX_DEPTH = 100

/** Reads YAML, with positions. Undefined when it is none, which is then told to `problems`. Throws CONFIG without the package `yaml`. */
export async function readYaml(text: string, environment: Environment, problems: Problems, file: string): Promise<ConfigNode | undefined> {
  const yaml = await loadYaml(file)
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, logLevel: 'error' })
  for (const error of [...document.errors, ...document.warnings]) problems.add(positionOf(lines, error.pos[0]), meaning(error))
  if (!problems.isEmpty) return undefined
  return new YamlReader(yaml, document, lines, environment, problems).read()
}

async function loadYaml(file: string): Promise<Yaml> {
  try {
    return await import('yaml')
  } catch (cause) {
    throw configError(
      `${shownPath(file)} needs the package "yaml", which cannot be loaded (${(cause as NodeJS.ErrnoException).code ?? 'it threw'}); npm install yaml, or write the file as .json or .ts`,
    )
  }
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

class YamlReader {
  readonly #yaml: Yaml
  readonly #document: Document
  readonly #lines: LineCounter
  readonly #environment: Environment
  readonly #problems: Problems
  #nodes = 0

  constructor(yaml: Yaml, document: Document, lines: LineCounter, environment: Environment, problems: Problems) {
    this.#yaml = yaml
    this.#document = document
    this.#lines = lines
    this.#environment = environment
    this.#problems = problems
  }

  read(): ConfigNode {
    return this.#node(this.#document.contents, { line: 1, column: 1 }, 0)
  }

  #node(node: Node | null, around: Position, depth: number): ConfigNode {
    const { isAlias, isMap, isSeq, isScalar } = this.#yaml
    const at = node?.range ? positionOf(this.#lines, node.range[0]) : around
    if (++this.#nodes > MAX_NODES || depth > MAX_DEPTH) {
      // Once is enough.
      if (this.#nodes < Number.MAX_SAFE_INTEGER / 2)
        this.#problems.add(
          at,
          `there are more than ${MAX_NODES} values, or more than ${MAX_DEPTH} within one another: aliases (*) lead to too many values, or into themselves`,
        )
      this.#nodes = Number.MAX_SAFE_INTEGER / 2
      return { at, value: null }
    }
    if (isAlias(node)) {
      const anchored = node.resolve(this.#document)
      if (anchored === undefined) this.#problems.add(at, `YAML: ${meanings.BAD_ALIAS}`)
      return { ...this.#node(anchored ?? null, at, depth + 1), at }
    }
    if (isMap(node)) return mapNode(at, this.#entries(node.items as Pair<Node, Node | null>[], at, depth))
    if (isSeq(node))
      return listNode(
        at,
        (node.items as Node[]).map((item) => this.#node(item, at, depth + 1)),
      )
    if (!isScalar(node)) return { at, value: null }
    if (typeof node.value !== 'string') return { at, value: node.value }
    return { at, ...withVariables(node.value, this.#environment, at, this.#problems) }
  }

  #entries(pairs: readonly Pair<Node, Node | null>[], around: Position, depth: number): ConfigEntry[] {
    const entries = new Map<string, ConfigEntry>()
    const merged: ConfigEntry[] = []
    for (const { key, value } of pairs) {
      const at = key.range ? positionOf(this.#lines, key.range[0]) : around
      const name: unknown = this.#yaml.isScalar(key) ? key.value : undefined
      const node = this.#node(value, at, depth + 1)
      if (name === '<<') merged.push(...this.#merged(node))
      else if (typeof name === 'object' || name === undefined) this.#problems.add(at, 'a key must be plain text')
      else entries.set(String(name), { key: String(name), at, node })
    }
    // What a mapping has itself stands before what it merges in, and what comes first before what comes later.
    for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry)
    return [...entries.values()]
  }

  #merged(node: ConfigNode): readonly ConfigEntry[] {
    if (node.entries !== undefined) return node.entries
    if (node.items?.every(({ entries }) => entries !== undefined)) return node.items.flatMap(({ entries }) => entries ?? [])
    this.#problems.add(node.at, '"<<" takes a mapping or a list of mappings')
    return []
  }
}

/** In words of our own: those of the parser quote the file. */
const meanings: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  ALIAS_PROPS: 'an alias (*) can have no tag or anchor of its own',
  BAD_ALIAS: 'this alias (*) leads to no anchor (&)',
  BAD_COLLECTION_TYPE: 'this tag does not fit what follows it',
  BAD_DIRECTIVE: 'this directive (%) is not known',
  BAD_DQ_ESCAPE: 'this escape is not known within double quotes; single quotes take "\\" as it is',
  BAD_INDENT: 'this line does not begin in the column that the lines around it need',
  BAD_PROP_ORDER: 'anchors and tags must stand right before what they belong to',
  BAD_SCALAR_START: 'plain text cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping cannot stand here: "key: key: value" needs a line break or quotes',
  BLOCK_IN_FLOW: 'lists and mappings by lines cannot stand within [ ] or { }',
  DUPLICATE_KEY: 'this key comes twice in the same mapping',
  KEY_OVER_1024_CHARS: 'this key is too long',
  MISSING_CHAR: 'a character is missing here or before: a closing quote, bracket or brace, a comma, a colon or a space',
  MULTILINE_IMPLICIT_KEY: 'a key must stand in one line; is a ":" missing after it?',
  MULTIPLE_DOCS: 'one document is enough: a line "---" begins another',
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'values are nested too deep',
  TAB_AS_INDENT: 'lines are indented with spaces, not with tabs',
  TAG_RESOLVE_FAILED: 'this tag (!) or what it stands before cannot be read',
  UNEXPECTED_TOKEN: 'this was not expected here',
}

function meaning({ code }: YAMLError): string {
  return `YAML: ${meanings[code] ?? `cannot be read (${code})`}`
}
