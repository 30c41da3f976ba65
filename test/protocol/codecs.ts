import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Api, MessageCodec } from '@sluice/protocol'
import { type Definition, lowerFirst, type Message } from '../../tools/gen-protocol/definition.ts'
import { parseDefinition } from '../../tools/gen-protocol/parse-definitions.ts'

const protocol = join(import.meta.dirname, '../../packages/protocol')

export interface TestedMessage {
  readonly definition: Definition
  readonly message: Message
  readonly codec: MessageCodec<any>
}

/** The facts of every API and data message, by API key or name. */
export const definitions: readonly Definition[] = readdirSync(join(protocol, 'definitions'))
  .filter((name) => name.endsWith('.def'))
  .map((name) => parseDefinition(name.replace(/\.def$/, ''), readFileSync(join(protocol, 'definitions', name), 'utf8')))

/** Every message with its facts and its codec. */
export const testedMessages: readonly TestedMessage[] = (await Promise.all(definitions.map(messagesOf))).flat()

export function versionsOf(codec: MessageCodec<unknown>): number[] {
  return Array.from({ length: codec.maxVersion - codec.minVersion + 1 }, (_, i) => codec.minVersion + i)
}

async function messagesOf(definition: Definition): Promise<TestedMessage[]> {
  const module = (await import(`../../packages/protocol/src/generated/${definition.fileName}.ts`)) as Record<string, unknown>
  const name = lowerFirst(definition.name)
  if (definition.apiKey === null) {
    return [{ definition, message: definition.messages[0]!, codec: module[name] as MessageCodec<any> }]
  }
  const api = module[`${name}Api`] as Api<any, any>
  return definition.messages.map((message) => ({ definition, message, codec: message.kind === 'request' ? api.request : api.response }))
}
