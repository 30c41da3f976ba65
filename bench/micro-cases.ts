import type { MicroCase } from './micro-case.ts'

/** A file of `bench/micro` per group. Loaded one by one: another revision of ours need not have what other groups measure. */
const groups: Readonly<Record<string, () => Promise<{ readonly cases: readonly MicroCase[] }>>> = {
  chain: () => import('./micro/chain.ts'),
  'interceptors-flume': () => import('./micro/interceptors-flume.ts'),
  'interceptors-limits': () => import('./micro/interceptors-limits.ts'),
  'interceptors-observability': () => import('./micro/interceptors-observability.ts'),
  'interceptors-policies': () => import('./micro/interceptors-policies.ts'),
  monitor: () => import('./micro/monitor.ts'),
  record: () => import('./micro/record.ts'),
}

export async function microCases(): Promise<MicroCase[]> {
  const loaded = await Promise.all(Object.values(groups).map((load) => load()))
  return loaded.flatMap(({ cases }) => cases)
}

export async function microCaseNamed(name: string): Promise<MicroCase> {
  const cases = (await groups[name.split('/')[0]!]?.())?.cases ?? []
  const found = cases.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`there is no micro case "${name}"`)
  return found
}
