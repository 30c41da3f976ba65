import { emitApi } from './emit-api.ts'
import { emitApiKeys } from './emit-api-keys.ts'
import { parseDefinition } from './parse-definitions.ts'

/** From the files of facts (name -> text) to the generated files (name -> text). */
export function generate(facts: ReadonlyMap<string, string>): Map<string, string> {
  const definitions = [...facts]
    .filter(([name]) => name.endsWith('.def'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => parseDefinition(name.replace(/\.def$/, ''), text))
  const files = new Map(definitions.map((definition) => [`${definition.fileName}.ts`, emitApi(definition)]))
  files.set('api-keys.ts', emitApiKeys(definitions))
  return files
}
