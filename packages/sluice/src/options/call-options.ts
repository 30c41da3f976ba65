import { KafkaError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'

const WAITING = ['timeoutMs', 'signal']

/**
 * Checks what a call was given beside its arguments: an object with a `timeoutMs` from 0 on (Infinity included) and an
 * AbortSignal, or those of them that `known` names. Throws INVALID_ARGUMENT; a NaN would otherwise wait for ever, and a
 * misspelt name would be taken for the default.
 */
export function checkCallOptions(call: string, given: unknown, known: readonly string[] = WAITING): void {
  if (given === undefined) return
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid(call, `takes its options as an object such as { ${known[0]} }, not ${kindOf(given)}`)
  }
  for (const name in given) {
    if (!known.includes(name)) throw invalid(call, `has no option ${JSON.stringify(name)}${didYouMean(name, known)}`)
  }
  const { timeoutMs, signal } = given as { readonly timeoutMs?: unknown; readonly signal?: unknown }
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
    throw invalid(call, `timeoutMs must be 0 or more, not ${typeof timeoutMs === 'number' ? timeoutMs : kindOf(timeoutMs)}`)
  }
  if (signal !== undefined && !isSignal(signal)) throw invalid(call, `signal must be an AbortSignal, not ${kindOf(signal)}`)
}

/** By its methods: a polyfill's, or one of another realm, is as good. */
function isSignal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>
  return typeof aborted === 'boolean' && typeof addEventListener === 'function' && typeof removeEventListener === 'function'
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'another object' : `a ${typeof value}`
}

function invalid(call: string, what: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', `${call}: ${what}`)
}
