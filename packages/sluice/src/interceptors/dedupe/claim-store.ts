/** What comes of asking for an id. */
export type Claim =
  /** It is the asker's, until it is confirmed or released, or time is over. */
  | 'granted'
  /** Another has it who has not confirmed it yet. */
  | 'held'
  /** It was confirmed. */
  | 'done'
  /** The store could not be asked. */
  | 'unknown'

/** Who has which id. Never throws or rejects: what fails is `unknown`, or not done. */
export interface ClaimStore {
  /** An owner that asks again for what it holds gets it. `isFinal` confirms at once. */
  claim(id: string, owner: string, isFinal: boolean): Claim | Promise<Claim>
  confirm(id: string, owner: string): void | Promise<void>
  /** Nothing happens when the id is another owner's by now. */
  release(id: string, owner: string): void | Promise<void>
}

export interface ClaimTimes {
  /** How long an id stays confirmed. */
  readonly ttlMs: number
  /** How long a claim stands that is neither confirmed nor released. */
  readonly claimTtlMs: number
}
