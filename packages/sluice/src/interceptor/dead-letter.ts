import { type Headers, RecordHeaders } from '../record/headers.ts'

/** Where a dead letter came from. */
export interface DeadLetterOrigin {
  readonly topic: string
  /** Undefined on the producer's side when none was chosen. */
  readonly partition: number | undefined
  /** Undefined on the producer's side. */
  readonly offset: number | undefined
  readonly timestamp: number | undefined
  readonly interceptor: string
}

/** Headers of a dead letter; those of an earlier dead-lettering are replaced, so that they do not pile up. */
export const deadLetterHeaderNames = {
  topic: 'dead-letter.topic',
  partition: 'dead-letter.partition',
  offset: 'dead-letter.offset',
  timestamp: 'dead-letter.timestamp',
  interceptor: 'dead-letter.interceptor',
  error: 'dead-letter.error',
  message: 'dead-letter.message',
} as const

/** The topic behind the option `deadLetterTopic`, in which `{topic}` stands for the record's own. */
export function deadLetterTopicFor(template: string, topic: string): string {
  return template.replaceAll('{topic}', topic)
}

/** A copy of the record's headers with those that tell why it is here. */
export function deadLetterHeaders(headers: Headers, origin: DeadLetterOrigin, error: Error): RecordHeaders {
  const copy = RecordHeaders.from(headers)
  for (const name of Object.values(deadLetterHeaderNames)) copy.delete(name)
  copy.add(deadLetterHeaderNames.topic, origin.topic)
  if (origin.partition !== undefined) copy.add(deadLetterHeaderNames.partition, String(origin.partition))
  if (origin.offset !== undefined) copy.add(deadLetterHeaderNames.offset, String(origin.offset))
  if (origin.timestamp !== undefined) copy.add(deadLetterHeaderNames.timestamp, String(origin.timestamp))
  copy.add(deadLetterHeaderNames.interceptor, origin.interceptor)
  copy.add(deadLetterHeaderNames.error, textOf(() => error.name) ?? 'Error')
  copy.add(deadLetterHeaderNames.message, deadLetterReason(error))
  return copy
}

/** What metadata says of it: the error's message, or that of what caused it; its beginning when it is long. */
export function deadLetterReason(error: Error): string {
  return (
    textOf(() => (error.cause instanceof Error ? error.cause.message : undefined)) ??
    textOf(() => error.message) ??
    textOf(() => error.name) ??
    'Error'
  )
}

/** A letter must not become too large for its topic by what is told of its error. */
const MAX_TEXT = 1000

/** Errors are the application's: what they hold may be anything, and looking at it may throw. */
function textOf(read: () => unknown): string | undefined {
  try {
    const text = read()
    if (typeof text !== 'string' || text === '') return undefined
    return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`
  } catch {
    return undefined
  }
}
