import { type Case, cases } from './cases.ts'
import { startClientRun } from './client-run.ts'
import { type ImportCase, importCases } from './import-cases.ts'
import { startImportRun } from './import-run.ts'
import { type KeptCase, keptCases, startKeptRun } from './kept-case.ts'
import type { MicroCase } from './micro-case.ts'
import { microCases } from './micro-cases.ts'
import { startMicroRun } from './micro-run.ts'
import type { BenchOptions } from './options.ts'
import type { Run } from './run.ts'

export type AnyCase = Case | ImportCase | KeptCase | MicroCase

/** An import is over in milliseconds, so it is repeated more often. */
const MIN_IMPORT_ROUNDS = 9
/** A ratio of two runs has the noise of both. */
const MIN_KEPT_ROUNDS = 7

/** The cases whose names begin with one of `prefixes`, which commas part. Throws an Error, with all names, when there is none for one. */
export async function selectCases(prefixes: string): Promise<AnyCase[]> {
  const all: AnyCase[] = [...cases, ...importCases, ...(await microCases()), ...keptCases]
  const wanted = prefixes.split(',')
  for (const prefix of wanted) {
    if (!all.some(({ name }) => name.startsWith(prefix))) {
      throw new Error(`--only: no case begins with "${prefix}"; there are ${all.map(({ name }) => name).join(', ')}`)
    }
  }
  return all.filter(({ name }) => wanted.some((prefix) => name.startsWith(prefix)))
}

export function startRun(found: AnyCase, { seconds }: BenchOptions): Promise<Run> | Run {
  if ('setUp' in found) return startMicroRun(found)
  if (found.kind === 'kept') return startKeptRun(found, seconds)
  return found.kind === 'import' ? startImportRun(found) : startClientRun(found, seconds)
}

export function roundsOf(found: AnyCase, { runs }: BenchOptions): number {
  if ('setUp' in found) return runs
  if (found.kind === 'import') return Math.max(runs, MIN_IMPORT_ROUNDS)
  if (found.kind === 'kept') return Math.max(runs, MIN_KEPT_ROUNDS)
  return found.kind === 'memory' ? 1 : runs
}

/** Which of the clients have this case at all: only ours is taken to pieces. */
export function clientsOf(found: AnyCase, clients: readonly string[]): string[] {
  if ('setUp' in found || found.kind === 'kept') return clients.filter((client) => client === 'sluice')
  return clients.filter((client) => found.kind !== 'import' || found.modules[client] !== undefined)
}

/** Why a client cannot do a case that it has. */
export function reasonsOf(found: AnyCase): ReadonlyMap<string, string> {
  return new Map('without' in found ? Object.entries(found.without ?? {}) : [])
}
