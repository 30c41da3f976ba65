// Runs or compiles the code of README.md and docs/**/*.md. A block ```ts is executed in a process of its own, with the
// embedded broker where it starts one; ```ts compile is only type-checked; other languages are text.
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './source-files.ts'

const folder = join(root, '.cache', 'docs')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

interface Block {
  readonly file: string
  readonly line: number
  readonly path: string
  readonly run: boolean
}

const blocks: Block[] = []
for (const file of ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })]) {
  const text = readFileSync(join(root, file), 'utf8')
  for (const match of text.matchAll(/^```ts([^\n]*)\n([\s\S]*?)^```/gm)) {
    const line = text.slice(0, match.index).split('\n').length
    const path = join(folder, `${file.replaceAll('/', '-').replace(/\.md$/, '')}-${line}.ts`)
    writeFileSync(path, `${match[2]}\nexport {}\n`)
    blocks.push({ file, line, path, run: !match[1]!.includes('compile') })
  }
}

const config = join(folder, 'tsconfig.json')
writeFileSync(
  config,
  JSON.stringify({
    extends: '../../tsconfig.json',
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, isolatedDeclarations: false, declaration: false },
    include: ['*.ts'],
  }),
)
const failed: string[] = []
if (blocks.length > 0) {
  const tsc = spawnSync('npx', ['tsc', '-p', config], { cwd: root, encoding: 'utf8' })
  if (tsc.status !== 0) failed.push(tsc.stdout)
}
for (const { file, line, path, run } of blocks) {
  if (!run) continue
  const result = spawnSync(process.execPath, [path], { cwd: root, encoding: 'utf8', timeout: 30_000 })
  if (result.status !== 0) failed.push(`${file}:${line} exited with ${result.status ?? result.signal}\n${result.stderr}`)
}

process.stdout.write(`${blocks.length} blocks compiled, ${blocks.filter(({ run }) => run).length} executed\n`)
if (failed.length > 0) {
  process.stderr.write(failed.join('\n'))
  process.exit(1)
}
