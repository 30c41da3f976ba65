import { kebab } from './definition.ts'
import { selectedApiKeys, selectedDataMessages } from './select.ts'

interface KafkaField {
  name: string
  type: string
  versions: string
  nullableVersions?: string
  taggedVersions?: string
  tag?: number
  default?: string | number | boolean
  ignorable?: boolean
  fields?: KafkaField[]
}

interface KafkaMessage {
  apiKey?: number
  type: string
  name: string
  validVersions: string
  flexibleVersions: string
  latestVersionUnstable?: boolean
  commonStructs?: { name: string; versions: string; fields: KafkaField[] }[]
  fields: KafkaField[]
}

/**
 * Turns Kafka's message definitions (JSON with comment lines) into our files of facts: name of the file -> its text.
 * One line per field: `Name type versions [nullable VERSIONS] [tag N VERSIONS] [default VALUE] [ignorable]`.
 */
export function writeDefinitions(kafkaVersion: string, jsonTexts: readonly string[]): Map<string, string> {
  const messages = jsonTexts.map((text) => JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as KafkaMessage)
  const head = `# Facts of Kafka's wire protocol, taken from kafka-clients ${kafkaVersion} by "npm run gen:protocol".\n`
  const files = new Map<string, string>()
  for (const key of selectedApiKeys) {
    const request = find(messages, `request of API ${key}`, (message) => message.apiKey === key && message.type === 'request')
    const response = find(messages, `response of API ${key}`, (message) => message.apiKey === key && message.type === 'response')
    const name = request.name.replace(/Request$/, '')
    files.set(`${kebab(name)}.def`, `${head}api ${key} ${name}\n${messageLines(request)}${messageLines(response)}`)
  }
  for (const name of selectedDataMessages) {
    files.set(`${kebab(name)}.def`, head + messageLines(find(messages, name, (message) => message.name === name)))
  }
  return files
}

function find(messages: readonly KafkaMessage[], what: string, test: (message: KafkaMessage) => boolean): KafkaMessage {
  const found = messages.find(test)
  if (found === undefined) throw new Error(`kafka-clients has no definition of the ${what}`)
  return found
}

function messageLines(message: KafkaMessage): string {
  const unstable = message.latestVersionUnstable === true ? ' latestUnstable' : ''
  let text = `${message.type} ${message.name} ${message.validVersions} flexible ${message.flexibleVersions}${unstable}\n`
  text += fieldLines(message.fields, '  ')
  for (const struct of message.commonStructs ?? []) text += `  struct ${struct.name}\n${fieldLines(struct.fields, '    ')}`
  return text
}

function fieldLines(fields: readonly KafkaField[], indent: string): string {
  let text = ''
  for (const field of fields) {
    text += `${indent}${field.name} ${field.type} ${field.versions}`
    if (field.nullableVersions !== undefined) text += ` nullable ${field.nullableVersions}`
    if (field.tag !== undefined) text += ` tag ${field.tag} ${field.taggedVersions}`
    if (field.default !== undefined && field.default !== '') text += ` default ${field.default}`
    if (field.ignorable === true) text += ' ignorable'
    text += `\n${fieldLines(field.fields ?? [], `${indent}  `)}`
  }
  return text
}
