// What the checks agree on: which files are sources, and what they import.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('..', import.meta.url))

/** The one `testing` folder that is published, as `sluice/testing`; any other holds what the package's own tests share. */
const publicTesting = 'packages/sluice/src/testing/'

/** Hand-written and generated sources of the packages, tests left out; paths relative to the repository. */
export function packageSources(): string[] {
  return globSync('packages/*/src/**/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('.test.ts') && !file.replace(publicTesting, '').includes('/testing/'))
    .sort()
}

export interface Import {
  readonly specifier: string
  /** The repository path it leads to; undefined for a module of Node or of the registry. */
  readonly target: string | undefined
  /** Vanishes when types are stripped, so it cannot make a cycle at run time. */
  readonly typeOnly: boolean
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g

const entries: Readonly<Record<string, string>> = {
  '@sluice/protocol': 'packages/protocol/src/index.ts',
  sluice: 'packages/sluice/src/index.ts',
  'sluice/interceptors': 'packages/sluice/src/interceptors/index.ts',
  'sluice/testing': 'packages/sluice/src/testing/index.ts',
  'sluice/monitor-report': 'packages/sluice/src/interceptors/monitor/report/index.ts',
  '@sluice/monitor': 'packages/monitor/src/index.ts',
  '@sluice/devbroker': 'packages/devbroker/src/index.ts',
}

export function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = (match[2] ?? match[3])!
    const statement = match[0]
    const named = /\{([^}]*)\}/.exec(statement)?.[1]
    const allNamesAreTypes = named?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type '))
    return { specifier, target: resolve(file, specifier), typeOnly: match[1] !== undefined || allNamesAreTypes === true }
  })
}

function resolve(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return normalize(join(dirname(file), specifier))
  const message = /^@sluice\/protocol\/messages\/(.+)$/.exec(specifier)
  if (message) return `packages/protocol/src/generated/${message[1]}.ts`
  return entries[specifier]
}
