import type { Headers } from 'sluice'

/** What of a record on either side an expression can read. */
export interface ReadableRecord {
  readonly topic: string
  readonly partition: number | undefined
  readonly key: any
  readonly value: any
  readonly headers: Headers
  readonly timestamp: number | undefined
}

/** The names an expression knows. */
export interface ExpressionInput {
  readonly topic: string
  /** Null on a producer while none is chosen. */
  readonly partition: number | null
  readonly key: unknown
  readonly value: unknown
  /** Of each key the last value as text. */
  readonly headers: Readonly<Record<string, string | null>>
  /** Milliseconds; null on a producer unless it was given to `send`. */
  readonly timestamp: number | null
}

const NO_HEADERS: ExpressionInput['headers'] = Object.freeze({})

/** Headers are made into text only for expressions that read them. */
export function inputReader(source: string): (record: ReadableRecord) => ExpressionInput {
  const readsHeaders = source.includes('headers')
  return ({ topic, partition, key, value, headers, timestamp }) => ({
    topic,
    partition: partition ?? null,
    key,
    value,
    headers: readsHeaders ? textsOf(headers) : NO_HEADERS,
    timestamp: timestamp ?? null,
  })
}

function textsOf(headers: Headers): Record<string, string | null> {
  const texts: Record<string, string | null> = {}
  for (const { key, value } of headers) {
    // A header of this name would set the object's prototype.
    if (key === '__proto__') continue
    texts[key] = value === null ? null : value.toString('utf8')
  }
  return texts
}
