import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { runJava } from '../../support/java.ts'
import { consumerDifferences } from './consumer-differences.ts'
import { type Difference, expectedTrace } from './difference.ts'
import { errorNames } from './error-names.ts'
import { producerDifferences } from './producer-differences.ts'
import { fillTopics } from './scenario-topics.ts'
import { scenarios } from './scenarios.ts'
import { StalledBroker } from './stalled-broker.ts'
import { traceScenarios } from './trace.ts'

export const differences: readonly Difference[] = [...producerDifferences, ...consumerDifferences]

/** Lines by the name of the scenario. */
export type Traces = ReadonlyMap<string, readonly string[]>

const recording = new URL('./java.trace', import.meta.url)

/**
 * Runs every scenario with Sluice, and at the same time with the Java client, each on topics of its own. Without Java, which
 * is on the development broker, the recording stands in for it.
 */
export async function runScenarios(bootstrapServers: string, withJava: boolean): Promise<{ java: Traces; sluice: Traces }> {
  await using stalled = await StalledBroker.start(bootstrapServers)
  const chosen = withJava ? scenarios : scenarios.filter(({ kafkaOnly }) => kafkaOnly === undefined)
  const scripts = JSON.parse(JSON.stringify(chosen).replaceAll('"bootstrap.servers":"stalled"', `"bootstrap.servers":"${stalled.address}"`))
  const run = `trace-${process.pid}-${Date.now()}`
  const sides = withJava ? [`${run}-sluice-`, `${run}-java-`] : [`${run}-sluice-`]
  await using _ = await fillTopics(scripts, bootstrapServers, sides)
  const [sluice, java] = await Promise.all([
    traceScenarios(scripts, bootstrapServers, sides[0]!),
    withJava ? traceWithJava(scripts, bootstrapServers, sides[1]!) : recordedTraces(),
  ])
  return { java, sluice: new Map(chosen.map(({ name }, index) => [name, sluice[index]!])) }
}

async function traceWithJava(scripts: unknown, bootstrapServers: string, prefix: string): Promise<Traces> {
  const input = JSON.stringify({ errors: errorNames.filter(({ sluice }) => sluice === undefined), scenarios: scripts })
  const { code, stdout, stderr } = await runJava('test/java/InterceptorTrace.java', [bootstrapServers, prefix], {
    input,
    timeoutMs: 85_000,
  })
  if (code !== 0) throw new Error(`InterceptorTrace.java ended with ${code}:\n${stderr}`)
  return parseTraces(stdout)
}

/** What the Java client did when it was last run; see `checkRecording`. */
export function recordedTraces(): Traces {
  return parseTraces(readFileSync(recording, 'utf8'))
}

/** The recording stands in for the Java client where there is none, so it must be what the client does. SLUICE_RECORD=1 renews it. */
export function checkRecording(java: Traces): void {
  if (process.env.SLUICE_RECORD === '1') {
    writeFileSync(recording, [...java.keys()].map((name) => textOf(name, java)).join(''))
  }
  assert.deepEqual([...java.keys()], [...recordedTraces().keys()])
  assertSameTraces(java, recordedTraces())
}

function parseTraces(text: string): Traces {
  const traces = new Map<string, string[]>()
  let lines: string[] = []
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('# ')) {
      lines = []
      traces.set(line.slice(2), lines)
    } else lines.push(line)
  }
  return traces
}

/** Fails with every scenario of this kind (the word before the colon) whose trace is not Java's but for the differences. */
export function assertTracesAgree(kind: string, { java, sluice }: { readonly java: Traces; readonly sluice: Traces }): void {
  const ofKind = [...sluice.keys()].filter((name) => name.startsWith(`${kind}:`))
  assert.ok(ofKind.length > 0)
  assertSameTraces(
    new Map(ofKind.map((name) => [name, sluice.get(name) ?? []])),
    new Map(ofKind.map((name) => [name, expectedTrace(name, java.get(name) ?? [], differences)])),
  )
}

/** Shows only the scenarios that differ. */
function assertSameTraces(actual: Traces, expected: Traces): void {
  const differing = [...expected.keys()].filter((name) => textOf(name, actual) !== textOf(name, expected))
  assert.equal(differing.map((name) => textOf(name, actual)).join(''), differing.map((name) => textOf(name, expected)).join(''))
}

function textOf(name: string, traces: Traces): string {
  return `# ${name}\n${(traces.get(name) ?? ['(no trace)']).join('\n')}\n`
}

/** The kinds of scenarios, for one test each. */
export const kinds: readonly string[] = [...new Set(scenarios.map(({ name }) => name.slice(0, name.indexOf(':'))))]
