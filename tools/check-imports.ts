// Imports go one way (DESIGN.md §2). Fails on an import that no row allows, on a cycle, and on a runtime dependency
// outside Node in a package that has none.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { importsOf, packageSources, root } from './source-files.ts'

/** Folder -> folders it may import from (its own is always allowed). The longest matching folder decides. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'packages/protocol/src': [],

  'packages/sluice/src/record': ['sluice:base', 'protocol'],
  'packages/sluice/src/metrics': ['sluice:base'],
  'packages/sluice/src/options': ['sluice:base', 'sluice:record', 'protocol', 'sluice:interceptor', 'sluice:network'],
  'packages/sluice/src/interceptor': ['sluice:base', 'sluice:record', 'protocol'],
  'packages/sluice/src/interceptors': ['sluice:entry'],
  'packages/sluice/src/config': ['sluice:base', 'sluice:record', 'sluice:interceptor', 'sluice:options', 'sluice:entry'],
  'packages/sluice/src/testing': [
    'sluice:entry',
    'sluice:base',
    'sluice:metrics',
    'sluice:record',
    'sluice:interceptor',
    'sluice:options',
    'sluice:network',
    'sluice:producer',
    'sluice:consumer',
    'protocol',
  ],
  'packages/sluice/src/dead-letter': ['sluice:base', 'sluice:record', 'sluice:options', 'sluice:producer', 'sluice:interceptor'],
  'packages/sluice/src/network': ['sluice:base', 'sluice:metrics', 'protocol'],
  'packages/sluice/src/producer': [
    'sluice:base',
    'sluice:metrics',
    'sluice:record',
    'sluice:options',
    'sluice:interceptor',
    'sluice:network',
    'protocol',
  ],
  'packages/sluice/src/consumer': [
    'sluice:base',
    'sluice:metrics',
    'sluice:record',
    'sluice:options',
    'sluice:interceptor',
    'sluice:network',
    'protocol',
    'sluice:dead-letter',
  ],
  'packages/sluice/src/admin': ['sluice:base', 'sluice:record', 'sluice:options', 'sluice:network', 'protocol'],

  'packages/devbroker/src': ['protocol'],
  'packages/monitor/src': ['sluice:entry'],
  'packages/cli/src': ['sluice:entry', 'devbroker:entry', 'monitor:entry'],
}

/** Names used above, as path prefixes. A `base` file belongs to no folder; an `entry` is what a user can import. */
const groups: Readonly<Record<string, readonly string[]>> = {
  protocol: ['packages/protocol/src/index.ts', 'packages/protocol/src/generated/'],
  'sluice:base': ['errors', 'clock', 'logger', 'diagnostics', 'near-name'].map((name) => `packages/sluice/src/${name}.ts`),
  'sluice:metrics': ['packages/sluice/src/metrics/'],
  'sluice:record': ['packages/sluice/src/record/'],
  'sluice:options': ['packages/sluice/src/options/'],
  'sluice:interceptor': ['packages/sluice/src/interceptor/'],
  'sluice:network': ['packages/sluice/src/network/'],
  'sluice:producer': ['packages/sluice/src/producer/'],
  'sluice:consumer': ['packages/sluice/src/consumer/'],
  'sluice:dead-letter': ['packages/sluice/src/dead-letter/'],
  'sluice:entry': [
    'packages/sluice/src/index.ts',
    'packages/sluice/src/interceptors/index.ts',
    'packages/sluice/src/interceptors/monitor/report/index.ts',
  ],
  'monitor:entry': ['packages/monitor/src/index.ts'],
  'devbroker:entry': ['packages/devbroker/src/index.ts'],
}

/** Where optional peers may be named; they are loaded at the first use. */
const mayLoadPeers = ['packages/protocol/src/compression/', 'packages/sluice/src/interceptors/', 'packages/sluice/src/config/']

const problems: string[] = []
const graph = new Map<string, string[]>()

for (const file of packageSources()) {
  const folder = Object.keys(allowed)
    .filter((prefix) => file.startsWith(`${prefix}/`))
    .sort((a, b) => b.length - a.length)[0]
  const isBase = groups['sluice:base']!.includes(file)
  const isEntry = /^packages\/[^/]+\/src\/index\.ts$/.test(file)
  const targets: string[] = []
  for (const { specifier, target, typeOnly } of importsOf(file)) {
    if (target === undefined) {
      const builtIn = specifier.startsWith('node:')
      if (!builtIn && !mayLoadPeers.some((prefix) => file.startsWith(prefix)))
        problems.push(`${file}: "${specifier}" is a dependency that the package does not have`)
      continue
    }
    if (!existsSync(join(root, target))) {
      problems.push(`${file}: "${specifier}" leads to no file`)
      continue
    }
    if (!typeOnly) targets.push(target)
    if (isEntry && target.startsWith(file.replace(/index\.ts$/, ''))) continue
    if (isBase) {
      if (!groups['sluice:base']!.includes(target)) problems.push(`${file}: a base file may not import ${target}`)
      continue
    }
    if (folder === undefined) {
      problems.push(`${file}: no row in tools/check-imports.ts covers its folder`)
      continue
    }
    const prefixes = allowed[folder]!.flatMap((name) => groups[name]!)
    const ownFolder = target.startsWith(`${folder}/`) && ownerOf(target) === folder
    if (!ownFolder && !prefixes.some((prefix) => target.startsWith(prefix))) {
      problems.push(`${file}: may not import ${target}`)
    }
  }
  graph.set(file, targets)
}

function ownerOf(file: string): string | undefined {
  return Object.keys(allowed)
    .filter((prefix) => file.startsWith(`${prefix}/`))
    .sort((a, b) => b.length - a.length)[0]
}

const state = new Map<string, 'open' | 'done'>()
function visit(file: string, path: readonly string[]): void {
  if (state.get(file) === 'done') return
  if (state.get(file) === 'open') {
    problems.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`)
    return
  }
  state.set(file, 'open')
  for (const target of graph.get(file) ?? []) visit(target, [...path, file])
  state.set(file, 'done')
}
for (const file of graph.keys()) visit(file, [])

if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`)
  process.exit(1)
}
process.stdout.write(`${graph.size} files import in the right direction, without a cycle\n`)
