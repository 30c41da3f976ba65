import type { Definition } from './definition.ts'
import { lowerFirst } from './definition.ts'
import { GENERATED_HEAD } from './emit-api.ts'

/** The table of all APIs, which costs nothing to load, in the order of their keys. */
export function emitApiKeys(definitions: readonly Definition[]): string {
  const apis = definitions.filter((definition) => definition.apiKey !== null).sort((a, b) => a.apiKey! - b.apiKey!)
  const keys = apis.map((api) => `  ${lowerFirst(api.name)}: ${api.apiKey},\n`)
  const rows = apis.map((api) => {
    const { versions, flexibleVersion } = api.messages[0]!
    return `  { key: ${api.apiKey}, name: '${api.name}', minVersion: ${versions.from}, maxVersion: ${versions.to}, flexibleVersion: ${flexibleVersion} },\n`
  })
  return `${GENERATED_HEAD}
export interface ApiRow {
  readonly key: number
  /** Kafka's name, such as \`Produce\`. */
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  /** The first flexible version; \`Infinity\` when there is none. */
  readonly flexibleVersion: number
}

/** The key of every API that has codecs here. */
export const apiKeys = {
${keys.join('')}} as const

/** Every API that has codecs here, with the versions of its codec. */
export const apiRows: readonly ApiRow[] = [
${rows.join('')}]

const rowsByKey: ReadonlyMap<number, ApiRow> = new Map(apiRows.map((row) => [row.key, row]))

export function apiRow(apiKey: number): ApiRow | undefined {
  return rowsByKey.get(apiKey)
}

/** Whether that version of the API has compact lengths and tagged fields, in its header as in its body; false for an unknown API. */
export function isFlexible(apiKey: number, version: number): boolean {
  const row = rowsByKey.get(apiKey)
  return row !== undefined && version >= row.flexibleVersion
}
`
}
