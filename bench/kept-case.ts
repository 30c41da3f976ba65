import { type Case, cases } from './cases.ts'
import { startClientRun } from './client-run.ts'
import type { Run } from './run.ts'

/** How much of a case's throughput is left when our producer runs interceptors: the same run with and without them, in turns. */
export interface KeptCase {
  readonly kind: 'kept'
  readonly name: string
  readonly about: string
  readonly of: Case
}

const named = (name: string): Case => cases.find((found) => found.name === name)!

export const keptCases: readonly KeptCase[] = [
  {
    kind: 'kept',
    name: 'chain/five',
    about: 'timestamp, host, uuid, a filter and a counter in the loop of produce/loop-1k, of its throughput without',
    of: named('produce/loop-1k'),
  },
  {
    kind: 'kept',
    name: 'chain/five-100b',
    about: 'the same in produce/loop, whose records their headers make nearly twice as long',
    of: named('produce/loop'),
  },
]

/**
 * With a real broker, since what interceptors add to a record is written, checked and sent too. Each run is a process of
 * its own: in one process the code would be compiled for both, and the producer without interceptors be slower than it is.
 */
export async function startKeptRun(found: KeptCase, seconds: number): Promise<Run> {
  const run = await startClientRun(found.of, seconds)
  let isOtherFirst = false
  return {
    async measure(contestant) {
      // In turns of A B B A, so that a machine that gets slower or faster does so for both.
      const order = isOtherFirst ? [true, false] : [false, true]
      isOtherFirst = !isOtherFirst
      const rates = new Map<boolean, number>()
      for (const withInterceptors of order) {
        const { recordsPerSec } = await run.measure(contestant, withInterceptors)
        rates.set(withInterceptors, recordsPerSec!)
      }
      const kept = rates.get(true)! / rates.get(false)!
      return { case: found.name, client: contestant.client, throughputKept: Number(kept.toFixed(3)) }
    },
    [Symbol.asyncDispose]: () => run[Symbol.asyncDispose](),
  }
}
