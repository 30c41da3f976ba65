// node tools/gen-docs.ts [--check]: writes docs/options.md from the option tables. With --check it
// only compares, and fails when the page is stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { adminOptions } from '../packages/sluice/src/options/admin-options.ts'
import { consumerOptions } from '../packages/sluice/src/options/consumer-options.ts'
import { networkOptions } from '../packages/sluice/src/options/network-options.ts'
import type { AnyOptionTable, OptionSpec } from '../packages/sluice/src/options/option-table.ts'
import { producerOptions } from '../packages/sluice/src/options/producer-options.ts'
import { root } from './source-files.ts'

const page = join(root, 'docs', 'options.md')

function shown(spec: OptionSpec<unknown>): string {
  if (spec.required) return 'required'
  if (spec.defaultText !== undefined) return spec.defaultText
  const value = spec.default
  if (value === undefined) return 'none'
  if (Array.isArray(value)) return value.length === 0 ? '`[]`' : `\`${value.join(', ')}\``
  return value === '' ? '`""`' : `\`${String(value)}\``
}

function section(title: string, options: AnyOptionTable, without: AnyOptionTable = {}): string {
  const rows = Object.entries(options)
    .filter(([name, spec]) => !(name in without) || shown(spec) !== shown(without[name]!))
    .map(([name, spec]) => [
      `\`${name}\``,
      spec.kafkaName === undefined ? '' : `\`${spec.kafkaName}\``,
      shown(spec),
      spec.allowed,
      spec.doc,
    ])
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
  return [`## ${title}`, '', '| option | Java name | default | allowed | meaning |', '|---|---|---|---|---|', ...rows, ''].join('\n')
}

const shared: AnyOptionTable = networkOptions(65_536)
const text = `<!-- Written by tools/gen-docs.ts from packages/sluice/src/options; change the tables there. -->
# Options

Names are Java's in camelCase, and defaults those of Kafka 4.x. \`fromProperties(text)\` reads the Java names. Times are in
milliseconds, sizes in bytes. Options are checked once, when the client is made: one error names all that is wrong, and an
unknown option comes with the nearest known name.

${section('All clients', shared)}
${section('KafkaProducer', producerOptions, shared)}
${section('KafkaConsumer', consumerOptions, shared)}
${section('KafkaAdmin', adminOptions, shared)}`

const current = existsSync(page) ? readFileSync(page, 'utf8') : ''
if (process.argv.includes('--check')) {
  if (current !== text) {
    process.stderr.write('docs/options.md is stale; run: node tools/gen-docs.ts\n')
    process.exit(1)
  }
  process.stdout.write('docs/options.md is fresh\n')
} else {
  mkdirSync(dirname(page), { recursive: true })
  writeFileSync(page, text)
}
