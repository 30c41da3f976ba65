import { differences } from './compare.ts'
import { type ErrorName, errorNames } from './error-names.ts'
import { scenarios } from './scenarios.ts'

/** The part of docs/from-java.md that is written from the tables here; a test compares. */
export function docsTables(): string {
  const different = new Set(differences.flatMap(({ traces }) => Object.keys(traces)))
  const rows = differences.map(({ java, sluice, why, traces }) => [java, sluice, why, String(Object.keys(traces).length)])
  return `## Deliberate differences

Of ${scenarios.length} scenarios, ${scenarios.length - different.size} have the same trace in both clients, line by line. The other ${different.size} differ in what stands here, and in
nothing else; the last column says in how many of them each difference shows.

${table(['Java', 'Sluice', 'why', 'scenarios'], rows)}

## Errors

A \`KafkaError\` has a \`code\` where Java has a class. What is not in this table has the name that the protocol gives the error:
\`FencedInstanceIdException\` is \`FENCED_INSTANCE_ID\`.

${table(['Java', 'code'], errorNames.map(errorRow))}
`
}

function errorRow({ java, says, code, sluice }: ErrorName): string[] {
  const when = says === undefined ? (sluice === undefined ? '' : ' from a broker') : ` that says "${says}"`
  return [`\`${java}\`${when}`, `\`${sluice ?? code}\``]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
