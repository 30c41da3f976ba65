// npm test [-- PATTERN...] [--kafka...]: runs the unit, conformance and integration tests with Node's own runner.
// test/kafka needs a real Kafka: `npm run test:kafka` runs it. A PATTERN keeps only the test files whose path contains it:
// `npm test -- accumulator`.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const patterns = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'))

const files = globSync(
  ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts', 'bench/**/*.test.ts'],
  {
    cwd: root,
  },
)
  .filter((file) => !file.includes('node_modules') && !/^test.kafka./.test(file))
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .sort()

if (files.length === 0) {
  process.stderr.write(`no test file matches ${patterns.join(' ')}\n`)
  process.exit(1)
}

const result = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=./tools/test-summary.ts', '--test-reporter-destination=stdout', '--test-timeout=120000', ...flags, ...files],
  { cwd: root, stdio: 'inherit' },
)
process.exit(result.status ?? 1)
