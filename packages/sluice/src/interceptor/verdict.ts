import type { ProducerRecordInit } from '../record/producer-record.ts'

/** What a hook may return in place of a record. Made with `drop`, `reject`, `emit` and `deadLetter`. */
export type Verdict =
  | { readonly verdict: 'drop'; readonly reason: string }
  | { readonly verdict: 'reject'; readonly error: Error }
  | { readonly verdict: 'emit'; readonly records: readonly ProducerRecordInit<any, any>[] }
  | { readonly verdict: 'deadLetter'; readonly error: Error }

/** Drops the record: it is not sent, and `send` resolves with metadata whose `dropped` is the reason. */
export function drop(reason: string): Verdict {
  return { verdict: 'drop', reason }
}

/** Refuses the record: `send` rejects with `error`. */
export function reject(error: Error): Verdict {
  return { verdict: 'reject', error }
}

/** Puts these records in place of the one given. Not supported yet by this version: the record is not sent, and `send` rejects with INTERCEPTOR. */
export function emit(records: readonly ProducerRecordInit<any, any>[]): Verdict {
  return { verdict: 'emit', records }
}

/** Sends the record to the dead-letter topic in place of its own. Not supported yet by this version: the record is not sent, and `send` rejects with INTERCEPTOR. */
export function deadLetter(error: Error): Verdict {
  return { verdict: 'deadLetter', error }
}

export function isVerdict(value: object): value is Verdict {
  return 'verdict' in value
}
