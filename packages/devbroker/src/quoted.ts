/** Longer than any name that Kafka takes. */
const MAX_QUOTED = 256

/** What a client sent, for a message to it or to the log: in quotation marks, cut where it would be longer than any good name. */
export function quoted(text: string): string {
  return text.length <= MAX_QUOTED ? `"${text}"` : `"${text.slice(0, MAX_QUOTED)}..." (${text.length} characters)`
}
