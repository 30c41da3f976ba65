import { type AnyCase, roundsOf, startRun } from './case-kinds.ts'
import { type Contestant, nameOf } from './contestant.ts'
import type { BenchOptions } from './options.ts'
import type { Outcome } from './report.ts'
import { medianOf, type Result } from './results.ts'

/** Measures one after the other, round after round (A B A B), so that what slows the machine slows all. */
export async function measureInTurns(
  found: AnyCase,
  contestants: readonly Contestant[],
  unable: ReadonlyMap<string, string>,
  options: BenchOptions,
): Promise<Outcome> {
  const results = new Map<string, Result[]>(contestants.map((contestant) => [nameOf(contestant), []]))
  const reasons = new Map([...unable].filter(([name]) => results.has(name)))
  const rounds = roundsOf(found, options)
  await using run = await startRun(found, options)
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const name = nameOf(contestant)
      if (reasons.has(name)) continue
      try {
        const { case: caseName, client, ...figures } = await run.measure(contestant)
        const { revision } = contestant.tree
        results.get(name)!.push({ case: caseName, client, ...(revision === undefined ? {} : { revision }), ...figures })
      } catch (error) {
        reasons.set(name, (error as Error).message)
      }
    }
  }
  // What failed once is not measured, whatever it did before.
  const medians = [...results].filter(([name, list]) => list.length > 0 && !reasons.has(name)).map(([, list]) => medianOf(list))
  return { name: found.name, about: aboutOf(found), rounds, medians, reasons }
}

function aboutOf(found: AnyCase): string {
  return 'settings' in found ? `${found.about}; ${found.settings.valueBytes}-byte values` : found.about
}
