import { configError } from '../errors.ts'
import { didYouMean } from '../near-name.ts'
import type { ConsumerInterceptor } from './consumer-interceptor.ts'
import type { InterceptorSettings } from './interceptor-context.ts'
import { commonOptionNames } from './interceptor-options.ts'
import type { ProducerInterceptor } from './producer-interceptor.ts'

export const producerHooks: readonly (keyof ProducerInterceptor)[] = ['onSend', 'onSerialized', 'onAcknowledgement']
export const consumerHooks: readonly (keyof ConsumerInterceptor)[] = ['onFetched', 'onConsume', 'handle', 'handleBatch', 'onCommit']
export const sharedHooks: readonly (keyof InterceptorSettings)[] = ['configure', 'onClusterUpdate', 'close']
export const flagNames: readonly (keyof InterceptorSettings)[] = ['paired', 'needsRecordAudit']

const HOOKS: readonly string[] = [...producerHooks, ...consumerHooks, ...sharedHooks]
const NAMES: readonly string[] = [...HOOKS, ...commonOptionNames, ...flagNames]

type Side = 'producer' | 'consumer'

/** The name of an interceptor, `what` in errors. Throws CONFIG for what is no interceptor at all. */
export function nameOfInterceptor(interceptor: unknown, what: string): string {
  if (typeof interceptor === 'function') {
    const { name } = interceptor
    throw configError(
      `${what} must be an object, not a function: a factory must be called, a class made with new${name === '' ? '' : ` (${name})`}`,
    )
  }
  if (typeof interceptor !== 'object' || interceptor === null) {
    throw configError(`${what} must be an object, not ${interceptor === null ? 'null' : typeof interceptor}`)
  }
  if (interceptor instanceof Promise) throw configError(`${what} is a promise: await it first`)
  const { name } = interceptor as { readonly name?: unknown }
  if (typeof name !== 'string' || name === '') throw configError(`${what} needs a name: a non-empty string`)
  return name
}

/**
 * Throws CONFIG for a hook that is no function, and for a name that differs from one of ours only by case: it would do nothing,
 * and with `onerror` what protects data would not. What may be meant as it is comes back, as sentences for the log.
 */
export function checkShape(interceptor: object, name: string, side: Side): readonly string[] {
  const doubts: string[] = []
  for (const key of namesOf(interceptor)) {
    // What an interceptor has for itself is not looked at: a getter may do anything.
    const read = (): unknown => (interceptor as Record<string, unknown>)[key]
    if (HOOKS.includes(key)) {
      const value = read()
      if (value !== undefined && typeof value !== 'function') {
        throw configError(`interceptor "${name}": ${key} must be a function, not ${value === null ? 'null' : typeof value}`)
      }
    } else if (!NAMES.includes(key)) {
      const meant = NAMES.find((known) => known.toLowerCase() === key.toLowerCase())
      if (meant !== undefined) throw configError(`interceptor "${name}" has no ${JSON.stringify(key)}; did you mean "${meant}"?`)
      if (/^on[A-Z]/.test(key) && typeof read() === 'function') {
        doubts.push(`interceptor "${name}" has a function ${JSON.stringify(key)}, which nobody calls${didYouMean(key, HOOKS)}`)
      }
    }
  }
  const has = (hook: string): boolean => (interceptor as Record<string, unknown>)[hook] !== undefined
  const [own, other] = side === 'producer' ? [producerHooks, consumerHooks] : [consumerHooks, producerHooks]
  if (!own.some(has) && other.some(has)) doubts.push(`interceptor "${name}" has no hook that a ${side} calls; it does nothing here`)
  return doubts
}

/** Of the object and its classes. */
function namesOf(interceptor: object): Set<string> {
  const names = new Set<string>()
  for (let at: object | null = interceptor; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Object.getOwnPropertyNames(at)) names.add(key)
  }
  return names
}
