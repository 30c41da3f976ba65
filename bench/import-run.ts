import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bundlePackages } from '../tools/build.ts'
import { peerHome, peers } from '../tools/peers.ts'
import { root } from '../tools/source-files.ts'
import { runForJson } from './child-process.ts'
import type { Contestant, SourceTree } from './contestant.ts'
import type { ImportCase } from './import-cases.ts'
import type { Run } from './run.ts'

const PROCESS_TIMEOUT_MS = 30_000

interface Figures {
  readonly ms: number
  readonly rss: number
}

/** Each measurement is two fresh processes: one that imports, and one that does not. */
export function startImportRun(found: ImportCase): Run {
  const built = new Map<SourceTree, string>()
  const removeBuilt = (): void => {
    for (const folder of built.values()) rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', removeBuilt)
  const folderOf = ({ client, tree }: Contestant): string => {
    if (peers.some(({ name }) => name === client)) return peerHome(client)
    if (client !== 'sluice' || found.ours === 'sources') return tree.folder
    if (!built.has(tree)) built.set(tree, installBuilt(tree))
    return built.get(tree)!
  }
  return {
    async measure(contestant) {
      const folder = folderOf(contestant)
      const { rss: emptyRss } = await inFreshProcess('', folder)
      const { ms, rss } = await inFreshProcess(`await import('${found.modules[contestant.client]}')`, folder)
      const rssMb = Number(((rss - emptyRss) / 2 ** 20).toFixed(1))
      return { case: found.name, client: contestant.client, ms: Number(ms.toFixed(1)), rssMb }
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', removeBuilt)
      removeBuilt()
    },
  }
}

function inFreshProcess(statement: string, cwd: string): Promise<Figures> {
  const code = `const startedAt = performance.now()
${statement}
const ms = performance.now() - startedAt
console.log(JSON.stringify({ ms, rss: process.memoryUsage.rss() }))
process.exit(0)`
  return runForJson<Figures>(['--input-type=module', '-e', code], cwd, PROCESS_TIMEOUT_MS)
}

/** The packages as `npm run build` makes them, where an import finds them. Returns the folder to import in. */
function installBuilt({ folder }: SourceTree): string {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const home = mkdtempSync(join(root, '.cache', 'bench-import-'))
  for (const { name, folder: built } of bundlePackages(home, join(folder, 'packages'))) {
    const link = join(home, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(built, link)
  }
  return home
}
