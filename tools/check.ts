// npm run check: everything a change must pass before it is handed in. Prints the command to repeat for what failed.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** `npm run check -- --quick` leaves the tests out, for CI scripts that have just run them. */
const withTests = !process.argv.includes('--quick')

const steps: readonly (readonly [name: string, command: string])[] = [
  ['types', 'npx tsc --noEmit'],
  ['types of the page', 'npx tsc --noEmit -p packages/monitor/page'],
  ['lint and format', 'npx biome check .'],
  ['import directions', 'node tools/check-imports.ts'],
  ['file sizes', 'node tools/check-sizes.ts'],
  ['public API', 'node tools/api.ts'],
  ['generated codecs', 'node tools/gen-protocol/main.ts --check'],
  ['generated docs', 'node tools/gen-docs.ts --check'],
  ['generated schema', 'node tools/gen-config-schema.ts --check'],
  ['code in the docs', 'node tools/check-docs.ts'],
  ...(withTests ? ([['tests', 'npm test']] as const) : []),
]

const failed: string[] = []
for (const [name, command] of steps) {
  const started = performance.now()
  const result = spawnSync(command, { cwd: root, shell: true, encoding: 'utf8' })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (result.status === 0) {
    process.stdout.write(`ok    ${name} (${seconds} s)\n`)
    continue
  }
  failed.push(command)
  process.stdout.write(`FAIL  ${name} (${seconds} s)\n${result.stdout}${result.stderr}\n`)
}

if (failed.length > 0) {
  process.stdout.write(`\nTo repeat what failed:\n${failed.map((command) => `  ${command}`).join('\n')}\n`)
  process.exit(1)
}
