import type { Headers } from 'sluice'

/** What a step needs to know of the record. */
export interface RecordFacts {
  readonly topic: string
  readonly partition: number | undefined
  /** Undefined on a producer. */
  readonly offset?: number
  readonly timestamp: number | undefined
  readonly headers: Headers
}

/** A record between its steps. The application's objects are never written to: steps put others in their place. */
export interface RecordWork {
  readonly record: RecordFacts
  key: unknown
  value: unknown
}
