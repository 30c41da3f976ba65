// node tools/build-page.ts [FOLDER]: builds the monitor's web page with Vite. Without FOLDER the build is kept under .cache, by
// what its sources contain, so that it is never older than they are and two processes can build it at the same time.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'packages', 'monitor', 'page')
const builds = join(root, '.cache', 'page')
const BUILD_TIMEOUT_MS = 120_000
const KEPT_MS = 3_600_000

/** The folder with a build of the present sources. Builds it in a process of its own: Vite changes the one that it runs in. */
export async function buildPage(): Promise<string> {
  const built = join(builds, hashOfSources())
  if (existsSync(join(built, 'index.html'))) return built
  const fresh = `${built}.${process.pid}`
  await buildInto(fresh)
  try {
    renameSync(fresh, built)
  } catch (error) {
    // Another process was first, with the same content.
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(join(built, 'index.html'))) throw error
  }
  removeOld(built)
  return built
}

/** Builds it into `folder`. Rejects with an Error that carries what Vite printed. */
export async function buildInto(folder: string): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), folder], { cwd: root, timeout: BUILD_TIMEOUT_MS })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += chunk))
  child.stderr.on('data', (chunk) => (printed += chunk))
  await new Promise<void>((done, failed) => {
    child.on('error', failed)
    child.on('close', (code) => (code === 0 ? done() : failed(new Error(`the monitor's page could not be built:\n${printed}`))))
  })
}

/** Builds of other sources, when nobody can be reading them any more. */
function removeOld(built: string): void {
  for (const name of readdirSync(builds)) {
    const other = join(builds, name)
    const modified = statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY
    if (other !== built && modified < Date.now() - KEPT_MS) rmSync(other, { recursive: true, force: true })
  }
}

function hashOfSources(): string {
  const hash = createHash('sha256')
  const files = [...globSync('{index.html,src/**,public/**}', { cwd: source, withFileTypes: true })]
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const others = [fileURLToPath(import.meta.url), join(root, 'packages', 'monitor', 'src', 'api-types.ts'), join(root, 'package-lock.json')]
  for (const file of [...files.sort(), ...others]) {
    const content = readFileSync(file)
    hash.update(`${file.slice(root.length)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex').slice(0, 20)
}

async function runVite(folder: string): Promise<void> {
  const { build } = await import('vite')
  mkdirSync(folder, { recursive: true })
  await build({
    configFile: false,
    root: source,
    // Relative addresses: the page may be served below any path.
    base: './',
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      // A data: address would need an exception in the security policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  })
}

if (import.meta.main) {
  const folder = process.argv[2]
  if (folder === undefined) process.stdout.write(`${await buildPage()}\n`)
  else await runVite(resolve(folder))
}
