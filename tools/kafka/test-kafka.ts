// npm run test:kafka [-- PATTERN...] [--version V] [--brokers N] [--bootstrap HOST:PORT]: the integration and conformance
// cases on the development broker, on one real Kafka broker and on three, then a table of which case ran where. A PATTERN
// keeps only the test files whose path contains it; --brokers keeps one size of cluster; --bootstrap takes your own.
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { KafkaAdmin } from 'sluice'
import { root } from '../source-files.ts'
import { type CaseResult, type CaseRun, caseTable } from './case-table.ts'
import { KafkaCluster } from './kafka-cluster.ts'
import { defaultKafkaVersion } from './kafka-jars.ts'
import { wholeNumber } from './whole-number.ts'

const SIZES = [1, 3]
/** Cases for every cluster, and cases that only a real Kafka can tell something about. */
const EVERYWHERE = ['test/integration/**/*.test.ts', 'test/conformance/**/*.test.ts']
const KAFKA_ONLY = ['test/kafka/**/*.test.ts']

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      version: { type: 'string', default: defaultKafkaVersion },
      brokers: { type: 'string' },
      bootstrap: { type: 'string' },
    },
  })
  const everywhere = testFiles(EVERYWHERE, positionals)
  const files = [...everywhere.filter(takesTheCluster), ...testFiles(KAFKA_ONLY, positionals)]
  if (files.length === 0) throw new Error(`no test file that takes a cluster matches ${positionals.join(' ')}`)
  const runs: CaseRun[] = []
  const { version, bootstrap } = values
  if (bootstrap !== undefined) {
    const addresses = await addressesOf(bootstrap)
    runs.push(await runTests(`own x${addresses.length}`, files, addresses.join(','), version))
  } else {
    const sizes = values.brokers === undefined ? SIZES : [wholeNumber('--brokers', values.brokers, 1, 9)]
    for (const brokers of sizes) {
      await using cluster = await KafkaCluster.start({ version, brokers, signal: stop.signal })
      runs.push(await runTests(`kafka x${brokers}`, files, cluster.bootstrapServers, version))
    }
  }
  if (everywhere.length > 0) runs.unshift(await runTests('devbroker', everywhere, undefined, version))
  process.stdout.write(`\n${caseTable(runs)}`)
  const bad = runs.some(
    ({ results, hasFailed }) => hasFailed || results.length === 0 || results.some(({ outcome }) => outcome === 'failed'),
  )
  process.exitCode = bad ? 1 : 0
} catch (error) {
  if (!stop.signal.aborted) process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}

function testFiles(globs: readonly string[], patterns: readonly string[]): string[] {
  return globSync([...globs], { cwd: root })
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort()
}

/** A test that starts its own development broker says nothing about Kafka, and has no place in Kafka's columns. */
function takesTheCluster(file: string): boolean {
  return readFileSync(join(root, file), 'utf8').includes('support/test-cluster.ts')
}

/** Every broker's address, as the tests count them. */
async function addressesOf(bootstrapServers: string): Promise<string[]> {
  await using admin = new KafkaAdmin({ bootstrapServers })
  const { nodes } = await admin.describeCluster({ timeoutMs: 15_000, signal: stop.signal })
  return nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
}

/** Runs the files in Node's test runner, one after the other; on the development broker when there are no addresses. */
async function runTests(title: string, files: readonly string[], addresses: string | undefined, version: string): Promise<CaseRun> {
  process.stdout.write(`\n=== ${title}\n`)
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cases-'))
  const report = join(folder, 'cases.jsonl')
  const startedAt = performance.now()
  try {
    const environment: NodeJS.ProcessEnv = { ...process.env, SLUICE_KAFKA_VERSION: version }
    if (addresses === undefined) delete environment.SLUICE_TEST_CLUSTER
    else environment.SLUICE_TEST_CLUSTER = addresses
    const reporters = ['./tools/test-summary.ts', 'stdout', './tools/kafka/case-reporter.ts', report]
    const flags = reporters.map((value, index) => `--test-reporter${index % 2 === 0 ? '' : '-destination'}=${value}`)
    const args = ['--test', '--test-concurrency=1', '--test-timeout=300000', ...flags, ...files]
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: environment })
    const end = (): void => void child.kill('SIGTERM')
    stop.signal.addEventListener('abort', end)
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    stop.signal.removeEventListener('abort', end)
    stop.signal.throwIfAborted()
    const lines = readFileSync(report, 'utf8')
      .split('\n')
      .filter((text) => text !== '')
    const results = lines.map((text) => JSON.parse(text) as CaseResult)
    return { title, results, seconds: Math.round((performance.now() - startedAt) / 1000), hasFailed: code !== 0 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
