import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../tools/source-files.ts'
import type { SourceTree } from './contestant.ts'

/**
 * The packages of another revision in a folder of their own under .cache, with the working tree's bench beside them, so
 * that the same bench runs on both, and with its third-party packages. Throws an Error for what is no revision. The folder
 * goes with disposal, and with this process, however that ends (SIGKILL apart).
 */
export function checkOut(revision: string): Required<SourceTree> & Disposable {
  const commit = git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`])
  if (commit === undefined) throw new Error(`--against: this repository has no revision "${revision}"`)
  const short = git(['rev-parse', '--short', commit.trim()])!.trim()
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache', `against-${short}-`))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  extract(commit.trim(), folder)
  // The bench imports pieces of its own and of tools/, and both look for our packages from where they are.
  for (const name of ['bench', 'tools', 'package.json', 'LICENSE', 'NOTICE', 'README.md', 'tsconfig.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  linkModules(folder)
  return {
    folder,
    revision: short,
    [Symbol.dispose]() {
      process.off('exit', remove)
      remove()
    },
  }
}

/** Not `git worktree`: that leaves a record in the repository when this process is killed. */
function extract(commit: string, folder: string): void {
  const archive = join(folder, 'packages.tar')
  if (git(['archive', `--output=${archive}`, commit, 'packages']) === undefined) {
    throw new Error(`--against: revision ${commit} has no packages`)
  }
  const { status, stderr } = spawnSync('tar', ['-xf', archive, '-C', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the packages of ${commit} could not be unpacked: ${stderr}`)
  rmSync(archive)
}

/** Third parties from the working tree, our own from the folder itself. */
function linkModules(folder: string): void {
  const own = readdirSync(join(folder, 'packages')).map((name) => {
    const { name: imported } = JSON.parse(readFileSync(join(folder, 'packages', name, 'package.json'), 'utf8')) as { name: string }
    return { imported, target: join(folder, 'packages', name) }
  })
  const isOurs = (name: string): boolean => own.some(({ imported }) => imported.split('/')[0] === name)
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!isOurs(name)) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  for (const { imported, target } of own) {
    mkdirSync(dirname(join(modules, imported)), { recursive: true })
    symlinkSync(target, join(modules, imported))
  }
}

/** What git printed; undefined when it failed. */
function git(args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}
