/**
 * Generates the codecs of Kafka's messages.
 *
 *   npm run gen:protocol               takes the facts out of the published kafka-clients jar (mvn, unzip, java), then generates
 *   npm run gen:protocol -- --offline  generates from the checked-in facts in packages/protocol/definitions
 *   npm run gen:protocol -- --check    generates in memory and fails, naming the files, when the checked-in ones differ
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { generate } from './generate.ts'
import { factsFromKafkaJar, KAFKA_VERSION } from './kafka-jar.ts'
import { writeDefinitions } from './write-definitions.ts'

const root = join(import.meta.dirname, '../..')
const definitionsDirectory = join(root, 'packages/protocol/definitions')
const generatedDirectory = join(root, 'packages/protocol/src/generated')

const { values } = parseArgs({ options: { offline: { type: 'boolean' }, check: { type: 'boolean' } } })

if (!values.offline && !values.check) {
  const facts = factsFromKafkaJar(join(root, '.cache/kafka-jars'))
  const files = writeDefinitions(KAFKA_VERSION, facts.messages)
  files.set('errors.facts', facts.errors)
  replaceFiles(definitionsDirectory, files)
}

const generated = generate(filesOf(definitionsDirectory))
if (values.check) {
  const stale = staleFiles(filesOf(generatedDirectory), generated)
  for (const name of stale) console.error(`stale: ${relative(root, join(generatedDirectory, name))}`)
  if (stale.length > 0) {
    console.error('Run "npm run gen:protocol -- --offline".')
    process.exitCode = 1
  }
} else {
  replaceFiles(generatedDirectory, generated)
  console.log(`${generated.size} files in ${relative(root, generatedDirectory)}`)
}

function filesOf(directory: string): Map<string, string> {
  mkdirSync(directory, { recursive: true })
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]))
}

function staleFiles(present: ReadonlyMap<string, string>, wanted: ReadonlyMap<string, string>): string[] {
  const names = new Set([...present.keys(), ...wanted.keys()])
  return [...names].filter((name) => present.get(name) !== wanted.get(name)).sort()
}

/** Only what differs is touched. */
function replaceFiles(directory: string, wanted: ReadonlyMap<string, string>): void {
  for (const name of staleFiles(filesOf(directory), wanted)) {
    const text = wanted.get(name)
    if (text === undefined) rmSync(join(directory, name))
    else writeFileSync(join(directory, name), text)
  }
}
