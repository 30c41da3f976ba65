import type { HeadersInit } from './headers.ts'
import type { ProducerRecordInit } from './producer-record.ts'

/** What a hook may return in place of a record. Made with `drop`, `reject`, `emit` and `deadLetter`. */
export type Verdict =
  | { readonly verdict: 'drop'; readonly reason: string }
  | { readonly verdict: 'reject'; readonly error: Error }
  | { readonly verdict: 'emit'; readonly records: readonly EmittedRecord[] }
  | { readonly verdict: 'deadLetter'; readonly error: Error }

/**
 * A record that takes another's place. What is left out is taken from the record it replaces: its topic, key, value,
 * timestamp and headers (a copy), and on the consumer's side its partition and offset too. On the producer's side the
 * partition is chosen anew when it is left out.
 */
export interface EmittedRecord extends Partial<Omit<ProducerRecordInit<any, any>, 'headers'>> {
  readonly headers?: HeadersInit
}

/**
 * Takes the record out. Producer: it is not sent, and `send` resolves with metadata whose `dropped` is the reason.
 * Consumer: the application does not get it, and its offset counts as consumed. Reasons are counted one by one: use few.
 */
export function drop(reason: string): Verdict {
  return { verdict: 'drop', reason }
}

/**
 * Refuses the record. Producer: `send` rejects with `error`. Consumer: `poll` rejects with it and the position stays at
 * the record, which comes again; in `handle` it counts as what the handler threw.
 */
export function reject(error: Error): Verdict {
  return { verdict: 'reject', error }
}

/**
 * Puts these records in place of the one given; those that come later in the chain see each of them. Producer: `send`
 * resolves with the metadata of the first and all of them as `emitted`, once all are acknowledged. None at all is a drop.
 */
export function emit(records: readonly EmittedRecord[]): Verdict {
  return { verdict: 'emit', records }
}

/**
 * Sends the record to the dead-letter topic (option `deadLetterTopic`) in place of its own, with headers that say where
 * it came from and why. Producer: `send` resolves with the metadata of that write, which has `deadLettered`. Consumer:
 * the record as it was fetched is written, and counts as consumed once the write is acknowledged; when the write fails,
 * so does the poll or the handler, and the record comes again.
 */
export function deadLetter(error: Error): Verdict {
  return { verdict: 'deadLetter', error }
}

export function isVerdict(value: object): value is Verdict {
  return 'verdict' in value
}
