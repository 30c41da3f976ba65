import type { Contestant } from './contestant.ts'
import type { Result } from './results.ts'

/** A case that is ready to be measured, again and again, for one contestant after the other. */
export interface Run extends AsyncDisposable {
  /** Rejects with the reason when this contestant cannot do it. */
  measure(contestant: Contestant): Promise<Result>
}
