import type { Outcome } from './report.ts'
import { speedRatio } from './results.ts'

export interface Verdict {
  readonly case: string
  /** The revision that the working tree was measured against. */
  readonly against: string
  /** How many times as fast the working tree is, by the medians; null where one of the two could not be measured. */
  readonly ratio: number | null
  readonly slower: boolean
}

/** Judges the working tree. What could not be measured counts as slower: a gate must not pass unseen. */
export function judge({ name, medians }: Outcome, against: string, tolerance: number): Verdict {
  const theirs = medians.find(({ revision }) => revision === against)
  const mine = medians.find(({ revision }) => revision !== against)
  if (mine === undefined || theirs === undefined) return { case: name, against, ratio: null, slower: true }
  const ratio = speedRatio(mine, theirs)
  return { case: name, against, ratio: Number(ratio.toFixed(3)), slower: ratio < 1 - tolerance }
}

export function verdictText({ against, ratio, slower }: Verdict, tolerance: number): string {
  if (ratio === null) return `  could not be compared with ${against}\n`
  const percent = Math.round(tolerance * 100)
  return `  the working tree is ${ratio.toFixed(2)}x as fast as ${against}${slower ? `: SLOWER by more than ${percent} %` : ''}\n`
}
