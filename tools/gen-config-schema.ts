// node tools/gen-config-schema.ts [--check]: writes packages/sluice/sluice.config.schema.json, by which editors complete and
// check sluice.config.yaml and .json, from the option tables and from the types and comments of the interceptors' options.
// With --check it only compares, and fails when the schema is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { interceptorsByName } from 'sluice/interceptors'
import { API, type Checker, type Symbol as ProgramSymbol, SignatureKind, SymbolFlags, type Type } from 'typescript/unstable/sync'
import { commonOptionNames } from '../packages/sluice/src/interceptor/interceptor-options.ts'
import { consumerOptions } from '../packages/sluice/src/options/consumer-options.ts'
import { knownNames, readyMadeName } from '../packages/sluice/src/options/interceptor-names.ts'
import type { AnyOptionTable, OptionSpec } from '../packages/sluice/src/options/option-table.ts'
import { producerOptions } from '../packages/sluice/src/options/producer-options.ts'
import { root } from './source-files.ts'

type Schema = Readonly<Record<string, unknown>>

const file = join(root, 'packages', 'sluice', 'sluice.config.schema.json')
const sources = join(root, 'packages', 'sluice', 'src')

/** Objects that a file cannot hold though they have properties. */
const CLASSES = new Set(['RegExp', 'Buffer', 'Uint8Array', 'Date', 'Map', 'Set', 'Promise'])

class TypeReader {
  readonly #checker: Checker
  /** Types being read, for those that hold themselves. */
  readonly #open = new Set<number>()

  constructor(checker: Checker) {
    this.#checker = checker
  }

  /** What a file may hold for the type; undefined when it can hold nothing, as for a function. */
  schema(type: Type): Schema | undefined {
    if (this.#open.has(type.id)) return undefined
    this.#open.add(type.id)
    const found = this.#schema(type)
    this.#open.delete(type.id)
    return found
  }

  /** The options of an interface, each with its comment. */
  properties(type: Type, leaveOut: readonly string[] = []): { readonly properties: Record<string, Schema>; readonly required: string[] } {
    const properties: Record<string, Schema> = {}
    const required: string[] = []
    for (const property of this.#checker.getPropertiesOfType(type)) {
      if (leaveOut.includes(property.name)) continue
      const schema = this.schema(this.#checker.getTypeOfSymbol(property)!)
      if (schema === undefined) continue
      properties[property.name] = { ...describe(this.#commentOf(property)), ...schema }
      if ((property.flags & SymbolFlags.Optional) === 0) required.push(property.name)
    }
    return { properties, required }
  }

  patterns(type: Type): Record<string, Schema> {
    const patterns: Record<string, Schema> = {}
    for (const { keyType } of this.#checker.getIndexInfosOfType(type)) {
      const text = this.#checker.typeToString(keyType)
      if (text.startsWith('`')) patterns[patternOf(text)] = {}
    }
    return patterns
  }

  #commentOf(symbol: ProgramSymbol): string {
    const text = this.#checker.getDocumentationCommentOfSymbol(symbol).replaceAll(/\s+/g, ' ').trim()
    const tag = this.#checker.getJsDocTagsOfSymbol(symbol).find(({ name }) => name === 'default')?.text
    return tag === undefined ? text : `${text}${text === '' ? '' : ' '}Default: ${tag.replaceAll(/\s+/g, ' ').trim()}`
  }

  #schema(type: Type): Schema | undefined {
    const text = this.#checker.typeToString(type)
    if (type.isUnionType()) return this.#union(type.getTypes())
    if (type.isStringLiteralType() || type.isNumberLiteralType() || type.isBooleanLiteralType()) return { enum: [type.value] }
    if (type.isTemplateLiteralType()) return { type: 'string', pattern: patternOf(text) }
    if (text === 'string' || text === 'number' || text === 'boolean' || text === 'null') return { type: text }
    if (text === 'any' || text === 'unknown') return {}
    if (type.isObjectType() || type.isIntersectionType()) return this.#object(type)
    return undefined
  }

  #union(members: readonly Type[]): Schema | undefined {
    const schemas = members.map((member) => this.schema(member)).filter((schema) => schema !== undefined)
    const literals = schemas.flatMap((schema) => (Array.isArray(schema.enum) ? (schema.enum as unknown[]) : []))
    const isBoolean = literals.includes(true) && literals.includes(false)
    const plain = literals.filter((one) => !isBoolean || typeof one !== 'boolean')
    const all = [
      ...(isBoolean ? [{ type: 'boolean' }] : []),
      ...(plain.length > 0 ? [{ enum: plain.sort(byText) }] : []),
      ...schemas.filter((schema) => schema.enum === undefined),
    ]
    return all.length < 2 ? all[0] : { anyOf: all.sort(byText) }
  }

  #object(type: Type): Schema | undefined {
    const checker = this.#checker
    if (checker.isArrayType(type)) {
      const [item] = type.isTypeReference() ? checker.getTypeArguments(type) : []
      const items = item === undefined ? undefined : this.schema(item)
      return items === undefined ? undefined : { type: 'array', items }
    }
    if (CLASSES.has(type.getSymbol()?.name ?? '') || checker.getSignaturesOfType(type, SignatureKind.Call).length > 0) return undefined
    const { properties, required } = this.properties(type)
    const names = checker.getPropertiesOfType(type)
    // One that must have a method is none that a file can hold.
    if (names.some(({ name, flags }) => (flags & SymbolFlags.Optional) === 0 && properties[name] === undefined)) return undefined
    const [index] = checker.getIndexInfosOfType(type)
    const values = index === undefined ? false : (this.schema(index.valueType) ?? {})
    return { type: 'object', properties, ...(required.length === 0 ? {} : { required }), additionalProperties: values }
  }
}

/** The compiler's order of a union depends on what else there is. */
function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

/** `header:${string}` as a regular expression. */
function patternOf(template: string): string {
  const parts = template.slice(1, -1).split(/\$\{[^}]*\}/)
  return `^${parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}$`
}

function describe(text: string): Schema {
  return text === '' ? {} : { description: text }
}

/** Text with an environment variable in it may stand for anything. */
function orVariable({ description, ...schema }: Schema): Schema {
  const isFreeText = schema.type === 'string' && schema.pattern === undefined
  const described = describe((description as string | undefined) ?? '')
  if (isFreeText || Object.keys(schema).length === 0) return { ...described, ...schema }
  const choices = Array.isArray(schema.anyOf) ? (schema.anyOf as Schema[]) : [schema]
  if (choices.some(({ type, pattern }) => type === 'string' && pattern === undefined)) return { ...described, ...schema }
  return { ...described, anyOf: [...choices, { $ref: '#/$defs/variable' }] }
}

function mapValues(record: Readonly<Record<string, Schema>>, change: (schema: Schema) => Schema): Record<string, Schema> {
  return Object.fromEntries(Object.entries(record).map(([key, schema]) => [key, change(schema)]))
}

function whole({ allowed }: OptionSpec<unknown>): Schema {
  const bounds = /^(-?\d+) to (-?\d+)$/.exec(allowed)
  const least = /^>= (-?\d+)$/.exec(allowed)
  return {
    type: 'integer',
    ...(bounds === null ? {} : { minimum: Number(bounds[1]), maximum: Number(bounds[2]) }),
    ...(least === null ? {} : { minimum: Number(least[1]) }),
  }
}

function optionsSchema(reader: TypeReader, table: AnyOptionTable, type: Type): Schema {
  const typed = reader.properties(type, ['ssl', 'interceptorClasses']).properties
  const properties: Record<string, Schema> = {}
  for (const [name, spec] of Object.entries(table)) {
    const schema = name === 'ssl' ? { type: 'object' } : spec.type === 'int' || spec.type === 'long' ? whole(spec) : typed[name]
    if (schema === undefined) continue
    const { description: _, ...rest } = schema
    const fallback =
      spec.defaultText ??
      (spec.default === undefined ? 'none' : Array.isArray(spec.default) ? spec.default.join(', ') : String(spec.default))
    const comment = spec.required ? spec.doc : `${spec.doc} Default: ${fallback}`
    properties[name] = orVariable({ description: spec.kafkaName === undefined ? comment : `${comment} (${spec.kafkaName})`, ...rest })
  }
  return { type: ['object', 'null'], properties, additionalProperties: false }
}

/** Everything a file may say about interceptors, by the name of each. */
function interceptorSchemas(reader: TypeReader, checker: Checker, exported: ReadonlyMap<string, ProgramSymbol>): Record<string, Schema> {
  const schemas: Record<string, Schema> = {}
  for (const name of [...interceptorsByName.keys()].sort()) {
    const symbol = exported.get(name.replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase()))
    if (symbol === undefined) throw new Error(`interceptors/index.ts exports no factory for "${name}"`)
    const factory = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const [signature] = checker.getSignaturesOfType(checker.getTypeOfSymbol(factory)!, SignatureKind.Call)
    const parameter = signature === undefined ? undefined : checker.getParameterType(signature, 0)
    const comment = checker.getDocumentationCommentOfSymbol(factory).replaceAll(/\s+/g, ' ').trim()
    const type = parameter === undefined ? undefined : checker.getNonNullableType(parameter)
    const { properties, required } = type === undefined ? { properties: {}, required: [] } : reader.properties(type, commonOptionNames)
    const patterns = type === undefined ? {} : reader.patterns(type)
    schemas[name] = {
      ...describe(comment),
      type: ['object', 'null'],
      properties: { ...mapValues(properties, orVariable), ...commonReferences() },
      ...(required.length === 0 ? {} : { required }),
      ...(Object.keys(patterns).length === 0 ? {} : { patternProperties: patterns }),
      additionalProperties: false,
    }
  }
  return schemas
}

function commonReferences(): Record<string, Schema> {
  return Object.fromEntries([...commonOptionNames, 'enabled'].map((name) => [name, { $ref: `#/$defs/common/properties/${name}` }]))
}

function generate(): string {
  const api = new API({ cwd: root })
  try {
    const [project] = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] }).getProjects()
    const { checker, program } = project!
    const reader = new TypeReader(checker)
    const exportsOf = (path: string): Map<string, ProgramSymbol> => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(join(sources, path))!)!
      return new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]))
    }
    const typeOf = (path: string, name: string): Type => checker.getDeclaredTypeOfSymbol(exportsOf(path).get(name)!)
    const common = reader.properties(typeOf('interceptor/interceptor-options.ts', 'CommonInterceptorOptions')).properties
    const names = knownNames(interceptorsByName)
    const section = (side: string, options: Schema): Schema => ({
      description: `What config.${side} gives: options and interceptors of a ${side}.`,
      type: ['object', 'null'],
      properties: { options, interceptors: { $ref: '#/$defs/interceptors' } },
      patternProperties: { '^x-': {} },
      additionalProperties: false,
    })
    const producer = optionsSchema(reader, producerOptions, typeOf('options/producer-options.ts', 'ProducerOptions'))
    const consumer = optionsSchema(reader, consumerOptions, typeOf('options/consumer-options.ts', 'ConsumerOptions'))
    const schema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      $comment: 'Written by tools/gen-config-schema.ts.',
      title: 'Configuration of Sluice (sluice.config.yaml, sluice.config.json)',
      type: ['object', 'null'],
      properties: { $schema: { type: 'string' }, producer: section('producer', producer), consumer: section('consumer', consumer) },
      patternProperties: { '^x-': { description: 'Anything, for anchors (&) that are used elsewhere.' } },
      additionalProperties: false,
      $defs: {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it speaks of them
        variable: { description: 'Environment variables: ${NAME} or ${NAME:-default}.', type: 'string', pattern: '\\$\\{' },
        interceptors: {
          description:
            'Run in this order: names of ready-made interceptors, module paths (relative to this file) and packages, alone or with options below the name.',
          type: ['array', 'null'],
          items: {
            anyOf: [
              { enum: names },
              { description: 'A module path or package, or one of its exports: ./file.ts, package#export.', type: 'string', minLength: 1 },
              {
                type: 'object',
                minProperties: 1,
                maxProperties: 1,
                properties: Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${readyMadeName(name, interceptorsByName)}` }])),
                additionalProperties: { $ref: '#/$defs/common' },
              },
            ],
          },
        },
        common: {
          description: 'What every interceptor may have, and what a module of your own takes.',
          type: ['object', 'null'],
          properties: {
            ...mapValues(common, orVariable),
            enabled: orVariable({ description: 'False leaves it out. Default: true', type: 'boolean' }),
          },
        },
        ...interceptorSchemas(reader, checker, exportsOf('interceptors/index.ts')),
      },
    }
    return `${JSON.stringify(schema, null, 2)}\n`
  } finally {
    api.close()
  }
}

const text = generate()
const current = existsSync(file) ? readFileSync(file, 'utf8') : ''
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (current === text) process.stdout.write('packages/sluice/sluice.config.schema.json is fresh\n')
else {
  process.stderr.write('packages/sluice/sluice.config.schema.json is stale; run: node tools/gen-config-schema.ts\n')
  process.exit(1)
}
