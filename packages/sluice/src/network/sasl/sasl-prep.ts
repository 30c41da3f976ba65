import { KafkaError } from '../../errors.ts'

/** RFC 4013: characters that count as a space, and characters that count as nothing. */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu
const NOTHING = /[\ufe00-\ufe0f]|[\u00ad\u1806\u200b-\u200d\u2060\ufeff]/gu
/** Prohibited: control characters, private use, surrogates, non-characters, tags and what changes display. */
const PROHIBITED =
  /\u0340|\u0341|[\p{Cc}\p{Co}\p{Cs}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufff9-\uffff\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u

/** Prepares a name or password so that the same text typed differently is the same bytes (RFC 4013, without its bidi rule). */
export function saslPrep(text: string, what: string): string {
  const prepared = text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
  if (prepared === '' || PROHIBITED.test(prepared)) {
    throw new KafkaError('AUTHENTICATION', `the SASL ${what} has characters that SCRAM does not allow`)
  }
  return prepared
}
