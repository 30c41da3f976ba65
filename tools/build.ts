// npm run build: what would be published, in dist/: a folder per package with JavaScript, declarations and a package.json of
// its own, and a tarball of each. Nobody needs it to work in the repository, where the sources run as they are; but Node
// strips no types under node_modules, so what is installed must be JavaScript. The modules of a package are joined into few
// files, which load in a third of the time.
import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { buildSync } from 'esbuild'
import { root } from './source-files.ts'

type Exports = Readonly<Record<string, string>>

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Exports
  readonly bin?: Readonly<Record<string, string>>
}

export interface BundledPackage {
  readonly name: string
  readonly folder: string
}

export interface BuiltPackage extends BundledPackage {
  readonly tarball: string
}

const ownPackages = join(root, 'packages')

/** Builds and packs every package into `folder`, which is emptied first. Throws an Error with what tsc or npm said. */
export function buildPackages(folder: string): BuiltPackage[] {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  declare(folder, readdirSync(ownPackages))
  const bundled = bundlePackages(folder)
  buildPage(join(folder, 'monitor'))
  return bundled.map((built) => ({ ...built, tarball: pack(built.folder, folder) }))
}

/** As `buildPackages`, but without types and tarballs; also for a copy of the repository, with its packages in `packages`. */
export function bundlePackages(folder: string, packages: string = ownPackages): BundledPackage[] {
  return readdirSync(packages)
    .sort()
    .map((name) => {
      const built = join(folder, name)
      bundle(join(packages, name), built)
      const manifest = manifestOf(join(packages, name))
      writeFileSync(join(built, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`)
      const texts = ['LICENSE', 'NOTICE', ...(name === 'sluice' ? ['README.md'] : [])]
      for (const file of texts) copyFileSync(join(root, file), join(built, file))
      for (const schema of globSync('*.schema.json', { cwd: join(packages, name) }))
        copyFileSync(join(packages, name, schema), join(built, schema))
      return { name: manifest.name, folder: built }
    })
}

/** Types checked, and declarations written: one program for all packages. */
function declare(folder: string, names: readonly string[]): void {
  const output = join(folder, 'compiled')
  const config = join(folder, 'tsconfig.json')
  const source = (path: string): string => join(ownPackages, path)
  writeFileSync(
    config,
    JSON.stringify({
      extends: relativeTo(folder, join(root, 'tsconfig.json')),
      compilerOptions: {
        noEmit: false,
        emitDeclarationOnly: true,
        noEmitOnError: true,
        allowImportingTsExtensions: false,
        rewriteRelativeImportExtensions: true,
        rootDir: source(''),
        outDir: output,
        typeRoots: [join(root, 'node_modules', '@types')],
        // By path, not through the workspace links: what is reached through node_modules is not emitted.
        paths: Object.fromEntries(names.flatMap((name) => sourcesByImport(source(name)))),
      },
      // What nobody can reach, such as tests, is left out.
      include: [],
      files: names.flatMap((name) => entriesOf(source(name)).map((file) => source(join(name, file)))),
    }),
  )
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', config])
  for (const name of names) renameSync(join(output, name, 'src'), join(folder, name))
  rmSync(output, { recursive: true })
  rmSync(config)
}

/** A JavaScript file for each entry, and what several entries share in `chunks`; other packages stay imports. */
function bundle(source: string, output: string): void {
  buildSync({
    entryPoints: entriesOf(source),
    absWorkingDir: source,
    outbase: join(source, 'src'),
    outdir: output,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    logLevel: 'error',
  })
}

/** The web page of the monitor, beside its main file. */
function buildPage(monitor: string): void {
  run(process.execPath, [join(root, 'tools', 'build-page.ts'), join(monitor, 'page')])
}

/** The files that can be imported or run, relative to the package's folder. */
function entriesOf(folder: string): string[] {
  const { exports, bin } = manifestOf(folder)
  return [...Object.values(exports ?? {}), ...Object.values(bin ?? {})].flatMap((file) => globSync(file, { cwd: folder })).sort()
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

function sourcesByImport(folder: string): [string, string[]][] {
  const manifest = manifestOf(folder)
  return Object.entries(manifest.exports ?? {}).map(([entry, file]) => [join(manifest.name, entry), [join(folder, file)]])
}

/** The package's own, leading to what was compiled: each `./src/x.ts` is `./x.js` here, with its declarations beside it. */
function publishedManifest({ private: _, exports, bin, ...rest }: Manifest): object {
  const compiled = (file: string, extension: string): string => file.replace(/^\.\/src\//, './').replace(/\.ts$/, extension)
  const entries = Object.entries(exports ?? {}).map(([entry, file]) => [
    entry,
    { types: compiled(file, '.d.ts'), default: compiled(file, '.js') },
  ])
  const commands = Object.entries(bin ?? {}).map(([command, file]) => [command, compiled(file, '.js')])
  return {
    ...rest,
    ...(exports === undefined ? {} : { exports: Object.fromEntries(entries) }),
    ...(bin === undefined ? {} : { bin: Object.fromEntries(commands) }),
    files: ['**/*.js', '**/*.d.ts', 'page/**', '*.schema.json', 'NOTICE'],
  }
}

function pack(folder: string, destination: string): string {
  const printed = run('npm', ['pack', folder, '--pack-destination', destination, '--json', '--ignore-scripts', '--loglevel=error'])
  const [packed] = JSON.parse(printed) as { filename: string }[]
  return join(destination, packed!.filename)
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed:\n${error?.message ?? `${stdout}${stderr}`}`)
  return stdout
}

function relativeTo(folder: string, file: string): string {
  const path = relative(folder, file)
  return path.startsWith('.') ? path : `./${path}`
}

if (import.meta.main) {
  const folder = join(root, 'dist')
  const built = buildPackages(folder)
  for (const { name, tarball } of built) process.stdout.write(`${name.padEnd(20)}${relative(root, tarball)}\n`)
}
