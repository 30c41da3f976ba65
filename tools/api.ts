// npm run api [-- --update]: compares every entry's public surface with the committed snapshot in api/.
// A snapshot is the declaration of each name that the entry's index.ts exports, comments left out, sorted by name.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { root } from './source-files.ts'

const entries: Readonly<Record<string, string>> = {
  'sluice-protocol': 'packages/protocol/src/index.ts',
  sluice: 'packages/sluice/src/index.ts',
  'sluice-interceptors': 'packages/sluice/src/interceptors/index.ts',
  'sluice-testing': 'packages/sluice/src/testing/index.ts',
  'sluice-monitor-report': 'packages/sluice/src/interceptors/monitor/report/index.ts',
  'sluice-monitor': 'packages/monitor/src/index.ts',
  'sluice-devbroker': 'packages/devbroker/src/index.ts',
}

const update = process.argv.includes('--update')
const emitted = join(root, '.cache', 'api')

rmSync(emitted, { recursive: true, force: true })
mkdirSync(emitted, { recursive: true })
const config = join(emitted, 'tsconfig.json')
writeFileSync(
  config,
  JSON.stringify({
    extends: '../../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      emitDeclarationOnly: true,
      removeComments: true,
      allowImportingTsExtensions: false,
      rewriteRelativeImportExtensions: true,
      rootDir: '../..',
      outDir: '.',
      // By path, not through the workspace links: what is reached through node_modules is not emitted.
      paths: {
        '@sluice/protocol': ['../../packages/protocol/src/index.ts'],
        '@sluice/protocol/messages/*': ['../../packages/protocol/src/generated/*.ts'],
        sluice: ['../../packages/sluice/src/index.ts'],
      },
    },
    include: Object.values(entries).map((index) => `../../${index}`),
  }),
)
const tsc = spawnSync('npx', ['tsc', '-p', config], { cwd: root, encoding: 'utf8' })
if (tsc.status !== 0) {
  process.stderr.write(tsc.stdout)
  process.exit(1)
}

let changed = false
mkdirSync(join(root, 'api'), { recursive: true })
for (const [name, index] of Object.entries(entries)) {
  const surface = declarationsOf(index)
  const snapshot = join(root, 'api', `${name}.d.ts`)
  const committed = existsSync(snapshot) ? readFileSync(snapshot, 'utf8') : ''
  if (surface === committed) continue
  if (update) {
    writeFileSync(snapshot, surface)
    process.stdout.write(`api/${name}.d.ts updated\n`)
    continue
  }
  changed = true
  process.stderr.write(`api/${name}.d.ts differs from what ${index} exports:\n${difference(committed, surface)}\n`)
}
if (changed) {
  process.stderr.write('If the change is meant: npm run api -- --update, and commit the snapshot.\n')
  process.exit(1)
}

function declarationsOf(index: string): string {
  const declarations = new Map<string, string>()
  const text = readEmitted(index)
  for (const match of text.matchAll(/export (type )?\{([^}]*)\}(?: from ['"]([^'"]+)['"])?/g)) {
    for (const item of match[2]!.split(',')) {
      const names = /^\s*(type\s+)?(\w+)(?:\s+as\s+(\w+))?\s*$/.exec(item)
      if (!names) continue
      const source = match[3] === undefined ? index : normalize(join(dirname(index), match[3].replace(/\.js$/, '.ts')))
      declarations.set(names[3] ?? names[2]!, declarationOf(source, names[2]!))
    }
  }
  if (/export \*/.test(text)) throw new Error(`${index} exports with *: list the names`)
  return [...declarations]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, declaration]) => `${declaration}\n`)
    .join('\n')
}

function declarationOf(source: string, name: string): string {
  const text = readEmitted(source)
  const start = new RegExp(`^export (?:declare )?(?:abstract )?(?:interface|class|function|const|let|type) ${name}\\b`, 'm').exec(text)
  if (!start) {
    const reexport = new RegExp(`export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from ['"]([^'"]+)['"]`).exec(text)
    if (!reexport) throw new Error(`${source} declares no ${name}`)
    return declarationOf(normalize(join(dirname(source), reexport[1]!.replace(/\.js$/, '.ts'))), name)
  }
  // Overloads follow one another; a declaration ends at the first line end outside of brackets.
  let end = start.index
  let depth = 0
  for (; end < text.length; end++) {
    const character = text[end]!
    if ('{(['.includes(character)) depth++
    else if ('})]'.includes(character)) depth--
    else if (
      character === '\n' &&
      depth === 0 &&
      !/[=|&:,]\s*$/.test(text.slice(start.index, end)) &&
      !/^\s*[|&]/.test(text.slice(end + 1))
    )
      break
  }
  const declaration = text.slice(start.index, end)
  const rest = text.slice(end + 1)
  const overload = new RegExp(`^export declare function ${name}\\b`).test(rest) ? `\n${declarationOfText(rest, name)}` : ''
  return declaration + overload
}

function declarationOfText(text: string, name: string): string {
  const lines = text.split('\n')
  const overloads = lines.findIndex((line) => !line.startsWith(`export declare function ${name}`))
  return lines.slice(0, overloads).join('\n')
}

function readEmitted(source: string): string {
  return readFileSync(join(emitted, source.replace(/\.ts$/, '.d.ts')), 'utf8')
}

function difference(before: string, after: string): string {
  const old = new Set(before.split('\n'))
  const now = new Set(after.split('\n'))
  return [
    ...[...old].filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...[...now].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ].join('\n')
}
